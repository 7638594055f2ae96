//! How the routes below `/bff/` answer: never cached, refusals as problem documents like everywhere else (`answer/problem.rs`).

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use protocol::time::Seconds;
use serde::Serialize;

use crate::answer::problem::Problem;
use crate::bff::error::BffError;

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

pub(crate) fn invalid(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
}

impl From<BffError> for Problem {
    fn from(error: BffError) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let problem = Self::new(status, error.code(), error.to_string());
        match (error, error.retry_after()) {
            (BffError::SessionOver, _) => challenge(problem),
            (_, Some(after)) => come_back(problem, after),
            (_, None) => problem,
        }
    }
}

/// RFC 9110 §15.5.2: a 401 "MUST send a WWW-Authenticate header field". No registered scheme means a cookie; browsers ignore
/// what they do not know and show no window.
pub(crate) fn challenge(problem: Problem) -> Problem {
    problem.header(WWW_AUTHENTICATE, "Cookie realm=\"/bff/login\"")
}

pub(crate) fn come_back(problem: Problem, after: Seconds) -> Problem {
    problem.header(RETRY_AFTER, after.0)
}

/// Also where nothing else succeeded.
pub(crate) fn with_cookie(answer: Result<HttpResponse, Problem>, cookie: &Cookie<'_>) -> Result<HttpResponse, Problem> {
    match answer {
        Ok(mut answer) => {
            if answer.add_cookie(cookie).is_err() {
                tracing::error!("a cookie of ours cannot be written");
            }
            Ok(answer)
        }
        Err(problem) => Err(problem.header(SET_COOKIE, cookie.to_string())),
    }
}
