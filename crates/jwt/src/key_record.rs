//! The life of a signing key, as a pure function of its record and the time: announced → active → retiring → gone.
//!
//! An announced key is already published, so that everybody knows it before it signs; a retiring one is still published, so that
//! what it signed can be verified. Where records and keys are kept is for `directory.rs`.

use protocol::ids::KeyId;
use protocol::signing::SigningAlgorithm;
use protocol::time::{Seconds, Timestamp};
use serde::{Deserialize, Serialize};

/// When a key signs and when it disappears. Times only; the key itself is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    pub kid: KeyId,
    pub alg: SigningAlgorithm,
    pub created_at: Timestamp,
    pub active_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Published, does not sign yet.
    Announced,
    /// Published, signs.
    Active,
    /// Published, signs no longer.
    Retiring,
    /// Neither published nor used; deleted at the next occasion.
    Gone,
}

/// How a rotation is spread over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationPolicy {
    /// From publishing the new key to signing with it. At least as long as anybody may cache the key set.
    pub announce: Seconds,
    /// From the last signature of the old key to its disappearance. At least as long as the longest token lives.
    pub overlap: Seconds,
}

impl KeyRecord {
    /// The record of a key that signs from now on, without having been announced.
    pub fn active_now(kid: KeyId, alg: SigningAlgorithm, now: Timestamp) -> Self {
        Self { kid, alg, created_at: now, active_at: now, retired_at: None, gone_at: None }
    }

    pub fn stage(&self, now: Timestamp) -> Stage {
        let passed = |time: Option<Timestamp>| time.is_some_and(|time| time <= now);
        if passed(self.gone_at) {
            Stage::Gone
        } else if passed(self.retired_at) {
            Stage::Retiring
        } else if now < self.active_at {
            Stage::Announced
        } else {
            Stage::Active
        }
    }

    pub fn is_published(&self, now: Timestamp) -> bool {
        self.stage(now) != Stage::Gone
    }

    /// Whether the key signs now or will, with no end known: the newest of its algorithm.
    pub fn is_newest(&self) -> bool {
        self.retired_at.is_none()
    }

    fn retire(&mut self, at: Timestamp, overlap: Seconds) {
        if self.retired_at.is_none_or(|planned| planned > at) {
            self.retired_at = Some(at);
            self.gone_at = Some(at + overlap);
        }
    }
}

impl RotationPolicy {
    /// The default with room for tokens that live up to `longest_token`.
    pub fn for_tokens_up_to(longest_token: Seconds) -> Self {
        Self { announce: Seconds::hours(1), overlap: Seconds::days(1) + longest_token }
    }

    /// For a key that somebody else may hold: the new one signs at once, the old one is gone at once, and every token that it
    /// signed is void.
    pub fn at_once() -> Self {
        Self { announce: Seconds(0), overlap: Seconds(0) }
    }
}

impl Default for RotationPolicy {
    fn default() -> Self {
        Self::for_tokens_up_to(Seconds::hours(1))
    }
}

/// Adds a key to `records` and plans the end of its predecessors. The first key of an algorithm is active at once: there is
/// nobody yet who could know another.
pub fn introduce(
    records: &mut Vec<KeyRecord>,
    kid: KeyId,
    alg: SigningAlgorithm,
    policy: RotationPolicy,
    now: Timestamp,
) {
    let mut record = KeyRecord::active_now(kid, alg, now);
    if records.iter().any(|older| older.alg == alg && older.is_newest()) {
        record.active_at = now + policy.announce.max(Seconds(0));
    }
    for older in records.iter_mut().filter(|older| older.alg == alg) {
        older.retire(record.active_at, policy.overlap.max(Seconds(0)));
    }
    records.push(record);
}

/// The next time at which a key of `records` enters another stage: until then, all answers stay the same.
pub fn next_change<'r>(records: impl Iterator<Item = &'r KeyRecord>, now: Timestamp) -> Option<Timestamp> {
    let times = records.flat_map(|record| [Some(record.active_at), record.retired_at, record.gone_at]);
    times.flatten().filter(|time| *time > now).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    const ES256: SigningAlgorithm = SigningAlgorithm::ES256;

    fn kid(number: usize) -> KeyId {
        KeyId::parse(&format!("k{number}")).expect("is an id")
    }

    fn rotate(records: &mut Vec<KeyRecord>, policy: RotationPolicy, now: i64) {
        let number = records.len();
        introduce(records, kid(number), ES256, policy, Timestamp(now));
    }

    fn stages(records: &[KeyRecord], now: i64) -> Vec<Stage> {
        records.iter().map(|record| record.stage(Timestamp(now))).collect()
    }

    #[test]
    fn a_rotation_announces_then_signs_then_retires() {
        let policy = RotationPolicy { announce: Seconds(10), overlap: Seconds(100) };
        let mut records = Vec::new();
        rotate(&mut records, policy, 0);
        assert_eq!(stages(&records, 0), [Stage::Active], "the first key signs at once");
        rotate(&mut records, policy, 1000);
        assert_eq!(stages(&records, 1009), [Stage::Active, Stage::Announced]);
        assert_eq!(stages(&records, 1010), [Stage::Retiring, Stage::Active]);
        assert_eq!(stages(&records, 1109), [Stage::Retiring, Stage::Active]);
        assert_eq!(stages(&records, 1110), [Stage::Gone, Stage::Active]);
    }

    #[test]
    fn a_stolen_key_is_gone_at_once_and_so_is_its_announced_successor() {
        let mut records = Vec::new();
        rotate(&mut records, RotationPolicy::default(), 0);
        rotate(&mut records, RotationPolicy::default(), 500);
        rotate(&mut records, RotationPolicy::at_once(), 600);
        assert_eq!(stages(&records, 600), [Stage::Gone, Stage::Gone, Stage::Active]);
        assert_eq!(stages(&records, 5000), [Stage::Gone, Stage::Gone, Stage::Active], "the announced one never signs");
    }

    #[test]
    fn algorithms_rotate_on_their_own() {
        let mut records = Vec::new();
        rotate(&mut records, RotationPolicy::default(), 0);
        introduce(&mut records, kid(9), SigningAlgorithm::EdDSA, RotationPolicy::default(), Timestamp(50));
        assert_eq!(stages(&records, 50), [Stage::Active, Stage::Active]);
        assert!(records.iter().all(KeyRecord::is_newest));
    }

    #[test]
    fn the_next_change_is_the_earliest_one_ahead() {
        let mut records = Vec::new();
        let policy = RotationPolicy { announce: Seconds(10), overlap: Seconds(100) };
        rotate(&mut records, policy, 0);
        assert_eq!(next_change(records.iter(), Timestamp(0)), None);
        rotate(&mut records, policy, 5);
        assert_eq!(next_change(records.iter(), Timestamp(5)), Some(Timestamp(15)));
        assert_eq!(next_change(records.iter(), Timestamp(15)), Some(Timestamp(115)));
        assert_eq!(next_change(records.iter(), Timestamp(115)), None);
    }

    #[test]
    fn the_default_outlives_the_longest_token() {
        let policy = RotationPolicy::for_tokens_up_to(Seconds::hours(3));
        assert_eq!((policy.announce, policy.overlap), (Seconds(3600), Seconds(86_400 + 3 * 3600)));
    }

    /// Rotations at random times with random patience; the first one makes the first key.
    fn plan() -> impl Strategy<Value = Vec<(i64, RotationPolicy)>> {
        let policy = (0i64..40, 0i64..60)
            .prop_map(|(announce, overlap)| RotationPolicy { announce: Seconds(announce), overlap: Seconds(overlap) });
        prop::collection::vec((0i64..50, policy), 1..7)
    }

    proptest! {
        /// Plays a history second by second, signing all the time with whatever key the records of that second name.
        #[test]
        fn one_key_signs_and_what_it_signed_stays_verifiable(plan in plan()) {
            let mut records = Vec::new();
            let mut last_signature: HashMap<KeyId, i64> = HashMap::new();
            let mut overlap: HashMap<KeyId, i64> = HashMap::new();
            let mut rotations = plan.iter();
            let mut next = rotations.next().map(|(_, policy)| (0, *policy));
            for now in 0..500i64 {
                while let Some((at, policy)) = next.filter(|(at, _)| *at <= now) {
                    let before: Vec<KeyRecord> = records.clone();
                    rotate(&mut records, policy, at);
                    for (old, new) in before.iter().zip(&records).filter(|(old, new)| old.gone_at != new.gone_at) {
                        overlap.insert(old.kid.clone(), policy.overlap.0);
                        prop_assert!(new.gone_at.is_some());
                    }
                    next = rotations.next().map(|(wait, policy)| (at + wait, *policy));
                }
                let active: Vec<_> = records.iter().filter(|record| record.stage(Timestamp(now)) == Stage::Active).collect();
                prop_assert_eq!(active.len(), 1, "at {}: {:?}", now, records);
                last_signature.insert(active[0].kid.clone(), now);
                for record in records.iter().filter(|record| !record.is_published(Timestamp(now))) {
                    let signed = last_signature.get(&record.kid).copied().unwrap_or(i64::MIN / 2);
                    prop_assert!(now - signed > overlap[&record.kid], "{:?} went too early, at {}", record, now);
                }
            }
        }

        #[test]
        fn a_successor_never_signs_before_its_time_and_is_published_from_the_start(plan in plan()) {
            let mut records = Vec::new();
            let mut at = 0;
            for (number, (wait, policy)) in plan.iter().enumerate() {
                at += wait;
                rotate(&mut records, *policy, at);
                let announced = if number == 0 { 0 } else { policy.announce.0 };
                for now in at..at + announced {
                    prop_assert_eq!(records[number].stage(Timestamp(now)), Stage::Announced);
                }
            }
        }

        #[test]
        fn a_life_only_goes_forward(plan in plan(), times in prop::collection::vec(0i64..600, 2..20)) {
            let mut records = Vec::new();
            let mut at = 0;
            for (wait, policy) in plan {
                at += wait;
                rotate(&mut records, policy, at);
            }
            let mut times = times;
            times.sort_unstable();
            for record in &records {
                prop_assert!(times.windows(2).all(|pair| record.stage(Timestamp(pair[0])) <= record.stage(Timestamp(pair[1]))));
            }
        }

        #[test]
        fn nothing_changes_before_the_next_change(plan in plan(), now in 0i64..400) {
            let mut records = Vec::new();
            let mut at = 0;
            for (wait, policy) in plan {
                at += wait;
                rotate(&mut records, policy, at);
            }
            let until = next_change(records.iter(), Timestamp(now)).map_or(now + 200, |time| time.0);
            for later in now..until {
                prop_assert_eq!(stages(&records, now), stages(&records, later));
            }
        }
    }
}
