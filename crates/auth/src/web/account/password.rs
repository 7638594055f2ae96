//! `/account/security/password`: another password, or the first one of somebody who signs in with a passkey.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::params::Params;
use protocol::secret::SecretString;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use protocol::user::normalize_login;
use store::passwords::NewPassword;

use super::security;
use crate::accounts::{self, Access, How};
use crate::limits::{self, Asker, Throttled};
use crate::passwords::policy::{self, About, MOST_BYTES, Strength, Weakness};
use crate::passwords::{PasswordError, Verdict};
use crate::security_log::{self, Event};
use crate::web::error::{PageError, Situation};
use crate::web::pages::{AccountPart, Field, FieldKind, Form, Notice, Section, SettingPage, Ticked};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::web::{form, login};
use crate::{AppState, known_browsers};

/// The name of the box that takes away from apps what they may do without their owner being there.
const END_ACCESS: &str = "end-access";

/// Why nothing was changed.
enum Refused {
    Current,
    Throttled(Seconds),
    New(Vec<Weakness>),
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Recently, None).await?;
    Ok(page(&visitor, None))
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, sent) = Visitor::posted(state, http, body, Since::Recently, super::PASSWORD).await?;
    match change(&visitor, &sent).await? {
        Ok(()) => Ok(super::done(&visitor, super::SECURITY, "password")),
        Err(refused) => Ok(page(&visitor, Some(refused))),
    }
}

async fn change(visitor: &Visitor, sent: &Params) -> Result<Result<(), Refused>, VisitorError> {
    let state = &visitor.state;
    let text = |name| super::value(sent, name).map(Option::unwrap_or_default);
    let (current, new) = (text("current-password")?, text("new-password")?);
    if visitor.enrolled.password {
        if let Err(refused) = verify(visitor, current).await? {
            return Ok(Err(refused));
        }
        if new == current {
            return Ok(Err(Refused::New(vec![Weakness::SameAsBefore])));
        }
    }
    let about = About::of(&state.config, &visitor.user, strength(visitor));
    if let Err(weaknesses) = policy::check(&state.config.passwords, &about, new) {
        return Ok(Err(Refused::New(weaknesses)));
    }
    let permit = login::password::admit(state).await?;
    let needs_second_factor = policy::needs_second_factor(&state.config.passwords, new);
    let phc = permit.hash(SecretString::new(new.to_owned())).await.map_err(broken)?;
    let access = if text(END_ACCESS)?.is_empty() { Access::GoesOn } else { Access::Ends };
    let (new, how) = (NewPassword { phc, needs_second_factor }, How::Changed { session: &visitor.session.id, access });
    accounts::set_password(state, &visitor.http, &visitor.user, new, how).await?;
    Ok(Ok(()))
}

/// Whether the current password is right. A session that somebody left open must not be enough to guess it: the try counts like
/// one at the sign-in.
async fn verify(visitor: &Visitor, typed: &str) -> Result<Result<(), Refused>, VisitorError> {
    let state = &visitor.state;
    let permit = login::password::admit(state).await?;
    let name = normalize_login(&visitor.user.username);
    let known = known_browsers::find(state, &visitor.http, &visitor.user.id, visitor.now).await?;
    let asker = Asker {
        name: &name,
        account: Some(&visitor.user.id),
        known: known.as_ref().map(|browser| &browser.id),
        peer: form::client_address(state, &visitor.http),
    };
    let reserved = match limits::password(state, asker, visitor.now).await? {
        Ok(reserved) => reserved,
        Err(Throttled { retry_after }) => return Ok(Err(Refused::Throttled(retry_after))),
    };
    let stored = match store::passwords::find(&state.store, &visitor.user.id).await {
        Ok(stored) => stored,
        Err(error) => {
            reserved.not_evaluated(state).await;
            return Err(error.into());
        }
    };
    let verdict = match typed.len() {
        ..=MOST_BYTES => permit.verify(SecretString::new(typed.to_owned()), stored).await.map_err(broken)?,
        _ => Verdict::Differs,
    };
    if verdict == Verdict::Differs {
        reserved.failed();
        let event = Event::new(&visitor.user.id, SecurityEvent::SignInFailed).in_session(&visitor.session.id);
        security_log::note(state, &visitor.http, event.with("factor", "password")).await?;
        return Ok(Err(Refused::Current));
    }
    reserved.succeeded(state).await;
    Ok(Ok(()))
}

fn strength(visitor: &Visitor) -> Strength {
    match visitor.enrolled.has_second_factor() {
        true => Strength::WithSecondFactor,
        false => Strength::Alone,
    }
}

fn page(visitor: &Visitor, refused: Option<Refused>) -> HttpResponse {
    let shell = super::shell(visitor);
    let texts = shell.texts;
    let t = &texts.security;
    let (title, has_password) = match visitor.enrolled.password {
        true => (t.password_change, true),
        false => (t.password_set, false),
    };
    let current = Field::new(FieldKind::CurrentPassword, "current-password", t.password_current);
    let current = current.refused(matches!(refused, Some(Refused::Current)).then(|| t.password_wrong.to_owned()));
    let least = policy::least(&visitor.state.config.passwords, strength(visitor));
    let wrong = match &refused {
        Some(Refused::New(weaknesses)) => {
            Some(weaknesses.iter().map(|weakness| texts.password.weakness(*weakness)).collect::<Vec<_>>().join(" "))
        }
        _ => None,
    };
    let new = Field::new_password(texts, "new-password", texts.password.new, least).refused(wrong);
    let form = Form::new(visitor.path(super::PASSWORD), visitor.csrf(), "password-submit", title)
        .field(Field::new(FieldKind::CarriedName, "username", texts.login.username).value(&visitor.user.username));
    let form = if has_password { form.field(current).field(new) } else { form.field(new) };
    let access = Field::new(FieldKind::Tick(Ticked::Yes), END_ACCESS, t.password_end_access);
    let form = form.field(access.hint(t.password_end_access_hint).optional());
    let (status, wait) = match &refused {
        None => (StatusCode::OK, None),
        Some(Refused::Throttled(wait)) => (StatusCode::TOO_MANY_REQUESTS, Some(*wait)),
        Some(Refused::Current | Refused::New(_)) => (StatusCode::UNPROCESSABLE_ENTITY, None),
    };
    let page = SettingPage {
        frame: super::frame(visitor, AccountPart::Security),
        id: "account-password-page",
        title: title.to_owned(),
        lede: t.password_lede.to_owned(),
        notice: wait.map(|Seconds(seconds)| Notice::wait(texts.common.throttled, seconds, texts.common.wait_over)),
        sections: vec![Section { form: Some(form), ..Section::default() }],
        back: security::back(visitor, t),
        shell,
    };
    let mut response = super::page(visitor, status, &page);
    if let Some(Seconds(seconds)) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn broken(error: PasswordError) -> PageError {
    PageError::new(Situation::Broken).because(error)
}
