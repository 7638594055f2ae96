//! `/consent`: what an app asks for, in sentences, and a yes or a no. A yes is remembered for exactly what was shown.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::authorize::decide::Step;
use protocol::client::Client;
use protocol::error::{ErrorCode, OAuthError};
use protocol::metadata::paths;
use protocol::redirect_uri::Destination;
use protocol::scope::Scope;
use protocol::secret::TokenHash;
use protocol::security_event::SecurityEvent;

use crate::AppState;
use crate::security_log::{self, Event};
use crate::text::Texts;
use crate::web::authorize::{Examined, Visit};
use crate::web::error::{AuthorizeError, PageError, Situation};
use crate::web::interaction::Pending;
use crate::web::pages::{AnswerTo, ConsentPage, Granted, ScopeLine};
use crate::web::{answer, cards, form, shell};

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let (visit, pending) = Visit::resumed(state, http).await?;
    let examined = visit.examined(&pending).await?;
    match &examined.step {
        Step::Consent(asked) => Ok(page(&visit, &pending, &examined, asked).await?),
        _ => visit.go_on(pending).await,
    }
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let form = form::read(&state, &http, body).await.map_err(PageError::from)?;
    let (visit, pending) = Visit::answered(state, http, &form).await?;
    let Some((session, _)) = &visit.signed_in else {
        return visit.go_on(pending).await; // signed out meanwhile: ask for that first
    };
    pending.check_form(&visit.state, &visit.http, &form, Some(&session.id))?;
    let examined = visit.examined(&pending).await?;
    let Step::Consent(asked) = &examined.step else {
        return visit.go_on(pending).await;
    };
    let same = form::field(&form, "shown")? == Some(shown(&examined, asked).as_str());
    match form::field(&form, "decision")? {
        Some("allow") if same => allow(visit, pending, &examined, asked).await,
        // The client changed its name or what it asks for while the person was reading: the page is shown again.
        Some("allow") => visit.go_on(pending).await,
        Some("deny") => {
            visit.finish(Some(pending.interaction)).await?;
            let error = OAuthError::new(ErrorCode::AccessDenied, "the person did not allow the request");
            Err(AuthorizeError::Back(examined.callback, error))
        }
        _ => Err(PageError::new(Situation::ForeignForm).because("the form has no decision").into()),
    }
}

/// A name for what the page says of the client and of what it asks for. The form brings it back, so that a yes counts for just
/// that; it is no secret, because the form proves by itself that it came from our page.
fn shown(examined: &Examined, asked: &Scope) -> String {
    let Client { name, logo_uri, registered_by, .. } = &examined.client;
    let logo_uri = logo_uri.as_deref().unwrap_or_default();
    let parts = [name, examined.callback.redirect_uri(), logo_uri, registered_by.name(), &asked.to_string()];
    TokenHash::of(parts.map(|part| format!("{} {part}", part.len())).concat().as_bytes()).as_str().to_owned()
}

async fn allow(
    visit: Visit,
    mut pending: Pending,
    examined: &Examined,
    asked: &Scope,
) -> Result<HttpResponse, AuthorizeError> {
    if let Some((session, _)) = &visit.signed_in {
        let all = examined.consented.as_ref().map_or_else(|| asked.clone(), |before| before.union(asked));
        let store = &visit.state.store;
        let client = &examined.client.id;
        store::consents::remember(store, &session.user_id, client, &all, visit.now).await?;
        let event = Event::new(&session.user_id, SecurityEvent::ConsentGiven).of_client(client).in_session(&session.id);
        security_log::note(&visit.state, &visit.http, event.with("scope", all.to_string())).await?;
    }
    let id = &pending.interaction.id;
    let _marked = store::interactions::mark_consented(&visit.state.store, id, visit.now).await?;
    pending.interaction.consented_at = Some(visit.now);
    visit.go_on(pending).await
}

async fn page(visit: &Visit, pending: &Pending, examined: &Examined, asked: &Scope) -> Result<HttpResponse, PageError> {
    let state = &visit.state;
    let Some((session, user)) = &visit.signed_in else { return Err(PageError::new(Situation::Expired)) };
    let shell = shell::in_language(state, &visit.http, &examined.request.ui_locales);
    let scopes = lines(state, examined, shell.texts).await?;
    let consent = ConsentPage {
        shell,
        action: cards::path(state, paths::CONSENT),
        interaction: pending.interaction.id.to_string(),
        csrf: pending.csrf(state, Some(&session.id)),
        shown: shown(examined, asked),
        client: cards::client(&examined.client),
        answer_to: match examined.callback.destination() {
            Destination::Host(host) | Destination::Loopback(host) => AnswerTo::Host(host.to_owned()),
            Destination::Scheme(scheme) => AnswerTo::Scheme(scheme.to_owned()),
        },
        account: cards::account(user),
        other_account: Some(cards::other_account(state, &pending.interaction.id)),
        scopes,
    };
    Ok(answer::page(StatusCode::OK, &consent, state, &visit.http))
}

/// One sentence per scope that is asked for, in the order asked.
async fn lines(state: &AppState, examined: &Examined, texts: &'static Texts) -> Result<Vec<ScopeLine>, PageError> {
    let apis = store::apis::list(&state.store).await?;
    let asked = examined.request.asked_scope();
    let line = |scope: &str| {
        let before = examined.consented.as_ref().is_some_and(|before| before.contains(scope));
        cards::scope_line(texts, &apis, scope, if before { Granted::Before } else { Granted::NotYet })
    };
    Ok(asked.iter().filter_map(|scope| line(scope.as_str())).collect())
}
