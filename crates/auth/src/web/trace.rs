//! One identifier per request: made here, logged here, sent as `X-Trace-Id`. Also the last stop of every error, and the
//! end of a handler that takes longer than `limits.handler_timeout`.
//!
//! The log line has method, path, status and time. Never the query: it carries codes, state and id_token_hint.

use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse, ResponseError};
use tokio::time::timeout;

use crate::trace_id::TraceId;
use crate::web::{cookies, error, headers};
use crate::{AppState, protocol_log};

pub(crate) const TRACE_HEADER: HeaderName = HeaderName::from_static("x-trace-id");

/// What was asked may or may not have been done, as after a lost answer.
#[derive(Debug, thiserror::Error)]
#[error("the handler took too long")]
struct TimedOut(TraceId);

impl ResponseError for TimedOut {
    fn error_response(&self) -> HttpResponse {
        HttpResponse::ServiceUnavailable()
            .insert_header((TRACE_HEADER, self.0.as_str()))
            .insert_header((RETRY_AFTER, "2"))
            .finish()
    }
}

/// Middleware around every route.
pub(crate) async fn trace(
    state: Data<AppState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let trace = TraceId::begin(&request);
    let limit = Duration::from_secs(state.config.limits.handler_timeout);
    let Ok(answered) = timeout(limit, next.call(request)).await else {
        tracing::error!(trace.id = %trace, seconds = limit.as_secs(), "the handler took too long and was given up");
        return Err(TimedOut(trace).into());
    };
    let response = answered?.map_into_boxed_body();
    let rendered = response.response().error().and_then(|error| error::render(error, &state, response.request()));
    let mut response = match rendered {
        Some(rendered) => response.into_response(rendered),
        None => response,
    };
    let request = response.request().clone();
    cookies::add_sent(&request, response.headers_mut());
    for (name, value) in headers::everything(state.issuer()) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    if let Ok(value) = HeaderValue::from_str(trace.as_str()) {
        response.headers_mut().insert(TRACE_HEADER, value);
    }
    protocol_log::note(&state, &request, response.status(), &trace, began.elapsed());
    tracing::debug!(
        trace.id = %trace,
        http.method = %response.request().method(),
        // The pattern of the route and never the path, which may end in the secret of a link that was mailed.
        http.route = response.request().match_pattern().as_deref().unwrap_or("-"),
        http.status = response.status().as_u16(),
        micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    Ok(response)
}
