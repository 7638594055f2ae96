//! Forms that belong to no interaction and to no session: those behind a link that somebody was sent. They are bound to the browser
//! that was shown them, and to what they are for.

use actix_web::HttpRequest;
use protocol::params::Params;

use crate::AppState;
use crate::web::error::{PageError, Situation};
use crate::web::{cookies, interaction};

/// The token of such a form. The browser has our cookie from now on.
pub(crate) fn csrf(state: &AppState, http: &HttpRequest, purpose: &str) -> String {
    let browser = interaction::browser(state, http);
    if let Some(cookie) = browser.new_cookie {
        cookies::send(http, cookie);
    }
    interaction::csrf(state, &browser.secret, purpose)
}

/// Refuses a form that this server did not make for this browser and purpose.
pub(crate) fn check(state: &AppState, http: &HttpRequest, form: &Params, purpose: &str) -> Result<(), PageError> {
    let browser = cookies::read(state, http, cookies::BROWSER)
        .ok_or_else(|| PageError::new(Situation::NoCookies).because("the browser sent no cookie"))?;
    interaction::refuse_foreign(state, http, form, &browser, purpose)
}
