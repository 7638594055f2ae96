//! The ways out of the frame: the button *Sign out*, and the link to another account.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::AppState;
use crate::page_paths;
use crate::web::error::PageError;
use crate::web::visitor::{Since, Visitor, VisitorError};
use crate::web::{answer, interaction, logout};

/// The form came from our own page and names the session, so nobody is asked again. Whoever is signed out already is told nothing.
pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let home = state.issuer().endpoint("/");
    match Visitor::posted(state, http, body, Since::Whenever, page_paths::ACCOUNT).await {
        Ok((visitor, _form)) => Ok(logout::of_visitor(visitor).await?),
        Err(VisitorError::SignIn(_)) => Ok(answer::see_other(home)),
        Err(page) => Err(page),
    }
}

pub(crate) async fn switch(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, PageError> {
    let id = interaction::begin_choice(&state, &http, page_paths::ACCOUNT).await?;
    let location = format!("{}?interaction={id}", state.issuer().endpoint(page_paths::SELECT_ACCOUNT));
    Ok(answer::see_other(location))
}
