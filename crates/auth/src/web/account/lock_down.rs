//! `/account/lock-down`: what to do when somebody else was in the account, step by step. The first step needs nothing but this
//! session; the others lead to the pages that change passwords and factors.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::page_paths::account;
use crate::web::pages::{AccountPart, FirstStep, Form, LockDownPage, Weight};
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::{AppState, accounts, action_tokens, known_browsers};

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Whenever, None).await?;
    let shell = super::shell(&visitor);
    let texts = &shell.texts.sessions;
    let form = Form::new(visitor.path(account::LOCK_DOWN), visitor.csrf(), "lock-down-submit", texts.lock_1_submit);
    let page = LockDownPage {
        frame: super::frame(&visitor, AccountPart::Log),
        first: match super::asked(&visitor.http, "done")?.as_deref() {
            Some("ended") => FirstStep::Done,
            _ => FirstStep::Ask(form.weight(Weight::Danger)),
        },
        password: visitor.path(account::PASSWORD),
        security: visitor.path(account::SECURITY),
        apps: visitor.path(account::APPS),
        api_keys: visitor.path(account::API_KEYS),
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &page))
}

pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, _form) = Visitor::posted(state, http, body, Since::Whenever, account::LOCK_DOWN).await?;
    let (state, user) = (&visitor.state, &visitor.user);
    accounts::end_other_sessions(state, &visitor.http, user, &visitor.session.id).await?;
    known_browsers::forget_others(state, &visitor.http, &user.id).await?;
    action_tokens::void(state, &user.id, None, visitor.now).await?;
    Ok(super::done(&visitor, account::LOCK_DOWN, "ended"))
}
