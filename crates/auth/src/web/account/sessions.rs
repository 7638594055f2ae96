//! `/account/sessions`: where the person is signed in, and how that ends elsewhere. Signing out makes an account only safer, so it
//! asks for no fresh sign-in.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::grant::state::Grant;
use protocol::ids::{ClientId, SessionId};
use protocol::security_event::SecurityEvent;
use store::sessions::Session;
use store::{StoreError, Won};

use super::{connected, device, words};
use crate::page_paths::account;
use crate::security_log::{self, Event};
use crate::text::{SessionsTexts, Texts, fill};
use crate::web::error::{PageError, Situation};
use crate::web::form;
use crate::web::pages::{AccountPart, Notice, SessionCard, SessionsPage};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::{AppState, accounts, active, session_clients};

/// On a page.
const SHOWN: usize = 7;
/// The value of the button that signs out all others; no session is called so.
const OTHERS: &str = "others";

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Whenever, None).await?;
    let shell = super::shell(&visitor);
    let store = &visitor.state.store;
    let mut sessions = store::sessions::living_of_user(store, &visitor.user.id, visitor.now).await?;
    sessions.sort_by_key(|session| {
        (session.id != visitor.session.id, std::cmp::Reverse((session.last_seen_at, session.id.clone())))
    });
    let (part, pager) = super::part(&visitor, account::SESSIONS, (SHOWN, sessions.len()))?;
    let apps = apps(&visitor).await?;
    let card = |session: &Session| card(&visitor, shell.texts, session, apps.get(&session.id));
    let page = SessionsPage {
        frame: super::frame(&visitor, AccountPart::Sessions),
        notice: notice(&visitor, &shell.texts.sessions)?,
        action: visitor.path(account::SESSIONS),
        csrf: visitor.csrf(),
        others: sessions.len().saturating_sub(1),
        sessions: sessions[part].iter().map(card).collect(),
        pager,
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &page))
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, form) = Visitor::posted(state, http, body, Since::Whenever, account::SESSIONS).await?;
    let done = match form::field(&form, "session")? {
        Some(OTHERS) => {
            accounts::end_other_sessions(&visitor.state, &visitor.http, &visitor.user, &visitor.session.id).await?;
            "others"
        }
        Some(id) => end(&visitor, id).await?,
        None => return Err(PageError::new(Situation::BadForm).because("the form names no session").into()),
    };
    Ok(super::done(&visitor, account::SESSIONS, done))
}

/// Only a living session of the same person; any other is as good as gone.
async fn end(visitor: &Visitor, id: &str) -> Result<&'static str, VisitorError> {
    let Ok(id) = SessionId::parse(id) else { return Ok("gone") };
    let state = &visitor.state;
    let found = store::sessions::find(&state.store, &id).await?;
    let theirs = |session: &Session| {
        session.user_id == visitor.user.id
            && session.id != visitor.session.id
            && active::session_is_live(session, visitor.now)
    };
    let Some(session) = found.filter(theirs) else { return Ok("gone") };
    if session_clients::end_with_grants(state, &session, visitor.now).await? == Won::No {
        return Ok("gone");
    }
    let event = Event::new(&visitor.user.id, SecurityEvent::SessionEnded).in_session(&visitor.session.id);
    let event = event.with("ended", session.id.as_str());
    security_log::note(state, &visitor.http, event).await?;
    Ok("ended")
}

fn notice(visitor: &Visitor, texts: &SessionsTexts) -> Result<Option<Notice>, VisitorError> {
    Ok(match super::asked(&visitor.http, "done")?.as_deref() {
        Some("ended") => Some(Notice::success(texts.done_ended)),
        Some("others") => Some(Notice::success(texts.done_others)),
        Some("gone") => Some(Notice::success(texts.done_gone)),
        _ => None,
    })
}

/// The names of the apps of each session, those with offline access too: whoever signs a device out ends what they got there.
async fn apps(visitor: &Visitor) -> Result<HashMap<SessionId, Vec<String>>, StoreError> {
    let store = &visitor.state.store;
    let grants = store::grants::of_user(store, &visitor.user.id).await?;
    let mut names: HashMap<ClientId, Option<String>> = HashMap::new();
    let mut apps: HashMap<SessionId, Vec<String>> = HashMap::new();
    let living = |grant: &&Grant| connected::is_living(grant, visitor.now);
    for grant in grants.iter().filter(living) {
        let Some(session) = &grant.session_id else { continue };
        if !names.contains_key(&grant.client_id) {
            let client = store::clients::find(store, &grant.client_id).await?;
            names.insert(grant.client_id.clone(), client.map(|client| client.name));
        }
        let of_session = apps.entry(session.clone()).or_default();
        if let Some(Some(name)) = names.get(&grant.client_id)
            && !of_session.contains(name)
        {
            of_session.push(name.clone());
        }
    }
    Ok(apps)
}

fn card(visitor: &Visitor, texts: &Texts, session: &Session, apps: Option<&Vec<String>>) -> SessionCard {
    let t = &texts.sessions;
    let moment = |at| words::moment(&texts.account, at, visitor.now);
    let how = words::how(&texts.account, &session.amr);
    let facts = [
        Some(fill(t.last_seen, &moment(session.last_seen_at))),
        Some(fill(t.since, &moment(session.created_at))),
        session.origin.address.as_deref().map(|address| fill(t.address, address)),
        (!how.is_empty()).then(|| fill(t.how, &how)),
        apps.map(|apps| fill(t.apps, &apps.join(", "))),
    ];
    SessionCard {
        id: (session.id != visitor.session.id).then(|| session.id.to_string()),
        device: device::of_origin(&texts.account, &session.origin),
        facts: facts.into_iter().flatten().collect(),
    }
}
