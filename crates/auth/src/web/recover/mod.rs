//! Back into an account: by a link to its proven address, by a recovery code, by a link that an administrator hands over.
//!
//! | | |
//! |---|---|
//! | `/recover` (`begin.rs`) | a name; always the same answer |
//! | `/recover/code` (`code.rs`) | a name and a recovery code, which becomes a link |
//! | `/recover/{token}` (`link.rs`) | the new password |
//!
//! Each way replaces the password and nothing else: whoever has a second factor is asked for it at the next sign-in.

pub(crate) mod begin;
pub(crate) mod code;
pub(crate) mod link;

use actix_web::HttpRequest;
use protocol::ids::InteractionId;
use protocol::params::Params;

use crate::AppState;
use crate::web::error::PageError;
use crate::web::pages::{LanguageSwitch, Shell};
use crate::web::{cards, interaction, shell};

pub(crate) const SENT: &str = "/recover/sent";
pub(crate) const CODE: &str = "/recover/code";
pub(crate) const DONE: &str = "/recover/done";

/// The sign-in that somebody came from, if it is theirs and under way. Nothing depends on it but where they go on afterwards.
async fn origin(state: &AppState, http: &HttpRequest, params: &Params) -> Result<Option<InteractionId>, PageError> {
    let named = params.get("interaction").map_err(PageError::bad_link)?;
    let Some(id) = named.and_then(|id| InteractionId::parse(id).ok()) else { return Ok(None) };
    let pending = interaction::find_here(state, http, &id, state.now()).await?;
    Ok(pending.map(|pending| pending.interaction.id))
}

/// A page with the interaction in its query, if there is one.
fn href(state: &AppState, page: &str, origin: Option<&InteractionId>) -> String {
    match origin {
        Some(id) => format!("{}?interaction={id}", cards::path(state, page)),
        None => cards::path(state, page),
    }
}

/// Where somebody signs in.
fn sign_in(state: &AppState, origin: Option<&InteractionId>) -> String {
    match origin {
        Some(_) => href(state, cards::CONTINUE, origin),
        None => cards::path(state, cards::ACCOUNT),
    }
}

/// The shell of a page that forms are sent to, too.
fn page_shell(state: &AppState, http: &HttpRequest, page: &str, origin: Option<&InteractionId>) -> Shell {
    let mut shell = shell::of(state, http);
    let query = origin.map(|id| ("interaction".to_owned(), id.to_string())).into_iter().collect();
    shell.switch = Some(LanguageSwitch { action: cards::path(state, page), query });
    shell
}
