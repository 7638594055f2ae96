//! The outermost layer of every request: its trace id, CORS, the headers that every answer has, the log line.
//!
//! The log line has method, path, status and time, and who asked when that is known. Never the query, never a token.

use std::fmt::{self, Write as _};
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _};

use crate::caller::Caller;
use crate::server::App;
use crate::web::{cors, error};

pub(crate) const TRACE_HEADER: HeaderName = HeaderName::from_static("x-trace-id");

/// 32 hexadecimal digits, drawn here. What a caller sends under this name is not used.
#[derive(Clone, Debug)]
pub(crate) struct TraceId(String);

impl TraceId {
    fn new() -> Self {
        let mut hex = String::with_capacity(32);
        for byte in jwt::random::bytes::<16>() {
            let _ = write!(hex, "{byte:02x}");
        }
        Self(hex)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Middleware around every route.
pub(crate) async fn trace(
    app: Data<App>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let trace = TraceId::new();
    let origin = cors::allowed_origin(&app.config.allowed_origins, request.headers());
    let mut response = if cors::is_preflight(&request) {
        request.into_response(cors::preflight(origin.as_ref()))
    } else {
        let response = next.call(request).await?.map_into_boxed_body();
        match response.response().error().map(|error| error::render(error, &app.config.audience, &trace)) {
            Some(rendered) => response.into_response(rendered),
            None => response,
        }
    };
    cors::mark(response.headers_mut(), &app.config.allowed_origins, origin.as_ref());
    mark(response.headers_mut(), &trace, &app);
    log(&response, &trace, began);
    Ok(response)
}

fn mark(headers: &mut HeaderMap, trace: &TraceId, app: &App) {
    if let Ok(value) = HeaderValue::from_str(&trace.0) {
        headers.insert(TRACE_HEADER, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if app.config.public_url.starts_with("https:") {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

fn log(response: &ServiceResponse<BoxBody>, trace: &TraceId, began: Instant) {
    let request = response.request();
    let caller = request.extensions().get::<Caller>().cloned();
    tracing::debug!(
        trace.id = %trace,
        http.method = %request.method(),
        http.path = request.path(),
        http.status = response.status().as_u16(),
        user.id = caller.as_ref().map(|caller| caller.subject().as_str()),
        client.id = caller.as_ref().map(|caller| caller.client_id().as_str()),
        micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
}
