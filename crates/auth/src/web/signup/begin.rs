//! `/signup`: who wants an account. The answer is the same whether or not somebody has the address.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::action_token::Purpose;
use protocol::authorize::decide::Step;
use protocol::metadata::paths;
use protocol::params::Params;
use protocol::time::Seconds;
use protocol::user::{display_name, normalize_login};
use tokio::time::Instant;

use super::{Admission, BETWEEN_MAILS, CODE, Desk, Draft, FINISH, was_sent};
use crate::action_tokens::{self, ActionToken, Order};
use crate::limits::{self, Throttled};
use crate::mail::{self, Mailbox, Message};
use crate::page_paths;
use crate::sender;
use crate::web::authorize::Visit;
use crate::web::error::{AuthorizeError, PageError};
use crate::web::interaction::{self, OwnPage};
use crate::web::pages::{Field, FieldKind, FieldState, Form, Notice, StepPage, Ticked};
use crate::web::{answer, cards, form};
use crate::{AppState, accounts};

/// What the person typed, and what is wrong with it.
#[derive(Debug, Default)]
struct Typed {
    email: String,
    name: String,
    terms: bool,
    wrong_email: bool,
    wrong_terms: bool,
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let query = form::page_query(&http)?;
    if form::field(&query, "interaction")?.is_none() {
        // Without an app the way leads to the account.
        let visit = Visit::new(state, http).await?;
        let page = OwnPage { path: page_paths::ACCOUNT.to_owned(), recent: None };
        let id = interaction::begin_for(&visit.state, &visit.http, &page).await?;
        return Ok(visit.to_page(page_paths::SIGN_UP, &id));
    }
    let other = form::field(&query, "account")? == Some("other");
    let (visit, pending) = Visit::resumed(state, http).await?;
    let desk = Desk::new(visit, pending).await?;
    match desk.asked.step {
        Step::Refuse(_) => return desk.visit.go_on(desk.pending).await,
        Step::Login(_) | Step::SignUp | Step::SelectAccount => {}
        _ if other => {}
        _ => return desk.visit.go_on(desk.pending).await,
    }
    match desk.admission().await? {
        admission @ (Admission::Nobody | Admission::NeedsInvitation) => Ok(desk.refused(&admission)),
        admission => Ok(desk.show(StatusCode::OK, page(&desk, &admission, Typed::default()))),
    }
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let (visit, pending, form) = Visit::posted(state, http, body).await?;
    let desk = Desk::new(visit, pending).await?;
    let admission = desk.admission().await?;
    let invitation = match &admission {
        Admission::Invited(invitation) => Some(&**invitation),
        Admission::Anybody => None,
        Admission::Nobody | Admission::NeedsInvitation => return Ok(desk.refused(&admission)),
    };
    let mut typed = Typed::read(&form)?;
    let address = invitation.and_then(|invitation| invitation.email.clone()).unwrap_or_else(|| typed.email.clone());
    let address = Mailbox::parse(address.trim());
    typed.wrong_email = address.is_none();
    typed.wrong_terms = desk.state().config.accounts.terms_uri.is_some() && !typed.terms;
    let (Some(address), false) = (address, typed.wrong_terms) else {
        return Ok(desk.show(StatusCode::UNPROCESSABLE_ENTITY, page(&desk, &admission, typed)));
    };
    let shell = desk.shell(page_paths::SIGN_UP);
    let draft = Draft {
        name: Some(display_name(&typed.name).unwrap_or_default()),
        terms_accepted_at: typed.terms.then_some(desk.visit.now),
        invitation: invitation.map(|invitation| invitation.id.clone()),
        ..Draft::new(shell.locale.tag())
    };
    if invitation.is_some_and(was_sent) {
        return proven_already(&desk, &address, &draft).await;
    }
    if just_sent(&desk, &address).await? {
        return Ok(desk.to(CODE));
    }
    let began = Instant::now();
    match send(&desk, &address, &draft, Asking::SignUp).await? {
        Ok(()) => {
            answer::on_the_next_step(began).await;
            Ok(desk.to(CODE))
        }
        Err(Throttled { retry_after }) => Ok(throttled(&desk, &admission, typed, retry_after)),
    }
}

/// What the limits are asked for: a sign-up sends its first mail, or one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    SignUp,
    OnceMore,
}

/// Sends a link and a code, or word that there is an account already; with the same work in both cases.
pub(super) async fn send(
    desk: &Desk,
    address: &Mailbox,
    draft: &Draft,
    asking: Asking,
) -> Result<Result<(), Throttled>, PageError> {
    let (state, now) = (desk.state(), desk.visit.now);
    let peer = sender::address(state, &desk.visit.http);
    let login = normalize_login(address.as_str());
    if asking == Asking::SignUp {
        match limits::sign_up(state, peer, now).await? {
            Ok(reserved) => reserved.failed(),
            Err(throttled) => return Ok(Err(throttled)),
        }
    }
    match limits::mail(state, &login, peer, now).await? {
        Ok(reserved) => reserved.failed(),
        Err(throttled) => return Ok(Err(throttled)),
    }
    let owner = store::users::find_by_login(&state.store, &login).await?;
    // Where somebody has the address, nobody is told this code: it is tried and fails like any other.
    let order = Order { details: draft.details(), ..Order::new(Purpose::SignUp) };
    let issued = action_tokens::issue(state, order.to(address).with_code_for(desk.id()), now).await?;
    let locale = desk.shell(page_paths::SIGN_UP).locale;
    match owner {
        None => {
            let link = action_tokens::link(state, page_paths::SIGN_UP, &issued);
            let code = issued.code.as_ref().map(|code| code.expose().as_str()).unwrap_or_default();
            mail::send(state, address, Message::SignUp { link: &link, code }, locale).await?;
        }
        Some(owner) => accounts::tell_of_account(state, address, &owner).await?,
    }
    Ok(Ok(()))
}

/// A double click sends one mail.
async fn just_sent(desk: &Desk, address: &Mailbox) -> Result<bool, PageError> {
    let latest = desk.sent().await?;
    Ok(latest.is_some_and(|token: ActionToken| {
        token.email.as_deref() == Some(address.as_str()) && desk.visit.now.since(token.created_at) < BETWEEN_MAILS
    }))
}

/// The link of an invitation that went out by mail was the proof.
async fn proven_already(desk: &Desk, address: &Mailbox, draft: &Draft) -> Result<HttpResponse, AuthorizeError> {
    let (state, now) = (desk.state(), desk.visit.now);
    let order = Order { interaction: Some(desk.id()), ..Order::new(Purpose::SignUp) };
    let issued = action_tokens::issue(state, order.to(address), now).await?;
    let _bound = store::action_tokens::bind(&state.store, &issued.id, desk.id(), &draft.details(), now).await?;
    Ok(desk.to(FINISH))
}

fn throttled(desk: &Desk, admission: &Admission, typed: Typed, wait: Seconds) -> HttpResponse {
    let page = page(desk, admission, typed);
    let notice = Notice::too_many_mails(&page.shell.texts.common, wait);
    desk.too_many(page.notice(Some(notice)), wait)
}

fn page(desk: &Desk, admission: &Admission, typed: Typed) -> StepPage {
    let shell = desk.shell(page_paths::SIGN_UP);
    let (state, texts) = (desk.state(), &shell.texts.signup);
    let mut form = Form::new(cards::path(state, page_paths::SIGN_UP), desk.csrf(), "signup-submit", texts.submit)
        .hidden("interaction", desk.id().to_string());
    let invited = match admission {
        Admission::Invited(invitation) => invitation.email.clone(),
        _ => None,
    };
    if let Some(email) = &invited {
        form = form.field(Field::new(FieldKind::CarriedName, "email", texts.email).value(email));
    } else {
        let email = Field::new(FieldKind::EmailAddress, "email", texts.email).value(typed.email).hint(texts.email_hint);
        form = form.field(match typed.wrong_email {
            true => email.refused(Some(texts.email_wrong.to_owned())),
            false => email.state(FieldState::Focused),
        });
    }
    let name = Field::new(FieldKind::Text("name"), "name", texts.name).value(typed.name).hint(texts.name_hint);
    form = form.field(name.optional());
    if state.config.accounts.terms_uri.is_some() {
        let terms = FieldKind::Tick(if typed.terms { Ticked::Yes } else { Ticked::No });
        let wrong = typed.wrong_terms.then(|| texts.terms_missing.to_owned());
        form = form.field(Field::new(terms, "terms", texts.terms).refused(wrong));
    }
    let client = desk.asked.card(&desk.visit).name;
    let lede = match invited {
        Some(email) => (texts.invite_lede, email),
        None => (texts.to_continue, client),
    };
    let page = StepPage::new(shell, "signup-page", texts.title, lede).form(form);
    page.with_rules().way("signup-sign-in", desk.href(paths::LOGIN), texts.sign_in)
}

impl Typed {
    fn read(form: &Params) -> Result<Self, PageError> {
        Ok(Self {
            email: form::cut(form::text(form, "email")?),
            name: form::cut(form::text(form, "name")?),
            terms: form::ticked(form, "terms")?,
            ..Self::default()
        })
    }
}
