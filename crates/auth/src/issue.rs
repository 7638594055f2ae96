//! The only place that mints tokens: access tokens and refresh tokens here, ID tokens in `issue/id_token.rs`.
//!
//! Minting costs CPU and writes nothing; what is minted leaves the server only after the caller's write won.

pub(crate) mod id_token;

use jwt::access_token::{self, AccessTokenClaims};
use protocol::audience::{Api, TokenFormat, audience};
use protocol::authorize::callback::{Granted, GrantedToken};
use protocol::authorize::request::AuthorizeRequest;
use protocol::authorize::response_type::ResponseType;
use protocol::client::{Client, ScopeClaims};
use protocol::error::{ErrorCode, OAuthError};
use protocol::grant::TokenType;
use protocol::grant::active::Active;
use protocol::grant::refresh_token::{RefreshToken, mac_input, may_refresh};
use protocol::grant::state::{Generation, Grant};
use protocol::ids::TokenId;
use protocol::scope::{self, Scope};
use protocol::secret::{AuthorizationCode, SecretString};
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use serde::Serialize;

use crate::web::error::JsonError;
use crate::{AppState, random, subject};

use id_token::Beside;

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

/// The authorization that tokens rest on, and the person whom they speak of.
#[derive(Clone, Copy)]
pub(crate) struct Whom<'a> {
    pub grant: &'a Grant,
    pub user: &'a User,
}

/// Mints what a grant yields at `generation`: an access token, with `openid` an ID token, and a refresh token where the client
/// may have one.
pub(crate) async fn for_grant(
    state: &AppState,
    order: Order<'_>,
    active: &Active,
    generation: Generation,
) -> Result<TokenResponse, JsonError> {
    let whom = Whom { grant: active.grant(), user: active.user() };
    let apis = store::apis::list(&state.store).await?;
    let (access_token, expires_in) = access_token(state, order, &apis, about(state, order, whom))?;
    let beside = Beside { access_token: Some(&access_token), ..Beside::default() };
    let id_token = match order.scope.contains(scope::OPENID) {
        true => Some(id_token::mint(state, order, whom, order.client.scope_claims, beside).await?),
        false => None,
    };
    let grant = whom.grant;
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

/// Mints what the authorization endpoint gives out by itself (OpenID Connect Core §3.2.2.5 and §3.3.2.5), beside the code.
pub(crate) async fn for_authorization(
    state: &AppState,
    order: Order<'_>,
    whom: Whom<'_>,
    request: &AuthorizeRequest,
    code: &AuthorizationCode,
) -> Result<Granted, JsonError> {
    let kind = request.response_type;
    let mut granted = Granted { code: kind.has_code().then(|| code.print().expose().clone()), ..Granted::default() };
    if kind.has_token() {
        let apis = store::apis::list(&state.store).await?;
        let (access_token, expires_in) = access_token(state, order, &apis, about(state, order, whom))?;
        granted.access_token = Some(GrantedToken { access_token, expires_in, scope: order.scope.clone() });
    }
    if kind.has_id_token() {
        // OpenID Connect Core §5.4: without an access token the claims of the scope "are returned in the ID Token".
        let claims = if kind == ResponseType::IdToken { ScopeClaims::IdTokenToo } else { order.client.scope_claims };
        let beside = Beside {
            access_token: granted.access_token.as_ref().map(|token| token.access_token.as_str()),
            code: granted.code.as_deref(),
            state: request.state.as_deref(),
        };
        granted.id_token = Some(id_token::mint(state, order, whom, claims, beside).await?);
    }
    Ok(granted)
}

/// Mints an access token for the client itself (RFC 6749 §4.4.3: no refresh token).
pub(crate) async fn for_client(state: &AppState, order: Order<'_>) -> Result<TokenResponse, JsonError> {
    let apis = store::apis::list(&state.store).await?;
    let about = About { sub: order.client.id.to_string(), jti: random::short(), auth_time: None, acr: None };
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
struct About {
    sub: String,
    jti: String,
    auth_time: Option<Timestamp>,
    acr: Option<String>,
}

fn about(state: &AppState, order: Order<'_>, whom: Whom<'_>) -> About {
    let grant = whom.grant;
    About {
        sub: subject::of(state, order.client, &whom.user.id),
        jti: format!("{}.{}", grant.id, random::short()),
        auth_time: Some(grant.auth_time),
        acr: Some(grant.acr.clone()),
    }
}

/// RFC 9068 for an API that reads JWTs; otherwise the same claims, sealed.
fn access_token(
    state: &AppState,
    order: Order<'_>,
    apis: &[Api],
    about: About,
) -> Result<(String, Seconds), JsonError> {
    let Order { client, scope, now } = order;
    let audience = audience(scope, apis, state.issuer())?;
    let lifetime =
        audience.api.map_or(Seconds(state.config.tokens.access_token_lifetime), |api| api.access_token_lifetime);
    let jti = TokenId::parse(&about.jti).map_err(|error| broken(&error))?;
    let claims = AccessTokenClaims {
        iss: state.issuer().as_str().to_owned(),
        sub: about.sub,
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

fn refresh_token(state: &AppState, grant: &Grant, generation: Generation) -> SecretString {
    let check = state.keys.secrets().refresh_mac(&mac_input(&grant.salt, &grant.id, generation));
    RefreshToken { grant: grant.id.clone(), generation, check }.print()
}

fn broken(cause: &dyn std::fmt::Display) -> JsonError {
    JsonError::new(OAuthError::new(ErrorCode::ServerError, "the server could not make the token")).because(cause)
}
