//! What may happen when a client presents a refresh token (RFC 6749 §6, RFC 9700 §4.14.2), and what such a token looks
//! like.
//!
//! A grant has one live *generation*. A token names its grant and the generation that it was made for, and carries a
//! check value over both. Whoever calls [`decide`] verified the check value before, so every generation that gets there
//! is authentic. This file decides; the shell carries it out, and its one conditional UPDATE has the last word in a
//! race.

use std::fmt;

use super::state::{Generation, Grant, Life};
use crate::client::{Client, GrantType};
use crate::error::{ErrorCode, OAuthError};
use crate::ids::GrantId;
use crate::scope::{self, Scope};
use crate::secret::SecretString;
use crate::time::{Seconds, Timestamp};

/// The part of a grant that this rule reads.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    pub live: Generation,
    pub rotated_at: Timestamp,
    pub idle_expires_at: Timestamp,
    pub expires_at: Timestamp,
    pub life: Life,
}

impl From<&Grant> for Rotation {
    fn from(grant: &Grant) -> Self {
        Self {
            live: grant.generation,
            rotated_at: grant.rotated_at.or(grant.redeemed_at).unwrap_or(grant.created_at),
            idle_expires_at: grant.idle_expires_at,
            expires_at: grant.expires_at,
            life: grant.life(),
        }
    }
}

/// Whether tokens of this client change on use (RFC 9700 §2.2.2 asks for rotation or key-bound tokens). `Keep` is for confidential
/// clients with key-bound tokens (FAPI 2 §5.3.2.1); there are none yet, so all rotate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    Keep,
    /// For `retry_window` the predecessor of a token still gets the answer that was lost on the way.
    Rotate {
        retry_window: Seconds,
    },
}

/// What to do with the request. Every variant is one line in the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// Advance the grant from `from` and answer with the token of `from.next()`.
    Rotate { from: Generation },
    /// Write nothing; answer with the token of this generation. The first answer was lost, or two tabs asked at once.
    Repeat(Generation),
    /// Refuse with `invalid_grant`.
    Refuse(Why),
    /// Somebody holds a copy: end the grant, then refuse with `invalid_grant`.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    NotRedeemed,
    Ended,
    Expired,
}

impl Why {
    /// The cause, for the log.
    pub fn cause(self) -> &'static str {
        match self {
            Self::NotRedeemed => "the grant's code was never redeemed",
            Self::Ended => "the grant has ended",
            Self::Expired => "the grant has expired",
        }
    }
}

impl From<Why> for OAuthError {
    fn from(why: Why) -> Self {
        let description = match why {
            Why::NotRedeemed | Why::Ended => "the refresh token is no longer valid",
            Why::Expired => "the refresh token has expired",
        };
        Self::new(ErrorCode::InvalidGrant, description).at("refresh_token")
    }
}

pub fn decide(grant: &Rotation, presented: Generation, policy: Policy, now: Timestamp) -> Refresh {
    match grant.life {
        Life::Ended => return Refresh::Refuse(Why::Ended),
        Life::Issued => return Refresh::Refuse(Why::NotRedeemed),
        Life::Active(_) => {}
    }
    if now >= grant.expires_at || now >= grant.idle_expires_at {
        return Refresh::Refuse(Why::Expired);
    }
    match policy {
        Policy::Keep => Refresh::Repeat(grant.live),
        // A newer one than the row knows exists only after a restored backup or a fail-over: go on from it.
        Policy::Rotate { .. } if presented >= grant.live => Refresh::Rotate { from: presented },
        Policy::Rotate { retry_window } if presented.next() == grant.live && now < grant.rotated_at + retry_window => {
            Refresh::Repeat(grant.live)
        }
        // RFC 9700 §4.14.2: on reuse, "the authorization server cannot determine which party submitted the invalid
        // refresh token, but it will revoke the active refresh token".
        Policy::Rotate { .. } => Refresh::End,
    }
}

/// Whether a client gets refresh tokens with a grant of this scope. With offline access every client that is registered for
/// both. Without it a confidential client: "The use of Refresh Tokens is not exclusive to the offline_access use case" (OpenID
/// Connect Core §11), and such a grant ends with its session ([`super::active::outlives_session`]), after a day at the latest.
pub fn may_refresh(client: &Client, granted: &Scope) -> bool {
    let is_offline = granted.intersect(&client.scope).contains(scope::OFFLINE_ACCESS);
    client.allows(GrantType::RefreshToken)
        && (is_offline || client.is_confidential() && !granted.contains(scope::OFFLINE_ACCESS))
}

/// The scope of the new access token: nothing that the client is no longer registered for. The refresh token that goes with it
/// keeps the whole grant.
pub fn narrow(granted: &Scope, registered: &Scope, asked: Option<&Scope>) -> Result<Scope, OAuthError> {
    let today = granted.intersect(registered);
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return Ok(today);
    };
    // RFC 6749 §6: "The requested scope MUST NOT include any scope not originally granted by the resource owner".
    match asked.iter().find(|token| !today.contains(token.as_str())) {
        None => Ok(asked.clone()),
        Some(extra) => {
            let description = format!("scope {extra} was not granted, or the client is no longer registered for it");
            Err(OAuthError::new(ErrorCode::InvalidScope, description).at("scope"))
        }
    }
}

/// `<grant id>.<generation>.<43 characters of check value>`. Computable by whoever has the key and the row, by nobody
/// else.
#[derive(Clone)]
pub struct RefreshToken {
    pub grant: GrantId,
    pub generation: Generation,
    pub check: String,
}

const CHECK_LENGTH: usize = 43;

impl RefreshToken {
    /// `None` for anything that [`RefreshToken::print`] could not have printed. Nothing is verified yet.
    pub fn parse(token: &str) -> Option<Self> {
        let mut parts = token.rsplitn(3, '.');
        let (check, generation, grant) = (parts.next()?, parts.next()?, parts.next()?);
        if check.len() != CHECK_LENGTH || !check.bytes().all(is_base64url) {
            return None;
        }
        let number: i64 = generation.parse().ok().filter(|number| *number >= Generation::FIRST.0)?;
        if number.to_string() != generation {
            return None;
        }
        let grant = GrantId::parse(grant).ok()?;
        Some(Self { grant, generation: Generation(number), check: check.to_owned() })
    }

    pub fn print(&self) -> SecretString {
        SecretString::new(format!("{}.{}.{}", self.grant, self.generation.0, self.check))
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("grant", &self.grant)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// What the check value is computed over. NUL appears in none of the parts, so no two triples share an input.
pub fn mac_input(salt: &str, grant: &GrantId, generation: Generation) -> Vec<u8> {
    format!("refresh_token\0{salt}\0{grant}\0{}", generation.0).into_bytes()
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::TokenEndpointAuthMethod;
    use crate::client::tests::sample as client;
    use proptest::prelude::*;

    const ROTATE: Policy = Policy::Rotate { retry_window: Seconds(30) };

    fn grant(live: i64, rotated_at: i64) -> Rotation {
        Rotation {
            live: Generation(live),
            rotated_at: Timestamp(rotated_at),
            idle_expires_at: Timestamp(10_000),
            expires_at: Timestamp(20_000),
            life: Life::Active(Generation(live)),
        }
    }

    fn scope(text: &str) -> Scope {
        Scope::parse(text).expect("is a scope")
    }

    #[test]
    fn the_live_token_rotates() {
        let step = decide(&grant(4, 100), Generation(4), ROTATE, Timestamp(500));
        assert_eq!(step, Refresh::Rotate { from: Generation(4) });
    }

    #[test]
    fn a_lost_answer_can_be_asked_for_again() {
        let step = decide(&grant(4, 100), Generation(3), ROTATE, Timestamp(129));
        assert_eq!(step, Refresh::Repeat(Generation(4)));
    }

    #[test]
    fn after_the_window_the_previous_token_is_a_copy() {
        assert_eq!(decide(&grant(4, 100), Generation(3), ROTATE, Timestamp(130)), Refresh::End);
    }

    #[test]
    fn without_a_window_the_previous_token_is_a_copy_at_once() {
        let strict = Policy::Rotate { retry_window: Seconds(0) };
        assert_eq!(decide(&grant(4, 100), Generation(3), strict, Timestamp(100)), Refresh::End);
    }

    #[test]
    fn a_token_newer_than_the_row_goes_on_from_itself() {
        let step = decide(&grant(4, 100), Generation(6), ROTATE, Timestamp(500));
        assert_eq!(step, Refresh::Rotate { from: Generation(6) });
    }

    #[test]
    fn an_idle_or_old_grant_has_expired() {
        let refused = Refresh::Refuse(Why::Expired);
        assert_eq!(decide(&grant(4, 100), Generation(4), ROTATE, Timestamp(10_000)), refused);
        let never_idle = Rotation { idle_expires_at: Timestamp(i64::MAX), ..grant(4, 100) };
        assert_eq!(decide(&never_idle, Generation(4), ROTATE, Timestamp(20_000)), refused);
    }

    #[test]
    fn a_grant_whose_code_is_still_out_has_no_refresh_token() {
        let issued = Rotation { life: Life::Issued, ..grant(0, 0) };
        let step = decide(&issued, Generation(1), ROTATE, Timestamp(10));
        assert_eq!(step, Refresh::Refuse(Why::NotRedeemed));
    }

    #[test]
    fn a_key_bound_client_keeps_its_token() {
        let step = decide(&grant(1, 100), Generation(1), Policy::Keep, Timestamp(9_000));
        assert_eq!(step, Refresh::Repeat(Generation(1)));
    }

    #[test]
    fn scope_may_shrink_and_never_grow() {
        let granted = scope("openid profile notes:read");
        let registered = scope("openid profile notes:read notes:write");
        assert_eq!(narrow(&granted, &registered, None), Ok(granted.clone()));
        assert_eq!(narrow(&granted, &registered, Some(&scope("notes:read"))), Ok(scope("notes:read")));
        let error = narrow(&granted, &registered, Some(&scope("openid notes:write"))).expect_err("was not granted");
        assert_eq!((error.code, error.parameter), (ErrorCode::InvalidScope, Some("scope")));
        assert!(error.description.contains("notes:write"));
    }

    #[test]
    fn what_the_client_lost_is_lost_at_the_next_refresh() {
        let (granted, registered) = (scope("openid profile notes:read"), scope("openid notes:read"));
        assert_eq!(narrow(&granted, &registered, None), Ok(scope("openid notes:read")));
        let error = narrow(&granted, &registered, Some(&scope("profile"))).expect_err("is no longer registered");
        assert_eq!(error.code, ErrorCode::InvalidScope);
    }

    #[test]
    fn refresh_tokens_need_offline_access_or_a_confidential_client_and_the_registration_for_it() {
        let offline = scope("openid offline_access");
        let public = Client { token_endpoint_auth_method: TokenEndpointAuthMethod::None, ..client() };
        assert!(may_refresh(&client(), &offline) && may_refresh(&public, &offline));
        assert!(may_refresh(&client(), &scope("openid")), "bound to the session");
        assert!(!may_refresh(&public, &scope("openid")));
        assert!(!may_refresh(
            &Client { grant_types: vec![GrantType::AuthorizationCode], ..client() },
            &scope("openid")
        ));
        assert!(!may_refresh(&Client { scope: scope("openid"), ..client() }, &offline));
        assert!(!may_refresh(&Client { grant_types: vec![GrantType::AuthorizationCode], ..client() }, &offline));
    }

    #[test]
    fn a_token_with_another_spelling_is_no_token() {
        let check = "c".repeat(43);
        assert!(RefreshToken::parse(&format!("g.1.{check}")).is_some());
        for token in [
            format!("g.01.{check}"),
            format!("g.+1.{check}"),
            format!("g.0.{check}"),
            format!("g.-1.{check}"),
            format!("g.9223372036854775808.{check}"),
            format!(".1.{check}"),
            format!("1.{check}"),
            format!("g.1.{check}c"),
            format!("g.1.{}", &check[1..]),
            format!("g.1.{}=", &check[1..]),
            format!("g.1 .{check}"),
        ] {
            assert!(RefreshToken::parse(&token).is_none(), "{token}");
        }
    }

    proptest! {
        /// RFC 9700 §4.14.2: a token older than the previous one always ends the grant, whatever the clock says.
        #[test]
        fn an_old_copy_never_gets_a_token(live in 3i64..1000, age in 2i64..1000, now in 0i64..9_999) {
            let presented = Generation((live - age).max(1));
            prop_assert_eq!(decide(&grant(live, now), presented, ROTATE, Timestamp(now)), Refresh::End);
        }

        #[test]
        fn nothing_lives_after_the_end(live in 0i64..9, presented in 0i64..9, now in 0i64..30_000) {
            let ended = Rotation { life: Life::Ended, ..grant(live, 0) };
            for policy in [ROTATE, Policy::Keep] {
                let step = decide(&ended, Generation(presented), policy, Timestamp(now));
                prop_assert_eq!(step, Refresh::Refuse(Why::Ended));
            }
        }

        #[test]
        fn only_one_successor_exists(live in 1i64..9, presented in 1i64..9, now in 0i64..9_999) {
            match decide(&grant(live, 50), Generation(presented), ROTATE, Timestamp(now)) {
                Refresh::Rotate { from } => prop_assert!(from >= Generation(live)),
                Refresh::Repeat(successor) => prop_assert_eq!(successor, Generation(live)),
                Refresh::Refuse(_) | Refresh::End => {}
            }
        }

        #[test]
        fn the_narrowed_scope_was_asked_granted_and_is_registered(
            granted in "[a-e ]{0,9}",
            registered in "[a-e ]{0,9}",
            asked in "[a-e ]{1,9}",
        ) {
            let (granted, registered, asked) = (scope(&granted), scope(&registered), scope(&asked));
            if let Ok(narrowed) = narrow(&granted, &registered, Some(&asked)) {
                prop_assert!(narrowed.is_subset(&granted) && narrowed.is_subset(&registered));
                prop_assert!(asked.is_empty() || narrowed.is_subset(&asked));
            }
        }

        #[test]
        fn a_printed_token_reads_back(id: [u8; 16], generation in 1i64.., check in "[A-Za-z0-9_-]{43}") {
            let token = RefreshToken { grant: GrantId::from_random(id), generation: Generation(generation), check };
            let read = RefreshToken::parse(token.print().expose()).expect("printed by us");
            prop_assert_eq!((&read.grant, read.generation), (&token.grant, token.generation));
            prop_assert_eq!(&read.check, &token.check);
            let shown = format!("{token:?}");
            prop_assert!(!shown.contains(&token.check));
        }

        #[test]
        fn what_reads_as_a_token_prints_the_same(token in "[A-Za-z0-9._-]{1,10}\\.[0-9]{1,20}\\.[A-Za-z0-9_-]{42,44}") {
            if let Some(read) = RefreshToken::parse(&token) {
                let printed = read.print();
                prop_assert_eq!(printed.expose(), &token);
            }
        }

        #[test]
        fn every_salt_grant_and_generation_has_its_own_mac_input(
            one in ("[a-z0-9]{1,3}", "[a-z0-9.]{1,3}", 0i64..99),
            other in ("[a-z0-9]{1,3}", "[a-z0-9.]{1,3}", 0i64..99),
        ) {
            let input = |(salt, grant, generation): &(String, String, i64)| {
                mac_input(salt, &GrantId::parse(grant).expect("is an id"), Generation(*generation))
            };
            prop_assert_eq!(input(&one) == input(&other), one == other);
        }
    }
}
