//! Forms that this server made for this browser: the browser's binding cookie, the token of a form, the refusal of every other form.
//! What a form is for (an interaction, a session, a link that was sent) is part of its token, as words of the page that makes it.

use actix_web::HttpRequest;
use protocol::params::Params;

use crate::action_tokens::ActionToken;
use crate::web::cookies::{self, Life};
use crate::web::error::{PageError, Situation};
use crate::web::form;
use crate::{AppState, random};

/// The binding secret of this browser, if it has one.
pub(crate) fn secret(state: &AppState, http: &HttpRequest) -> Option<String> {
    cookies::read(state, http, cookies::BROWSER)
}

/// The same where nothing goes on without it.
pub(crate) fn known(state: &AppState, http: &HttpRequest) -> Result<String, PageError> {
    secret(state, http).ok_or_else(|| PageError::new(Situation::NoCookies).because("the browser sent no cookie"))
}

/// The binding secret of this browser, which it has from now on if it had none.
pub(crate) fn secret_from_now_on(state: &AppState, http: &HttpRequest) -> String {
    secret(state, http).filter(|secret| secret.len() == 43).unwrap_or_else(|| {
        let secret = random::secret().expose().clone();
        cookies::send(http, cookies::write(state, cookies::BROWSER, secret.clone(), Life::Browser));
        secret
    })
}

/// The token of a form. The browser has our cookie from now on.
pub(crate) fn csrf(state: &AppState, http: &HttpRequest, purpose: &str) -> String {
    csrf_of(state, &secret_from_now_on(state, http), purpose)
}

/// The token of a form in the browser with this secret.
pub(crate) fn csrf_of(state: &AppState, secret: &str, purpose: &str) -> String {
    state.keys.secrets().csrf_mac(input(secret, purpose).as_bytes())
}

/// What the form behind a link is for.
pub(crate) fn of_link(token: &ActionToken) -> String {
    format!("{} {}", token.purpose.name(), token.id)
}

/// Refuses a form that this server did not make for this browser and purpose.
pub(crate) fn check(state: &AppState, http: &HttpRequest, form: &Params, purpose: &str) -> Result<(), PageError> {
    check_of(state, http, form, &known(state, http)?, purpose)
}

/// The same in the browser with this secret: by `Sec-Fetch-Site` where it is sent, by the token always.
pub(crate) fn check_of(
    state: &AppState,
    http: &HttpRequest,
    form: &Params,
    secret: &str,
    purpose: &str,
) -> Result<(), PageError> {
    refuse_other_sites(http)?;
    match state.keys.secrets().verify_csrf_mac(input(secret, purpose).as_bytes(), form::text(form, "csrf")?) {
        true => Ok(()),
        false => Err(foreign("the csrf token is not that of this browser, interaction and session")),
    }
}

/// The part of [`check_of`] for which nothing has to be known of the browser.
pub(crate) fn refuse_other_sites(http: &HttpRequest) -> Result<(), PageError> {
    let site = http.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    match site {
        Some("cross-site" | "same-site") => Err(foreign("the form was sent by another site")),
        _ => Ok(()),
    }
}

/// A form that we did not make for this browser.
pub(crate) fn foreign(cause: &str) -> PageError {
    PageError::new(Situation::ForeignForm).because(cause)
}

fn input(secret: &str, purpose: &str) -> String {
    format!("{secret} {purpose}")
}
