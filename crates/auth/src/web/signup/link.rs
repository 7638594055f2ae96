//! `/signup/{token}`: the link of the mail, or of an invitation. Opening it uses nothing up and tells the server nothing about who
//! reads the mail: scanners open every link. The button on the page is the proof.
//!
//! The proof counts in the browser that pressed the button. If that is the one that asked for the mail, the sign-up goes on there;
//! otherwise it goes on here with what the owner of the address says here, and leads to the account: whoever typed somebody
//! else's address gets nothing out of the owner's click.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::action_token::Purpose;
use protocol::ids::InteractionId;
use protocol::time::Timestamp;
use store::{StoreError, Won};

use super::{Draft, FINISH};
use crate::AppState;
use crate::action_tokens::{self, ActionToken};
use crate::config::SignUp;
use crate::page_paths;
use crate::web::error::PageError;
use crate::web::interaction::{self, OwnPage};
use crate::web::pages::{Form, StepPage};
use crate::web::{answer, browser_form, cards, form, shell};

pub(crate) async fn get(
    state: Data<AppState>,
    http: HttpRequest,
    token: Path<String>,
) -> Result<HttpResponse, PageError> {
    let Some(found) = find(&state, &token, state.now()).await? else { return Ok(over(&state, &http)) };
    let shell = shell::of(&state, &http);
    let texts = &shell.texts.signup;
    let csrf = browser_form::csrf(&state, &http, &browser_form::of_link(&found));
    let action = cards::path(&state, &format!("{}/{token}", page_paths::SIGN_UP));
    let email = found.email.clone().unwrap_or_default();
    let (title, lede, submit) = match found.purpose {
        Purpose::Invite => (texts.invite_title, texts.invite_lede, texts.invite_submit),
        _ => (texts.link_title, texts.link_lede, texts.link_submit),
    };
    let form = Form::new(action, csrf, "signup-link-submit", submit);
    let page = StepPage::new(shell, "signup-link-page", title, (lede, email)).form(form);
    Ok(answer::page(StatusCode::OK, &page, &state, &http))
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    token: Path<String>,
    body: Payload,
) -> Result<HttpResponse, PageError> {
    let form = form::read(&state, &http, body).await?;
    let now = state.now();
    let Some(found) = find(&state, &token, now).await? else { return Ok(over(&state, &http)) };
    browser_form::check(&state, &http, &form, &browser_form::of_link(&found))?;
    let here = here(&state, &http, &found, now).await?;
    let (id, details) = match (here, Draft::of(&found)) {
        (Some(id), _) => (id, found.details.clone()),
        (None, Some(draft)) => {
            let locale = shell::of(&state, &http).locale.tag();
            (begin(&state, &http).await?, draft.in_another_browser(locale).details())
        }
        (None, None) => (begin(&state, &http).await?, found.details.clone()),
    };
    if store::action_tokens::bind(&state.store, &found.id, &id, &details, now).await? == Won::No {
        return Ok(over(&state, &http));
    }
    let next = if found.purpose == Purpose::Invite { page_paths::SIGN_UP } else { FINISH };
    let location = format!("{}?interaction={id}", state.issuer().endpoint(next));
    Ok(answer::see_other(location))
}

/// While people may sign up at all.
async fn find(state: &AppState, token: &str, now: Timestamp) -> Result<Option<ActionToken>, StoreError> {
    if state.config.accounts.sign_up == SignUp::Closed {
        return Ok(None);
    }
    for purpose in [Purpose::SignUp, Purpose::Invite] {
        if let Some(found) = action_tokens::find_by_link(state, token, purpose, now).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The sign-in that the link belongs to, if it is still under way and began in this browser.
async fn here(
    state: &AppState,
    http: &HttpRequest,
    found: &ActionToken,
    now: Timestamp,
) -> Result<Option<InteractionId>, PageError> {
    let Some(id) = &found.interaction_id else { return Ok(None) };
    let pending = interaction::find_here(state, http, id, now).await?;
    Ok(pending.map(|pending| pending.interaction.id))
}

async fn begin(state: &AppState, http: &HttpRequest) -> Result<InteractionId, PageError> {
    let account = OwnPage { path: page_paths::ACCOUNT.to_owned(), recent: None };
    interaction::begin_for(state, http, &account).await
}

fn over(state: &AppState, http: &HttpRequest) -> HttpResponse {
    let shell = shell::of(state, http);
    let texts = &shell.texts.signup;
    let page = StepPage::new(shell, "signup-over-page", texts.over_title, (texts.over_lede, String::new()))
        .way("signup-again", cards::path(state, page_paths::SIGN_UP), texts.again)
        .way("signup-sign-in", cards::path(state, page_paths::ACCOUNT), texts.sign_in);
    answer::page(StatusCode::GONE, &page, state, http)
}
