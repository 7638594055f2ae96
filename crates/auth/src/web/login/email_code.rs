//! `/login/email-code`: a code by mail for somebody whose authenticator app or passkey is not at hand, where the installation allows
//! that.
//!
//! Opening the page sends nothing; a form does. The code counts in this sign-in, for the person under way, at the address that is
//! proven to be theirs.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::action_token::{Purpose, code_expires_at};
use protocol::login::Factor;
use protocol::params::Params;
use protocol::time::Seconds;
use store::action_tokens::{ActionToken, latest_of_interaction};

use super::second_factor::{Challenge, Refused};
use crate::action_tokens::{self, CodeVerdict, Order};
use crate::limits;
use crate::mail::{self, Mailbox, Message};
use crate::page_paths;
use crate::text::{SecondFactorTexts, Texts, fill};
use crate::web::asked::Due;
use crate::web::error::{AuthorizeError, PageError};
use crate::web::pages::{EmailCodePage, Field, FieldKind, FieldState, Form, Notice, Weight};
use crate::web::{answer, form};
use crate::{AppState, accounts, known_browsers};

/// Before another code can be asked for: mail takes its time.
const BETWEEN_CODES: Seconds = Seconds(30);

/// Why a code does not count, or none is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Differs,
    Exhausted,
    Expired,
}

/// What the page has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Telling {
    Refused(Refused<Wrong>),
    /// No other mail for so long.
    TooManyMails(Seconds),
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    match Challenge::opened(state, http, Factor::EmailCode).await? {
        Due::Here(challenge) => Ok(page(&challenge, None).await?),
        Due::Elsewhere(response) => Ok(response),
    }
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let (due, form) = Challenge::answered(state, http, body, Factor::EmailCode).await?;
    let challenge = match due {
        Due::Here(challenge) => challenge,
        Due::Elsewhere(response) => return Ok(response),
    };
    if form::field(&form, "send")?.is_some() {
        return Ok(match send(&challenge).await? {
            // By GET, so that reloading the page sends nothing.
            Ok(()) => answer::see_other(here(&challenge)),
            Err(telling) => page(&challenge, Some(telling)).await?,
        });
    }
    match verify(&challenge, &form).await? {
        Ok(()) => challenge.passed().await,
        Err(refused) => Ok(page(&challenge, Some(Telling::Refused(refused))).await?),
    }
}

/// Sends a code, unless one was sent this moment.
async fn send(challenge: &Challenge) -> Result<Result<(), Telling>, PageError> {
    let (visit, user) = (&challenge.visit, &challenge.under_way.user);
    let Some(address) = user.verified_email().and_then(Mailbox::parse) else { return Ok(Ok(())) };
    if sent(challenge).await?.is_some_and(|token| wait(&token, challenge) > Seconds(0)) {
        return Ok(Ok(()));
    }
    let known = known_browsers::find(&visit.state, &visit.http, &user.id, visit.now).await?;
    match limits::mailed_code(&visit.state, &user.id, known.as_ref().map(|known| &known.id), visit.now).await? {
        Ok(reserved) => reserved.failed(),
        Err(throttled) => return Ok(Err(Telling::TooManyMails(throttled.retry_after))),
    }
    let interaction = &challenge.pending.interaction.id;
    let order = Order::new(Purpose::SecondFactorCode).to(&address).of(user).with_code_for(interaction);
    let issued = action_tokens::issue(&visit.state, order, visit.now).await?;
    if let Some(code) = &issued.code {
        let message = Message::SecondFactorCode { code: code.expose() };
        mail::send(&visit.state, &address, message, accounts::language(user)).await?;
    }
    Ok(Ok(()))
}

/// The code that was sent last in this sign-in, to this person. Another one may have been under way here before.
async fn sent(challenge: &Challenge) -> Result<Option<ActionToken>, PageError> {
    let (store, interaction) = (&challenge.visit.state.store, &challenge.pending.interaction.id);
    let latest = latest_of_interaction(store, interaction, Purpose::SecondFactorCode).await?;
    Ok(latest.filter(|token| token.user_id.as_ref() == Some(&challenge.under_way.user.id)))
}

/// How long until another one can be asked for.
fn wait(token: &ActionToken, challenge: &Challenge) -> Seconds {
    Seconds((token.created_at + BETWEEN_CODES).since(challenge.visit.now).0.max(0))
}

async fn verify(challenge: &Challenge, form: &Params) -> Result<Result<(), Refused<Wrong>>, PageError> {
    let typed = form::text(form, "code")?;
    let (visit, interaction) = (&challenge.visit, &challenge.pending.interaction.id);
    if sent(challenge).await?.is_none() {
        return Ok(Err(Refused::Wrong(Wrong::Expired)));
    }
    let (purpose, user) = (Purpose::SecondFactorCode, &challenge.under_way.user.id);
    let evaluation = async {
        Ok(match action_tokens::try_code(&visit.state, interaction, purpose, typed, visit.now).await? {
            // ASVS 6.6.2: a code counts for the request that it was made for, and for nobody else.
            CodeVerdict::Proven(token) if token.user_id.as_ref() == Some(user) => Ok(()),
            CodeVerdict::Proven(_) | CodeVerdict::Expired => Err(Wrong::Expired),
            CodeVerdict::Wrong => Err(Wrong::Differs),
            CodeVerdict::Exhausted => Err(Wrong::Exhausted),
        })
    };
    Ok(challenge.tried(evaluation).await?)
}

async fn page(challenge: &Challenge, telling: Option<Telling>) -> Result<HttpResponse, PageError> {
    let shell = challenge.shell();
    let texts = shell.texts;
    let sent = sent(challenge).await?;
    let now = challenge.visit.now;
    let open = sent.as_ref().filter(|token| now < code_expires_at(token.created_at, token.expires_at));
    let address = masked(challenge.under_way.user.verified_email().unwrap_or_default());
    let lede = if open.is_some() { texts.second_factor.email_sent } else { texts.second_factor.email_lede };
    let (refused, notice) = match telling {
        None => (None, None),
        Some(Telling::Refused(refused @ Refused::Throttled(wait))) => {
            (Some(refused), Some(Notice::throttled(&texts.common, wait)))
        }
        // The form that would say so is not there.
        Some(Telling::Refused(refused)) if open.is_none() => {
            (Some(refused), Some(Notice::danger(texts.common.code_expired)))
        }
        Some(Telling::Refused(refused)) => (Some(refused), None),
        Some(Telling::TooManyMails(wait)) => {
            let notice = Notice::wait(texts.second_factor.email_too_many, wait.0, texts.second_factor.email_now);
            (Some(Refused::Throttled(wait)), Some(notice))
        }
    };
    let page = EmailCodePage {
        account: challenge.account(),
        lede: fill(lede, &address),
        notice,
        code: open.map(|_| code_form(challenge, texts, refused)),
        again: sent.as_ref().map(|token| wait(token, challenge).0).filter(|seconds| *seconds > 0),
        send: send_form(challenge, &texts.second_factor, open),
        here: here(challenge),
        ways: challenge.other_ways(&shell),
        other_account: challenge.other_account(),
        shell,
    };
    Ok(challenge.respond(&page, refused))
}

fn code_form(challenge: &Challenge, texts: &'static Texts, refused: Option<Refused<Wrong>>) -> Form {
    let code =
        Field::new(FieldKind::OneTimeCode, "code", texts.second_factor.code).hint(texts.second_factor.email_hint);
    let sentence = match refused {
        Some(Refused::Wrong(Wrong::Differs)) => Some(texts.common.code_wrong),
        Some(Refused::Wrong(Wrong::Exhausted)) => Some(texts.common.code_exhausted),
        Some(Refused::Wrong(Wrong::Expired)) => Some(texts.common.code_expired),
        Some(Refused::Throttled(_)) | None => None,
    };
    let code = code.state(FieldState::Focused).refused(sentence.map(str::to_owned));
    let form = Form::new(challenge.action(), challenge.csrf(), "email-code-submit", texts.second_factor.submit)
        .hidden("interaction", challenge.pending.interaction.id.to_string());
    form.field(code)
}

fn send_form(challenge: &Challenge, texts: &'static SecondFactorTexts, sent: Option<&ActionToken>) -> Form {
    let (label, weight) = match sent {
        Some(_) => (texts.email_again, Weight::Plain),
        None => (texts.email_send, Weight::Primary),
    };
    Form::new(challenge.action(), challenge.csrf(), "email-code-send", label)
        .hidden("interaction", challenge.pending.interaction.id.to_string())
        .hidden("send", "yes")
        .weight(weight)
}

fn here(challenge: &Challenge) -> String {
    let page = challenge.visit.state.issuer().endpoint(page_paths::LOGIN_EMAIL_CODE);
    format!("{page}?interaction={}", challenge.pending.interaction.id)
}

/// Enough for its owner to recognise. Who knows the password need not know the address.
fn masked(address: &str) -> String {
    let Some((local, domain)) = address.rsplit_once('@') else { return "…".to_owned() };
    let first: String = local.chars().take(1).collect();
    format!("{first}…@{domain}")
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn an_address_shows_its_first_letter_and_its_domain() {
        assert_eq!(masked("alice@example.test"), "a…@example.test");
        assert_eq!(masked("\"a@b\"@example.test"), "\"…@example.test");
        assert_eq!(masked("ä@example.test"), "ä…@example.test");
        assert_eq!(masked(""), "…");
    }
}
