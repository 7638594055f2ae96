//! What the issuer said, for as long as it may be believed: a token for a minute at most, API keys, passwords and refusals for ten
//! seconds.
//!
//! Two clocks must agree that an answer is fresh. The steady one goes on when somebody sets the time of day back; the time of day
//! goes on while a virtual machine sleeps.
//!
//! **What a flood does.** Accepted and refused credentials are remembered apart, so made-up tokens push out only refusals, the
//! oldest unused first: who is refused is then asked about again, within the bound of `places.rs`. Accepted ones can be pushed out
//! only by others that the issuer accepted too; an answer counts once for each KiB, so that big ones take no more memory than
//! many small ones, and quick_cache keeps what is used again and again (S3-FIFO) before what came once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::time::{Seconds, Timestamp};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::described::Described;
use super::places::Standing;
use super::question::{Key, Memory};
use super::{Limits, NotDescribed, Outcome};

/// Longest times, whatever [`Limits`] say.
const MAX_POSITIVE: Seconds = Seconds(60);
const MAX_SHORT: Seconds = Seconds(10);
const MAX_NEGATIVE: Seconds = Seconds(10);

/// One moment on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) wall: Timestamp,
    pub(super) steady: Instant,
}

pub(super) struct Answers {
    times: Times,
    accepted: Cache<Key, Accepted, PerKibibyte>,
    refused: Cache<Key, Until>,
    /// Credentials that were accepted lately, though it may be time to ask again.
    known: Cache<Key, ()>,
}

#[derive(Clone, Copy, Debug)]
struct Times {
    positive: Seconds,
    short: Seconds,
    negative: Seconds,
}

#[derive(Clone)]
struct Accepted {
    described: Arc<Described>,
    until: Until,
}

/// The first moment at which an answer counts no more.
#[derive(Clone, Copy, Debug)]
struct Until {
    wall: Timestamp,
    steady: Instant,
}

#[derive(Clone)]
struct PerKibibyte;

impl Moment {
    pub(super) fn later(self, span: Duration) -> Self {
        let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        Self { wall: self.wall + Seconds(seconds), steady: self.steady + span }
    }
}

impl Until {
    fn after(hold: Seconds, asked: Moment) -> Self {
        let steady = asked.steady + Duration::from_secs(u64::try_from(hold.0).unwrap_or_default());
        Self { wall: asked.wall + hold, steady }
    }

    fn has_come(self, now: Moment) -> bool {
        self.wall <= now.wall || self.steady <= now.steady
    }
}

impl Weighter<Key, Accepted> for PerKibibyte {
    fn weight(&self, _: &Key, accepted: &Accepted) -> u64 {
        1 + u64::try_from(accepted.described.size / 1024).unwrap_or(u64::MAX / 2)
    }
}

impl Times {
    fn of(limits: &Limits) -> Self {
        let clamp = |span: Seconds, most| span.clamp(Seconds(0), most);
        Self {
            positive: clamp(limits.positive, MAX_POSITIVE),
            short: clamp(limits.short, MAX_SHORT),
            negative: clamp(limits.negative, MAX_NEGATIVE),
        }
    }

    /// min(`exp` − now, the longest time of its kind), never negative.
    fn of_accepted(self, memory: Memory, exp: Option<Timestamp>, asked: Timestamp) -> Seconds {
        let most = match memory {
            Memory::Token => self.positive,
            Memory::Short => self.short,
        };
        exp.map_or(most, |exp| exp.since(asked).min(most)).max(Seconds(0))
    }
}

impl Answers {
    pub(super) fn new(limits: &Limits) -> Self {
        let entries = limits.entries.max(1);
        let weight = u64::try_from(entries).unwrap_or(u64::MAX);
        Self {
            times: Times::of(limits),
            accepted: Cache::with_weighter(entries, weight, PerKibibyte),
            refused: Cache::new(entries),
            known: Cache::new(entries),
        }
    }

    /// `None` when the issuer has to be asked.
    pub(super) fn get(&self, key: &Key, now: Moment) -> Option<Outcome> {
        if let Some(accepted) = self.accepted.get(key) {
            if !accepted.until.has_come(now) {
                return Some(Ok(accepted.described));
            }
            self.accepted.remove_if(key, |accepted| accepted.until.has_come(now));
        }
        let refused = self.refused.get(key).is_some_and(|until| !until.has_come(now));
        refused.then_some(Err(NotDescribed::Inactive))
    }

    pub(super) fn standing(&self, key: &Key) -> Standing {
        if self.known.get(key).is_some() { Standing::Known } else { Standing::Stranger }
    }

    /// Remembers an answer from the moment on at which the question was `asked`: the issuer may have changed its mind since.
    pub(super) fn keep(&self, key: Key, memory: Memory, outcome: &Outcome, asked: Moment) {
        match outcome {
            Ok(described) => {
                self.known.insert(key, ());
                let hold = self.times.of_accepted(memory, described.exp, asked.wall);
                if hold > Seconds(0) {
                    let accepted = Accepted { described: Arc::clone(described), until: Until::after(hold, asked) };
                    self.accepted.insert(key, accepted);
                }
            }
            Err(NotDescribed::Inactive) => {
                self.accepted.remove(&key);
                self.known.remove(&key);
                self.refused.insert(key, Until::after(self.times.negative, asked));
            }
            // Nobody has said anything.
            Err(NotDescribed::Unavailable { .. } | NotDescribed::Busy { .. } | NotDescribed::TooManyTries { .. }) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::described::tests::active;
    use super::super::question::sample_key;
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const NOW: Timestamp = Timestamp(1_700_000_000);
    const INACTIVE: Outcome = Err(NotDescribed::Inactive);

    fn asked() -> Moment {
        Moment { wall: NOW, steady: Instant::now() }
    }

    /// As long as may be.
    fn longest() -> Limits {
        Limits { positive: Seconds(60), ..Limits::default() }
    }

    fn answers() -> Answers {
        Answers::new(&longest())
    }

    fn until(exp: Option<i64>) -> Arc<Described> {
        Arc::new(active(json!({ "exp": exp.map(|seconds| NOW.0 + seconds) })))
    }

    /// For how many whole seconds an answer is remembered.
    fn held(memory: Memory, outcome: &Outcome) -> u64 {
        let (answers, asked) = (answers(), asked());
        answers.keep(sample_key(1), memory, outcome, asked);
        let fresh = |seconds: &u64| answers.get(&sample_key(1), asked.later(Duration::from_secs(*seconds))).is_some();
        (0..1_000).take_while(fresh).count() as u64
    }

    #[test]
    fn answers_are_believed_for_a_bounded_time() {
        assert_eq!(held(Memory::Token, &Ok(until(Some(3_600)))), 60);
        assert_eq!(held(Memory::Token, &Ok(until(Some(7)))), 7);
        assert_eq!(held(Memory::Token, &Ok(until(None))), 60);
        assert_eq!(held(Memory::Short, &Ok(until(None))), 10);
        assert_eq!(held(Memory::Short, &Ok(until(Some(3)))), 3);
        assert_eq!(held(Memory::Token, &INACTIVE), 10);
        assert_eq!(held(Memory::Short, &INACTIVE), 10);
        assert_eq!(held(Memory::Token, &Err(NotDescribed::Unavailable { retry_after: Seconds(9) })), 0);
    }

    #[test]
    fn limits_shorten_these_times_and_never_lengthen_them() {
        let limits = |seconds| Limits {
            positive: Seconds(seconds),
            short: Seconds(seconds),
            negative: Seconds(seconds),
            ..Limits::default()
        };
        assert_eq!(Times::of(&Limits::default()).positive, Seconds(10), "what is revoked is over in ten seconds");
        for (seconds, expected) in [(5, [5, 5, 5]), (9_999, [60, 10, 10]), (-5, [0, 0, 0])] {
            let times = Times::of(&limits(seconds));
            assert_eq!([times.positive, times.short, times.negative].map(|span| span.0), expected);
        }
    }

    #[test]
    fn either_clock_ends_an_answer() {
        let (answers, asked) = (answers(), asked());
        answers.keep(sample_key(1), Memory::Token, &Ok(until(None)), asked);
        let slept = Moment { wall: NOW + Seconds(60), ..asked };
        let set_back = Moment { wall: NOW - Seconds(9_000), steady: asked.steady + Duration::from_mins(1) };
        assert!(answers.get(&sample_key(1), asked).is_some());
        assert!(answers.get(&sample_key(1), slept).is_none());
        answers.keep(sample_key(1), Memory::Token, &Ok(until(None)), asked);
        assert!(answers.get(&sample_key(1), set_back).is_none());
    }

    #[test]
    fn the_last_word_counts() {
        let (answers, asked, key) = (answers(), asked(), sample_key(1));
        answers.keep(key, Memory::Token, &Ok(until(None)), asked);
        assert_eq!(answers.standing(&key), Standing::Known);
        answers.keep(key, Memory::Token, &INACTIVE, asked);
        assert!(matches!(answers.get(&key, asked), Some(Err(NotDescribed::Inactive))));
        assert_eq!(answers.standing(&key), Standing::Stranger);
        answers.keep(key, Memory::Token, &Ok(until(None)), asked);
        assert!(matches!(answers.get(&key, asked), Some(Ok(_))));
        let later = asked.later(Duration::from_mins(2));
        assert!(answers.get(&key, later).is_none());
        assert_eq!(answers.standing(&key), Standing::Known, "though it is time to ask again");
    }

    #[test]
    fn a_flood_of_garbage_pushes_out_no_accepted_token_and_stays_bounded() {
        let answers = Answers::new(&Limits { entries: 100, ..Limits::default() });
        let asked = asked();
        (0..50).for_each(|number| answers.keep(sample_key(number), Memory::Token, &Ok(until(None)), asked));
        let salt = super::super::question::Salt::draw();
        for number in 0..20_000 {
            let token = number.to_string();
            let key = salt.key(&super::super::question::Question::Token(&token));
            answers.keep(key, Memory::Token, &INACTIVE, asked);
        }
        assert!((0..50).all(|number| matches!(answers.get(&sample_key(number), asked), Some(Ok(_)))));
        assert!((0..50).all(|number| answers.standing(&sample_key(number)) == Standing::Known));
        assert!(answers.refused.len() <= 200, "{}", answers.refused.len());
    }

    #[test]
    fn big_answers_count_for_their_size() {
        let answers = Answers::new(&Limits { entries: 100, ..Limits::default() });
        let big = Ok(Arc::new(active(json!({ "more": "x".repeat(10 * 1024) }))));
        (0..200).for_each(|number| answers.keep(sample_key(number), Memory::Token, &big, asked()));
        assert!(answers.accepted.len() <= 10, "{}", answers.accepted.len());
    }

    proptest! {
        #[test]
        fn no_answer_outlives_its_token_or_its_minute(exp: Option<i64>, at in 0..=i64::from(u32::MAX), short: bool) {
            let (memory, most) = if short { (Memory::Short, 10) } else { (Memory::Token, 60) };
            let hold = Times::of(&longest()).of_accepted(memory, exp.map(Timestamp), Timestamp(at));
            prop_assert!((0..=most).contains(&hold.0));
            match exp {
                Some(exp) if exp <= at => prop_assert_eq!(hold.0, 0),
                Some(exp) => prop_assert!(at + hold.0 <= exp && (hold.0 == most || at + hold.0 == exp)),
                None => prop_assert_eq!(hold.0, most),
            }
        }

        #[test]
        fn whatever_the_clocks_do_a_minute_of_either_ends_it(exp in proptest::option::of(-100_i64..200), wall in -300_i64..300, steady in 0_u64..300) {
            let (answers, asked) = (answers(), asked());
            answers.keep(sample_key(1), Memory::Token, &Ok(until(exp)), asked);
            let now = Moment { wall: NOW + Seconds(wall), steady: asked.steady + Duration::from_secs(steady) };
            let fresh = answers.get(&sample_key(1), now).is_some();
            prop_assert_eq!(fresh, wall < 60.min(exp.unwrap_or(60)) && steady < 60.min(exp.unwrap_or(60).max(0).unsigned_abs()) && exp.is_none_or(|exp| exp > 0));
        }
    }
}
