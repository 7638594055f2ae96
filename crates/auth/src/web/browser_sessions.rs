//! The sessions of one browser: one is active, the others wait to be chosen. Only cookies are read and written here; whether a
//! session lives is asked in `web/session.rs`.

use actix_web::HttpRequest;
use protocol::secret::SessionToken;
use protocol::time::Seconds;
use store::interactions::Keep;

use crate::AppState;
use crate::web::cookies::{self, Life};

/// The session that pages and apps see.
pub(crate) fn active(state: &AppState, http: &HttpRequest) -> Option<SessionToken> {
    cookies::read(state, http, cookies::SESSION).and_then(|value| SessionToken::parse(&value))
}

/// Those that wait, the latest first.
pub(crate) fn waiting(state: &AppState, http: &HttpRequest) -> Vec<SessionToken> {
    let list = cookies::read(state, http, cookies::ACCOUNTS).unwrap_or_default();
    cookies::tokens(&list).take(room(state)).collect()
}

/// Those that wait when this one becomes active, in whatever list it was: the active one of before comes first. And those for which
/// there is no room any more, which have to end.
pub(crate) fn beside(
    state: &AppState,
    http: &HttpRequest,
    token: &SessionToken,
) -> (Vec<SessionToken>, Vec<SessionToken>) {
    let before = active(state, http).into_iter().chain(waiting(state, http));
    let mut others: Vec<SessionToken> = before.filter(|other| other.id != token.id).collect();
    let dropped = others.split_off(others.len().min(room(state)));
    (others, dropped)
}

/// Makes this the active session. `keep`: what its owner asked for.
pub(crate) fn activate(state: &AppState, http: &HttpRequest, token: &SessionToken, keep: Keep) {
    let value = token.print().expose().clone();
    cookies::send(http, cookies::write(state, cookies::SESSION, value, life(state, keep)));
}

/// How many can wait beside the active one.
fn room(state: &AppState) -> usize {
    state.config.sessions.accounts_per_browser.saturating_sub(1)
}

fn life(state: &AppState, keep: Keep) -> Life {
    match keep {
        Keep::UntilBrowserCloses => Life::Browser,
        Keep::OnThisDevice => Life::For(Seconds(state.config.sessions.keep_lifetime)),
    }
}

/// These wait. `keep`: what all their owners asked for; one list has one life.
pub(crate) fn write_waiting(state: &AppState, http: &HttpRequest, tokens: &[SessionToken], keep: Keep) {
    if !tokens.is_empty() {
        cookies::send(http, cookies::write(state, cookies::ACCOUNTS, cookies::list(tokens), life(state, keep)));
    } else if cookies::read(state, http, cookies::ACCOUNTS).is_some() {
        cookies::send(http, cookies::remove(state, cookies::ACCOUNTS));
    }
}
