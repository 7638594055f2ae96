//! Every rule that an access token must obey before it counts (RFC 9068 §4, RFC 8725 §3), in a fixed order.
//!
//! Size, header, issuer, key, signature, claims. Nothing is fetched for a token of another issuer or type. The only way to get
//! an [`AccessToken`] is [`Validator::validate`]; permissions are for `caller.rs`.

use std::sync::Arc;

use jwt::access_token::TYP;
use jwt::claims::{Audience, TimeCheck, Times, check_audience, check_issuer, check_times};
use jwt::verify::{self, Expected, VerifyError};
use protocol::ids::{ClientId, TokenId, UserId};
use protocol::issuer::Issuer;
use protocol::scope::Scope;
use protocol::signing::SigningAlgorithm;
use protocol::time::{Seconds, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::credential::Token;
use crate::jwks_cache::{JwksCache, NoKey};

/// Longer tokens are refused before anything is decoded.
const MAX_TOKEN: usize = 8 * 1024;
const LEEWAY: Seconds = Seconds(30);

const EXPECTED: Expected<'static> = Expected { typ: &[TYP], algorithms: SigningAlgorithm::ALL };

#[derive(Debug)]
pub(crate) struct Validator {
    issuer: Issuer,
    audience: String,
    keys: Arc<JwksCache>,
}

/// A token that obeyed every rule.
#[derive(Debug)]
pub(crate) struct AccessToken {
    pub subject: UserId,
    pub client_id: ClientId,
    pub scope: Scope,
}

/// Why a token does not count. The sentence is for the client: it names the rule and repeats nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
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
    Refused(Refusal),
    KeysUnavailable { retry_after: Seconds },
}

/// The one claim that is read before the signature is checked: it decides whether to look for keys at all.
#[derive(Deserialize)]
struct ClaimedIssuer {
    iss: Option<String>,
}

/// Claims of a verified token; each may still be missing.
#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    exp: Option<Timestamp>,
    nbf: Option<Timestamp>,
    iat: Option<Timestamp>,
    jti: Option<String>,
    client_id: Option<String>,
    scope: Option<String>,
    nonce: Option<IgnoredAny>,
    at_hash: Option<IgnoredAny>,
    cnf: Option<IgnoredAny>,
}

impl Validator {
    pub(crate) fn new(issuer: Issuer, audience: String, keys: Arc<JwksCache>) -> Self {
        Self { issuer, audience, keys }
    }

    pub(crate) async fn validate(&self, token: Token<'_>, now: Timestamp) -> Result<AccessToken, NotAccepted> {
        let token = token.expose();
        if token.len() > MAX_TOKEN {
            return Err(Refusal::TooLong.into());
        }
        let header = verify::peek(token)?;
        check_type(header.typ.as_deref())?;
        let claimed: ClaimedIssuer = verify::unverified_claims(token)?;
        check_issuer(&required(claimed.iss, "iss")?, self.issuer.as_str())?;
        let verify = |key: &_| verify::verify::<Claims>(token, key, &EXPECTED);
        let claims = match self.keys.with_key(header.kid.as_deref(), header.alg, verify).await {
            Ok(claims) => claims?,
            Err(NoKey::Unknown) => return Err(VerifyError::UnknownKey.into()),
            Err(NoKey::Unavailable { retry_after }) => return Err(NotAccepted::KeysUnavailable { retry_after }),
        };
        Ok(self.accept(claims, now)?)
    }

    /// Whether tokens can be checked at this moment.
    pub(crate) fn ready(&self) -> Result<(), NotAccepted> {
        self.keys.ready().map_err(|retry_after| NotAccepted::KeysUnavailable { retry_after })
    }

    /// RFC 9068 §2.2 says which claims an access token must have; a missing one is a refusal, never a default.
    fn accept(&self, claims: Claims, now: Timestamp) -> Result<AccessToken, Refusal> {
        check_issuer(&required(claims.iss, "iss")?, self.issuer.as_str())?;
        let audience = claims.aud.ok_or(Refusal::MissingClaim("aud"))?;
        check_audience(&audience, &self.audience)?;
        let exp = claims.exp.ok_or(Refusal::MissingClaim("exp"))?;
        let iat = claims.iat.ok_or(Refusal::MissingClaim("iat"))?;
        check_times(&Times { exp: Some(exp), nbf: claims.nbf, iat: Some(iat) }, &TimeCheck { now, leeway: LEEWAY })?;
        if claims.nonce.is_some() || claims.at_hash.is_some() {
            return Err(Refusal::IdToken);
        }
        // RFC 9449 §7.1, RFC 8705 §3: without the proof such a token is worth nothing, and no proof is supported here.
        if claims.cnf.is_some() {
            return Err(Refusal::SenderConstrained);
        }
        TokenId::parse(&required(claims.jti, "jti")?).map_err(|_| Refusal::MalformedClaim("jti"))?;
        let subject = UserId::parse(&required(claims.sub, "sub")?).map_err(|_| Refusal::MalformedClaim("sub"))?;
        let client_id = ClientId::parse(&required(claims.client_id, "client_id")?)
            .map_err(|_| Refusal::MalformedClaim("client_id"))?;
        let scope =
            Scope::parse(claims.scope.as_deref().unwrap_or_default()).map_err(|_| Refusal::MalformedClaim("scope"))?;
        Ok(AccessToken { subject, client_id, scope })
    }
}

/// RFC 9068 §4: "MUST verify that the "typ" header value is "at+jwt" or "application/at+jwt"".
fn check_type(typ: Option<&str>) -> Result<(), VerifyError> {
    let accepted = |typ: &str| typ.eq_ignore_ascii_case(TYP) || typ.eq_ignore_ascii_case("application/at+jwt");
    if typ.is_some_and(accepted) { Ok(()) } else { Err(VerifyError::Type) }
}

fn required(claim: Option<String>, name: &'static str) -> Result<String, Refusal> {
    claim.filter(|value| !value.is_empty()).ok_or(Refusal::MissingClaim(name))
}

impl From<Refusal> for NotAccepted {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<VerifyError> for NotAccepted {
    fn from(error: VerifyError) -> Self {
        Self::Refused(error.into())
    }
}
