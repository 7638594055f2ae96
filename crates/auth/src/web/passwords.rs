//! What pages do with passwords: a place among those that are hashed, the count of tries; of a new one the field that asks for it,
//! the rules, the hash. What follows from a new password is in `accounts.rs`.

use std::time::Duration;

use actix_web::HttpRequest;
use protocol::params::Params;
use protocol::secret::SecretString;
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use store::StoreError;
use store::passwords::NewPassword;

use crate::limits::{self, Asker, Reserved, Throttled};
use crate::passwords::policy::{self, About, Strength, Weakness};
use crate::passwords::{Busy, PasswordError, Permit};
use crate::sender;
use crate::text::Texts;
use crate::web::error::{PageError, Situation};
use crate::web::form;
use crate::web::pages::Field;
use crate::{AppState, known_browsers};

/// The field of a form that has a new password.
const NEW: &str = "new-password";
/// Between the request and its refusal when the server is full; see docs/decisions/006-hashing-threads.md.
const REFUSAL_PAUSE: Duration = Duration::from_millis(30);
/// For the log.
pub(crate) const FULL: &str = "as many passwords are being verified as the server can";

/// A place among the passwords that are verified, or the refusal. Who comes back at once without reading `Retry-After` is
/// slowed down, because answering must not take the time that verifying needs.
pub(crate) async fn admit(state: &AppState) -> Result<Permit, PageError> {
    place(state)
        .await
        .map_err(|wait| PageError { retry_after: Some(wait), ..PageError::new(Situation::Busy) }.because(FULL))
}

/// The same, or how long to wait.
pub(crate) async fn place(state: &AppState) -> Result<Permit, Seconds> {
    let Busy { retry_after } = match state.passwords.admit() {
        Ok(permit) => return Ok(permit),
        Err(busy) => busy,
    };
    tokio::time::sleep(REFUSAL_PAUSE).await;
    Err(Seconds(i64::try_from(retry_after.as_secs()).unwrap_or(60).max(1)))
}

/// Counts a try before it is looked at, whether or not somebody has the name, so that neither the time nor the answer tells.
pub(crate) async fn reserve(
    state: &AppState,
    http: &HttpRequest,
    name: &str,
    user: Option<&User>,
    now: Timestamp,
) -> Result<Result<Reserved, Throttled>, StoreError> {
    let known = known_browsers::of_this_browser(state, http, now).await?;
    let known = known.iter().find(|browser| user.is_some_and(|user| user.id == browser.user_id));
    let asker = Asker {
        name,
        account: user.map(|user| &user.id),
        known: known.map(|browser| &browser.id),
        peer: sender::address(state, http),
    };
    limits::password(state, asker, now).await
}

/// The field that asks for a new one.
pub(crate) fn field(state: &AppState, texts: &Texts, label: &'static str, strength: Strength) -> Field {
    Field::new_password(texts, NEW, label, policy::least(&state.config.passwords, strength))
}

/// What was typed there.
pub(crate) fn typed(form: &Params) -> Result<SecretString, PageError> {
    Ok(SecretString::new(form::text(form, NEW)?.to_owned()))
}

/// Whether somebody may have it.
pub(crate) fn check(
    state: &AppState,
    user: &User,
    strength: Strength,
    typed: &SecretString,
) -> Result<(), Vec<Weakness>> {
    let about = About::of(&state.config, user, strength);
    policy::check(&state.config.passwords, &about, typed.expose())
}

/// What is kept of one that was checked.
pub(crate) async fn hash(state: &AppState, permit: Permit, typed: SecretString) -> Result<NewPassword, PageError> {
    let needs_second_factor = policy::needs_second_factor(&state.config.passwords, typed.expose());
    let phc = permit.hash(typed).await.map_err(broken)?;
    Ok(NewPassword { phc, needs_second_factor })
}

pub(crate) fn broken(error: PasswordError) -> PageError {
    PageError::new(Situation::Broken).because(error)
}
