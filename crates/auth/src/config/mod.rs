//! The settings of the server: one plain struct per section of `countersign.toml`, in the file of the section's name.
//!
//! A doc comment is the setting's documentation: `docs/configuration.md` is made of them. Defaults stand beside the fields.
//! Nothing here reads a file, the environment or a clock; the program does (`countersign/src/config`), and hands over a
//! `Config` whose `check` found nothing. It never changes afterwards; a function receives the section that it needs.

mod accounts;
mod api_keys;
mod branding;
mod database;
mod keys;
mod limits;
mod log;
mod mail;
mod openid;
mod outbound;
mod passwords;
mod problem;
mod protocol_log;
mod registration;
mod second_factor;
mod seed;
mod server;
mod sessions;
mod tls;
mod tokens;

use protocol::issuer::Issuer;
pub use protocol::network::{InvalidNetwork, IpNetwork};
use serde::{Deserialize, Serialize};

pub use self::accounts::{AccountsConfig, SignUp};
pub use self::api_keys::ApiKeysConfig;
pub use self::branding::BrandingConfig;
pub use self::database::{DatabaseConfig, Engine};
pub use self::keys::KeysConfig;
pub use self::limits::LimitsConfig;
pub use self::log::{LogConfig, LogFormat, LogLevel};
pub use self::mail::{MailConfig, MailSecurity, MailTransport};
pub use self::openid::OpenidConfig;
pub use self::outbound::OutboundConfig;
pub(crate) use self::outbound::authority;
pub use self::passwords::PasswordsConfig;
pub use self::problem::Problem;
pub use self::protocol_log::ProtocolLogConfig;
pub use self::registration::{RedirectErrors, RegistrationAccess, RegistrationConfig};
pub use self::second_factor::SecondFactorConfig;
pub use self::seed::SeedConfig;
pub use self::server::ServerConfig;
pub use self::sessions::SessionsConfig;
pub use self::tls::{TlsConfig, TlsKeyType, TlsMode, TlsSource};
pub use self::tokens::TokensConfig;

/// Settings that may also be given as `{ file = "…" }`: their value is a secret, or contains one.
pub const SECRET_KEYS: &[&str] = &["database.url", "mail.password"];

/// All settings.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: ServerConfig,
    #[serde(default)]
    pub tls: TlsConfig,
    #[serde(default)]
    pub database: DatabaseConfig,
    #[serde(default)]
    pub keys: KeysConfig,
    #[serde(default)]
    pub openid: OpenidConfig,
    #[serde(default)]
    pub registration: RegistrationConfig,
    #[serde(default)]
    pub tokens: TokensConfig,
    #[serde(default)]
    pub sessions: SessionsConfig,
    #[serde(default)]
    pub accounts: AccountsConfig,
    #[serde(default)]
    pub api_keys: ApiKeysConfig,
    #[serde(default)]
    pub passwords: PasswordsConfig,
    #[serde(default)]
    pub second_factor: SecondFactorConfig,
    #[serde(default)]
    pub limits: LimitsConfig,
    #[serde(default)]
    pub outbound: OutboundConfig,
    #[serde(default)]
    pub mail: MailConfig,
    #[serde(default)]
    pub seed: SeedConfig,
    #[serde(default)]
    pub branding: BrandingConfig,
    #[serde(default)]
    pub log: LogConfig,
    #[serde(default)]
    pub protocol_log: ProtocolLogConfig,
}

impl Config {
    /// Every setting at its default; the issuer is the one that has none.
    pub fn default_for(issuer: Issuer) -> Self {
        Self {
            server: ServerConfig::new(issuer),
            tls: TlsConfig::default(),
            database: DatabaseConfig::default(),
            keys: KeysConfig::default(),
            openid: OpenidConfig::default(),
            registration: RegistrationConfig::default(),
            tokens: TokensConfig::default(),
            sessions: SessionsConfig::default(),
            accounts: AccountsConfig::default(),
            api_keys: ApiKeysConfig::default(),
            passwords: PasswordsConfig::default(),
            second_factor: SecondFactorConfig::default(),
            limits: LimitsConfig::default(),
            outbound: OutboundConfig::default(),
            mail: MailConfig::default(),
            seed: SeedConfig::default(),
            branding: BrandingConfig::default(),
            log: LogConfig::default(),
            protocol_log: ProtocolLogConfig::default(),
        }
    }

    /// What forbids to serve with these settings: all of it at once, each with its key and its remedy.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.server.check(&mut problems);
        self.tls.check(&mut problems);
        self.database.check(&mut problems);
        self.keys.check(&mut problems);
        self.openid.check(&mut problems);
        self.registration.check(&mut problems);
        self.tokens.check(&mut problems);
        self.sessions.check(&mut problems);
        self.accounts.check(&mut problems);
        self.api_keys.check(&mut problems);
        self.passwords.check(&mut problems);
        self.second_factor.check(&mut problems);
        self.limits.check(&mut problems);
        self.outbound.check(&mut problems);
        self.mail.check(&self.server.issuer, &mut problems);
        self.branding.check(&mut problems);
        self.protocol_log.check(&mut problems);
        self.check_transport(&mut problems);
        self.check_key_overlap(&mut problems);
        self.check_mail_is_there(&mut problems);
        problems
    }

    /// What is allowed, but worth a second look.
    pub fn warnings(&self) -> Vec<Problem> {
        let mut warnings = Vec::new();
        if self.server.issuer.is_loopback() && !self.server.listen.ip().is_loopback() {
            warnings.push(Problem::new(
                "server.listen",
                format!("listens on {} although the issuer is for this machine only", self.server.listen),
                "listen on 127.0.0.1, unless a container publishes the port",
            ));
        }
        // The key set says that it may be kept for five minutes, or less where the announcement is shorter (web/discovery.rs).
        if self.keys.announce < 360 {
            warnings.push(Problem::new(
                "keys.announce",
                format!(
                    "a new key signs {} s after it is published; verifiers that keep the key set longer miss it",
                    self.keys.announce
                ),
                "set at least 360",
            ));
        }
        if self.keys.overlap < 86_400 {
            warnings.push(Problem::new(
                "keys.overlap",
                format!(
                    "verifiers that keep keys for a day miss a rotation: {} s is less than that",
                    self.keys.overlap
                ),
                "set at least 86400",
            ));
        }
        warnings
    }

    /// The scheme of the issuer is the one that browsers see: ours, or that of a proxy that we trust (RFC 9700 §2.6).
    fn check_transport(&self, problems: &mut Vec<Problem>) {
        let https = self.server.issuer.is_https();
        let own_tls = self.tls.mode != TlsMode::Off;
        if https && !own_tls && self.server.trusted_proxies.is_empty() {
            problems.push(Problem::new(
                "tls.mode",
                format!("the issuer {} is https, but nothing here speaks TLS", self.server.issuer.as_str()),
                "set tls.mode to \"pem\" or \"self-signed\", or name the proxy that does it in server.trusted_proxies",
            ));
        }
        if !https && own_tls {
            problems.push(Problem::new(
                "server.issuer",
                format!("the issuer {} is http, but tls.mode is on", self.server.issuer.as_str()),
                "write the issuer with https, or set tls.mode to \"off\"",
            ));
        }
    }

    /// What rests on mail needs a way for it.
    fn check_mail_is_there(&self, problems: &mut Vec<Problem>) {
        let needs = [
            (
                "accounts.sign_up",
                self.accounts.sign_up != SignUp::Closed,
                "people who sign up prove an address by mail",
            ),
            ("second_factor.email_code", self.second_factor.email_code, "the code is sent by mail"),
        ];
        for (key, on, reason) in needs {
            if on && self.mail.transport == MailTransport::Off {
                problems.push(Problem::new(key, format!("{reason}, but mail.transport is off"), "set up [mail] first"));
            }
        }
    }

    /// A token must not outlive the key that verifies it.
    fn check_key_overlap(&self, problems: &mut Vec<Problem>) {
        let longest = self.tokens.access_token_lifetime.max(self.tokens.id_token_lifetime);
        if self.keys.overlap < longest {
            problems.push(Problem::new(
                "keys.overlap",
                format!("{} s is shorter than the life of a token ({longest} s)", self.keys.overlap),
                format!("set at least {longest}"),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(issuer: &str) -> Config {
        Config::default_for(Issuer::parse(issuer).expect("an issuer"))
    }

    fn keys(config: &Config) -> Vec<&'static str> {
        config.check().iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn defaults_for_a_loopback_issuer_have_no_problem() {
        assert_eq!(config("http://localhost:8080").check(), []);
        assert!(config("http://localhost:8080").warnings().is_empty());
    }

    #[test]
    fn an_https_issuer_needs_tls_or_a_named_proxy() {
        let mut config = config("https://id.example.com");
        assert_eq!(keys(&config), ["tls.mode"]);
        config.server.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
        assert!(config.check().is_empty());
        config.server.trusted_proxies.clear();
        config.tls.mode = TlsMode::SelfSigned;
        assert!(config.check().is_empty());
    }

    #[test]
    fn tls_with_an_http_issuer_is_contradictory() {
        let mut config = config("http://localhost:8080");
        config.tls.mode = TlsMode::SelfSigned;
        assert_eq!(keys(&config), ["server.issuer"]);
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let mut config = config("https://id.example.com");
        config.tokens.authorization_code_lifetime = 601;
        config.tokens.refresh_token_idle = config.tokens.refresh_token_lifetime + 1;
        config.keys.algorithms.clear();
        config.database.pool_size = 0;
        config.server.trusted_proxies = vec!["0.0.0.0/0".parse().expect("a network")];
        let expected = [
            "server.trusted_proxies",
            "database.pool_size",
            "keys.algorithms",
            "tokens.authorization_code_lifetime",
            "tokens.refresh_token_idle",
        ];
        assert_eq!(keys(&config), expected);
    }

    #[test]
    fn a_key_outlives_what_it_signed() {
        let mut config = config("http://localhost:8080");
        config.keys.overlap = 300;
        assert_eq!(keys(&config), ["keys.overlap"]);
    }

    #[test]
    fn a_key_that_signs_before_everybody_has_seen_it_is_worth_a_warning() {
        let mut config = config("http://localhost:8080");
        config.keys.announce = 300;
        assert_eq!(config.warnings().iter().map(|warning| warning.key).collect::<Vec<_>>(), ["keys.announce"]);
    }

    #[test]
    fn no_secret_is_printed() {
        let mut config = config("http://localhost:8080");
        config.database.url = protocol::secret::SecretString::new("postgres://u:hunter2@localhost/db".to_owned());
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(!serde_json::to_string(&config).expect("is plain data").contains("hunter2"));
    }
}
