//! `/`: where somebody lands who types the server's address. Leads to the account of whoever is signed in, and says where the
//! documents are.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use protocol::metadata::paths;

use crate::AppState;
use crate::config::SignUp;
use crate::page_paths;
use crate::web::error::PageError;
use crate::web::pages::HomePage;
use crate::web::{answer, cards, session, shell};

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, PageError> {
    if session::current(&state, &http, state.now()).await?.is_some() {
        let account = state.issuer().endpoint(page_paths::ACCOUNT);
        return Ok(answer::see_other(account));
    }
    let home = HomePage {
        shell: shell::of(&state, &http),
        sign_up: (state.config.accounts.sign_up == SignUp::Open).then(|| cards::path(&state, page_paths::SIGN_UP)),
        issuer: state.issuer().as_str().to_owned(),
        discovery: state.issuer().endpoint(paths::OPENID_CONFIGURATION),
        keys: state.issuer().endpoint(paths::JWKS),
    };
    Ok(answer::page(StatusCode::OK, &home, &state, &http))
}
