//! What a client must claim in the JWT that proves it (`private_key_jwt`; RFC 7523 §3, OpenID Connect Core §9).
//!
//! The signature was verified before we get here. Whether the `jti` was spent before is found out by the one insert that the
//! shell does with a `UsedAssertion`.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::{ErrorCode, OAuthError};
use crate::ids::ClientId;
use crate::issuer::Issuer;
use crate::metadata::paths;
use crate::time::{self, Seconds, Timestamp};

/// The types that an assertion may name; naming none is fine, RFC 7523 asks for none. RFC 8725 §3.11 wants different kinds of JWT
/// told apart, so that nothing that was signed for another purpose proves a client.
pub const ASSERTION_TYPES: &[&str] = &["JWT", "client-authentication+jwt"];

const MAX_JTI_LENGTH: usize = 128;
/// Libraries make assertions that live for an hour (Authlib) or ten minutes (idpyoidc). Each is good once, however long it
/// lives, so the bound is for the memory of it.
const MAX_LIFE_AHEAD: Seconds = Seconds::hours(1);
/// How far two honest clocks may differ.
const LEEWAY: Seconds = Seconds(30);

/// The claims of an assertion whose signature was verified (RFC 7523 §3). All optional here, so that `check_assertion` can name
/// the one that is missing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AssertionClaims {
    pub iss: Option<String>,
    pub sub: Option<String>,
    pub aud: Value,
    #[serde(deserialize_with = "numeric_date")]
    pub exp: Option<i64>,
    #[serde(deserialize_with = "numeric_date")]
    pub nbf: Option<i64>,
    #[serde(deserialize_with = "numeric_date")]
    pub iat: Option<i64>,
    pub jti: Option<String>,
}

/// An assertion that must be spent now: remember `jti` for this client until `expires_at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedAssertion {
    pub jti: String,
    pub expires_at: Timestamp,
}

/// RFC 7523 §3 over verified claims.
pub fn check_assertion(
    claims: &AssertionClaims,
    client: &ClientId,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<UsedAssertion, OAuthError> {
    // OpenID Connect Core §9, RFC 7523 §3 item 2.B: issuer and subject are the client.
    if claims.iss.as_deref() != Some(client.as_str()) || claims.sub.as_deref() != Some(client.as_str()) {
        return Err(bad_assertion("iss and sub of the assertion must both be the client id"));
    }
    check_assertion_audience(&claims.aud, issuer)?;
    let expires_at = check_assertion_times(claims, now)?;
    let usable = |jti: &&str| (1..=MAX_JTI_LENGTH).contains(&jti.len()) && !jti.contains(char::is_control);
    let jti = claims.jti.as_deref().filter(usable);
    let jti =
        jti.ok_or_else(|| bad_assertion("the assertion needs a jti of 1 to 128 bytes without control characters"))?;
    Ok(UsedAssertion { jti: jti.to_owned(), expires_at })
}

/// It names us and nobody else, in one string or in a list (RFC 7519 §4.1.3): an assertion for two servers can be replayed by one
/// of them at the other. The URL of our token endpoint names us as well; many client libraries send it, alone or beside the
/// issuer.
fn check_assertion_audience(aud: &Value, issuer: &Issuer) -> Result<(), OAuthError> {
    let names = match aud {
        Value::Array(names) => names.as_slice(),
        one => std::slice::from_ref(one),
    };
    let token_endpoint = issuer.endpoint(paths::TOKEN);
    let is_us = |name: &Value| name.as_str().is_some_and(|name| name == issuer.as_str() || name == token_endpoint);
    if !names.is_empty() && names.iter().all(is_us) {
        Ok(())
    } else {
        Err(bad_assertion("aud of the assertion must be the issuer of this server and nobody else"))
    }
}

/// Until when the assertion would be accepted, which is how long its `jti` has to be remembered.
fn check_assertion_times(claims: &AssertionClaims, now: Timestamp) -> Result<Timestamp, OAuthError> {
    let exp = claims.exp.map(Timestamp).ok_or_else(|| bad_assertion("the assertion needs an exp"))?;
    let accepted_until = exp + LEEWAY;
    if accepted_until <= now {
        return Err(bad_assertion("the assertion has expired"));
    }
    if exp.since(now) > MAX_LIFE_AHEAD + LEEWAY {
        return Err(bad_assertion("exp of the assertion must be at most an hour ahead"));
    }
    let lies_ahead = |claim: Option<i64>| claim.is_some_and(|at| Timestamp(at).since(now) > LEEWAY);
    if lies_ahead(claims.nbf) {
        return Err(bad_assertion("the assertion is not valid yet"));
    }
    if lies_ahead(claims.iat) {
        return Err(bad_assertion("the assertion was issued in the future"));
    }
    Ok(accepted_until)
}

/// RFC 7519 §2: a NumericDate is "a JSON numeric value [...] non-integer values can be represented". A fraction counts for nothing.
fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let Some(value) = Option::<Value>::deserialize(deserializer)? else { return Ok(None) };
    let refused = || serde::de::Error::custom("a time is not a number of seconds");
    time::numeric_date(&value).map(|at| Some(at.0)).ok_or_else(refused)
}

fn bad_assertion(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, description).at("client_assertion")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp(1_700_000_000);

    fn claims() -> AssertionClaims {
        AssertionClaims {
            iss: Some("notes".to_owned()),
            sub: Some("notes".to_owned()),
            aud: "https://auth.example".into(),
            exp: Some(NOW.0 + 60),
            nbf: None,
            iat: Some(NOW.0),
            jti: Some("j1".to_owned()),
        }
    }

    fn check(claims: &AssertionClaims) -> Result<UsedAssertion, OAuthError> {
        check_at(claims, NOW)
    }

    fn check_at(claims: &AssertionClaims, now: Timestamp) -> Result<UsedAssertion, OAuthError> {
        let issuer = Issuer::parse("https://auth.example").expect("is an issuer");
        check_assertion(claims, &ClientId::parse("notes").expect("is an id"), &issuer, now)
    }

    #[test]
    fn a_sound_assertion_is_remembered_as_long_as_it_would_be_accepted() {
        assert_eq!(check(&claims()), Ok(UsedAssertion { jti: "j1".to_owned(), expires_at: NOW + Seconds(90) }));
    }

    #[test]
    fn issuer_and_subject_are_the_client() {
        let other = || Some("other".to_owned());
        for wrong in [
            AssertionClaims { iss: other(), ..claims() },
            AssertionClaims { sub: other(), ..claims() },
            AssertionClaims { iss: other(), sub: other(), ..claims() },
            AssertionClaims { iss: None, ..claims() },
            AssertionClaims { sub: None, ..claims() },
        ] {
            assert_eq!(check(&wrong).expect_err("is refused").code, ErrorCode::InvalidClient);
        }
    }

    #[test]
    fn the_audience_names_us_and_nobody_else() {
        use serde_json::json;
        for (aud, expected) in [
            (json!("https://auth.example"), true),
            (json!("https://auth.example/token"), true),
            (json!("https://auth.example/"), false),
            (json!("https://auth.example/authorize"), false),
            (json!("https://evil.example"), false),
            (json!(["https://auth.example"]), true),
            (json!(["https://auth.example", "https://auth.example/token"]), true),
            (json!([["https://auth.example"]]), false),
            (json!([]), false),
            (json!(["https://evil.example"]), false),
            (json!(["https://auth.example", "https://evil.example"]), false),
            (json!(null), false),
        ] {
            assert_eq!(check(&AssertionClaims { aud: aud.clone(), ..claims() }).is_ok(), expected, "{aud}");
        }
    }

    #[test]
    fn times_hold_at_their_boundaries() {
        let at = |seconds: i64| Some(NOW.0 + seconds);
        for (exp, expected) in [(None, false), (at(-30), false), (at(-29), true), (at(3630), true), (at(3631), false)] {
            assert_eq!(check(&AssertionClaims { exp, ..claims() }).is_ok(), expected, "exp {exp:?}");
        }
        assert!(check(&AssertionClaims { exp: Some(i64::MAX), ..claims() }).is_err());
        for (early, expected) in [(at(30), true), (at(31), false), (Some(i64::MAX), false), (Some(i64::MIN), true)] {
            assert_eq!(check(&AssertionClaims { nbf: early, ..claims() }).is_ok(), expected, "nbf {early:?}");
            assert_eq!(check(&AssertionClaims { iat: early, ..claims() }).is_ok(), expected, "iat {early:?}");
        }
    }

    #[test]
    fn a_jti_is_required_and_short() {
        for (jti, expected) in [(None, false), (Some(0), false), (Some(1), true), (Some(128), true), (Some(129), false)]
        {
            let jti = jti.map(|length| "j".repeat(length));
            assert_eq!(check(&AssertionClaims { jti, ..claims() }).is_ok(), expected);
        }
    }

    proptest! {
        /// A spent `jti` may be forgotten only when the assertion itself is refused for its age.
        #[test]
        fn no_assertion_outlives_the_memory_of_it(exp in -4000i64..4000, later in 0i64..8000) {
            let claims = AssertionClaims { exp: Some(NOW.0 + exp), ..claims() };
            if let Ok(used) = check(&claims) {
                prop_assert!(used.expires_at > NOW && used.expires_at <= NOW + Seconds(3660));
                let again = check_at(&claims, NOW + Seconds(later));
                prop_assert_eq!(again.is_ok(), NOW + Seconds(later) < used.expires_at);
            }
        }
    }
}
