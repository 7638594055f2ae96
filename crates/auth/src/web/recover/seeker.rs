//! Somebody at a page of the way back, and what these pages have in common: the sign-in that they came from, and its trace in the
//! addresses and forms.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::ids::InteractionId;
use protocol::params::Params;

use crate::AppState;
use crate::page_paths;
use crate::web::error::PageError;
use crate::web::pages::{Form, LanguageSwitch, Shell, StepPage};
use crate::web::{answer, browser_form, cards, form, interaction, shell};

pub(super) struct Seeker {
    pub state: Data<AppState>,
    pub http: HttpRequest,
    /// The sign-in that they came from, if it is theirs and under way. Nothing depends on it but where they go on afterwards.
    pub origin: Option<InteractionId>,
}

impl Seeker {
    /// Opens a page, whose query may name a sign-in.
    pub(super) async fn opened(state: Data<AppState>, http: HttpRequest) -> Result<Self, PageError> {
        let query = form::page_query(&http)?;
        Self::coming_from(state, http, &query).await
    }

    /// Sends a form that was made for this browser and purpose.
    pub(super) async fn posted(
        state: Data<AppState>,
        http: HttpRequest,
        body: Payload,
        purpose: &str,
    ) -> Result<(Self, Params), PageError> {
        let form = form::read(&state, &http, body).await?;
        browser_form::check(&state, &http, &form, purpose)?;
        Ok((Self::coming_from(state, http, &form).await?, form))
    }

    async fn coming_from(state: Data<AppState>, http: HttpRequest, params: &Params) -> Result<Self, PageError> {
        let named = form::field(params, "interaction")?.and_then(|id| InteractionId::parse(id).ok());
        let mut seeker = Self { state, http, origin: None };
        seeker.came_from(named).await?;
        Ok(seeker)
    }

    pub(super) async fn came_from(&mut self, named: Option<InteractionId>) -> Result<(), PageError> {
        let Some(id) = named else { return Ok(()) };
        let pending = interaction::find_here(&self.state, &self.http, &id, self.state.now()).await?;
        self.origin = pending.map(|pending| pending.interaction.id);
        Ok(())
    }

    /// The shell of a page that forms are sent to, too.
    pub(super) fn shell(&self, page: &str) -> Shell {
        let mut shell = shell::of(&self.state, &self.http);
        let query = self.origin.iter().map(|id| ("interaction".to_owned(), id.to_string())).collect();
        shell.switch = Some(LanguageSwitch { action: cards::path(&self.state, page), query });
        shell
    }

    /// A form to this page.
    pub(super) fn form(&self, page: &str, purpose: &str, (id, submit): (&'static str, &'static str)) -> Form {
        let csrf = browser_form::csrf(&self.state, &self.http, purpose);
        let form = Form::new(cards::path(&self.state, page), csrf, id, submit);
        match &self.origin {
            Some(id) => form.hidden("interaction", id.to_string()),
            None => form,
        }
    }

    /// A page with the sign-in in its query, if there is one.
    pub(super) fn href(&self, page: &str) -> String {
        match &self.origin {
            Some(id) => format!("{}?interaction={id}", cards::path(&self.state, page)),
            None => cards::path(&self.state, page),
        }
    }

    /// Where they sign in.
    pub(super) fn sign_in(&self) -> String {
        self.href(if self.origin.is_some() { page_paths::CONTINUE } else { page_paths::ACCOUNT })
    }

    pub(super) fn show(&self, status: StatusCode, page: &StepPage) -> HttpResponse {
        answer::page(status, page, &self.state, &self.http)
    }
}
