//! `/select-account` (`prompt=select_account`): go on as the person who is signed in, or as somebody else.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::authorize::decide::Step;

use crate::AppState;
use crate::web::authorize::Visit;
use crate::web::error::{AuthorizeError, PageError, Situation};
use crate::web::pages::SelectAccountPage;
use crate::web::{answer, cards, form, shell};

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let (visit, pending) = Visit::resumed(state, http).await?;
    let examined = visit.examine(&pending.params, Some(&pending.interaction)).await?;
    match (&examined.step, &visit.signed_in) {
        (Step::SelectAccount, Some((session, user))) => {
            let select = SelectAccountPage {
                shell: shell::in_language(&visit.state, &visit.http, &examined.request.ui_locales),
                action: cards::path(&visit.state, cards::SELECT_ACCOUNT),
                interaction: pending.interaction.id.to_string(),
                csrf: pending.csrf(&visit.state, Some(&session.id)),
                client: cards::client(&examined.client),
                account: cards::account(user),
            };
            Ok(answer::page(StatusCode::OK, &select, &visit.state, &visit.http))
        }
        _ => visit.proceed(&pending.params, Some(pending.interaction)).await,
    }
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let form = form::read(&state, &http, body).await.map_err(PageError::from)?;
    let (visit, pending) = Visit::answered(state, http, &form).await?;
    let Some((session, _)) = &visit.signed_in else {
        return visit.proceed(&pending.params, Some(pending.interaction)).await;
    };
    pending.check_form(&visit.state, &visit.http, &form, Some(&session.id))?;
    let mut interaction = pending.interaction;
    match form.get("decision").map_err(PageError::bad_link)? {
        Some("continue") => {
            let _marked =
                store::interactions::mark_account_selected(&visit.state.store, &interaction.id, visit.now).await?;
            interaction.account_selected_at = Some(visit.now);
            visit.proceed(&pending.params, Some(interaction)).await
        }
        Some("other") => {
            let location = cards::other_account(&visit.state, &interaction.id);
            Ok(HttpResponse::SeeOther().insert_header((LOCATION, location)).finish())
        }
        _ => Err(PageError::new(Situation::ForeignForm).because("the form has no decision").into()),
    }
}
