//! `/account/email`: another address. It counts when its owner has shown to receive mail there: by the code, in the browser that asked
//! for it, or by the link, in a browser that is signed in to the account. Anywhere else the link does nothing: its reader may own the
//! address and not the account, and would prove for a stranger what is their own. Whether an address belongs to somebody else is
//! never told here; its owner gets a mail.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::action_token::Purpose;
use protocol::ids::InteractionId;
use protocol::secret::SecretString;
use protocol::security_event::SecurityEvent;
use protocol::user::{User, normalize_login};
use store::{StoreError, Won};

use super::mailed_link::{self, over};
use super::profile;
use crate::action_tokens::{self, ActionToken, CodeVerdict, Order};
use crate::limits::{self, Throttled};
use crate::mail::{self, Mailbox, Message, Notice as MailNotice};
use crate::page_paths::account;
use crate::security_log::{self, Event};
use crate::sender;
use crate::text::fill;
use crate::web::error::{PageError, Situation};
use crate::web::interaction::{self, OwnPage};
use crate::web::pages::{
    AccountLinkPage, AccountPart, EmailPage, EmailProofPage, Field, FieldKind, FieldState, Form, LinkStep, Notice,
};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::web::{answer, form, session, shell};
use crate::{AppState, accounts};

/// What the person learns when no mail was sent.
enum Refused {
    NoAddress(String),
    SameAddress(String),
    Throttled(Throttled),
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Recently, None).await?;
    Ok(page(&visitor, None))
}

/// Sends link and code to the new address.
pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, sent) = Visitor::posted(state, http, body, Since::Recently, account::EMAIL).await?;
    let typed = form::text(&sent, "email")?.trim().to_owned();
    if !mail::is_on(&visitor.state) {
        return Ok(page(&visitor, None));
    }
    let Some(address) = Mailbox::parse(&typed) else { return Ok(page(&visitor, Some(Refused::NoAddress(typed)))) };
    if visitor.user.verified_email().map(normalize_login) == Some(normalize_login(address.as_str())) {
        return Ok(page(&visitor, Some(Refused::SameAddress(typed))));
    }
    let peer = sender::address(&visitor.state, &visitor.http);
    match limits::mail(&visitor.state, address.as_str(), peer, visitor.now).await? {
        Ok(reserved) => reserved.failed(), // it counts
        Err(throttled) => return Ok(page(&visitor, Some(Refused::Throttled(throttled)))),
    }
    let here = OwnPage { path: account::EMAIL_CODE.to_owned(), recent: None };
    let interaction = interaction::begin_for(&visitor.state, &visitor.http, &here).await?;
    send(&visitor, &address, &interaction).await?;
    Ok(visitor.to(&format!("{}?interaction={interaction}", account::EMAIL_CODE)))
}

/// The same is done for an address that is taken; only the mail is another, and goes to its owner.
async fn send(visitor: &Visitor, address: &Mailbox, interaction: &InteractionId) -> Result<(), StoreError> {
    let state = &visitor.state;
    let order = Order::new(Purpose::ChangeEmail).of(&visitor.user).to(address).with_code_for(interaction);
    let issued = action_tokens::issue(state, order, visitor.now).await?;
    let owner = store::users::find_by_login(&state.store, &normalize_login(address.as_str())).await?;
    match owner.filter(|owner| owner.id != visitor.user.id) {
        Some(owner) => accounts::tell_of_account(state, address, &owner).await,
        None => {
            let link = action_tokens::link(state, account::EMAIL, &issued);
            let code = issued.code.as_ref().map(SecretString::expose).map(String::as_str).unwrap_or_default();
            let message = Message::ChangeEmail { account: &visitor.user.username, link: &link, code };
            mail::send(state, address, message, accounts::language(&visitor.user)).await
        }
    }
}

pub(crate) async fn code(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Whenever, None).await?;
    let id = super::asked(&visitor.http, "interaction")?;
    let (id, email) = under_way(&visitor, id.as_deref()).await?;
    Ok(code_page(&visitor, &id, email, CodeState::Asked))
}

pub(crate) async fn post_code(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, sent) = Visitor::posted(state, http, body, Since::Whenever, account::EMAIL).await?;
    let (id, email) = under_way(&visitor, form::field(&sent, "interaction")?).await?;
    let typed = form::text(&sent, "code")?;
    let state = &visitor.state;
    match action_tokens::try_code(state, &id, Purpose::ChangeEmail, typed, visitor.now).await? {
        CodeVerdict::Proven(token) => {
            change(state, &visitor.http, &token).await?;
            Ok(super::done(&visitor, account::PROFILE, "saved"))
        }
        CodeVerdict::Wrong => Ok(code_page(&visitor, &id, email, CodeState::Wrong)),
        CodeVerdict::Exhausted | CodeVerdict::Expired => Ok(code_page(&visitor, &id, email, CodeState::Over)),
    }
}

/// The change that this browser and this person asked for: its interaction and the new address.
async fn under_way(visitor: &Visitor, id: Option<&str>) -> Result<(InteractionId, String), VisitorError> {
    let pending = interaction::find(&visitor.state, &visitor.http, id, visitor.now).await?;
    let id = pending.interaction.id;
    let token = store::action_tokens::latest_of_interaction(&visitor.state.store, &id, Purpose::ChangeEmail).await?;
    let theirs = token.filter(|token| token.user_id.as_ref() == Some(&visitor.user.id));
    let email = theirs.and_then(|token| token.email);
    let email = email.ok_or_else(|| PageError::new(Situation::Expired).because("no change of address is under way"))?;
    Ok((id, email))
}

pub(crate) async fn link(
    state: Data<AppState>,
    http: HttpRequest,
    token: Path<String>,
) -> Result<HttpResponse, PageError> {
    let found = mailed_link::found(&state, &token, Purpose::ChangeEmail).await?;
    let Some(user) = owner(&state, &http, &found).await? else {
        return elsewhere(&state, &http, &found, StatusCode::OK).await;
    };
    let shell = shell::of(&state, &http);
    let texts = &shell.texts.account;
    let page = AccountLinkPage {
        title: texts.confirm_title,
        text: [
            fill(texts.confirm_text, found.email.as_deref().unwrap_or_default()),
            fill(texts.confirm_account, &user.username),
        ]
        .join(" "),
        next: mailed_link::ask(&state, &http, (account::EMAIL, &token), &found, texts.confirm_submit),
        shell,
    };
    Ok(mailed_link::show(&state, &http, &page))
}

pub(crate) async fn post_link(
    state: Data<AppState>,
    http: HttpRequest,
    token: Path<String>,
    body: Payload,
) -> Result<HttpResponse, PageError> {
    let found = mailed_link::posted(&state, &http, body, (&token, Purpose::ChangeEmail)).await?;
    if owner(&state, &http, &found).await?.is_none() {
        return elsewhere(&state, &http, &found, StatusCode::FORBIDDEN).await;
    }
    change(&state, &http, &found).await?;
    let shell = shell::of(&state, &http);
    let page = AccountLinkPage {
        title: shell.texts.account.confirmed_title,
        text: shell.texts.account.email_changed.to_owned(),
        next: mailed_link::done(&state, &shell),
        shell,
    };
    Ok(mailed_link::show(&state, &http, &page))
}

/// The person who asked for the change, where they are signed in.
async fn owner(state: &Data<AppState>, http: &HttpRequest, token: &ActionToken) -> Result<Option<User>, StoreError> {
    let signed_in = session::current(state, http, state.now()).await?;
    Ok(signed_in.map(|(_, user)| user).filter(|user| token.user_id.as_ref() == Some(&user.id)))
}

/// Where the link does nothing. The account is named: its owner has the code, anybody else learns who wants their address.
async fn elsewhere(
    state: &Data<AppState>,
    http: &HttpRequest,
    token: &ActionToken,
    status: StatusCode,
) -> Result<HttpResponse, PageError> {
    let asking = match &token.user_id {
        Some(id) => store::users::find(&state.store, id).await?,
        None => None,
    };
    let shell = shell::of(state, http);
    let texts = &shell.texts.account;
    let page = AccountLinkPage {
        title: texts.elsewhere_title,
        text: fill(texts.elsewhere_text, asking.as_ref().map(|user| user.username.as_str()).unwrap_or_default()),
        next: LinkStep::Elsewhere,
        shell,
    };
    Ok(answer::page(status, &page, state, http))
}

/// Uses the token up; of several at once one comes through. The address of before is told.
async fn change(state: &AppState, http: &HttpRequest, token: &ActionToken) -> Result<(), PageError> {
    let user = mailed_link::used(state, token).await?;
    let email = token.email.as_ref().ok_or_else(|| over("the link names no address"))?;
    match store::users::change_email(&state.store, &user, email, state.now()).await {
        Ok(Won::Yes) => {}
        Ok(Won::No) => return Err(over("the address was changed meanwhile")),
        Err(StoreError::Conflict) => return Err(over("the address belongs to somebody else")),
        Err(error) => return Err(error.into()),
    }
    security_log::note(state, http, Event::new(&user.id, SecurityEvent::EmailChanged)).await?;
    accounts::tell(state, &user, MailNotice::EmailChanged).await?;
    Ok(())
}

fn page(visitor: &Visitor, refused: Option<Refused>) -> HttpResponse {
    let shell = super::shell(visitor);
    let texts = &shell.texts.account;
    let mut status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let field = Field::new(FieldKind::EmailAddress, "email", texts.email_new);
    let (mut notice, mut wait) = (None, None);
    let field = match refused {
        None => field.state(FieldState::Focused),
        Some(Refused::NoAddress(typed)) => field.value(typed).refused(Some(texts.email_bad.to_owned())),
        Some(Refused::SameAddress(typed)) => field.value(typed).refused(Some(texts.email_same.to_owned())),
        Some(Refused::Throttled(throttled)) => {
            (status, wait) = (StatusCode::TOO_MANY_REQUESTS, Some(throttled.retry_after));
            notice = Some(Notice::too_many_mails(&shell.texts.common, throttled.retry_after));
            field
        }
    };
    let form = Form::new(visitor.path(account::EMAIL), visitor.csrf(), "email-submit", texts.email_send).field(field);
    let page = EmailPage {
        frame: super::frame(visitor, AccountPart::Profile),
        notice,
        email: profile::email(&visitor.user),
        form: mail::is_on(&visitor.state).then_some(form),
        shell,
    };
    answer::retry_after(super::page(visitor, status, &page), wait)
}

enum CodeState {
    Asked,
    Wrong,
    Over,
}

fn code_page(visitor: &Visitor, id: &InteractionId, email: String, state: CodeState) -> HttpResponse {
    let shell = super::shell(visitor);
    let texts = &shell.texts.account;
    let field = Field::new(FieldKind::OneTimeCode, "code", texts.code);
    let (status, field) = match state {
        CodeState::Asked => (StatusCode::OK, field.state(FieldState::Focused)),
        CodeState::Wrong => {
            (StatusCode::UNPROCESSABLE_ENTITY, field.refused(Some(shell.texts.common.code_wrong.to_owned())))
        }
        CodeState::Over => {
            (StatusCode::UNPROCESSABLE_ENTITY, field.refused(Some(shell.texts.common.code_expired.to_owned())))
        }
    };
    let form = Form::new(visitor.path(account::EMAIL_CODE), visitor.csrf(), "code-submit", texts.code_submit);
    let page = EmailProofPage {
        frame: super::frame(visitor, AccountPart::Profile),
        notice: None,
        email,
        form: form.hidden("interaction", id.as_str()).field(field),
        again: visitor.path(account::EMAIL),
        shell,
    };
    super::page(visitor, status, &page)
}
