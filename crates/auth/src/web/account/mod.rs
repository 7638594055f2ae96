//! The account console at `/account`: what a person sees and changes of their own account. One file per page; what the pages share
//! is here, in `words.rs` (times and ways to sign in), `device.rs` (browsers in words), `connected.rs` (apps) and `mailed_link.rs`.
//!
//! Reading works in every session of the person. What could take the account away asks for a fresh sign-in
//! (`web/visitor.rs`, `Since::Recently`), and belongs to the person of the session: no page takes the id of a person.

pub(crate) mod api_keys;
pub(crate) mod apps;
pub(crate) mod connected;
pub(crate) mod data;
pub(crate) mod delete;
pub(crate) mod device;
pub(crate) mod email;
pub(crate) mod export;
pub(crate) mod lock_down;
pub(crate) mod log;
mod mailed_link;
pub(crate) mod overview;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod recovery_codes;
pub(crate) mod security;
pub(crate) mod sessions;
pub(crate) mod sign_out;
pub(crate) mod totp;
pub(crate) mod words;

use std::ops::Range;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use crate::page_paths;
use crate::web::pages::{AccountFrame, AccountPart, Page, Pager, Shell, SignOut};
use crate::web::visitor::{Visitor, VisitorError};
use crate::web::{answer, cards, form, shell};

/// The shell of this page, in the language of the browser.
pub(crate) fn shell(visitor: &Visitor) -> Shell {
    shell::of(&visitor.state, &visitor.http)
}

/// The frame of the console, with this part of it marked.
pub(crate) fn frame(visitor: &Visitor, current: AccountPart) -> AccountFrame {
    AccountFrame {
        account: cards::account(&visitor.user),
        current,
        sign_out: SignOut { action: visitor.path(page_paths::account::SIGN_OUT), csrf: visitor.csrf() },
    }
}

pub(crate) fn page(visitor: &Visitor, status: StatusCode, page: &impl Page) -> HttpResponse {
    answer::page(status, page, &visitor.state, &visitor.http)
}

/// 303 to a page, which then says what was done.
pub(crate) fn done(visitor: &Visitor, page: &str, what: &str) -> HttpResponse {
    visitor.to(&format!("{page}?done={what}"))
}

/// A parameter of the query.
pub(crate) fn asked(http: &HttpRequest, name: &'static str) -> Result<Option<String>, VisitorError> {
    let query = form::page_query(http)?;
    Ok(form::field(&query, name)?.map(str::to_owned))
}

/// The part of a list that `?from=` asks for, at most so many of so many entries, and the ways to the others. Whatever else stands
/// there shows the beginning.
pub(crate) fn part(
    visitor: &Visitor,
    page: &str,
    (most, all): (usize, usize),
) -> Result<(Range<usize>, Pager), VisitorError> {
    let from = asked(&visitor.http, "from")?.and_then(|from| from.parse().ok()).filter(|from| *from < all).unwrap_or(0);
    let until = all.min(from + most);
    let here = visitor.path(page);
    let next = (until < all).then(|| format!("{here}?from={until}"));
    Ok((from..until, Pager { first: (from > 0).then_some(here), next }))
}
