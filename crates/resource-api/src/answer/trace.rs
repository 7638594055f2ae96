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
use actix_web::{Error, HttpMessage as _, HttpResponse};

use crate::access::caller::Caller;
use crate::access::routes::DPOP_NONCE;
use crate::answer::cors::{self, Readers};
use crate::answer::problem::Problem;
use crate::config::Settings;
use crate::resource_server::ResourceServer;

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

/// The outermost middleware of an app, as `App::new().wrap(from_fn(layer))`: trace id, CORS, the headers that every answer has,
/// errors as problems, the log line.
pub async fn layer(
    server: Data<ResourceServer>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let trace = TraceId::new();
    let settings = server.settings();
    let readers = Readers::of(&server, &request);
    let mut response = if cors::is_preflight(&request) {
        request.into_response(readers.preflight(server.schemes(), &settings.allowed_headers))
    } else {
        let response = next.call(request).await?.map_into_boxed_body();
        match response.response().error().map(|error| render(error, &trace)) {
            Some(mut rendered) => {
                // RFC 9449 §8.2: a new nonce comes with any answer, refusals as well.
                if let Some(nonce) = response.headers().get(DPOP_NONCE) {
                    rendered.headers_mut().insert(DPOP_NONCE, nonce.clone());
                }
                response.into_response(rendered)
            }
            None => response,
        }
    };
    readers.mark(response.headers_mut(), &settings.allowed_origins);
    mark(response.headers_mut(), &trace, settings);
    log(&response, &trace, began);
    Ok(response)
}

/// Any error of a handler: a problem as it is, another one by its status alone.
fn render(error: &Error, trace: &TraceId) -> HttpResponse {
    let of_the_framework;
    let problem = match error.as_error::<Problem>() {
        Some(problem) => problem,
        None => {
            of_the_framework = Problem::of_status(error.as_response_error().status_code());
            &of_the_framework
        }
    };
    problem.log(trace);
    problem.answer(Some(trace))
}

fn mark(headers: &mut HeaderMap, trace: &TraceId, settings: &Settings) {
    if let Ok(value) = HeaderValue::from_str(&trace.0) {
        headers.insert(TRACE_HEADER, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if settings.is_https() {
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
        user.id = caller.as_ref().map(Caller::subject),
        client.id = caller.as_ref().and_then(Caller::client_id),
        micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
}
