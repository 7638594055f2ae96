//! `/.well-known/change-password` (W3C, A Well-Known URL for Changing Passwords): password managers lead people to the page that
//! changes their password. They ask for a resource that cannot exist first, to see whether this server can say 404; it can.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;

use crate::AppState;
use crate::page_paths;

pub(crate) const CHANGE_PASSWORD: &str = "/.well-known/change-password";

/// §2: "servers should redirect HTTP requests for an origin's change password url to the actual page", with 302, 303 or 307.
pub(crate) async fn change_password(state: Data<AppState>) -> HttpResponse {
    HttpResponse::Found().insert_header((LOCATION, state.issuer().endpoint(page_paths::account::PASSWORD))).finish()
}
