//! `/account/api-keys`: the list, and a page for each key with its end. A new one is made in `new.rs`, one in the place of another in
//! `rotate.rs`. Who only looks needs no fresh sign-in; the page of a key has what changes it, and asks for one.

pub(crate) mod new;
pub(crate) mod rotate;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::api_key::ApiKeyId;
use protocol::api_keys::{ApiKeyRecord, PER_PERSON, Standing};
use protocol::audience::Api;
use protocol::mail::Notice as MailNotice;
use protocol::permission::Permission;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use store::security_events::Entry;
use store::{StoreError, Won};

use super::words;
use crate::api_keys::{Made, Workshop};
use crate::page_paths::account;
use crate::security_log::{self, Event};
use crate::text::{Texts, fill};
use crate::web::pages::{
    AccountPart, ApiKeyBadge, ApiKeyLine, ApiKeyMadePage, ApiKeysPage, Form, Link, Notice, Section, SettingPage, Weight,
};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::{AppState, accounts};

/// On a page of the list.
const SHOWN: usize = 6;
/// So long before its end a key is marked.
const SOON: Seconds = Seconds::days(7);

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Whenever, None).await?;
    let shell = super::shell(&visitor);
    let (t, texts) = (&shell.texts.api_keys, shell.texts);
    let all = of(&visitor).await?;
    let (part, pager) = super::part(&visitor, account::API_KEYS, (SHOWN, all.len()))?;
    let apis = store::apis::list(&visitor.state.store).await?;
    let live = all.iter().filter(|key| key.is_live(visitor.now)).count();
    let refused = match live {
        _ if new::offered(&visitor).await?.is_empty() => Some(t.no_api),
        live if live >= PER_PERSON as usize => Some(t.full),
        _ => None,
    };
    let page = ApiKeysPage {
        frame: super::frame(&visitor, AccountPart::ApiKeys),
        notice: notice(&visitor, texts)?,
        keys: all[part].iter().map(|key| line(&visitor, texts, &apis, key)).collect(),
        pager,
        add: refused.is_none().then(|| link(&visitor, account::API_KEYS_NEW, t.add)),
        refused,
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &page))
}

/// The page of one.
pub(crate) async fn one(
    state: Data<AppState>,
    http: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Recently, None).await?;
    let Some(key) = found(&visitor, &id).await? else { return Ok(super::done(&visitor, account::API_KEYS, "gone")) };
    let shell = super::shell(&visitor);
    let texts = shell.texts;
    let apis = store::apis::list(&visitor.state.store).await?;
    let standing = key.standing(visitor.now);
    let may = key.permissions.iter().map(Permission::as_str).collect::<Vec<_>>().join(" ");
    let about = Section {
        texts: [fill(texts.api_keys.may, &may)].into_iter().chain(facts(&visitor, texts, &apis, &key)).collect(),
        ..Section::default()
    };
    let rotation = (standing == Standing::Active).then(|| rotate::section(&visitor, texts, &key));
    let revocation = key.is_live(visitor.now).then(|| revocation(&visitor, texts, &key));
    let page = SettingPage {
        frame: super::frame(&visitor, AccountPart::ApiKeys),
        id: "api-key-page",
        title: key.name.clone(),
        lede: badge(&visitor, texts, &key).map_or(String::new(), |badge| badge.words().to_owned()),
        notice: None,
        sections: [Some(about), rotation, revocation].into_iter().flatten().collect(),
        back: link(&visitor, account::API_KEYS, texts.api_keys.back),
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &page))
}

pub(crate) async fn revoke(
    state: Data<AppState>,
    http: HttpRequest,
    id: Path<String>,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, _form) = Visitor::posted(state, http, body, Since::Recently, &page_of(&id)).await?;
    let Some(key) = found(&visitor, &id).await? else { return Ok(super::done(&visitor, account::API_KEYS, "gone")) };
    let event = event(&visitor, SecurityEvent::ApiKeyRevoked);
    if Workshop::of(&visitor.state).revoke(&key, event, visitor.now).await? == Won::No {
        return Ok(super::done(&visitor, account::API_KEYS, "gone"));
    }
    accounts::tell(&visitor.state, &visitor.user, MailNotice::ApiKeyRevoked).await?;
    Ok(super::done(&visitor, account::API_KEYS, "revoked"))
}

/// The page that shows a new key, this once. `more`: what else is to be known.
fn made(visitor: &Visitor, made: &Made, more: Option<String>) -> HttpResponse {
    let shell = super::shell(visitor);
    let facts = more.into_iter().chain([ends(visitor, shell.texts, &made.record)]);
    let page = ApiKeyMadePage {
        frame: super::frame(visitor, AccountPart::ApiKeys),
        name: made.record.name.clone(),
        key: made.key.expose().to_owned(),
        facts: facts.collect(),
        onward: visitor.path(account::API_KEYS),
        shell,
    };
    super::page(visitor, StatusCode::OK, &page)
}

/// For the log of the account.
fn event(visitor: &Visitor, kind: SecurityEvent) -> Entry {
    let event = Event::new(&visitor.user.id, kind).in_session(&visitor.session.id);
    security_log::entry(&visitor.state, &visitor.http, event)
}

/// Those that can be used first, the newest of them first.
async fn of(visitor: &Visitor) -> Result<Vec<ApiKeyRecord>, StoreError> {
    let rows = store::api_keys::of_user(&visitor.state.store, &visitor.user.id).await?;
    let mut keys: Vec<ApiKeyRecord> = rows.into_iter().map(|row| row.record).collect();
    keys.sort_by_key(|key| !key.is_live(visitor.now));
    Ok(keys)
}

/// The key of this person with this id.
async fn found(visitor: &Visitor, id: &str) -> Result<Option<ApiKeyRecord>, StoreError> {
    let Ok(id) = ApiKeyId::parse(id) else { return Ok(None) };
    let row = store::api_keys::find(&visitor.state.store, &id).await?;
    Ok(row.map(|row| row.record).filter(|key| key.user_id == visitor.user.id))
}

/// The page to come back to after a sign-in. The path was decoded, so what is no id names no page.
fn page_of(id: &str) -> String {
    match ApiKeyId::parse(id) {
        Ok(id) => address(&id),
        Err(_) => account::API_KEYS.to_owned(),
    }
}

fn address(id: &ApiKeyId) -> String {
    format!("{}/{id}", account::API_KEYS)
}

fn link(visitor: &Visitor, page: &str, label: &str) -> Link {
    Link { href: visitor.path(page), label: label.to_owned() }
}

fn line(visitor: &Visitor, texts: &'static Texts, apis: &[Api], key: &ApiKeyRecord) -> ApiKeyLine {
    ApiKeyLine {
        name: key.name.clone(),
        href: visitor.path(&address(&key.id)),
        badge: badge(visitor, texts, key),
        permissions: key.permissions.iter().map(ToString::to_string).collect(),
        facts: facts(visitor, texts, apis, key),
    }
}

fn badge(visitor: &Visitor, texts: &'static Texts, key: &ApiKeyRecord) -> Option<ApiKeyBadge> {
    let t = &texts.api_keys;
    match key.standing(visitor.now) {
        Standing::Active => {
            let soon = key.expires_at.is_some_and(|end| end.since(visitor.now) <= SOON);
            soon.then_some(ApiKeyBadge::Ending(t.badge_soon))
        }
        Standing::Replaced => Some(ApiKeyBadge::Ending(t.badge_replaced)),
        Standing::Expired => Some(ApiKeyBadge::Over(t.badge_expired)),
        Standing::Revoked => Some(ApiKeyBadge::Over(t.badge_revoked)),
    }
}

fn facts(visitor: &Visitor, texts: &Texts, apis: &[Api], key: &ApiKeyRecord) -> Vec<String> {
    let t = &texts.api_keys;
    let api = match apis.iter().find(|api| api.identifier == key.api) {
        Some(api) => fill(t.for_api, &api.name),
        None => fill(t.api_gone, &key.api),
    };
    let made = fill(t.made, &words::day(&texts.account, key.created_at));
    let used = match key.last_used_at {
        Some(at) => fill(t.used, &words::moment(&texts.account, at, visitor.now)),
        None => t.unused.to_owned(),
    };
    let networks: Vec<String> = key.allowed_networks.iter().map(ToString::to_string).collect();
    let only_from = (!networks.is_empty()).then(|| fill(t.only_from, &networks.join(" ")));
    let signs = key.signing.then(|| t.signs.to_owned());
    [api, made, ends(visitor, texts, key), used].into_iter().chain(only_from).chain(signs).collect()
}

fn ends(visitor: &Visitor, texts: &Texts, key: &ApiKeyRecord) -> String {
    let t = &texts.api_keys;
    let moment = |at| words::moment(&texts.account, at, visitor.now);
    match key.expires_at {
        None => t.endless.to_owned(),
        Some(at) if at <= visitor.now => fill(t.ended, &moment(at)),
        Some(at) => fill(t.ends, &moment(at)),
    }
}

fn revocation(visitor: &Visitor, texts: &Texts, key: &ApiKeyRecord) -> Section {
    let t = &texts.api_keys;
    let action = visitor.path(&format!("{}/revoke", address(&key.id)));
    let form = Form::new(action, visitor.csrf(), "api-key-revoke", t.revoke_submit).weight(Weight::Danger);
    let (title, texts) = (Some(t.revoke.to_owned()), vec![t.revoke_text.to_owned()]);
    Section { title, texts, form: Some(form), link: None }
}

fn notice(visitor: &Visitor, texts: &Texts) -> Result<Option<Notice>, VisitorError> {
    let t = &texts.api_keys;
    Ok(match super::asked(&visitor.http, "done")?.as_deref() {
        Some("revoked") => Some(Notice::success(t.done_revoked)),
        Some("gone") => Some(Notice::warning(t.done_gone)),
        Some("full") => Some(Notice::warning(t.full)),
        _ => None,
    })
}
