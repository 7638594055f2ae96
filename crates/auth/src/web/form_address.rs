//! Addresses that take forms only. Where the answer to a form is a page, its address stays in the address bar; whoever opens it
//! once more, by Enter or a bookmark, comes to the page that the form stands on. What is done, only POST does.

use actix_web::{HttpRequest, HttpResponse};
use protocol::ids::InteractionId;
use url::form_urlencoded::byte_serialize;

use crate::AppState;
use crate::page_paths;
use crate::web::answer;
use crate::web::error::PageError;
use crate::web::form;

/// To the page of a step of the same interaction. Without one, the way begins at the account.
pub(crate) fn step(state: &AppState, http: &HttpRequest, page: &str) -> Result<HttpResponse, PageError> {
    let query = form::page_query(http)?;
    let location = match form::field(&query, "interaction")?.and_then(|id| InteractionId::parse(id).ok()) {
        Some(id) => format!("{}?interaction={id}", state.issuer().endpoint(page)),
        None => state.issuer().endpoint(page_paths::ACCOUNT),
    };
    Ok(answer::see_other(location))
}

/// To a page of the account console. `page` is the pattern of a route; its holes are filled as those of the address are.
pub(crate) fn account(state: &AppState, http: &HttpRequest, page: &str) -> HttpResponse {
    let filled = http.match_info().iter().fold(page.to_owned(), |page, (name, value)| {
        page.replace(&format!("{{{name}}}"), &byte_serialize(value.as_bytes()).collect::<String>())
    });
    answer::see_other(state.issuer().endpoint(&filled))
}
