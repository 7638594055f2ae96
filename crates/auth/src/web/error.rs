//! From refusals to answers: three outward forms, one place that writes and logs them.
//!
//! A handler's return type says which form its errors take: [`PageError`] (HTML, never redirects), [`AuthorizeError`] (a page,
//! or back to the client through a `Callback`), [`JsonError`] (token-like endpoints). The middleware in `web/trace.rs` finds
//! the error on the response, calls [`render`] with the request at hand, and everything is logged here, once, with the
//! trace id that the caller also sees.

mod page;

use std::fmt;
use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use protocol::authorize::callback::Callback;
use protocol::error::{ErrorCode, OAuthError};
use protocol::time::Seconds;
use serde_json::json;
use store::StoreError;

use crate::trace_id::TraceId;
use crate::web::answer;
use crate::web::pages::Onward;
use crate::web::visitor::VisitorError;
use crate::{AppState, protocol_log};

/// What a person is told when there is nobody to redirect to. The texts are in `web/text.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Situation {
    /// The app's link is wrong: unknown client, unregistered redirect URI, malformed parameters.
    BadLink,
    /// The app registered itself and asked for what it cannot have; nobody is signed in.
    UncheckedApp,
    /// The app's sign-out link is wrong.
    BadLogoutLink,
    /// The sign-in took too long, was finished already, or began in another browser.
    Expired,
    /// A link out of a mail, or its code: used, too old, or void since the account changed.
    LinkOver,
    /// The browser did not send back the cookie of the interaction.
    NoCookies,
    /// A form was sent that this server did not make for this browser.
    ForeignForm,
    /// A form of ours with a value that it cannot have.
    BadForm,
    NotFound,
    TooLarge,
    TooMany,
    Unavailable,
    /// As many sign-ins are under way as the server can do at once.
    Busy,
    Broken,
}

/// An answer as a page; never a redirect.
#[derive(Debug)]
pub struct PageError {
    pub situation: Situation,
    pub error: Option<OAuthError>,
    pub client_id: Option<Box<str>>,
    /// Registered and received redirect URI, shown in development mode only.
    pub difference: Option<Box<Difference>>,
    pub retry_after: Option<Seconds>,
    pub cause: Option<Box<str>>,
    /// A way that works; some situations have one of their own without it.
    pub onward: Option<Box<Onward>>,
}

#[derive(Clone, Debug)]
pub struct Difference {
    pub registered: Vec<String>,
    pub received: String,
}

impl Difference {
    fn sentence(&self) -> String {
        format!("received {}, registered {}", protocol_log::place(&self.received), self.registered.join(" "))
    }
}

/// The authorization endpoint's errors: a page until the redirect URI is proven, then back to the client, at once or by way of a
/// page.
#[derive(Debug)]
pub enum AuthorizeError {
    Page(PageError),
    Back(Callback, OAuthError),
    /// As `Back`, with a cause that the client is not told.
    Failed(Callback, Box<JsonError>),
    /// As `Failed`, but on a page of ours, from which the person may take it to the client.
    Held(Callback, Box<JsonError>),
}

/// RFC 6749 §5.2, RFC 6750 §3: JSON with `error`, `error_description` and our `trace_id`.
#[derive(Debug)]
pub struct JsonError {
    pub status: StatusCode,
    pub error: OAuthError,
    /// The scheme of the `WWW-Authenticate` challenge, where the RFC wants one.
    pub challenge: Option<Challenge>,
    pub retry_after: Option<Seconds>,
    pub cause: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// The client used HTTP Basic and failed (RFC 6749 §5.2).
    Basic,
    /// A protected resource was asked for without any token (RFC 6750 §3.1: no error code then).
    BearerBare,
    /// The token was refused.
    Bearer,
}

impl PageError {
    pub fn new(situation: Situation) -> Self {
        Self { situation, error: None, client_id: None, difference: None, retry_after: None, cause: None, onward: None }
    }

    /// A request that cannot be answered to the client because the client itself is in doubt.
    pub fn bad_link(error: OAuthError) -> Self {
        Self { error: Some(error), ..Self::new(Situation::BadLink) }
    }

    #[must_use]
    pub fn client(mut self, id: &str) -> Self {
        self.client_id = Some(id.into());
        self
    }

    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string().into());
        self
    }

    #[must_use]
    pub fn onward(mut self, onward: Onward) -> Self {
        self.onward = Some(Box::new(onward));
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self.situation {
            Situation::BadLink
            | Situation::UncheckedApp
            | Situation::BadLogoutLink
            | Situation::BadForm
            | Situation::Expired
            | Situation::NoCookies => StatusCode::BAD_REQUEST,
            Situation::LinkOver => StatusCode::GONE,
            Situation::ForeignForm => StatusCode::FORBIDDEN,
            Situation::NotFound => StatusCode::NOT_FOUND,
            Situation::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Situation::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Situation::Unavailable | Situation::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Situation::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl AuthorizeError {
    /// What was asked for could not be made; the client learns it at its redirect URI.
    pub(crate) fn failed(callback: Callback, error: JsonError) -> Self {
        Self::Failed(callback, Box::new(error))
    }
}

impl JsonError {
    pub fn new(error: OAuthError) -> Self {
        let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        Self { status, error, challenge: None, retry_after: None, cause: None }
    }

    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    #[must_use]
    pub fn challenge(mut self, challenge: Challenge) -> Self {
        self.challenge = Some(challenge);
        self
    }
}

impl From<OAuthError> for JsonError {
    fn from(error: OAuthError) -> Self {
        Self::new(error)
    }
}

impl From<PageError> for AuthorizeError {
    fn from(error: PageError) -> Self {
        Self::Page(error)
    }
}

impl From<StoreError> for JsonError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                retry_after: Some(Seconds(2)),
                ..Self::new(OAuthError::new(ErrorCode::TemporarilyUnavailable, "the database cannot be reached"))
            },
            _ => Self::new(OAuthError::new(ErrorCode::ServerError, "the server could not complete the request")),
        }
        .because(error)
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                Self { retry_after: Some(Seconds(2)), ..Self::new(Situation::Unavailable) }.because(error)
            }
            _ => Self::new(Situation::Broken).because(error),
        }
    }
}

impl From<StoreError> for AuthorizeError {
    fn from(error: StoreError) -> Self {
        Self::Page(error.into())
    }
}

macro_rules! outward {
    ($type:ty, $this:ident => $status:expr) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }
        impl ResponseError for $type {
            fn status_code(&self) -> StatusCode {
                let $this = self;
                $status
            }
            /// Status only; the middleware replaces it by the answer of [`render`].
            fn error_response(&self) -> HttpResponse {
                HttpResponse::new(self.status_code())
            }
        }
    };
}
outward!(PageError, error => error.status());
outward!(JsonError, error => error.status);
outward!(AuthorizeError, error => match error {
    AuthorizeError::Page(page) => page.status(),
    AuthorizeError::Held(..) => StatusCode::BAD_REQUEST,
    AuthorizeError::Back(..) | AuthorizeError::Failed(..) => StatusCode::SEE_OTHER,
});

/// The answer to a refused request, or `None` when the error is not one of ours.
pub(crate) fn render(error: &actix_web::Error, state: &AppState, request: &HttpRequest) -> Option<HttpResponse> {
    let trace = TraceId::of(request);
    if let Some(error) = error.as_error::<JsonError>() {
        note(request, Some(&error.error), error.cause.as_deref());
        return Some(json_answer(error, state, &trace));
    }
    if let Some(error) = error.as_error::<PageError>() {
        return Some(page::answer(error, state, request, &trace));
    }
    if let Some(VisitorError::Page(error)) = error.as_error::<VisitorError>() {
        return Some(page::answer(error, state, request, &trace));
    }
    match error.as_error::<AuthorizeError>()? {
        AuthorizeError::Page(error) => Some(page::answer(error, state, request, &trace)),
        AuthorizeError::Back(callback, error) => {
            note(request, Some(error), None);
            tracing::info!(trace.id = %trace, oauth.error = error.code.wire(), oauth.description = %error.description,
                "authorization refused, the client is told");
            let answer = callback.refuse(state.issuer(), error, trace.as_str());
            Some(answer::respond(answer, callback.destination().name(), state, request))
        }
        AuthorizeError::Held(callback, held) => Some(page::held(callback, held, state, request, &trace)),
        AuthorizeError::Failed(callback, failed) => {
            note(request, Some(&failed.error), failed.cause.as_deref());
            log(failed.status, Some(&failed.error), failed.cause.as_deref(), &trace);
            let answer = callback.refuse(state.issuer(), &failed.error, trace.as_str());
            Some(answer::respond(answer, callback.destination().name(), state, request))
        }
    }
}

fn json_answer(error: &JsonError, state: &AppState, trace: &TraceId) -> HttpResponse {
    log(error.status, Some(&error.error), error.cause.as_deref(), trace);
    let mut response = HttpResponse::build(error.status);
    response.insert_header((CACHE_CONTROL, "no-store"));
    if let Some(Seconds(seconds)) = error.retry_after {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if let Some(challenge) = error.challenge {
        response.insert_header((WWW_AUTHENTICATE, challenge_value(challenge, &error.error, state, trace)));
        if challenge == Challenge::BearerBare {
            return response.finish();
        }
    }
    let mut body = json!({
        "error": error.error.code.wire(),
        "error_description": error.error.sentence(),
        "error_uri": error.error.code.uri(state.issuer(), trace.as_str()),
        "trace_id": trace.as_str(),
    });
    if let Some(parameter) = error.error.parameter {
        body["parameter"] = json!(parameter);
    }
    response.json(body)
}

fn challenge_value(challenge: Challenge, error: &OAuthError, state: &AppState, trace: &TraceId) -> HeaderValue {
    let realm = state.issuer().as_str();
    let value = match challenge {
        Challenge::Basic => format!("Basic realm=\"{realm}\", charset=\"UTF-8\""),
        Challenge::BearerBare => format!("Bearer realm=\"{realm}\""),
        // RFC 6750 §3: error_uri is "an absolute URI identifying a human-readable web page explaining the error".
        Challenge::Bearer => format!(
            "Bearer realm=\"{realm}\", error=\"{}\", error_description=\"{}\", error_uri=\"{}\"",
            error.code.wire(),
            error.sentence(),
            error.code.uri(state.issuer(), trace.as_str())
        ),
    };
    HeaderValue::from_str(&value).unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
}

/// For the protocol log: what was told, and what was not.
fn note(request: &HttpRequest, error: Option<&OAuthError>, cause: Option<&str>) {
    protocol_log::refused(
        request,
        error.map(|error| error.code),
        error.map(OAuthError::sentence),
        cause.map(str::to_owned),
    );
}

/// A full server refuses hundreds of sign-ins in a second; one line says so, and how many there were.
fn log_overload(state: &AppState, cause: Option<&str>) {
    if let Some(refusals) = state.overload.tell(Instant::now()) {
        tracing::warn!(refusals, cause = cause.unwrap_or("-"), "requests are refused because the server is full");
    }
}

fn log(status: StatusCode, error: Option<&OAuthError>, cause: Option<&str>, trace: &TraceId) {
    let code = error.map_or("-", |error| error.code.wire());
    let description = error.map_or("-", |error| error.description.as_ref());
    let cause = cause.unwrap_or("-");
    if status.is_server_error() {
        tracing::error!(trace.id = %trace, status = status.as_u16(), oauth.error = code, oauth.description = description, cause, "request failed");
    } else {
        tracing::info!(trace.id = %trace, status = status.as_u16(), oauth.error = code, oauth.description = description, cause, "request refused");
    }
}
