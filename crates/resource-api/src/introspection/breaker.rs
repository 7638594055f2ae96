//! The circuit breaker: an issuer that fails five times in a row is left alone for a while, and then asked once to see.
//!
//! A state machine over moments that are passed in. It decides nothing about tokens: while it is open nobody is asked, and who
//! cannot ask accepts nothing. What counts as a failure of the issuer is decided in `wire.rs`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which the issuer is left alone.
const FAILURES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Counts the phases, so that an answer that was asked for in an earlier one changes nothing any more.
    number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Everybody asks.
    Closed { failures: u32 },
    /// Nobody asks before `until`.
    Open { until: Instant, pause: Duration },
    /// One question is under way since the pause ended; all others are told to come back.
    Probing { since: Instant, pause: Duration },
}

/// The permission to ask once. What came of it must be told by [`Ticket::answered`] or [`Ticket::failed`]; a ticket that is
/// dropped instead was a question that was cut short, which says nothing about the issuer.
#[derive(Debug)]
pub(super) struct Ticket {
    breaker: Arc<Breaker>,
    number: u64,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { phase: Phase::Closed { failures: 0 }, number: 0 }))
    }

    /// The permission to ask at `now`, or for how long nobody does.
    pub(super) fn admit(self: &Arc<Self>, now: Instant) -> Result<Ticket, Duration> {
        let number = self.look(|state| {
            match state.phase {
                Phase::Closed { .. } => {}
                Phase::Open { until, .. } if now < until => return Err(until - now),
                Phase::Open { pause, .. } => state.enter(Phase::Probing { since: now, pause }),
                Phase::Probing { .. } => return Err(FIRST_PAUSE),
            }
            Ok(state.number)
        })?;
        Ok(Ticket { breaker: Arc::clone(self), number })
    }

    fn look<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.number += 1;
    }

    fn open(&mut self, now: Instant, pause: Duration) {
        tracing::warn!(seconds = pause.as_secs(), "the introspection endpoint fails and is left alone for a while");
        self.enter(Phase::Open { until: now + pause, pause });
    }
}

impl Ticket {
    /// The issuer has answered.
    pub(super) fn answered(self) {
        self.settle(|state| match state.phase {
            Phase::Closed { .. } => state.phase = Phase::Closed { failures: 0 },
            Phase::Probing { .. } => {
                tracing::info!("the introspection endpoint answers again");
                state.enter(Phase::Closed { failures: 0 });
            }
            Phase::Open { .. } => {}
        });
    }

    /// The issuer has failed, which was known at `now`.
    pub(super) fn failed(self, now: Instant) {
        self.settle(|state| match state.phase {
            Phase::Closed { failures } if failures + 1 < FAILURES => {
                state.phase = Phase::Closed { failures: failures + 1 };
            }
            Phase::Closed { .. } => state.open(now, FIRST_PAUSE),
            Phase::Probing { pause, .. } => state.open(now, (pause * 2).min(LAST_PAUSE)),
            Phase::Open { .. } => {}
        });
    }

    fn settle(&self, work: impl FnOnce(&mut State)) {
        self.breaker.look(|state| {
            if state.number == self.number {
                work(state);
            }
        });
    }
}

impl Drop for Ticket {
    /// After a verdict the phase is another one or `Closed`, and this does nothing.
    fn drop(&mut self) {
        self.settle(|state| {
            if let Phase::Probing { since, pause } = state.phase {
                state.enter(Phase::Open { until: since, pause });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn breaker() -> (Arc<Breaker>, Instant) {
        (Arc::new(Breaker::new()), Instant::now())
    }

    fn fail(breaker: &Arc<Breaker>, at: Instant) {
        breaker.admit(at).expect("is admitted").failed(at);
    }

    fn opened() -> (Arc<Breaker>, Instant) {
        let (breaker, now) = breaker();
        (0..FAILURES).for_each(|_| fail(&breaker, now));
        (breaker, now)
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_a_second() {
        let (breaker, now) = breaker();
        (1..FAILURES).for_each(|_| fail(&breaker, now));
        breaker.admit(now).expect("four are not enough").answered();
        (1..FAILURES).for_each(|_| fail(&breaker, now));
        assert!(breaker.admit(now).is_ok(), "the answer in between began the row anew");
        fail(&breaker, now);
        assert_eq!(breaker.admit(now).expect_err("is open"), FIRST_PAUSE);
        let rest = Duration::from_millis(300);
        assert_eq!(breaker.admit(now + Duration::from_millis(700)).expect_err("is open"), rest);
    }

    #[test]
    fn after_the_pause_one_question_is_the_probe() {
        let (breaker, now) = opened();
        let probe = breaker.admit(now + FIRST_PAUSE).expect("the pause is over");
        assert_eq!(breaker.admit(now + FIRST_PAUSE * 9).expect_err("one at a time"), FIRST_PAUSE);
        probe.answered();
        assert!((0..9).map(|_| breaker.admit(now)).collect::<Vec<_>>().iter().all(Result::is_ok));
    }

    #[test]
    fn failed_probes_double_the_pause_up_to_thirty_seconds() {
        let (breaker, mut now) = opened();
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let pause = breaker.admit(now).expect_err("is open");
            pauses.push(pause.as_secs());
            now += pause;
            fail(&breaker, now);
        }
        assert_eq!(pauses, [1, 2, 4, 5, 5, 5, 5]);
        now += LAST_PAUSE;
        breaker.admit(now).expect("the pause is over").answered();
        (0..FAILURES).for_each(|_| fail(&breaker, now));
        assert_eq!(breaker.admit(now).expect_err("is open"), FIRST_PAUSE, "an answer makes it forget");
    }

    #[test]
    fn a_probe_that_is_cut_short_lets_the_next_one_try() {
        let (breaker, now) = opened();
        drop(breaker.admit(now + FIRST_PAUSE).expect("the pause is over"));
        let probe = breaker.admit(now + FIRST_PAUSE).expect("nobody probes");
        probe.failed(now + FIRST_PAUSE);
        assert_eq!(breaker.admit(now + FIRST_PAUSE).expect_err("is open"), FIRST_PAUSE * 2);
    }

    #[test]
    fn what_was_asked_before_it_opened_changes_nothing() {
        let (breaker, now) = breaker();
        let late: Vec<_> = (0..20).map(|_| breaker.admit(now).expect("is closed")).collect();
        (0..FAILURES).for_each(|_| fail(&breaker, now));
        for (number, ticket) in late.into_iter().enumerate() {
            if number % 2 == 0 { ticket.answered() } else { ticket.failed(now + FIRST_PAUSE / 2) }
        }
        assert_eq!(breaker.admit(now).expect_err("is open"), FIRST_PAUSE);
    }

    #[test]
    fn what_was_asked_before_it_opened_is_no_probe() {
        let (breaker, now) = breaker();
        let mut late: Vec<_> = (0..20).map(|_| breaker.admit(now).expect("is closed")).collect();
        let mut next = || late.pop().expect("there are enough");
        (0..FAILURES).for_each(|_| fail(&breaker, now));
        let probe = breaker.admit(now + FIRST_PAUSE).expect("the pause is over");
        next().answered();
        next().failed(now + FIRST_PAUSE);
        drop(next());
        assert_eq!(breaker.admit(now + FIRST_PAUSE * 9).expect_err("the probe is under way"), FIRST_PAUSE);
        probe.answered();
        (0..FAILURES).for_each(|_| next().failed(now + FIRST_PAUSE));
        assert!(breaker.admit(now + FIRST_PAUSE).is_ok(), "and what failed before does not count after");
    }

    proptest! {
        /// Whatever happens, at most one question at a time goes to an issuer that failed, and none during a pause.
        #[test]
        fn an_open_breaker_admits_one_at_a_time(steps in proptest::collection::vec((any::<bool>(), 0_u64..40_000), 1..80)) {
            let (breaker, mut now) = opened();
            let (mut probe, mut pause) = (None, FIRST_PAUSE);
            let mut rest = now + pause;
            for (fails, millis) in steps {
                now += Duration::from_millis(millis);
                match (breaker.admit(now), &probe) {
                    (Ok(ticket), None) => {
                        prop_assert!(now >= rest);
                        probe = Some(ticket);
                    }
                    (Ok(_), Some(_)) => prop_assert!(false, "two at once"),
                    (Err(_), Some(_)) => {}
                    (Err(wait), None) => prop_assert_eq!(now + wait, rest),
                }
                if let Some(ticket) = probe.take_if(|_| fails) {
                    ticket.failed(now);
                    pause = (pause * 2).min(LAST_PAUSE);
                    rest = now + pause;
                }
            }
        }
    }
}
