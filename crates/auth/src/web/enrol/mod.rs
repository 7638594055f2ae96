//! `/enrol`: somebody who has no second factor adds one in the middle of a sign-in, because an app demands it. Then the app gets its
//! answer, in which the new factor counts as proven.
//!
//! Whoever has a factor proves that one instead (`protocol::authorize::decide`); a stolen password must not be enough to add
//! another. The sign-in has to be recent, as for every change of a factor.

pub(crate) mod factor;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use protocol::authorize::decide::Step;
use protocol::params::Params;
use store::StoreError;

use self::factor::{Added, Confirmed};
use crate::AppState;
use crate::page_paths;
use crate::totp::{self, Offer};
use crate::web::asked::{Asked, Due};
use crate::web::authorize::Visit;
use crate::web::error::{AuthorizeError, PageError};
use crate::web::interaction::Pending;
use crate::web::pages::{EnrolCodesPage, EnrolTotpPage, Notice, Page, Shell, StepPage};
use crate::web::passkey::{self, REFUSED, Refusal};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::web::{answer, cards, form, shell};

pub(crate) const TOTP: &str = "/enrol/totp";
pub(crate) const PASSKEY: &str = "/enrol/passkey";

/// Somebody who has to add a factor, and may.
struct Enrolling {
    visitor: Visitor,
    pending: Pending,
    asked: Asked,
}

/// The choice.
pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let enrolling = match opened(state, http).await? {
        Due::Here(enrolling) => enrolling,
        Due::Elsewhere(response) => return Ok(response),
    };
    let visitor = &enrolling.visitor;
    let shell = enrolling.shell(page_paths::ENROL);
    let texts = shell.texts;
    let card = enrolling.asked.client.as_ref().map(cards::client);
    let name = card.as_ref().map_or_else(|| visitor.state.config.branding.name.clone(), |card| card.name.clone());
    let refused = Refusal::read(&visitor.http).map(|refusal| Notice::danger(refusal.sentence(&texts.passkey)));
    let mut add = passkey::add_form(visitor, PASSKEY);
    if let Some(form) = &mut add {
        form.action = enrolling.href(PASSKEY);
        form.hidden.push(("interaction", enrolling.id()));
    }
    let page = StepPage::new(shell, "enrol-page", texts.enrol.title, (texts.enrol.lede, name))
        .notice(refused)
        .way("enrol-totp", enrolling.href(TOTP), texts.enrol.totp)
        .way(
            "other-account",
            cards::other_account(&visitor.state, &enrolling.pending.interaction.id),
            texts.common.other_account,
        );
    let page = StepPage { client: card, account: Some(cards::account(&visitor.user)), passkey: add, ..page };
    Ok(enrolling.show(StatusCode::OK, &page))
}

pub(crate) async fn totp(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let enrolling = match opened(state, http).await? {
        Due::Here(enrolling) => enrolling,
        Due::Elsewhere(response) => return Ok(response),
    };
    let visitor = &enrolling.visitor;
    let offer = totp::offer(&visitor.state, &visitor.user, visitor.now);
    let query = form::page_query(&visitor.http)?;
    let gone = form::field(&query, "done")? == Some("gone");
    let notice = gone.then(|| Notice::warning(enrolling.shell(TOTP).texts.security.offer_gone));
    Ok(enrolling.offer(StatusCode::OK, &offer, notice, None))
}

pub(crate) async fn post_totp(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let (due, form) = posted(state, http, body).await?;
    let enrolling = match due {
        Due::Here(enrolling) => enrolling,
        Due::Elsewhere(response) => return Ok(response),
    };
    match factor::confirm(&enrolling.visitor, &form).await? {
        Confirmed::Yes => Ok(enrolling.added(&Added::Totp).await?),
        Confirmed::Wrong(offer) => {
            let wrong = enrolling.shell(TOTP).texts.security.offer_wrong;
            Ok(enrolling.offer(StatusCode::UNPROCESSABLE_ENTITY, &offer, None, Some(wrong)))
        }
        // By GET, which asks again what is due: another tab may have been faster.
        Confirmed::Gone => Ok(enrolling.to(&format!("{}&done=gone", enrolling.address(TOTP)))),
    }
}

pub(crate) async fn post_passkey(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let (due, form) = posted(state, http, body).await?;
    let enrolling = match due {
        Due::Here(enrolling) => enrolling,
        Due::Elsewhere(response) => return Ok(response),
    };
    let texts = enrolling.shell(page_paths::ENROL).texts;
    match factor::register(&enrolling.visitor, &form, texts).await? {
        Ok(passkey) => Ok(enrolling.added(&Added::Passkey(Box::new(passkey))).await?),
        Err(refusal) => {
            Ok(enrolling.to(&format!("{}&{REFUSED}={}", enrolling.address(page_paths::ENROL), refusal.name())))
        }
    }
}

async fn opened(state: Data<AppState>, http: HttpRequest) -> Result<Due<Enrolling>, AuthorizeError> {
    let (visit, pending) = Visit::resumed(state, http).await?;
    due(visit, pending, None).await
}

async fn posted(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<(Due<Enrolling>, Params), AuthorizeError> {
    let form = form::read(&state, &http, body).await.map_err(PageError::from)?;
    let (visit, pending) = Visit::answered(state, http, &form).await?;
    Ok((due(visit, pending, Some(&form)).await?, form))
}

/// Asks the rules what is due; whoever does not have to be here goes on. Then that the sign-in is recent, and the form our own.
async fn due(visit: Visit, pending: Pending, form: Option<&Params>) -> Result<Due<Enrolling>, AuthorizeError> {
    let asked = visit.asked(&pending).await?;
    if !matches!(asked.step, Step::Enrol) {
        return Ok(Due::Elsewhere(visit.go_on(pending).await?));
    }
    let back = format!("{}?interaction={}", page_paths::ENROL, pending.interaction.id);
    let (state, http) = (visit.state.clone(), visit.http.clone());
    let visitor = match form {
        Some(form) => Visitor::sent(state, http, form, Since::Recently, &back).await,
        None => Visitor::admit(state, http, Since::Recently, Some(&back)).await,
    };
    match visitor {
        Ok(visitor) if visitor.enrolled.has_second_factor() => Ok(Due::Elsewhere(visit.go_on(pending).await?)),
        Ok(visitor) => Ok(Due::here(Enrolling { visitor, pending, asked })),
        Err(VisitorError::Page(error)) => Err(error.into()),
        Err(VisitorError::SignIn(location)) => Ok(Due::Elsewhere(answer::see_other(location))),
    }
}

impl Enrolling {
    fn id(&self) -> String {
        self.pending.interaction.id.to_string()
    }

    /// The shell of a page, also where it answers a form.
    fn shell(&self, page: &str) -> Shell {
        let Visitor { state, http, .. } = &self.visitor;
        shell::of_step(state, http, &self.asked.ui_locales, page, &self.pending.interaction.id)
    }

    /// A page of this step, below the issuer.
    fn address(&self, page: &str) -> String {
        format!("{page}?interaction={}", self.id())
    }

    fn href(&self, page: &str) -> String {
        cards::path(&self.visitor.state, &self.address(page))
    }

    fn to(&self, address: &str) -> HttpResponse {
        answer::see_other(self.visitor.state.issuer().endpoint(address))
    }

    fn show(&self, status: StatusCode, page: &impl Page) -> HttpResponse {
        answer::page(status, page, &self.visitor.state, &self.visitor.http)
    }

    fn offer(
        &self,
        status: StatusCode,
        offer: &Offer,
        notice: Option<Notice>,
        wrong: Option<&'static str>,
    ) -> HttpResponse {
        let (visitor, shell) = (&self.visitor, self.shell(TOTP));
        let form = factor::totp_form(visitor.path(TOTP), visitor.csrf(), offer, shell.texts, wrong);
        let page = EnrolTotpPage {
            account: cards::account(&visitor.user),
            notice,
            offer: factor::offered(offer),
            form: form.hidden("interaction", self.id()),
            other_way: self.href(page_paths::ENROL),
            shell,
        };
        self.show(status, &page)
    }

    /// The codes for the day when it is lost, then on to the app.
    async fn added(mut self: Box<Self>, added: &Added) -> Result<HttpResponse, StoreError> {
        let Some(codes) = factor::added(&mut self.visitor, added).await? else {
            return Ok(self.to(&self.address(page_paths::CONTINUE)));
        };
        let mut shell = self.shell(page_paths::ENROL);
        // The page cannot be asked for again.
        shell.switch = None;
        let account = cards::account(&self.visitor.user);
        let page = EnrolCodesPage { account, codes, onward: self.href(page_paths::CONTINUE), shell };
        Ok(self.show(StatusCode::OK, &page))
    }
}
