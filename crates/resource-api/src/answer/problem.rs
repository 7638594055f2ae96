//! The form of every error: a problem document (RFC 9457) with the trace id, and the headers that belong to it.
//!
//! A [`Problem`] is a value that handlers return; `trace.rs` gives it the trace id and writes the one line of the log. What
//! refused credentials become is in `refusal.rs`.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::answer::trace::TraceId;

/// An error answer. Handlers of any service may return it.
pub struct Problem {
    status: StatusCode,
    error: Option<&'static str>,
    detail: Cow<'static, str>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Box<dyn fmt::Display>>,
}

/// RFC 9457. `error` is a stable word for programs; a bare challenge has none (RFC 6750 §3.1).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "service", derive(utoipa::ToSchema), schema(as = Problem))]
pub(crate) struct Document<'p> {
    /// Always `about:blank`: the status says which kind of problem it is, `error` says more.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    /// Which rule the request broke.
    detail: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'p str>,
    /// The same as in the `X-Trace-Id` header and in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

impl Problem {
    /// `error`: a stable word for programs. `detail`: which rule the request broke, for the developer who reads it.
    pub fn new(status: StatusCode, error: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error: Some(error), detail: detail.into(), headers: Vec::new(), cause: None }
    }

    /// 404.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
    }

    /// 500, with the cause for the log alone.
    pub fn server_error(cause: impl fmt::Display + 'static) -> Self {
        let detail = "the server could not complete the request";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", detail).because(cause)
    }

    /// What the log is told and the caller is not.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display + 'static) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }

    /// One header more. What cannot stand in a header is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        if let Ok(value) = value.try_into() {
            self.headers.push((name, value));
        }
        self
    }

    #[must_use]
    pub(crate) fn without_error(mut self) -> Self {
        self.error = None;
        self
    }

    /// The status that it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// For errors of the framework: a path, a query or a body that the handler's types do not take.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            _ if status.is_server_error() => Self { status, ..Self::server_error(status) },
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(status, "content_too_large", "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::new(status, "unsupported_media_type", "the body is of a type that is not accepted here")
            }
            _ => Self::new(status, "bad_request", "the request cannot be understood"),
        }
    }

    pub(crate) fn answer(&self, trace: Option<&TraceId>) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((CACHE_CONTROL, "no-store"));
        for (name, value) in &self.headers {
            response.append_header((name.clone(), value.clone()));
        }
        let document = Document {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            error: self.error,
            trace_id: trace.map(ToString::to_string),
        };
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        response.body(serde_json::to_vec(&document).unwrap_or_default())
    }

    /// The cause goes to the log, once, here; callers have the rule and the trace id.
    pub(crate) fn log(&self, trace: &TraceId) {
        let cause: &dyn fmt::Display = self.cause.as_deref().unwrap_or(&self.detail);
        let status = self.status.as_u16();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            tracing::warn!(trace.id = %trace, http.status = status, cause = %cause, "request put off");
        } else if self.status.is_server_error() {
            tracing::error!(trace.id = %trace, http.status = status, cause = %cause, "request failed");
        } else {
            tracing::info!(trace.id = %trace, http.status = status, cause = %cause, "request refused");
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.answer(None)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.detail)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem").field("status", &self.status).field("error", &self.error).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_framework_have_the_word_of_their_status() {
        for (status, error) in
            [(400, "bad_request"), (404, "not_found"), (413, "content_too_large"), (415, "unsupported_media_type")]
        {
            let status = StatusCode::from_u16(status).expect("is a status");
            let problem = Problem::of_status(status);
            assert_eq!((problem.status(), problem.error), (status, Some(error)));
        }
        assert_eq!(Problem::of_status(StatusCode::BAD_GATEWAY).error, Some("server_error"));
    }
}
