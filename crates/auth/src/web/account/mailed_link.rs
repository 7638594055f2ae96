//! The pages behind a link that the owner of an address was mailed. Opening one does nothing, because mail scanners open every
//! link: the button on it does. What it does stands beside the setting that the link is about (`email.rs`, `delete.rs`).

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use protocol::action_token::Purpose;
use protocol::user::User;
use store::Won;

use crate::AppState;
use crate::action_tokens::{self, ActionToken};
use crate::page_paths;
use crate::web::error::{PageError, Situation};
use crate::web::pages::{AccountLinkPage, Form, Link, LinkStep, Shell};
use crate::web::{answer, browser_form, cards, form};

/// The token of a link; none is good any more once it was used, is too old, or the account has changed.
pub(super) async fn found(state: &AppState, token: &str, purpose: Purpose) -> Result<ActionToken, PageError> {
    let found = action_tokens::find_by_link(state, token, purpose, state.now()).await?;
    found.ok_or_else(|| over("the link was used, is too old, or the account has changed"))
}

/// The same for the form of its page, which has to come from there.
pub(super) async fn posted(
    state: &AppState,
    http: &HttpRequest,
    body: Payload,
    (token, purpose): (&str, Purpose),
) -> Result<ActionToken, PageError> {
    let sent = form::read(state, http, body).await?;
    let found = found(state, token, purpose).await?;
    browser_form::check(state, http, &sent, &browser_form::of_link(&found))?;
    Ok(found)
}

/// Uses the token up; of several at once one comes through. The person whom it is about.
pub(super) async fn used(state: &AppState, token: &ActionToken) -> Result<User, PageError> {
    if action_tokens::use_link(state, token, state.now()).await? == Won::No {
        return Err(over("the link was used meanwhile"));
    }
    let id = token.user_id.as_ref().ok_or_else(|| over("the link names nobody"))?;
    store::users::find(&state.store, id).await?.ok_or_else(|| over("the account is gone"))
}

pub(super) fn over(cause: &str) -> PageError {
    PageError::new(Situation::LinkOver).because(cause)
}

/// The form with the button. `page`: the path that the token follows, below the issuer.
pub(super) fn ask(
    state: &AppState,
    http: &HttpRequest,
    (page, token): (&str, &str),
    found: &ActionToken,
    submit: &'static str,
) -> LinkStep {
    let csrf = browser_form::csrf(state, http, &browser_form::of_link(found));
    LinkStep::Ask(Form::new(cards::path(state, &format!("{page}/{token}")), csrf, "confirm-submit", submit))
}

/// It is done; the account is the way on.
pub(super) fn done(state: &AppState, shell: &Shell) -> LinkStep {
    let label = shell.texts.account.to_account.to_owned();
    LinkStep::Done(Link { href: cards::path(state, page_paths::ACCOUNT), label })
}

pub(super) fn show(state: &AppState, http: &HttpRequest, page: &AccountLinkPage) -> HttpResponse {
    answer::page(StatusCode::OK, page, state, http)
}
