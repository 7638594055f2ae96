//! The sessions of one browser: one is active, the others wait to be chosen. Only cookies are read and written here; whether a
//! session lives is asked in `web/session.rs`.

use actix_web::HttpRequest;
use protocol::ids::SessionId;
use protocol::secret::SessionToken;
use protocol::time::Seconds;
use store::interactions::Keep;

use crate::AppState;
use crate::web::cookies::{self, Life};

/// Between the tokens of a list; no token has it.
const SEPARATOR: char = '~';

/// The session that pages and apps see.
pub(crate) fn active(state: &AppState, http: &HttpRequest) -> Option<SessionToken> {
    cookies::read(state, http, cookies::SESSION).and_then(|value| SessionToken::parse(&value))
}

/// Those that wait, the latest first.
pub(crate) fn waiting(state: &AppState, http: &HttpRequest) -> Vec<SessionToken> {
    let list = cookies::read(state, http, cookies::ACCOUNTS).unwrap_or_default();
    list.split(SEPARATOR).filter_map(SessionToken::parse).take(room(state)).collect()
}

/// Makes this the active session, in whatever list it was; the active one of before waits. Gives those for which there is no room
/// any more.
#[must_use = "sessions that leave the browser have to end"]
pub(crate) fn activate(state: &AppState, http: &HttpRequest, token: &SessionToken, keep: Keep) -> Vec<SessionToken> {
    let life = match keep {
        Keep::UntilBrowserCloses => Life::Browser,
        Keep::OnThisDevice => Life::For(Seconds(state.config.sessions.keep_lifetime)),
    };
    let before = active(state, http).into_iter().chain(waiting(state, http));
    let mut others: Vec<SessionToken> = before.filter(|other| other.id != token.id).collect();
    let dropped = others.split_off(others.len().min(room(state)));
    write_waiting(state, http, &others);
    cookies::send(http, cookies::write(state, cookies::SESSION, token.print().expose().clone(), life));
    dropped
}

/// The active session is over: the browser forgets it, and nobody is signed in until one of the others is chosen.
pub(crate) fn forget_active(state: &AppState, http: &HttpRequest) {
    cookies::send(http, cookies::remove(state, cookies::SESSION));
}

/// Takes one of those that wait off the list.
pub(crate) fn forget_waiting(state: &AppState, http: &HttpRequest, id: &SessionId) {
    let others: Vec<_> = waiting(state, http).into_iter().filter(|token| token.id != *id).collect();
    write_waiting(state, http, &others);
}

/// How many can wait beside the active one.
fn room(state: &AppState) -> usize {
    state.config.sessions.accounts_per_browser.saturating_sub(1)
}

fn write_waiting(state: &AppState, http: &HttpRequest, tokens: &[SessionToken]) {
    let list: Vec<String> = tokens.iter().map(|token| token.print().expose().clone()).collect();
    if !list.is_empty() {
        let life = Life::For(Seconds(state.config.sessions.keep_lifetime));
        cookies::send(http, cookies::write(state, cookies::ACCOUNTS, list.join(&SEPARATOR.to_string()), life));
    } else if cookies::read(state, http, cookies::ACCOUNTS).is_some() {
        cookies::send(http, cookies::remove(state, cookies::ACCOUNTS));
    }
}
