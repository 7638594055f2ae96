//! Cross-origin answers for browser apps, on errors too: without the headers they see "network error" instead of `invalid_grant`.
//!
//! `/token`, `/revoke` and `/userinfo` answer an origin that belongs to a registered client (the origins of its redirect
//! URIs). Credentials are allowed because these endpoints never read a cookie. The public documents answer `*` by themselves
//! (`web/discovery.rs`); `/authorize`, the pages and `/introspect` have no CORS at all (RFC 9700 §2.6).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderMap, HeaderValue, ORIGIN, VARY,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpResponse};
use protocol::ids::ClientId;
use store::StoreError;

use crate::AppState;
use crate::web::error;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, OPTIONS");
const HEADERS: HeaderValue = HeaderValue::from_static("Authorization, Content-Type");
const EXPOSED: HeaderValue = HeaderValue::from_static("WWW-Authenticate, Retry-After, X-Trace-Id");
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Middleware of the three endpoints that browser apps call.
pub(crate) async fn cors(
    state: Data<AppState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let origin = request.headers().get(ORIGIN).cloned();
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight {
        request.into_response(HttpResponse::NoContent().finish())
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    // Errors are rendered here already, so that what follows adds its headers to the answer that leaves.
    if let Some(rendered) =
        response.response().error().and_then(|error| error::render(error, &state, response.request()))
    {
        response = response.into_response(rendered);
    }
    let client = response.request().extensions().get::<ClientId>().cloned();
    let allowed = match &origin {
        Some(origin) => allows(&state, origin, client.as_ref()).await.unwrap_or(false),
        None => false,
    };
    if let Some(origin) = origin.filter(|_| allowed) {
        allow(response.headers_mut(), origin);
        if preflight {
            allow_request(response.headers_mut());
        }
    }
    response.headers_mut().append(VARY, HeaderValue::from_static("Origin"));
    Ok(response)
}

/// An authenticated client may be called from its own origins only; before that, any registered origin may learn its error.
async fn allows(state: &AppState, origin: &HeaderValue, client: Option<&ClientId>) -> Result<bool, StoreError> {
    let Ok(origin) = origin.to_str() else { return Ok(false) };
    match client {
        Some(client) => store::clients::origin_belongs_to(&state.store, origin, client).await,
        None => store::clients::origin_is_known(&state.store, origin).await,
    }
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// The answer to a preflight: what the request proper may be.
fn allow_request(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
}
