//! What an operator decides: whose tokens are accepted, where notes are kept, which web apps may call from a browser.
//!
//! Two settings are enough to start, issuer and audience; the rest has defaults. The environment is read here and nowhere
//! else in this crate. All problems are reported at once.

use std::fmt;
use std::path::Path;

use protocol::issuer::Issuer;
use protocol::time::Seconds;
use serde::{Deserialize, Deserializer};
use url::Url;

/// The prefix of every environment variable below.
const PREFIX: &str = "COUNTERSIGN_API_";

/// A key that an issuer withdrew must end here at some time.
const LONGEST: Seconds = Seconds::days(7);

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The only issuer whose tokens are accepted; compared byte for byte.
    #[serde(deserialize_with = "issuer")]
    pub issuer: Issuer,
    /// The identifier of this API: a token must carry it in `aud`.
    pub audience: String,
    /// Where callers reach this API; written into the OpenAPI document.
    pub public_url: String,
    /// `sqlite:PATH` or `postgres://…`.
    #[serde(default = "default_database")]
    pub database_url: String,
    /// Origins of browser apps that may call this API, as `https://app.example`. None by default.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// How long the issuer's keys are kept.
    #[serde(default)]
    pub jwks: JwksConfig,
    /// Threads that answer requests. Default: one per core that the process may use.
    #[serde(default)]
    pub workers: Option<usize>,
    /// PEM certificates of authorities to trust beside the system's, for an issuer with a private authority.
    #[serde(skip)]
    pub extra_ca: Option<Vec<u8>>,
}

/// Limits of the key cache; experience of other libraries says that nobody should have to change them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JwksConfig {
    /// Keys are not fetched more often than this, whatever `Cache-Control` says.
    pub min_ttl: Seconds,
    /// Keys are fetched at least this often.
    pub max_ttl: Seconds,
    /// How long keys stay in use after their time when the issuer cannot be reached.
    pub stale_for: Seconds,
    /// Tokens with an unknown `kid` cause at most one fetch in this time.
    pub unknown_kid_cooldown: Seconds,
}

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct Problem {
    pub key: &'static str,
    pub reason: String,
}

/// What is wrong with the environment, every variable at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct EnvironmentError(pub Vec<String>);

impl Default for JwksConfig {
    fn default() -> Self {
        Self {
            min_ttl: Seconds::minutes(5),
            max_ttl: Seconds::hours(24),
            stale_for: Seconds::hours(24),
            unknown_kid_cooldown: Seconds(30),
        }
    }
}

impl Config {
    /// A configuration with defaults: SQLite in the working directory, no browser apps.
    pub fn new(issuer: Issuer, audience: impl Into<String>, public_url: impl Into<String>) -> Self {
        Self {
            issuer,
            audience: audience.into(),
            public_url: public_url.into(),
            database_url: default_database(),
            allowed_origins: Vec::new(),
            jwks: JwksConfig::default(),
            workers: None,
            extra_ca: None,
        }
    }

    /// Reads `COUNTERSIGN_API_ISSUER`, `…_AUDIENCE`, `…_PUBLIC_URL` (default: the audience), `…_DATABASE_URL`,
    /// `…_ALLOWED_ORIGINS` (separated by spaces) and `…_CA_FILE`.
    #[expect(clippy::disallowed_methods, reason = "the edge of the program: everything else gets a Config")]
    pub fn from_env() -> Result<Self, EnvironmentError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// The same, from any source of variables.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let get = |name: &str| variable(&format!("{PREFIX}{name}")).filter(|value| !value.is_empty());
        let mut wrong = Vec::new();
        let issuer = match get("ISSUER").map(|text| Issuer::parse(&text)) {
            Some(Ok(issuer)) => Some(issuer),
            Some(Err(error)) => note(&mut wrong, format!("{PREFIX}ISSUER: {error}")),
            None => note(&mut wrong, format!("{PREFIX}ISSUER: is not set; it names the issuer whose tokens to accept")),
        };
        let audience = get("AUDIENCE")
            .or_else(|| note(&mut wrong, format!("{PREFIX}AUDIENCE: is not set; it is this API's identifier")));
        let extra_ca = match get("CA_FILE").map(|path| (std::fs::read(Path::new(&path)), path)) {
            Some((Ok(pem), _)) => Some(pem),
            Some((Err(error), path)) => note(&mut wrong, format!("{PREFIX}CA_FILE: {path}: {error}")),
            None => None,
        };
        let (Some(issuer), Some(audience)) = (issuer, audience) else { return Err(EnvironmentError(wrong)) };
        let public_url = get("PUBLIC_URL").unwrap_or_else(|| audience.clone());
        let mut config = Self { extra_ca, ..Self::new(issuer, audience, public_url) };
        if let Some(url) = get("DATABASE_URL") {
            config.database_url = url;
        }
        if let Some(origins) = get("ALLOWED_ORIGINS") {
            config.allowed_origins = origins.split_ascii_whitespace().map(str::to_owned).collect();
        }
        wrong.extend(config.problems().iter().map(|problem| {
            let name = problem.key.to_ascii_uppercase();
            format!("{PREFIX}{name}: {}", problem.reason)
        }));
        if wrong.is_empty() { Ok(config) } else { Err(EnvironmentError(wrong)) }
    }

    /// Everything that is wrong with the values, or nothing.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut problem = |key, reason: &str| found.push(Problem { key, reason: reason.to_owned() });
        // The audience stands as realm in challenges, so it must fit a quoted string (RFC 9110 §5.6.4).
        if self.audience.is_empty() || !self.audience.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\') {
            problem("audience", "has visible ASCII characters only, without quote and backslash");
        }
        if !Url::parse(&self.public_url).is_ok_and(|url| matches!(url.scheme(), "https" | "http")) {
            problem("public_url", "is an http or https URL");
        }
        for origin in &self.allowed_origins {
            if !is_origin(origin) {
                problem(
                    "allowed_origins",
                    &format!("{origin} is not an origin as https://app.example (no path, no *)"),
                );
            }
        }
        if self.jwks.min_ttl.0 < 1 || self.jwks.max_ttl < self.jwks.min_ttl {
            problem("jwks", "min_ttl is at least one second and at most max_ttl");
        }
        if self.jwks.max_ttl > LONGEST || self.jwks.stale_for > LONGEST || self.jwks.unknown_kid_cooldown > LONGEST {
            problem("jwks", "no time is longer than seven days");
        }
        if self.jwks.stale_for.0 < 0 || self.jwks.unknown_kid_cooldown.0 < 1 {
            problem("jwks", "stale_for is not negative and unknown_kid_cooldown is at least one second");
        }
        if self.workers == Some(0) {
            problem("workers", "is at least one");
        }
        found
    }
}

/// Without the database URL, which may hold a password.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("issuer", &self.issuer.as_str())
            .field("audience", &self.audience)
            .field("public_url", &self.public_url)
            .field("allowed_origins", &self.allowed_origins)
            .field("jwks", &self.jwks)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

/// Exactly what a browser sends in `Origin`, over https or, for development, http on loopback.
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        (url.scheme() == "https" || (url.scheme() == "http" && loopback)) && url.origin().ascii_serialization() == text
    })
}

fn issuer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Issuer, D::Error> {
    let text = String::deserialize(deserializer)?;
    Issuer::parse(&text).map_err(serde::de::Error::custom)
}

fn default_database() -> String {
    "sqlite:countersign-notes.db".to_owned()
}

fn note<T>(wrong: &mut Vec<String>, line: String) -> Option<T> {
    wrong.push(line);
    None
}

fn lines(wrong: &[String]) -> String {
    wrong.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Config, EnvironmentError> {
        Config::from_variables(|name| {
            let name = name.strip_prefix(PREFIX)?;
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn issuer_and_audience_are_enough() {
        let config = from(&[("ISSUER", "https://id.example"), ("AUDIENCE", "https://api.example")]).expect("is enough");
        assert_eq!(config.public_url, "https://api.example");
        assert_eq!(config.database_url, "sqlite:countersign-notes.db");
        assert!(config.allowed_origins.is_empty());
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let error = from(&[("ISSUER", "http://id.example"), ("CA_FILE", "no-such-file")]).expect_err("is wrong");
        let told = error.to_string();
        for name in ["COUNTERSIGN_API_ISSUER", "COUNTERSIGN_API_AUDIENCE", "COUNTERSIGN_API_CA_FILE"] {
            assert!(told.contains(name), "{told}");
        }
    }

    #[test]
    fn an_origin_is_exactly_what_a_browser_sends() {
        for origin in
            ["https://app.example", "https://app.example:8443", "http://127.0.0.1:9000", "http://localhost:9000"]
        {
            assert!(is_origin(origin), "{origin}");
        }
        for origin in [
            "*",
            "null",
            "https://app.example/",
            "https://App.example",
            "http://app.example",
            "app.example",
            "https://a/b",
        ] {
            assert!(!is_origin(origin), "{origin}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_and_the_database_url_stays_out_of_logs() {
        let json = r#"{"issuer":"https://id.example","audience":"a","public_url":"https://api.example",
                       "database_url":"postgres://me:hunter2@db/notes"}"#;
        let config: Config = serde_json::from_str(json).expect("is a configuration");
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(serde_json::from_str::<Config>(&json.replace("\"audience\"", "\"audiance\"")).is_err());
    }
}
