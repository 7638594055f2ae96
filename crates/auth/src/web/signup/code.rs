//! `/signup/code`: the code of the mail, and the mail once more. The page says the same whether or not somebody has the address; then
//! no code is right.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::action_token::{Purpose, code_expires_at};
use protocol::params::Params;
use protocol::time::Seconds;

use super::begin::{Asking, send};
use super::{Admission, BETWEEN_MAILS, CODE, Desk, Draft, FINISH, RESEND};
use crate::AppState;
use crate::action_tokens::{self, ActionToken, CodeVerdict};
use crate::limits::Throttled;
use crate::mail::Mailbox;
use crate::page_paths;
use crate::text::CommonTexts;
use crate::web::asked::Due;
use crate::web::authorize::Visit;
use crate::web::error::AuthorizeError;
use crate::web::interaction::Pending;
use crate::web::pages::{Field, FieldKind, FieldState, Form, Notice, StepPage, Weight};
use crate::web::{answer, form};

/// In the query after a mail went out once more.
const RESENT: &str = "resent=yes";

/// Somebody who waits for the mail.
type Waiting = (Desk, ActionToken);

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let resent = http.query_string().split('&').any(|pair| pair == RESENT);
    let (visit, pending) = Visit::resumed(state, http).await?;
    let shown = |(desk, token): &Waiting| {
        let page = page(desk, token, None);
        let texts = page.shell.texts;
        let over = desk.visit.now >= code_expires_at(token.created_at, token.expires_at);
        let notice = match (over, resent) {
            (true, _) => Some(Notice::warning(texts.common.code_expired)),
            (false, true) => Some(Notice::success(texts.signup.resent)),
            (false, false) => None,
        };
        desk.show(StatusCode::OK, page.notice(notice))
    };
    Ok(due(visit, pending).await?.show(shown))
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let (due, form) = posted(state, http, body).await?;
    let (desk, token) = match due {
        Due::Here(waiting) => *waiting,
        Due::Elsewhere(response) => return Ok(response),
    };
    let typed = form::text(&form, "code")?;
    let verdict = action_tokens::try_code(desk.state(), desk.id(), Purpose::SignUp, typed, desk.visit.now).await?;
    let wrong: fn(&'static CommonTexts) -> &'static str = match verdict {
        CodeVerdict::Proven(_) => return Ok(desk.to(FINISH)),
        CodeVerdict::Wrong => |texts| texts.code_wrong,
        CodeVerdict::Exhausted => |texts| texts.code_exhausted,
        CodeVerdict::Expired => |texts| texts.code_expired,
    };
    Ok(desk.show(StatusCode::UNPROCESSABLE_ENTITY, page(&desk, &token, Some(wrong))))
}

/// `/signup/resend`
pub(crate) async fn resend(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let (due, _) = posted(state, http, body).await?;
    let (desk, token) = match due {
        Due::Here(waiting) => *waiting,
        Due::Elsewhere(response) => return Ok(response),
    };
    let wait = (token.created_at + BETWEEN_MAILS).since(desk.visit.now);
    if wait > Seconds(0) {
        let page = page(&desk, &token, None);
        let texts = page.shell.texts;
        let notice = Notice::wait(texts.signup.resend_wait, wait.0, texts.common.wait_over);
        return Ok(desk.too_many(page.notice(Some(notice)), wait));
    }
    let (Some(address), Some(draft)) = (token.email.as_deref().and_then(Mailbox::parse), Draft::of(&token)) else {
        return Ok(desk.to(page_paths::SIGN_UP));
    };
    match send(&desk, &address, &draft, Asking::OnceMore).await? {
        Ok(()) => Ok(answer::see_other(format!("{}&{RESENT}", desk.href(CODE)))),
        Err(Throttled { retry_after }) => {
            let page = page(&desk, &token, None);
            let notice = Notice::too_many_mails(&page.shell.texts.common, retry_after);
            Ok(desk.too_many(page.notice(Some(notice)), retry_after))
        }
    }
}

async fn posted(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<(Due<Waiting>, Params), AuthorizeError> {
    let (visit, pending, form) = Visit::posted(state, http, body).await?;
    Ok((due(visit, pending).await?, form))
}

async fn due(visit: Visit, pending: Pending) -> Result<Due<Waiting>, AuthorizeError> {
    let desk = Desk::new(visit, pending).await?;
    if let admission @ (Admission::Nobody | Admission::NeedsInvitation) = desk.admission().await? {
        return Ok(Due::Elsewhere(desk.refused(&admission)));
    }
    Ok(match desk.sent().await? {
        None => Due::Elsewhere(desk.to(page_paths::SIGN_UP)),
        Some(token) if token.used_at.is_some() => Due::Elsewhere(desk.visit.go_on(desk.pending).await?),
        Some(token) if token.proven_at.is_some() => Due::Elsewhere(desk.to(FINISH)),
        Some(token) => Due::here((desk, token)),
    })
}

fn page(desk: &Desk, token: &ActionToken, wrong: Option<fn(&'static CommonTexts) -> &'static str>) -> StepPage {
    let shell = desk.shell(CODE);
    let texts = &shell.texts.signup;
    let code = Field::new(FieldKind::OneTimeCode, "code", texts.code)
        .state(FieldState::Focused)
        .refused(wrong.map(|wrong| wrong(&shell.texts.common).to_owned()));
    let form = |page, id, label| {
        Form::new(desk.href(page), desk.csrf(), id, label).hidden("interaction", desk.id().to_string())
    };
    let lede = (texts.code_lede, token.email.clone().unwrap_or_default());
    let step = StepPage::new(shell, "signup-code-page", texts.code_title, lede)
        .form(form(CODE, "signup-code-submit", texts.submit).field(code))
        .way("signup-other-address", desk.href(page_paths::SIGN_UP), texts.other_address);
    StepPage { others: vec![form(RESEND, "signup-resend", texts.resend).weight(Weight::Plain)], ..step }
}
