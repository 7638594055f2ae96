//! The only place that mints tokens: access tokens, ID tokens, refresh tokens. Also reads ID tokens that come back as hints.
//!
//! Minting costs CPU and writes nothing; what is minted leaves the server only after the caller's write won.

use jwt::access_token::{self, AccessTokenClaims};
use jwt::verify::Expected;
use protocol::audience::{Api, TokenFormat, audience};
use protocol::claims;
use protocol::client::{Client, GrantType};
use protocol::error::{ErrorCode, OAuthError};
use protocol::grant::refresh_token::{RefreshToken, mac_input};
use protocol::grant::state::{Generation, Grant};
use protocol::ids::TokenId;
use protocol::logout::HintClaims;
use protocol::scope::{self, Scope};
use protocol::secret::SecretString;
use protocol::signing::SigningAlgorithm;
use protocol::time::{Seconds, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::active::Active;
use crate::web::error::JsonError;
use crate::{AppState, random};

/// RFC 6749 §5.1 and OpenID Connect Core §3.1.3.3.
#[derive(Serialize)]
pub(crate) struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// Mints what a grant yields at `generation`: an access token, with `openid` an ID token, with `offline_access` a refresh token.
pub(crate) async fn for_grant(
    state: &AppState,
    active: &Active,
    client: &Client,
    scope: &Scope,
    generation: Generation,
    now: Timestamp,
) -> Result<TokenResponse, JsonError> {
    let grant = &active.grant;
    let apis = store::apis::list(&state.store).await?;
    let about = About {
        sub: active.user.id.as_str(),
        jti: format!("{}.{}", grant.id, random::short()),
        auth_time: Some(grant.auth_time),
        acr: Some(grant.acr.clone()),
    };
    let (access_token, expires_in) = access_token(state, client, scope, &apis, about, now)?;
    let id_token = match scope.contains(scope::OPENID) {
        true => Some(id_token(state, active, client, scope, now)?),
        false => None,
    };
    let refreshable = client.allows(GrantType::RefreshToken) && grant.scope.contains(scope::OFFLINE_ACCESS);
    let refresh_token = refreshable.then(|| refresh_token(state, grant, generation).expose().clone());
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: expires_in.0,
        scope: scope.clone(),
        id_token,
        refresh_token,
    })
}

/// Mints an access token for the client itself (RFC 6749 §4.4.3: no refresh token).
pub(crate) async fn for_client(
    state: &AppState,
    client: &Client,
    scope: &Scope,
    now: Timestamp,
) -> Result<TokenResponse, JsonError> {
    let apis = store::apis::list(&state.store).await?;
    let about = About { sub: client.id.as_str(), jti: random::short(), auth_time: None, acr: None };
    let (access_token, expires_in) = access_token(state, client, scope, &apis, about, now)?;
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: expires_in.0,
        scope: scope.clone(),
        id_token: None,
        refresh_token: None,
    })
}

/// Whom an access token speaks of.
struct About<'a> {
    sub: &'a str,
    jti: String,
    auth_time: Option<Timestamp>,
    acr: Option<String>,
}

/// RFC 9068 for an API that reads JWTs; otherwise the same claims, sealed.
fn access_token(
    state: &AppState,
    client: &Client,
    scope: &Scope,
    apis: &[Api],
    about: About<'_>,
    now: Timestamp,
) -> Result<(String, Seconds), JsonError> {
    let audience = audience(scope, apis, state.issuer())?;
    let lifetime =
        audience.api.map_or(Seconds(state.config.tokens.access_token_lifetime), |api| api.access_token_lifetime);
    let jti = TokenId::parse(&about.jti).map_err(|error| broken(&error))?;
    let claims = AccessTokenClaims {
        iss: state.issuer().as_str().to_owned(),
        sub: about.sub.to_owned(),
        aud: audience.aud.into(),
        exp: now + lifetime,
        iat: now,
        jti,
        client_id: client.id.clone(),
        scope: scope.clone(),
        auth_time: about.auth_time,
        acr: about.acr,
    };
    let token = match audience.api {
        Some(api) if api.token_format == TokenFormat::Jwt => state
            .keys
            .keyring()
            .sign(api.signing_alg, Some(access_token::TYP), &claims, now)
            .map_err(|error| broken(&error))?,
        _ => jwt::sealed::seal(state.keys.secrets(), &claims),
    };
    Ok((token, lifetime))
}

/// OpenID Connect Core §2 and §3.1.3.6; after a refresh with the original `auth_time` (§12.2).
fn id_token(
    state: &AppState,
    active: &Active,
    client: &Client,
    scope: &Scope,
    now: Timestamp,
) -> Result<String, JsonError> {
    let Active { grant, user } = active;
    let mut id_token: Map<String, Value> =
        claims::id_token_scope_claims(user, scope, &grant.claims, client.scope_claims);
    let own = json!({
        "iss": state.issuer().as_str(),
        "sub": user.id.as_str(),
        "aud": client.id.as_str(),
        "exp": (now + Seconds(state.config.tokens.id_token_lifetime)).0,
        "iat": now.0,
        "auth_time": grant.auth_time.0,
        "acr": grant.acr,
        "amr": grant.amr,
    });
    if let Value::Object(own) = own {
        id_token.extend(own);
    }
    if let Some(nonce) = &grant.nonce {
        id_token.insert("nonce".to_owned(), json!(nonce));
    }
    if let Some(session) = &grant.session_id {
        id_token.insert("sid".to_owned(), json!(session.as_str()));
    }
    let alg = client.id_token_signed_response_alg;
    state.keys.keyring().sign(alg, Some("JWT"), &id_token, now).map_err(|error| broken(&error))
}

fn refresh_token(state: &AppState, grant: &Grant, generation: Generation) -> SecretString {
    let check = state.keys.secrets().refresh_mac(&mac_input(&grant.salt, &grant.id, generation));
    RefreshToken { grant: grant.id.clone(), generation, check }.print()
}

/// An ID token of ours that comes back as `id_token_hint`. Expired ones are accepted (Core §3.1.2.1, RP-Initiated Logout §4).
pub(crate) fn read_hint(state: &AppState, token: &str, now: Timestamp) -> Option<HintClaims> {
    let expected = Expected { typ: &["JWT"], algorithms: SigningAlgorithm::ALL };
    let claims: IdTokenHint = state.keys.keyring().verify(token, &expected, now).ok()?;
    (claims.iss == state.issuer().as_str()).then_some(HintClaims { sub: claims.sub, aud: claims.aud, sid: claims.sid })
}

#[derive(serde::Deserialize)]
struct IdTokenHint {
    iss: String,
    sub: String,
    aud: String,
    sid: Option<String>,
}

fn broken(cause: &dyn std::fmt::Display) -> JsonError {
    JsonError::new(OAuthError::new(ErrorCode::ServerError, "the server could not make the token")).because(cause)
}
