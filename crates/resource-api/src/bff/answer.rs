//! How the routes below `/bff/` answer: never cached, problems as RFC 9457 documents.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE};
use protocol::time::Seconds;
use serde::Serialize;

use crate::bff::error::BffError;

#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    error: &'a str,
}

pub(crate) fn json(value: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(value)
}

/// To an address of ours or of the issuer. The address of this page, which may have a code in it, goes to nobody.
pub(crate) fn redirect(address: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((LOCATION, address))
        .finish()
}

/// `error` is one word for programs, `detail` a sentence for people who write them.
pub(crate) fn problem(status: StatusCode, error: &str, detail: &str) -> HttpResponse {
    let title = status.canonical_reason().unwrap_or("Error");
    let problem = Problem { kind: "about:blank", title, status: status.as_u16(), detail, error };
    HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("application/problem+json")
        .body(serde_json::to_vec(&problem).unwrap_or_default())
}

pub(crate) fn refusal(error: BffError) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = problem(status, error.code(), &error.to_string());
    if let Some(after) = error.retry_after() {
        come_back(&mut answer, after);
    }
    if error == BffError::SessionOver {
        challenge(&mut answer);
    }
    answer
}

/// RFC 9110 §15.5.2: a 401 "MUST send a WWW-Authenticate header field". No registered scheme means a cookie; browsers ignore
/// what they do not know and show no window.
pub(crate) fn challenge(answer: &mut HttpResponse) {
    let value = actix_web::http::header::HeaderValue::from_static("Cookie realm=\"/bff/login\"");
    answer.headers_mut().insert(WWW_AUTHENTICATE, value);
}

pub(crate) fn come_back(answer: &mut HttpResponse, after: Seconds) {
    answer.headers_mut().insert(RETRY_AFTER, after.0.into());
}
