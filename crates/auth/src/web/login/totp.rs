//! `/login/totp`: the code of an authenticator app beside a password.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::login::Factor;
use protocol::params::Params;

use super::second_factor::{Challenge, Refused};
use crate::AppState;
use crate::text::{SecondFactorTexts, fill};
use crate::totp::{self, DIGITS, Verdict};
use crate::web::asked::Due;
use crate::web::error::{AuthorizeError, PageError};
use crate::web::form;
use crate::web::pages::{Field, FieldKind, FieldState, Form, Notice, TotpPage};

/// What is said of a code that does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Differs,
    Used,
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    Ok(Challenge::opened(state, http, Factor::Totp).await?.show(|challenge| page(challenge, None)))
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
    let typed = form::text(form, "code")?;
    let (visit, user) = (&challenge.visit, &challenge.under_way.user.id);
    let evaluation = async {
        Ok(match totp::verify(&visit.state, user, typed, visit.now).await? {
            Verdict::Proven => Ok(()),
            Verdict::Used => Err(Wrong::Used),
            Verdict::Wrong | Verdict::NotEnrolled => Err(Wrong::Differs),
        })
    };
    Ok(challenge.tried(evaluation).await?)
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
        notice: wait.map(|wait| Notice::throttled(&texts.common, wait)),
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
