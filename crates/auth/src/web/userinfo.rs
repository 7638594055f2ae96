//! `/userinfo` (OpenID Connect Core §5.3): GET, POST with the token in the header, POST with the token in the body.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Data, Payload};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use protocol::claims;
use protocol::client::Client;
use protocol::error::{ErrorCode, OAuthError};
use protocol::params::Params;
use protocol::signing::MaybeSigned;
use protocol::time::Timestamp;
use protocol::userinfo;
use serde_json::{Map, Value};

use crate::issue::id_token::{Content, Protection};
use crate::sender;
use crate::web::error::{Challenge, JsonError};
use crate::web::form;
use crate::{AppState, access_token, issue, protocol_log, subject};

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, JsonError> {
    let token = bearer(&http)?.ok_or_else(no_token)?;
    answer(&state, &http, token).await
}

pub(crate) async fn post(state: Data<AppState>, http: HttpRequest, body: Payload) -> Result<HttpResponse, JsonError> {
    let in_header = bearer(&http)?;
    let has_body = http.headers().contains_key("content-type");
    let params =
        if has_body { form::read(&state, &http, body).await? } else { Params::from_pairs::<String, String>([]) };
    match (in_header, params.get("access_token")?) {
        (Some(token), None) | (None, Some(token)) => answer(&state, &http, token).await,
        (None, None) => Err(no_token()),
        // RFC 6750 §2: clients MUST NOT use more than one method to transmit the token in each request.
        (Some(_), Some(_)) => Err(invalid_request("send the access token once: in the header or in the body")),
    }
}

async fn answer(state: &AppState, http: &HttpRequest, token: &str) -> Result<HttpResponse, JsonError> {
    let now = state.now();
    let refused = |error: OAuthError, cause: &str| JsonError::new(error).challenge(Challenge::Bearer).because(cause);
    let invalid = |cause: &str| refused(userinfo::invalid_token(), cause);
    let token = access_token::read(state, token, now).ok_or_else(|| invalid("it cannot be read"))?;
    protocol_log::about(http, &token.client_id);
    protocol_log::proven(http);
    if now >= token.exp {
        return Err(invalid(&format!("it expired {} s ago", now.since(token.exp).0)));
    }
    let live =
        access_token::live(state, &token, now).await?.ok_or_else(|| invalid("it, or what it rests on, has ended"))?;
    http.extensions_mut().insert(live.client.id.clone()); // for CORS
    let audience: Vec<&str> = token.aud.iter().collect();
    let active = userinfo::admit(&audience, &token.scope, live.active, state.issuer())
        .map_err(|why| refused(why.into(), &why.to_string()))?;
    let (user, asked) = (active.user(), active.grant().claims.clone().within(&live.client.scope)); // as registered today
    let sub = subject::of(state, &live.client, &user.id);
    let claims = claims::userinfo_claims(user, &sub, &token.scope, &asked);
    respond(state, &live.client, claims, now).await
}

/// OpenID Connect Core §5.3.2: JSON, or a JWT where the client registered for a signature or encryption.
async fn respond(
    state: &AppState,
    client: &Client,
    mut claims: Map<String, Value>,
    now: Timestamp,
) -> Result<HttpResponse, JsonError> {
    let jwt = match (client.userinfo_signed_response_alg, client.userinfo_encryption) {
        (None, None) => None,
        (None, Some(encryption)) => {
            let bytes = serde_json::to_vec(&claims).unwrap_or_default();
            Some(issue::id_token::encrypt(state, client, Content { bytes: &bytes, cty: None }, encryption, now).await?)
        }
        (Some(alg), encryption) => {
            // Core §5.3.2: "The signed UserInfo Response SHOULD contain the Claims iss (issuer) and aud (audience)".
            claims.insert("iss".to_owned(), state.issuer().as_str().into());
            claims.insert("aud".to_owned(), client.id.as_str().into());
            // Neither Core nor RFC 7519 gives it a type. Without one it is not taken for an ID token, which has the same key, `iss`
            // and `aud` (RFC 8725 §3.11); `typ: JWT` would say that it is one.
            let protection = Protection { signature: MaybeSigned::Signed(alg), encryption, typ: None };
            Some(issue::id_token::secure(state, client, &claims, protection, now).await?)
        }
    };
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store"));
    Ok(match jwt {
        None => response.json(claims),
        Some(jwt) => response.insert_header((CONTENT_TYPE, "application/jwt")).body(jwt),
    })
}

fn bearer(http: &HttpRequest) -> Result<Option<&str>, JsonError> {
    sender::bearer(http).map_err(|error| JsonError::new(error).challenge(Challenge::Bearer))
}

fn no_token() -> JsonError {
    JsonError {
        status: StatusCode::UNAUTHORIZED,
        ..JsonError::new(OAuthError::new(ErrorCode::InvalidToken, "an access token is required"))
    }
    .challenge(Challenge::BearerBare)
}

fn invalid_request(text: &'static str) -> JsonError {
    JsonError::new(OAuthError::new(ErrorCode::InvalidRequest, text)).challenge(Challenge::Bearer)
}
