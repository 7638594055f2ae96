//! A new person, whoever makes them (`user add`, `user import`, `[seed]`): what their name, addresses and password must look
//! like, and how the password is kept.

use auth::config::{Config, PasswordsConfig};
use auth::passwords::policy::{self, About, Strength};
use protocol::ids::UserId;
use protocol::login::ResetBy;
use protocol::secret::SecretString;
use protocol::time::Timestamp;
use protocol::user::{self, User};
use store::Store;
use store::passwords::{How, NewPassword};

use crate::failure::Failure;
use crate::installation::open_keys;

/// Names and e-mail addresses are typed into one field, so no name may look like an address, in any form that is compared.
/// The rule is that of the sign-up, because what one lets in keeps its owner out at the other.
pub fn check_username(text: &str) -> Result<(), String> {
    user::check_username(text).map_err(|fault| fault.to_string())
}

/// Whether mail arrives is for mail to find out (RFC 5321 §3.3).
pub fn check_email(text: &str) -> Result<(), &'static str> {
    let plain = text.len() <= 254 && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    let address = plain && text.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
    if address { Ok(()) } else { Err("this is no e-mail address") }
}

/// OpenID Connect Core §5.1 recommends E.164, and RFC 3966 behind it for extensions.
pub fn check_phone_number(text: &str) -> Result<(), &'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || " ()-.;=".contains(c);
    let number = text.len() <= 64
        && text
            .strip_prefix('+')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) && rest.chars().all(plain));
    if number { Ok(()) } else { Err("write it with its country code, as +1 555 0100") }
}

/// The command line and seeds know nothing of second factors, so a password has to be enough by itself.
pub fn check_password(config: &Config, user: &User, password: &SecretString) -> Result<(), String> {
    let about = About::of(config, user, Strength::Alone);
    policy::check(&config.passwords, &about, password.expose()).map_err(|weaknesses| {
        let sentences: Vec<_> = weaknesses.iter().map(ToString::to_string).collect();
        sentences.join("; ")
    })
}

/// In the place of the one of before, with everything that follows from that. Takes as long as a hash takes.
pub async fn replace_password(
    store: &Store,
    config: &Config,
    user: &User,
    password: &SecretString,
    now: Timestamp,
) -> Result<(), Failure> {
    let phc = auth::passwords::hash_blocking(&config.passwords, password.expose()).map_err(Failure::failed)?;
    let new = NewPassword { phc, needs_second_factor: false };
    let how = How::Reset { by: ResetBy::Administrator, browser: None };
    store::passwords::replace(store, &user.id, &new, how, now).await?;
    let keys = open_keys(config, now)?;
    auth::limits::password_was_replaced(store, keys.secrets(), user, None).await?;
    Ok(())
}

/// The first one. Takes as long as a hash takes.
pub async fn set_password(
    store: &Store,
    passwords: &PasswordsConfig,
    user: &UserId,
    password: &SecretString,
    now: Timestamp,
) -> Result<(), Failure> {
    let phc = auth::passwords::hash_blocking(passwords, password.expose()).map_err(Failure::failed)?;
    store::passwords::set(store, user, &phc, now).await?;
    Ok(())
}
