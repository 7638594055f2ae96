//! How many exchanges may be under way at once: all together, and with one host, so that a slow host holds up itself and not
//! the others.
//!
//! Hosts share a fixed number of counters, chosen by a keyed hash: nothing grows with the number of hosts, and nobody can tell
//! which host shares with which.

use std::hash::{BuildHasher as _, RandomState};

use tokio::sync::{Semaphore, SemaphorePermit};

const TOGETHER: usize = 32;
const PER_HOST: usize = 4;
const COUNTERS: usize = 256;

#[derive(Debug)]
pub(super) struct Places {
    together: Semaphore,
    hosts: Vec<Semaphore>,
    hasher: RandomState,
}

/// Held during an exchange, given back when dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    _together: SemaphorePermit<'a>,
    _host: SemaphorePermit<'a>,
}

impl Places {
    pub(super) fn new() -> Self {
        let hosts = (0..COUNTERS).map(|_| Semaphore::new(PER_HOST)).collect();
        Self { together: Semaphore::new(TOGETHER), hosts, hasher: RandomState::new() }
    }

    /// Waits for a place at the host first, so that whoever waits for a slow host takes no place from the others.
    pub(super) async fn take(&self, host: &str) -> Place<'_> {
        let at_host = self.host(host).acquire().await.expect("is never closed");
        let together = self.together.acquire().await.expect("is never closed");
        Place { _together: together, _host: at_host }
    }

    fn host(&self, host: &str) -> &Semaphore {
        let counters = u64::try_from(COUNTERS).expect("is small");
        let counter = usize::try_from(self.hasher.hash_one(host) % counters).expect("is small");
        &self.hosts[counter]
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn one_host_has_a_few_places_and_others_still_have_theirs() {
        let places = Places::new();
        let other = (0..1_000)
            .map(|number| format!("host{number}"))
            .find(|other| !std::ptr::eq(places.host(other), places.host("slow")));
        let held: Vec<_> = (0..PER_HOST).map(|_| places.take("slow").now_or_never().expect("is free")).collect();
        assert!(places.take("slow").now_or_never().is_none());
        assert!(places.take(&other.expect("there is one")).now_or_never().is_some());
        drop(held);
        assert!(places.take("slow").now_or_never().is_some());
    }

    #[test]
    fn all_together_are_bounded() {
        let places = Places::new();
        let hosts: Vec<_> = (0..10_000).map(|number| format!("host{number}")).collect();
        let held: Vec<_> = hosts.iter().filter_map(|host| places.take(host).now_or_never()).collect();
        assert_eq!(held.len(), TOGETHER);
    }
}
