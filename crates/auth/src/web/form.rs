//! Reading what was sent: form bodies with a limit, the query string. Who sent it is told in `sender.rs`.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::Payload;
use futures_util::StreamExt as _;
use protocol::error::{ErrorCode, OAuthError};
use protocol::params::Params;

use crate::web::error::{JsonError, PageError, Situation};
use crate::{AppState, protocol_log};

/// Of a name or an address, in characters (an address has at most 64 + 1 + 255).
const LONGEST_NAME: usize = 320;

/// Why a body was not read as a form.
#[derive(Debug)]
pub enum FormError {
    WrongType,
    TooLarge { limit: usize },
    Broken(String),
    Malformed(OAuthError),
}

/// Reads an `application/x-www-form-urlencoded` body of at most `limits.body_bytes` (RFC 6749 appendix B).
pub(crate) async fn read(state: &AppState, request: &HttpRequest, payload: Payload) -> Result<Params, FormError> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let media_type = header(CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") || header(CONTENT_ENCODING).is_some() {
        return Err(FormError::WrongType);
    }
    let body = body(payload, state.config.limits.body_bytes).await?;
    let params = Params::parse(&body).map_err(FormError::Malformed)?;
    protocol_log::asked(state, request, &params);
    Ok(params)
}

/// Reads a body of any type, of at most `limit` bytes.
pub(crate) async fn body(mut payload: Payload, limit: usize) -> Result<Vec<u8>, FormError> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| FormError::Broken(error.to_string()))?;
        if body.len() + chunk.len() > limit {
            return Err(FormError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The query string as parameters.
pub(crate) fn query(request: &HttpRequest) -> Result<Params, OAuthError> {
    Params::parse(request.query_string().as_bytes())
}

/// The same for a page, which says what is wrong with its link.
pub(crate) fn page_query(request: &HttpRequest) -> Result<Params, PageError> {
    query(request).map_err(PageError::bad_link)
}

/// A field of a form or a parameter of a query, empty where it is not there.
pub(crate) fn text<'f>(form: &'f Params, name: &'static str) -> Result<&'f str, PageError> {
    Ok(field(form, name)?.unwrap_or_default())
}

/// The same where it makes a difference. What was sent empty was not sent.
pub(crate) fn field<'f>(form: &'f Params, name: &'static str) -> Result<Option<&'f str>, PageError> {
    form.get(name).map_err(PageError::bad_link)
}

/// Whether a box of a form was ticked.
pub(crate) fn ticked(form: &Params, name: &'static str) -> Result<bool, PageError> {
    Ok(field(form, name)?.is_some())
}

/// What was typed as a name or an address; nobody has a longer one.
pub(crate) fn cut(typed: &str) -> String {
    typed.chars().take(LONGEST_NAME).collect()
}

impl From<FormError> for JsonError {
    fn from(error: FormError) -> Self {
        let invalid = |text: &'static str| Self::new(OAuthError::new(ErrorCode::InvalidRequest, text));
        match error {
            FormError::WrongType => Self {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                ..invalid("send the parameters as application/x-www-form-urlencoded, without a content encoding")
            },
            FormError::TooLarge { limit } => Self {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                ..Self::new(OAuthError::new(
                    ErrorCode::InvalidRequest,
                    format!("the body is longer than {limit} bytes"),
                ))
            },
            FormError::Broken(cause) => invalid("the body ended too early").because(cause),
            FormError::Malformed(error) => Self::new(error),
        }
    }
}

impl From<FormError> for PageError {
    fn from(error: FormError) -> Self {
        match error {
            FormError::TooLarge { .. } => Self::new(Situation::TooLarge),
            FormError::Malformed(error) => Self::bad_link(error),
            FormError::WrongType => Self::bad_link(OAuthError::new(
                ErrorCode::InvalidRequest,
                "send the form as application/x-www-form-urlencoded",
            )),
            FormError::Broken(cause) => Self::new(Situation::Expired).because(cause),
        }
    }
}
