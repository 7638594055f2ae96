//! Errors as pages: of those that have nobody to be sent to, and of those that a person may take to a client.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use protocol::authorize::callback::{Answer, Callback};
use protocol::error::OAuthError;
use protocol::redirect_uri::Destination;
use protocol::time::Seconds;

use super::{Difference, JsonError, PageError, Situation, log, log_overload, note};
use crate::page_paths;
use crate::text::{ErrorText, Texts};
use crate::trace_id::TraceId;
use crate::web::pages::{ErrorDetails, ErrorPage, Link, Mode, Onward, UriDifference};
use crate::web::{self, cards, shell};
use crate::{AppState, calendar};

pub(super) fn answer(error: &PageError, state: &AppState, request: &HttpRequest, trace: &TraceId) -> HttpResponse {
    match error.situation {
        Situation::Busy => log_overload(state, error.cause.as_deref()),
        _ => {
            let differs = error.difference.as_deref().map(Difference::sentence);
            note(request, error.error.as_ref(), differs.as_deref().or(error.cause.as_deref()));
            log(error.status(), error.error.as_ref(), error.cause.as_deref(), trace);
        }
    }
    let mut shell = shell::of(state, request);
    shell.switch = None; // it would repeat the query, and what is in it
    let details = error.error.as_ref().map(|refused| details(error, refused, state, trace));
    let onward = error.onward.as_deref().cloned().or_else(|| way(error.situation, state));
    let mut page = ErrorPage {
        details,
        onward,
        ..ErrorPage::new(shell.clone(), text(error.situation, shell.texts), trace.as_str())
    };
    if let Some(Seconds(seconds)) = error.retry_after {
        page = page.retry_after(seconds);
    }
    web::answer::retry_after(web::answer::page(error.status(), &page, state, request), error.retry_after)
}

/// An error for a client that registered itself, while nobody is signed in: it may have registered only to borrow our address for
/// a link. RFC 9700 §4.11.2: "The authorization server SHOULD only automatically redirect the user agent if it trusts the redirect
/// URI. If the URI is not trusted, the authorization server MAY inform the user and rely on the user to make the correct decision."
pub(super) fn held(
    callback: &Callback,
    error: &JsonError,
    state: &AppState,
    request: &HttpRequest,
    trace: &TraceId,
) -> HttpResponse {
    note(request, Some(&error.error), error.cause.as_deref());
    log(StatusCode::BAD_REQUEST, Some(&error.error), error.cause.as_deref(), trace);
    let mut shell = shell::of(state, request);
    shell.switch = None; // it would repeat the query
    let host = match callback.destination() {
        Destination::Host(host) | Destination::Loopback(host) => host.to_owned(),
        // As it stands in the address, so that nobody takes it for the host of that name.
        Destination::Scheme(scheme) => format!("{scheme}:"),
    };
    let onward = match callback.refuse(state.issuer(), &error.error, trace.as_str()) {
        Answer::Redirect(href) => Onward::Link(Link { href, label: host }),
        Answer::FormPost { action, fields } => Onward::Form { action, fields, host },
    };
    let refused = PageError::new(Situation::UncheckedApp);
    let page = ErrorPage {
        details: Some(details(&refused, &error.error, state, trace)),
        onward: Some(onward),
        ..ErrorPage::new(shell.clone(), text(refused.situation, shell.texts), trace.as_str())
    };
    web::answer::page(refused.status(), &page, state, request)
}

/// Where nobody named a better way: no page is a dead end that one could have come to without a fault of ours or of an app.
fn way(situation: Situation, state: &AppState) -> Option<Onward> {
    match situation {
        Situation::Expired
        | Situation::LinkOver
        | Situation::NoCookies
        | Situation::ForeignForm
        | Situation::NotFound => Some(Onward::Account(cards::path(state, page_paths::ACCOUNT))),
        _ => None,
    }
}

fn text(situation: Situation, texts: &'static Texts) -> ErrorText {
    match situation {
        Situation::BadLink => texts.failures.setup,
        Situation::UncheckedApp => texts.failures.unchecked,
        Situation::BadLogoutLink => texts.failures.logout_setup,
        Situation::Expired => texts.failures.expired,
        Situation::LinkOver => texts.failures.link_over,
        Situation::NoCookies => texts.failures.cookies,
        Situation::ForeignForm => texts.failures.foreign,
        Situation::NotFound => texts.failures.not_found,
        Situation::BadForm | Situation::TooLarge => texts.failures.request,
        Situation::TooMany => texts.failures.too_many,
        Situation::Unavailable | Situation::Busy => texts.failures.unavailable,
        Situation::Broken => texts.failures.fault,
    }
}

/// The fold for developers. Registered redirect URIs are shown in development mode only.
fn details(error: &PageError, refused: &OAuthError, state: &AppState, trace: &TraceId) -> ErrorDetails {
    let difference = error.difference.as_ref().filter(|_| state.mode == Mode::Development);
    ErrorDetails {
        error: refused.code.wire().to_owned(),
        page: refused.code.uri(state.issuer(), trace.as_str()),
        description: refused.description.to_string(),
        parameter: refused.parameter.map(str::to_owned),
        client_id: error.client_id.as_deref().map(str::to_owned),
        time: calendar::second(state.now()),
        redirect_uri: difference.and_then(|difference| {
            UriDifference::closest(difference.registered.iter().map(String::as_str), &difference.received)
        }),
    }
}
