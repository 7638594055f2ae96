//! Answers as HTTP: pages with their headers, and the answer of an authorization request to its client.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};
use protocol::authorize::callback::Answer;
use protocol::time::Seconds;
use tokio::time::{Instant, sleep_until};

use crate::web::cookies::{self, Life};
use crate::web::pages::{FormPostPage, Page};
use crate::web::{headers, shell};
use crate::{AppState, protocol_log};

const A_YEAR: Seconds = Seconds(365 * 86_400);

/// Renders a page and gives it the headers that it needs.
pub(crate) fn page(status: StatusCode, page: &impl Page, state: &AppState, request: &HttpRequest) -> HttpResponse {
    let html = match page.render() {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            return HttpResponse::InternalServerError().finish();
        }
    };
    let mut response = HttpResponse::build(status);
    for header in headers::page(page.form_targets(), page.logo(), page.frames()) {
        response.insert_header(header);
    }
    if let Some(locale) = shell::just_chosen(state, request) {
        let cookie = cookies::write(state, cookies::LANGUAGE, locale.tag().to_owned(), Life::For(A_YEAR));
        cookies::send(request, cookie);
    }
    response.insert_header((CONTENT_TYPE, "text/html; charset=utf-8")).body(html)
}

/// Waits for the next full step of 25 ms since `began`: what was looked up for one name and not for another takes microseconds, and
/// nobody can tell from outside.
pub(crate) async fn on_the_next_step(began: Instant) {
    const STEP: Duration = Duration::from_millis(25);
    let taken = u32::try_from(began.elapsed().as_millis() / STEP.as_millis()).unwrap_or(u32::MAX - 1);
    sleep_until(began + STEP * (taken + 1)).await;
}

/// 303 to another page. It may name what is under way, so nobody keeps it.
pub(crate) fn see_other(location: impl AsRef<str>) -> HttpResponse {
    let location = (LOCATION, location.as_ref());
    HttpResponse::SeeOther().insert_header(location).insert_header((CACHE_CONTROL, "no-store")).finish()
}

/// The answer with `Retry-After`, for who has to wait.
pub(crate) fn retry_after(mut answer: HttpResponse, wait: Option<Seconds>) -> HttpResponse {
    if let Some(Seconds(seconds)) = wait {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// 303 to the client, or the page that posts to it. RFC 9700 §4.12: never 307, which would repeat a password form.
pub(crate) fn respond(answer: Answer, client_name: &str, state: &AppState, request: &HttpRequest) -> HttpResponse {
    protocol_log::answered(request);
    match answer {
        Answer::Redirect(location) => see_other(location),
        Answer::FormPost { action, fields } => {
            let mut shell = shell::of(state, request);
            shell.switch = None;
            let form_post = FormPostPage { shell, action, fields, client_name: client_name.to_owned() };
            page(StatusCode::OK, &form_post, state, request)
        }
    }
}
