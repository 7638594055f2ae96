//! `/recover`: a link to the proven address of an account. Answer, status and work are the same whether or not there is one: where
//! nothing is to be sent, a link that is good for nothing is made, and a mail that is over before it could leave.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::action_token::Purpose;
use protocol::ids::{InteractionId, UserId};
use protocol::time::Seconds;
use protocol::user::{User, normalize_login};
use tokio::time::Instant;

use super::seeker::Seeker;
use super::{CODE, SENT};
use crate::action_tokens::{self, Order};
use crate::limits::{self, Throttled};
use crate::mail::{self, Mailbox, Message};
use crate::page_paths;
use crate::sender;
use crate::web::error::PageError;
use crate::web::pages::{Field, FieldKind, FieldState, Notice, StepPage};
use crate::web::{answer, form};
use crate::{AppState, accounts, random};

const PURPOSE: &str = "recover";

/// Why nothing was sent, as far as it does not depend on the account.
enum Refused {
    Empty,
    Throttled(Seconds),
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, PageError> {
    Ok(page(&Seeker::opened(state, http).await?, "", None))
}

pub(crate) async fn post(state: Data<AppState>, http: HttpRequest, body: Payload) -> Result<HttpResponse, PageError> {
    let (seeker, form) = Seeker::posted(state, http, body, PURPOSE).await?;
    let Seeker { state, http, origin } = &seeker;
    let typed = form::cut(form::text(&form, "username")?);
    let name = normalize_login(&typed);
    if name.is_empty() {
        return Ok(page(&seeker, &typed, Some(Refused::Empty)));
    }
    match limits::recovery_mail(state, &name, sender::address(state, http), state.now()).await? {
        Ok(reserved) => reserved.failed(),
        Err(Throttled { retry_after }) => return Ok(page(&seeker, &typed, Some(Refused::Throttled(retry_after)))),
    }
    let began = Instant::now();
    send(state, &name, origin.as_ref()).await?;
    answer::on_the_next_step(began).await;
    Ok(answer::see_other(seeker.href(SENT)))
}

/// `/recover/sent`
pub(crate) async fn sent(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, PageError> {
    let seeker = Seeker::opened(state, http).await?;
    let shell = seeker.shell(SENT);
    let texts = &shell.texts.recovery;
    let page = StepPage::new(shell, "recover-sent-page", texts.sent_title, (texts.sent_lede, String::new()))
        .notice(Some(Notice::new(crate::web::pages::Tone::Info, texts.nothing_came)))
        .way("recover-sign-in", seeker.sign_in(), texts.back)
        .way("recover-again", seeker.href(page_paths::RECOVER), texts.again)
        .way("recover-code", seeker.href(CODE), texts.use_code);
    Ok(seeker.show(StatusCode::OK, &page))
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
        let link = action_tokens::link(state, page_paths::RECOVER, &issued);
        return Ok(mail::pretend(state, Message::Recover { link: &link }).await?);
    };
    let issued = action_tokens::issue(state, order.of(user).to(&address), now).await?;
    let link = action_tokens::link(state, page_paths::RECOVER, &issued);
    mail::send(state, &address, Message::Recover { link: &link }, accounts::language(user)).await?;
    Ok(())
}

/// Only an address that its owner has proven: a link to another one would be a way in for whoever has it.
fn address(user: &User) -> Option<Mailbox> {
    user.verified_email().filter(|_| user.disabled_at.is_none()).and_then(Mailbox::parse)
}

fn page(seeker: &Seeker, typed: &str, refused: Option<Refused>) -> HttpResponse {
    let shell = seeker.shell(page_paths::RECOVER);
    let texts = &shell.texts.recovery;
    let name = Field::new(FieldKind::Name, "username", texts.name).value(typed);
    let (status, name, wait) = match refused {
        None => (StatusCode::OK, name.state(FieldState::Focused), None),
        Some(Refused::Empty) => (StatusCode::UNPROCESSABLE_ENTITY, name.refused(Some(texts.missing.to_owned())), None),
        Some(Refused::Throttled(wait)) => (StatusCode::TOO_MANY_REQUESTS, name, Some(wait)),
    };
    let notice = wait.map(|wait| Notice::throttled(&shell.texts.common, wait));
    let form = seeker.form(page_paths::RECOVER, PURPOSE, ("recover-submit", texts.submit)).field(name);
    let page = StepPage::new(shell, "recover-page", texts.title, (texts.lede, String::new()))
        .notice(notice)
        .form(form)
        .way("recover-code", seeker.href(CODE), texts.use_code)
        .way("recover-sign-in", seeker.sign_in(), texts.back);
    answer::retry_after(seeker.show(status, &page), wait)
}
