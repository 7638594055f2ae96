//! A pending authorization request: the row that waits while a person signs in or consents, bound to one browser.
//!
//! The row keeps the request as it was received; each step checks it again from the start, so that nothing that changed
//! meanwhile (client, session, consent) is overlooked. A link to an interaction is useless in another browser
//! (RFC 9700 §4.7): it needs the browser cookie whose hash the row has.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use protocol::authorize::decide::Progress;
use protocol::ids::{ClientId, InteractionId, SessionId};
use protocol::params::Params;
use protocol::secret::TokenHash;
use protocol::time::{Seconds, Timestamp};
use store::interactions::Interaction;

use crate::limits::Throttled;
use crate::web::cookies::{self, Life};
use crate::web::error::{PageError, Situation};
use crate::web::form;
use crate::{AppState, random};

/// The browser's binding secret, and the cookie to set when it is new.
pub(crate) struct Browser {
    pub secret: String,
    pub new_cookie: Option<Cookie<'static>>,
}

/// An interaction that was found, is alive, and began in this browser.
pub(crate) struct Pending {
    pub interaction: Interaction,
    pub params: Params,
    browser_secret: String,
}

impl Pending {
    /// The token of a form of this interaction. `session`: the one that the page was made for, so that what one person saw
    /// is not allowed in the name of another.
    pub(crate) fn csrf(&self, state: &AppState, session: Option<&SessionId>) -> String {
        csrf(state, &self.browser_secret, &self.purpose(session))
    }

    /// Refuses a form that this server did not make for this interaction, browser and session.
    pub(crate) fn check_form(
        &self,
        state: &AppState,
        request: &HttpRequest,
        form: &Params,
        session: Option<&SessionId>,
    ) -> Result<(), PageError> {
        refuse_foreign(state, request, form, &self.browser_secret, &self.purpose(session))
    }

    fn purpose(&self, session: Option<&SessionId>) -> String {
        format!("{} {}", self.interaction.id, session.map_or("", SessionId::as_str))
    }
}

/// Stores a new interaction for this browser. Returns its id and the cookie to set, if any.
pub(crate) async fn begin(
    state: &AppState,
    request: &HttpRequest,
    client_id: &ClientId,
    params: &Params,
    now: Timestamp,
) -> Result<(InteractionId, Option<Cookie<'static>>), PageError> {
    let peer = form::client_address(state, request);
    if let Err(Throttled { retry_after }) = state.limits.begin(peer, now) {
        return Err(PageError { retry_after: Some(retry_after), ..PageError::new(Situation::TooMany) });
    }
    let browser = browser(state, request);
    let interaction = Interaction {
        id: InteractionId::from_random(random::id()),
        browser_hash: TokenHash::of(browser.secret.as_bytes()),
        client_id: client_id.clone(),
        parameters: params.encode(),
        started_at: now,
        login_at: None,
        account_selected_at: None,
        consented_at: None,
        session_id: None,
        expires_at: now + Seconds(state.config.sessions.interaction_lifetime),
    };
    store::interactions::insert(&state.store, &interaction).await?;
    Ok((interaction.id, browser.new_cookie))
}

/// Finds the interaction that a page or form names. Unknown, expired and foreign ones look alike.
pub(crate) async fn find(
    state: &AppState,
    request: &HttpRequest,
    id: Option<&str>,
    now: Timestamp,
) -> Result<Pending, PageError> {
    let expired = |cause: &str| PageError::new(Situation::Expired).because(cause);
    let id = id.and_then(|id| InteractionId::parse(id).ok()).ok_or_else(|| expired("no interaction is named"))?;
    let secret = cookies::read(state, request, cookies::BROWSER)
        .ok_or_else(|| PageError::new(Situation::NoCookies).because("the browser sent no cookie of the interaction"))?;
    let interaction = store::interactions::find(&state.store, &id)
        .await?
        .filter(|interaction| now < interaction.expires_at)
        .ok_or_else(|| expired("the interaction is unknown, finished or expired"))?;
    if !interaction.browser_hash.matches(secret.as_bytes()) {
        return Err(expired("the interaction began in another browser"));
    }
    let params = Params::parse(interaction.parameters.as_bytes())
        .map_err(|error| PageError::new(Situation::Broken).because(error))?;
    Ok(Pending { interaction, params, browser_secret: secret })
}

/// What the rules want to know of the way that was already gone.
pub(crate) fn progress(interaction: Option<&Interaction>, now: Timestamp) -> Progress {
    interaction.map_or(Progress::new(now), |interaction| Progress {
        started_at: interaction.started_at,
        login_at: interaction.login_at,
        account_selected_at: interaction.account_selected_at,
        consented_at: interaction.consented_at,
    })
}

/// Refuses forms that another site sent: by `Sec-Fetch-Site` where the browser sends it, by the token always.
pub(crate) fn refuse_foreign(
    state: &AppState,
    request: &HttpRequest,
    form: &Params,
    browser_secret: &str,
    purpose: &str,
) -> Result<(), PageError> {
    let foreign = |cause: &str| Err(PageError::new(Situation::ForeignForm).because(cause));
    let site = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if matches!(site, Some("cross-site" | "same-site")) {
        return foreign("the form was sent by another site");
    }
    let token = form.get("csrf").map_err(PageError::bad_link)?.unwrap_or_default();
    let ours = state.keys.secrets().verify_csrf_mac(csrf_input(browser_secret, purpose).as_bytes(), token);
    if ours { Ok(()) } else { foreign("the csrf token is not that of this browser, interaction and session") }
}

/// The token of a form: bound to the browser and to what the form is for.
pub(crate) fn csrf(state: &AppState, browser_secret: &str, purpose: &str) -> String {
    state.keys.secrets().csrf_mac(csrf_input(browser_secret, purpose).as_bytes())
}

fn csrf_input(browser_secret: &str, purpose: &str) -> String {
    format!("{browser_secret} {purpose}")
}

/// This browser, with a secret from now on if it had none.
pub(crate) fn browser(state: &AppState, request: &HttpRequest) -> Browser {
    match cookies::read(state, request, cookies::BROWSER).filter(|secret| secret.len() == 43) {
        Some(secret) => Browser { secret, new_cookie: None },
        None => {
            let secret = random::secret().expose().clone();
            let cookie = cookies::write(state, cookies::BROWSER, secret.clone(), Life::Browser);
            Browser { secret, new_cookie: Some(cookie) }
        }
    }
}
