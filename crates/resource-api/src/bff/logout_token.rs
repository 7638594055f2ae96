//! The rules of a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6), in the order of the specification. Its
//! signature is verified with the issuer's keys; fetching those, and ending sessions, is for `backchannel.rs`.

use jwt::claims::{Audience, TimeCheck, Times, check_issuer, check_times};
use jwt::jwks::JwkSet;
use jwt::verify::{self, Expected, VerifyError};
use protocol::secret::TokenHash;
use protocol::signing::SigningAlgorithm;
use protocol::time::{Seconds, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::bff::store::LogoutNotice;

/// Longer tokens are refused before anything is decoded.
pub(crate) const MAX_TOKEN: usize = 8 * 1024;
/// The `typ` of the header (§2.4): no other token of the issuer passes for one.
const TYP: &str = "logout+jwt";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const LEEWAY: Seconds = Seconds(60);
/// So long a `sid` that was named is remembered at least: as long as a sign-in may be under way.
const REMEMBER: Seconds = Seconds::hours(1);

const EXPECTED: Expected<'static> = Expected { typ: &[TYP], algorithms: SigningAlgorithm::ALL };

/// Whose tokens, for whom, at which time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) now: Timestamp,
}

/// Why a logout token does not count. The sentence is for the issuer's operator and repeats nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotALogout {
    #[error(transparent)]
    Jwt(#[from] VerifyError),
    #[error("the logout token has no claim {0}, or one of a form that is not accepted")]
    Claim(&'static str),
    #[error("the logout token is for other clients as well")]
    OtherAudience,
    #[error("the logout token has neither sub nor sid")]
    Nobody,
    #[error("the events of the logout token have no back-channel logout")]
    NoEvent,
    #[error("the logout token has a nonce, so it is an ID token")]
    Nonce,
}

/// Members of a verified token; each may be missing or of another kind.
#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<Audience>,
    iat: Option<Timestamp>,
    exp: Option<Timestamp>,
    nbf: Option<Timestamp>,
    jti: Option<String>,
    sub: Option<Value>,
    sid: Option<Value>,
    events: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "present")]
    nonce: bool,
}

pub(crate) fn check(token: &str, keys: &JwkSet, context: Context<'_>) -> Result<LogoutNotice, NotALogout> {
    if token.len() > MAX_TOKEN {
        return Err(VerifyError::TooLong.into());
    }
    // §2.6 item 2: as an ID token; "alg" is never "none" nor a shared secret here.
    let claims: Claims = keys.verify(token, &EXPECTED)?;
    // Item 3: iss, aud, iat and exp as in an ID token (OpenID Connect Core §3.1.3.7).
    check_issuer(&required(claims.iss, "iss")?, context.issuer)?;
    let audience = claims.aud.ok_or(NotALogout::Claim("aud"))?;
    if !audience.contains(context.client_id) {
        return Err(VerifyError::Audience.into());
    }
    if audience.iter().any(|other| other != context.client_id) {
        return Err(NotALogout::OtherAudience);
    }
    let times = Times { exp: claims.exp, nbf: claims.nbf, iat: claims.iat };
    check_times(&times, &TimeCheck { now: context.now, leeway: LEEWAY })?;
    claims.iat.ok_or(NotALogout::Claim("iat"))?;
    // Item 4: "Verify that the Logout Token contains a sub Claim, a sid Claim, or both."
    let (sub, sid) = (text(claims.sub, "sub")?, text(claims.sid, "sid")?);
    if sub.is_none() && sid.is_none() {
        return Err(NotALogout::Nobody);
    }
    // Item 5: the value of the member is a JSON object, empty or not.
    if !claims.events.is_some_and(|events| events.get(EVENT).is_some_and(Value::is_object)) {
        return Err(NotALogout::NoEvent);
    }
    // Item 6: "Verify that the Logout Token does not contain a nonce Claim."
    if claims.nonce {
        return Err(NotALogout::Nonce);
    }
    // Item 7 is the store's: it remembers the `jti`.
    let jti = required(claims.jti, "jti")?;
    let expiry = claims.exp.unwrap_or(context.now) + LEEWAY;
    let remember_until = expiry.max(context.now + REMEMBER);
    let jti_hash = TokenHash::of(jti.as_bytes()).as_str().to_owned();
    Ok(LogoutNotice { jti_hash, sid, sub, at: context.now, remember_until })
}

/// Whether the token claims to be of this issuer: nothing is fetched for others.
pub(crate) fn claims_issuer(token: &str, issuer: &str) -> bool {
    #[derive(Deserialize)]
    struct Claimed {
        iss: Option<String>,
    }
    token.len() <= MAX_TOKEN
        && verify::unverified_claims::<Claimed>(token).is_ok_and(|claimed| claimed.iss.as_deref() == Some(issuer))
}

fn required(claim: Option<String>, name: &'static str) -> Result<String, NotALogout> {
    claim.filter(|text| !text.is_empty()).ok_or(NotALogout::Claim(name))
}

fn text(claim: Option<Value>, name: &'static str) -> Result<Option<String>, NotALogout> {
    match claim {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(NotALogout::Claim(name)),
    }
}

/// Also for `null`: the member is there.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

#[cfg(test)]
#[path = "logout_token_tests.rs"]
mod tests;
