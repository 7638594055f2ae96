//! `[outbound]`: what the server asks of other servers, and of which ones. The guard itself is `outbound`.

use std::path::PathBuf;

use protocol::http_url::check_https;
use serde::{Deserialize, Serialize};
use url::Url;

use super::problem::{Problem, within};

/// What the server asks of other servers: keys, sector identifiers and request objects of clients, notices of logout. Always
/// https, never through a redirect or a proxy, never at an address that is not public.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutboundConfig {
    /// A PEM file with certificate authorities that are trusted beside those of the system. Read at start.
    pub extra_ca: Option<PathBuf>,

    /// Hosts with their port, such as `suite.test:8443` or `10.0.0.5:8443`, that are asked although their address is private
    /// or their port is below 1024. Compared as written; there are no patterns. Each of them may be reached with the help of
    /// any client that is registered here, so name only what is meant for that.
    pub allowed_private_addresses: Vec<String>,

    /// Time for another server to answer in full when somebody waits for it: name, connection, TLS and body.
    /// Unit: milliseconds.
    pub timeout_ms: u64,

    /// The same for a notice of logout, for which nobody waits.
    /// Unit: milliseconds.
    pub logout_timeout_ms: u64,
}

impl Default for OutboundConfig {
    fn default() -> Self {
        Self { extra_ca: None, allowed_private_addresses: Vec::new(), timeout_ms: 2_500, logout_timeout_ms: 5_000 }
    }
}

impl OutboundConfig {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        within(problems, "outbound.timeout_ms", self.timeout_ms, 100..=10_000);
        within(problems, "outbound.logout_timeout_ms", self.logout_timeout_ms, 100..=30_000);
        for entry in self.allowed_private_addresses.iter().filter(|entry| !is_authority(entry)) {
            problems.push(Problem::new(
                "outbound.allowed_private_addresses",
                format!("{entry:?} is not a host in lower case with a port"),
                "write each as \"host:port\", for example \"suite.test:8443\"",
            ));
        }
    }
}

/// Whether the text is a host and a port as the guard writes them, so that the entry can ever match.
fn is_authority(entry: &str) -> bool {
    let url = format!("https://{entry}");
    check_https(&url).is_ok() && Url::parse(&url).is_ok_and(|url| authority(&url) == entry)
}

/// `host:port` of an https URL; an IPv6 address stands in brackets.
pub(crate) fn authority(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_right() {
        let mut problems = Vec::new();
        OutboundConfig::default().check(&mut problems);
        assert_eq!(problems, []);
    }

    #[test]
    fn an_exception_is_one_host_with_one_port() {
        for (entry, expected) in [
            ("suite.test:8443", true),
            ("suite.test:443", true),
            ("10.0.0.5:8443", true),
            ("[::1]:8443", true),
            ("suite.test", false),
            ("Suite.test:8443", false),
            ("suite.test:08443", false),
            ("suite.test:8443/", false),
            ("*.test:8443", false),
            ("10.0.0.0/8", false),
            ("127.1:8443", false),
            ("https://suite.test:8443", false),
            ("user@suite.test:8443", false),
            ("::1:8443", false),
            (":8443", false),
            ("", false),
        ] {
            let config =
                OutboundConfig { allowed_private_addresses: vec![entry.to_owned()], ..OutboundConfig::default() };
            let mut problems = Vec::new();
            config.check(&mut problems);
            assert_eq!(problems.is_empty(), expected, "{entry:?}");
        }
    }
}
