//! `/account/security/password`: another password, or the first one of somebody who signs in with a passkey.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::params::Params;
use protocol::secret::SecretString;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use protocol::user::normalize_login;

use super::security;
use crate::AppState;
use crate::accounts::{self, Access, How};
use crate::limits::Throttled;
use crate::page_paths::account;
use crate::passwords::Verdict;
use crate::passwords::policy::{MOST_BYTES, Strength, Weakness};
use crate::security_log::{self, Event};
use crate::web::pages::{AccountPart, Field, FieldKind, Form, Notice, Section, SettingPage, Ticked};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::web::{answer, form, passwords};

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
    let (visitor, sent) = Visitor::posted(state, http, body, Since::Recently, account::PASSWORD).await?;
    match change(&visitor, &sent).await? {
        Ok(()) => Ok(super::done(&visitor, account::SECURITY, "password")),
        Err(refused) => Ok(page(&visitor, Some(refused))),
    }
}

async fn change(visitor: &Visitor, sent: &Params) -> Result<Result<(), Refused>, VisitorError> {
    let state = &visitor.state;
    let (current, new) = (form::text(sent, "current-password")?, passwords::typed(sent)?);
    if visitor.enrolled.password {
        if let Err(refused) = verify(visitor, current).await? {
            return Ok(Err(refused));
        }
        if new.expose() == current {
            return Ok(Err(Refused::New(vec![Weakness::SameAsBefore])));
        }
    }
    if let Err(weaknesses) = passwords::check(state, &visitor.user, Strength::beside(visitor.enrolled), &new) {
        return Ok(Err(Refused::New(weaknesses)));
    }
    let new = passwords::hash(state, passwords::admit(state).await?, new).await?;
    let access = if form::ticked(sent, END_ACCESS)? { Access::Ends } else { Access::GoesOn };
    let how = How::Changed { session: &visitor.session.id, access };
    accounts::set_password(state, &visitor.http, &visitor.user, new, how).await?;
    Ok(Ok(()))
}

/// Whether the current password is right. A session that somebody left open must not be enough to guess it: the try counts like
/// one at the sign-in.
async fn verify(visitor: &Visitor, typed: &str) -> Result<Result<(), Refused>, VisitorError> {
    let state = &visitor.state;
    let permit = passwords::admit(state).await?;
    let name = normalize_login(&visitor.user.username);
    let user = Some(&visitor.user);
    let reserved = match passwords::reserve(state, &visitor.http, &name, user, visitor.now).await? {
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
        ..=MOST_BYTES => permit.verify(SecretString::new(typed.to_owned()), stored).await.map_err(passwords::broken)?,
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
    let wrong = match &refused {
        Some(Refused::New(weaknesses)) => texts.password.weaknesses(weaknesses),
        _ => None,
    };
    let new = passwords::field(&visitor.state, texts, texts.password.new, Strength::beside(visitor.enrolled));
    let new = new.refused(wrong);
    let form = Form::new(visitor.path(account::PASSWORD), visitor.csrf(), "password-submit", title)
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
        notice: wait.map(|wait| Notice::throttled(&texts.common, wait)),
        sections: vec![Section { form: Some(form), ..Section::default() }],
        back: security::back(visitor, t),
        shell,
    };
    answer::retry_after(super::page(visitor, status, &page), wait)
}
