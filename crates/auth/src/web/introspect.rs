//! `POST /introspect` (RFC 7662). Whom a token concerns, and what is told of it, is decided in `protocol::introspection`. API keys are in
//! `api_key.rs`, passwords (HTTP Basic) in `password.rs`.

mod api_key;
mod password;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::api_key::looks_like_one;
use protocol::client::{Client, SubjectType};
use protocol::error::{ErrorCode, OAuthError};
use protocol::grant::TokenType;
use protocol::grant::refresh_token::Rotation;
use protocol::introspection::{self, Introspection, TokenDescription};
use protocol::time::Timestamp;
use store::StoreError;

use crate::grants::refresh_token;
use crate::web::error::{Challenge, JsonError};
use crate::web::form;
use crate::{AppState, access_token, active, clients, subject};

pub(crate) async fn post(state: Data<AppState>, http: HttpRequest, body: Payload) -> Result<HttpResponse, JsonError> {
    let now = state.now();
    let params = form::read(&state, &http, body).await?;
    let client = clients::authenticate(&state, &http, &params, now).await?;
    // RFC 7662 §2.1: the endpoint MUST require some form of authorization to access it.
    if !client.is_confidential() {
        let error = OAuthError::new(ErrorCode::InvalidClient, "introspection needs a client that can authenticate");
        return Err(JsonError::new(error).challenge(Challenge::Basic));
    }
    if params.get("purpose")? == Some(password::PURPOSE) {
        return password::post(&state, &http, &client, &params, now).await;
    }
    let token = params.require("token")?;
    if looks_like_one(token) {
        return api_key::post(&state, &client, &params, now).await;
    }
    let description = match describe_access_token(&state, &client, token, now).await? {
        Some(description) => Some(description),
        None => describe_refresh_token(&state, &client, token, now).await?,
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Introspection::from(description)))
}

async fn describe_access_token(
    state: &AppState,
    client: &Client,
    token: &str,
    now: Timestamp,
) -> Result<Option<TokenDescription>, StoreError> {
    let Some(claims) = access_token::read(state, token, now) else { return Ok(None) };
    let serves = store::apis::served_by(&state.store, &client.id).await?;
    let audience: Vec<&str> = claims.aud.iter().collect();
    if !introspection::concerns(&client.id, &claims.client_id, &audience, &serves) {
        return Ok(None);
    }
    let Some(live) = access_token::live(state, &claims, now).await? else { return Ok(None) };
    Ok(Some(TokenDescription {
        token_type: Some(TokenType::Bearer),
        aud: audience.into_iter().map(str::to_owned).collect(),
        iss: claims.iss,
        sub: claims.sub,
        client_id: claims.client_id,
        username: live.active.filter(|_| may_know(&live.client)).map(|active| active.user().username.clone()),
        scope: claims.scope,
        exp: claims.exp,
        iat: Some(claims.iat),
        jti: Some(claims.jti),
        auth_time: claims.auth_time,
        acr: claims.acr,
    }))
}

/// A user name would undo what a pairwise `sub` hides (OpenID Connect Core §8.1).
fn may_know(client: &Client) -> bool {
    client.subject_type == SubjectType::Public
}

/// A refresh token concerns the client that it was issued to, alone; the gate refuses all others.
async fn describe_refresh_token(
    state: &AppState,
    client: &Client,
    token: &str,
    now: Timestamp,
) -> Result<Option<TokenDescription>, StoreError> {
    let Some((token, grant)) = refresh_token::open(state, token).await? else { return Ok(None) };
    let Some(exp) = introspection::refresh_token_expiry(&Rotation::from(&grant), token.generation, now) else {
        return Ok(None);
    };
    let Ok(active) = active::check(&state.store, grant, client, now).await? else { return Ok(None) };
    Ok(Some(TokenDescription {
        token_type: None,
        iss: state.issuer().as_str().to_owned(),
        sub: subject::of(state, client, &active.user().id),
        aud: Vec::new(),
        client_id: client.id.clone(),
        username: may_know(client).then(|| active.user().username.clone()),
        scope: active.grant().scope.clone(),
        exp,
        iat: None,
        jti: None,
        auth_time: None,
        acr: None,
    }))
}
