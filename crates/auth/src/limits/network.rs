//! Where a client is, as far as limits tell clients apart.

use std::net::{IpAddr, Ipv4Addr};

/// One client cannot be told from another within it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    V4(Ipv4Addr),
    /// The first 64 bits: a household or a machine chooses the others as it likes.
    V6([u16; 4]),
    /// An IPv4 /24.
    WideV4([u8; 3]),
    /// An IPv6 /48: what one customer of a provider often has.
    WideV6([u16; 3]),
}

impl Network {
    /// An IPv4 address, or the /64 of an IPv6 address.
    pub fn of(peer: IpAddr) -> Self {
        match peer.to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Self::V6([a, b, c, d])
            }
        }
    }

    /// The /24 of an IPv4 address, or the /48 of an IPv6 address.
    pub fn around(peer: IpAddr) -> Self {
        match peer.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Self::WideV4([a, b, c])
            }
            IpAddr::V6(v6) => {
                let [a, b, c, ..] = v6.segments();
                Self::WideV6([a, b, c])
            }
        }
    }

    /// Different for different networks; what a limit is named after.
    pub fn key(&self) -> String {
        match self {
            Self::V4(address) => format!("4 {address}"),
            Self::V6([a, b, c, d]) => format!("6 {a:x}:{b:x}:{c:x}:{d:x}"),
            Self::WideV4([a, b, c]) => format!("4 {a}.{b}.{c}"),
            Self::WideV6([a, b, c]) => format!("6 {a:x}:{b:x}:{c:x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(address: &str) -> (String, String) {
        let peer = address.parse().expect("an address");
        (Network::of(peer).key(), Network::around(peer).key())
    }

    #[test]
    fn neighbours_share_what_they_cannot_be_told_apart_by() {
        assert_eq!(of("192.0.2.7"), ("4 192.0.2.7".to_owned(), "4 192.0.2".to_owned()));
        assert_eq!(of("2001:db8:1:2::3"), ("6 2001:db8:1:2".to_owned(), "6 2001:db8:1".to_owned()));
        assert_eq!(of("2001:db8:1:2::3"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::3").0, of("2001:db8:1:3::3").0);
        assert_eq!(of("2001:db8:1:2::3").1, of("2001:db8:1:3::3").1);
    }

    /// Otherwise a client behind one IPv4 address has as many networks as it has spellings.
    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_itself() {
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
    }

    proptest! {
        #[test]
        fn no_two_networks_have_the_same_key(one: [u8; 16], other: [u8; 16]) {
            let (one, other) = (IpAddr::from(one), IpAddr::from(other));
            prop_assert_eq!(Network::of(one) == Network::of(other), Network::of(one).key() == Network::of(other).key());
            prop_assert!(Network::of(one).key() != Network::around(one).key());
        }
    }
}
