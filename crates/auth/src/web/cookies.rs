//! The server's cookies: which exist, what they are called, how they are protected. Nothing is decided from them here.
//!
//! On https every name has the `__Host-` prefix, so that no sibling host can set it. `SameSite=Lax` is enough: a form that
//! another site posts to `/authorize` is answered with a redirect to the same request as GET (see `web/authorize.rs`).

use std::fmt;
use std::str::FromStr;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use actix_web::{HttpMessage as _, HttpRequest};
use protocol::secret::NamedToken;
use protocol::time::Seconds;

use crate::AppState;

/// The signed-in session: `<session id>.<secret>`.
pub(crate) const SESSION: &str = "countersign_session";
/// Other people who are signed in in the same browser: their sessions, in the same form.
pub(crate) const ACCOUNTS: &str = "countersign_accounts";
/// The browser in which an interaction began: 256 random bits. Not a session; it signs nobody in.
pub(crate) const BROWSER: &str = "countersign_browser";
/// Accounts that this browser signed in to before (`known_browsers.rs`).
pub(crate) const KNOWN: &str = "countersign_known";
/// The language that a person chose.
pub(crate) const LANGUAGE: &str = "countersign_language";

/// Between the tokens of a list; neither an id of ours nor base64url has it.
const BETWEEN: char = '~';

/// How long a cookie lives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Life {
    /// Until the browser closes.
    Browser,
    For(Seconds),
}

pub(crate) fn read(state: &AppState, request: &HttpRequest, name: &'static str) -> Option<String> {
    sent(request.headers(), &full_name(state, name))
}

/// Names and values as they were sent, without the white space of HTTP: a name that becomes ours by decoding (`%5F%5FHost-…`), or
/// without other white space before it, is one whose prefix no browser guarded. What stands beside it, by whatever program, is no reason to miss it.
fn sent(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs = headers.get_all(COOKIE).flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let mut ours = pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.trim_matches([' ', '\t']).split_once('='));
    ours.find(|(sent, _)| *sent == name).map(|(_, value)| value.to_owned())
}

pub(crate) fn write(state: &AppState, name: &'static str, value: String, life: Life) -> Cookie<'static> {
    let cookie = Cookie::build(full_name(state, name), value)
        .path("/")
        .http_only(true)
        .secure(state.issuer().is_https())
        .same_site(SameSite::Lax);
    match life {
        Life::Browser => cookie.finish(),
        Life::For(Seconds(seconds)) => cookie.max_age(Duration::seconds(seconds)).finish(),
    }
}

/// The tokens of a cookie that holds a list of them. What is no token is left out.
pub(crate) fn tokens<Id: FromStr + fmt::Display>(list: &str) -> impl Iterator<Item = NamedToken<Id>> {
    list.split(BETWEEN).filter_map(NamedToken::parse)
}

/// The value of such a cookie.
pub(crate) fn list<Id: FromStr + fmt::Display>(tokens: &[NamedToken<Id>]) -> String {
    let printed: Vec<String> = tokens.iter().map(|token| token.print().expose().clone()).collect();
    printed.join(&BETWEEN.to_string())
}

/// Cookies that the answer to a request sets, whatever the answer is: a refusal must not lose a new session.
#[derive(Default)]
struct Outgoing(Vec<Cookie<'static>>);

/// Notes a cookie for the answer to this request.
pub(crate) fn send(request: &HttpRequest, cookie: Cookie<'static>) {
    let mut extensions = request.extensions_mut();
    if extensions.get::<Outgoing>().is_none() {
        extensions.insert(Outgoing::default());
    }
    if let Some(outgoing) = extensions.get_mut::<Outgoing>() {
        outgoing.0.push(cookie);
    }
}

/// Puts the noted cookies on the answer.
pub(crate) fn add_sent(request: &HttpRequest, headers: &mut HeaderMap) {
    let outgoing = request.extensions_mut().remove::<Outgoing>().unwrap_or_default();
    for cookie in outgoing.0 {
        if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
            headers.append(SET_COOKIE, value);
        }
    }
}

pub(crate) fn remove(state: &AppState, name: &'static str) -> Cookie<'static> {
    write(state, name, String::new(), Life::For(Seconds(0)))
}

fn full_name(state: &AppState, name: &'static str) -> String {
    if state.issuer().is_https() { format!("__Host-{name}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &[u8]) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_bytes(line).expect("is a header"));
        sent(&headers, "__Host-countersign_session")
    }

    #[test]
    fn a_name_that_no_browser_guarded_is_not_ours() {
        assert_eq!(found(b"%5F%5FHost-countersign_session=planted"), None);
        let both = found(b"%5F%5FHost-countersign_session=planted; __Host-countersign_session=ours");
        assert_eq!(both.as_deref(), Some("ours"));
        for space in ["\u{85}", "\u{a0}", "\u{2000}", "\u{3000}"] {
            let planted = format!("{space}__Host-countersign_session=planted; __Host-countersign_session=ours");
            assert_eq!(found(planted.as_bytes()).as_deref(), Some("ours"), "{space:?}");
        }
    }

    #[test]
    fn the_cookies_of_others_hide_nothing() {
        for line in [&b"flag; __Host-countersign_session=a.b"[..], b"\xff=\xfe;__Host-countersign_session=a.b; =;"] {
            assert_eq!(found(line).as_deref(), Some("a.b"));
        }
    }
}
