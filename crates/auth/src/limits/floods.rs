//! What one network may begin without finishing it, and how often strangers may make this server fetch a request object.
//!
//! Held in memory, bounded, forgotten after a while: a restart gives nobody more than a few cheap tries.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use protocol::client::RegisteredBy;
use protocol::ids::ClientId;
use protocol::time::{Seconds, Timestamp};
use quick_cache::sync::Cache;

use super::Throttled;
use super::network::Network;
use crate::config::LimitsConfig;
use crate::outbound::places::{Bounds, Place, Places};

/// Networks remembered at most; the least used are forgotten first.
const REMEMBERED: usize = 50_000;
const A_MINUTE: Seconds = Seconds(60);
const AN_HOUR: Seconds = Seconds(3_600);
/// What is allowed in a minute, this many times in an hour: for one network, and for those around it together.
const FULL_MINUTES: u32 = 10;
const FULL_MINUTES_AROUND: u32 = 20;
/// Request objects that are fetched at once: for one client, and for all of one kind, so that other exchanges keep half of their
/// places. Clients that registered themselves and those of the administrator do not share them.
const FETCHES: Bounds = Bounds { together: 16, per_name: 4 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    count: u32,
    since: Timestamp,
}

/// Of a fixed size, so that the memory is bounded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Beginning(Network),
    BeginningInAnHour(Network),
    Fetch(Network),
    Registration(Network),
}

pub struct Limits {
    counts: Cache<Key, Counted>,
    counting: Mutex<()>,
    beginnings_per_minute: u32,
    fetches: Places,
    fetches_for_strangers: Places,
}

impl Limits {
    pub fn new(config: &LimitsConfig) -> Self {
        Self {
            counts: Cache::new(REMEMBERED),
            counting: Mutex::new(()),
            beginnings_per_minute: config.interactions_per_minute,
            fetches: Places::new(FETCHES),
            fetches_for_strangers: Places::new(FETCHES),
        }
    }

    /// Counts a sign-in that one network begins. Each is a row for a day; in an hour there are fewer of them than in sixty minutes
    /// that are all used to the full, and fewer from neighbours than from strangers.
    pub fn begin(&self, peer: IpAddr, now: Timestamp) -> Result<(), Throttled> {
        let (network, around) = (Network::of(peer), Network::around(peer));
        let in_an_hour = |times| self.beginnings_per_minute.saturating_mul(times);
        self.count(Key::Beginning(network.clone()), self.beginnings_per_minute, A_MINUTE, now)?;
        self.count(Key::BeginningInAnHour(network), in_an_hour(FULL_MINUTES), AN_HOUR, now)?;
        self.count(Key::BeginningInAnHour(around), in_an_hour(FULL_MINUTES_AROUND), AN_HOUR, now)
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
        let _one_at_a_time = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = self.counts.get(&key).filter(|counted| now.since(counted.since) < window);
        let (count, since) = begun.map_or((0, now), |counted| (counted.count, counted.since));
        if count >= most {
            return Err(Throttled { retry_after: (since + window).since(now) });
        }
        self.counts.insert(key, Counted { count: count + 1, since });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::new(&LimitsConfig::default())
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

    /// As many as are allowed in `minutes` minutes, from one network after the other.
    fn begun_in(minutes: i64, networks: &[&str]) -> usize {
        let limits = Limits::new(&LimitsConfig { interactions_per_minute: 10, ..LimitsConfig::default() });
        let tries = (0..minutes).flat_map(|minute| networks.iter().map(move |peer| (minute, *peer)));
        let all = tries.flat_map(|(minute, peer)| (0..11).map(move |_| (minute, peer)));
        all.filter(|(minute, peer)| limits.begin(peer.parse().unwrap(), Timestamp(minute * 60)).is_ok()).count()
    }

    #[test]
    fn an_hour_has_fewer_than_its_minutes_and_neighbours_share_them() {
        assert_eq!(begun_in(60, &["2001:db8::1"]), 100);
        assert_eq!(begun_in(60, &["2001:db8::1", "2001:db8:0:1::1", "2001:db8:0:2::1"]), 200);
        assert_eq!(begun_in(60, &["192.0.2.1", "192.0.2.2", "192.0.2.3"]), 200);
        assert_eq!(begun_in(60, &["192.0.2.1", "198.51.100.1", "203.0.113.1"]), 300);
        assert_eq!(begun_in(120, &["192.0.2.1"]), 200, "and the next hour begins afresh");
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
}
