//! What a stored hash is: one of ours, or one that somebody brought along.

use argon2::Params;

use super::PasswordError;
use super::argon2id::{self, Memory, Phc};
use super::foreign::{self, Foreign};
use super::format::{Format, Refused};
use crate::config::PasswordsConfig;

/// The longest text that is looked at.
const LONGEST: usize = 1024;

pub(super) enum Stored {
    Argon2(Phc),
    Foreign(Foreign),
}

/// Whether a hash from elsewhere can be checked here, without a password.
pub fn examine(text: &str, config: &PasswordsConfig) -> Result<Format, Refused> {
    let ours = argon2id::params(config).map_err(|_| Refused::Unknown)?;
    Stored::parse(text, &ours).map(|stored| stored.format())
}

/// Without looking at more of it.
pub(super) fn is_argon2(text: &str) -> bool {
    without_hasher(text).starts_with("$argon2")
}

/// Django writes the name of its hasher before two of the common formats.
fn without_hasher(text: &str) -> &str {
    let text = text.strip_prefix("bcrypt$").unwrap_or(text);
    text.strip_prefix("argon2").filter(|rest| rest.starts_with('$')).unwrap_or(text)
}

impl Stored {
    pub(super) fn parse(text: &str, ours: &Params) -> Result<Self, Refused> {
        if text.len() > LONGEST {
            return Err(Refused::Garbled);
        }
        let text = without_hasher(text);
        match is_argon2(text) {
            true => Phc::parse(text, ours).map(Self::Argon2),
            false => foreign::parse(text).map(Self::Foreign),
        }
    }

    pub(super) fn matches(&self, password: &str, memory: &mut Memory) -> Result<bool, PasswordError> {
        match self {
            Self::Argon2(phc) => phc.matches(password, memory),
            Self::Foreign(foreign) => Ok(foreign.matches(password.as_bytes())?),
        }
    }

    pub(super) fn is_outdated(&self, ours: &Params) -> bool {
        match self {
            Self::Argon2(phc) => phc.is_outdated(ours),
            Self::Foreign(_) => true,
        }
    }

    fn format(&self) -> Format {
        match self {
            Self::Argon2(_) => Format::Argon2,
            Self::Foreign(foreign) => foreign.format(),
        }
    }
}
