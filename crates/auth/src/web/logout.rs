//! `/logout` (OpenID Connect RP-Initiated Logout 1.0). Ending the session ends each grant that rests on it (a grant with
//! `offline_access` rests on none, OpenID Connect Core §11), and tells the clients that the person was signed in to.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use jwt::sealed::{self, Purpose};
use protocol::client::Client;
use protocol::error::OAuthError;
use protocol::ids::{ClientId, SessionId};
use protocol::logout::frontchannel::Frame;
use protocol::logout::{self, Confirmation, HintClaims, LogoutRequest, Onward};
use protocol::metadata::paths;
use protocol::params::Params;
use protocol::security_event::SecurityEvent;
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use serde::{Deserialize, Serialize};
use store::Won;
use store::sessions::Session;

use crate::security_log::{self, Event};
use crate::trace_id::TraceId;
use crate::web::browser_form::{self, foreign};
use crate::web::error::{PageError, Situation};
use crate::web::pages::{FrontchannelLogoutPage, Link, LoggedOutPage, LogoutPage, Shell};
use crate::web::visitor::Visitor;
use crate::web::{answer, cards, cookies, form, session, shell};
use crate::{AppState, issue, protocol_log, session_clients};

/// What was checked of the request.
#[derive(Serialize, Deserialize)]
struct Checked {
    onward: Onward,
    client_name: Option<String>,
}

/// What comes back, sealed, with the confirmation form: it is good for one session, in one browser, for a while.
#[derive(Serialize, Deserialize)]
struct Asked {
    checked: Checked,
    session: SessionId,
    expires_at: Timestamp,
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
    Ok(answer::see_other(location))
}

/// Signs somebody out who asked for it on a page of ours.
pub(crate) async fn of_visitor(visitor: Visitor) -> Result<HttpResponse, PageError> {
    let Visitor { state, http, now, session, user, .. } = visitor;
    let shell = shell::of(&state, &http);
    let leaving = Leaving { state, http, now, signed_in: Some((session, user)) };
    leaving.sign_out(shell, Checked { onward: Onward::Nowhere, client_name: None }).await
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
        match (&self.signed_in, logout::confirmation(hint.as_ref(), self.sid(hint.as_ref()).as_deref())) {
            (Some((session, user)), Confirmation::Needed) => Ok(self.question(shell, checked, session, user)),
            _ => self.sign_out(shell, checked).await,
        }
    }

    /// What the client of the hint calls the session of this browser.
    fn sid(&self, hint: Option<&HintClaims>) -> Option<String> {
        let (session, _) = self.signed_in.as_ref()?;
        let client = hint.and_then(|hint| ClientId::parse(&hint.aud).ok());
        Some(client.map(|client| session_clients::sid(&self.state, &session.id, &client)).unwrap_or_default())
    }

    fn question(&self, shell: Shell, checked: Checked, session: &Session, user: &User) -> HttpResponse {
        let client_name = checked.client_name.clone();
        let expires_at = self.now + Seconds(self.state.config.sessions.interaction_lifetime);
        let asked = Asked { checked, session: session.id.clone(), expires_at };
        let page = LogoutPage {
            shell,
            action: cards::path(&self.state, paths::LOGOUT),
            csrf: browser_form::csrf(&self.state, &self.http, &purpose(&asked.session)),
            logout: sealed::seal_for(Purpose::Confirmation, self.state.keys.secrets(), &asked),
            client_name,
            account: Some(cards::account(user)),
        };
        answer::page(StatusCode::OK, &page, &self.state, &self.http)
    }

    async fn confirmed(self, form: &Params) -> Result<HttpResponse, PageError> {
        let sealed = form.get("logout").map_err(bad)?.unwrap_or_default();
        let Asked { checked, session, expires_at } =
            sealed::open_for(Purpose::Confirmation, self.state.keys.secrets(), sealed)
                .ok_or_else(|| foreign("the sealed logout request cannot be opened"))?;
        let browser = browser_form::secret(&self.state, &self.http);
        let browser = browser.ok_or_else(|| foreign("the browser sent no cookie"))?;
        browser_form::check_of(&self.state, &self.http, form, &browser, &purpose(&session))?;
        if self.signed_in.as_ref().is_some_and(|(current, _)| current.id != session) {
            return Err(foreign("the form was made for another session"));
        }
        if self.now >= expires_at {
            return Err(PageError::new(Situation::Expired).because("the question was answered too late"));
        }
        match form.get("decision").map_err(bad)? {
            Some("yes") => {
                let shell = shell::of(&self.state, &self.http);
                self.sign_out(shell, checked).await
            }
            _ => Ok(answer::see_other(self.state.issuer().endpoint("/"))),
        }
    }

    /// Ends the session, takes the cookie away, and goes where the client wanted or to our own page.
    async fn sign_out(self, shell: Shell, checked: Checked) -> Result<HttpResponse, PageError> {
        let frames = self.end_session().await?;
        cookies::send(&self.http, cookies::remove(&self.state, cookies::SESSION));
        let link = |href| Link { href, label: checked.client_name.unwrap_or_default() };
        let onward = match checked.onward {
            Onward::Redirect(location) if frames.is_empty() => {
                return Ok(answer::see_other(location));
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
        if session_clients::end(&self.state, &session.id, self.now).await? == Won::Yes {
            let event = Event::new(&user.id, SecurityEvent::SignedOut).in_session(&session.id);
            security_log::note(&self.state, &self.http, event).await?;
        }
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
                // Nobody is sent to a client that the operator has disabled, or that is to be swept.
                Ok(found.filter(|client| client.gone(self.now).is_none()))
            }
            None => Ok(None),
        }
    }
}

/// The form is bound to the browser, as all forms are, and to the session that it ends.
fn purpose(session: &SessionId) -> String {
    format!("logout {session}")
}

fn bad(error: OAuthError) -> PageError {
    PageError { error: Some(error), ..PageError::new(Situation::BadLogoutLink) }
}
