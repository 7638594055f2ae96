//! Reading what was sent: form bodies with a limit, the query string, the address of the peer.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::Payload;
use futures_util::StreamExt as _;
use protocol::error::{ErrorCode, OAuthError};
use protocol::params::Params;

use crate::AppState;
use crate::web::error::{JsonError, PageError, Situation};

/// Why a body was not read as a form.
#[derive(Debug)]
pub enum FormError {
    WrongType,
    TooLarge { limit: usize },
    Broken(String),
    Malformed(OAuthError),
}

/// Reads an `application/x-www-form-urlencoded` body of at most `limits.body_bytes` (RFC 6749 appendix B).
pub(crate) async fn read(state: &AppState, request: &HttpRequest, mut payload: Payload) -> Result<Params, FormError> {
    let limit = state.config.limits.body_bytes;
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let media_type = header(CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") || header(CONTENT_ENCODING).is_some() {
        return Err(FormError::WrongType);
    }
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| FormError::Broken(error.to_string()))?;
        if body.len() + chunk.len() > limit {
            return Err(FormError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Params::parse(&body).map_err(FormError::Malformed)
}

/// The query string as parameters.
pub(crate) fn query(request: &HttpRequest) -> Result<Params, OAuthError> {
    Params::parse(request.query_string().as_bytes())
}

/// The `Authorization` header, when there is exactly one and it is text.
pub(crate) fn authorization(request: &HttpRequest) -> Result<Option<&str>, OAuthError> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value
            .to_str()
            .map(Some)
            .map_err(|_| OAuthError::new(ErrorCode::InvalidRequest, "the Authorization header is not text")),
        (Some(_), Some(_)) => {
            Err(OAuthError::new(ErrorCode::InvalidRequest, "the Authorization header was sent more than once"))
        }
    }
}

/// The client's address: the peer itself or, when the peer is a trusted proxy, the last address that it did not vouch for.
///
/// `X-Forwarded-For` from anybody else is ignored (RFC 9700 §4.13).
pub(crate) fn client_address(state: &AppState, request: &HttpRequest) -> IpAddr {
    let trusted = |address: &IpAddr| state.config.server.trusts(*address);
    let Some(peer) = request.peer_addr().map(|peer| peer.ip().to_canonical()) else {
        return IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    };
    if !trusted(&peer) {
        return peer;
    }
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        forwarded.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    hops.into_iter().rev().map(|hop| hop.to_canonical()).find(|hop| !trusted(hop)).unwrap_or(peer)
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
