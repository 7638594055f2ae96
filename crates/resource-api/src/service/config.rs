//! What an operator of the example service decides beside what every protected API has: where things are kept, and how many.

use std::fmt;

use protocol::issuer::Issuer;
use protocol::secret::SecretString;

use crate::config::{EnvironmentError, Introspection, PREFIX, Settings};
use crate::introspection::ClientCredentials;
use crate::signature::Policy;

#[derive(Clone)]
pub struct Config {
    pub settings: Settings,
    /// `sqlite:PATH` or `postgres://…`.
    pub database_url: String,
    /// Threads that answer requests. Default: one per core that the process may use.
    pub workers: Option<usize>,
    pub limits: Limits,
}

/// How much one caller may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file; at most 16 MiB, because a file is held in memory while it comes and goes.
    pub file_bytes: usize,
    /// Bytes of all notes and files of one person or one group.
    pub owner_bytes: i64,
    /// Event streams of one person at once, in one process.
    pub streams_per_person: usize,
    /// Event streams of all at once, in one process.
    pub streams: usize,
}

const LARGEST_FILE: usize = 16 * 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 1024 * 1024, owner_bytes: 20 * 1024 * 1024, streams_per_person: 8, streams: 256 }
    }
}

impl Config {
    /// A configuration with defaults: SQLite in the working directory, no browser apps.
    pub fn new(issuer: Issuer, audience: impl Into<String>) -> Self {
        Self::with(Settings::new(issuer, audience))
    }

    /// Makes this service a client of the issuer: it asks about every token and API key, lets keys sign requests, and signs people in on
    /// its page `/app`. Register `…/bff/callback` and `…/app` below its public URL.
    pub fn authenticate_as(&mut self, client_id: impl Into<String>, client_secret: SecretString) {
        let credentials = ClientCredentials::SecretBasic { client_id: client_id.into(), client_secret };
        self.settings.introspection = Some(Introspection { every_token: true, ..Introspection::new(credentials) });
        self.settings.signatures = Some(Policy::default());
    }

    fn with(settings: Settings) -> Self {
        let database_url = "sqlite:countersign-notes.db".to_owned();
        Self { settings, database_url, workers: None, limits: Limits::default() }
    }

    /// Reads what [`Settings::from_env`] reads, `COUNTERSIGN_API_DATABASE_URL`, `…_FILE_BYTES` and `…_OWNER_BYTES`.
    #[expect(clippy::disallowed_methods, reason = "the edge of the program: everything else gets a Config")]
    pub fn from_env() -> Result<Self, EnvironmentError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// The same, from any source of variables.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let mut config = Self::with(Settings::from_variables(&variable)?);
        if let Some(url) = variable(&format!("{PREFIX}DATABASE_URL")).filter(|url| !url.is_empty()) {
            config.database_url = url;
        }
        let mut wrong = Vec::new();
        let mut number = |name: &str, most: i64| {
            let text = variable(&format!("{PREFIX}{name}")).filter(|text| !text.is_empty())?;
            match text.parse::<i64>() {
                Ok(number) if (1..=most).contains(&number) => return Some(number),
                _ => wrong.push(format!("{PREFIX}{name}: is a number of bytes from 1 to {most}")),
            }
            None
        };
        if let Some(bytes) = number("FILE_BYTES", i64::try_from(LARGEST_FILE).unwrap_or(i64::MAX)) {
            config.limits.file_bytes = usize::try_from(bytes).unwrap_or(LARGEST_FILE);
        }
        if let Some(bytes) = number("OWNER_BYTES", 1 << 50) {
            config.limits.owner_bytes = bytes;
        }
        if wrong.is_empty() { Ok(config) } else { Err(EnvironmentError(wrong)) }
    }
}

/// Without the database URL, which may hold a password.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("settings", &self.settings)
            .field("workers", &self.workers)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_has_a_default_and_stays_out_of_logs() {
        let from = |pairs: &[(&str, &str)]| {
            Config::from_variables(|name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let two =
            [("COUNTERSIGN_API_ISSUER", "https://id.example"), ("COUNTERSIGN_API_AUDIENCE", "https://api.example")];
        assert_eq!(from(&two).expect("is enough").database_url, "sqlite:countersign-notes.db");
        let three = [two[0], two[1], ("COUNTERSIGN_API_DATABASE_URL", "postgres://me:hunter2@db/notes")];
        let config = from(&three).expect("is enough");
        assert!(config.database_url.contains("hunter2") && !format!("{config:?}").contains("hunter2"));
    }
    #[test]
    fn limits_are_numbers_of_bytes() {
        let from = |name: &'static str, value: &'static str| {
            Config::from_variables(move |asked| match asked.strip_prefix("COUNTERSIGN_API_") {
                Some("ISSUER") => Some("https://id.example".to_owned()),
                Some("AUDIENCE") => Some("https://api.example".to_owned()),
                Some(other) if other == name => Some(value.to_owned()),
                _ => None,
            })
        };
        assert_eq!(from("FILE_BYTES", "4096").expect("fits").limits.file_bytes, 4096);
        assert_eq!(from("OWNER_BYTES", "1").expect("fits").limits.owner_bytes, 1);
        for (name, value) in
            [("FILE_BYTES", "0"), ("FILE_BYTES", "16777217"), ("FILE_BYTES", "1M"), ("OWNER_BYTES", "-1")]
        {
            assert!(from(name, value).is_err(), "{name} {value}");
        }
    }
}
