//! ID tokens: minting them as a client is registered, and reading those that come back as hints.
//!
//! `secure` is the one way in which claims leave for a client under a signature, encryption or both; UserInfo and logout tokens
//! use it too.

use jwt::half_hash;
use jwt::unsecured::unsigned_id_token;
use jwt::verify::Expected;
use protocol::claims;
use protocol::client::{Client, ScopeClaims};
use protocol::encryption::Encryption;
use protocol::error::{ErrorCode, OAuthError};
use protocol::id_token::{self, Hashes, IdTokenClaims, IdTokenHint};
use protocol::logout::HintClaims;
use protocol::signing::{MaybeSigned, SigningAlgorithm};
use protocol::time::{Seconds, Timestamp};
use serde::Serialize;

use super::{Order, Whom, broken};
use crate::client_keys::Registered;
use crate::web::error::JsonError;
use crate::{AppState, session_clients, subject};

/// What travels with an ID token and is bound to it by a hash.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beside<'a> {
    pub access_token: Option<&'a str>,
    pub code: Option<&'a str>,
    pub state: Option<&'a str>,
}

/// How claims are protected on their way to a client.
#[derive(Clone, Copy)]
pub(crate) struct Protection {
    pub signature: MaybeSigned,
    pub encryption: Option<Encryption>,
    /// What tells the kinds of our tokens apart (RFC 8725 §3.11).
    pub typ: Option<&'static str>,
}

/// OpenID Connect Core §2 and §3.1.3.6; after a refresh with the original `auth_time` (§12.2).
pub(crate) async fn mint(
    state: &AppState,
    order: Order<'_>,
    whom: Whom<'_>,
    scope_claims: ScopeClaims,
    beside: Beside<'_>,
) -> Result<String, JsonError> {
    let Order { client, scope, now } = order;
    let Whom { grant, user } = whom;
    let signature = client.id_token_signed_response_alg;
    let hash = |value: Option<&str>| value.map(|value| half_hash(signature, value));
    let sub = subject::of(state, client, &user.id);
    let sid = grant.session_id.as_ref().map(|session| session_clients::sid(state, session, &client.id));
    let claims = IdTokenClaims {
        iss: state.issuer().as_str(),
        sub: &sub,
        aud: &client.id,
        exp: now + Seconds(state.config.tokens.id_token_lifetime),
        iat: now,
        auth_time: grant.auth_time,
        acr: &grant.acr,
        amr: &grant.amr,
        nonce: grant.nonce.as_deref(),
        sid: sid.as_deref(),
        hashes: Hashes { at_hash: hash(beside.access_token), c_hash: hash(beside.code), s_hash: hash(beside.state) },
    };
    let asked = grant.claims.clone().within(&client.scope); // as registered today, like the scope
    let whole = claims.over(claims::id_token_scope_claims(user, scope, &asked, scope_claims));
    let protection = Protection { signature, encryption: client.id_token_encryption, typ: Some(id_token::TYP) };
    secure(state, client, &whole, protection, now).await
}

/// Signs claims, then encrypts them to the client (OpenID Connect Core §2: "signed then encrypted").
pub(crate) async fn secure(
    state: &AppState,
    client: &Client,
    claims: &impl Serialize,
    protection: Protection,
    now: Timestamp,
) -> Result<String, JsonError> {
    let signed = match protection.signature {
        MaybeSigned::Signed(alg) => {
            state.keys.keyring().sign(alg, protection.typ, claims, now).map_err(|error| broken(&error))?
        }
        MaybeSigned::Unsigned if state.config.openid.unsigned_id_tokens => {
            unsigned_id_token(claims).map_err(|error| broken(&error))?
        }
        MaybeSigned::Unsigned => {
            return Err(broken(&"the client is registered for alg none, which openid.unsigned_id_tokens forbids"));
        }
    };
    let Some(encryption) = protection.encryption else { return Ok(signed) };
    encrypt(state, client, Content { bytes: signed.as_bytes(), cty: Some("JWT") }, encryption, now).await
}

/// What is encrypted, and its media type when it is a JWT again (RFC 7519 §5.2).
#[derive(Clone, Copy)]
pub(crate) struct Content<'a> {
    pub bytes: &'a [u8],
    pub cty: Option<&'static str>,
}

/// Encrypts to a key of the client (RFC 7516). A client whose keys cannot be used must mend them itself, so that is its error.
pub(crate) async fn encrypt(
    state: &AppState,
    client: &Client,
    content: Content<'_>,
    encryption: Encryption,
    now: Timestamp,
) -> Result<String, JsonError> {
    let unusable = |cause: &dyn std::fmt::Display| {
        let text = format!("the answer cannot be encrypted: the client publishes no key for {}", encryption.alg);
        JsonError::new(OAuthError::new(ErrorCode::InvalidRequest, text)).because(cause)
    };
    let keys = state.client_keys.of(Registered::of(client), now).await.map_err(|error| unusable(&error))?;
    let key = keys.set.encryption_key(encryption.alg).ok_or_else(|| unusable(&"its key set has none"))?;
    jwt::encrypt(content.bytes, content.cty, encryption, key).map_err(|error| broken(&error))
}

/// An ID token of ours that comes back as `id_token_hint`. Expired ones are accepted (Core §3.1.2.1, RP-Initiated Logout §4).
pub(crate) fn read_hint(state: &AppState, token: &str, now: Timestamp) -> Option<HintClaims> {
    let expected = Expected { typ: &[id_token::TYP], algorithms: SigningAlgorithm::ALL };
    let hint: IdTokenHint = state.keys.keyring().verify(token, &expected, now).ok()?;
    hint.of(state.issuer())
}
