//! Who this server is: the issuer identifier (OpenID Connect Discovery §3, RFC 8414 §2).
//!
//! It comes from the configuration and is compared byte for byte everywhere (RFC 9207 §2.4), so there is one spelling only: no
//! trailing slash, no default port, nothing that a client would have to normalise.

use std::fmt;

use crate::http_url::{HttpUrl, Scheme};

#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Issuer {
    raw: String,
    origin: String,
    scheme: Scheme,
    host: Host,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Host {
    Loopback,
    Public,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an issuer: {reason}")]
pub struct InvalidIssuer {
    pub reason: &'static str,
}

impl Issuer {
    /// One of ours.
    pub fn parse(raw: &str) -> Result<Self, InvalidIssuer> {
        if raw.ends_with('/') {
            return Err(InvalidIssuer { reason: "it must not end with a slash" });
        }
        Self::parse_foreign(raw)
    }

    /// One of somebody else, which is spelled as they like: those of some providers end with a slash.
    pub fn parse_foreign(raw: &str) -> Result<Self, InvalidIssuer> {
        let refuse = |reason| Err(InvalidIssuer { reason });
        let url = HttpUrl::parse(raw).map_err(|reason| InvalidIssuer { reason })?;
        if url.scheme == Scheme::Http && !url.is_loopback() {
            return refuse("http is for loopback hosts only; everywhere else it must be https");
        }
        // RFC 8414 §2: "a URL that uses the "https" scheme and has no query or fragment components".
        if url.tail.contains('?') {
            return refuse("it must not have a query");
        }
        if url.tail.contains("//") {
            return refuse("its path must not contain empty segments");
        }
        let origin = url.origin();
        if origin.len() + url.tail.len() != raw.len() {
            return refuse("it must not name the default port");
        }
        let host = if url.is_loopback() { Host::Loopback } else { Host::Public };
        Ok(Self { raw: raw.to_owned(), origin, scheme: url.scheme, host })
    }

    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// The URL of an endpoint, as `endpoint("/token")`. OpenID Connect Discovery §4: "any terminating / MUST be removed before
    /// appending /.well-known/openid-configuration".
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.raw.trim_end_matches('/'))
    }

    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::Https
    }

    pub fn is_loopback(&self) -> bool {
        self.host == Host::Loopback
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// What follows the origin: empty, or beginning with a slash; of an issuer of ours not ending with one.
    pub fn path(&self) -> &str {
        &self.raw[self.origin.len()..]
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.raw)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({})", self.raw)
    }
}

impl serde::Serialize for Issuer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.raw)
    }
}

impl<'de> serde::Deserialize<'de> for Issuer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&raw).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_issuer_has_one_spelling() {
        for raw in [
            "https://auth.example.org",
            "https://auth.example.org:8443",
            "https://example.org/tenant/a",
            "http://127.0.0.1:8080",
            "http://localhost:8080",
            "http://[::1]:8080",
        ] {
            assert_eq!(Issuer::parse(raw).expect(raw).as_str(), raw);
        }
        for raw in [
            "",
            "auth.example.org",
            "https://",
            "https://auth.example.org/",
            "https://auth.example.org/a/",
            "https://auth.example.org//a",
            "https://auth.example.org?",
            "https://auth.example.org?a=b",
            "https://auth.example.org#",
            "https://auth.example.org:443",
            "http://localhost:80",
            "https://user@auth.example.org",
            "https://Auth.example.org",
            "HTTPS://auth.example.org",
            "http://auth.example.org",
            "http://127.1:8080",
            "ftp://auth.example.org",
            " https://auth.example.org",
            "https://auth.example.org/a/../b",
            "https://münchen.example",
        ] {
            assert!(Issuer::parse(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn the_issuer_of_somebody_else_may_end_with_a_slash() {
        for raw in [
            "https://tenant.eu.auth0.com/",
            "https://sts.example/tenant/",
            "https://id.example",
            "http://localhost:8080/",
        ] {
            let issuer = Issuer::parse_foreign(raw).expect(raw);
            assert_eq!(issuer.as_str(), raw);
            let discovery = issuer.endpoint("/.well-known/openid-configuration");
            assert_eq!(discovery.matches("//").count(), 1, "{discovery}");
            assert_eq!(issuer.origin() + issuer.path(), raw);
        }
        for raw in
            ["https://id.example//", "https://id.example/a//", "https://id.example/?", "https://id.example:443/", "/"]
        {
            assert!(Issuer::parse_foreign(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn endpoints_stand_under_the_issuer() {
        let issuer = Issuer::parse("https://example.org/tenant").expect("is an issuer");
        assert_eq!(issuer.endpoint("/token"), "https://example.org/tenant/token");
        assert_eq!((issuer.origin().as_str(), issuer.path()), ("https://example.org", "/tenant"));
        assert!(issuer.is_https() && !issuer.is_loopback());
        let issuer = Issuer::parse("http://localhost:8080").expect("is an issuer");
        assert_eq!((issuer.origin().as_str(), issuer.path()), ("http://localhost:8080", ""));
        assert!(!issuer.is_https() && issuer.is_loopback());
    }

    #[test]
    fn reading_json_obeys_the_same_rule() {
        assert!(serde_json::from_str::<Issuer>("\"https://example.org\"").is_ok());
        assert!(serde_json::from_str::<Issuer>("\"https://example.org/\"").is_err());
    }

    proptest! {
        #[test]
        fn origin_and_path_make_the_issuer(raw in "https://[a-z]{1,8}(:[1-9][0-9]{1,3})?(/[a-z]{1,4}){0,3}/?") {
            if let Ok(issuer) = Issuer::parse(&raw) {
                prop_assert_eq!(issuer.origin() + issuer.path(), raw);
            } else {
                prop_assert!(raw.ends_with('/') || raw.contains(":443"), "{}", raw);
            }
        }
    }
}
