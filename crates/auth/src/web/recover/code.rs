//! `/recover/code`: a name and one of its recovery codes become a link to a new password. The code is used up; the second factor
//! that it was made for stays, and is asked for at the next sign-in.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::action_token::Purpose;
use protocol::ids::UserId;
use protocol::mail::Notice as MailNotice;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use protocol::user::{User, normalize_login};
use store::Won;
use tokio::time::{Instant, sleep_until};

use super::CODE;
use super::seeker::Seeker;
use crate::action_tokens::{self, Order};
use crate::limits::{self, Throttled};
use crate::page_paths;
use crate::security_log::{self, Event};
use crate::sender;
use crate::web::error::PageError;
use crate::web::pages::{Field, FieldKind, FieldState, Notice, StepPage};
use crate::web::{answer, form};
use crate::{AppState, accounts, random, recovery_codes};

const PURPOSE: &str = "recover code";
/// For the new password, after the code was right.
const LIFETIME: Seconds = Seconds::minutes(15);
/// A wrong code is answered that long after it came, whatever there was to look up: longer than the work takes.
const REFUSED_AFTER: Duration = Duration::from_millis(50);

enum Refused {
    Wrong,
    Throttled(Seconds),
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, PageError> {
    Ok(page(&Seeker::opened(state, http).await?, "", None))
}

pub(crate) async fn post(state: Data<AppState>, http: HttpRequest, body: Payload) -> Result<HttpResponse, PageError> {
    let (seeker, form) = Seeker::posted(state, http, body, PURPOSE).await?;
    let refused_at = Instant::now() + REFUSED_AFTER;
    let Seeker { state, http, .. } = &seeker;
    let typed = form::cut(form::text(&form, "username")?);
    let name = normalize_login(&typed);
    let peer = sender::address(state, http);
    let reserved = match limits::recovery(state, peer, state.now()).await? {
        Ok(reserved) => reserved,
        Err(Throttled { retry_after }) => return Ok(page(&seeker, &typed, Some(Refused::Throttled(retry_after)))),
    };
    let owner = store::users::find_by_login(&state.store, &name).await?.filter(|user| user.disabled_at.is_none());
    // Where there is nobody, the code of nobody is tried.
    let id = owner.as_ref().map_or_else(|| UserId::from_random(random::id()), |user| user.id.clone());
    let won = recovery_codes::use_one(state, &id, form::text(&form, "recovery-code")?, state.now()).await?;
    let (Some(user), Won::Yes) = (&owner, won) else {
        reserved.failed();
        // Nobody's log takes nothing; the work beside the answer is the same.
        let event = Event::new(&id, SecurityEvent::SecondFactorFailed).with("factor", "recovery_code");
        security_log::note_aside(state, http, event);
        sleep_until(refused_at).await;
        return Ok(page(&seeker, &typed, Some(Refused::Wrong)));
    };
    reserved.succeeded(state).await;
    Ok(answer::see_other(link(&seeker, user).await?))
}

async fn link(Seeker { state, http, origin }: &Seeker, user: &User) -> Result<String, PageError> {
    let order = Order { interaction: origin.as_ref(), lifetime: LIFETIME, ..Order::new(Purpose::Recover) };
    let issued = action_tokens::issue(state, order.of(user), state.now()).await?;
    security_log::note(state, http, Event::new(&user.id, SecurityEvent::RecoveryCodeUsed)).await?;
    accounts::tell(state, user, MailNotice::RecoveryCodeUsed).await?;
    Ok(action_tokens::link(state, page_paths::RECOVER, &issued))
}

fn page(seeker: &Seeker, typed: &str, refused: Option<Refused>) -> HttpResponse {
    let shell = seeker.shell(CODE);
    let texts = &shell.texts.recovery;
    let (status, field_state, notice) = match refused {
        None => (StatusCode::OK, FieldState::Plain, None),
        Some(Refused::Wrong) => {
            let notice = Notice::danger(texts.code_wrong).titled(texts.code_wrong_title);
            (StatusCode::UNPROCESSABLE_ENTITY, FieldState::Invalid, Some(notice))
        }
        Some(Refused::Throttled(wait)) => {
            let notice = Notice::throttled(&shell.texts.common, wait);
            (StatusCode::TOO_MANY_REQUESTS, FieldState::Plain, Some(notice))
        }
    };
    let form = seeker
        .form(CODE, PURPOSE, ("recover-code-submit", texts.code_submit))
        .field(Field::new(FieldKind::Name, "username", texts.name).value(typed).state(field_state.clone()))
        .field(Field::new(FieldKind::RecoveryCode, "recovery-code", texts.code).state(field_state));
    let page = StepPage::new(shell, "recover-code-page", texts.code_title, (texts.code_lede, String::new()))
        .notice(notice)
        .form(form)
        .way("recover-mail", seeker.href(page_paths::RECOVER), texts.use_mail)
        .way("recover-sign-in", seeker.sign_in(), texts.back);
    let wait = match refused {
        Some(Refused::Throttled(wait)) => Some(wait),
        _ => None,
    };
    answer::retry_after(seeker.show(status, &page), wait)
}
