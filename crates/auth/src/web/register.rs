//! `/register` (RFC 7591 §3, OpenID Connect Registration §3) and `/register/{client_id}` (RFC 7592 §2).
//!
//! Switched off, the paths do not exist. No CORS: in a browser, every script of the page would read the tokens.

use actix_web::guard::GuardContext;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, PRAGMA};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::client::Client;
use protocol::error::{ErrorCode, OAuthError};
use protocol::ids::ClientId;
use protocol::metadata::paths;
use protocol::registration::ClientMetadata;
use protocol::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::registration::{self, Registered};
use crate::sender;
use crate::web::error::{Challenge, JsonError};
use crate::web::form;
use crate::{AppState, limits, protocol_log};

const MAX_BYTES: usize = 64 * 1024;

/// RFC 7591 §3.2.1 and RFC 7592 §3: what a client is told about itself.
#[derive(Serialize)]
struct Information<'a> {
    client_id: &'a ClientId,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    /// "REQUIRED if client_secret is issued": 0 is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<i64>,
    client_id_issued_at: Timestamp,
    registration_access_token: &'a str,
    registration_client_uri: String,
    #[serde(flatten)]
    metadata: ClientMetadata,
}

/// Whether the endpoint is switched on.
pub(crate) fn is_on(context: &GuardContext<'_>) -> bool {
    context.app_data::<Data<AppState>>().is_some_and(|state| state.config.registration.is_on())
}

pub(crate) async fn post(state: Data<AppState>, http: HttpRequest, body: Payload) -> Result<HttpResponse, JsonError> {
    let now = state.now();
    let admitted = registration::admit(&state, bearer(&http)?, now).await?;
    count(&state, &http, now)?;
    let document = read(&http, body).await?;
    let registered = registration::register(&state, document, admitted, now).await?;
    protocol_log::about(&http, &registered.client.id);
    protocol_log::proven(&http);
    Ok(answer(StatusCode::CREATED, &state, &registered))
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest, id: Path<String>) -> Result<HttpResponse, JsonError> {
    let owner = registration::owner(&state, &id, bearer(&http)?, state.now()).await?;
    protocol_log::about(&http, &owner.client.id);
    protocol_log::proven(&http);
    // The secret cannot be told again: only its hash is kept.
    let registered = Registered { client: owner.client, secret: None, token: owner.token };
    Ok(answer(StatusCode::OK, &state, &registered))
}

pub(crate) async fn put(
    state: Data<AppState>,
    http: HttpRequest,
    id: Path<String>,
    body: Payload,
) -> Result<HttpResponse, JsonError> {
    let now = state.now();
    let owner = registration::owner(&state, &id, bearer(&http)?, now).await?;
    protocol_log::about(&http, &owner.client.id);
    protocol_log::proven(&http);
    count(&state, &http, now)?;
    let document = read(&http, body).await?;
    let registered = registration::replace(&state, owner, document, now).await?;
    Ok(answer(StatusCode::OK, &state, &registered))
}

pub(crate) async fn delete(
    state: Data<AppState>,
    http: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, JsonError> {
    let now = state.now();
    let owner = registration::owner(&state, &id, bearer(&http)?, now).await?;
    registration::delete(&state, &owner, now).await?;
    // RFC 7592 §2.3: "the authorization server MUST respond with an HTTP 204 No Content message".
    Ok(HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish())
}

fn answer(status: StatusCode, state: &AppState, registered: &Registered) -> HttpResponse {
    let Registered { client, secret, token } = registered;
    HttpResponse::build(status).insert_header((CACHE_CONTROL, "no-store")).insert_header((PRAGMA, "no-cache")).json(
        Information {
            client_id: &client.id,
            client_secret: secret.as_ref().map(|secret| secret.expose().as_str()),
            client_secret_expires_at: secret.as_ref().map(|_| 0),
            client_id_issued_at: client.created_at,
            registration_access_token: token.expose(),
            registration_client_uri: format!("{}/{}", state.issuer().endpoint(paths::REGISTER), client.id),
            metadata: told(client),
        },
    )
}

/// RFC 7591 §3.2.1: "all registered metadata". What the administrator alone decides is none of the client's.
fn told(client: &Client) -> ClientMetadata {
    ClientMetadata {
        consent_policy: None,
        password_check_scope: None,
        pkce_policy: None,
        scope_claims: None,
        ..ClientMetadata::from(client)
    }
}

fn bearer(http: &HttpRequest) -> Result<Option<&str>, JsonError> {
    sender::bearer(http).map_err(|error| JsonError::new(error).challenge(Challenge::Bearer))
}

/// Each registration is a row and may make this server fetch a document.
fn count(state: &AppState, http: &HttpRequest, now: Timestamp) -> Result<(), JsonError> {
    let peer = sender::address(state, http);
    let most = state.config.registration.per_address_per_hour;
    state.limits.register(peer, most, now).map_err(|limits::Throttled { retry_after }| JsonError {
        status: StatusCode::TOO_MANY_REQUESTS,
        retry_after: Some(retry_after),
        ..JsonError::new(OAuthError::new(
            ErrorCode::TemporarilyUnavailable,
            "too many registrations from this address; try again later",
        ))
    })
}

/// One JSON object with each member once.
async fn read(http: &HttpRequest, body: Payload) -> Result<Map<String, Value>, JsonError> {
    let refused = |text: &'static str| JsonError::new(OAuthError::new(ErrorCode::InvalidClientMetadata, text));
    let header = |name| http.headers().get(name).and_then(|value| value.to_str().ok());
    let media_type = header(CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") || header(CONTENT_ENCODING).is_some() {
        let text = "send the metadata as application/json, without a content encoding";
        return Err(JsonError { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, ..refused(text) });
    }
    let body = form::body(body, MAX_BYTES).await?;
    jwt::json::object(&body).map_err(|_| refused("the body must be one JSON object with each member once"))
}
