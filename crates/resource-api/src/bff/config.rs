//! What an operator decides about sessions by cookie, and what is wrong with it. All faults are told at once.

use std::fmt;

use protocol::issuer::Issuer;
use protocol::secret::{Secret, SecretString};
use protocol::time::Seconds;

use crate::bff::return_to::ReturnTo;
use crate::config::Fault;
use crate::http::is_origin;

/// Longest session, whatever the issuer thinks.
const LONGEST: Seconds = Seconds::days(400);

/// Parameters of the authorization request that are never the operator's.
const OURS: &[&str] = &[
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "max_age",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// Everything that the sessions of a front end need to know. [`BffConfig::new`] has a default for all that can have one; with these
/// defaults the access token is for no API yet, so set `scopes` (or `authorize_params`). The table is in `docs/resource-api.md`.
#[derive(Clone)]
pub struct BffConfig {
    /// Who signs people in; compared byte for byte.
    pub issuer: Issuer,
    /// As whom this server is registered there, with the redirect URI [`BffConfig::redirect_uri`].
    pub client_id: String,
    /// RFC 10017 §6.1.3.1: a BFF "MUST act as a confidential client". Without a secret only for an issuer on loopback.
    pub client_secret: Option<SecretString>,
    /// Where browsers reach the front end and this server: scheme, host and port, nothing behind. Plain http on loopback only.
    pub public_origin: String,
    /// Asked for at sign-in, beside `openid`; `profile` by default. Add those of the API: at Countersign they say for which API the access
    /// token is, and without one of them every call is refused for its audience.
    ///
    /// Not `offline_access` by default: such refresh tokens outlive the issuer's session, so that ending that one would end nothing
    /// here. Issuers that give no other ones (Countersign does) need it nevertheless, or the session is over with its first access token.
    pub scopes: Vec<String>,
    /// More parameters of the authorization request, where the issuer takes the API from one: `resource` (RFC 8707), or `audience`
    /// (Auth0). None by default.
    pub authorize_params: Vec<(String, String)>,
    /// Without prefix; browsers see `__Host-<name>`. `bff` by default.
    pub cookie_name: String,
    /// Seals the cookies of sign-ins that are under way. Servers that share an address need the same; `None` draws one at
    /// start, and sign-ins that were under way then begin anew.
    pub sealing_key: Option<Secret<[u8; 32]>>,
    /// Keys that sealed before: they open what is under way yet.
    pub former_sealing_keys: Vec<Secret<[u8; 32]>>,
    /// Where a sign-in without `return_to` ends: a local path, `/` by default.
    pub home: String,
    /// Where the issuer sends the person after a logout: a local path, `/` by default, registered there with the origin before it.
    pub after_logout: String,
    /// Where a sign-in that failed ends, with `?error=<code>`: a local path. `None`, the default, shows a problem document.
    pub error_path: Option<String>,
    /// A session that is not used for so long is over. Default: one hour.
    pub idle: Seconds,
    /// A session is over after this time, used or not. Default: 24 hours.
    pub absolute: Seconds,
    /// How much life an access token must have left to be handed out without asking for a new one. Default: 30 seconds.
    pub refresh_before: Seconds,
    /// PEM certificates of authorities to trust beside the system's, for an issuer with a private authority.
    pub extra_ca: Option<Vec<u8>>,
}

impl BffConfig {
    /// `public_origin` as browsers write it: `https://app.example`.
    pub fn new(issuer: Issuer, client_id: impl Into<String>, public_origin: impl Into<String>) -> Self {
        Self {
            issuer,
            client_id: client_id.into(),
            client_secret: None,
            public_origin: public_origin.into(),
            scopes: vec!["profile".to_owned()],
            authorize_params: Vec::new(),
            cookie_name: "bff".to_owned(),
            sealing_key: None,
            former_sealing_keys: Vec::new(),
            home: "/".to_owned(),
            after_logout: "/".to_owned(),
            error_path: None,
            idle: Seconds::hours(1),
            absolute: Seconds::hours(24),
            refresh_before: Seconds(30),
            extra_ca: None,
        }
    }

    /// What to register at the issuer as `redirect_uris`.
    pub fn redirect_uri(&self) -> String {
        format!("{}/bff/callback", self.public_origin)
    }

    /// What to register at the issuer as `post_logout_redirect_uris`.
    pub fn post_logout_redirect_uri(&self) -> String {
        format!("{}{}", self.public_origin, self.after_logout)
    }

    /// What to register at the issuer as `backchannel_logout_uri`.
    pub fn backchannel_logout_uri(&self) -> String {
        format!("{}/bff/backchannel-logout", self.public_origin)
    }

    /// Everything that is wrong with the values, or nothing.
    pub fn faults(&self) -> Vec<Fault> {
        let mut found = Vec::new();
        let mut fault = |key, reason: &str| found.push(Fault { key, reason: reason.to_owned() });
        if self.client_id.is_empty() || self.client_id.chars().any(char::is_control) {
            fault("client_id", "is the id under which this server is registered at the issuer");
        }
        if self.client_secret.is_none() && !self.issuer.is_loopback() {
            fault("client_secret", "is not set; a backend for a front end is a confidential client");
        }
        if !is_origin(&self.public_origin) {
            fault("public_origin", "is an origin as https://app.example (no path; http on loopback only)");
        }
        if self.scopes.iter().any(|scope| protocol::scope::ScopeToken::parse(scope).is_err()) {
            fault("scopes", "is a list of scopes, each one word");
        }
        if self.authorize_params.iter().any(|(name, _)| OURS.contains(&name.as_str())) {
            fault("authorize_params", "has a parameter that this server sets itself");
        }
        // RFC 6265 §4.1.1: a token; ours are shorter and plainer.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if self.cookie_name.is_empty() || self.cookie_name.len() > 40 || !self.cookie_name.bytes().all(plain) {
            fault("cookie_name", "has 1 to 40 letters, digits, - and _");
        }
        for (key, path) in [("home", Some(&self.home)), ("after_logout", Some(&self.after_logout))]
            .into_iter()
            .chain([("error_path", self.error_path.as_ref())])
        {
            if path.is_some_and(|path| ReturnTo::parse(path, &self.public_origin).is_err()) {
                fault(key, "is a local path as /signed-out");
            }
        }
        if self.idle.0 < 60 || self.absolute < self.idle || self.absolute > LONGEST {
            fault("idle", "is at least a minute, at most `absolute`, which is at most 400 days");
        }
        if !(0..=600).contains(&self.refresh_before.0) {
            fault("refresh_before", "is at most ten minutes");
        }
        found
    }

    /// Whether cookies may have `Secure` and the prefix `__Host-`.
    pub(crate) fn is_https(&self) -> bool {
        self.public_origin.starts_with("https://")
    }
}

/// Without secrets.
impl fmt::Debug for BffConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BffConfig")
            .field("issuer", &self.issuer.as_str())
            .field("client_id", &self.client_id)
            .field("public_origin", &self.public_origin)
            .field("scopes", &self.scopes)
            .field("cookie_name", &self.cookie_name)
            .field("idle", &self.idle)
            .field("absolute", &self.absolute)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample() -> BffConfig {
        let issuer = Issuer::parse("https://id.example").expect("is an issuer");
        BffConfig {
            client_secret: Some(Secret::new("a secret of a test".to_owned())),
            ..BffConfig::new(issuer, "front", "https://app.example")
        }
    }

    fn keys(config: &BffConfig) -> Vec<&'static str> {
        config.faults().iter().map(|fault| fault.key).collect()
    }

    #[test]
    fn the_defaults_are_fine() {
        assert_eq!(keys(&sample()), [""; 0]);
        assert_eq!(sample().redirect_uri(), "https://app.example/bff/callback");
        assert_eq!(sample().backchannel_logout_uri(), "https://app.example/bff/backchannel-logout");
        assert_eq!(sample().post_logout_redirect_uri(), "https://app.example/");
    }

    #[test]
    fn every_setting_stands_in_the_table() {
        let document = include_str!("../../../../docs/resource-api.md");
        let (_, table) = document.split_once("\n### Settings of the sessions\n").expect("a section");
        let table = table.split("\n#").next().unwrap_or_default();
        let source =
            include_str!("config.rs").split("pub struct BffConfig {").nth(1).and_then(|rest| rest.split("\n}").next());
        let fields =
            source.expect("the fields").lines().filter_map(|line| line.strip_prefix("    pub ")?.split(':').next());
        let fields: Vec<_> = fields.collect();
        assert!(fields.len() > 10, "{fields:?}");
        for field in fields {
            assert!(table.contains(&format!("\n| `{field}` |")), "{field}");
        }
    }

    #[test]
    fn each_wrong_setting_is_named() {
        let wrong = BffConfig {
            client_id: String::new(),
            client_secret: None,
            public_origin: "https://app.example/".to_owned(),
            scopes: vec!["two words".to_owned()],
            authorize_params: vec![("state".to_owned(), "mine".to_owned())],
            cookie_name: "a;b".to_owned(),
            idle: Seconds(1),
            refresh_before: Seconds(-1),
            ..sample()
        };
        let found = keys(&wrong);
        for key in ["client_id", "client_secret", "public_origin", "scopes", "authorize_params", "cookie_name", "idle"]
        {
            assert!(found.contains(&key), "{key}: {found:?}");
        }
        for origin in ["http://app.example", "app.example", "https://APP.example", "https://app.example:443", "null"] {
            assert!(keys(&BffConfig { public_origin: origin.to_owned(), ..sample() }).contains(&"public_origin"));
        }
        for path in ["https://evil.example", "//evil.example", "x", "/bff/login"] {
            assert_eq!(keys(&BffConfig { home: path.to_owned(), ..sample() }), ["home"], "{path}");
        }
    }

    #[test]
    fn a_public_client_is_for_loopback_only() {
        let issuer = Issuer::parse("http://localhost:8080").expect("is an issuer");
        let config = BffConfig { client_secret: None, issuer, ..sample() };
        assert_eq!(keys(&config), [""; 0]);
    }

    #[test]
    fn the_secret_does_not_show() {
        assert!(!format!("{:?}", sample()).contains("a secret of a test"));
    }
}
