//! The only place that mints tokens: access tokens, ID tokens, refresh tokens. Also reads ID tokens that come back as hints.
//!
//! Minting costs CPU and writes nothing; what is minted leaves the server only after the caller's write won.

use jwt::access_token::{self, AccessTokenClaims};
use jwt::verify::Expected;
use protocol::audience::{Api, TokenFormat, audience};
use protocol::claims;
use protocol::client::Client;
use protocol::error::{ErrorCode, OAuthError};
use protocol::grant::TokenType;
use protocol::grant::active::Active;
use protocol::grant::refresh_token::{RefreshToken, mac_input, may_refresh};
use protocol::grant::state::{Generation, Grant};
use protocol::id_token::{self, IdTokenClaims, IdTokenHint};
use protocol::ids::TokenId;
use protocol::logout::HintClaims;
use protocol::scope::{self, Scope};
use protocol::secret::SecretString;
use protocol::signing::SigningAlgorithm;
use protocol::time::{Seconds, Timestamp};
use serde::Serialize;

use crate::web::error::JsonError;
use crate::{AppState, random};

/// RFC 6749 §5.1 and OpenID Connect Core §3.1.3.3.
#[derive(Serialize)]
pub(crate) struct TokenResponse {
    access_token: String,
    token_type: TokenType,
    /// Seconds.
    expires_in: i64,
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// Which client asks for tokens, of what scope, at what moment.
#[derive(Clone, Copy)]
pub(crate) struct Order<'a> {
    pub client: &'a Client,
    pub scope: &'a Scope,
    pub now: Timestamp,
}

/// Mints what a grant yields at `generation`: an access token, with `openid` an ID token, with `offline_access` a refresh token.
pub(crate) async fn for_grant(
    state: &AppState,
    order: Order<'_>,
    active: &Active,
    generation: Generation,
) -> Result<TokenResponse, JsonError> {
    let grant = active.grant();
    let apis = store::apis::list(&state.store).await?;
    let about = About {
        sub: active.user().id.as_str(),
        jti: format!("{}.{}", grant.id, random::short()),
        auth_time: Some(grant.auth_time),
        acr: Some(grant.acr.clone()),
    };
    let (access_token, expires_in) = access_token(state, order, &apis, about)?;
    let id_token = match order.scope.contains(scope::OPENID) {
        true => Some(id_token(state, order, active)?),
        false => None,
    };
    let refreshable = may_refresh(order.client, &grant.scope);
    let refresh_token = refreshable.then(|| refresh_token(state, grant, generation).expose().clone());
    Ok(TokenResponse {
        access_token,
        token_type: TokenType::Bearer,
        expires_in: expires_in.0,
        scope: order.scope.clone(),
        id_token,
        refresh_token,
    })
}

/// Mints an access token for the client itself (RFC 6749 §4.4.3: no refresh token).
pub(crate) async fn for_client(state: &AppState, order: Order<'_>) -> Result<TokenResponse, JsonError> {
    let apis = store::apis::list(&state.store).await?;
    let about = About { sub: order.client.id.as_str(), jti: random::short(), auth_time: None, acr: None };
    let (access_token, expires_in) = access_token(state, order, &apis, about)?;
    Ok(TokenResponse {
        access_token,
        token_type: TokenType::Bearer,
        expires_in: expires_in.0,
        scope: order.scope.clone(),
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
    order: Order<'_>,
    apis: &[Api],
    about: About<'_>,
) -> Result<(String, Seconds), JsonError> {
    let Order { client, scope, now } = order;
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
fn id_token(state: &AppState, order: Order<'_>, active: &Active) -> Result<String, JsonError> {
    let Order { client, scope, now } = order;
    let (grant, user) = (active.grant(), active.user());
    let claims = IdTokenClaims {
        iss: state.issuer().as_str(),
        sub: &user.id,
        aud: &client.id,
        exp: now + Seconds(state.config.tokens.id_token_lifetime),
        iat: now,
        auth_time: grant.auth_time,
        acr: &grant.acr,
        amr: &grant.amr,
        nonce: grant.nonce.as_deref(),
        sid: grant.session_id.as_ref(),
    };
    let asked = grant.claims.clone().within(&client.scope); // as registered today, like the scope
    let whole = claims.over(claims::id_token_scope_claims(user, scope, &asked, client.scope_claims));
    let alg = client.id_token_signed_response_alg;
    state.keys.keyring().sign(alg, Some(id_token::TYP), &whole, now).map_err(|error| broken(&error))
}

fn refresh_token(state: &AppState, grant: &Grant, generation: Generation) -> SecretString {
    let check = state.keys.secrets().refresh_mac(&mac_input(&grant.salt, &grant.id, generation));
    RefreshToken { grant: grant.id.clone(), generation, check }.print()
}

/// An ID token of ours that comes back as `id_token_hint`. Expired ones are accepted (Core §3.1.2.1, RP-Initiated Logout §4).
pub(crate) fn read_hint(state: &AppState, token: &str, now: Timestamp) -> Option<HintClaims> {
    let expected = Expected { typ: &[id_token::TYP], algorithms: SigningAlgorithm::ALL };
    let hint: IdTokenHint = state.keys.keyring().verify(token, &expected, now).ok()?;
    hint.of(state.issuer())
}

fn broken(cause: &dyn std::fmt::Display) -> JsonError {
    JsonError::new(OAuthError::new(ErrorCode::ServerError, "the server could not make the token")).because(cause)
}
