//! The errors of this service, as problems.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;

use crate::answer::problem::Problem;
use crate::service::database::DatabaseError;

/// The sentence may repeat a part of the body: it goes to the caller, not to the log.
pub(crate) fn body(detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_body", detail).because("the body breaks a rule")
}

pub(crate) fn query(detail: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_query", detail)
}

pub(crate) fn media_type(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

pub(crate) fn header(detail: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_header", detail)
}

/// The handler's part of the path.
pub(crate) fn path(detail: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_path", detail)
}

pub(crate) fn conflict(detail: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT, "conflict", detail)
}

pub(crate) fn too_large(most: usize) -> Problem {
    let detail = format!("the body is larger than {most} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "content_too_large", detail)
}

pub(crate) fn too_slow(most: Duration) -> Problem {
    let detail = format!("the body took longer than {} seconds", most.as_secs());
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail)
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(_) => {
                let detail = "the database is busy; try again";
                let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", detail);
                problem.header(RETRY_AFTER, 1).because(error)
            }
            _ => Self::server_error(error),
        }
    }
}
