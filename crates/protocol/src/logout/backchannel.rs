//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0): the logout token, and when a delivery is tried again.
//!
//! Signing and sending is the shell's; so is the outbox, in which a delivery waits until it is settled.

use serde::Serialize;

use crate::closed_set::closed_set;
use crate::ids::ClientId;
use crate::time::{Seconds, Timestamp};

/// Back-Channel Logout §2.4: explicit typing, so that no other token of ours passes for a logout token or the reverse.
pub const TYP: &str = "logout+jwt";

/// Back-Channel Logout §2.4: "whose expiration time is at most two minutes in the future". The token is made anew for each try.
pub const LIFETIME: Seconds = Seconds::minutes(2);

/// Back-Channel Logout §2.4. It has both `sub` and `sid`, so a client finds the session whichever it keeps. "A nonce Claim MUST
/// NOT be present": there is no member for one.
#[derive(Clone, Debug, Serialize)]
pub struct LogoutTokenClaims<'a> {
    pub iss: &'a str,
    /// Whom the client knows the person as (`subject.rs`); `None` where that may have changed since the session began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<&'a str>,
    pub aud: &'a ClientId,
    pub iat: Timestamp,
    pub exp: Timestamp,
    pub jti: String,
    /// The session as this client knows it (`sid.rs`).
    pub sid: &'a str,
    pub events: Events,
}

/// What makes a JWT a logout token. §2.4: "The corresponding member value MUST be a JSON object and SHOULD be the empty JSON
/// object {}."
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    backchannel_logout: Nothing,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Nothing {}

closed_set! {
    /// How far a delivery is.
    pub enum DeliveryState {
        Waiting = "waiting",
        Delivered = "delivered",
        /// The client answered that it could not carry out the logout.
        Refused = "refused",
        /// Nobody could be told in time, or there is nobody to tell any more.
        GivenUp = "given_up",
    }
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    /// §2.8: "If the request was invalid or the logout failed, the RP MUST respond with HTTP 400".
    Refused,
    /// No answer, or one that says nothing about the logout.
    Failed,
    /// The client is gone, or it wants to hear nothing any more.
    Pointless,
}

/// What becomes of the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Settled(DeliveryState),
    Again(Timestamp),
}

/// Pauses after the first try, the second and so on; the last one repeats.
const PAUSES: [Seconds; 7] = [
    Seconds(1),
    Seconds(5),
    Seconds(30),
    Seconds::minutes(2),
    Seconds::minutes(10),
    Seconds::minutes(30),
    Seconds::hours(1),
];
/// After this time the client's own session is most likely over, and the news with it.
const GIVE_UP_AFTER: Seconds = Seconds::hours(24);
/// A client that refuses this often will not change its mind.
const REFUSALS: u32 = 3;

/// `tries` counts the one that just ended with `outcome`; `created_at` is the moment of the logout.
pub fn next(outcome: Outcome, tries: u32, created_at: Timestamp, now: Timestamp) -> Next {
    match outcome {
        Outcome::Delivered => Next::Settled(DeliveryState::Delivered),
        Outcome::Pointless => Next::Settled(DeliveryState::GivenUp),
        Outcome::Refused if tries >= REFUSALS => Next::Settled(DeliveryState::Refused),
        Outcome::Refused | Outcome::Failed => {
            let step = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
            let again = now + PAUSES[step.min(PAUSES.len() - 1)];
            if again.since(created_at) > GIVE_UP_AFTER {
                Next::Settled(DeliveryState::GivenUp)
            } else {
                Next::Again(again)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const START: Timestamp = Timestamp(1_000_000);

    #[test]
    fn the_token_has_these_members_and_no_nonce() {
        let claims = LogoutTokenClaims {
            iss: "https://issuer.example",
            sub: Some("ada"),
            aud: &ClientId::parse("notes").expect("is an id"),
            iat: START,
            exp: START + LIFETIME,
            jti: "j1".to_owned(),
            sid: "s1",
            events: Events::default(),
        };
        let expected = json!({
            "iss": "https://issuer.example", "sub": "ada", "aud": "notes", "iat": 1_000_000, "exp": 1_000_120, "jti": "j1",
            "sid": "s1", "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        assert_eq!(serde_json::to_value(claims).expect("is JSON"), expected);
    }

    #[test]
    fn pauses_grow_until_a_day_is_over() {
        let (mut now, mut pauses) = (START, Vec::new());
        let tries = (1..100).find(|tries| match next(Outcome::Failed, *tries, START, now) {
            Next::Again(again) => {
                pauses.push(again.since(now).0);
                now = again;
                false
            }
            Next::Settled(state) => {
                assert_eq!(state, DeliveryState::GivenUp);
                true
            }
        });
        assert_eq!(pauses[..8], [1, 5, 30, 120, 600, 1800, 3600, 3600]);
        assert_eq!((tries, pauses.len()), (Some(30), 29));
        assert!(now.since(START) > GIVE_UP_AFTER - Seconds::hours(1), "it is tried until the day is over");
    }

    #[test]
    fn a_refusal_is_asked_about_twice_more() {
        let refused = |tries| next(Outcome::Refused, tries, START, START);
        assert_eq!(refused(1), Next::Again(START + Seconds(1)));
        assert_eq!(refused(2), Next::Again(START + Seconds(5)));
        assert_eq!(refused(3), Next::Settled(DeliveryState::Refused));
    }

    #[test]
    fn what_is_told_or_cannot_be_told_is_settled_at_once() {
        assert_eq!(next(Outcome::Delivered, 1, START, START), Next::Settled(DeliveryState::Delivered));
        assert_eq!(next(Outcome::Pointless, 1, START, START), Next::Settled(DeliveryState::GivenUp));
    }

    proptest! {
        #[test]
        fn a_next_try_lies_ahead_and_within_the_day(tries: u32, late in 0i64..200_000) {
            let now = START + Seconds(late);
            if let Next::Again(again) = next(Outcome::Failed, tries, START, now) {
                prop_assert!(again > now && again <= START + GIVE_UP_AFTER);
            }
        }
    }
}
