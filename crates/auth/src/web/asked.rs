//! What a person is asked for on the way to a client or to a page of our own, seen alike from the pages that ask.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use protocol::authorize::decide::{self, Step, Why};
use protocol::client::Client;
use protocol::login::{Enrolled, Level};
use protocol::metadata::paths;

use crate::page_paths;
use crate::web::authorize::{Examined, Visit};
use crate::web::error::{AuthorizeError, PageError, Situation};
use crate::web::interaction::{OwnPage, Pending, Purpose};
use crate::web::pages::ClientCard;
use crate::web::{answer, browser_sessions, cards, login, session};
use crate::{AppState, accounts};

/// What such a page has to know.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `None` on the way to a page of our own.
    pub client: Option<Client>,
    pub ui_locales: Vec<String>,
    pub login_hint: Option<String>,
    pub step: Step,
    /// The level that a session needs there.
    pub demanded: Level,
}

/// Whether somebody is at the page that is due.
pub(crate) enum Due<T> {
    Here(Box<T>),
    /// This leads to what is due instead.
    Elsewhere(HttpResponse),
}

impl<T> Due<T> {
    pub(crate) fn here(here: T) -> Self {
        Self::Here(Box::new(here))
    }

    /// The page for who is here.
    pub(crate) fn show(self, page: impl FnOnce(&T) -> HttpResponse) -> HttpResponse {
        match self {
            Self::Here(here) => page(&here),
            Self::Elsewhere(response) => response,
        }
    }
}

/// `/continue`: the way on from a page that cannot know what comes next.
pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let (visit, pending) = Visit::resumed(state, http).await?;
    visit.go_on(pending).await
}

impl Visit {
    pub(crate) async fn asked(&self, pending: &Pending) -> Result<Asked, AuthorizeError> {
        match &pending.purpose {
            Purpose::Authorize(params) => {
                let examined = Box::pin(self.examine(params, Some(&pending.interaction))).await?;
                let Examined { client, request, step, demanded, .. } = examined;
                let (ui_locales, login_hint) = (request.ui_locales, request.login_hint);
                Ok(Asked { client: Some(client), ui_locales, login_hint, step, demanded })
            }
            Purpose::OwnPage(page) => {
                let (step, enrolled) = self.for_own_page(pending, page).await?;
                let demanded = page.recent.map_or(Level::One, |_| enrolled.level());
                Ok(Asked { client: None, ui_locales: Vec::new(), login_hint: None, step, demanded })
            }
        }
    }

    /// The examined request; pages that make sense only on the way to a client ask for it.
    pub(crate) async fn examined(&self, pending: &Pending) -> Result<Examined, AuthorizeError> {
        match &pending.purpose {
            Purpose::Authorize(params) => Box::pin(self.examine(params, Some(&pending.interaction))).await,
            Purpose::OwnPage(_) => Err(PageError::new(Situation::Expired).because("no app asks for this").into()),
        }
    }

    /// Does what comes next, whatever the interaction leads to.
    pub(crate) async fn go_on(self, pending: Pending) -> Result<HttpResponse, AuthorizeError> {
        let page = match &pending.purpose {
            Purpose::Authorize(params) => return Box::pin(self.proceed(params, Some(pending.interaction))).await,
            Purpose::OwnPage(page) => page.clone(),
        };
        let (step, enrolled) = self.for_own_page(&pending, &page).await?;
        let next = match step {
            Step::Issue => {
                self.finish(Some(pending.interaction)).await?;
                let location = self.state.issuer().endpoint(&page.path);
                return Ok(answer::see_other(location));
            }
            Step::SecondFactor => login::second_factor_page(enrolled),
            Step::Enrol => page_paths::ENROL,
            Step::SignUp => page_paths::SIGN_UP,
            Step::SelectAccount => page_paths::SELECT_ACCOUNT,
            Step::Login(Why::NotSignedIn) if !browser_sessions::waiting(&self.state, &self.http).is_empty() => {
                page_paths::SELECT_ACCOUNT
            }
            Step::Login(_) | Step::Consent(_) | Step::Refuse(_) => paths::LOGIN,
        };
        Ok(self.to_page(next, &pending.interaction.id))
    }

    async fn for_own_page(&self, pending: &Pending, page: &OwnPage) -> Result<(Step, Enrolled), AuthorizeError> {
        let enrolled = match &self.signed_in {
            Some((_, user)) => accounts::enrolled(&self.state, user).await.map_err(PageError::from)?,
            None => Enrolled::default(),
        };
        let login = self.signed_in.as_ref().map(|(session, _)| session::login(session));
        if login.is_some() && pending.waits_for_choice() {
            return Ok((Step::SelectAccount, enrolled));
        }
        Ok((decide::for_own_page(login.as_ref(), &enrolled, page.recent, self.now), enrolled))
    }
}

impl Asked {
    /// The card of the app, or of ourselves.
    pub(crate) fn card(&self, visit: &Visit) -> ClientCard {
        match &self.client {
            Some(client) => cards::client(client),
            None => ClientCard::named(&visit.state.config.branding.name),
        }
    }
}
