//! Names are resolved by the system's resolver, which answers when it likes: a lookup keeps its thread busy for as long as the
//! name server is silent, which is longer than anybody waits here, and cannot be called off.
//!
//! So each lane has threads of its own for it, and names that one name server may serve get a few of those: who runs a
//! silent one stops the lookups of his own names and nobody else's.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

use super::places::{Bounds, Places};

const BOUNDS: Bounds = Bounds { together: 32, per_name: 4 };

/// What the system does with a name. Blocks.
pub(super) type Find = fn(&str) -> io::Result<Vec<SocketAddr>>;

#[derive(Debug)]
pub(super) struct Lookups {
    places: Places,
    find: Find,
}

impl Lookups {
    pub(super) fn new(find: Find) -> Self {
        Self { places: Places::new(BOUNDS), find }
    }

    /// The place goes with the thread: whoever stops waiting does not free the place of a lookup that still runs.
    pub(super) async fn addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        let place = self.places.take(site(name)).await;
        let (find, name) = (self.find, name.to_owned());
        let lookup = tokio::task::spawn_blocking(move || {
            let _place = place;
            find(&name)
        });
        lookup.await?
    }
}

/// The system's resolver. Port 0 stands for the port of the URL.
pub(super) fn of_the_system(name: &str) -> io::Result<Vec<SocketAddr>> {
    (name, 0).to_socket_addrs().map(Iterator::collect)
}

/// The part of a name that somebody registered, near enough to count by, because names below it cost nothing: the last two
/// labels, or three where the last two look like `co.uk`. A list of public suffixes would know better, and would have to be
/// kept up to date; a wrong guess here only lets strangers share four places.
fn site(name: &str) -> &str {
    let name = name.trim_end_matches('.');
    let mut dots = name.rmatch_indices('.').map(|(at, _)| at);
    let (Some(last), Some(second)) = (dots.next(), dots.next()) else { return name };
    let is_country_with_category = name.len() - last == 3 && last - second <= 4;
    match (is_country_with_category, dots.next()) {
        (false, _) => &name[second + 1..],
        (true, Some(third)) => &name[third + 1..],
        (true, None) => name,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::thread;
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::time::timeout;

    use super::*;

    /// Names below `silent.example` and their kin have a name server that says nothing for two seconds; all others an address.
    #[expect(clippy::disallowed_methods, reason = "what the system's resolver does")]
    pub(in crate::outbound) fn with_silent_names(name: &str) -> io::Result<Vec<SocketAddr>> {
        if name.contains("silent") {
            thread::sleep(Duration::from_secs(2));
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(vec![SocketAddr::from(([192, 0, 2, 1], 0))])
    }

    #[actix_web::test]
    async fn a_silent_name_server_stops_its_own_names_and_no_others() {
        let lookups = Lookups::new(with_silent_names);
        let names: Vec<_> = (0..100).map(|number| format!("n{number}.silent.example")).collect();
        let soon = Duration::from_millis(100);
        let given_up = join_all(names.iter().map(|name| timeout(soon, lookups.addresses(name)))).await;
        assert!(given_up.iter().all(Result::is_err));
        // Their threads are still busy. Names share counters by chance, of three not all share that one.
        let others = ["keys.example", "keys.test", "keys.invalid"];
        let in_time = Duration::from_millis(1_500);
        let found = join_all(others.map(|name| timeout(in_time, lookups.addresses(name)))).await;
        assert!(found.iter().filter(|outcome| outcome.is_ok()).count() >= 2, "{found:?}");
    }

    #[test]
    fn names_are_counted_by_what_somebody_registered() {
        for (name, expected) in [
            ("example.com", "example.com"),
            ("a.b.example.com", "example.com"),
            ("a.example.com.", "example.com"),
            ("localhost", "localhost"),
            ("suite.test", "suite.test"),
            ("a.example.co.uk", "example.co.uk"),
            ("example.co.uk", "example.co.uk"),
            ("co.uk", "co.uk"),
            ("a.example.com.au", "example.com.au"),
            ("a.bank.de", "bank.de"),
            ("", ""),
            (".", ""),
        ] {
            assert_eq!(site(name), expected, "{name}");
        }
    }
}
