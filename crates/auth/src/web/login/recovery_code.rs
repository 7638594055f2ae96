//! `/login/recovery-code`: one of the codes that somebody kept for the day when nothing else is at hand.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::login::Factor;
use protocol::mail::Notice as Mail;
use protocol::params::Params;
use protocol::security_event::SecurityEvent;
use store::{StoreError, Won};

use super::second_factor::{Challenge, Refused};
use crate::security_log::{self, Event};
use crate::web::asked::Due;
use crate::web::error::{AuthorizeError, PageError};
use crate::web::form;
use crate::web::pages::{Field, FieldKind, FieldState, Form, Notice, RecoveryCodePage};
use crate::{AppState, accounts, recovery_codes};

/// Not one of those that are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Differs;

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    Ok(Challenge::opened(state, http, Factor::RecoveryCode).await?.show(|challenge| page(challenge, None)))
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let (due, form) = Challenge::answered(state, http, body, Factor::RecoveryCode).await?;
    let challenge = match due {
        Due::Here(challenge) => challenge,
        Due::Elsewhere(response) => return Ok(response),
    };
    match verify(&challenge, &form).await? {
        Ok(()) => {
            tell(&challenge).await.map_err(PageError::from)?;
            challenge.passed().await
        }
        Err(refused) => Ok(page(&challenge, Some(refused))),
    }
}

async fn verify(challenge: &Challenge, form: &Params) -> Result<Result<(), Refused<Differs>>, PageError> {
    let typed = form::text(form, "recovery-code")?;
    let (visit, user) = (&challenge.visit, &challenge.under_way.user.id);
    let evaluation = async {
        let used = recovery_codes::use_one(&visit.state, user, typed, visit.now).await?;
        Ok(if used == Won::Yes { Ok(()) } else { Err(Differs) })
    };
    Ok(challenge.tried(evaluation).await?)
}

/// The owner hears of each code that is used: it may have been found on paper.
async fn tell(challenge: &Challenge) -> Result<(), StoreError> {
    let (state, user) = (&challenge.visit.state, &challenge.under_way.user);
    let left = recovery_codes::left(state, &user.id).await?;
    let event = Event::new(&user.id, SecurityEvent::RecoveryCodeUsed).with("left", left);
    security_log::note(state, &challenge.visit.http, event).await?;
    accounts::tell(state, user, Mail::RecoveryCodeUsed).await
}

fn page(challenge: &Challenge, refused: Option<Refused<Differs>>) -> HttpResponse {
    let shell = challenge.shell();
    let texts = shell.texts;
    let code = Field::new(FieldKind::RecoveryCode, "recovery-code", texts.second_factor.recovery_code)
        .hint(texts.second_factor.recovery_hint);
    let (code, wait) = match refused {
        None => (code.state(FieldState::Focused), None),
        Some(Refused::Wrong(Differs)) => (code.refused(Some(texts.second_factor.recovery_wrong.to_owned())), None),
        Some(Refused::Throttled(wait)) => (code, Some(wait)),
    };
    let form = Form::new(challenge.action(), challenge.csrf(), "recovery-code-submit", texts.second_factor.submit)
        .hidden("interaction", challenge.pending.interaction.id.to_string())
        .field(code);
    let page = RecoveryCodePage {
        account: challenge.account(),
        notice: wait.map(|wait| Notice::throttled(&texts.common, wait)),
        form,
        ways: challenge.other_ways(&shell),
        other_account: challenge.other_account(),
        shell,
    };
    challenge.respond(&page, refused)
}
