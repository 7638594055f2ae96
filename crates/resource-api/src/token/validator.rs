//! Every rule that an access token must obey before it counts (RFC 9068 §4, RFC 8725 §3), in a fixed order.
//!
//! Size, header, issuer, type, key, signature, claims. Nothing is fetched for a token of another issuer or type. How issuers differ
//! is in `issuers.rs`; permissions are for the guards.

use std::sync::Arc;

use jwt::access_token::TYP;
use jwt::claims::{TimeCheck, Times, check_times};
use jwt::unverified::Unverified;
use jwt::verify::{VerifyError, same_type};
use protocol::time::{Seconds, Timestamp};

use crate::access::caller::{CredentialKind, Identity};
use crate::binding::Binding;
use crate::config::Settings;
use crate::token::claims::Claims;
use crate::token::headers::Headers;
use crate::token::issuers::TrustedIssuer;
use crate::token::jwks_cache::{JwksCache, NoKey};

/// Longer tokens are refused before anything is decoded.
const MAX_TOKEN: usize = 8 * 1024;
const LEEWAY: Seconds = Seconds(30);

const MAX_IDENTIFIER: usize = 255;

#[derive(Debug)]
pub(crate) struct Validator {
    audience: String,
    issuers: Vec<Known>,
    headers: Headers,
}

#[derive(Debug)]
struct Known {
    /// As it stands in every identity.
    name: Arc<str>,
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
    #[error("this is no access token but another kind, as an ID token or a logout token; send the access token")]
    OtherKind,
    #[error("the token is bound to a key and cannot be used as a plain bearer token")]
    SenderConstrained,
    #[error("the token is not bound to a key; send it as a bearer token")]
    NotSenderConstrained,
    #[error("the token is bound to a client certificate, which is not that of this connection")]
    OtherCertificate,
    #[error("the token is bound in a way that is not supported here")]
    UnknownBinding,
    #[error("the issuer does not say that the token or key is active")]
    Inactive,
    #[error("the API key is not for the network that this request comes from")]
    OtherNetwork,
    #[error("an opaque token cannot be read here; send a JWT")]
    Opaque,
    #[error("the X-API-Key header does not carry an API key, which begins with cs_key_")]
    NotAnApiKey,
    #[error("the API key has a wrong form or a typing mistake: one begins with cs_key_ and has 62 characters")]
    Mistyped,
    #[error("send an API key of yours in the place of the password")]
    Password,
    #[error(
        "the issuer does not say that this password alone is enough for this user name; an API key works in its place"
    )]
    WrongPassword,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAccepted {
    Refused(TokenRefused),
    KeysUnavailable { retry_after: Seconds },
}

impl Validator {
    /// `keys`: in the order of the issuers.
    pub(crate) fn new(settings: &Settings, keys: &[Arc<JwksCache>]) -> Self {
        let known = |(trusted, keys): (&TrustedIssuer, &Arc<_>)| {
            let name = Arc::from(trusted.issuer.as_str());
            Known { name, trusted: trusted.clone(), keys: Arc::clone(keys) }
        };
        let issuers = settings.issuers.iter().zip(keys).map(known).collect();
        Self { audience: settings.audience.clone(), issuers, headers: Headers::default() }
    }

    pub(crate) async fn validate(&self, token: &str, now: Timestamp) -> Result<Identity, NotAccepted> {
        if token.len() > MAX_TOKEN {
            return Err(TokenRefused::TooLong.into());
        }
        let token = Unverified::decode(token)?;
        let header = self.headers.read(&token)?;
        // Nothing of these counts until the signature was checked.
        let claims: Claims<'_> = token.claims()?;
        let claimed = required(claims.iss.as_deref(), "iss")?;
        let known = self.issuers.iter().find(|known| known.trusted.issuer.as_str() == claimed);
        let known = known.ok_or(VerifyError::Issuer)?;
        let Known { trusted, keys, .. } = known;
        check_type(header.typ.as_deref(), trusted)?;
        if !trusted.algorithms.contains(&header.alg) {
            return Err(VerifyError::Algorithm.into());
        }
        let check = |key: &_| token.check_signature(&header, key);
        match keys.with_key(header.kid.as_deref(), header.alg, check).await {
            Ok(signed) => signed?,
            Err(NoKey::Unknown) => return Err(VerifyError::UnknownKey.into()),
            Err(NoKey::Unavailable { retry_after }) => return Err(NotAccepted::KeysUnavailable { retry_after }),
        }
        self.headers.keep(&token, header);
        let mut identity = self.accept(&claims, known, now)?;
        drop(claims);
        identity.claims = token.into_payload();
        if !trusted.claims.is_strict() {
            trusted.claims.complete(&mut identity, &self.audience)?;
        }
        Ok(identity)
    }

    /// RFC 9068 §2.2 says which claims an access token must have; a missing one is a refusal, never a default. Of other issuers those
    /// that decide something are demanded.
    fn accept(&self, claims: &Claims<'_>, known: &Known, now: Timestamp) -> Result<Identity, TokenRefused> {
        let strict = known.trusted.claims.is_strict();
        let audience = claims.aud.as_ref().ok_or(TokenRefused::MissingClaim("aud"))?;
        if !audience.contains(&self.audience) {
            return Err(VerifyError::Audience.into());
        }
        let exp = claims.exp.ok_or(TokenRefused::MissingClaim("exp"))?;
        if strict && claims.iat.is_none() {
            return Err(TokenRefused::MissingClaim("iat"));
        }
        check_times(&Times { exp: Some(exp), nbf: claims.nbf, iat: claims.iat }, &TimeCheck { now, leeway: LEEWAY })?;
        if claims.of_id_token {
            return Err(TokenRefused::IdToken);
        }
        if claims.of_event {
            return Err(TokenRefused::OtherKind);
        }
        if strict {
            identifier(claims.jti.as_deref(), "jti")?;
        }
        let client_id = strict.then(|| identifier(claims.client_id.as_deref(), "client_id")).transpose()?;
        Ok(Identity {
            issuer: Arc::clone(&known.name),
            subject: identifier(claims.sub.as_deref(), "sub")?.to_owned(),
            client_id: client_id.map(str::to_owned),
            kind: CredentialKind::AccessToken,
            scope: scope(claims.scope.as_deref().unwrap_or_default())?.to_owned(),
            roles: Vec::new(),
            auth_time: claims.auth_time,
            acr: claims.acr.as_deref().map(str::to_owned),
            expires_at: Some(exp),
            confirmed: None,
            bound: claims.cnf.as_ref().map(Binding::of).transpose()?,
            claims: Vec::new(),
        })
    }
}

/// An identifier, which may become the key of somebody's data: 1 to 255 characters (OpenID Connect Core §2), no control characters.
pub(crate) fn identifier<'c>(claim: Option<&'c str>, name: &'static str) -> Result<&'c str, TokenRefused> {
    let text = required(claim, name)?;
    let fits = text.len() <= MAX_IDENTIFIER && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err(TokenRefused::MalformedClaim(name)) }
}

/// RFC 6749 §3.3: visible ASCII without quote and backslash, separated by single spaces.
fn scope(scope: &str) -> Result<&str, TokenRefused> {
    let token = |token: &str| token.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    if scope.split(' ').all(token) { Ok(scope) } else { Err(TokenRefused::MalformedClaim("scope")) }
}

/// RFC 9068 §4: "MUST verify that the "typ" header value is "at+jwt" or "application/at+jwt"". Issuers from before that RFC write
/// `JWT` or nothing.
fn check_type(typ: Option<&str>, trusted: &TrustedIssuer) -> Result<(), VerifyError> {
    let plain = trusted.claims.accepts_plain_jwt() && typ.is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
    let accepted = plain || typ.is_some_and(|typ| same_type(TYP, typ));
    if accepted { Ok(()) } else { Err(VerifyError::Type) }
}

fn required<'c>(claim: Option<&'c str>, name: &'static str) -> Result<&'c str, TokenRefused> {
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use crate::testkit::{TestIssuer, now};
    use crate::{ResourceServer, Routes};

    const AUDIENCE: &str = "https://api.example";

    /// `allocation_counter` counts those of this thread alone, so tests beside this one do not matter.
    #[test]
    fn a_validation_allocates_what_the_identity_keeps_and_nothing_else() {
        let issuer = TestIssuer::new();
        let server = ResourceServer::new(issuer.settings(AUDIENCE), Routes::new()).expect("starts");
        let token = issuer.token().sub("alice").client("web-app").scope("notes:read").acr("2").auth_time(now()).sign();
        let validate = || drop(server.validate(&token).now_or_never().expect("waits for nobody").expect("is valid"));
        // The first token of a key has its header read.
        validate();
        let counted = allocation_counter::measure(validate);
        // The claims as they were written, `subject`, `client_id`, `scope` and `acr`: what an `Identity` owns.
        assert_eq!((counted.count_total, counted.count_current), (5, 0));
    }
}
