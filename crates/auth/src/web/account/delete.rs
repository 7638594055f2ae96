//! Deleting the account: asked for with a fresh sign-in and the user name, carried out by a job (`accounts.rs`, `delete_due`) when
//! the time of grace is over, taken back until then from the console or by the link in the mail.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::action_token::Purpose;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use protocol::user::{User, normalize_login};
use store::{StoreError, Won};

use super::mailed_link;
use crate::action_tokens::{self, Order};
use crate::mail::{self, Mailbox, Message, Notice};
use crate::page_paths::account;
use crate::security_log::{self, Event};
use crate::text::fill;
use crate::web::error::PageError;
use crate::web::pages::{AccountLinkPage, AccountPart, DeletePage, Field, FieldKind, Form, Weight};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::web::{form, shell};
use crate::{AppState, accounts};

const A_DAY: i64 = 86_400;

/// Whether what was typed is what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typed {
    NotYet,
    Wrong,
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Recently, None).await?;
    Ok(page(&visitor, Typed::NotYet))
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, sent) = Visitor::posted(state, http, body, Since::Recently, account::DELETE).await?;
    let typed = form::text(&sent, "confirm_name")?;
    if normalize_login(typed) != normalize_login(&visitor.user.username) {
        return Ok(page(&visitor, Typed::Wrong));
    }
    let (state, user) = (&visitor.state, &visitor.user);
    let grace = Seconds(state.config.accounts.deletion_grace);
    let due = visitor.now + grace;
    let won = store::deletion::schedule(&state.store, &user.id, due, &visitor.session.id, visitor.now).await?;
    if won == Won::Yes {
        state.logout_deliveries.notify_one();
        let event = Event::new(&user.id, SecurityEvent::DeletionScheduled).in_session(&visitor.session.id);
        security_log::note(state, &visitor.http, event.with("due_at", due.0)).await?;
        tell(&visitor, grace).await?;
    }
    Ok(super::done(&visitor, account::DATA, "scheduled"))
}

/// Word to the owner, with the way back, as long as there is one.
async fn tell(visitor: &Visitor, grace: Seconds) -> Result<(), StoreError> {
    let (state, user) = (&visitor.state, &visitor.user);
    let Some(address) = user.verified_email().and_then(Mailbox::parse) else { return Ok(()) };
    if grace <= Seconds(0) || !mail::is_on(state) {
        return Ok(());
    }
    let order = Order { lifetime: grace, ..Order::new(Purpose::CancelDeletion).of(user).to(&address) };
    let issued = action_tokens::issue(state, order, visitor.now).await?;
    let cancel = action_tokens::link(state, account::CANCEL_DELETION, &issued);
    mail::send(
        state,
        &address,
        Message::DeletionScheduled { due: visitor.now + grace, cancel: &cancel },
        accounts::language(user),
    )
    .await
}

/// From the console. It takes nothing away, so it asks for no fresh sign-in.
pub(crate) async fn keep(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, _form) = Visitor::posted(state, http, body, Since::Whenever, account::DATA).await?;
    cancel(&visitor.state, &visitor.http, &visitor.user).await?;
    Ok(super::done(&visitor, account::DATA, "kept"))
}

/// From the mail, by whoever reads it; opening the link cancels nothing.
pub(crate) async fn link(
    state: Data<AppState>,
    http: HttpRequest,
    token: Path<String>,
) -> Result<HttpResponse, PageError> {
    let found = mailed_link::found(&state, &token, Purpose::CancelDeletion).await?;
    let shell = shell::of(&state, &http);
    let texts = &shell.texts.data;
    let page = AccountLinkPage {
        title: texts.cancel_title,
        text: texts.cancel_text.to_owned(),
        next: mailed_link::ask(&state, &http, (account::CANCEL_DELETION, &token), &found, texts.keep_submit),
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
    let found = mailed_link::posted(&state, &http, body, (&token, Purpose::CancelDeletion)).await?;
    cancel(&state, &http, &mailed_link::used(&state, &found).await?).await?;
    let shell = shell::of(&state, &http);
    let page = AccountLinkPage {
        title: shell.texts.data.kept_title,
        text: shell.texts.data.kept_text.to_owned(),
        next: mailed_link::done(&state, &shell),
        shell,
    };
    Ok(mailed_link::show(&state, &http, &page))
}

/// Of a cancellation and the job, the database lets one win; when it is the job, there is nothing left to keep.
async fn cancel(state: &AppState, http: &HttpRequest, user: &User) -> Result<(), StoreError> {
    if store::deletion::cancel(&state.store, &user.id).await? == Won::No {
        return Ok(());
    }
    action_tokens::void(state, &user.id, Some(Purpose::CancelDeletion), state.now()).await?;
    security_log::note(state, http, Event::new(&user.id, SecurityEvent::DeletionCancelled)).await?;
    accounts::tell(state, user, Notice::DeletionCancelled).await
}

fn page(visitor: &Visitor, typed: Typed) -> HttpResponse {
    let shell = super::shell(visitor);
    let texts = &shell.texts.data;
    let (grace, name) = (visitor.state.config.accounts.deletion_grace, &visitor.user.username);
    let way_back = match grace {
        0 => texts.consequence_now.to_owned(),
        grace => fill(texts.consequence_grace, &(grace / A_DAY).to_string()),
    };
    let texts_of_all = [texts.consequence_out, texts.consequence_apps, texts.consequence_gone, texts.consequence_name];
    let field = Field::new(FieldKind::Text("off"), "confirm_name", texts.name).hint(fill(texts.type_name, name));
    let (status, wrong) = match typed {
        Typed::NotYet => (StatusCode::OK, None),
        Typed::Wrong => (StatusCode::UNPROCESSABLE_ENTITY, Some(texts.name_wrong.to_owned())),
    };
    let form = Form::new(visitor.path(account::DELETE), visitor.csrf(), "delete-submit", texts.delete_submit);
    let page = DeletePage {
        frame: super::frame(visitor, AccountPart::Data),
        consequences: texts_of_all.map(str::to_owned).into_iter().chain([way_back]).collect(),
        form: form.weight(Weight::Danger).field(field.refused(wrong)),
        back: visitor.path(account::DATA),
        shell,
    };
    super::page(visitor, status, &page)
}
