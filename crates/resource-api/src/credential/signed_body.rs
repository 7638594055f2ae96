//! The body of a signed request: read as a whole and compared with the digest that was signed, before a handler sees it.

use std::pin::Pin;
use std::time::Duration;

use actix_web::HttpMessage as _;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::Bytes;
use futures_util::stream::{Stream, once};
use tokio::time::timeout;

use crate::answer::refusal::Refusal;
use crate::http::{self, Unread};
use crate::signature::Authentic;

/// Bytes. Other bodies are streamed to the handler, which has limits of its own.
const LIMIT: usize = 1024 * 1024;
/// For the whole of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The request with its body back in its place, if it is the one that was signed.
pub(crate) async fn check(request: &mut ServiceRequest, authentic: Authentic) -> Result<(), Refusal> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > LIMIT as u64) {
        return Err(Refusal::SignedBody(LIMIT));
    }
    let body = timeout(PATIENCE, read(request.take_payload())).await.map_err(|_| Refusal::BodyEnded)??;
    authentic.with_body(&body)?;
    let stream: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(once(async move { Ok(body) }));
    request.set_payload(Payload::from(stream));
    Ok(())
}

async fn read(payload: Payload) -> Result<Bytes, Refusal> {
    http::read(payload, LIMIT).await.map(Bytes::from).map_err(|error| match error {
        Unread::TooLarge => Refusal::SignedBody(LIMIT),
        Unread::Ended(_) => Refusal::BodyEnded,
    })
}
