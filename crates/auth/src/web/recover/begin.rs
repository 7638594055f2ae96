//! `/recover`: a link to the proven address of an account. Answer, status and work are the same whether or not there is one: where
//! nothing is to be sent, a link that is good for nothing is made, and a mail that is over before it could leave.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION, RETRY_AFTER};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::action_token::Purpose;
use protocol::ids::{InteractionId, UserId};
use protocol::time::Seconds;
use protocol::user::{User, normalize_login};

use super::{CODE, SENT, href, origin, page_shell, sign_in};
use crate::action_tokens::{self, Order};
use crate::limits::{self, Throttled};
use crate::mail::{self, Mailbox, Message};
use crate::web::error::PageError;
use crate::web::pages::{Field, FieldKind, FieldState, Form, Notice, StepPage};
use crate::web::{answer, browser_form, cards, form};
use crate::{AppState, accounts, random};

const PURPOSE: &str = "recover";

/// Why nothing was sent, as far as it does not depend on the account.
enum Refused {
    Empty,
    Throttled(Seconds),
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, PageError> {
    let query = form::query(&http).map_err(PageError::bad_link)?;
    let origin = origin(&state, &http, &query).await?;
    Ok(page(&state, &http, origin.as_ref(), ("", None)))
}

pub(crate) async fn post(state: Data<AppState>, http: HttpRequest, body: Payload) -> Result<HttpResponse, PageError> {
    let form = form::read(&state, &http, body).await?;
    browser_form::check(&state, &http, &form, PURPOSE)?;
    let origin = origin(&state, &http, &form).await?;
    let typed: String =
        form.get("username").map_err(PageError::bad_link)?.unwrap_or_default().chars().take(320).collect();
    let name = normalize_login(&typed);
    if name.is_empty() {
        return Ok(page(&state, &http, origin.as_ref(), (&typed, Some(Refused::Empty))));
    }
    match limits::mail(&state, &name, form::client_address(&state, &http), state.now()).await? {
        Ok(reserved) => reserved.failed(),
        Err(Throttled { retry_after }) => {
            return Ok(page(&state, &http, origin.as_ref(), (&typed, Some(Refused::Throttled(retry_after)))));
        }
    }
    send(&state, &name, origin.as_ref()).await?;
    let location = href(&state, SENT, origin.as_ref());
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, location)).finish())
}

/// `/recover/sent`
pub(crate) async fn sent(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, PageError> {
    let query = form::query(&http).map_err(PageError::bad_link)?;
    let origin = origin(&state, &http, &query).await?;
    let shell = page_shell(&state, &http, SENT, origin.as_ref());
    let texts = &shell.texts.recovery;
    let page = StepPage::new(shell, "recover-sent-page", texts.sent_title, (texts.sent_lede, String::new()))
        .notice(Some(Notice::new(crate::web::pages::Tone::Info, texts.nothing_came)))
        .way("recover-sign-in", sign_in(&state, origin.as_ref()), texts.back)
        .way("recover-again", href(&state, cards::RECOVER, origin.as_ref()), texts.again)
        .way("recover-code", href(&state, CODE, origin.as_ref()), texts.use_code);
    Ok(answer::page(StatusCode::OK, &page, &state, &http))
}

async fn send(state: &AppState, name: &str, origin: Option<&InteractionId>) -> Result<(), PageError> {
    let now = state.now();
    let owner = store::users::find_by_login(&state.store, name).await?;
    let recipient = owner.as_ref().and_then(|user| Some((user, address(user)?)));
    let order = Order { interaction: origin, ..Order::new(Purpose::Recover) };
    let Some((user, address)) = recipient else {
        let nobody = UserId::from_random(random::id());
        let _nothing = store::passwords::changed_at(&state.store, &nobody).await?;
        let issued = action_tokens::issue(state, Order { lifetime: Seconds(0), ..order }, now).await?;
        let link = action_tokens::link(state, cards::RECOVER, &issued);
        return Ok(mail::pretend(state, Message::Recover { link: &link }).await?);
    };
    let issued = action_tokens::issue(state, order.of(user).to(&address), now).await?;
    let link = action_tokens::link(state, cards::RECOVER, &issued);
    mail::send(state, &address, Message::Recover { link: &link }, accounts::language(user)).await?;
    Ok(())
}

/// Only an address that its owner has proven: a link to another one would be a way in for whoever has it.
fn address(user: &User) -> Option<Mailbox> {
    user.verified_email().filter(|_| user.disabled_at.is_none()).and_then(Mailbox::parse)
}

fn page(
    state: &AppState,
    http: &HttpRequest,
    origin: Option<&InteractionId>,
    (typed, refused): (&str, Option<Refused>),
) -> HttpResponse {
    let shell = page_shell(state, http, cards::RECOVER, origin);
    let texts = &shell.texts.recovery;
    let name = Field::new(FieldKind::Name, "username", texts.name).value(typed);
    let (status, name, notice) = match &refused {
        None => (StatusCode::OK, name.state(FieldState::Focused), None),
        Some(Refused::Empty) => (StatusCode::UNPROCESSABLE_ENTITY, name.refused(Some(texts.missing.to_owned())), None),
        Some(Refused::Throttled(wait)) => {
            let notice = Notice::wait(shell.texts.common.throttled, wait.0, shell.texts.common.wait_over);
            (StatusCode::TOO_MANY_REQUESTS, name, Some(notice))
        }
    };
    let csrf = browser_form::csrf(state, http, PURPOSE);
    let mut form = Form::new(cards::path(state, cards::RECOVER), csrf, "recover-submit", texts.submit).field(name);
    if let Some(id) = origin {
        form = form.hidden("interaction", id.to_string());
    }
    let page = StepPage::new(shell, "recover-page", texts.title, (texts.lede, String::new()))
        .notice(notice)
        .form(form)
        .way("recover-code", href(state, CODE, origin), texts.use_code)
        .way("recover-sign-in", sign_in(state, origin), texts.back);
    let mut response = answer::page(status, &page, state, http);
    if let Some(Refused::Throttled(Seconds(seconds))) = refused {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
