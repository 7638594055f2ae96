//! `POST /introspect` (RFC 7662): tells an authenticated client about a token that is meant for it, and nobody else anything.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use jwt::access_token::AccessTokenClaims;
use protocol::client::{Client, TokenEndpointAuthMethod};
use protocol::error::{ErrorCode, OAuthError};
use protocol::time::Timestamp;
use serde_json::{Value, json};
use store::StoreError;

use crate::grants::refresh_token;
use crate::web::error::{Challenge, JsonError};
use crate::web::form;
use crate::{AppState, access_token, active, clients};

pub(crate) async fn post(state: Data<AppState>, http: HttpRequest, body: Payload) -> Result<HttpResponse, JsonError> {
    let now = state.now();
    let params = form::read(&state, &http, body).await?;
    let client = clients::authenticate(&state, &http, &params, now).await?;
    // RFC 7662 §2.1: the endpoint MUST require some form of authorization to access it.
    if client.token_endpoint_auth_method == TokenEndpointAuthMethod::None {
        let error = OAuthError::new(ErrorCode::InvalidClient, "introspection needs a client that can authenticate");
        return Err(JsonError::new(error).challenge(Challenge::Basic));
    }
    let token = params.require("token")?;
    let description = match describe_access_token(&state, &client, token, now).await? {
        Some(description) => Some(description),
        None => describe_refresh_token(&state, &client, token, now).await?,
    };
    // RFC 7662 §2.2: an inactive token is `{"active": false}` and nothing more.
    let answer = description.unwrap_or_else(|| json!({ "active": false }));
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(answer))
}

async fn describe_access_token(
    state: &AppState,
    client: &Client,
    token: &str,
    now: Timestamp,
) -> Result<Option<Value>, StoreError> {
    let Some(claims) = access_token::read(state, token, now) else { return Ok(None) };
    if !concerns(state, client, &claims).await? {
        return Ok(None);
    }
    let Some(live) = access_token::live(state, &claims, now).await? else { return Ok(None) };
    let mut answer = serde_json::to_value(&claims).unwrap_or_default();
    answer["active"] = json!(true);
    answer["token_type"] = json!("Bearer");
    if let Some(active) = live.active {
        answer["username"] = json!(active.user.username);
    }
    Ok(Some(answer))
}

/// The client that the token was issued to, or the resource server of an API in its audience.
async fn concerns(state: &AppState, client: &Client, claims: &AccessTokenClaims) -> Result<bool, StoreError> {
    if claims.client_id == client.id {
        return Ok(true);
    }
    for identifier in store::apis::served_by(&state.store, &client.id).await? {
        if claims.aud.contains(&identifier) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A refresh token concerns the client that it was issued to, alone.
async fn describe_refresh_token(
    state: &AppState,
    client: &Client,
    token: &str,
    now: Timestamp,
) -> Result<Option<Value>, StoreError> {
    let Some((token, grant)) = refresh_token::open(state, token).await? else { return Ok(None) };
    let expires_at = grant.idle_expires_at.min(grant.expires_at);
    if token.generation != grant.generation || now >= expires_at {
        return Ok(None);
    }
    Ok(active::check(&state.store, grant, client, now).await?.ok().map(|active| {
        json!({
            "active": true,
            "iss": state.issuer().as_str(),
            "sub": active.user.id.as_str(),
            "username": active.user.username,
            "client_id": client.id.as_str(),
            "scope": active.grant.scope.to_string(),
            "exp": expires_at.0,
        })
    }))
}
