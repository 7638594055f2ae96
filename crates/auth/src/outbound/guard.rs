//! Which servers are asked: https URLs in plain form, whose name leads to public addresses and whose port is none of other
//! services. The exceptions are those that the settings name, host and port together.
//!
//! The addresses that were looked at are the addresses that are connected to. A name is never resolved a second time, so a
//! name server that changes its mind (DNS rebinding) gains nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use protocol::http_url::check_https;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::address::special_use;
use super::lookups::Lookups;
use crate::config::authority;

/// More addresses of one name are not tried: a name could be made to knock at many doors.
const ADDRESSES: usize = 8;
const REMEDY: &str = "if this is meant, add the host with its port to outbound.allowed_private_addresses";
const HTTPS: u16 = 443;
/// RFC 6335 §6: the ports below are those of well-known services.
const FIRST_USER_PORT: u16 = 1024;

/// A URL that may be asked, as far as one can tell before its name is resolved.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) url: Url,
    /// Host and port.
    pub(super) authority: String,
    pub(super) scope: Scope,
}

/// To which addresses a connection may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Public,
    /// The settings name this host with this port.
    Any,
}

/// The rule that forbids to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("refused, {0}")]
    Url(&'static str),
    #[error("refused, of the ports below 1024 only 443 is asked; {remedy}", remedy = REMEDY)]
    Port,
    #[error("refused, {0} is {1}; {remedy}", remedy = REMEDY)]
    Address(IpAddr, &'static str),
}

impl Target {
    pub(super) fn parse(raw: &str, exceptions: &[String]) -> Result<Self, Refused> {
        // RFC 3986 §3.5: the fragment is cut off before a resource is asked for.
        let raw = raw.split('#').next().unwrap_or_default();
        check_https(raw).map_err(Refused::Url)?;
        let url = Url::parse(raw).map_err(|_| Refused::Url("it is not a well-formed URL"))?;
        let authority = authority(&url);
        let scope = if exceptions.contains(&authority) { Scope::Any } else { Scope::Public };
        if scope == Scope::Public {
            check_port(&url)?;
            check_literal(&url)?;
        }
        Ok(Self { url, authority, scope })
    }
}

fn check_port(url: &Url) -> Result<(), Refused> {
    match url.port_or_known_default() {
        Some(HTTPS | FIRST_USER_PORT..) => Ok(()),
        _ => Err(Refused::Port),
    }
}

/// Nobody asks a resolver for a host that is an address.
fn check_literal(url: &Url) -> Result<(), Refused> {
    match url.host() {
        Some(Host::Ipv4(address)) => check_address(address.into()),
        Some(Host::Ipv6(address)) => check_address(address.into()),
        Some(Host::Domain(_)) => Ok(()),
        None => Err(Refused::Url("it must name a host")),
    }
}

fn check_address(address: IpAddr) -> Result<(), Refused> {
    special_use(address).map_or(Ok(()), |name| Err(Refused::Address(address, name)))
}

/// Lets through of the addresses of a name what the scope allows.
#[derive(Debug)]
pub(super) struct Resolver {
    scope: Scope,
    lookups: Arc<Lookups>,
}

impl Resolver {
    pub(super) fn new(scope: Scope, lookups: Arc<Lookups>) -> Self {
        Self { scope, lookups }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (scope, lookups) = (self.scope, Arc::clone(&self.lookups));
        Box::pin(async move {
            let found = lookups.addresses(name.as_str()).await?;
            let vetted = vet(found, scope)?;
            Ok::<Addrs, _>(Box::new(vetted.into_iter()))
        })
    }
}

/// Leaves out what is not public. When nothing is left, the first address that was left out is the reason.
fn vet(found: Vec<SocketAddr>, scope: Scope) -> Result<Vec<SocketAddr>, Refused> {
    let checks = found.iter().map(|address| match scope {
        Scope::Public => check_address(address.ip()).map(|()| *address),
        Scope::Any => Ok(*address),
    });
    let (vetted, refused): (Vec<_>, Vec<_>) = checks.partition(Result::is_ok);
    match refused.into_iter().find_map(Result::err) {
        Some(reason) if vetted.is_empty() => Err(reason),
        _ => Ok(vetted.into_iter().flatten().take(ADDRESSES).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &str) -> Result<Target, Refused> {
        Target::parse(raw, &["suite.test:8443".to_owned(), "10.0.0.5:22".to_owned(), "[::1]:9443".to_owned()])
    }

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().expect(text), 0)).collect()
    }

    #[test]
    fn a_url_is_asked_as_it_stands_but_for_its_fragment() {
        let target = parse("https://keys.example/jwks?a=b#part").expect("is right");
        assert_eq!(
            (target.url.as_str(), target.authority.as_str()),
            ("https://keys.example/jwks?a=b", "keys.example:443")
        );
        assert_eq!(parse("https://keys.example:8443/").expect("is right").authority, "keys.example:8443");
    }

    #[test]
    fn what_is_no_plain_https_url_is_refused() {
        for raw in [
            "http://keys.example/",
            "ftp://keys.example/",
            "file:///etc/passwd",
            "HTTPS://keys.example/",
            "//keys.example/",
            "",
            "https://",
            "https:///jwks",
            "https://user@keys.example/",
            "https://user:secret@keys.example/",
            "https://keys.example@127.0.0.1/",
            "https://keys.example\\@127.0.0.1/",
            "https://käse.example/",
            "https://keys.example/\u{7f}",
            "https://keys.example/a b",
            "https://keys.example:0/",
            "https://keys.example:99999/",
            "https://keys.example/../x",
            "https://KEYS.example/",
        ] {
            assert!(matches!(parse(raw), Err(Refused::Url(_))), "{raw}: {:?}", parse(raw));
        }
    }

    #[test]
    fn an_address_is_refused_in_whatever_way_it_is_written() {
        for raw in [
            "https://127.0.0.1/",
            "https://10.1.2.3:8443/",
            "https://169.254.169.254/latest/meta-data/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:7f00:1]/",
            "https://[fd00::1]/",
            "https://[fe80::1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
        ] {
            assert!(matches!(parse(raw), Err(Refused::Address(..))), "{raw}: {:?}", parse(raw));
        }
        for raw in [
            "https://127.1/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://127.0.0.1./",
            "https://①②⑦.0.0.1/",
            "https://%31%32%37.0.0.1/",
            "https://127。0。0。1/",
            "https://[::ffff:127.0.0.1]/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://[::1%25lo]/",
        ] {
            assert!(matches!(parse(raw), Err(Refused::Url(_))), "{raw}: {:?}", parse(raw));
        }
        assert_eq!(parse("https://8.8.8.8/").expect("is public").scope, Scope::Public);
    }

    #[test]
    fn ports_of_well_known_services_are_refused() {
        for (port, expected) in [(443, true), (1024, true), (8443, true), (65535, true)] {
            assert_eq!(parse(&format!("https://keys.example:{port}/")).is_ok(), expected, "{port}");
        }
        for port in [1, 22, 25, 80, 442, 444, 465, 636, 993, 1023] {
            assert_eq!(
                parse(&format!("https://keys.example:{port}/")).expect_err("is refused"),
                Refused::Port,
                "{port}"
            );
        }
    }

    #[test]
    fn an_exception_is_for_one_host_with_one_port() {
        for (raw, scope) in [
            ("https://suite.test:8443/jwks", Scope::Any),
            ("https://10.0.0.5:22/", Scope::Any),
            ("https://[::1]:9443/", Scope::Any),
            ("https://suite.test/jwks", Scope::Public),
            ("https://suite.test:8444/jwks", Scope::Public),
            ("https://suite.test.:8443/jwks", Scope::Public),
            ("https://a.suite.test:8443/jwks", Scope::Public),
        ] {
            assert_eq!(parse(raw).expect(raw).scope, scope, "{raw}");
        }
        assert!(matches!(parse("https://10.0.0.5/"), Err(Refused::Address(..))));
        assert!(matches!(parse("https://[::1]/"), Err(Refused::Address(..))));
        assert!(matches!(parse("http://suite.test:8443/"), Err(Refused::Url(_))), "an exception is for https too");
    }

    #[test]
    fn of_the_addresses_of_a_name_only_public_ones_are_left() {
        let mixed = addresses(&["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111"]);
        assert_eq!(vet(mixed.clone(), Scope::Public), Ok(addresses(&["8.8.8.8", "2606:4700::1111"])));
        assert_eq!(vet(mixed.clone(), Scope::Any), Ok(mixed));
        let private = addresses(&["::1", "10.0.0.1"]);
        let reason = vet(private, Scope::Public).expect_err("nothing is left");
        assert_eq!(
            reason.to_string(),
            "refused, ::1 is loopback (RFC 4291); if this is meant, add the host with its port to outbound.allowed_private_addresses"
        );
        assert_eq!(vet(addresses(&["8.8.8.8"; 20]), Scope::Public).expect("are public").len(), ADDRESSES);
    }
}
