//! `POST /revoke` (RFC 7009): ends a refresh token's whole grant, or a single access token.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::client::Client;
use protocol::grant::state::EndReason;
use protocol::time::Timestamp;
use store::StoreError;

use crate::grants::refresh_token;
use crate::web::error::JsonError;
use crate::web::form;
use crate::{AppState, access_token, clients};

pub(crate) async fn post(state: Data<AppState>, http: HttpRequest, body: Payload) -> Result<HttpResponse, JsonError> {
    let now = state.now();
    let params = form::read(&state, &http, body).await?;
    let client = clients::authenticate(&state, &http, &params, now).await?;
    let token = params.require("token")?;
    // `token_type_hint` only helps to look in the right place first (RFC 7009 §2.1); both places are cheap.
    if !revoke_refresh_token(&state, &client, token, now).await? {
        revoke_access_token(&state, &client, token, now).await?;
    }
    // RFC 7009 §2.2: invalid tokens do not cause an error; the answer has no body.
    Ok(HttpResponse::Ok().finish())
}

/// Ends the grant, and with it each access token that rests on it (RFC 7009 §2.1).
async fn revoke_refresh_token(
    state: &AppState,
    client: &Client,
    token: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some((_, grant)) = refresh_token::open(state, token).await? else { return Ok(false) };
    if grant.client_id == client.id {
        let _ended = store::grants::end(&state.store, &grant.id, EndReason::Revoked, now).await?;
    }
    Ok(true)
}

async fn revoke_access_token(state: &AppState, client: &Client, token: &str, now: Timestamp) -> Result<(), StoreError> {
    match access_token::read(state, token, now) {
        Some(claims) if claims.client_id == client.id && now < claims.exp => {
            store::revoked_tokens::insert(&state.store, &claims.jti, claims.exp).await
        }
        _ => Ok(()),
    }
}
