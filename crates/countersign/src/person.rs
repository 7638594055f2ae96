//! A new person, whoever makes them (`user add`, `[seed]`): what their name, addresses and password must look like, and how
//! the password is kept.

use auth::config::PasswordsConfig;
use protocol::ids::UserId;
use protocol::secret::SecretString;
use protocol::time::Timestamp;
use store::Store;

use crate::failure::Failure;

/// Longer passwords cost time to read and gain nothing.
const LONGEST_PASSWORD: usize = 1024;

/// Names and e-mail addresses are typed into one field, so no name may look like an address.
pub fn check_username(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.contains('@') || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("a name has neither spaces nor @, which mark e-mail addresses");
    }
    Ok(())
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

/// NIST SP 800-63B §3.1.1.2: length counts, composition does not.
pub fn check_password(password: &SecretString, min_length: usize) -> Result<(), String> {
    let text = password.expose();
    if text.chars().count() < min_length {
        return Err(format!("the password needs at least {min_length} characters"));
    }
    if text.len() > LONGEST_PASSWORD {
        return Err(format!("the password has more than {LONGEST_PASSWORD} bytes"));
    }
    Ok(())
}

/// Takes as long as a hash takes.
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
