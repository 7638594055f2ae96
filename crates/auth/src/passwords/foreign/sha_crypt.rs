//! SHA-crypt, as in `/etc/shadow`: `$6$salt$hash` (SHA-512) and `$5$salt$hash` (SHA-256), with or without `rounds=`.

use sha_crypt::password_hash::Error;
use sha_crypt::{PasswordVerifier as _, ShaCrypt};

use super::{Refused, number};

/// Half a second and more; passlib makes 656,000, most systems 5,000.
const MOST_ROUNDS: u32 = 1_000_000;
const LEAST_ROUNDS: u32 = 1_000;
const LONGEST_SALT: usize = 16;

pub(in crate::passwords) struct Hash(String);

impl Hash {
    pub(super) fn parse(text: &str) -> Result<Self, Refused> {
        let fields: Vec<&str> = text.split('$').collect();
        let (name, rounds, salt, expected) = match fields[..] {
            ["", name, rounds, salt, expected] => (name, rounds.strip_prefix("rounds="), salt, expected),
            ["", name, salt, expected] => (name, Some("5000"), salt, expected),
            _ => return Err(Refused::Garbled),
        };
        if number(rounds.ok_or(Refused::Garbled)?, MOST_ROUNDS)? < LEAST_ROUNDS {
            return Err(Refused::Garbled);
        }
        let characters = if name == "6" { 86 } else { 43 };
        let crypt = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte));
        let whole = expected.len() == characters && crypt(expected) && salt.len() <= LONGEST_SALT && crypt(salt);
        if whole { Ok(Self(text.to_owned())) } else { Err(Refused::Garbled) }
    }

    pub(super) fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        match ShaCrypt::SHA512.verify_password(password, self.0.as_str()) {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(Refused::Garbled),
        }
    }
}
