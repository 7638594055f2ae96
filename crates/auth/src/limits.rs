//! How often somebody may guess a password (per account and per network of the client), how many sign-ins one network may
//! begin without finishing them, and how often strangers may make this server fetch a request object.
//!
//! Of passwords only failures count. The count is reserved before the hash is computed and given back on success, so that
//! parallel guesses cannot slip through between looking and counting. Held in memory, bounded, forgotten after a while.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

use protocol::client::RegisteredBy;
use protocol::ids::ClientId;
use protocol::secret::TokenHash;
use protocol::time::{Seconds, Timestamp};
use quick_cache::sync::Cache;

use crate::config::LimitsConfig;
use crate::outbound::places::{Bounds, Place, Places};

/// Names and networks remembered at most; the least used are forgotten first.
const REMEMBERED: usize = 50_000;
const LONGEST_DELAY: i64 = 60;
const A_MINUTE: Seconds = Seconds(60);
const AN_HOUR: Seconds = Seconds(3_600);
/// Request objects that are fetched at once: for one client, and for all of one kind, so that other exchanges keep half of their
/// places. Clients that registered themselves and those of the administrator do not share them.
const FETCHES: Bounds = Bounds { together: 16, per_name: 4 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Failures {
    count: u32,
    last: Timestamp,
}

/// Wait that long before the next try (answered as 429 with `Retry-After`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    pub retry_after: Seconds,
}

/// Who tries to sign in: the account and the client's network.
#[derive(Clone, Debug)]
pub struct Attempt {
    account: Key,
    network: Key,
}

/// Of a fixed size, so that the memory is bounded whatever is typed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// SHA-256 of the person's id, or of the name as typed when nobody has it.
    Account(String),
    Network(Network),
    Beginning(Network),
    Fetch(Network),
    Registration(Network),
}

/// An IPv4 address, or the /64 of an IPv6 address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Network {
    V4(Ipv4Addr),
    V6([u16; 4]),
}

impl Attempt {
    pub fn new(account: &str, peer: IpAddr) -> Self {
        let account = Key::Account(TokenHash::of(account.as_bytes()).as_str().to_owned());
        Self { account, network: Key::Network(Network::of(peer)) }
    }
}

impl Network {
    fn of(peer: IpAddr) -> Self {
        match peer.to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

pub struct Limits {
    failures: Cache<Key, Failures>,
    reserving: Mutex<()>,
    free_per_account: u32,
    free_per_network: u32,
    forget_after: Seconds,
    beginnings_per_minute: u32,
    fetches: Places,
    fetches_for_strangers: Places,
}

impl Limits {
    pub fn new(config: &LimitsConfig) -> Self {
        Self {
            failures: Cache::new(REMEMBERED),
            reserving: Mutex::new(()),
            free_per_account: config.failed_logins_per_account,
            free_per_network: config.failed_logins_per_network,
            forget_after: Seconds(config.failed_logins_window),
            beginnings_per_minute: config.interactions_per_minute,
            fetches: Places::new(FETCHES),
            fetches_for_strangers: Places::new(FETCHES),
        }
    }

    /// Counts one try against the account and the network, or says how long to wait.
    pub fn reserve(&self, attempt: &Attempt, now: Timestamp) -> Result<(), Throttled> {
        let _one_at_a_time = self.reserving.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = self.delay(&attempt.account, self.free_per_account, now).max(self.delay(
            &attempt.network,
            self.free_per_network,
            now,
        ));
        if wait > 0 {
            return Err(Throttled { retry_after: Seconds(wait) });
        }
        for key in [&attempt.account, &attempt.network] {
            let count = self.live(key, now).map_or(0, |failures| failures.count);
            self.failures.insert(key.clone(), Failures { count: count.saturating_add(1), last: now });
        }
        Ok(())
    }

    /// The password was right: the account starts afresh, the network gets its try back.
    pub fn succeeded(&self, attempt: &Attempt) {
        let _one_at_a_time = self.reserving.lock().unwrap_or_else(PoisonError::into_inner);
        self.failures.remove(&attempt.account);
        self.give_back(&attempt.network);
    }

    /// Nothing was evaluated (the server was busy or the store out of reach): the try does not count.
    pub fn not_evaluated(&self, attempt: &Attempt) {
        let _one_at_a_time = self.reserving.lock().unwrap_or_else(PoisonError::into_inner);
        self.give_back(&attempt.account);
        self.give_back(&attempt.network);
    }

    /// Counts a sign-in that one network begins; each is a row until it is finished or expires.
    pub fn begin(&self, peer: IpAddr, now: Timestamp) -> Result<(), Throttled> {
        self.count(Key::Beginning(Network::of(peer)), self.beginnings_per_minute, A_MINUTE, now)
    }

    /// Counts a request object that is fetched because one network sent a link, and gives it a place among those of the client.
    /// A sign-in needs one fetch, so a network has as many of these as of those.
    pub(crate) fn fetch(
        &self,
        peer: IpAddr,
        client: &ClientId,
        registered_by: RegisteredBy,
        now: Timestamp,
    ) -> Result<Place, Throttled> {
        let places = match registered_by {
            RegisteredBy::Administrator => &self.fetches,
            RegisteredBy::Dynamic => &self.fetches_for_strangers,
        };
        let place = places.take_now(client.as_str()).ok_or(Throttled { retry_after: Seconds(1) })?;
        self.count(Key::Fetch(Network::of(peer)), self.beginnings_per_minute, A_MINUTE, now)?;
        Ok(place)
    }

    /// Counts a client that one network registers or changes; `per_hour` 0 is no limit.
    pub fn register(&self, peer: IpAddr, per_hour: u32, now: Timestamp) -> Result<(), Throttled> {
        match per_hour {
            0 => Ok(()),
            most => self.count(Key::Registration(Network::of(peer)), most, AN_HOUR, now),
        }
    }

    /// At most that many in a window, which begins with the first one.
    fn count(&self, key: Key, most: u32, window: Seconds, now: Timestamp) -> Result<(), Throttled> {
        let _one_at_a_time = self.reserving.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = self.failures.get(&key).filter(|counted| now.since(counted.last) < window);
        let (count, since) = begun.map_or((0, now), |counted| (counted.count, counted.last));
        if count >= most {
            return Err(Throttled { retry_after: (since + window).since(now) });
        }
        self.failures.insert(key, Failures { count: count + 1, last: since });
        Ok(())
    }

    fn give_back(&self, key: &Key) {
        if let Some(failures) = self.failures.get(key) {
            self.failures.insert(key.clone(), Failures { count: failures.count.saturating_sub(1), ..failures });
        }
    }

    fn live(&self, key: &Key, now: Timestamp) -> Option<Failures> {
        self.failures.get(key).filter(|failures| now.since(failures.last) < self.forget_after)
    }

    /// Seconds still to wait: 1, 2, 4 … 60 after the free tries are used up.
    fn delay(&self, key: &Key, free: u32, now: Timestamp) -> i64 {
        let Some(failures) = self.live(key, now).filter(|failures| failures.count >= free) else { return 0 };
        let doublings = (failures.count - free).min(6);
        let pause = (1i64 << doublings).min(LONGEST_DELAY);
        (pause - now.since(failures.last).0).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::new(&LimitsConfig {
            failed_logins_per_account: 3,
            failed_logins_per_network: 100,
            failed_logins_window: 900,
            ..LimitsConfig::default()
        })
    }

    fn attempt(login: &str) -> Attempt {
        Attempt::new(login, "192.0.2.7".parse().unwrap())
    }

    #[test]
    fn after_the_free_tries_the_pause_doubles() {
        let (limits, who) = (limits(), attempt("alice"));
        for _ in 0..3 {
            assert_eq!(limits.reserve(&who, Timestamp(0)), Ok(()));
        }
        assert_eq!(limits.reserve(&who, Timestamp(0)), Err(Throttled { retry_after: Seconds(1) }));
        assert_eq!(limits.reserve(&who, Timestamp(1)), Ok(()));
        assert_eq!(limits.reserve(&who, Timestamp(1)), Err(Throttled { retry_after: Seconds(2) }));
    }

    #[test]
    fn two_hundred_parallel_guesses_are_all_counted() {
        let limits = limits();
        let won = std::thread::scope(|scope| {
            let tries: Vec<_> =
                (0..200).map(|_| scope.spawn(|| limits.reserve(&attempt("alice"), Timestamp(0)).is_ok())).collect();
            tries.into_iter().filter_map(|thread| thread.join().ok()).filter(|won| *won).count()
        });
        assert_eq!(won, 3);
    }

    #[test]
    fn success_forgets_and_a_busy_server_does_not_count() {
        let (limits, who) = (limits(), attempt("alice"));
        for _ in 0..10 {
            assert_eq!(limits.reserve(&who, Timestamp(0)), Ok(()));
            limits.succeeded(&who);
            assert_eq!(limits.reserve(&who, Timestamp(0)), Ok(()));
            limits.not_evaluated(&who);
        }
    }

    #[test]
    fn another_account_is_not_held_up() {
        let limits = limits();
        while limits.reserve(&attempt("alice"), Timestamp(0)).is_ok() {}
        assert_eq!(limits.reserve(&attempt("bob"), Timestamp(0)), Ok(()));
    }

    #[test]
    fn one_network_begins_only_so_many_sign_ins_a_minute() {
        let limits = limits();
        let (one, same, other) = ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1");
        let begin = |peer: &str, at| limits.begin(peer.parse().unwrap(), Timestamp(at));
        while begin(one, 0).is_ok() {}
        assert_eq!(begin(same, 20), Err(Throttled { retry_after: Seconds(40) }));
        assert_eq!(begin(other, 20), Ok(()));
        assert_eq!(begin(one, 60), Ok(()));
    }

    #[test]
    fn slow_strangers_take_no_place_of_the_clients_of_the_administrator() {
        let limits = Limits::new(&LimitsConfig::default());
        let fetch = |client: &str, registered_by| {
            let peer = "192.0.2.7".parse().unwrap();
            limits.fetch(peer, &ClientId::parse(client).unwrap(), registered_by, Timestamp(0))
        };
        let slow: Vec<_> = ["a", "b", "c", "d"].repeat(4).iter().map(|it| fetch(it, RegisteredBy::Dynamic)).collect();
        assert!(slow.iter().all(Result::is_ok));
        assert!(fetch("e", RegisteredBy::Dynamic).is_err());
        assert!(fetch("notes", RegisteredBy::Administrator).is_ok());
    }

    #[test]
    fn one_network_causes_only_so_many_fetches_a_minute_and_one_client_a_few_at_once() {
        let limits = Limits::new(&LimitsConfig { interactions_per_minute: 10, ..LimitsConfig::default() });
        let fetch = |peer: &str, client: &str, at| {
            let client = ClientId::parse(client).unwrap();
            limits.fetch(peer.parse().unwrap(), &client, RegisteredBy::Dynamic, Timestamp(at))
        };
        let wait = |seconds| Throttled { retry_after: Seconds(seconds) };
        let held: Vec<_> = (0..4).map(|_| fetch("192.0.2.7", "slow", 0).unwrap()).collect();
        assert_eq!(fetch("192.0.2.8", "slow", 0).expect_err("its places are taken"), wait(1));
        drop(held);
        let others = ["a", "b", "c", "d", "e", "f"].map(|client| fetch("192.0.2.7", client, 20).is_ok());
        assert_eq!(others, [true; 6], "what was refused for want of a place is not counted");
        assert_eq!(fetch("192.0.2.7", "g", 20).expect_err("is the eleventh"), wait(40));
        assert!(fetch("192.0.2.8", "slow", 20).is_ok() && fetch("192.0.2.7", "slow", 60).is_ok());
        assert!(limits.begin("192.0.2.7".parse().unwrap(), Timestamp(20)).is_ok(), "sign-ins are counted apart");
    }

    #[test]
    fn failures_are_forgotten_after_the_window() {
        let (limits, who) = (limits(), attempt("alice"));
        while limits.reserve(&who, Timestamp(0)).is_ok() {}
        assert_eq!(limits.reserve(&who, Timestamp(900)), Ok(()));
    }
}
