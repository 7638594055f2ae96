//! `/account/security`: what a person signs in with, and the browsers that are spared the second factor. Each thing is changed on a
//! page of its own; forgetting browsers makes an account only safer, so it happens here and asks for no fresh sign-in.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::ids::KnownBrowserId;
use protocol::security_event::SecurityEvent;
use store::Won;

use super::{device, passkeys, words};
use crate::page_paths::account;
use crate::security_log::{self, Event};
use crate::text::{SecurityTexts, Texts, fill};
use crate::web::error::{PageError, Situation};
use crate::web::form;
use crate::web::pages::{
    AccountPart, BrowserLine, Field, FieldKind, Link, Notice, Pager, SecurityCard, SecurityPage, Ticked,
};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::{AppState, accounts, known_browsers, recovery_codes, totp};

/// Passkeys on this page; the others are on their own.
const KEYS: usize = 3;
/// The value of the button that forgets all browsers; none is called so.
const ALL: &str = "all";
/// Browsers on a page.
const BROWSERS: usize = 5;
/// The name of the box that ends other sessions.
const END_SESSIONS: &str = "end-sessions";

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Whenever, None).await?;
    let shell = super::shell(&visitor);
    let texts = shell.texts;
    let t = &texts.security;
    let keys = passkeys::lines(&visitor, texts).await?;
    let mut remembered = browsers(&visitor, texts).await?;
    let (part, pager) = super::part(&visitor, account::SECURITY, (BROWSERS, remembered.len()))?;
    // They stand below what every page of them shows.
    let to_browsers = |page| format!("{page}#browsers");
    let shown = keys.len().min(KEYS);
    let page = SecurityPage {
        frame: super::frame(&visitor, AccountPart::Security),
        notice: notice(&visitor, t)?,
        password: password(&visitor, texts).await?,
        passkeys: SecurityCard {
            title: t.passkeys,
            text: match keys.len() {
                0 => Some(t.passkeys_none.to_owned()),
                count if count > KEYS => Some(fill(t.passkeys_more, &(count - KEYS).to_string())),
                _ => None,
            },
            action: Some(link(
                &visitor,
                account::PASSKEYS,
                if keys.is_empty() { texts.passkey.add } else { t.passkeys_manage },
            )),
        },
        keys: keys.into_iter().take(shown).collect(),
        totp: app(&visitor, texts).await?,
        codes: codes(&visitor, t).await?,
        action: visitor.path(account::SECURITY),
        csrf: visitor.csrf(),
        lock_down: visitor.path(account::LOCK_DOWN),
        browsers: remembered.drain(part).collect(),
        pager: Pager { first: pager.first.map(to_browsers), next: pager.next.map(to_browsers) },
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &page))
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, form) = Visitor::posted(state, http, body, Since::Whenever, account::SECURITY).await?;
    let (state, user) = (&visitor.state, &visitor.user.id);
    let done = match form::field(&form, "browser")? {
        Some(ALL) => {
            known_browsers::remember_none(state, user).await?;
            "browsers"
        }
        Some(id) => {
            let id = KnownBrowserId::parse(id).ok();
            let forgotten = match &id {
                Some(id) => known_browsers::forget(state, user, id).await?,
                None => Won::No,
            };
            // Of somebody else, or forgotten before: it is not there either way.
            if forgotten == Won::No {
                return Ok(super::done(&visitor, account::SECURITY, "browser"));
            }
            "browser"
        }
        None => return Err(PageError::new(Situation::BadForm).because("the form names no browser").into()),
    };
    let event = Event::new(user, SecurityEvent::BrowserForgotten).in_session(&visitor.session.id);
    security_log::note(state, &visitor.http, event).await?;
    Ok(super::done(&visitor, account::SECURITY, done))
}

/// The link back from the pages below.
pub(super) fn back(visitor: &Visitor, texts: &SecurityTexts) -> Link {
    link(visitor, account::SECURITY, texts.back)
}

pub(super) fn link(visitor: &Visitor, page: &str, label: &str) -> Link {
    Link { href: visitor.path(page), label: label.to_owned() }
}

/// The box that ends other sessions (OWASP ASVS 7.4.3). It is ticked until somebody unticks it.
pub(super) fn end_sessions_box(texts: &SecurityTexts) -> Field {
    Field::new(FieldKind::Tick(Ticked::Yes), END_SESSIONS, texts.end_others).hint(texts.end_others_hint).optional()
}

/// Does what that box says.
pub(super) async fn end_sessions(visitor: &Visitor, form: &protocol::params::Params) -> Result<(), VisitorError> {
    if form::ticked(form, END_SESSIONS)? {
        let (state, session) = (&visitor.state, &visitor.session.id);
        accounts::end_other_sessions(state, &visitor.http, &visitor.user, session).await?;
    }
    Ok(())
}

fn notice(visitor: &Visitor, texts: &SecurityTexts) -> Result<Option<Notice>, VisitorError> {
    let sentence = match super::asked(&visitor.http, "done")?.as_deref() {
        Some("password") => texts.password_done,
        Some("totp-added") => texts.totp_added,
        Some("totp-removed") => texts.totp_removed,
        Some("browser") => texts.browser_forgotten,
        Some("browsers") => texts.browsers_forgotten,
        _ => return Ok(None),
    };
    Ok(Some(Notice::success(sentence)))
}

async fn password(visitor: &Visitor, texts: &Texts) -> Result<SecurityCard, VisitorError> {
    let t = &texts.security;
    let changed_at = store::passwords::changed_at(&visitor.state.store, &visitor.user.id).await?;
    let (text, label) = match changed_at {
        Some(at) => (fill(t.password_changed, &words::moment(&texts.account, at, visitor.now)), t.password_change),
        None => (t.password_none.to_owned(), t.password_set),
    };
    Ok(SecurityCard { title: t.password, text: Some(text), action: Some(link(visitor, account::PASSWORD, label)) })
}

async fn app(visitor: &Visitor, texts: &Texts) -> Result<SecurityCard, VisitorError> {
    let t = &texts.security;
    let (text, label) = match totp::enrolled_at(&visitor.state, &visitor.user.id).await? {
        Some(at) => (fill(t.totp_since, &words::moment(&texts.account, at, visitor.now)), t.totp_manage),
        None => (t.totp_none.to_owned(), t.totp_add),
    };
    Ok(SecurityCard { title: t.totp, text: Some(text), action: Some(link(visitor, account::TOTP, label)) })
}

async fn codes(visitor: &Visitor, texts: &SecurityTexts) -> Result<SecurityCard, VisitorError> {
    let title = texts.codes;
    if !visitor.enrolled.has_second_factor() {
        return Ok(SecurityCard { title, text: Some(texts.codes_no_factor.to_owned()), action: None });
    }
    let text = match recovery_codes::left(&visitor.state, &visitor.user.id).await? {
        0 => texts.codes_none.to_owned(),
        left => fill(texts.codes_left, &left.to_string()),
    };
    let action = Some(link(visitor, account::RECOVERY_CODES, texts.codes_manage));
    Ok(SecurityCard { title, text: Some(text), action })
}

async fn browsers(visitor: &Visitor, texts: &Texts) -> Result<Vec<BrowserLine>, VisitorError> {
    let known = known_browsers::list(&visitor.state, &visitor.user.id, visitor.now).await?;
    let remembered = known.into_iter().filter(|it| known_browsers::is_remembered(&visitor.state, it, visitor.now));
    let moment = |sentence, at| fill(sentence, &words::moment(&texts.account, at, visitor.now));
    let line = |browser: known_browsers::KnownBrowser| BrowserLine {
        device: device::line(&texts.account, &browser.user_agent),
        facts: [
            Some(moment(texts.sessions.last_seen, browser.last_seen_at)),
            browser
                .remembered_until
                .map(|until| fill(texts.security.browser_until, &words::day(&texts.account, until))),
        ]
        .into_iter()
        .flatten()
        .collect(),
        id: browser.id.to_string(),
    };
    Ok(remembered.map(line).collect())
}
