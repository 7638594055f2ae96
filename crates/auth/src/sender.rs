//! Who sent a request, as far as its connection and its headers tell: the address, the browser, the `Authorization` header.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderValue, USER_AGENT};
use protocol::error::{ErrorCode, OAuthError};
use protocol::network;

use crate::AppState;

/// Of a `User-Agent` header, in characters; more tells a person nothing.
const LONGEST_USER_AGENT: usize = 256;

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

/// The bearer token of the `Authorization` header (RFC 6750 §2.1). Another scheme is not a bearer token.
pub(crate) fn bearer(request: &HttpRequest) -> Result<Option<&str>, OAuthError> {
    let Some(value) = authorization(request)? else { return Ok(None) };
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(OAuthError::new(ErrorCode::InvalidRequest, "the Authorization header does not carry a bearer token")),
    }
}

/// What a browser calls itself, for people to recognise it by; never decided by.
pub(crate) fn user_agent(request: &HttpRequest) -> Option<String> {
    let header = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    header.map(|text| text.chars().take(LONGEST_USER_AGENT).collect())
}

/// The client's address: the peer itself or, when the peer is a trusted proxy, what the proxy says. A proxy that names nobody
/// readable speaks for itself.
pub(crate) fn address(state: &AppState, request: &HttpRequest) -> IpAddr {
    let Some(peer) = request.peer_addr() else { return IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
    let forwarded = request.headers().get_all("x-forwarded-for").map(HeaderValue::as_bytes);
    let address = network::forwarded_address(peer.ip(), forwarded, |address| state.config.server.trusts(address));
    address.unwrap_or_else(|| peer.ip())
}
