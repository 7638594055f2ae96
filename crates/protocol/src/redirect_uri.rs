//! Where an answer may go: the registered form of a redirect URI, and the one comparison with what a request sends.
//!
//! RFC 9700 §2.1 demands equality of strings. The only exception is the port of a loopback URI of a native client (RFC 8252
//! §7.3). Nothing is decoded, folded or normalised, neither here nor later.

use url::form_urlencoded;

use crate::closed_set::closed_set;
use crate::http_url::{self, HttpUrl, Scheme};

/// What an answer may add to a redirect URI (RFC 6749 §4.1.2 and §4.2.2, RFC 9207, OpenID Connect Core §3.2.2.5, Session
/// Management §3, JARM §2.3).
const RESPONSE_PARAMETERS: &[&str] = &[
    "access_token",
    "code",
    "error",
    "error_description",
    "error_uri",
    "expires_in",
    "id_token",
    "iss",
    "response",
    "scope",
    "session_state",
    "state",
    "token_type",
];

closed_set! {
    /// Where the client runs (OpenID Connect Registration §2); it decides which redirect URIs are possible.
    pub enum ApplicationType {
        Web = "web",
        Native = "native",
    }
}

/// A URI that a client registered, with its exact bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredRedirectUri {
    raw: String,
    target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Web {
        origin: String,
        host: String,
    },
    /// Loopback of a native client: `before`, any port, `after`.
    AnyPort {
        origin: String,
        host: String,
        before: String,
        after: String,
    },
    PrivateUse {
        scheme: String,
    },
}

/// Who gets what is sent to a redirect URI. A host and a scheme that are spelled alike have nothing to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination<'a> {
    /// A server that somebody runs under this name.
    Host(&'a str),
    /// An app on the device of the person, at one of the three loopback names (RFC 8252 §7.3).
    Loopback(&'a str),
    /// Whichever app on the device opens links of this private-use scheme (RFC 8252 §7.1).
    Scheme(&'a str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a redirect URI: {reason}")]
pub struct InvalidRedirectUri {
    pub reason: &'static str,
}

impl RegisteredRedirectUri {
    /// For a URI that somebody registers now.
    pub fn parse(raw: &str, application_type: ApplicationType) -> Result<Self, InvalidRedirectUri> {
        let uri = Self::from_stored(raw, application_type)?;
        check_path_and_query(raw).map_err(|reason| InvalidRedirectUri { reason })?;
        Ok(uri)
    }

    /// For a URI that was registered before, perhaps when less was refused. A rule that is added later belongs into
    /// [`Self::parse`] alone: clients of before go on working.
    pub fn from_stored(raw: &str, application_type: ApplicationType) -> Result<Self, InvalidRedirectUri> {
        let target = target(raw, application_type).map_err(|reason| InvalidRedirectUri { reason })?;
        Ok(Self { raw: raw.to_owned(), target })
    }

    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// RFC 9700 §2.1: "authorization servers MUST utilize exact string matching except for port numbers in localhost
    /// redirection URIs of native apps".
    pub fn matches(&self, presented: &str) -> bool {
        if presented == self.raw {
            return true;
        }
        match &self.target {
            Target::AnyPort { before, after, .. } => differs_in_port_only(presented, before, after),
            Target::Web { .. } | Target::PrivateUse { .. } => false,
        }
    }

    /// The web origin behind it. A private-use scheme has none.
    pub fn origin(&self) -> Option<String> {
        match &self.target {
            Target::Web { origin, .. } | Target::AnyPort { origin, .. } => Some(origin.clone()),
            Target::PrivateUse { .. } => None,
        }
    }

    pub fn destination(&self) -> Destination<'_> {
        match &self.target {
            Target::Web { host, .. } | Target::AnyPort { host, .. } if http_url::is_loopback(host) => {
                Destination::Loopback(host)
            }
            Target::Web { host, .. } | Target::AnyPort { host, .. } => Destination::Host(host),
            Target::PrivateUse { scheme } => Destination::Scheme(scheme),
        }
    }
}

impl<'a> Destination<'a> {
    /// The host or the scheme as a person reads it. Not for comparing: that is what the variants are for.
    pub fn name(self) -> &'a str {
        match self {
            Self::Host(name) | Self::Loopback(name) | Self::Scheme(name) => name,
        }
    }

    /// The host, if it is one.
    pub fn host(self) -> Option<&'a str> {
        match self {
            Self::Host(host) | Self::Loopback(host) => Some(host),
            Self::Scheme(_) => None,
        }
    }
}

fn target(raw: &str, application_type: ApplicationType) -> Result<Target, &'static str> {
    http_url::check_characters(raw)?;
    if raw.split('?').next().is_some_and(|place| place.contains('*')) {
        return Err("it must not contain wildcards: register each URI");
    }
    let scheme = scheme_of(raw).ok_or("it must be absolute: begin with a scheme")?;
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => web(raw, application_type),
        "javascript" | "data" | "vbscript" | "file" | "blob" | "about" => Err("its scheme is dangerous in a browser"),
        _ => private_use(raw, scheme, application_type),
    }
}

/// What would make two readers of an answer see two things.
fn check_path_and_query(raw: &str) -> Result<(), &'static str> {
    let (place, query) = raw.split_once('?').unwrap_or((raw, ""));
    // Some servers cut `;x=y` off a path segment, some do not, so that `..;` is a way up for the former only.
    if place.contains(';') {
        return Err("its path must not contain ;");
    }
    // Of two values of one parameter most readers take the first, and that would not be ours.
    if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| RESPONSE_PARAMETERS.contains(&name.as_ref())) {
        return Err("its query must not contain a parameter that answers have, as code or state");
    }
    Ok(())
}

/// RFC 3986 §3.1: `scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )`.
fn scheme_of(raw: &str) -> Option<&str> {
    let (scheme, _) = raw.split_once(':')?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    (scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(legal)).then_some(scheme)
}

fn web(raw: &str, application_type: ApplicationType) -> Result<Target, &'static str> {
    let url = HttpUrl::parse(raw)?;
    let (origin, host) = (url.origin(), url.host.to_owned());
    match (url.scheme, application_type) {
        // RFC 9700 §2.6: answers must not cross a network unencrypted; on loopback they cross none.
        (Scheme::Http, _) if !url.is_loopback() => Err("http is for 127.0.0.1, [::1] and localhost only; use https"),
        (Scheme::Https, _) | (Scheme::Http, ApplicationType::Web) => Ok(Target::Web { origin, host }),
        (Scheme::Http, ApplicationType::Native) => {
            let before = format!("http://{host}");
            Ok(Target::AnyPort { origin, host, before, after: url.tail.to_owned() })
        }
    }
}

fn private_use(raw: &str, scheme: &str, application_type: ApplicationType) -> Result<Target, &'static str> {
    match application_type {
        ApplicationType::Web => return Err("a web client needs https, or http on loopback"),
        ApplicationType::Native => {}
    }
    // RFC 8252 §7.1: "apps MUST use a URI scheme based on a domain name under their control, expressed in reverse order".
    if !is_reverse_domain(scheme) {
        return Err("a private-use scheme must be a domain name in reverse order, as com.example.app");
    }
    let rest = &raw[scheme.len() + 1..];
    if rest.trim_matches('/').is_empty() {
        return Err("a private-use redirect URI needs a path, as com.example.app:/callback");
    }
    let authority = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next());
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err("it must not contain a user name or password");
    }
    Ok(Target::PrivateUse { scheme: scheme.to_owned() })
}

/// Whether the text is a scheme that an app may have as its own, in the spelling that redirect URIs are compared in.
pub fn is_private_use_scheme(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(legal) && is_reverse_domain(text)
}

fn is_reverse_domain(scheme: &str) -> bool {
    scheme.contains('.') && scheme.split('.').all(|label| !label.is_empty())
}

/// RFC 8252 §7.3: "The authorization server MUST allow any port to be specified at the time of the request for loopback IP
/// redirect URIs". The rest stays byte for byte.
fn differs_in_port_only(presented: &str, before: &str, after: &str) -> bool {
    let Some(port) = presented.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) else {
        return false;
    };
    port.is_empty() || port.strip_prefix(':').and_then(http_url::parse_port).is_some()
}

#[cfg(test)]
pub(crate) mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus::{COMPARISONS, REGISTRATIONS};
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    use ApplicationType::{Native, Web};

    fn registered(raw: &str, application_type: ApplicationType) -> RegisteredRedirectUri {
        RegisteredRedirectUri::parse(raw, application_type).expect(raw)
    }

    #[test]
    fn the_corpus_is_registered_or_refused_as_written() {
        for (raw, expected) in REGISTRATIONS {
            for application_type in ApplicationType::ALL {
                let parsed = RegisteredRedirectUri::parse(raw, *application_type);
                assert_eq!(
                    parsed.is_ok(),
                    expected.allows(*application_type),
                    "{application_type} {raw:?}: {parsed:?}"
                );
            }
        }
    }

    #[test]
    fn the_corpus_matches_or_not_as_written() {
        for (raw, app, presented, expected) in COMPARISONS {
            let uri = registered(raw, app.application_type());
            assert_eq!(uri.matches(presented), expected.at_authorization(), "{app:?} {raw:?} and {presented:?}");
            assert_eq!(presented == raw, expected.at_logout(), "{raw:?} and {presented:?}");
        }
    }

    #[test]
    fn the_corpus_has_no_row_twice_and_is_large() {
        let registrations: BTreeSet<_> = REGISTRATIONS.iter().map(|(raw, _)| raw).collect();
        assert_eq!(registrations.len(), REGISTRATIONS.len());
        let comparisons: BTreeSet<_> =
            COMPARISONS.iter().map(|(raw, app, presented, _)| (raw, app, presented)).collect();
        assert_eq!(comparisons.len(), COMPARISONS.len());
        assert!(registrations.len() + comparisons.len() >= 400);
    }

    /// The rules of the first release are those of today without the two about path and query.
    #[test]
    fn what_was_registered_before_a_rule_is_still_read() {
        for raw in ["https://app.example/cb;x", "https://app.example/cb?state=1", "https://app.example/a;b?code=&iss=x"]
        {
            assert!(RegisteredRedirectUri::parse(raw, Web).is_err(), "{raw}");
            let uri = RegisteredRedirectUri::from_stored(raw, Web).expect(raw);
            assert!(uri.matches(raw) && uri.as_str() == raw);
        }
        for raw in ["https://*.app.example/", "https://app.example/#a", "javascript:alert(1)", "http://app.example/"] {
            assert!(RegisteredRedirectUri::from_stored(raw, Web).is_err(), "{raw}");
        }
    }

    #[test]
    fn the_length_limit_is_2048_bytes() {
        let raw = |length: usize| "https://app.example/".to_owned() + &"a".repeat(length - 20);
        assert!(RegisteredRedirectUri::parse(&raw(2048), Web).is_ok());
        assert!(RegisteredRedirectUri::parse(&raw(2049), Web).is_err());
    }

    #[test]
    fn origin_and_destination_come_from_the_registered_text() {
        for (raw, application_type, origin, destination) in [
            ("https://app.example:443/cb", Web, Some("https://app.example"), Destination::Host("app.example")),
            ("https://app.example/cb", Native, Some("https://app.example"), Destination::Host("app.example")),
            ("http://[::1]:3000/cb", Native, Some("http://[::1]:3000"), Destination::Loopback("[::1]")),
            ("http://localhost/cb", Web, Some("http://localhost"), Destination::Loopback("localhost")),
            ("https://localhost/cb", Web, Some("https://localhost"), Destination::Loopback("localhost")),
            ("app.example:/cb", Native, None, Destination::Scheme("app.example")),
        ] {
            let uri = registered(raw, application_type);
            assert_eq!((uri.origin().as_deref(), uri.destination()), (origin, destination), "{raw}");
        }
        let (scheme, host) = (registered("app.example:/cb", Native), registered("https://app.example/", Native));
        assert_ne!(scheme.destination(), host.destination());
        assert_eq!((scheme.destination().host(), scheme.destination().name()), (None, "app.example"));
    }

    proptest! {
        /// RFC 9700 §2.1: what a web client registered matches itself and nothing else.
        #[test]
        fn a_web_client_matches_equal_bytes_only(row in 0..REGISTRATIONS.len(), other in 0..REGISTRATIONS.len()) {
            if let Ok(uri) = RegisteredRedirectUri::parse(REGISTRATIONS[row].0, Web) {
                prop_assert!(uri.matches(uri.as_str()));
                let presented = REGISTRATIONS[other].0;
                prop_assert_eq!(uri.matches(presented), uri.as_str() == presented);
            }
        }

        #[test]
        fn one_inserted_character_never_matches(row in 0..REGISTRATIONS.len(), at in 0usize..40, added: char) {
            if let Ok(uri) = RegisteredRedirectUri::parse(REGISTRATIONS[row].0, Web) {
                let mut presented = uri.as_str().to_owned();
                presented.insert(at.min(presented.len()), added);
                prop_assert!(!uri.matches(&presented));
            }
        }

        /// RFC 8252 §7.3: a native client gets another port on the same loopback literal, and no other difference.
        #[test]
        fn a_native_client_differs_in_a_loopback_port_only(
            host in "(127\\.0\\.0\\.1|localhost|\\[::1\\])",
            path in "(/[a-z]{0,3}){0,2}",
            presented in "http://(127\\.0\\.0\\.1|localhost|\\[::1\\])(:[0-9]{0,6})?[@.a-z]{0,2}(/[a-z]{0,3}){0,2}",
        ) {
            let uri = registered(&format!("http://{host}{path}"), Native);
            if uri.matches(&presented) {
                let seen = url::Url::parse(&presented).expect("a match is a URL");
                prop_assert_eq!(seen.host_str(), Some(host.as_str()));
                prop_assert!(presented.ends_with(&path));
                prop_assert!(seen.username().is_empty());
            }
        }

        #[test]
        fn any_port_of_the_loopback_matches(port in 1u16.., path in "/[a-z]{0,8}") {
            let uri = registered(&format!("http://127.0.0.1{path}"), Native);
            let presented = format!("http://127.0.0.1:{port}{path}");
            prop_assert!(uri.matches(&presented));
            let exact = registered(uri.as_str(), Web);
            prop_assert!(!exact.matches(&presented));
        }

        #[test]
        fn what_is_registered_is_kept_byte_for_byte(raw: String) {
            for application_type in ApplicationType::ALL {
                if let Ok(uri) = RegisteredRedirectUri::parse(&raw, *application_type) {
                    prop_assert_eq!(uri.as_str(), &raw);
                    prop_assert!(uri.matches(&raw));
                }
            }
        }
    }
}
