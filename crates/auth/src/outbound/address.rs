//! Which addresses are public. Everything that the IANA registries call special-purpose (RFC 6890) is not, and of IPv6 only
//! the part that is given out for global use is.
//!
//! An address that carries an IPv4 address for a translator is judged by the one that it carries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// First address, length of the prefix, what it is.
type Block<A> = (A, u32, &'static str);

const V4: &[Block<Ipv4Addr>] = &[
    (Ipv4Addr::UNSPECIFIED, 8, "this network (RFC 791)"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private (RFC 1918)"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by a provider's customers (RFC 6598)"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback (RFC 1122)"),
    // The platform's own service inside Azure, public in form only.
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a service of the cloud platform"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local (RFC 3927)"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private (RFC 1918)"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "for protocols (RFC 6890)"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation (RFC 5737)"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "AS112 (RFC 7535)"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "multicast tunnelling (RFC 7450)"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relay (RFC 7526)"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private (RFC 1918)"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "AS112 (RFC 7534)"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking (RFC 2544)"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation (RFC 5737)"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation (RFC 5737)"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast (RFC 5771)"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved or broadcast (RFC 1112)"),
];

/// RFC 4291 §2.4: what is given out for global use so far.
const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Exceptions inside of `GLOBAL_UNICAST`.
const V6: &[Block<Ipv6Addr>] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "for protocols, Teredo among them (RFC 2928)"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation (RFC 3849)"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4 (RFC 3056)"),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, "AS112 (RFC 7534)"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation (RFC 9637)"),
];

/// Those outside of it that have a name; they only make the sentence better.
const NAMED_V6: &[Block<Ipv6Addr>] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified (RFC 4291)"),
    (Ipv6Addr::LOCALHOST, 128, "loopback (RFC 4291)"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "unique local (RFC 4193)"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local (RFC 4291)"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast (RFC 4291)"),
];

/// RFC 6052 §2.1: the prefix that every translator knows. A network that has IPv6 only sees public IPv4 servers below it.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// What kind of address this is, unless it is public.
pub(super) fn special_use(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => special_v6(v6),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    V4.iter().find(|(first, prefix, _)| same_v4(address, *first, *prefix)).map(|(.., name)| *name)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let within = |(first, prefix, _): &&Block<Ipv6Addr>| same_v6(address, *first, *prefix);
    if let Some(carried) = carried(address) {
        special_v4(carried)
    } else if same_v6(address, GLOBAL_UNICAST.0, GLOBAL_UNICAST.1) {
        V6.iter().find(within).map(|(.., name)| *name)
    } else {
        Some(NAMED_V6.iter().find(within).map_or("not given out for global use (RFC 4291)", |(.., name)| *name))
    }
}

/// The IPv4 address that a connection to this one would reach.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = address.octets();
    let translated = same_v6(address, NAT64.0, NAT64.1);
    address.to_ipv4_mapped().or_else(|| translated.then_some(Ipv4Addr::new(a, b, c, d)))
}

fn same_v4(address: Ipv4Addr, first: Ipv4Addr, prefix: u32) -> bool {
    (u32::from(address) ^ u32::from(first)).leading_zeros() >= prefix
}

fn same_v6(address: Ipv6Addr, first: Ipv6Addr, prefix: u32) -> bool {
    (u128::from(address) ^ u128::from(first)).leading_zeros() >= prefix
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn public(address: &str) -> bool {
        special_use(address.parse().expect(address)).is_none()
    }

    #[test]
    fn each_block_ends_where_its_registry_says() {
        // The last public address before, the first and the last of the block, the first public address after. F stands for
        // ffff in all segments that are left.
        for row in [
            "- 0.0.0.0 0.255.255.255 1.0.0.0",
            "9.255.255.255 10.0.0.0 10.255.255.255 11.0.0.0",
            "100.63.255.255 100.64.0.0 100.127.255.255 100.128.0.0",
            "126.255.255.255 127.0.0.0 127.255.255.255 128.0.0.0",
            "168.63.129.15 168.63.129.16 168.63.129.16 168.63.129.17",
            "169.253.255.255 169.254.0.0 169.254.255.255 169.255.0.0",
            "172.15.255.255 172.16.0.0 172.31.255.255 172.32.0.0",
            "191.255.255.255 192.0.0.0 192.0.0.255 192.0.1.0",
            "192.0.1.255 192.0.2.0 192.0.2.255 192.0.3.0",
            "192.31.195.255 192.31.196.0 192.31.196.255 192.31.197.0",
            "192.52.192.255 192.52.193.0 192.52.193.255 192.52.194.0",
            "192.88.98.255 192.88.99.0 192.88.99.255 192.88.100.0",
            "192.167.255.255 192.168.0.0 192.168.255.255 192.169.0.0",
            "192.175.47.255 192.175.48.0 192.175.48.255 192.175.49.0",
            "198.17.255.255 198.18.0.0 198.19.255.255 198.20.0.0",
            "198.51.99.255 198.51.100.0 198.51.100.255 198.51.101.0",
            "203.0.112.255 203.0.113.0 203.0.113.255 203.0.114.0",
            "223.255.255.255 224.0.0.0 239.255.255.255 -",
            "- 240.0.0.0 255.255.255.255 -",
            "- :: 1fff:F 2000::",
            "2000:F 2001:: 2001:1ff:F 2001:200::",
            "2001:db7:F 2001:db8:: 2001:db8:F 2001:db9::",
            "2001:F 2002:: 2002:F 2003::",
            "2620:4f:7fff:F 2620:4f:8000:: 2620:4f:8000:F 2620:4f:8001::",
            "3ffe:F 3fff:: 3fff:fff:F 3fff:1000::",
            "3fff:F 4000:: ffff:F -",
        ] {
            let [before, first, last, after] = <[&str; 4]>::try_from(row.split(' ').collect::<Vec<_>>()).expect(row);
            assert!(before == "-" || public(&filled(before)), "{row}");
            assert!(!public(&filled(first)) && !public(&filled(last)), "{row}");
            assert!(after == "-" || public(&filled(after)), "{row}");
        }
    }

    fn filled(address: &str) -> String {
        let Some(start) = address.strip_suffix(":F") else { return address.to_owned() };
        let segments = start.split(':').chain(std::iter::repeat("ffff")).take(8);
        segments.collect::<Vec<_>>().join(":")
    }

    #[test]
    fn well_known_targets_of_forgers_are_named_for_what_they_are() {
        for (address, name) in [
            ("169.254.169.254", "link-local (RFC 3927)"),
            ("100.100.100.200", "shared by a provider's customers (RFC 6598)"),
            ("192.0.0.192", "for protocols (RFC 6890)"),
            ("fd00:ec2::254", "unique local (RFC 4193)"),
            ("fe80::1", "link-local (RFC 4291)"),
            ("fec0::1", "not given out for global use (RFC 4291)"),
            ("::", "unspecified (RFC 4291)"),
            ("::1", "loopback (RFC 4291)"),
            ("ff02::1", "multicast (RFC 4291)"),
            ("::ffff:127.0.0.1", "loopback (RFC 1122)"),
            ("::ffff:10.0.0.1", "private (RFC 1918)"),
            ("::127.0.0.1", "not given out for global use (RFC 4291)"),
            ("64:ff9b::7f00:1", "loopback (RFC 1122)"),
            ("64:ff9b::a9fe:a9fe", "link-local (RFC 3927)"),
            ("64:ff9b:1::808:808", "not given out for global use (RFC 4291)"),
            ("2002:7f00:1::", "6to4 (RFC 3056)"),
            ("2002:808:808::", "6to4 (RFC 3056)"),
            ("2001:0:808:808::1", "for protocols, Teredo among them (RFC 2928)"),
            ("100::1", "not given out for global use (RFC 4291)"),
            ("5f00::1", "not given out for global use (RFC 4291)"),
        ] {
            assert_eq!(special_use(address.parse().expect(address)), Some(name), "{address}");
        }
        for address in ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "2a01:4f8::1", "64:ff9b::808:808", "::ffff:8.8.8.8"] {
            assert!(public(address), "{address}");
        }
    }

    proptest! {
        /// The standard library knows some of the blocks; none of them passes.
        #[test]
        fn nothing_passes_that_the_standard_library_calls_special(bits: u32) {
            let address = Ipv4Addr::from(bits);
            let special = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_multicast()
                || address.is_broadcast() || address.is_documentation() || address.is_unspecified();
            prop_assert!(!special || special_v4(address).is_some());
        }

        /// However an IPv4 address is dressed up, it does not become public by that.
        #[test]
        fn no_disguise_makes_an_address_public(block in 0..V4.len(), bits: u32) {
            let (first, prefix, _) = V4[block];
            let host = u32::MAX.checked_shr(prefix).unwrap_or(0);
            let address = Ipv4Addr::from(u32::from(first) | (bits & host));
            prop_assert!(special_use(address.into()).is_some());
            let [a, b, c, d] = address.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            for disguise in [
                address.to_ipv6_mapped(),
                address.to_ipv6_compatible(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !high, !low),
                Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
            ] {
                prop_assert!(special_use(disguise.into()).is_some(), "{}", disguise);
            }
        }

        #[test]
        fn outside_of_global_unicast_only_carried_addresses_are_public(bits: u128) {
            let address = Ipv6Addr::from(bits);
            let global = address.segments()[0] >> 13 == 1;
            prop_assert!(global || carried(address).is_some() || special_v6(address).is_some());
        }
    }
}
