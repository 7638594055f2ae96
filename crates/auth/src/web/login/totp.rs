//! `/login/totp`: the code of an authenticator app beside a password.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::login::Factor;
use protocol::params::Params;
use protocol::time::Seconds;

use super::second_factor::{Challenge, Due, Refused};
use crate::AppState;
use crate::totp::{self, DIGITS, Verdict};
use crate::web::error::{AuthorizeError, PageError};
use crate::web::pages::{Field, FieldKind, FieldState, Form, Notice, TotpPage};
use crate::web::text::{SecondFactorTexts, fill};

/// What is said of a code that does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Differs,
    Used,
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    match Challenge::opened(state, http, Factor::Totp).await? {
        Due::Here(challenge) => Ok(page(&challenge, None)),
        Due::Elsewhere(response) => Ok(response),
    }
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let (due, form) = Challenge::answered(state, http, body, Factor::Totp).await?;
    let challenge = match due {
        Due::Here(challenge) => challenge,
        Due::Elsewhere(response) => return Ok(response),
    };
    match verify(&challenge, &form).await? {
        Ok(()) => challenge.passed().await,
        Err(refused) => Ok(page(&challenge, Some(refused))),
    }
}

async fn verify(challenge: &Challenge, form: &Params) -> Result<Result<(), Refused<Wrong>>, PageError> {
    let typed = form.get("code").map_err(PageError::bad_link)?.unwrap_or_default();
    let reserved = match challenge.reserve().await? {
        Ok(reserved) => reserved,
        Err(throttled) => return Ok(Err(throttled.into())),
    };
    let visit = &challenge.visit;
    let wrong = match totp::verify(&visit.state, &challenge.under_way.user.id, typed, visit.now).await? {
        Verdict::Proven => {
            reserved.succeeded(&visit.state).await;
            return Ok(Ok(()));
        }
        Verdict::Used => Wrong::Used,
        Verdict::Wrong | Verdict::NotEnrolled => Wrong::Differs,
    };
    reserved.failed();
    challenge.note_failure().await?;
    Ok(Err(Refused::Wrong(wrong)))
}

fn page(challenge: &Challenge, refused: Option<Refused<Wrong>>) -> HttpResponse {
    let shell = challenge.shell();
    let texts = shell.texts;
    let code = Field::new(FieldKind::SentCode { digits: DIGITS }, "code", texts.second_factor.code);
    let (code, wait) = match refused {
        None => (code.state(FieldState::Focused), None),
        Some(Refused::Wrong(wrong)) => (code.refused(Some(sentence(wrong, &texts.second_factor).to_owned())), None),
        Some(Refused::Throttled(wait)) => (code, Some(wait)),
    };
    let form = Form::new(challenge.action(), challenge.csrf(), "totp-submit", texts.second_factor.submit)
        .hidden("interaction", challenge.pending.interaction.id.to_string());
    // The code comes last: its last digit sends the form.
    let form = challenge.remember_box(&shell).into_iter().chain([code]).fold(form, Form::field);
    let page = TotpPage {
        account: challenge.account(),
        lede: fill(texts.second_factor.totp_lede, &shell.brand),
        notice: wait.map(|Seconds(wait)| Notice::wait(texts.common.throttled, wait, texts.common.wait_over)),
        form,
        ways: challenge.other_ways(&shell),
        other_account: challenge.other_account(),
        shell,
    };
    challenge.respond(&page, refused)
}

fn sentence(wrong: Wrong, texts: &SecondFactorTexts) -> &'static str {
    match wrong {
        Wrong::Differs => texts.totp_wrong,
        Wrong::Used => texts.totp_used,
    }
}
