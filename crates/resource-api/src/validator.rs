//! Every rule that an access token must obey before it counts (RFC 9068 §4, RFC 8725 §3), in a fixed order.
//!
//! Size, header, issuer, type, key, signature, claims. Nothing is fetched for a token of another issuer or type. How issuers differ
//! is in `issuers.rs`; permissions are for the guards.

use std::sync::Arc;

use jwt::access_token::TYP;
use jwt::claims::{Audience, TimeCheck, Times, check_audience, check_issuer, check_times};
use jwt::verify::{self, Expected, VerifyError, same_type};
use protocol::time::{Seconds, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::caller::{CredentialKind, Identity};
use crate::config::Settings;
use crate::credential::Token;
use crate::issuers::TrustedIssuer;
use crate::jwks_cache::{JwksCache, NoKey};

/// Longer tokens are refused before anything is decoded.
const MAX_TOKEN: usize = 8 * 1024;
const LEEWAY: Seconds = Seconds(30);

const MAX_IDENTIFIER: usize = 255;

#[derive(Debug)]
pub(crate) struct Validator {
    audience: String,
    issuers: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    trusted: TrustedIssuer,
    keys: Arc<JwksCache>,
}

/// Why a token does not count. The sentence is for the client: it names the rule and repeats nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenRefused {
    #[error("the token is longer than 8 KiB")]
    TooLong,
    #[error(transparent)]
    Jwt(#[from] VerifyError),
    #[error("the token has no claim {0}, or an empty one")]
    MissingClaim(&'static str),
    #[error("the claim {0} has a form that is not accepted here")]
    MalformedClaim(&'static str),
    #[error("this is an ID token; send the access token")]
    IdToken,
    #[error("the token is bound to a key and cannot be used as a plain bearer token")]
    SenderConstrained,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAccepted {
    Refused(TokenRefused),
    KeysUnavailable { retry_after: Seconds },
}

/// The one claim that is read before the signature is checked: it decides whether to look for keys at all.
#[derive(Deserialize)]
struct ClaimedIssuer {
    iss: Option<String>,
}

/// The registered claims of a verified token; each may still be missing.
#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    exp: Option<Timestamp>,
    nbf: Option<Timestamp>,
    iat: Option<Timestamp>,
    jti: Option<String>,
    scope: Option<String>,
    auth_time: Option<Timestamp>,
    acr: Option<String>,
}

impl Validator {
    /// `keys`: in the order of the issuers.
    pub(crate) fn new(settings: &Settings, keys: &[Arc<JwksCache>]) -> Self {
        let known =
            |(trusted, keys): (&TrustedIssuer, &Arc<_>)| Known { trusted: trusted.clone(), keys: Arc::clone(keys) };
        let issuers = settings.issuers.iter().zip(keys).map(known).collect();
        Self { audience: settings.audience.clone(), issuers }
    }

    pub(crate) async fn validate(&self, token: Token<'_>, now: Timestamp) -> Result<Identity, NotAccepted> {
        let token = token.expose();
        if token.len() > MAX_TOKEN {
            return Err(TokenRefused::TooLong.into());
        }
        let header = verify::peek(token)?;
        let claimed: ClaimedIssuer = verify::unverified_claims(token)?;
        let claimed = required(claimed.iss, "iss")?;
        let known = self.issuers.iter().find(|known| known.trusted.issuer.as_str() == claimed);
        let Known { trusted, keys } = known.ok_or(VerifyError::Issuer)?;
        check_type(header.typ.as_deref(), trusted)?;
        let expected = Expected { typ: &[], algorithms: &trusted.algorithms };
        if !trusted.algorithms.contains(&header.alg) {
            return Err(VerifyError::Algorithm.into());
        }
        let verify = |key: &_| verify::verify::<Map<String, Value>>(token, key, &expected);
        match keys.with_key(header.kid.as_deref(), header.alg, verify).await {
            Ok(claims) => Ok(self.accept(claims?, trusted, now)?),
            Err(NoKey::Unknown) => Err(VerifyError::UnknownKey.into()),
            Err(NoKey::Unavailable { retry_after }) => Err(NotAccepted::KeysUnavailable { retry_after }),
        }
    }

    /// RFC 9068 §2.2 says which claims an access token must have; a missing one is a refusal, never a default. Of other issuers those
    /// that decide something are demanded.
    fn accept(
        &self,
        members: Map<String, Value>,
        trusted: &TrustedIssuer,
        now: Timestamp,
    ) -> Result<Identity, TokenRefused> {
        let claims = Claims::deserialize(&members).map_err(|_| VerifyError::Claims)?;
        let strict = trusted.claims.is_strict();
        check_issuer(&required(claims.iss, "iss")?, trusted.issuer.as_str())?;
        let audience = claims.aud.ok_or(TokenRefused::MissingClaim("aud"))?;
        check_audience(&audience, &self.audience)?;
        let exp = claims.exp.ok_or(TokenRefused::MissingClaim("exp"))?;
        if strict && claims.iat.is_none() {
            return Err(TokenRefused::MissingClaim("iat"));
        }
        check_times(&Times { exp: Some(exp), nbf: claims.nbf, iat: claims.iat }, &TimeCheck { now, leeway: LEEWAY })?;
        if members.contains_key("nonce") || members.contains_key("at_hash") {
            return Err(TokenRefused::IdToken);
        }
        // RFC 9449 §7.1, RFC 8705 §3: without the proof such a token is worth nothing.
        if members.contains_key("cnf") {
            return Err(TokenRefused::SenderConstrained);
        }
        if strict {
            identifier(claims.jti, "jti")?;
        }
        let client_id = client_id(&members, trusted)?;
        let roles = trusted.claims.permissions(&members, &self.audience);
        Ok(Identity {
            issuer: trusted.issuer.as_str().to_owned(),
            subject: identifier(claims.sub, "sub")?,
            client_id,
            kind: CredentialKind::AccessToken,
            scope: scope(claims.scope)?,
            roles,
            auth_time: claims.auth_time,
            acr: claims.acr,
            expires_at: Some(exp),
            claims: members,
        })
    }
}

/// An identifier, which may become the key of somebody's data: 1 to 255 characters (OpenID Connect Core §2), no control characters.
fn identifier(claim: Option<String>, name: &'static str) -> Result<String, TokenRefused> {
    let text = required(claim, name)?;
    let fits = text.len() <= MAX_IDENTIFIER && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err(TokenRefused::MalformedClaim(name)) }
}

/// RFC 6749 §3.3: visible ASCII without quote and backslash, separated by single spaces.
fn scope(claim: Option<String>) -> Result<String, TokenRefused> {
    let scope = claim.unwrap_or_default();
    let token = |token: &str| token.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    if scope.split(' ').all(token) { Ok(scope) } else { Err(TokenRefused::MalformedClaim("scope")) }
}

fn client_id(members: &Map<String, Value>, trusted: &TrustedIssuer) -> Result<Option<String>, TokenRefused> {
    let names = trusted.claims.client_claims().iter();
    let mut claims = names.filter_map(|name| members.get(*name)).filter(|claim| !claim.is_null());
    match claims.next() {
        Some(Value::String(id)) => identifier(Some(id.clone()), "client_id").map(Some),
        None if !trusted.claims.is_strict() => Ok(None),
        None => Err(TokenRefused::MissingClaim("client_id")),
        Some(_) => Err(TokenRefused::MalformedClaim("client_id")),
    }
}

/// RFC 9068 §4: "MUST verify that the "typ" header value is "at+jwt" or "application/at+jwt"". Issuers from before that RFC write
/// `JWT` or nothing.
fn check_type(typ: Option<&str>, trusted: &TrustedIssuer) -> Result<(), VerifyError> {
    let plain = trusted.claims.accepts_plain_jwt() && typ.is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
    let accepted = plain || typ.is_some_and(|typ| same_type(TYP, typ));
    if accepted { Ok(()) } else { Err(VerifyError::Type) }
}

fn required(claim: Option<String>, name: &'static str) -> Result<String, TokenRefused> {
    claim.filter(|value| !value.is_empty()).ok_or(TokenRefused::MissingClaim(name))
}

impl From<TokenRefused> for NotAccepted {
    fn from(refusal: TokenRefused) -> Self {
        Self::Refused(refusal)
    }
}

impl From<VerifyError> for NotAccepted {
    fn from(error: VerifyError) -> Self {
        Self::Refused(error.into())
    }
}
