//! `/login/passkey`: a passkey beside a password. `/passkey/sign-in`: a passkey alone, from the form on the login page.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::ids::UserId;
use protocol::login::Factor;
use protocol::metadata::paths;
use protocol::params::Params;
use store::StoreError;
use store::interactions::Keep;
use store::passkeys::Passkey;

use super::second_factor::{Challenge, Refused};
use super::{Proof, Remember, RestsOn, UnderWay, proven};
use crate::AppState;
use crate::limits::Throttled;
use crate::passkeys::{self, PasskeyError, Presented};
use crate::web::asked::Due;
use crate::web::authorize::Visit;
use crate::web::error::{AuthorizeError, PageError};
use crate::web::interaction::Pending;
use crate::web::pages::{Notice, PasskeyPage};
use crate::web::passkey::{self, Purpose, REFUSED, Refusal};
use crate::web::{answer, form};

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    Ok(Challenge::opened(state, http, Factor::Passkey).await?.show(|challenge| page(challenge, None)))
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let (due, form) = Challenge::answered(state, http, body, Factor::Passkey).await?;
    let challenge = match due {
        Due::Here(challenge) => challenge,
        Due::Elsewhere(response) => return Ok(response),
    };
    let (visit, user) = (&challenge.visit, &challenge.under_way.user.id);
    let presented = passkey::presented(&form, &challenge.pending.interaction.browser_hash)?;
    match verify(visit, Some(user), presented).await? {
        Ok((_, used)) => {
            let Challenge { visit, pending, under_way, .. } = *challenge;
            proven(visit, pending, under_way.and(&passkeys::backup(&used).methods(), Remember::No)).await
        }
        Err(refused) => {
            if let Refused::Wrong(error) = &refused {
                passkey::note_refused(visit, error).await?;
                challenge.note_failure().await?;
            }
            Ok(page(&challenge, Some(refused)))
        }
    }
}

/// Reserves the try, then verifies.
async fn verify(
    visit: &Visit,
    user: Option<&UserId>,
    presented: Presented<'_>,
) -> Result<Result<(UserId, Passkey), Refused<PasskeyError>>, StoreError> {
    let state = &visit.state;
    let reserved = match passkey::reserve(visit).await? {
        Ok(reserved) => reserved,
        Err(throttled) => return Ok(Err(throttled.into())),
    };
    match passkeys::finish_authentication(state, user, presented, visit.now).await {
        Ok(proven) => {
            reserved.succeeded(state).await;
            Ok(Ok(proven))
        }
        Err(PasskeyError::Store(error)) => {
            reserved.not_evaluated(state).await;
            Err(error)
        }
        Err(error) => {
            reserved.failed();
            Ok(Err(Refused::Wrong(error)))
        }
    }
}

pub(crate) async fn sign_in_post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let (visit, pending, form) = Visit::posted(state, http, body).await?;
    let presented = passkey::presented(&form, &pending.interaction.browser_hash)?;
    let refused = match verify(&visit, None, presented).await? {
        Ok((user, used)) => match proof(&visit, &user, &used, &form).await? {
            Some(proof) => return proven(visit, pending, proof).await,
            None => PasskeyError::NotAllowed,
        },
        Err(Refused::Throttled(wait)) => return Err(passkey::too_many(Throttled { retry_after: wait }).into()),
        Err(Refused::Wrong(error)) => error,
    };
    passkey::note_refused(&visit, &refused).await?;
    Ok(back_to_login(&visit, &pending, Refusal::of(&refused)))
}

/// `None` for somebody who is disabled. Their password manager must not hear that the passkey is unknown: it would hide or delete it,
/// and they may be enabled again.
async fn proof(visit: &Visit, user: &UserId, used: &Passkey, form: &Params) -> Result<Option<Proof>, PageError> {
    let user = store::users::find(&visit.state.store, user).await?;
    let Some(user) = user.filter(|user| user.disabled_at.is_none()) else { return Ok(None) };
    let keep = if form::ticked(form, "keep")? { Keep::OnThisDevice } else { Keep::UntilBrowserCloses };
    let proven = passkeys::backup(used).methods().into_iter().collect();
    let (since, rests_on) = (visit.now, RestsOn::ThisSignIn);
    Ok(Some(Proof { user, proven, since, keep, password_set_at: None, rests_on, remember: Remember::No }))
}

/// The login page says why; it has the other ways, too.
fn back_to_login(visit: &Visit, pending: &Pending, refusal: Refusal) -> HttpResponse {
    let (page, id) = (visit.state.issuer().endpoint(paths::LOGIN), &pending.interaction.id);
    let location = format!("{page}?interaction={id}&{REFUSED}={}", refusal.name());
    answer::see_other(location)
}

fn page(challenge: &Challenge, refused: Option<Refused<PasskeyError>>) -> HttpResponse {
    let (shell, visit) = (challenge.shell(), &challenge.visit);
    let texts = shell.texts;
    let told = refused.map(|refused| match refused {
        Refused::Wrong(error) => Refused::Wrong(Refusal::of(&error)),
        Refused::Throttled(wait) => Refused::Throttled(wait),
    });
    let notice = told.map(|told| match told {
        Refused::Wrong(refusal) => Notice::danger(refusal.sentence(&texts.passkey)),
        Refused::Throttled(wait) => Notice::throttled(&texts.common, wait),
    });
    let page = PasskeyPage {
        account: challenge.account(),
        notice,
        passkey: passkey::sign_in_form(
            visit,
            &challenge.pending,
            Purpose::SecondFactor,
            UnderWay::session_of_form(Some(&challenge.under_way), visit),
        ),
        unknown: match told {
            Some(Refused::Wrong(Refusal::Unknown)) => passkeys::rp_id(visit.state.issuer()),
            _ => None,
        },
        ways: challenge.other_ways(&shell),
        other_account: challenge.other_account(),
        shell,
    };
    challenge.respond(&page, told)
}
