//! Which browser apps may read the answers (WHATWG Fetch §3.2): the configured origins, none by default.
//!
//! The same headers stand on errors, or a developer would see "network error" instead of the reason. No credentials are
//! allowed: this API reads no cookies, only the Authorization header that the app itself sets.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue,
    ORIGIN, VARY,
};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const REQUEST_HEADERS: &str =
    "Authorization, Content-Type, DPoP, X-API-Key, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID";
const EXPOSED: &str = "WWW-Authenticate, DPoP-Nonce, Retry-After, Location, ETag, X-Trace-Id";
/// Ten minutes: a removed origin is forgotten soon.
const MAX_AGE: &str = "600";

/// The request's origin when it is one of ours.
pub(crate) fn allowed_origin(allowed: &[String], headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    allowed.iter().any(|known| known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

pub(crate) fn is_preflight(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The same for every path, so it tells nothing about which paths exist. Without an allowed origin it allows nothing.
pub(crate) fn preflight(origin: Option<&HeaderValue>) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    if origin.is_some() {
        response
            .insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS))
            .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
            .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE));
    }
    response.finish()
}

/// On every answer. `Vary` stands there even for other origins, so that no cache mixes them up.
pub(crate) fn mark(headers: &mut HeaderMap, allowed: &[String], origin: Option<&HeaderValue>) {
    if !allowed.is_empty() {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}
