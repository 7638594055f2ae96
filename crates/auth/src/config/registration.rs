//! `[registration]`: whether and how clients register themselves. The rules are `protocol::registration::dynamic`.

use protocol::client::{GrantType, PkcePolicy};
use protocol::feature::Feature;
use protocol::redirect_uri;
use protocol::registration::dynamic::{Destinations, Policy};
use protocol::registration::offered::Offered;
use protocol::scope::{ADDRESS, EMAIL, OFFLINE_ACCESS, OPENID, PHONE, PROFILE, Scope, ScopeToken};
use protocol::time::{Seconds, Timestamp};
use serde::{Deserialize, Serialize};

use super::Config;
use super::problem::{Problem, within};

/// Whether and how apps register themselves (RFC 7591, OpenID Connect Registration). They always ask people for consent.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrationConfig {
    /// Who may register: nobody (`off`), whoever has a token of `countersign registration token create`
    /// (`initial_access_token`), or everybody (`open`).
    pub access: RegistrationAccess,

    /// The scopes that such clients may ask for, and get registered when they name none. `offline_access` is for those with
    /// the grant `refresh_token`.
    pub scope: Scope,

    /// The grants that such clients may register: `authorization_code`, `implicit` (it needs a response type of
    /// `openid.response_types_supported`), `refresh_token`, `client_credentials`.
    pub grant_types: Vec<GrantType>,

    /// Whether such clients need PKCE: `required`, or `optional` for those with credentials. Public clients always need it.
    pub pkce_policy: PkcePolicy,

    /// The hosts that their redirect URIs may have, compared as written. Where this list and `redirect_schemes` are empty, any
    /// host and scheme.
    pub redirect_hosts: Vec<String>,

    /// The schemes of their own that apps on a device may have in redirect URIs (`com.example.app`). Such an app proves less than
    /// a host: any other app on the device may open the same scheme.
    pub redirect_schemes: Vec<String>,

    /// Registrations and changes of registrations that one network (an IPv4 address or an IPv6 /64) may make in an hour;
    /// 0 for any number.
    pub per_address_per_hour: u32,

    /// A client that never got a code or token is deleted after that time; 0 to keep it.
    /// Unit: seconds (default 30 days).
    pub unused_lifetime: i64,

    /// When a browser is sent to such a client with an error of `/authorize`: `always`, or only `after_sign_in`. Before somebody
    /// is signed in, a page says what is wrong and the person chooses whether to go on; otherwise anybody could register an address
    /// and make links of this server that lead there.
    pub redirect_errors: RedirectErrors,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationAccess {
    Off,
    InitialAccessToken,
    Open,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedirectErrors {
    AfterSignIn,
    Always,
}

impl Default for RegistrationConfig {
    fn default() -> Self {
        let scope = [OPENID, PROFILE, EMAIL, ADDRESS, PHONE, OFFLINE_ACCESS];
        Self {
            access: RegistrationAccess::Off,
            scope: scope.iter().filter_map(|token| ScopeToken::parse(token).ok()).collect(),
            grant_types: vec![GrantType::AuthorizationCode, GrantType::Implicit, GrantType::RefreshToken],
            pkce_policy: PkcePolicy::Required,
            redirect_hosts: Vec::new(),
            redirect_schemes: Vec::new(),
            per_address_per_hour: 60,
            unused_lifetime: 30 * 86_400,
            redirect_errors: RedirectErrors::AfterSignIn,
        }
    }
}

impl RegistrationConfig {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        if self.grant_types.is_empty() {
            problems.push(Problem::new(
                "registration.grant_types",
                "is empty, so no client could register",
                "name at least \"authorization_code\", or set registration.access to \"off\"",
            ));
        }
        let is_host = |entry: &String| {
            !entry.is_empty()
                && !entry.bytes().any(|byte| byte.is_ascii_uppercase() || b"/*@ ".contains(&byte))
                && (entry.starts_with('[') || !entry.contains(':'))
        };
        if let Some(entry) = self.redirect_hosts.iter().find(|entry| !is_host(entry)) {
            problems.push(Problem::new(
                "registration.redirect_hosts",
                format!("{entry:?} is not a host"),
                "write the host alone in lower case, such as \"app.example.com\"; there are no patterns",
            ));
        }
        if let Some(entry) = self.redirect_schemes.iter().find(|entry| !redirect_uri::is_private_use_scheme(entry)) {
            problems.push(Problem::new(
                "registration.redirect_schemes",
                format!("{entry:?} is not a private-use scheme"),
                "write the scheme alone in lower case, such as \"com.example.app\"; there are no patterns",
            ));
        }
        within(problems, "registration.unused_lifetime", self.unused_lifetime, 0..=10 * 365 * 86_400);
    }

    /// Whether the endpoint exists.
    pub fn is_on(&self) -> bool {
        match self.access {
            RegistrationAccess::Off => false,
            RegistrationAccess::InitialAccessToken | RegistrationAccess::Open => true,
        }
    }

    /// When a client that registers now is deleted unless it is used before.
    pub fn expires_unused_at(&self, now: Timestamp) -> Option<Timestamp> {
        (self.unused_lifetime > 0).then(|| now + Seconds(self.unused_lifetime))
    }
}

impl Config {
    /// What the discovery document announces beside what is always there.
    pub fn switched_on(&self) -> Vec<Feature> {
        let registration = self.registration.is_on().then_some(Feature::Registration);
        self.openid.switched_on().into_iter().chain(registration).chain(self.accounts.features()).collect()
    }

    /// What clients may be that register themselves, out of what there is for all.
    pub(crate) fn registration_policy<'a>(&'a self, offered: Offered<'a>) -> Policy<'a> {
        let RegistrationConfig { redirect_hosts: hosts, redirect_schemes: schemes, .. } = &self.registration;
        Policy {
            offered,
            grant_types: &self.registration.grant_types,
            scope: &self.registration.scope,
            pkce: self.registration.pkce_policy,
            destinations: Destinations { hosts, schemes },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(config: &RegistrationConfig) -> Vec<&'static str> {
        let mut problems = Vec::new();
        config.check(&mut problems);
        problems.iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn nobody_registers_by_default() {
        let config = RegistrationConfig::default();
        assert!(!config.is_on());
        assert!(problems(&config).is_empty());
        assert_eq!(config.scope.to_string(), "openid profile email address phone offline_access");
        assert!(!config.grant_types.contains(&GrantType::ClientCredentials));
    }

    #[test]
    fn a_redirect_host_is_one_host() {
        for (entry, expected) in [
            ("app.example.com", true),
            ("127.0.0.1", true),
            ("[::1]", true),
            ("*.example.com", false),
            ("app.example.com:8443", false),
            ("App.example.com", false),
            ("https://app.example.com", false),
            ("", false),
        ] {
            let config = RegistrationConfig { redirect_hosts: vec![entry.to_owned()], ..RegistrationConfig::default() };
            assert_eq!(problems(&config).is_empty(), expected, "{entry}");
        }
    }

    #[test]
    fn a_redirect_scheme_is_one_scheme() {
        for (entry, expected) in [
            ("com.example.app", true),
            ("com.example.app:", false),
            ("com.example.app:/callback", false),
            ("Com.example.app", false),
            ("com.example.*", false),
            ("https", false),
            ("myapp", false),
            ("", false),
        ] {
            let config =
                RegistrationConfig { redirect_schemes: vec![entry.to_owned()], ..RegistrationConfig::default() };
            assert_eq!(problems(&config).is_empty(), expected, "{entry}");
        }
    }

    #[test]
    fn zero_keeps_unused_clients() {
        let keep = RegistrationConfig { unused_lifetime: 0, ..RegistrationConfig::default() };
        assert_eq!(keep.expires_unused_at(Timestamp(7)), None);
        let default = RegistrationConfig::default().expires_unused_at(Timestamp(7));
        assert_eq!(default, Some(Timestamp(7 + 30 * 86_400)));
    }
}
