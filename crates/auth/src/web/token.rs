//! `POST /token` (RFC 6749 §3.2): who asks, what for, and the grant's own file does the rest.

use actix_web::http::header::{CACHE_CONTROL, PRAGMA};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::grant::TokenRequest;

use crate::grants::{authorization_code, client_credentials, refresh_token};
use crate::web::error::JsonError;
use crate::web::form;
use crate::{AppState, clients, protocol_log};

pub(crate) async fn post(state: Data<AppState>, http: HttpRequest, body: Payload) -> Result<HttpResponse, JsonError> {
    let now = state.now();
    let params = form::read(&state, &http, body).await?;
    let client = clients::authenticate(&state, &http, &params, now).await?;
    let request = TokenRequest::parse(&params)?;
    request.check_allowed(&client)?;
    let response = match &request {
        TokenRequest::AuthorizationCode(request) => authorization_code::redeem(&state, &client, request, now).await,
        TokenRequest::RefreshToken(request) => refresh_token::refresh(&state, &client, request, now).await,
        TokenRequest::ClientCredentials(request) => client_credentials::exchange(&state, &client, request, now).await,
    }?;
    protocol_log::proven(&http);
    // RFC 6749 §5.1: any response containing tokens has "Cache-Control: no-store" and "Pragma: no-cache".
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).insert_header((PRAGMA, "no-cache")).json(response))
}
