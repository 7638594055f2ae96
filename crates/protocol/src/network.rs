//! A range of IP addresses in CIDR notation: the proxies that a server trusts, the places that an API key is good at.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An address and the number of its leading bits that count. Bits behind the prefix are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpNetwork {
    address: IpAddr,
    prefix: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetwork {
    #[error("`{0}` is no IP address or network such as 10.0.0.0/8")]
    NotAnAddress(String),
    #[error("`{0}` has a prefix length that its address does not have")]
    Prefix(String),
    #[error("`{0}` has bits behind its prefix; did you mean {1}?")]
    HostBits(String, IpNetwork),
}

impl IpNetwork {
    /// IPv4 addresses that arrive in IPv6 clothes (`::ffff:10.0.0.1`) are taken for what they are.
    pub fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.address.is_ipv4() == peer.is_ipv4() && masked(peer, self.prefix) == self.address
    }

    /// The IPv4 network that this one describes in IPv6 clothes (`::ffff:10.0.0.0/104`), which [`Self::contains`] finds nobody in.
    pub fn as_ipv4(&self) -> Option<Self> {
        let IpAddr::V6(v6) = self.address else { return None };
        Some(Self { address: v6.to_ipv4_mapped()?.into(), prefix: self.prefix.checked_sub(96)? })
    }

    /// `0.0.0.0/0` or `::/0`: trusting it means trusting everyone.
    pub fn is_everyone(&self) -> bool {
        self.prefix == 0
    }
}

/// Who a request comes from: the peer, or whom a proxy names. Walks from the nearest hop outwards, as long as the hops are trusted
/// proxies (RFC 9700 §4.13). What stands beyond the first stranger may be anybody's invention and is not read. `forwarded` are the
/// values of all `X-Forwarded-For` headers, as bytes: a stranger's hop may be anything, and must not make the line unreadable that a
/// proxy continued. `None` where a trusted proxy names somebody in a way that nobody can read.
pub fn forwarded_address<'h>(
    peer: IpAddr,
    forwarded: impl Iterator<Item = &'h [u8]>,
    trusted: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let mut nearest = peer.to_canonical();
    let hops: Vec<&[u8]> = forwarded.flat_map(|value| value.split(|byte| *byte == b',')).collect();
    for hop in hops.into_iter().rev() {
        if !trusted(nearest) {
            break;
        }
        nearest = hop_address(hop)?;
    }
    Some(nearest)
}

/// With or without a port; IPv6 addresses with or without brackets.
fn hop_address(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim();
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse::<IpAddr>().or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address| address.to_canonical())
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((u32::from(v4) & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6((u128::from(v6) & mask).into())
        }
    }
}

impl FromStr for IpNetwork {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| InvalidNetwork::NotAnAddress(text.to_owned()))?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            // `parse` would take a plus sign.
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit()))
                .filter(|length| *length <= bits)
                .ok_or_else(|| InvalidNetwork::Prefix(text.to_owned()))?,
        };
        let network = Self { address: masked(address, prefix), prefix };
        if network.address == address { Ok(network) } else { Err(InvalidNetwork::HostBits(text.to_owned(), network)) }
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Serialize for IpNetwork {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IpNetwork {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> IpNetwork {
        text.parse().expect("is well-formed")
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("is well-formed")
    }

    #[test]
    fn membership_follows_the_prefix() {
        assert!(network("10.0.0.0/8").contains(ip("10.255.0.1")));
        assert!(!network("10.0.0.0/8").contains(ip("11.0.0.1")));
        assert!(network("192.0.2.7").contains(ip("192.0.2.7")));
        assert!(!network("192.0.2.7").contains(ip("192.0.2.8")));
        assert!(network("2001:db8::/32").contains(ip("2001:db8:1::1")));
        assert!(!network("2001:db8::/32").contains(ip("2001:db9::1")));
    }

    #[test]
    fn a_mapped_ipv4_address_is_an_ipv4_address() {
        assert!(network("10.0.0.0/8").contains(ip("::ffff:10.1.2.3")));
        assert!(!network("::/0").contains(ip("::ffff:10.1.2.3")));
    }

    #[test]
    fn everyone_is_recognised() {
        assert!(network("0.0.0.0/0").is_everyone());
        assert!(network("::/0").is_everyone());
        assert!(!network("128.0.0.0/1").is_everyone());
    }

    #[test]
    fn what_is_no_network_is_refused_with_a_reason() {
        assert!(matches!("proxy.example".parse::<IpNetwork>(), Err(InvalidNetwork::NotAnAddress(_))));
        for text in ["10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0/", "10.0.0.0/8/8", "::/129"] {
            assert!(matches!(text.parse::<IpNetwork>(), Err(InvalidNetwork::Prefix(_))), "{text}");
        }
        let reason = "10.1.2.3/8".parse::<IpNetwork>().expect_err("has bits behind its prefix").to_string();
        assert!(reason.ends_with("did you mean 10.0.0.0/8?"), "{reason}");
    }

    fn address(peer: &str, forwarded: &[&str]) -> String {
        let trusted = |address: IpAddr| matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10);
        let address = forwarded_address(peer.parse().unwrap(), forwarded.iter().map(|value| value.as_bytes()), trusted);
        address.map_or_else(|| "nobody".to_owned(), |address| address.to_string())
    }

    #[test]
    fn a_stranger_cannot_claim_an_address() {
        assert_eq!(address("192.0.2.1", &["198.51.100.9"]), "192.0.2.1");
        assert_eq!(address("::ffff:192.0.2.1", &["198.51.100.9"]), "192.0.2.1");
    }

    #[test]
    fn a_trusted_proxy_names_the_client_and_only_the_last_stranger_counts() {
        assert_eq!(address("10.0.0.1", &["198.51.100.9"]), "198.51.100.9");
        assert_eq!(address("10.0.0.1", &["203.0.113.66, 198.51.100.9"]), "198.51.100.9");
        assert_eq!(address("10.0.0.1", &["203.0.113.66", "198.51.100.9, 10.0.0.2"]), "198.51.100.9");
        assert_eq!(address("10.0.0.1", &["198.51.100.9:51234"]), "198.51.100.9");
        assert_eq!(address("10.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(address("10.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
    }

    #[test]
    fn a_proxy_that_names_nobody_readable_leaves_the_client_unknown() {
        assert_eq!(address("10.0.0.1", &["203.0.113.66, unknown"]), "nobody");
        assert_eq!(address("10.0.0.1", &["203.0.113.66, , 10.0.0.2"]), "nobody");
        assert_eq!(address("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_a_stranger_wrote_does_not_hide_what_the_proxy_wrote_behind_it() {
        let trusted = |address: IpAddr| matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10);
        let line: &[u8] = b"\xff\x80, 203.0.113.9";
        let address = forwarded_address("10.0.0.1".parse().unwrap(), std::iter::once(line), trusted);
        assert_eq!(address, Some("203.0.113.9".parse().unwrap()));
    }
}
