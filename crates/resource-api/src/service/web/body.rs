//! A body, read within limits of size and time: JSON (RFC 8259), or the bytes of a file.
//!
//! Unknown and repeated members are refused by the types that are read. Every refusal says what to change.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::web;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::answer::problem::Problem;
use crate::http::{self, Unread};
use crate::service::web::problems;

const MAX_BYTES: usize = 64 * 1024;
const MAX_TIME: Duration = Duration::from_secs(10);
const MAX_TIME_OF_FILE: Duration = Duration::from_mins(1);
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
            let bytes =
                timeout(MAX_TIME, read(payload, MAX_BYTES)).await.map_err(|_| problems::too_slow(MAX_TIME))??;
            // An array of the members' values in order would pass for the object.
            if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
                return Err(problems::body("the body must be a JSON object"));
            }
            serde_json::from_slice(&bytes).map(Self).map_err(|error| problems::body(explain(&error)))
        })
    }
}

/// The bytes of a file, at most so many.
pub(crate) async fn bytes(headers: &HeaderMap, payload: web::Payload, most: usize) -> Result<Vec<u8>, Problem> {
    check_size(headers, most)?;
    let read = timeout(MAX_TIME_OF_FILE, read(payload.into_inner(), most)).await;
    read.map_err(|_| problems::too_slow(MAX_TIME_OF_FILE))?
}

fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let essence = text(CONTENT_TYPE).and_then(|value| value.split(';').next()).map(str::trim);
    if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Err(problems::media_type("send the body as Content-Type: application/json"));
    }
    check_size(headers, MAX_BYTES)
}

/// RFC 9110 §8.4: what is encoded would be of another size than it seems.
fn check_size(headers: &HeaderMap, most: usize) -> Result<(), Problem> {
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(problems::media_type("send the body without Content-Encoding"));
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > most) { Err(problems::too_large(most)) } else { Ok(()) }
}

async fn read(payload: Payload, most: usize) -> Result<Vec<u8>, Problem> {
    http::read(payload, most).await.map_err(|error| match error {
        Unread::TooLarge | Unread::Ended(PayloadError::Overflow) => problems::too_large(most),
        Unread::Ended(_) => problems::body("the body ended early"),
    })
}

/// The parser's sentence, which may repeat a member's name or value: cut, and without control characters.
fn explain(error: &serde_json::Error) -> Cow<'static, str> {
    let sentence: String = error.to_string().chars().filter(|c| !c.is_control()).take(MAX_SENTENCE).collect();
    match error.classify() {
        serde_json::error::Category::Data => sentence.into(),
        _ => format!("this is not JSON: {sentence}").into(),
    }
}
