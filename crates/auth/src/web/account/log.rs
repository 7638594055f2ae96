//! `/account/log`: what happened to the account, newest first, page by page.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use protocol::ids::{ClientId, SecurityEventId};
use protocol::security_event::SecurityEvent;
use protocol::time::Timestamp;
use store::StoreError;
use store::security_events::{Cursor, Entry};
use url::form_urlencoded;

use super::{device, words};
use crate::AppState;
use crate::page_paths::account;
use crate::text::{Texts, event_kinds, fill};
use crate::web::pages::{AccountPart, LogLine, LogPage, Pager};
use crate::web::visitor::{Since, Visitor, VisitorError};

/// On a page.
const SHOWN: usize = 8;

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Whenever, None).await?;
    let shell = super::shell(&visitor);
    let kind = super::asked(&visitor.http, "kind")?.and_then(|kind| SecurityEvent::parse(&kind));
    let before = super::asked(&visitor.http, "before")?.and_then(|before| parse(&before));
    let store = &visitor.state.store;
    let limit = i64::try_from(SHOWN + 1).unwrap_or(i64::MAX);
    let mut entries = store::security_events::of_user(store, &visitor.user.id, kind, before.as_ref(), limit).await?;
    let older = entries.len() > SHOWN;
    entries.truncate(SHOWN);
    let apps = names(&visitor, &entries).await?;
    let here = visitor.path(account::LOG);
    let at = |before: Option<&Entry>| address(&here, kind, before);
    let page = LogPage {
        frame: super::frame(&visitor, AccountPart::Log),
        kinds: event_kinds(&shell.texts.log),
        chosen: kind.map(SecurityEvent::name),
        entries: entries.iter().map(|entry| line(&visitor, shell.texts, entry, &apps)).collect(),
        pager: Pager {
            first: before.map(|_| at(None)),
            next: entries.last().filter(|_| older).map(|last| at(Some(last))),
        },
        lock_down: visitor.path(account::LOCK_DOWN),
        action: here.clone(),
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &page))
}

fn line(visitor: &Visitor, texts: &Texts, entry: &Entry, apps: &HashMap<ClientId, String>) -> LogLine {
    let from = entry.origin.address.as_deref().map(|address| fill(texts.log.from, address));
    let facts = [Some(words::moment(&texts.account, entry.at, visitor.now)), from];
    LogLine {
        what: texts.log.event(entry.kind),
        app: entry.client_id.as_ref().and_then(|client| apps.get(client)).cloned(),
        device: entry.origin.user_agent.as_deref().map(|header| device::line(&texts.account, header)),
        facts: facts.into_iter().flatten().collect(),
    }
}

/// The names of the apps of these entries; of a deleted one there is none.
async fn names(visitor: &Visitor, entries: &[Entry]) -> Result<HashMap<ClientId, String>, StoreError> {
    let mut names = HashMap::new();
    for id in entries.iter().filter_map(|entry| entry.client_id.as_ref()) {
        if !names.contains_key(id)
            && let Some(client) = store::clients::find(&visitor.state.store, id).await?
        {
            names.insert(id.clone(), client.name);
        }
    }
    Ok(names)
}

/// The address of a page of the log: of one kind, older than an entry.
fn address(here: &str, kind: Option<SecurityEvent>, before: Option<&Entry>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(kind) = kind {
        query.append_pair("kind", kind.name());
    }
    if let Some(entry) = before {
        query.append_pair("before", &format!("{}.{}", entry.at, entry.id));
    }
    match query.finish() {
        query if query.is_empty() => here.to_owned(),
        query => format!("{here}?{query}"),
    }
}

fn parse(cursor: &str) -> Option<Cursor> {
    let (at, id) = cursor.split_once('.')?;
    Some(Cursor { at: Timestamp(at.parse().ok()?), id: SecurityEventId::parse(id).ok()? })
}
