//! What an operator of the example service decides beside what every protected API has: where things are kept, and how many.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use protocol::issuer::Issuer;
use protocol::secret::SecretString;

use crate::config::{Introspection, Settings};
use crate::environment::Environment;
use crate::introspection::ClientCredentials;
use crate::signature::Policy;

#[derive(Clone)]
pub struct Config {
    pub settings: Settings,
    /// `sqlite:PATH` or `postgres://…`.
    pub database_url: String,
    /// What seals the sessions of the page `/app`: a file with one key on each line (32 bytes in base64url), the newest first, for
    /// its owner alone. `None`: made beside the SQLite database. All instances on one database need the same.
    pub session_key_file: Option<PathBuf>,
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
    /// Event streams of all at once, in one process. Each takes a file descriptor and some 20 KiB; beyond, everybody else gets 503.
    pub streams: usize,
    /// How long an event stream relies on what the issuer said last of a credential that can be revoked; at most 10 seconds.
    pub stream_believes: Duration,
}

/// What is revoked is dead everywhere after ten seconds.
const BELIEVED: Duration = Duration::from_secs(10);
const LARGEST_FILE: usize = 16 * 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 1024 * 1024,
            owner_bytes: 20 * 1024 * 1024,
            streams_per_person: 8,
            // With room for everything else below the usual 1024 file descriptors.
            streams: 800,
            stream_believes: BELIEVED,
        }
    }
}

impl Limits {
    pub(crate) fn stream_believes(&self) -> Duration {
        self.stream_believes.min(BELIEVED)
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
        Self { settings, database_url, session_key_file: None, workers: None, limits: Limits::default() }
    }

    /// What [`Settings::from_env`] reads, where things are kept, and how many.
    pub(super) fn read(environment: &mut Environment) -> Option<Self> {
        let (settings, database_url) = (Settings::read(environment), environment.text("DATABASE_URL"));
        let largest = i64::try_from(LARGEST_FILE).unwrap_or(i64::MAX);
        let file_bytes = environment.number("FILE_BYTES", "bytes", 1, largest);
        let owner_bytes = environment.number("OWNER_BYTES", "bytes", 1, 1 << 50);
        let streams = environment.number("STREAMS", "event streams", 1, 100_000);
        let key_file = environment.text("SESSION_KEY_FILE");
        // As a client of the issuer it asks about every token: an ended session and a disabled person are out after ten seconds, not
        // when their token ends.
        let every_token = environment.switch("EVERY_TOKEN").unwrap_or(true);
        let mut config = Self::with(settings?);
        if let Some(introspection) = &mut config.settings.introspection {
            introspection.every_token = every_token;
        }
        config.session_key_file = key_file.map(PathBuf::from);
        config.database_url = database_url.unwrap_or(config.database_url);
        config.limits.file_bytes =
            file_bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(config.limits.file_bytes);
        config.limits.owner_bytes = owner_bytes.unwrap_or(config.limits.owner_bytes);
        config.limits.streams =
            streams.and_then(|streams| usize::try_from(streams).ok()).unwrap_or(config.limits.streams);
        Some(config)
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

    fn from(name: &str, value: &str) -> Option<Config> {
        let pairs = [("ISSUER", "https://id.example"), ("AUDIENCE", "https://api.example"), (name, value)];
        let variables = pairs.map(|(name, value)| (format!("COUNTERSIGN_API_{name}"), value.to_owned()));
        let mut environment = Environment::of(variables);
        let config = Config::read(&mut environment);
        environment.finish(config).ok()
    }

    #[test]
    fn the_database_has_a_default_and_stays_out_of_logs() {
        assert_eq!(from("FILE_BYTES", "").expect("is enough").database_url, "sqlite:countersign-notes.db");
        let config = from("DATABASE_URL", "postgres://me:hunter2@db/notes").expect("is enough");
        assert!(config.database_url.contains("hunter2") && !format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn a_stream_believes_the_issuer_for_ten_seconds_at_most() {
        assert_eq!(Limits::default().stream_believes(), Duration::from_secs(10));
        let longer = Limits { stream_believes: Duration::from_mins(1), ..Limits::default() };
        assert_eq!(longer.stream_believes(), Duration::from_secs(10));
    }

    #[test]
    fn a_service_that_is_a_client_asks_about_every_token() {
        let client = [("CLIENT_ID", "notes"), ("CLIENT_SECRET", "hush"), ("SESSION_KEY_FILE", "/run/keys")];
        let with = |more: &[(&str, &str)]| {
            let all = [("ISSUER", "https://id.example"), ("AUDIENCE", "https://api.example")];
            let pairs = all.iter().chain(&client).chain(more);
            let mut environment =
                Environment::of(pairs.map(|(name, value)| (format!("COUNTERSIGN_API_{name}"), (*value).to_owned())));
            let config = Config::read(&mut environment);
            environment.finish(config).expect("is enough")
        };
        let asks = |config: &Config| config.settings.introspection.as_ref().is_some_and(|asked| asked.every_token);
        assert!(asks(&with(&[])) && !asks(&with(&[("EVERY_TOKEN", "false")])));
        assert_eq!(with(&[]).session_key_file, Some(PathBuf::from("/run/keys")));
    }

    #[test]
    fn limits_are_numbers() {
        assert_eq!(from("FILE_BYTES", "4096").expect("fits").limits.file_bytes, 4096);
        assert_eq!(from("OWNER_BYTES", "1").expect("fits").limits.owner_bytes, 1);
        assert_eq!(from("STREAMS", "5000").expect("fits").limits.streams, 5000);
        for (name, value) in [
            ("STREAMS", "0"),
            ("STREAMS", "100001"),
            ("FILE_BYTES", "0"),
            ("FILE_BYTES", "16777217"),
            ("FILE_BYTES", "1M"),
            ("OWNER_BYTES", "-1"),
        ] {
            assert!(from(name, value).is_none(), "{name} {value}");
        }
    }
}
