//! What the pages of all second factors have in common: who may see one, whose try is counted, what comes of an answer.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::authorize::decide::Step;
use protocol::login::{AuthenticationMethod, Factor, Next};
use protocol::params::Params;
use protocol::time::Seconds;
use store::StoreError;

use super::{Remember, RestsOn, UnderWay, page_of, proven, second_factor_page};
use crate::limits::{self, Reserved, Throttled};
use crate::page_paths;
use crate::text::fill;
use crate::web::asked::{Asked, Due};
use crate::web::authorize::Visit;
use crate::web::error::{AuthorizeError, PageError};
use crate::web::interaction::Pending;
use crate::web::pages::{AccountCard, Field, FieldKind, Link, Page, Shell, Ticked};
use crate::web::{answer, cards, form, shell};
use crate::{AppState, accounts, known_browsers};

/// The name of the box that asks to be spared the second factor.
const REMEMBER: &str = "remember";
const A_DAY: i64 = 86_400;
const AN_HOUR: i64 = 3_600;

/// Somebody at the page of a factor that is due and that they have.
pub(super) struct Challenge {
    pub visit: Visit,
    pub pending: Pending,
    pub asked: Asked,
    pub under_way: UnderWay,
    factor: Factor,
    remember: Remember,
}

/// Why a try did not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused<Wrong> {
    Wrong(Wrong),
    Throttled(Seconds),
}

impl<Wrong> From<Throttled> for Refused<Wrong> {
    fn from(throttled: Throttled) -> Self {
        Self::Throttled(throttled.retry_after)
    }
}

impl Challenge {
    /// Somebody opens the page of a factor.
    pub(super) async fn opened(
        state: Data<AppState>,
        http: HttpRequest,
        factor: Factor,
    ) -> Result<Due<Self>, AuthorizeError> {
        let (visit, pending) = Visit::resumed(state, http).await?;
        let under_way = UnderWay::find(&visit, &pending).await?;
        due((visit, pending), under_way, factor, Remember::No).await
    }

    /// Somebody sends a form of it.
    pub(super) async fn answered(
        state: Data<AppState>,
        http: HttpRequest,
        body: Payload,
        factor: Factor,
    ) -> Result<(Due<Self>, Params), AuthorizeError> {
        let form = form::read(&state, &http, body).await.map_err(PageError::from)?;
        let (visit, pending) = Visit::answered(state, http, &form).await?;
        let under_way = UnderWay::find(&visit, &pending).await?;
        let session = UnderWay::session_of_form(under_way.as_ref(), &visit);
        pending.check_form(&visit.state, &visit.http, &form, session)?;
        let ticked = form::ticked(&form, REMEMBER)?;
        // A code that was found on paper or in a mailbox shows nothing about the browser that it is typed in.
        let lasts = ticked && factor == Factor::Totp;
        let remember = if lasts { Remember::ThisBrowser } else { Remember::No };
        Ok((due((visit, pending), under_way, factor, remember).await?, form))
    }

    /// Counts a try, and only then evaluates it: whether the code is right or what is wrong with it.
    pub(super) async fn tried<Wrong>(
        &self,
        evaluation: impl Future<Output = Result<Result<(), Wrong>, StoreError>>,
    ) -> Result<Result<(), Refused<Wrong>>, StoreError> {
        let reserved = match self.reserve().await? {
            Ok(reserved) => reserved,
            Err(throttled) => return Ok(Err(throttled.into())),
        };
        match evaluation.await? {
            Ok(()) => {
                reserved.succeeded(&self.visit.state).await;
                Ok(Ok(()))
            }
            Err(wrong) => {
                reserved.failed();
                self.note_failure().await?;
                Ok(Err(Refused::Wrong(wrong)))
            }
        }
    }

    /// All kinds of codes share the counters.
    async fn reserve(&self) -> Result<Result<Reserved, Throttled>, StoreError> {
        let (visit, user) = (&self.visit, &self.under_way.user.id);
        let known = known_browsers::find(&visit.state, &visit.http, user, visit.now).await?;
        limits::second_factor(&visit.state, user, known.as_ref().map(|known| &known.id), visit.now).await
    }

    pub(super) async fn note_failure(&self) -> Result<(), StoreError> {
        accounts::second_factor_failed(&self.visit.state, &self.visit.http, &self.under_way.user, self.factor).await
    }

    /// The code was right: the sign-in goes on.
    pub(super) async fn passed(self: Box<Self>) -> Result<HttpResponse, AuthorizeError> {
        let Self { visit, pending, under_way, remember, .. } = *self;
        let proof = under_way.and(&[AuthenticationMethod::OneTimePassword], remember);
        proven(visit, pending, proof).await
    }

    /// The shell of the page, also where it answers a form.
    pub(super) fn shell(&self) -> Shell {
        let (Visit { state, http, .. }, id) = (&self.visit, &self.pending.interaction.id);
        shell::of_step(state, http, &self.asked.ui_locales, page_of(self.factor), id)
    }

    /// The path of the page, which its forms post to.
    pub(super) fn action(&self) -> String {
        cards::path(&self.visit.state, page_of(self.factor))
    }

    /// Whose code is asked for. Who knows the password only is told no more than the user name.
    pub(super) fn account(&self) -> AccountCard {
        match self.under_way.rests_on {
            RestsOn::Session => cards::account(&self.under_way.user),
            RestsOn::ThisSignIn => AccountCard::new(None, &self.under_way.user.username),
        }
    }

    pub(super) fn csrf(&self) -> String {
        let session = UnderWay::session_of_form(Some(&self.under_way), &self.visit);
        self.pending.csrf(&self.visit.state, session)
    }

    pub(super) fn other_ways(&self, shell: &Shell) -> Vec<Link> {
        self.under_way.other_ways(&self.visit, &self.pending, self.factor, shell.texts)
    }

    /// Where somebody else can sign in for the same interaction.
    pub(super) fn other_account(&self) -> String {
        cards::other_account(&self.visit.state, &self.pending.interaction.id)
    }

    /// The box that asks to be spared the second factor in this browser, where that can be.
    pub(super) fn remember_box(&self, shell: &Shell) -> Option<Field> {
        let (texts, seconds) = (&shell.texts.second_factor, self.visit.state.config.second_factor.remember_browser);
        let how_long = match seconds {
            ..=0 => return None,
            seconds if seconds >= 2 * A_DAY => fill(texts.remember_days, &(seconds / A_DAY).to_string()),
            seconds => fill(texts.remember_hours, &(seconds / AN_HOUR).to_string()),
        };
        let ticked = match self.remember {
            Remember::No => Ticked::No,
            Remember::ThisBrowser => Ticked::Yes,
        };
        Some(Field::new(FieldKind::Tick(ticked), REMEMBER, texts.remember).hint(how_long).optional())
    }

    /// The page with the status of what became of a try: 429 and `Retry-After` for who has to wait.
    pub(super) fn respond<Wrong>(&self, page: &impl Page, refused: Option<Refused<Wrong>>) -> HttpResponse {
        let (status, wait) = match refused {
            None => (StatusCode::OK, None),
            Some(Refused::Wrong(_)) => (StatusCode::UNPROCESSABLE_ENTITY, None),
            Some(Refused::Throttled(wait)) => (StatusCode::TOO_MANY_REQUESTS, Some(wait)),
        };
        answer::retry_after(answer::page(status, page, &self.visit.state, &self.visit.http), wait)
    }
}

/// Asks the rules again: who is not under way, has no such factor, or needs none goes on to what is due.
async fn due(
    (visit, pending): (Visit, Pending),
    under_way: Option<UnderWay>,
    factor: Factor,
    remember: Remember,
) -> Result<Due<Challenge>, AuthorizeError> {
    let asked = visit.asked(&pending).await?;
    let Some(under_way) = under_way else {
        return Ok(Due::Elsewhere(visit.go_on(pending).await?));
    };
    if !asks_here(&visit, &asked.step, &under_way) {
        return Ok(Due::Elsewhere(visit.go_on(pending).await?));
    }
    let (user, enrolled) = (&under_way.user, under_way.enrolled);
    match super::next(&visit, (user, enrolled), &under_way.proven, asked.demanded).await? {
        Next::SecondFactor if enrolled.second_factors().contains(&factor) => {
            Ok(Due::here(Challenge { visit, pending, asked, under_way, factor, remember }))
        }
        Next::SecondFactor => Ok(Due::Elsewhere(visit.to_page(second_factor_page(enrolled), &pending.interaction.id))),
        Next::NewPassword if under_way.rests_on == RestsOn::ThisSignIn => {
            Ok(Due::Elsewhere(visit.to_page(page_paths::NEW_PASSWORD, &pending.interaction.id)))
        }
        Next::NewPassword | Next::SignIn => Ok(Due::Elsewhere(visit.go_on(pending).await?)),
    }
}

fn asks_here(visit: &Visit, step: &Step, under_way: &UnderWay) -> bool {
    let signed_in = visit.signed_in.as_ref().is_some_and(|(_, user)| user.id == under_way.user.id);
    match step {
        Step::Refuse(_) => false,
        Step::SecondFactor => true,
        // Who has to sign in again does that first: a session proves nothing new.
        Step::Login(_) | Step::SignUp => under_way.rests_on == RestsOn::ThisSignIn,
        // The same person signed in in another tab meanwhile.
        Step::Issue | Step::Consent(_) | Step::SelectAccount | Step::Enrol => !signed_in,
    }
}
