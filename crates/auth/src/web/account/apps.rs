//! `/account/apps`: what apps may do, and the end of it.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::audience::Api;
use protocol::client::Client;
use protocol::ids::ClientId;
use protocol::security_event::SecurityEvent;

use super::connected::{self, Connection};
use super::words;
use crate::AppState;
use crate::page_paths::account;
use crate::security_log::{self, Event};
use crate::text::{AppsTexts, Texts, fill};
use crate::web::error::{PageError, Situation};
use crate::web::form;
use crate::web::pages::{AccountPart, AppCard, AppsPage, Notice};
use crate::web::visitor::{Since, Visitor, VisitorError};

/// On a page.
const SHOWN: usize = 4;

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Whenever, None).await?;
    let shell = super::shell(&visitor);
    let all = connected::of(&visitor).await?;
    let (part, pager) = super::part(&visitor, account::APPS, (SHOWN, all.len()))?;
    let clients = connected::clients(&visitor, &all[part]).await?;
    let apis = store::apis::list(&visitor.state.store).await?;
    let page = AppsPage {
        frame: super::frame(&visitor, AccountPart::Apps),
        notice: notice(&visitor, &shell.texts.apps)?,
        action: visitor.path(account::APPS),
        csrf: visitor.csrf(),
        apps: clients.iter().map(|(client, with)| card(&visitor, shell.texts, &apis, (client, with))).collect(),
        pager,
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &page))
}

/// Forgets the consent and ends what rests on it. Whoever has access only gets less by it, so no fresh sign-in is asked for.
pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, form) = Visitor::posted(state, http, body, Since::Whenever, account::APPS).await?;
    let id = form::field(&form, "client")?.and_then(|id| ClientId::parse(id).ok());
    let id = id.ok_or_else(|| PageError::new(Situation::BadForm).because("the form names no client"))?;
    if !connected::of(&visitor).await?.iter().any(|connection| connection.client_id == id) {
        return Ok(super::done(&visitor, account::APPS, "gone"));
    }
    // An app of the operator has no consent to withdraw, but it has authorizations, which end.
    let _consent = store::consents::withdraw(&visitor.state.store, &visitor.user.id, &id, visitor.now).await?;
    let event = Event::new(&visitor.user.id, SecurityEvent::ConsentWithdrawn).of_client(&id);
    security_log::note(&visitor.state, &visitor.http, event.in_session(&visitor.session.id)).await?;
    Ok(super::done(&visitor, account::APPS, "removed"))
}

fn notice(visitor: &Visitor, texts: &AppsTexts) -> Result<Option<Notice>, VisitorError> {
    Ok(match super::asked(&visitor.http, "done")?.as_deref() {
        Some("removed") => Some(Notice::success(texts.done_removed)),
        Some("gone") => Some(Notice::success(texts.done_gone)),
        _ => None,
    })
}

fn card(visitor: &Visitor, texts: &'static Texts, apis: &[Api], (client, with): (&Client, &Connection)) -> AppCard {
    let t = &texts.apps;
    let used = with.last_used.map(|at| fill(t.used, &words::moment(&texts.account, at, visitor.now)));
    let since = fill(t.since, &words::day(&texts.account, with.since));
    AppCard {
        id: client.id.to_string(),
        name: client.name.clone(),
        host: connected::host(client),
        scopes: connected::sentences(texts, apis, &with.scope),
        facts: [Some(since), used].into_iter().flatten().collect(),
        reach: connected::reach(with),
    }
}
