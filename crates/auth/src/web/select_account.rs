//! `/select-account`: which of the people who are signed in in this browser goes on, or somebody else (`prompt=select_account`,
//! and whenever nobody is active but others wait).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::authorize::decide::{Step, Why};
use protocol::ids::SessionId;
use protocol::params::Params;
use protocol::secret::SessionToken;
use protocol::user::User;
use store::sessions::Session;

use crate::AppState;
use crate::page_paths;
use crate::web::asked::Asked;
use crate::web::authorize::Visit;
use crate::web::error::{AuthorizeError, PageError, Situation};
use crate::web::interaction::Pending;
use crate::web::pages::{AccountChoice, SelectAccountPage, SignedIn};
use crate::web::{answer, browser_sessions, cards, form, session, shell};

/// An account that this browser signed in to.
struct Known {
    token: SessionToken,
    session: Session,
    user: User,
    signed_in: SignedIn,
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let (visit, pending) = Visit::resumed(state, http).await?;
    let asked = visit.asked(&pending).await?;
    let known = known(&visit).await?;
    match asked.step {
        Step::SelectAccount | Step::Login(Why::NotSignedIn) if !known.is_empty() => {
            Ok(page(&visit, &pending, &asked, &known))
        }
        Step::Login(Why::NotSignedIn) => Ok(visit.to_page(protocol::metadata::paths::LOGIN, &pending.interaction.id)),
        _ => visit.go_on(pending).await,
    }
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let (visit, pending, form) = Visit::posted(state, http, body).await?;
    if let Some(id) = form::field(&form, "remove")? {
        return remove(&visit, &pending, id).await;
    }
    if form::field(&form, "decision")? == Some("other") {
        let location = cards::other_account(&visit.state, &pending.interaction.id);
        return Ok(answer::see_other(location));
    }
    chosen(visit, pending, &form).await
}

/// The active account first, then those that wait. Whose session ended is known by name, and signs in again.
async fn known(visit: &Visit) -> Result<Vec<Known>, PageError> {
    let mut known: Vec<Known> = Vec::new();
    let (state, http) = (&visit.state, &visit.http);
    for token in browser_sessions::active(state, http).into_iter().chain(browser_sessions::waiting(state, http)) {
        let Some(session) = store::sessions::find(&state.store, &token.id).await? else { continue };
        let ours = token.hash() == session.secret_hash;
        let Some(user) = store::users::find(&state.store, &session.user_id).await? else { continue };
        if !ours || user.disabled_at.is_some() || known.iter().any(|other| other.user.id == user.id) {
            continue;
        }
        let signed_in = match session::living(state, &token, visit.now).await? {
            Some(_) => SignedIn::Yes,
            None => SignedIn::No,
        };
        known.push(Known { token, session, user, signed_in });
    }
    Ok(known)
}

fn page(visit: &Visit, pending: &Pending, asked: &Asked, known: &[Known]) -> HttpResponse {
    let choice = |known: &Known| AccountChoice {
        account: cards::account(&known.user),
        value: known.session.id.to_string(),
        signed_in: known.signed_in,
    };
    let select = SelectAccountPage {
        shell: shell::in_language(&visit.state, &visit.http, &asked.ui_locales),
        action: cards::path(&visit.state, page_paths::SELECT_ACCOUNT),
        interaction: pending.interaction.id.to_string(),
        csrf: pending.csrf(&visit.state, None),
        client: asked.card(visit),
        accounts: known.iter().map(choice).collect(),
    };
    answer::page(StatusCode::OK, &select, &visit.state, &visit.http)
}

/// Goes on as the chosen one. Whoever is signed out, or is no longer known, comes to the login page.
async fn chosen(mut visit: Visit, mut pending: Pending, form: &Params) -> Result<HttpResponse, AuthorizeError> {
    let id = form::field(form, "account")?;
    let id = id.ok_or_else(|| PageError::new(Situation::ForeignForm).because("the form names no account"))?;
    let found = known(&visit).await?.into_iter().find(|known| known.session.id.as_str() == id);
    let Some(Known { token, session, user, signed_in: SignedIn::Yes }) = found else {
        let location = cards::other_account(&visit.state, &pending.interaction.id);
        return Ok(answer::see_other(location));
    };
    session::activate(&visit.state, &visit.http, &token, session.keep).await.map_err(PageError::from)?;
    let interaction = &pending.interaction.id;
    let _marked = store::interactions::mark_account_selected(&visit.state.store, interaction, visit.now).await?;
    pending.interaction.account_selected_at = Some(visit.now);
    visit.signed_in = Some((session, user));
    visit.go_on(pending).await
}

/// This browser forgets an account that waits, and its session ends. An active one is signed out instead.
async fn remove(visit: &Visit, pending: &Pending, id: &str) -> Result<HttpResponse, AuthorizeError> {
    if let Ok(id) = SessionId::parse(id) {
        session::forget(&visit.state, &visit.http, &id).await.map_err(PageError::from)?;
    }
    Ok(visit.to_page(page_paths::SELECT_ACCOUNT, &pending.interaction.id))
}
