//! The requests to the issuer's token endpoint and what is believed of the answers: nothing before the ID token is verified
//! (OpenID Connect Core §3.1.3.7, §12.2), with `at_hash` (§3.1.3.6).
//!
//! When to ask is for `callback.rs` and `refresh.rs`.

use std::time::{Duration, UNIX_EPOCH};

use openidconnect::core::{
    CoreErrorResponseType, CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm, CoreTokenResponse,
    CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClaimsVerificationError, Nonce, OAuth2TokenResponse as _, PkceCodeVerifier,
    RefreshToken, RequestTokenError, SignatureVerificationError, StandardErrorResponse, TokenResponse as _,
};
use protocol::secret::TokenHash;
use protocol::time::{Seconds, Timestamp};
use serde::Deserialize;

use crate::bff::http::HttpError;
use crate::bff::pending::Pending;
use crate::bff::provider::{Client, Known, Provider, Unreachable};
use crate::bff::session::{Person, TokenText, Tokens};
use crate::http::causes;

/// How far the issuer's clock may differ.
const LEEWAY: Seconds = Seconds(30);
/// When the issuer does not say (RFC 6749 §5.1).
const UNKNOWN_LIFETIME: Seconds = Seconds::minutes(5);
const LONGEST_LIFETIME: Seconds = Seconds::days(30);
/// No member of a person is longer.
const LONGEST_TEXT: usize = 1024;

/// Signatures with a private key; never a shared secret, never none (RFC 8725 §3.1).
const ALGORITHMS: [CoreJwsSigningAlgorithm; 10] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EcdsaP521Sha512,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Tokens, and who the verified ID token says they are for.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) sub: String,
    pub(crate) sid: Option<String>,
    auth_time: Option<Timestamp>,
    pub(crate) person: Person,
    pub(crate) tokens: Tokens,
}

/// Why there are no tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoTokens {
    /// RFC 6749 §5.2: the code or the refresh token is worth nothing (any more).
    InvalidGrant,
    /// The issuer cannot be reached or has trouble of its own.
    Unreachable(Unreachable),
    /// The issuer refuses this client. The sentence is for the log.
    Refused(String),
    /// There are tokens, but not such as must be believed. The sentence is for the log.
    NotBelieved(String),
}

type TokenError = RequestTokenError<HttpError, StandardErrorResponse<CoreErrorResponseType>>;

/// Claims that the crate does not know, of a token that it has verified.
#[derive(Deserialize)]
struct MoreClaims {
    sid: Option<String>,
    auth_time: Option<Timestamp>,
}

enum Unverified {
    UnknownKey,
    Refused(String),
}

/// What stays the same from ID token to ID token.
pub(crate) struct Expected<'a> {
    pub(crate) nonce: &'a TokenText,
    /// Of a session that goes on; `None` at a sign-in.
    pub(crate) sub: Option<&'a str>,
}

/// The times that the tokens of an answer are measured by.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) now: Timestamp,
    pub(crate) refresh_before: Seconds,
}

/// The code for tokens, and the person.
pub(crate) async fn redeem(
    provider: &Provider,
    code: String,
    pending: Pending,
    times: Times,
) -> Result<Received, NoTokens> {
    let known = provider.known().await?;
    let exchange = known.client.exchange_code(AuthorizationCode::new(code)).map_err(refused)?;
    let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(pending.verifier));
    let answer = exchange.request_async(&provider.http).await.map_err(|error| failed(provider, error))?;
    let (nonce, max_age) = (TokenText::new(pending.nonce), pending.max_age);
    let mut received = believed(provider, &answer, Expected { nonce: &nonce, sub: None }, times).await?;
    // OpenID Connect Core §3.1.2.1, §3.1.3.7 item 13: whoever asked for max_age looks at auth_time.
    let is_recent =
        |longest: Seconds| received.auth_time.is_some_and(|proven| times.now.since(proven) <= longest + LEEWAY);
    if max_age.is_some_and(|longest| !is_recent(longest)) {
        return Err(NoTokens::NotBelieved("the person proved who they are too long ago (auth_time)".to_owned()));
    }
    if received.person.name.is_none() {
        complete(&known, provider, &mut received).await;
    }
    Ok(received)
}

/// The refresh token for new tokens; what the answer leaves out is kept from `old`.
pub(crate) async fn refresh(provider: &Provider, old: &Tokens, sub: &str, times: Times) -> Result<Tokens, NoTokens> {
    if let Some(unreachable) = provider.resting() {
        return Err(unreachable.into());
    }
    let known = provider.known().await?;
    let token = old.refresh_token.as_ref().ok_or(NoTokens::InvalidGrant)?;
    let token = RefreshToken::new(token.expose().to_owned());
    let exchange = known.client.exchange_refresh_token(&token).map_err(refused)?;
    let answer = exchange.request_async(&provider.http).await.map_err(|error| failed(provider, error))?;
    let mut tokens = if answer.id_token().is_some() {
        believed(provider, &answer, Expected { nonce: &old.nonce, sub: Some(sub) }, times).await?.tokens
    } else {
        // OpenID Connect Core §12.2: the answer "might not contain an id_token".
        kept(&answer, (old.id_token.clone(), old.nonce.clone()), times)
    };
    tokens.refresh_token = tokens.refresh_token.or_else(|| old.refresh_token.clone());
    tokens.scope = tokens.scope.or_else(|| old.scope.clone());
    Ok(tokens)
}

/// RFC 7009 §2.1. `Err` is for the log: the session is over here in any case.
pub(crate) async fn revoke(provider: &Provider, refresh_token: &TokenText) -> Result<(), String> {
    let known = provider.known().await.map_err(|_| "the issuer cannot be reached".to_owned())?;
    let Some(endpoint) = known.revocation.clone() else { return Ok(()) };
    let (id, secret) = (known.client.client_id().as_str(), provider.secret());
    let mut form = vec![("token", refresh_token.expose()), ("token_type_hint", "refresh_token")];
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = matches!(known.client.auth_type(), openidconnect::AuthType::BasicAuth);
    let mut request = provider.http.0.post(endpoint);
    match secret {
        // RFC 6749 §2.3.1: both are form-encoded first.
        Some(secret) if basic => request = request.basic_auth(encoded(id), Some(encoded(secret))),
        Some(secret) => form.extend([("client_id", id), ("client_secret", secret)]),
        None => form.push(("client_id", id)),
    }
    let answer = request.form(&form).send().await.map_err(|error| causes(&error))?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("the issuer answered with {}", answer.status())) }
}

/// Verifies the ID token of an answer; once more with new keys when its key is unknown.
async fn believed(
    provider: &Provider,
    answer: &CoreTokenResponse,
    expected: Expected<'_>,
    times: Times,
) -> Result<Received, NoTokens> {
    let id_token = answer.id_token().ok_or_else(|| NoTokens::NotBelieved("the issuer sent no ID token".to_owned()))?;
    let known = provider.known().await?;
    let verified = match verified(&known.client, id_token, answer, &expected, times.now) {
        Err(Unverified::UnknownKey) => {
            let known = provider.renewed().await?;
            verified(&known.client, id_token, answer, &expected, times.now)
        }
        verified => verified,
    };
    let claims = verified.map_err(|error| match error {
        Unverified::UnknownKey => {
            NoTokens::NotBelieved("the ID token is signed with a key that nobody knows".to_owned())
        }
        Unverified::Refused(reason) => NoTokens::NotBelieved(reason),
    })?;
    let sub = claims.subject().as_str().to_owned();
    if expected.sub.is_some_and(|expected| expected != sub) {
        return Err(NoTokens::NotBelieved("the new tokens are another person's".to_owned()));
    }
    let text = TokenText::new(id_token.to_string());
    let more = jwt::verify::unverified_claims::<MoreClaims>(text.expose());
    let more = more.map_err(|error| NoTokens::NotBelieved(format!("the ID token: {error}")))?;
    let person = person(&claims);
    let tokens = kept(answer, (text, expected.nonce.clone()), times);
    Ok(Received { sub, sid: more.sid, auth_time: more.auth_time, person, tokens })
}

fn verified(
    client: &Client,
    id_token: &CoreIdToken,
    answer: &CoreTokenResponse,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<CoreIdTokenClaims, Unverified> {
    let clock = UNIX_EPOCH + Duration::from_secs(u64::try_from((now - LEEWAY).0).unwrap_or_default());
    let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(move || clock.into());
    let claims = id_token.claims(&verifier, |nonce: Option<&Nonce>| check_nonce(nonce, expected));
    let claims = claims.map_err(|error| match error {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            Unverified::UnknownKey
        }
        error => Unverified::Refused(format!("the ID token: {}", causes(&error))),
    })?;
    let refuse = |reason: &str| Unverified::Refused(format!("the ID token: {reason}"));
    let unusable = |_| refuse("its hash cannot be computed");
    let key = id_token.signing_key(&verifier).map_err(|_| refuse("its key is gone"))?;
    let algorithm = id_token.signing_alg().map_err(|_| refuse("it is not signed"))?;
    let hash = AccessTokenHash::from_token(answer.access_token(), algorithm, key).map_err(unusable)?;
    if claims.access_token_hash().is_some_and(|expected| *expected != hash) {
        return Err(refuse("it was made for another access token (at_hash)"));
    }
    Ok(claims.clone())
}

/// OpenID Connect Core §3.1.3.7 item 11 at a sign-in; §12.2 later: it "SHOULD NOT have a nonce Claim", but never another one.
fn check_nonce(nonce: Option<&Nonce>, expected: &Expected<'_>) -> Result<(), String> {
    let same = |nonce: &Nonce| TokenHash::of(expected.nonce.expose().as_bytes()).matches(nonce.secret().as_bytes());
    match nonce {
        Some(nonce) if same(nonce) => Ok(()),
        None if expected.sub.is_some() => Ok(()),
        _ => Err("its nonce is missing or differs".to_owned()),
    }
}

fn kept(answer: &CoreTokenResponse, (id_token, nonce): (TokenText, TokenText), times: Times) -> Tokens {
    let stated = answer.expires_in().and_then(|lifetime| i64::try_from(lifetime.as_secs()).ok()).map(Seconds);
    let lifetime = stated.unwrap_or(UNKNOWN_LIFETIME).min(LONGEST_LIFETIME);
    let scopes = answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "));
    Tokens {
        access_token: TokenText::new(answer.access_token().secret().as_str()),
        access_expires_at: times.now + lifetime,
        refresh_at: Tokens::refresh_at(times.now, lifetime, times.refresh_before),
        refresh_token: answer.refresh_token().map(|token| TokenText::new(token.secret().as_str())),
        id_token,
        nonce,
        scope: scopes,
    }
}

/// What the ID token leaves out stands in the UserInfo answer (OpenID Connect Core §5.4). Without it the sign-in goes on:
/// nothing is decided by it.
async fn complete(known: &Known, provider: &Provider, received: &mut Received) {
    let token = openidconnect::AccessToken::new(received.tokens.access_token.expose().to_owned());
    let subject = openidconnect::SubjectIdentifier::new(received.sub.clone());
    // §5.3.2: the `sub` "MUST be verified to exactly match"; the crate does so when it is told the subject.
    let Ok(question) = known.client.user_info(token, Some(subject)) else { return };
    match question.request_async(&provider.http).await {
        Ok(claims) => received.person = received.person.clone().or(shown(&claims)),
        Err(error) => tracing::info!(cause = %error, "the UserInfo answer is not used"),
    }
}

macro_rules! person_of {
    ($claims:expr) => {{
        let text = |text: Option<String>| text.filter(|text| text.len() <= LONGEST_TEXT);
        Person {
            name: text($claims.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned())),
            preferred_username: text($claims.preferred_username().map(|name| name.as_str().to_owned())),
            email: text($claims.email().map(|email| email.as_str().to_owned())),
            email_verified: $claims.email_verified(),
            picture: text($claims.picture().and_then(|url| url.get(None)).map(|url| url.as_str().to_owned())),
            locale: text($claims.locale().map(|locale| locale.as_ref().to_owned())),
        }
    }};
}

fn person(claims: &CoreIdTokenClaims) -> Person {
    person_of!(claims)
}

fn shown(claims: &CoreUserInfoClaims) -> Person {
    person_of!(claims)
}

impl Person {
    fn or(self, other: Self) -> Self {
        // An address and whether it is verified belong together.
        let (email, email_verified) = match self.email {
            Some(email) => (Some(email), self.email_verified),
            None => (other.email, other.email_verified),
        };
        Self {
            name: self.name.or(other.name),
            preferred_username: self.preferred_username.or(other.preferred_username),
            email,
            email_verified,
            picture: self.picture.or(other.picture),
            locale: self.locale.or(other.locale),
        }
    }
}

/// RFC 6749 §5.2. Only the code of an answer is told on; the rest may repeat what was sent.
fn failed(provider: &Provider, error: TokenError) -> NoTokens {
    let unreachable = |cause: &str| {
        tracing::warn!(cause, "the token endpoint cannot be used");
        NoTokens::Unreachable(provider.rest())
    };
    match error {
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            CoreErrorResponseType::InvalidGrant => NoTokens::InvalidGrant,
            error => NoTokens::Refused(format!("the token endpoint answered {}", error.as_ref())),
        },
        RequestTokenError::Request(error) => unreachable(&error.to_string()),
        RequestTokenError::Parse(..) => unreachable("its answer is not what RFC 6749 describes"),
        RequestTokenError::Other(_) => unreachable("its answer is empty or of an unknown kind"),
    }
}

fn refused(error: openidconnect::ConfigurationError) -> NoTokens {
    NoTokens::Refused(error.to_string())
}

impl From<Unreachable> for NoTokens {
    fn from(unreachable: Unreachable) -> Self {
        Self::Unreachable(unreachable)
    }
}
