//! `/`: where somebody lands who types the server's address. Says who is signed in and where the documents are.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use protocol::metadata::paths;

use crate::AppState;
use crate::web::error::PageError;
use crate::web::pages::HomePage;
use crate::web::{answer, cards, session, shell};

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, PageError> {
    let signed_in = session::current(&state, &http, state.now()).await?;
    let home = HomePage {
        shell: shell::of(&state, &http),
        account: signed_in.map(|(_, user)| cards::account(&user)),
        logout: cards::path(&state, paths::LOGOUT),
        issuer: state.issuer().as_str().to_owned(),
        discovery: state.issuer().endpoint(paths::OPENID_CONFIGURATION),
        keys: state.issuer().endpoint(paths::JWKS),
    };
    Ok(answer::page(StatusCode::OK, &home, &state, &http))
}
