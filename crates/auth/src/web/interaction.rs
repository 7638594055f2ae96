//! What a person is on the way to: the row that waits while they sign in or consent, bound to one browser. It leads to a client (an
//! authorization request) or to a page of our own.
//!
//! The row keeps the request as it was received; each step checks it again from the start, so that nothing that changed
//! meanwhile (client, session, consent) is overlooked. A link to an interaction is useless in another browser
//! (RFC 9700 §4.7): it needs the browser cookie whose hash the row has.

use actix_web::HttpRequest;
use protocol::authorize::decide::Progress;
use protocol::ids::{ClientId, InteractionId, SessionId};
use protocol::params::Params;
use protocol::secret::TokenHash;
use protocol::time::{Seconds, Timestamp};
use store::interactions::Interaction;

use crate::limits::Throttled;
use crate::page_paths;
use crate::sender;
use crate::web::error::{PageError, Situation};
use crate::web::pages::Onward;
use crate::web::{browser_form, cards, onward};
use crate::{AppState, random};

/// An interaction that was found, is alive, and began in this browser.
pub(crate) struct Pending {
    pub interaction: Interaction,
    pub purpose: Purpose,
    browser_secret: String,
}

/// What it leads to.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    /// These are the parameters of the request.
    Authorize(Params),
    OwnPage(OwnPage),
}

/// A page of this server that somebody has to sign in for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnPage {
    /// Path and query, below the issuer.
    pub path: String,
    /// How long ago the sign-in may be; any time without it.
    pub recent: Option<Seconds>,
}

impl Pending {
    /// The token of a form of this interaction. `session`: the one that the page was made for, so that what one person saw
    /// is not allowed in the name of another.
    pub(crate) fn csrf(&self, state: &AppState, session: Option<&SessionId>) -> String {
        browser_form::csrf_of(state, &self.browser_secret, &self.purpose(session))
    }

    /// Whether it began so that the person chooses an account, and that is still to be done.
    pub(crate) fn waits_for_choice(&self) -> bool {
        let Interaction { parameters, return_to, account_selected_at, login_at, .. } = &self.interaction;
        return_to.is_some() && parameters == CHOICE && account_selected_at.is_none() && login_at.is_none()
    }

    /// Refuses a form that this server did not make for this interaction, browser and session.
    pub(crate) fn check_form(
        &self,
        state: &AppState,
        request: &HttpRequest,
        form: &Params,
        session: Option<&SessionId>,
    ) -> Result<(), PageError> {
        browser_form::check_of(state, request, form, &self.browser_secret, &self.purpose(session))
            .map_err(|error| error.onward(Onward::Retry(self.again(state))))
    }

    /// The step that is due, with a form of its own.
    pub(crate) fn again(&self, state: &AppState) -> String {
        format!("{}?interaction={}", cards::path(state, page_paths::CONTINUE), self.interaction.id)
    }

    fn purpose(&self, session: Option<&SessionId>) -> String {
        format!("{} {}", self.interaction.id, session.map_or("", SessionId::as_str))
    }
}

/// Stores a new interaction of an authorization request for this browser.
pub(crate) async fn begin(
    state: &AppState,
    request: &HttpRequest,
    client_id: &ClientId,
    params: &Params,
) -> Result<InteractionId, PageError> {
    let waits = Waits { client_id: client_id.clone(), parameters: params.encode(), return_to: None };
    insert(state, request, waits).await
}

/// Stores a new interaction that leads to one of our own pages.
pub(crate) async fn begin_for(
    state: &AppState,
    request: &HttpRequest,
    page: &OwnPage,
) -> Result<InteractionId, PageError> {
    let recent = page.recent.map(|Seconds(seconds)| format!("recent={seconds}")).unwrap_or_default();
    let client_id = ClientId::parse(OURSELVES).expect("it is written as an id");
    insert(state, request, Waits { client_id, parameters: recent, return_to: Some(page.path.clone()) }).await
}

/// The same, where the person chooses an account first.
pub(crate) async fn begin_choice(
    state: &AppState,
    request: &HttpRequest,
    path: &str,
) -> Result<InteractionId, PageError> {
    let client_id = ClientId::parse(OURSELVES).expect("it is written as an id");
    let waits = Waits { client_id, parameters: CHOICE.to_owned(), return_to: Some(path.to_owned()) };
    insert(state, request, waits).await
}

/// What stands in the column `parameters` of those.
const CHOICE: &str = "choose=account";

/// What stands in the column `client_id` of interactions that no client asked for. No client has this id.
const OURSELVES: &str = "-";

struct Waits {
    client_id: ClientId,
    parameters: String,
    return_to: Option<String>,
}

async fn insert(state: &AppState, request: &HttpRequest, waits: Waits) -> Result<InteractionId, PageError> {
    let now = state.now();
    let peer = sender::address(state, request);
    if let Err(Throttled { retry_after }) = state.limits.begin(peer, now) {
        return Err(PageError { retry_after: Some(retry_after), ..PageError::new(Situation::TooMany) });
    }
    let secret = browser_form::secret_from_now_on(state, request);
    let interaction = Interaction {
        id: InteractionId::from_random(random::id()),
        browser_hash: TokenHash::of(secret.as_bytes()),
        client_id: waits.client_id,
        parameters: waits.parameters,
        started_at: now,
        login_at: None,
        account_selected_at: None,
        consented_at: None,
        session_id: None,
        expires_at: now + Seconds(state.config.sessions.interaction_lifetime),
        return_to: waits.return_to,
        login: None,
    };
    store::interactions::insert(&state.store, &interaction).await?;
    Ok(interaction.id)
}

/// Finds the interaction that a page or form names. Unknown and foreign ones look alike; one that ended in this browser names its app
/// and the way to begin anew.
pub(crate) async fn find(
    state: &AppState,
    request: &HttpRequest,
    id: Option<&str>,
    now: Timestamp,
) -> Result<Pending, PageError> {
    let expired = |cause: &str| PageError::new(Situation::Expired).because(cause);
    let id = id.and_then(|id| InteractionId::parse(id).ok()).ok_or_else(|| expired("no interaction is named"))?;
    let interaction = store::interactions::find(&state.store, &id).await?;
    let Some(secret) = browser_form::secret(state, request) else {
        let error = PageError::new(Situation::NoCookies).because("the browser sent no cookie of the interaction");
        return Err(match interaction {
            Some(interaction) => onward::without_cookie(state, &interaction, error).await?,
            None => error,
        });
    };
    let interaction = interaction.ok_or_else(|| expired("the interaction is unknown"))?;
    if !interaction.browser_hash.matches(secret.as_bytes()) {
        return Err(expired("the interaction began in another browser"));
    }
    if now >= interaction.expires_at {
        return Err(onward::ended(state, &interaction, expired("the interaction is finished or expired")).await?);
    }
    let purpose = purpose(&interaction)?;
    Ok(Pending { interaction, purpose, browser_secret: secret })
}

/// The interaction, if it is under way and began in this browser. For those who can do without it.
pub(crate) async fn find_here(
    state: &AppState,
    request: &HttpRequest,
    id: &InteractionId,
    now: Timestamp,
) -> Result<Option<Pending>, PageError> {
    match find(state, request, Some(id.as_str()), now).await {
        Ok(pending) => Ok(Some(pending)),
        Err(PageError { situation: Situation::Expired | Situation::NoCookies, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn purpose(interaction: &Interaction) -> Result<Purpose, PageError> {
    let broken = |error| PageError::new(Situation::Broken).because(error);
    let params = Params::parse(interaction.parameters.as_bytes()).map_err(broken)?;
    let Some(path) = interaction.return_to.clone() else { return Ok(Purpose::Authorize(params)) };
    let recent = params.get("recent").map_err(broken)?.and_then(|seconds| seconds.parse().ok()).map(Seconds);
    Ok(Purpose::OwnPage(OwnPage { path, recent }))
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
