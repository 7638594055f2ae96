//! [`Settings`] from environment variables: which there are, and what each of them says. `docs/resource-api.md` has the table.

use protocol::issuer::Issuer;
use protocol::network::IpNetwork;
use protocol::permission::Reach;
use url::Url;

use crate::binding::dpop::{DpopConfig, NonceMode};
use crate::config::{Introspection, Settings};
use crate::environment::{Environment, EnvironmentError};
use crate::http::is_secure;
use crate::signature::{HostField, Policy};
use crate::token::issuers::{ClaimShape, TrustedIssuer};

const PRESETS: [(&str, ClaimShape); 4] = [
    ("standard", ClaimShape::Standard),
    ("keycloak", ClaimShape::Keycloak),
    ("entra", ClaimShape::Entra),
    ("auth0", ClaimShape::Auth0),
];

impl Settings {
    /// Reads `COUNTERSIGN_API_ISSUER`, `COUNTERSIGN_API_AUDIENCE`, which are enough, and the other variables in the table of
    /// `docs/resource-api.md`. The error names every variable that is wrong or that nobody knows, with the rule and what would do.
    pub fn from_env() -> Result<Self, EnvironmentError> {
        Self::of(Environment::of_this_process())
    }

    /// The same, from any pairs of names and values.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, EnvironmentError> {
        Self::of(Environment::of(variables))
    }

    fn of(mut environment: Environment) -> Result<Self, EnvironmentError> {
        let settings = Self::read(&mut environment);
        environment.finish(settings)
    }

    /// Asks for every variable whatever is wrong with others, because one that nobody asked for is unknown.
    pub(crate) fn read(environment: &mut Environment) -> Option<Self> {
        let issuers = issuers(environment);
        let audience = environment.text("AUDIENCE").or_else(|| {
            environment.fault("AUDIENCE", "is not set; write the identifier of this API, which tokens carry in aud")
        });
        // Whatever is wrong with these two, the rest is read into something.
        let unnamed = || Issuer::parse("https://issuer.invalid").ok();
        let first = issuers.first().map(|trusted| trusted.issuer.clone()).or_else(unnamed)?;
        let complete = audience.is_some() && !issuers.is_empty();
        let mut settings = Self::new(first, audience.unwrap_or_else(|| "https://api.invalid".to_owned()));
        if !issuers.is_empty() {
            settings.issuers = issuers;
        }
        settings.fill(environment);
        for fault in settings.faults() {
            let name = if fault.key == "introspection" { "CLIENT_ID" } else { &fault.key.to_ascii_uppercase() };
            environment.fault::<()>(name, &fault.reason);
        }
        complete.then_some(settings)
    }

    /// What has a default.
    fn fill(&mut self, environment: &mut Environment) {
        if let Some(url) = environment.text("PUBLIC_URL") {
            url.trim_end_matches('/').clone_into(&mut self.public_url);
        }
        self.allowed_origins = environment.words("ALLOWED_ORIGINS");
        self.allowed_headers = environment.words("ALLOWED_HEADERS");
        self.extra_ca = environment.file("CA_FILE", "certificates in PEM");
        self.reach = reach(environment);
        self.trusted_proxies = proxies(environment);
        self.client_certificates = environment.switch("CLIENT_CERTIFICATES").unwrap_or_default();
        self.introspection = introspection(environment);
        self.dpop = dpop(environment);
        (self.basic, self.basic_passwords) = basic(environment);
        self.signatures = signatures(environment);
    }
}

/// One preset for all issuers, or one for each, in their order.
fn issuers(environment: &mut Environment) -> Vec<TrustedIssuer> {
    let (names, presets) = (environment.words("ISSUER"), presets(environment));
    if names.is_empty() {
        environment.fault::<()>("ISSUER", "is not set; write the URL of the issuer whose tokens to accept");
    }
    if presets.len() > 1 && presets.len() != names.len() {
        let reason =
            "is one preset for all issuers or one for each, in their order; write as many as there are issuers";
        environment.fault::<()>("PRESET", reason);
    }
    let mut trusted = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let preset = presets.get(at).or(presets.first()).copied().unwrap_or_default();
        match Issuer::parse_foreign(name) {
            Ok(issuer) => trusted.push(TrustedIssuer::new(issuer).claims(preset)),
            Err(error) => {
                let reason = format!("{name}: {error}; write it as it stands in iss");
                environment.fault::<()>("ISSUER", &reason);
            }
        }
    }
    trusted
}

fn presets(environment: &mut Environment) -> Vec<ClaimShape> {
    let mut presets = Vec::new();
    for word in environment.words("PRESET") {
        match PRESETS.iter().find(|(name, _)| *name == word) {
            Some((_, preset)) => presets.push(*preset),
            None => {
                let names = PRESETS.map(|(name, _)| name).join(", ");
                environment.fault::<()>("PRESET", &format!("{word} is no preset; write one of {names}"));
            }
        }
    }
    presets
}

fn reach(environment: &mut Environment) -> Reach {
    let mut reach = Reach::EXACT;
    for word in environment.words("REACH") {
        match word.as_str() {
            "exact" => {}
            "wildcards" => reach.wildcards = true,
            "write_implies_read" => reach.write_implies_read = true,
            _ => {
                let reason = format!("{word} is no reach; write exact, or wildcards, write_implies_read or both");
                environment.fault::<()>("REACH", &reason);
            }
        }
    }
    reach
}

fn proxies(environment: &mut Environment) -> Vec<IpNetwork> {
    let mut proxies = Vec::new();
    for word in environment.words("TRUSTED_PROXIES") {
        match word.parse::<IpNetwork>() {
            Ok(network) => proxies.push(network),
            Err(error) => {
                let reason = format!("{error}; write addresses and networks with spaces between");
                environment.fault::<()>("TRUSTED_PROXIES", &reason);
            }
        }
    }
    proxies
}

fn introspection(environment: &mut Environment) -> Option<Introspection> {
    let (id, secret) = (environment.text("CLIENT_ID"), environment.text("CLIENT_SECRET"));
    let (endpoint, every_token) = (endpoint(environment), environment.switch("EVERY_TOKEN"));
    match (id, secret) {
        (Some(id), Some(secret)) => {
            let every_token = every_token.unwrap_or_default();
            Some(Introspection { endpoint, every_token, ..Introspection::with_secret(id, secret) })
        }
        (None, None) => {
            let needs = [("INTROSPECTION_URL", endpoint.is_some()), ("EVERY_TOKEN", every_token == Some(true))];
            for (name, _) in needs.iter().filter(|(_, set)| *set) {
                let reason =
                    "is about questions to the issuer, which need a client; set CLIENT_ID and CLIENT_SECRET as well";
                environment.fault::<()>(name, reason);
            }
            None
        }
        (None, Some(_)) => environment.fault("CLIENT_ID", "is not set beside CLIENT_SECRET; set both or none"),
        (Some(_), None) => environment.fault("CLIENT_SECRET", "is not set beside CLIENT_ID; set both or none"),
    }
}

fn endpoint(environment: &mut Environment) -> Option<Url> {
    let text = environment.text("INTROSPECTION_URL")?;
    match Url::parse(&text) {
        Ok(url) if is_secure(&url) => Some(url),
        _ => {
            environment.fault("INTROSPECTION_URL", "is no https URL (http on loopback); write where the issuer answers")
        }
    }
}

/// Whether user names come with API keys, and whether they come with passwords, too.
fn basic(environment: &mut Environment) -> (bool, bool) {
    match environment.text("BASIC").as_deref() {
        None => (false, false),
        Some("api_keys") => (true, false),
        Some("passwords") => (true, true),
        Some(_) => {
            environment.fault::<()>("BASIC", "is neither; write api_keys, or passwords for both");
            (false, false)
        }
    }
}

fn dpop(environment: &mut Environment) -> Option<DpopConfig> {
    let (on, nonce) = (environment.switch("DPOP"), environment.switch("DPOP_NONCE").unwrap_or_default());
    let nonce_key = environment.key("DPOP_NONCE_KEY_FILE");
    if nonce_key.is_some() && !nonce {
        environment.fault::<()>(
            "DPOP_NONCE_KEY_FILE",
            "is about nonces, which nobody asks for; set DPOP_NONCE to true as well",
        );
    }
    if on == Some(false) {
        if nonce {
            environment.fault::<()>("DPOP_NONCE", "is about proofs, which DPOP switches off; take one of the two away");
        }
        return None;
    }
    let nonce = if nonce { NonceMode::Required } else { NonceMode::Off };
    Some(DpopConfig { nonce, nonce_key, ..DpopConfig::default() })
}

fn signatures(environment: &mut Environment) -> Option<Policy> {
    let (on, rewritten) = (environment.switch("SIGNATURES"), environment.switch("HOST_REWRITTEN").unwrap_or_default());
    if on != Some(true) {
        if rewritten {
            let reason =
                "is about signed requests, which SIGNATURES switches on; set it as well, or take this one away";
            environment.fault::<()>("HOST_REWRITTEN", reason);
        }
        return None;
    }
    let host = if rewritten { HostField::RewrittenByProxy } else { HostField::Agrees };
    Some(Policy { host, ..Policy::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: [(&str, &str); 2] = [("ISSUER", "https://id.example"), ("AUDIENCE", "https://api.example")];

    fn from(pairs: &[(&str, &str)]) -> Result<Settings, EnvironmentError> {
        let name = |name: &str| format!("COUNTERSIGN_API_{name}");
        Settings::from_variables(pairs.iter().map(|(key, value)| (name(key), (*value).to_owned())))
    }

    fn with(pairs: &[(&str, &str)]) -> Result<Settings, EnvironmentError> {
        let replaced = TWO.into_iter().filter(|(name, _)| !pairs.iter().any(|(other, _)| name == other));
        from(&replaced.chain(pairs.iter().copied()).collect::<Vec<_>>())
    }

    #[track_caller]
    fn set(pairs: &[(&str, &str)]) -> Settings {
        with(pairs).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn issuer_and_audience_are_enough() {
        let settings = set(&[]);
        assert_eq!(settings.public_url, "https://api.example");
        assert!(settings.allowed_origins.is_empty() && settings.is_https());
        assert_eq!((settings.reach, settings.issuers[0].claims), (Reach::EXACT, ClaimShape::Standard));
        assert!(settings.dpop.is_some() && settings.introspection.is_none() && settings.signatures.is_none());
    }

    #[test]
    fn each_issuer_has_its_preset() {
        let issuers = ("ISSUER", "https://id.example https://t.eu.auth0.com/ https://kc.example/realms/main");
        let presets = |text| {
            let trusted = set(&[issuers, ("PRESET", text)]).issuers;
            trusted.iter().map(|trusted| trusted.claims).collect::<Vec<_>>()
        };
        assert_eq!(presets("standard auth0 keycloak"), [ClaimShape::Standard, ClaimShape::Auth0, ClaimShape::Keycloak]);
        assert_eq!(presets("entra"), [ClaimShape::Entra; 3]);
        assert_eq!(set(&[issuers]).issuers[1].issuer.as_str(), "https://t.eu.auth0.com/");
    }

    #[test]
    fn every_variable_has_its_setting() {
        let client = [("CLIENT_ID", "api"), ("CLIENT_SECRET", "s3cret")];
        let asked =
            set(&[client[0], client[1], ("INTROSPECTION_URL", "https://id.example/i"), ("EVERY_TOKEN", "true")]);
        let asked = asked.introspection.expect("is on");
        assert_eq!(
            (asked.endpoint.map(String::from).as_deref(), asked.every_token),
            (Some("https://id.example/i"), true)
        );
        let settings = set(&[client[0], client[1], ("BASIC", "api_keys"), ("SIGNATURES", "true")]);
        assert!(!settings.basic_passwords);
        let passwords = set(&[client[0], client[1], ("BASIC", "passwords")]);
        assert!(passwords.basic && passwords.basic_passwords);
        assert!(settings.signatures.is_some() && settings.basic && !settings.introspection.expect("is on").every_token);
        let reach = set(&[("REACH", "wildcards write_implies_read")]).reach;
        assert_eq!(reach, Reach { wildcards: true, write_implies_read: true });
        let host = |pairs: &[(&str, &str)]| {
            let pairs = [&client[..], &[("SIGNATURES", "true")], pairs].concat();
            set(&pairs).signatures.map(|policy| policy.host)
        };
        assert_eq!(host(&[]), Some(HostField::Agrees));
        assert_eq!(host(&[("HOST_REWRITTEN", "true")]), Some(HostField::RewrittenByProxy));
        assert!(set(&[("CLIENT_CERTIFICATES", "true")]).client_certificates && !set(&[]).client_certificates);
        assert_eq!(set(&[("TRUSTED_PROXIES", "10.0.0.0/8 ::1")]).trusted_proxies.len(), 2);
        assert_eq!(set(&[("PUBLIC_URL", "https://a.example/v1/")]).public_url, "https://a.example/v1");
        assert!(set(&[("DPOP", "false")]).dpop.is_none());
        assert!(set(&[("DPOP_NONCE", "true")]).dpop.is_some_and(|dpop| dpop.nonce == NonceMode::Required));
        assert_eq!(set(&[("ALLOWED_ORIGINS", "https://a.example https://b.example")]).allowed_origins.len(), 2);
        assert_eq!(set(&[("ALLOWED_HEADERS", "X-A X-B")]).allowed_headers, ["X-A", "X-B"]);
    }

    #[test]
    fn the_key_of_nonces_is_in_a_file_for_its_owner_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("key");
        let with_file = |text: &str, mode: u32| {
            std::fs::write(&path, text).expect("is written");
            #[cfg(unix)]
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("is changed");
            with(&[("DPOP_NONCE", "true"), ("DPOP_NONCE_KEY_FILE", path.to_str().expect("is text"))])
        };
        let key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
        let settings = with_file(&format!("# of the nonces\n\n {key} \n"), 0o600).expect("is right");
        let dpop = settings.dpop.expect("is on");
        assert_eq!(dpop.nonce_key.as_ref().map(|key| *key.expose()), Some([7; 32]));
        assert!(!format!("{dpop:?}").contains("7, 7"));
        assert!(set(&[("DPOP_NONCE", "true")]).dpop.expect("is on").nonce_key.is_none());
        for wrong in ["", "# none", &key[1..], &format!("{key}A"), &format!("{key}\n{key}")] {
            let told = with_file(wrong, 0o600).expect_err("is wrong").to_string();
            assert!(told.contains("COUNTERSIGN_API_DPOP_NONCE_KEY_FILE: ") && told.contains("43 characters"), "{told}");
            assert!(!told.contains(&key[1..]), "{told}");
        }
        if cfg!(unix) {
            assert!(with_file(key, 0o640).expect_err("is wrong").to_string().contains("chmod 600"));
        }
        assert!(with_file(key, 0o600).is_ok());
        let alone = with(&[("DPOP_NONCE_KEY_FILE", path.to_str().expect("is text"))]);
        assert!(alone.expect_err("is wrong").to_string().contains("set DPOP_NONCE to true"));
    }

    /// Name, rule, fix: the text after the name, and what follows its semicolon.
    #[test]
    fn every_fault_names_the_variable_the_rule_and_the_fix() {
        let secret = ("CLIENT_SECRET", "hunter2");
        let wrong: [(&str, &[(&str, &str)]); 26] = [
            ("ISSUER", &[("ISSUER", "http://id.example")]),
            ("ISSUER", &[("ISSUER", "")]),
            ("ISSUER", &[("ISSUER", "https://id.example https://id.example")]),
            ("AUDIENCE", &[("AUDIENCE", "")]),
            ("AUDIENCE", &[("AUDIENCE", "a\"b"), ("PUBLIC_URL", "https://api.example")]),
            ("PUBLIC_URL", &[("AUDIENCE", "0a1b-guid")]),
            ("PRESET", &[("PRESET", "okta")]),
            ("PRESET", &[("PRESET", "auth0 entra")]),
            ("REACH", &[("REACH", "far")]),
            ("TRUSTED_PROXIES", &[("TRUSTED_PROXIES", "10.0.0.1/8")]),
            ("TRUSTED_PROXIES", &[("TRUSTED_PROXIES", "0.0.0.0/0")]),
            ("CA_FILE", &[("CA_FILE", "no-such-file")]),
            ("ALLOWED_ORIGINS", &[("ALLOWED_ORIGINS", "*")]),
            ("ALLOWED_HEADERS", &[("ALLOWED_HEADERS", "*")]),
            ("ALLOWED_HEADERS", &[("ALLOWED_HEADERS", "X-A,X-B")]),
            ("CLIENT_ID", &[secret]),
            ("CLIENT_ID", &[("BASIC", "api_keys")]),
            ("EVERY_TOKEN", &[("EVERY_TOKEN", "true")]),
            ("INTROSPECTION_URL", &[secret, ("CLIENT_ID", "api"), ("INTROSPECTION_URL", "http://id.example/i")]),
            ("DPOP_NONCE", &[("DPOP", "false"), ("DPOP_NONCE", "true")]),
            ("DPOP_NONCE_KEY_FILE", &[("DPOP_NONCE", "true"), ("DPOP_NONCE_KEY_FILE", "no-such-file")]),
            ("DPOP_NONCE_KEY_FILE", &[("DPOP_NONCE_KEY_FILE", "no-such-file")]),
            ("SIGNATURES", &[("SIGNATURES", "on")]),
            ("HOST_REWRITTEN", &[("HOST_REWRITTEN", "true")]),
            ("HOST_REWRITTEN", &[("SIGNATURES", "false"), ("HOST_REWRITTEN", "true")]),
            ("BASIC", &[("BASIC", "true")]),
        ];
        for (name, pairs) in wrong {
            let EnvironmentError(told) = with(pairs).expect_err("is wrong");
            let (start, rest) = told[0].split_once(": ").expect("a name and a rule");
            assert_eq!((told.len(), start), (1, format!("COUNTERSIGN_API_{name}").as_str()), "{told:?}");
            assert!(rest.contains("; ") && !rest.contains("hunter2"), "{told:?}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let error = from(&[("ISSUER", "http://id.example"), ("CA_FILE", "no-such-file"), ("AUDIENC", "a")]);
        let told = error.expect_err("is wrong").to_string();
        for name in ["ISSUER: ", "AUDIENCE: ", "CA_FILE: ", "AUDIENC: "] {
            assert!(told.contains(&format!("COUNTERSIGN_API_{name}")), "{told}");
        }
        assert!(told.contains("did you mean COUNTERSIGN_API_AUDIENCE?"), "{told}");
    }
}
