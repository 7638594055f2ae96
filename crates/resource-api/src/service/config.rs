//! What an operator of the example service decides beside what every protected API has: where notes are kept.

use std::fmt;

use protocol::issuer::Issuer;

use crate::config::{EnvironmentError, PREFIX, Settings};

#[derive(Clone)]
pub struct Config {
    pub settings: Settings,
    /// `sqlite:PATH` or `postgres://…`.
    pub database_url: String,
    /// Threads that answer requests. Default: one per core that the process may use.
    pub workers: Option<usize>,
}

impl Config {
    /// A configuration with defaults: SQLite in the working directory, no browser apps.
    pub fn new(issuer: Issuer, audience: impl Into<String>) -> Self {
        Self::with(Settings::new(issuer, audience))
    }

    fn with(settings: Settings) -> Self {
        Self { settings, database_url: "sqlite:countersign-notes.db".to_owned(), workers: None }
    }

    /// Reads what [`Settings::from_env`] reads, and `COUNTERSIGN_API_DATABASE_URL`.
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
        Ok(config)
    }
}

/// Without the database URL, which may hold a password.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("settings", &self.settings)
            .field("workers", &self.workers)
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
}
