//! `/logout` (OpenID Connect RP-Initiated Logout 1.0). Ending the session ends each grant that rests on it (a grant with
//! `offline_access` rests on none, OpenID Connect Core §11), and tells the clients that the person was signed in to.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use jwt::sealed::{self, Purpose};
use protocol::client::Client;
use protocol::error::OAuthError;
use protocol::logout::frontchannel::Frame;
use protocol::logout::{self, Confirmation, HintClaims, LogoutRequest, Onward};
use protocol::metadata::paths;
use protocol::params::Params;
use protocol::time::Timestamp;
use protocol::user::User;
use serde::{Deserialize, Serialize};
use store::sessions::Session;

use crate::web::error::{PageError, Situation};
use crate::web::pages::{FrontchannelLogoutPage, Link, LoggedOutPage, LogoutPage, Shell};
use crate::web::trace_id::TraceId;
use crate::web::{answer, cards, cookies, form, interaction, session, shell};
use crate::{AppState, issue, protocol_log, session_clients};

/// What was checked of the request and comes back, sealed, with the confirmation form.
#[derive(Serialize, Deserialize)]
struct Checked {
    onward: Onward,
    client_name: Option<String>,
}

/// One browser that wants to sign out.
struct Leaving {
    state: Data<AppState>,
    http: HttpRequest,
    now: Timestamp,
    signed_in: Option<(Session, User)>,
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, PageError> {
    let params = form::query(&http).map_err(bad)?;
    Leaving::new(state, http).await?.asked(&params).await
}

/// A client's request by POST (§2 wants both methods), or the answer to our own question.
pub(crate) async fn post(state: Data<AppState>, http: HttpRequest, body: Payload) -> Result<HttpResponse, PageError> {
    let form = form::read(&state, &http, body).await?;
    if form.get("decision").map_err(bad)?.is_some() {
        return Leaving::new(state, http).await?.confirmed(&form).await;
    }
    // As at /authorize: our cookies come with the GET that follows.
    let location = format!("{}?{}", state.issuer().endpoint(paths::LOGOUT), form.encode());
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, location)).finish())
}

impl Leaving {
    async fn new(state: Data<AppState>, http: HttpRequest) -> Result<Self, PageError> {
        let now = state.now();
        let signed_in = session::current(&state, &http, now).await?;
        Ok(Self { state, http, now, signed_in })
    }

    async fn asked(self, params: &Params) -> Result<HttpResponse, PageError> {
        let request = LogoutRequest::parse(params).map_err(bad)?;
        let hint = self.hint(&request);
        let client = self.client(&request, hint.as_ref()).await?;
        let onward = logout::check(&request, hint.as_ref(), client.as_ref()).map_err(bad)?;
        let checked = Checked { onward, client_name: client.map(|client| client.name) };
        let mut shell = shell::in_language(&self.state, &self.http, &request.ui_locales);
        shell.switch = None; // it would repeat the query, and the ID token in it
        match logout::confirmation(hint.as_ref(), self.signed_in.as_ref().map(|(session, _)| &session.id)) {
            Confirmation::NotNeeded => self.sign_out(shell, checked).await,
            Confirmation::Needed => Ok(self.question(shell, &checked)),
        }
    }

    fn question(&self, shell: Shell, checked: &Checked) -> HttpResponse {
        let page = LogoutPage {
            shell,
            action: cards::path(&self.state, paths::LOGOUT),
            csrf: interaction::csrf(&self.state, &self.browser_secret(), &self.purpose()),
            logout: sealed::seal_for(Purpose::Confirmation, self.state.keys.secrets(), checked),
            client_name: checked.client_name.clone(),
            account: self.signed_in.as_ref().map(|(_, user)| cards::account(user)),
        };
        answer::page(StatusCode::OK, &page, &self.state, &self.http)
    }

    async fn confirmed(self, form: &Params) -> Result<HttpResponse, PageError> {
        interaction::refuse_foreign(&self.state, &self.http, form, &self.browser_secret(), &self.purpose())?;
        let form_value = form.get("logout").map_err(bad)?.unwrap_or_default();
        let checked: Checked = sealed::open_for(Purpose::Confirmation, self.state.keys.secrets(), form_value)
            .ok_or_else(|| {
                PageError::new(Situation::ForeignForm).because("the sealed logout request cannot be opened")
            })?;
        match form.get("decision").map_err(bad)? {
            Some("yes") => {
                let shell = shell::of(&self.state, &self.http);
                self.sign_out(shell, checked).await
            }
            _ => Ok(HttpResponse::SeeOther().insert_header((LOCATION, self.state.issuer().endpoint("/"))).finish()),
        }
    }

    /// Ends the session, takes the cookie away, and goes where the client wanted or to our own page.
    async fn sign_out(self, shell: Shell, checked: Checked) -> Result<HttpResponse, PageError> {
        let frames = self.end_session().await?;
        cookies::send(&self.http, cookies::remove(&self.state, cookies::SESSION));
        let link = |href| Link { href, label: checked.client_name.unwrap_or_default() };
        let onward = match checked.onward {
            Onward::Redirect(location) if frames.is_empty() => {
                return Ok(HttpResponse::SeeOther().insert_header((LOCATION, location)).finish());
            }
            Onward::Redirect(onward) => {
                let page = FrontchannelLogoutPage { shell, onward, frames };
                return Ok(answer::page(StatusCode::OK, &page, &self.state, &self.http));
            }
            Onward::Link(href) => Some(link(href)),
            Onward::Nowhere => None,
        };
        let page = LoggedOutPage { shell, onward, frames };
        Ok(answer::page(StatusCode::OK, &page, &self.state, &self.http))
    }

    /// The frames that the browser has to load, so that clients with a front channel hear of it.
    async fn end_session(&self) -> Result<Vec<Frame>, PageError> {
        let Some((session, user)) = &self.signed_in else { return Ok(Vec::new()) };
        let _first = session_clients::end(&self.state, &session.id, self.now).await?;
        tracing::info!(trace.id = %TraceId::of(&self.http), user.id = %user.id, session.id = %session.id, "signed out");
        Ok(session_clients::frames(&self.state, &session.id).await?)
    }

    /// RP-Initiated Logout §4: a hint that cannot be verified is none. Its key may be long gone, and whoever wants to sign out
    /// shall be able to; so the person is asked, as without a hint, and the browser is sent nowhere.
    fn hint(&self, request: &LogoutRequest) -> Option<HintClaims> {
        let hint = issue::id_token::read_hint(&self.state, request.id_token_hint.as_deref()?, self.now);
        if hint.is_none() {
            tracing::info!(trace.id = %TraceId::of(&self.http),
                "id_token_hint is not an ID token of this server, or its key is gone; the person is asked");
        }
        hint
    }

    async fn client(&self, request: &LogoutRequest, hint: Option<&HintClaims>) -> Result<Option<Client>, PageError> {
        match request.client_named(hint).map_err(bad)? {
            Some(id) => {
                let found = store::clients::find(&self.state.store, &id).await?;
                if found.is_some() {
                    protocol_log::about(&self.http, &id);
                }
                // Nobody is sent to a client that the operator has disabled.
                Ok(found.filter(|client| client.disabled_at.is_none()))
            }
            None => Ok(None),
        }
    }

    /// The form is bound to the session that it ends; a browser without a session has nothing to protect.
    fn purpose(&self) -> String {
        format!("logout {}", self.signed_in.as_ref().map_or("", |(session, _)| session.id.as_str()))
    }

    fn browser_secret(&self) -> String {
        cookies::read(&self.state, &self.http, cookies::SESSION).unwrap_or_default()
    }
}

fn bad(error: OAuthError) -> PageError {
    PageError { error: Some(error), ..PageError::new(Situation::BadLogoutLink) }
}
