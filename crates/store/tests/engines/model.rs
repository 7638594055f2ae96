//! Random lives of one grant, told by the rules of `protocol` and the tables together: whatever happens in whatever order, a
//! code yields tokens once, and after a reuse nothing lives (RFC 9700 §4.14.2, RFC 6749 §4.1.2).

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use protocol::grant::refresh_token::{self, Policy, Refresh, Rotation};
use protocol::grant::state::{EndReason, Generation, Grant};
use protocol::time::{Seconds, Timestamp};
use store::{Store, Won, grants};

use crate::database::engines;
use crate::samples::{NOW, code_of, grant, grant_id};

const POLICY: Policy = Policy::Rotate { retry_window: Seconds(30) };
const IDLE: Seconds = Seconds(600);
const STEPS: std::ops::Range<usize> = 1..25;

#[derive(Clone, Debug)]
enum Step {
    Redeem,
    /// Present a refresh token that was handed out: 0 is the newest.
    Refresh {
        age: usize,
    },
    Wait(Seconds),
}

/// What the clients hold, and what must be true by now.
struct Life<'s> {
    store: &'s Store,
    id: String,
    now: Timestamp,
    handed_out: Vec<Generation>,
    redeemed: usize,
    dead: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Redeem),
        6 => Just(Step::Refresh { age: 0 }),
        3 => (0usize..4).prop_map(|age| Step::Refresh { age }),
        3 => (1i64..40).prop_map(|wait| Step::Wait(Seconds(wait))),
        1 => (40i64..900).prop_map(|wait| Step::Wait(Seconds(wait))),
    ];
    proptest::collection::vec(step, STEPS)
}

impl Life<'_> {
    async fn grant(&self) -> Grant {
        grants::find(self.store, &grant_id(&self.id)).await.expect("is readable").expect("exists")
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Redeem => self.redeem().await,
            Step::Refresh { age } => {
                if let Some(token) = self.handed_out.iter().rev().nth(*age).copied() {
                    self.refresh(token).await;
                }
            }
            Step::Wait(wait) => self.now = self.now + *wait,
        }
    }

    /// As the token endpoint does it: the write decides, and whoever loses against an earlier redemption ends the grant.
    async fn redeem(&mut self) {
        let id = grant_id(&self.id);
        let won = grants::redeem(self.store, &id, &code_of(&self.id), self.now, self.now + IDLE).await;
        if won.expect("is writable") == Won::Yes {
            assert!(!self.dead, "a dead grant was redeemed");
            self.redeemed += 1;
            self.handed_out.push(Generation::FIRST);
        } else if self.grant().await.redeemed_at.is_some() {
            self.end(EndReason::CodeReused).await;
        }
    }

    async fn refresh(&mut self, token: Generation) {
        let id = grant_id(&self.id);
        match refresh_token::decide(&Rotation::from(&self.grant().await), token, POLICY, self.now) {
            Refresh::Rotate { from } => {
                let won = grants::advance(self.store, &id, from, self.now, self.now + IDLE).await;
                assert_eq!(won.expect("is writable"), Won::Yes, "nobody else is there to win");
                assert!(!self.dead, "a dead grant was refreshed");
                self.handed_out.push(from.next());
            }
            Refresh::Repeat(live) => {
                assert!(!self.dead, "a dead grant was answered");
                self.handed_out.push(live);
            }
            Refresh::Refuse(_) => {}
            Refresh::End => self.end(EndReason::RefreshReused).await,
        }
    }

    async fn end(&mut self, reason: EndReason) {
        let won = grants::end(self.store, &grant_id(&self.id), reason, self.now).await.expect("is writable");
        assert_eq!(won == Won::Yes, !self.dead, "a grant ends once");
        self.dead = true;
    }

    /// Holds after every step.
    async fn check(&self) {
        let grant = self.grant().await;
        assert!(self.redeemed <= 1, "a code yielded tokens twice");
        assert_eq!(grant.ended_at.is_some(), self.dead);
        assert_eq!(grant.ended_at.is_some(), grant.end_reason.is_some());
        let newest = self.handed_out.iter().copied().max().unwrap_or(Generation::UNREDEEMED);
        assert_eq!(grant.generation, newest, "the row knows the newest token");
        if self.dead {
            assert!(!grant.lives(self.now), "something lives after a reuse");
            for token in &self.handed_out {
                let decision = refresh_token::decide(&Rotation::from(&grant), *token, POLICY, self.now);
                assert!(matches!(decision, Refresh::Refuse(_)), "{token:?} of a dead grant: {decision:?}");
                let won = grants::advance(self.store, &grant.id, *token, self.now, self.now + IDLE).await;
                assert_eq!(won.expect("is writable"), Won::No);
            }
        }
    }
}

async fn live(store: &Store, id: String, steps: &[Step]) {
    grants::insert(store, &grant(&id)).await.expect("is new");
    let mut life = Life { store, id, now: NOW, handed_out: Vec::new(), redeemed: 0, dead: false };
    for step in steps {
        life.step(step).await;
        life.check().await;
    }
}

#[test]
fn after_a_reuse_nothing_lives() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    for database in engines() {
        let store = runtime.block_on(database.open());
        let number = std::cell::Cell::new(0);
        let mut runner =
            TestRunner::new(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() });
        let outcome = runner.run(&steps(), |steps| {
            number.set(number.get() + 1);
            runtime.block_on(live(&store, format!("g{}", number.get()), &steps));
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{}: {error}", database.engine().name()));
    }
}
