//! A JSON body, read within limits of size and time (RFC 8259).
//!
//! Unknown and repeated members are refused by the types that are read. Every refusal says what to change.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::problem::Problem;
use crate::service::web::problems;

const MAX_BYTES: usize = 64 * 1024;
const MAX_TIME: Duration = Duration::from_secs(10);
const MAX_SENTENCE: usize = 200;

pub(crate) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let fits = check_headers(request.headers());
        let payload = payload.take();
        Box::pin(async move {
            fits?;
            let bytes = timeout(MAX_TIME, read(payload)).await.map_err(|_| problems::too_slow())??;
            // An array of the members' values in order would pass for the object.
            if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
                return Err(problems::body("the body must be a JSON object"));
            }
            serde_json::from_slice(&bytes).map(Self).map_err(|error| problems::body(explain(&error)))
        })
    }
}

fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let essence = text(CONTENT_TYPE).and_then(|value| value.split(';').next()).map(str::trim);
    if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Err(problems::media_type("send the body as Content-Type: application/json"));
    }
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(problems::media_type("send the body without Content-Encoding"));
    }
    match text(CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok()) {
        Some(length) if length > MAX_BYTES => Err(problems::too_large()),
        _ => Ok(()),
    }
}

async fn read(mut payload: Payload) -> Result<BytesMut, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| match error {
            PayloadError::Overflow => problems::too_large(),
            _ => problems::body("the body ended early"),
        })?;
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(problems::too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The parser's sentence, which may repeat a member's name or value: cut, and without control characters.
fn explain(error: &serde_json::Error) -> Cow<'static, str> {
    let sentence: String = error.to_string().chars().filter(|c| !c.is_control()).take(MAX_SENTENCE).collect();
    match error.classify() {
        serde_json::error::Category::Data => sentence.into(),
        _ => format!("this is not JSON: {sentence}").into(),
    }
}
