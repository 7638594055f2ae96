//! A grant: one authorization of one person for one client, the whole row of the table `grants`, and its life.
//!
//! Issued (a code is out) → active (a refresh generation lives) → ended. Each step is one conditional UPDATE in the
//! store; the rules that choose the step are in `authorization_code.rs` and `refresh_token.rs`.

use crate::audience::MAX_ACCESS_TOKEN_LIFETIME;
use crate::claims::ClaimsRequest;
use crate::closed_set::closed_set;
use crate::ids::{ClientId, GrantId, SessionId, UserId};
use crate::pkce::Challenge;
use crate::scope::{OFFLINE_ACCESS, Scope};
use crate::secret::TokenHash;
use crate::time::{Seconds, Timestamp};

/// How often a refresh token of this grant has been exchanged. 0 until the code is redeemed; counts up, never goes
/// back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub i64);

impl Generation {
    /// What an authorization starts with: its code is out, no refresh token exists.
    pub const UNREDEEMED: Self = Self(0);
    /// The generation of the refresh token that comes with the redeemed code.
    pub const FIRST: Self = Self(1);

    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

closed_set! {
    /// Why a grant no longer lives.
    pub enum EndReason {
        CodeReused = "code_reused",
        RefreshReused = "refresh_reused",
        Revoked = "revoked",
        Logout = "logout",
        ConsentWithdrawn = "consent_withdrawn",
        PasswordChanged = "password_changed",
        UserDisabled = "user_disabled",
        ClientDisabled = "client_disabled",
        ClientDeleted = "client_deleted",
    }
}

/// Everything that was decided when the person said yes. `auth_time`, `acr` and `amr` never change afterwards.
#[derive(Clone, Debug)]
pub struct Grant {
    pub id: GrantId,
    pub user_id: UserId,
    pub client_id: ClientId,
    /// What [`crate::subject::sector`] said of the client when the grant was made.
    pub sector: Option<String>,
    /// The browser session that it came from.
    pub session_id: Option<SessionId>,
    pub scope: Scope,
    pub claims: ClaimsRequest,
    pub nonce: Option<String>,
    pub redirect_uri: String,
    pub code_challenge: Option<Challenge>,
    pub auth_time: Timestamp,
    pub acr: String,
    pub amr: Vec<String>,
    /// 22 random characters; the check value of every refresh token depends on them.
    pub salt: String,
    pub code_hash: TokenHash,
    pub code_expires_at: Timestamp,
    pub redeemed_at: Option<Timestamp>,
    pub generation: Generation,
    pub rotated_at: Option<Timestamp>,
    /// Moves forward with each use; equal to `code_expires_at` until the code is redeemed.
    pub idle_expires_at: Timestamp,
    /// The absolute end, set once: every token of the grant inherits it.
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub end_reason: Option<EndReason>,
}

/// The configured lifetimes that bound a new authorization.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    pub code: Seconds,
    pub access_token: Seconds,
    pub refresh_token: Seconds,
}

impl Lifetimes {
    /// How long the row of an authorization is needed: as long as any token of it can live. `scope` is that of a checked request,
    /// so `offline_access` is in it only where the client may refresh.
    pub fn of_grant(&self, scope: &Scope) -> Seconds {
        if scope.contains(OFFLINE_ACCESS) {
            self.refresh_token
        } else {
            self.code + self.access_token.max(MAX_ACCESS_TOKEN_LIFETIME)
        }
    }
}

/// Where a grant stands, whatever the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Issued,
    Active(Generation),
    Ended,
}

impl Grant {
    pub fn life(&self) -> Life {
        match (self.ended_at, self.redeemed_at) {
            (Some(_), _) => Life::Ended,
            (None, Some(_)) => Life::Active(self.generation),
            (None, None) => Life::Issued,
        }
    }

    /// Whether access tokens of this grant are still good: it was redeemed, has not ended and its absolute end is
    /// ahead.
    pub fn lives(&self, now: Timestamp) -> bool {
        matches!(self.life(), Life::Active(_)) && now < self.expires_at
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::client::tests::sample as client;
    use crate::grant::RedeemRequest;
    use crate::grant::authorization_code::{self, HashMatch, Redeem};
    use crate::grant::refresh_token::{self, Policy, Refresh, Rotation};
    use crate::pkce::Verifier;
    use crate::secret::SecretString;
    use proptest::prelude::*;

    pub(crate) const CREATED: Timestamp = Timestamp(1_000);
    pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    /// A grant of [`crate::client::tests::sample`] whose code was just issued.
    pub(crate) fn sample() -> Grant {
        let code_expires_at = CREATED + Seconds(60);
        Grant {
            id: GrantId::from_random([1; 16]),
            user_id: UserId::parse("ada").expect("is an id"),
            client_id: client().id,
            sector: None,
            session_id: None,
            scope: Scope::parse("openid profile").expect("is a scope"),
            claims: ClaimsRequest::default(),
            nonce: None,
            redirect_uri: "https://notes.example/callback".to_owned(),
            code_challenge: Some(Challenge::of(&Verifier::parse(VERIFIER).expect("of RFC 7636, appendix B"))),
            auth_time: CREATED,
            acr: "1".to_owned(),
            amr: vec!["pwd".to_owned()],
            salt: "s".repeat(22),
            code_hash: TokenHash::of(b"secret"),
            code_expires_at,
            redeemed_at: None,
            generation: Generation::UNREDEEMED,
            rotated_at: None,
            idle_expires_at: code_expires_at,
            expires_at: CREATED + Seconds(100_000),
            created_at: CREATED,
            ended_at: None,
            end_reason: None,
        }
    }

    pub(crate) fn redeemed(at: Timestamp) -> Grant {
        let idle_expires_at = at + Seconds(10_000);
        Grant { redeemed_at: Some(at), generation: Generation::FIRST, idle_expires_at, ..sample() }
    }

    pub(crate) fn ended(at: Timestamp) -> Grant {
        Grant { ended_at: Some(at), end_reason: Some(EndReason::Revoked), ..redeemed(CREATED) }
    }

    pub(crate) fn right_request() -> RedeemRequest {
        RedeemRequest {
            code: SecretString::new("g.secret".to_owned()),
            redirect_uri: Some("https://notes.example/callback".to_owned()),
            code_verifier: Some(SecretString::new(VERIFIER.to_owned())),
        }
    }

    #[test]
    fn a_grant_is_issued_then_active_then_ended() {
        assert_eq!(sample().life(), Life::Issued);
        assert_eq!(redeemed(CREATED).life(), Life::Active(Generation::FIRST));
        assert_eq!(ended(CREATED).life(), Life::Ended);
        let never_redeemed = Grant { ended_at: Some(CREATED), ..sample() };
        assert_eq!(never_redeemed.life(), Life::Ended);
    }

    #[test]
    fn access_tokens_live_from_redemption_to_the_absolute_end() {
        assert!(!sample().lives(CREATED));
        let grant = redeemed(CREATED);
        assert!(grant.lives(CREATED) && !grant.lives(grant.expires_at));
        assert!(!ended(CREATED).lives(CREATED));
    }

    #[test]
    fn a_row_is_kept_as_long_as_any_token_of_it_can_live() {
        let lifetimes = Lifetimes { code: Seconds(60), access_token: Seconds(600), refresh_token: Seconds::days(90) };
        let of_grant = |scope: &str| lifetimes.of_grant(&Scope::parse(scope).expect("is a scope"));
        assert_eq!(of_grant("openid offline_access"), Seconds::days(90));
        assert_eq!(of_grant("openid notes:read"), Seconds(60 + 86_400), "an API may give its tokens a day");
    }

    #[test]
    fn every_end_reason_reads_back() {
        assert!(EndReason::ALL.iter().all(|reason| EndReason::parse(reason.name()) == Some(*reason)));
        assert_eq!(EndReason::parse("expired"), None);
    }

    /// What a thief and the owner may do, in any order.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        Redeem,
        Refresh { age: i64 },
        Wait(i64),
    }

    fn any_event() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(Event::Redeem),
            (0i64..4).prop_map(|age| Event::Refresh { age }),
            (0i64..70).prop_map(Event::Wait),
        ]
    }

    /// Carries a decision out as the store would. Says whether a token left.
    fn apply(grant: &mut Grant, event: Event, now: &mut Timestamp) -> bool {
        const ROTATE: Policy = Policy::Rotate { retry_window: Seconds(30) };
        match event {
            Event::Wait(seconds) => *now = *now + Seconds(seconds),
            Event::Redeem => match authorization_code::decide(grant, HashMatch::Yes, &client(), &right_request(), *now)
            {
                Redeem::Redeem => {
                    *grant = Grant { salt: grant.salt.clone(), ..redeemed(*now) };
                    return true;
                }
                Redeem::Reused => end(grant, EndReason::CodeReused, *now),
                Redeem::Refuse(_) => {}
            },
            Event::Refresh { age } => {
                let presented = Generation(grant.generation.0 - age);
                match refresh_token::decide(&Rotation::from(&*grant), presented, ROTATE, *now) {
                    Refresh::Rotate { from } => {
                        grant.generation = from.next();
                        grant.rotated_at = Some(*now);
                        return true;
                    }
                    Refresh::Repeat(_) => return true,
                    Refresh::End => end(grant, EndReason::RefreshReused, *now),
                    Refresh::Refuse(_) => {}
                }
            }
        }
        false
    }

    fn end(grant: &mut Grant, reason: EndReason, now: Timestamp) {
        (grant.ended_at, grant.end_reason) = (Some(now), Some(reason));
    }

    proptest! {
        /// RFC 9700 §4.14.2, RFC 6749 §4.1.2: whoever copied what, after the copy is noticed no token leaves and none
        /// lives.
        #[test]
        fn after_a_reuse_nothing_lives(events in proptest::collection::vec(any_event(), 1..40)) {
            let (mut grant, mut now) = (sample(), CREATED);
            let mut redemptions = 0;
            for event in events {
                let over = grant.life() == Life::Ended;
                let generation = grant.generation;
                let left = apply(&mut grant, event, &mut now);
                redemptions += usize::from(left && matches!(event, Event::Redeem));
                prop_assert!(redemptions <= 1, "a code is redeemed once");
                prop_assert!(grant.generation >= generation, "a generation never goes back");
                prop_assert!(!over || (!left && grant.life() == Life::Ended && !grant.lives(now)));
            }
        }
    }
}
