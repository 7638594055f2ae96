//! `/account/security/passkeys`: the list with the way to add one, and a page for each with its name and its end.
//!
//! Pages call a passkey by a digest of its id, which may be long; it is looked up among those of the person only.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::passkey::{self as rules, Backup, PER_PERSON};
use protocol::secret::TokenHash;
use protocol::security_event::SecurityEvent;
use store::passkeys::Passkey;
use store::{StoreError, Won};

use super::{security, words};
use crate::AppState;
use crate::page_paths::account;
use crate::passkeys;
use crate::passwords::policy::{self, Strength};
use crate::security_log::{self, Event};
use crate::text::{Texts, fill};
use crate::web::enrol::factor::{self, Added, Removed};
use crate::web::form;
use crate::web::pages::{
    AccountPart, CodesPage, Field, FieldKind, Form, Notice, PasskeyLine, PasskeysPage, Section, SettingPage, Weight,
};
use crate::web::passkey::{self, REFUSED, Refusal};
use crate::web::visitor::{Since, Visitor, VisitorError};

/// Of the digest; enough to tell twenty apart.
const HANDLE: usize = 16;

/// Why a passkey has to stay.
enum Stays {
    LastWay,
    ShortPassword,
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Recently, None).await?;
    let shell = super::shell(&visitor);
    let (texts, present) = (shell.texts, of(&visitor).await?);
    let t = &texts.security;
    let full = present.len() >= PER_PERSON as usize;
    let add = passkey::add_form(&visitor, account::PASSKEYS);
    let refused = match (&add, full) {
        (None, _) => Some(t.passkeys_unavailable),
        (Some(_), true) => Some(t.passkeys_full),
        (Some(_), false) => None,
    };
    let page = PasskeysPage {
        frame: super::frame(&visitor, AccountPart::Security),
        notice: notice(&visitor, texts)?,
        keys: present.iter().map(|passkey| line(&visitor, texts, passkey)).collect(),
        add: add.filter(|_| !full),
        refused,
        signals: passkey::signals(&visitor.state, &visitor.user, &present),
        back: security::back(&visitor, t),
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &page))
}

/// Adds one.
pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (mut visitor, form) = Visitor::posted(state, http, body, Since::Recently, account::PASSKEYS).await?;
    let shell = super::shell(&visitor);
    let passkey = match factor::register(&visitor, &form, shell.texts).await? {
        Ok(passkey) => passkey,
        Err(refusal) => return Ok(visitor.to(&format!("{}?{REFUSED}={}", account::PASSKEYS, refusal.name()))),
    };
    let there = address(&passkey);
    let Some(codes) = factor::added(&mut visitor, &Added::Passkey(Box::new(passkey))).await? else {
        return Ok(super::done(&visitor, &there, "added"));
    };
    let page = CodesPage {
        frame: super::frame(&visitor, AccountPart::Security),
        notice: Some(Notice::success(shell.texts.security.passkey_added)),
        codes,
        onward: visitor.path(&there),
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &page))
}

/// The page of one.
pub(crate) async fn one(
    state: Data<AppState>,
    http: HttpRequest,
    handle: Path<String>,
) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Recently, None).await?;
    match found(&visitor, &handle).await? {
        Some((passkey, others)) => detail(&visitor, &passkey, &others, None).await,
        None => Ok(super::done(&visitor, account::PASSKEYS, "gone")),
    }
}

/// Renames it.
pub(crate) async fn rename(
    state: Data<AppState>,
    http: HttpRequest,
    handle: Path<String>,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let back = page_of(&handle);
    let (visitor, form) = Visitor::posted(state, http, body, Since::Recently, &back).await?;
    let Some((passkey, others)) = found(&visitor, &handle).await? else {
        return Ok(super::done(&visitor, account::PASSKEYS, "gone"));
    };
    let Some(name) = rules::name(form::text(&form, "name")?) else {
        let missing = super::shell(&visitor).texts.security.passkey_name_missing;
        return detail(&visitor, &passkey, &others, Some(missing)).await;
    };
    let (state, user) = (&visitor.state, &visitor.user.id);
    if name != passkey.name && store::passkeys::rename(&state.store, user, &passkey.id, &name).await? == Won::Yes {
        let event = Event::new(user, SecurityEvent::PasskeyRenamed).in_session(&visitor.session.id);
        security_log::note(state, &visitor.http, event.with("name", name)).await?;
    }
    Ok(super::done(&visitor, &address(&passkey), "renamed"))
}

pub(crate) async fn remove(
    state: Data<AppState>,
    http: HttpRequest,
    handle: Path<String>,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let back = page_of(&handle);
    let (visitor, form) = Visitor::posted(state, http, body, Since::Recently, &back).await?;
    let Some((passkey, _)) = found(&visitor, &handle).await? else {
        return Ok(super::done(&visitor, account::PASSKEYS, "gone"));
    };
    // The page of the passkey says why it stays.
    if store::passkeys::remove(&visitor.state.store, &visitor.user.id, &passkey.id).await? == Won::No {
        return Ok(visitor.to(&address(&passkey)));
    }
    factor::removed(&visitor, &Removed::Passkey(Box::new(passkey))).await?;
    security::end_sessions(&visitor, &form).await?;
    Ok(super::done(&visitor, account::PASSKEYS, "removed"))
}

/// For lists, the oldest first.
pub(super) async fn lines(visitor: &Visitor, texts: &Texts) -> Result<Vec<PasskeyLine>, StoreError> {
    Ok(of(visitor).await?.iter().map(|passkey| line(visitor, texts, passkey)).collect())
}

async fn of(visitor: &Visitor) -> Result<Vec<Passkey>, StoreError> {
    store::passkeys::of_user(&visitor.state.store, &visitor.user.id).await
}

/// The passkey of this person that a page calls so, and their others.
async fn found(visitor: &Visitor, handle: &str) -> Result<Option<(Passkey, Vec<Passkey>)>, StoreError> {
    let mut present = of(visitor).await?;
    let at = present.iter().position(|passkey| self::handle(passkey) == handle);
    Ok(at.map(|at| (present.remove(at), present)))
}

/// The page to come back to after a sign-in. The path was decoded, so what looks like no handle of ours names no page.
fn page_of(handle: &str) -> String {
    let plain =
        handle.len() == HANDLE && handle.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if plain { format!("{}/{handle}", account::PASSKEYS) } else { account::PASSKEYS.to_owned() }
}

fn handle(passkey: &Passkey) -> String {
    TokenHash::of(passkey.id.as_bytes()).as_str().chars().take(HANDLE).collect()
}

fn address(passkey: &Passkey) -> String {
    format!("{}/{}", account::PASSKEYS, handle(passkey))
}

fn line(visitor: &Visitor, texts: &Texts, passkey: &Passkey) -> PasskeyLine {
    PasskeyLine {
        name: passkey.name.clone(),
        href: visitor.path(&address(passkey)),
        facts: facts(visitor, texts, passkey),
        warning: passkey.clone_seen_at.map(|_| texts.security.cloned_badge),
    }
}

fn place(texts: &Texts, passkey: &Passkey) -> &'static str {
    match passkeys::backup(passkey) {
        Backup::Synced => texts.passkey.synced,
        Backup::DeviceBound => texts.passkey.device_bound,
    }
}

/// Maker, since when, last use. Where the private key is stands on the page of each.
fn facts(visitor: &Visitor, texts: &Texts, passkey: &Passkey) -> Vec<String> {
    let t = &texts.security;
    let maker = passkeys::maker(passkey).filter(|maker| *maker != passkey.name);
    let used = match passkey.last_used_at {
        Some(at) => fill(t.last_used, &words::moment(&texts.account, at, visitor.now)),
        None => t.never_used.to_owned(),
    };
    let created = fill(t.created, &words::day(&texts.account, passkey.created_at));
    maker.map(str::to_owned).into_iter().chain([created, used]).collect()
}

fn notice(visitor: &Visitor, texts: &Texts) -> Result<Option<Notice>, VisitorError> {
    if let Some(refusal) = Refusal::read(&visitor.http) {
        return Ok(Some(Notice::danger(refusal.sentence(&texts.passkey))));
    }
    let t = &texts.security;
    Ok(match super::asked(&visitor.http, "done")?.as_deref() {
        Some("added") => Some(Notice::success(t.passkey_added)),
        Some("renamed") => Some(Notice::success(t.passkey_renamed)),
        Some("removed") => Some(Notice::success(t.passkey_removed)),
        Some("gone") => Some(Notice::warning(t.passkey_gone)),
        _ => None,
    })
}

/// What [`store::passkeys::remove`] decides in the end, in words.
async fn stays(visitor: &Visitor, others: &[Passkey]) -> Result<Option<Stays>, StoreError> {
    if others.iter().any(|other| other.clone_seen_at.is_none()) {
        return Ok(None);
    }
    if !visitor.enrolled.password {
        return Ok(Some(Stays::LastWay));
    }
    let short = store::passwords::needs_second_factor(&visitor.state.store, &visitor.user.id).await?;
    Ok((short && !visitor.enrolled.totp).then_some(Stays::ShortPassword))
}

async fn detail(
    visitor: &Visitor,
    passkey: &Passkey,
    others: &[Passkey],
    wrong: Option<&'static str>,
) -> Result<HttpResponse, VisitorError> {
    let shell = super::shell(visitor);
    let texts = shell.texts;
    let t = &texts.security;
    let here = visitor.path(&address(passkey));
    let name = Field::new(FieldKind::Text("off"), "name", t.passkey_name).value(&passkey.name);
    let rename = Form::new(here.clone(), visitor.csrf(), "passkey-rename", t.passkey_rename)
        .weight(Weight::Plain)
        .field(name.refused(wrong.map(str::to_owned)));
    let removal = match stays(visitor, others).await? {
        None => Section {
            title: Some(t.passkey_remove.to_owned()),
            texts: vec![t.passkey_remove_text.to_owned()],
            form: Some(
                Form::new(format!("{here}/remove"), visitor.csrf(), "passkey-remove", t.passkey_remove)
                    .weight(Weight::Danger)
                    .field(security::end_sessions_box(t)),
            ),
            link: None,
        },
        Some(Stays::LastWay) => Section {
            title: Some(t.passkey_remove.to_owned()),
            texts: vec![t.passkey_last.to_owned()],
            form: None,
            link: Some(security::link(visitor, account::PASSWORD, t.password_set)),
        },
        Some(Stays::ShortPassword) => too_short(visitor, texts, t.passkey_remove),
    };
    let cloned = passkey.clone_seen_at.map(|_| Notice::warning(t.cloned_text));
    let page = SettingPage {
        frame: super::frame(visitor, AccountPart::Security),
        id: "account-passkey-page",
        title: passkey.name.clone(),
        lede: [place(texts, passkey).to_owned()]
            .into_iter()
            .chain(facts(visitor, texts, passkey))
            .collect::<Vec<_>>()
            .join(" · "),
        notice: if wrong.is_some() { None } else { cloned.or(notice(visitor, texts)?) },
        sections: vec![Section { form: Some(rename), ..Section::default() }, removal],
        back: security::link(visitor, account::PASSKEYS, t.passkeys),
        shell,
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(super::page(visitor, status, &page))
}

/// Why the last second factor stays, and what to do about it.
pub(super) fn too_short(visitor: &Visitor, texts: &Texts, title: &'static str) -> Section {
    let least = policy::least(&visitor.state.config.passwords, Strength::Alone);
    Section {
        title: Some(title.to_owned()),
        texts: vec![fill(texts.security.short_password, &least.to_string())],
        form: None,
        link: Some(security::link(visitor, account::PASSWORD, texts.security.password_change)),
    }
}
