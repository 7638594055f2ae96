use super::*;
use proptest::prelude::*;
use std::collections::HashSet;
use std::sync::{Arc, Barrier};

const NOW: Timestamp = Timestamp(1_000_000);
const LATER: Timestamp = Timestamp(1_000_060);
const FULL: Result<(), NotClaimed> = Err(NotClaimed::Unavailable(Unavailable::Full));

fn key(name: &str) -> ReplayKey {
    ReplayKey::of("test", &[name])
}

#[test]
fn a_key_is_claimed_once_until_its_time_has_passed() {
    let store = MemoryReplay::default();
    assert_eq!(store.take(key("a"), LATER, NOW), Ok(()));
    assert_eq!(store.take(key("b"), LATER, NOW), Ok(()));
    for second in 0..=60 {
        assert_eq!(store.take(key("a"), LATER, NOW + Seconds(second)), Err(NotClaimed::Seen), "{second}");
    }
    assert_eq!(store.take(key("a"), LATER + Seconds(61), NOW + Seconds(61)), Ok(()));
    assert_eq!(store.take(key("a"), LATER + Seconds(61), NOW + Seconds(61)), Err(NotClaimed::Seen));
}

#[test]
fn a_full_store_refuses_and_forgets_nothing() {
    let store = MemoryReplay::new(1);
    let mut shard = Shard::default();
    for name in ["a", "b", "c"] {
        assert_eq!(shard.take(key(name), LATER, NOW, 3), Ok(()));
    }
    assert_eq!(shard.take(key("d"), LATER, NOW, 3), FULL);
    for name in ["a", "b", "c"] {
        assert_eq!(shard.take(key(name), LATER, NOW, 3), Err(NotClaimed::Seen), "still known");
    }
    assert_eq!(shard.take(key("d"), LATER, LATER, 3), FULL, "the last second counts");
    assert_eq!(shard.take(key("d"), LATER + Seconds(60), LATER + Seconds(1), 3), Ok(()), "room is made when it can be");
    assert_eq!(shard.used.len(), 1);
    assert_eq!(store.per_shard, 1, "never without any room");
}

#[test]
fn what_has_ended_is_swept_away() {
    let store = MemoryReplay::default();
    for at in 0..10_000 {
        assert_eq!(store.take(key(&at.to_string()), LATER, NOW), Ok(()));
    }
    assert_eq!(store.len(), 10_000);
    for at in 0..1000 {
        assert_eq!(store.take(key(&format!("late {at}")), LATER + Seconds(100), LATER + Seconds(40)), Ok(()));
    }
    assert_eq!(store.len(), 1000, "each shard had a claim");
    assert!(!store.is_empty());
}

#[test]
fn a_clock_that_is_set_back_brings_nothing_back_to_life() {
    let store = MemoryReplay::default();
    assert_eq!(store.take(key("a"), LATER, NOW), Ok(()));
    let far = NOW + Seconds(500);
    for at in 0..1000 {
        assert_eq!(store.take(key(&format!("late {at}")), far + Seconds(60), far), Ok(()));
    }
    assert_eq!(store.take(key("a"), LATER, NOW), Err(Unavailable::ClockSetBack.into()));
    assert_eq!(store.take(key("b"), far, far - Seconds(30)), Ok(()), "a small step harms nobody");
}

#[test]
fn parts_do_not_run_into_each_other() {
    let keys = [
        ReplayKey::of("a", &["b", "c"]),
        ReplayKey::of("a", &["bc"]),
        ReplayKey::of("a", &["bc", ""]),
        ReplayKey::of("a", &["", "bc"]),
        ReplayKey::of("ab", &["c"]),
        ReplayKey::of("abc", &[]),
    ];
    assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
}

#[test]
fn a_key_shows_only_its_beginning() {
    let shown = format!("{:?}", key("a"));
    assert_eq!(shown.chars().count(), "ReplayKey(00000000…)".chars().count(), "{shown}");
}

/// Sixty-four threads on as many keys as there are rounds.
#[test]
fn of_64_threads_one_wins_each_key() {
    let (store, rounds) = (Arc::new(MemoryReplay::default()), 50);
    let barrier = Arc::new(Barrier::new(64));
    let threads: Vec<_> = (0..64)
        .map(|_| {
            let (store, barrier) = (Arc::clone(&store), Arc::clone(&barrier));
            std::thread::spawn(move || {
                let claim = |round: usize| {
                    barrier.wait();
                    store.take(key(&round.to_string()), LATER, NOW).is_ok()
                };
                (0..rounds).map(claim).collect::<Vec<_>>()
            })
        })
        .collect();
    let won: Vec<Vec<bool>> = threads.into_iter().map(|thread| thread.join().expect("does not panic")).collect();
    for round in 0..rounds {
        assert_eq!(won.iter().filter(|claims| claims[round]).count(), 1, "round {round}");
    }
}

proptest! {
    /// Against a list that remembers everything: no key lives twice at one time, whatever the order of times.
    #[test]
    fn no_key_is_claimed_twice_while_it_lives(steps in proptest::collection::vec((0u8..8, 0i64..40, 0i64..90), 1..120)) {
        let mut shard = Shard::default();
        let mut claimed: Vec<(u8, Timestamp)> = Vec::new();
        let mut now = NOW;
        for (name, step, life) in steps {
            now = now + Seconds(step);
            let until = now + Seconds(life);
            let lives = claimed.iter().any(|(other, end)| *other == name && *end >= now);
            match shard.take(key(&name.to_string()), until, now, 4) {
                Ok(()) => {
                    prop_assert!(!lives);
                    claimed.push((name, until));
                }
                Err(NotClaimed::Seen) => prop_assert!(lives),
                Err(NotClaimed::Unavailable(why)) => prop_assert_eq!((why, lives), (Unavailable::Full, false)),
            }
            prop_assert!(shard.used.len() <= 4);
        }
    }
}
