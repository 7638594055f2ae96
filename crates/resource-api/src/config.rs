//! What an operator decides about a protected API: whose tokens are accepted, for whom they must be meant, who may call from a
//! browser.
//!
//! Issuer and audience are enough; the rest has defaults. What comes from the environment is in `variables.rs`. All problems are
//! reported at once.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use protocol::issuer::Issuer;
use protocol::network::IpNetwork;
use protocol::permission::Reach;
use protocol::secret::SecretString;
use protocol::time::Seconds;
use url::Url;

use crate::answer::cors::is_header_name;
#[cfg(feature = "bff")]
use crate::bff::Bff;
use crate::binding::dpop::DpopConfig;
use crate::binding::replay::Replay;
use crate::http::is_origin;
use crate::introspection::{ClientCredentials, Limits};
use crate::signature::Policy;
use crate::token::issuers::TrustedIssuer;

/// A key that an issuer withdrew must end here at some time.
const LONGEST: Seconds = Seconds::days(7);
/// Seconds. A proof must be remembered that long.
const PROOF_WINDOW: RangeInclusive<i64> = 1..=300;

/// What an operator decides about a protected API. [`Settings::new`] takes issuer and audience and has a default for the rest;
/// [`Settings::from_env`] reads all that is no code from environment variables. The table of both is in `docs/resource-api.md`.
#[derive(Clone)]
pub struct Settings {
    /// Whose tokens are accepted; at least one. `iss` is compared byte for byte. The first one is asked about opaque tokens and API
    /// keys. A `sub` alone names nobody where there are several, in whichever order they stand here: the pair with the issuer does.
    pub issuers: Vec<TrustedIssuer>,
    /// The identifier of this API: a token must carry it in `aud`. Stands as realm in challenges.
    pub audience: String,
    /// Where callers reach this API, without a slash at the end: what DPoP proofs and signatures are compared with, and the
    /// resource identifier of the metadata document (RFC 9728 §1.2).
    pub public_url: String,
    /// Origins of browser apps that may call this API, as `https://app.example`. None by default.
    pub allowed_origins: Vec<String>,
    /// Headers that such apps may send beside those of the library (`Authorization`, `Content-Type`, `If-Match`, `If-None-Match`, and
    /// those of each way to authenticate that is on), as `Idempotency-Key`. None by default.
    pub allowed_headers: Vec<String>,
    /// How wide a permission that a caller holds reaches. Exact by default: `notes:*` in a scope is no wildcard.
    pub reach: Reach,
    /// Proxies that are believed when they say who calls and with which certificate. None by default.
    pub trusted_proxies: Vec<IpNetwork>,
    /// Whether the TLS of this server, or of a listed proxy, asks clients for certificates: told in the metadata document, and no more.
    /// Off by default. A token that is bound to a certificate is checked in any case; the certificate arrives where the server has
    /// [`AnyClientCertificate`](crate::certificate::AnyClientCertificate) and [`on_connect`](crate::certificate::on_connect).
    pub client_certificates: bool,
    /// DPoP proofs (RFC 9449): on by default. `None`: tokens that are bound to a key are refused.
    pub dpop: Option<DpopConfig>,
    /// Where used proofs and the nonces of signed requests are remembered: in this process, or in a store that several share. Those share
    /// `dpop.nonce_key` as well.
    pub replay: Option<Arc<dyn Replay>>,
    /// Opaque tokens and API keys, which the first issuer is asked about. `None`: they are refused.
    pub introspection: Option<Introspection>,
    /// `Authorization: Basic` with a user name and an API key of that person (RFC 7617), over TLS. Off by default; needs
    /// `introspection`.
    pub basic: bool,
    /// With `basic`: also with a password, which the first issuer is asked about; it must allow that to the client of this API
    /// (`countersign client passwords`). Off by default: passwords are refused without a question.
    pub basic_passwords: bool,
    /// Requests signed with an API key (RFC 9421). Off by default; needs `introspection`.
    pub signatures: Option<Policy>,
    /// Sessions by cookie for a web front end on the same origin. `None`: cookies are not looked at.
    #[cfg(feature = "bff")]
    pub sessions: Option<Bff>,
    /// How long the issuers' keys are kept.
    pub jwks: JwksConfig,
    /// PEM certificates of authorities to trust beside the system's, for an issuer with a private authority.
    pub extra_ca: Option<Vec<u8>>,
}

/// How the issuer is asked (RFC 7662).
#[derive(Clone, Debug)]
pub struct Introspection {
    /// Where; what the issuer's discovery document says by default.
    pub endpoint: Option<Url>,
    /// What this API was registered with.
    pub credentials: ClientCredentials,
    /// Ask about JWTs as well: an ended session and a disabled person are then refused after ten seconds, not when the token
    /// expires. Costs one question per token and ten seconds.
    pub every_token: bool,
    /// How much is asked and remembered.
    pub limits: Limits,
}

/// Limits of the key cache; experience of other libraries says that nobody should have to change them.
#[derive(Clone, Debug)]
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

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct Fault {
    /// The name of the field, as `public_url`.
    pub key: &'static str,
    /// The rule, and what would do.
    pub reason: String,
}

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

impl Settings {
    /// Settings with defaults; the audience is also where callers reach this API.
    pub fn new(issuer: Issuer, audience: impl Into<String>) -> Self {
        let audience = audience.into();
        Self {
            issuers: vec![TrustedIssuer::new(issuer)],
            public_url: audience.trim_end_matches('/').to_owned(),
            audience,
            allowed_origins: Vec::new(),
            allowed_headers: Vec::new(),
            reach: Reach::EXACT,
            trusted_proxies: Vec::new(),
            client_certificates: false,
            dpop: Some(DpopConfig::default()),
            replay: None,
            introspection: None,
            basic: false,
            basic_passwords: false,
            signatures: None,
            #[cfg(feature = "bff")]
            sessions: None,
            jwks: JwksConfig::default(),
            extra_ca: None,
        }
    }

    /// Everything that is wrong with the values, or nothing.
    pub fn faults(&self) -> Vec<Fault> {
        let mut found = Vec::new();
        let mut fault = |key, reason: &str| found.push(Fault { key, reason: reason.to_owned() });
        if self.issuers.is_empty() {
            fault("issuer", "is not set; it names the issuer whose tokens to accept");
        }
        let names = |at: usize| self.issuers[at].issuer.as_str();
        if (1..self.issuers.len()).any(|at| (0..at).any(|before| names(before) == names(at))) {
            fault("issuer", "is named twice; name each issuer once");
        }
        // The audience stands as realm in challenges, so it must fit a quoted string (RFC 9110 §5.6.4).
        if self.audience.is_empty() || !self.audience.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\') {
            fault(
                "audience",
                "has visible ASCII characters only, without quote and backslash; write the identifier that tokens carry in aud",
            );
        }
        if !Url::parse(&self.public_url).is_ok_and(|url| {
            matches!(url.scheme(), "https" | "http") && url.query().is_none() && url.fragment().is_none()
        }) {
            fault(
                "public_url",
                "is an http or https URL without query and fragment; write where callers reach this API, as https://api.example",
            );
        }
        for origin in self.allowed_origins.iter().filter(|origin| !is_origin(origin)) {
            fault(
                "allowed_origins",
                &format!("{origin} is no origin; write it as https://app.example (no path, no *)"),
            );
        }
        for name in self.allowed_headers.iter().filter(|name| !is_header_name(name)) {
            fault("allowed_headers", &format!("{name} is no name of a header; write it as Idempotency-Key (no *)"));
        }
        if self.trusted_proxies.iter().any(IpNetwork::is_everyone) {
            fault(
                "trusted_proxies",
                "hold everybody, who could then name any certificate and any address; write the proxies alone",
            );
        }
        self.ways_faults(&mut fault);
        self.jwks.faults(&mut fault);
        found
    }

    /// Of the ways to authenticate.
    fn ways_faults(&self, fault: &mut impl FnMut(&'static str, &str)) {
        if self.dpop.as_ref().is_some_and(|dpop| !PROOF_WINDOW.contains(&dpop.window.0) || dpop.algorithms.is_empty()) {
            fault("dpop", "window is 1 to 300 seconds, and there is an algorithm");
        }
        if (self.basic || self.signatures.is_some()) && self.introspection.is_none() {
            fault(
                "introspection",
                "is needed for Basic and for signed requests, because the issuer knows the API keys; register this API as a client there",
            );
        }
        if self.basic_passwords && !self.basic {
            fault("basic", "is needed for passwords; switch it on as well");
        }
    }

    /// Whether callers reach this API over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.public_url.starts_with("https:")
    }
}

impl Introspection {
    /// With `client_secret_basic`, at the address of the discovery document.
    pub fn with_secret(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        let (client_id, client_secret) = (client_id.into(), SecretString::new(client_secret.into()));
        Self::new(ClientCredentials::SecretBasic { client_id, client_secret })
    }

    /// At the address of the discovery document.
    pub fn new(credentials: ClientCredentials) -> Self {
        // What is revoked is dead everywhere after ten seconds, tokens as well as keys.
        Self { endpoint: None, credentials, every_token: false, limits: Limits::default() }
    }
}

impl JwksConfig {
    fn faults(&self, fault: &mut impl FnMut(&'static str, &str)) {
        if self.min_ttl.0 < 1 || self.max_ttl < self.min_ttl {
            fault("jwks", "min_ttl is at least one second and at most max_ttl");
        }
        if self.max_ttl > LONGEST || self.stale_for > LONGEST || self.unknown_kid_cooldown > LONGEST {
            fault("jwks", "no time is longer than seven days");
        }
        if self.stale_for.0 < 0 || self.unknown_kid_cooldown.0 < 1 {
            fault("jwks", "stale_for is not negative and unknown_kid_cooldown is at least one second");
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("issuers", &self.issuers)
            .field("audience", &self.audience)
            .field("public_url", &self.public_url)
            .field("allowed_origins", &self.allowed_origins)
            .field("jwks", &self.jwks)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_named_once() {
        let issuer = Issuer::parse("https://id.example").expect("is an issuer");
        let mut settings = Settings::new(issuer, "https://api.example");
        settings.issuers.push(settings.issuers[0].clone());
        assert_eq!(settings.faults()[0].key, "issuer");
    }
}
