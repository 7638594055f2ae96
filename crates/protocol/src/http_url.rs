//! The one strict reading of an http(s) URL. Issuer, redirect URIs and the links of a client all go through it.
//!
//! Browsers repair URLs: they drop tabs, turn `\` into `/`, read `127.1` as an address. A text that needs repair names one
//! place to us and another to the browser, so it is refused. Nothing is normalised here; the raw bytes stay what they are.

use url::Url;

pub(crate) const MAX_LENGTH: usize = 2048;

/// Hosts that never leave the machine. Address literals as in RFC 8252 §7.3, and `localhost`, which developers type.
const LOOPBACK_HOSTS: &[&str] = &["127.0.0.1", "[::1]", "localhost"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// Parts of the text that was read; joined, they are that text again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpUrl<'a> {
    pub(crate) scheme: Scheme,
    /// With brackets when it is an IPv6 address.
    pub(crate) host: &'a str,
    pub(crate) port: Option<u16>,
    /// Path and query: empty, or beginning with `/` or `?`.
    pub(crate) tail: &'a str,
}

impl<'a> HttpUrl<'a> {
    /// The error is a sentence for the person who registers the URL.
    pub(crate) fn parse(raw: &'a str) -> Result<Self, &'static str> {
        check_characters(raw)?;
        let (scheme, rest) = if let Some(rest) = raw.strip_prefix("https://") {
            (Scheme::Https, rest)
        } else if let Some(rest) = raw.strip_prefix("http://") {
            (Scheme::Http, rest)
        } else {
            return Err("it must begin with https:// or http://");
        };
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("it must not contain a user name or password");
        }
        let (host, port) = split_authority(authority)?;
        check_host(raw, host)?;
        check_path(tail)?;
        Ok(Self { scheme, host, port, tail })
    }

    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(self.host)
    }

    /// As browsers send it in `Origin`: without the default port (RFC 6454 §6.2).
    pub(crate) fn origin(&self) -> String {
        match (self.scheme, self.port) {
            (Scheme::Https, None | Some(443)) => format!("https://{}", self.host),
            (Scheme::Http, None | Some(80)) => format!("http://{}", self.host),
            (Scheme::Https, Some(port)) => format!("https://{}:{port}", self.host),
            (Scheme::Http, Some(port)) => format!("http://{}:{port}", self.host),
        }
    }
}

/// `host` as it stands in a URL: an IPv6 address with brackets.
pub fn is_loopback(host: &str) -> bool {
    LOOPBACK_HOSTS.contains(&host)
}

/// Whether the text is an https URL that a server can be asked with as it stands. The error is a sentence for the person who
/// registers it.
pub fn check_https(raw: &str) -> Result<(), &'static str> {
    match HttpUrl::parse(raw)?.scheme {
        Scheme::Https => Ok(()),
        Scheme::Http => Err("it must begin with https://"),
    }
}

/// Only what RFC 3986 §2 allows, and no fragment. Shared with private-use schemes.
pub(crate) fn check_characters(raw: &str) -> Result<(), &'static str> {
    if raw.len() > MAX_LENGTH {
        return Err("it must not be longer than 2048 bytes");
    }
    if !raw.is_ascii() {
        return Err("it must be plain ASCII: write other characters in percent or punycode form");
    }
    if raw.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err("it must not contain spaces or control characters");
    }
    if raw.bytes().any(|byte| b"\\\"<>^`{|}".contains(&byte)) {
        return Err("it must not contain any of \\ \" < > ^ ` { | }");
    }
    if raw.contains('#') {
        return Err("it must not have a fragment");
    }
    let mut escapes = raw.split('%').skip(1);
    if !escapes.all(|escape| escape.len() >= 2 && escape.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())) {
        return Err("every % must be followed by two hexadecimal digits");
    }
    Ok(())
}

fn split_authority(authority: &str) -> Result<(&str, Option<u16>), &'static str> {
    let host_end = match authority.strip_prefix('[') {
        Some(inner) => inner.find(']').ok_or("the IPv6 address lacks its closing bracket")? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(host_end);
    match port.strip_prefix(':') {
        Some(digits) => Ok((host, Some(parse_port(digits).ok_or("the port must be a number from 1 to 65535")?))),
        None if port.is_empty() => Ok((host, None)),
        None => Err("after the host only a port may follow"),
    }
}

/// Decimal digits without a leading zero, 1 to 65535.
pub(crate) fn parse_port(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain)
}

/// The host must already be written as a browser would write it after reading the whole URL.
fn check_host(raw: &str, host: &str) -> Result<(), &'static str> {
    if host.is_empty() {
        return Err("it must name a host");
    }
    if host.contains('*') {
        return Err("it must not contain wildcards: register each URI");
    }
    let seen = Url::parse(raw).map_err(|_| "it is not a well-formed URL")?;
    if seen.host_str() == Some(host) {
        Ok(())
    } else {
        Err("the host must be written in lower case and in its plain form")
    }
}

/// Browsers resolve dot segments before they ask the server, so a path with them never arrives as written.
fn check_path(tail: &str) -> Result<(), &'static str> {
    let path = tail.split('?').next().unwrap_or_default();
    let is_dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if path.split('/').any(is_dots) { Err("its path must not contain . or .. segments") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_parts_are_cut_where_a_browser_cuts_them() {
        let url = HttpUrl::parse("https://auth.example.org:8443/a/b?c=d/e").expect("is a URL");
        assert_eq!((url.scheme, url.host, url.port), (Scheme::Https, "auth.example.org", Some(8443)));
        assert_eq!(url.tail, "/a/b?c=d/e");
        assert_eq!(url.origin(), "https://auth.example.org:8443");
        let url = HttpUrl::parse("http://[::1]?x").expect("is a URL");
        assert_eq!((url.host, url.port, url.tail), ("[::1]", None, "?x"));
    }

    #[test]
    fn a_default_port_is_no_part_of_the_origin() {
        assert_eq!(HttpUrl::parse("https://a.example:443/").expect("is a URL").origin(), "https://a.example");
        assert_eq!(HttpUrl::parse("http://a.example:80").expect("is a URL").origin(), "http://a.example");
        assert_eq!(HttpUrl::parse("http://a.example:443").expect("is a URL").origin(), "http://a.example:443");
    }

    #[test]
    fn only_plain_https_is_asked() {
        assert_eq!(check_https("https://keys.example/jwks?a=b"), Ok(()));
        assert_eq!(check_https("http://keys.example/jwks"), Err("it must begin with https://"));
        assert_eq!(check_https("https://keys.example/jwks#a"), Err("it must not have a fragment"));
        assert_eq!(check_https("https://me@keys.example/"), Err("it must not contain a user name or password"));
    }

    #[test]
    fn a_port_has_one_spelling() {
        for digits in ["", "0", "00", "080", "+80", "-1", "65536", "8o", "99999999999"] {
            assert_eq!(parse_port(digits), None, "{digits}");
        }
        assert_eq!((parse_port("1"), parse_port("65535")), (Some(1), Some(65535)));
    }

    #[test]
    fn loopback_is_three_literal_hosts() {
        for (raw, expected) in [
            ("http://127.0.0.1/", true),
            ("http://[::1]:8080/", true),
            ("http://localhost", true),
            ("http://127.0.0.1.example/", false),
            ("http://localhost.example/", false),
            ("http://127.0.0.2/", false),
        ] {
            assert_eq!(HttpUrl::parse(raw).expect(raw).is_loopback(), expected, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn what_we_read_a_browser_reads_the_same(raw in "https?://[a-z0-9.:@%\\[\\]-]{1,12}[a-z/?%=.\\\\]{0,10}") {
            if let Ok(url) = HttpUrl::parse(&raw) {
                let seen = Url::parse(&raw).expect("checked by us");
                prop_assert_eq!(seen.host_str(), Some(url.host));
                prop_assert_eq!(seen.origin().ascii_serialization(), url.origin());
                prop_assert!(seen.username().is_empty() && seen.password().is_none());
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(raw: String) {
            let _ = HttpUrl::parse(&raw);
            let _ = HttpUrl::parse(&format!("https://{raw}"));
        }
    }
}
