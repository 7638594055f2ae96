//! From refusals to answers: one table, one place that writes and logs them.
//!
//! Bodies are problem documents (RFC 9457) with the trace id; answers about tokens carry a challenge (RFC 6750 §3). Who sent
//! no token gets a bare challenge (401), a bad token 401, too little permission 403, a muddled request 400, and 503 when this
//! server cannot decide. The middleware in `trace.rs` calls [`render`], so every error of every route comes out alike.

use std::borrow::Cow;
use std::fmt::Write as _;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use protocol::time::Seconds;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::{Access, Permission};
use crate::credential::CredentialError;
use crate::database::DatabaseError;
use crate::validator::{NotAccepted, Refusal};
use crate::web::trace::TraceId;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("no access token")]
    NoToken { access: Access, hint: WithoutToken },
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(transparent)]
    Token(Refusal),
    #[error("the scope {} is missing", .0.0)]
    InsufficientScope(Permission),
    #[error("the issuer's keys are not there")]
    KeysUnavailable { retry_after: Seconds },
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("not found")]
    NotFound,
    #[error("method not allowed")]
    MethodNotAllowed { allow: String },
    #[error("bad query: {0}")]
    Query(&'static str),
    /// The sentence may repeat a part of the body: it goes to the caller, not to the log.
    #[error("bad body")]
    Body(Cow<'static, str>),
    #[error("unsupported media type")]
    MediaType(&'static str),
    #[error("content too large")]
    TooLarge,
    #[error("the body took too long")]
    TooSlow,
    /// An error of the framework that has no line of its own here.
    #[error("{0}")]
    Other(StatusCode),
}

/// What a request without a usable token did bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithoutToken {
    NothingSent,
    OnlyInQuery,
}

/// RFC 9457. `error` is a stable word for programs; a bare challenge has none (RFC 6750 §3.1).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the status says which kind of problem it is, `error` says more.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    /// Which rule the request broke.
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    /// The same as in the `X-Trace-Id` header and in the log.
    trace_id: String,
}

/// One line of the table: what goes out for an error.
struct Wire {
    status: StatusCode,
    error: Option<&'static str>,
    detail: Cow<'static, str>,
}

impl ApiError {
    fn wire(&self) -> Wire {
        let wire = |status, error, detail: &str| Wire { status, error: Some(error), detail: detail.to_owned().into() };
        match self {
            Self::NoToken { hint, .. } => {
                Wire { status: StatusCode::UNAUTHORIZED, error: None, detail: hint.detail().into() }
            }
            Self::Credential(error) => wire(StatusCode::BAD_REQUEST, "invalid_request", &error.to_string()),
            Self::Token(refusal) => wire(StatusCode::UNAUTHORIZED, "invalid_token", &refusal.to_string()),
            Self::InsufficientScope(Permission(scope)) => {
                let detail = format!("this needs the scope {scope}, which the access token does not have");
                wire(StatusCode::FORBIDDEN, "insufficient_scope", &detail)
            }
            Self::KeysUnavailable { .. } => wire(
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "the issuer's keys are not there yet, so no token can be checked; try again",
            ),
            Self::Database(DatabaseError::Unavailable(_)) => {
                wire(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "the database is busy; try again")
            }
            Self::Database(_) => {
                wire(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the server could not complete the request")
            }
            Self::NotFound => wire(StatusCode::NOT_FOUND, "not_found", "there is nothing here"),
            Self::MethodNotAllowed { allow } => {
                let detail = format!("this path answers to {allow}");
                wire(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", &detail)
            }
            Self::Query(detail) => wire(StatusCode::BAD_REQUEST, "invalid_query", detail),
            Self::Body(detail) => wire(StatusCode::BAD_REQUEST, "invalid_body", detail),
            Self::MediaType(detail) => wire(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail),
            Self::TooLarge => {
                wire(StatusCode::PAYLOAD_TOO_LARGE, "content_too_large", "the body is larger than 64 KiB")
            }
            Self::TooSlow => {
                wire(StatusCode::REQUEST_TIMEOUT, "request_timeout", "the body took longer than 10 seconds")
            }
            Self::Other(status) if status.is_server_error() => {
                wire(*status, "server_error", "the server could not complete the request")
            }
            Self::Other(status) => wire(*status, "bad_request", "the request cannot be understood"),
        }
    }

    fn retry_after(&self) -> Option<Seconds> {
        match self {
            Self::KeysUnavailable { retry_after } => Some(*retry_after),
            Self::Database(DatabaseError::Unavailable(_)) => Some(Seconds(1)),
            _ => None,
        }
    }

    /// RFC 6750 §3: realm always, then what went wrong, then the scope that would do.
    fn challenge(&self, realm: &str, wire: &Wire) -> Option<String> {
        let scope = match self {
            Self::NoToken { access: Access::Needs(permission), .. } | Self::InsufficientScope(permission) => {
                Some(permission.0)
            }
            Self::NoToken { .. } | Self::Credential(_) | Self::Token(_) => None,
            _ => return None,
        };
        let mut challenge = format!("Bearer realm=\"{realm}\"");
        if let Some(error) = wire.error {
            let _ = write!(challenge, ", error=\"{error}\", error_description=\"{}\"", quotable(&wire.detail));
        }
        if let Some(scope) = scope {
            let _ = write!(challenge, ", scope=\"{scope}\"");
        }
        Some(challenge)
    }

    /// The cause goes to the log, once, here; callers have the rule and the trace id.
    fn log(&self, status: StatusCode, trace: &TraceId) {
        if status.is_server_error() {
            tracing::error!(trace.id = %trace, http.status = status.as_u16(), cause = %self, "request failed");
        } else {
            tracing::info!(trace.id = %trace, http.status = status.as_u16(), cause = %self, "request refused");
        }
    }
}

/// RFC 6750 §3: `error_description` is `%x20-21 / %x23-5B / %x5D-7E`, so without quote and backslash.
fn quotable(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' '..='~') && c != '"' && c != '\\' { c } else { '\'' }).collect()
}

impl WithoutToken {
    fn detail(self) -> &'static str {
        match self {
            Self::NothingSent => "send an access token: Authorization: Bearer …",
            Self::OnlyInQuery => "a token in the URL is never read; send it as Authorization: Bearer …",
        }
    }
}

impl From<NotAccepted> for ApiError {
    fn from(not_accepted: NotAccepted) -> Self {
        match not_accepted {
            NotAccepted::Refused(refusal) => Self::Token(refusal),
            NotAccepted::KeysUnavailable { retry_after } => Self::KeysUnavailable { retry_after },
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.wire().status
    }

    /// Status only; the middleware replaces it by the answer of [`render`].
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// The answer to a refused request.
pub(crate) fn render(error: &actix_web::Error, realm: &str, trace: &TraceId) -> HttpResponse {
    match error.as_error::<ApiError>() {
        Some(error) => answer(error, realm, trace),
        None => answer(&ApiError::Other(error.as_response_error().status_code()), realm, trace),
    }
}

fn answer(error: &ApiError, realm: &str, trace: &TraceId) -> HttpResponse {
    let wire = error.wire();
    error.log(wire.status, trace);
    let mut response = HttpResponse::build(wire.status);
    response.insert_header((CACHE_CONTROL, "no-store"));
    if let Some(challenge) = error.challenge(realm, &wire)
        && let Ok(value) = HeaderValue::from_str(&challenge)
    {
        response.insert_header((WWW_AUTHENTICATE, value));
    }
    if let Some(Seconds(seconds)) = error.retry_after() {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if let ApiError::MethodNotAllowed { allow } = error {
        response.insert_header((ALLOW, allow.as_str()));
    }
    let problem = Problem {
        kind: "about:blank",
        title: wire.status.canonical_reason().unwrap_or("Error"),
        status: wire.status.as_u16(),
        detail: wire.detail.into_owned(),
        error: wire.error,
        trace_id: trace.to_string(),
    };
    response.insert_header((CONTENT_TYPE, "application/problem+json"));
    response.body(serde_json::to_vec(&problem).unwrap_or_default())
}
