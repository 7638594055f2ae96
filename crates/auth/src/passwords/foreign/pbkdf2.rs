//! PBKDF2 (RFC 8018 §5.2) in the three spellings that are common: passlib's `$pbkdf2-sha256$29000$salt$hash`, Django's
//! `pbkdf2_sha256$600000$salt$hash`, whose salt is plain text, and the PHC string `$pbkdf2-sha256$i=600000,l=32$salt$hash`.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{self, Algorithm};
use subtle::ConstantTimeEq as _;

use super::{Refused, base64, number};

const MOST_ITERATIONS: u32 = 5_000_000;

pub(in crate::passwords) struct Hash {
    algorithm: Algorithm,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

impl Hash {
    pub(super) fn parse(text: &str) -> Result<Self, Refused> {
        let fields: Vec<&str> = text.split('$').collect();
        let (name, iterations, salt, expected) = match fields[..] {
            ["", name, iterations, salt, expected] => (name, iterations, base64(salt)?, expected),
            [name, iterations, salt, expected] => (name, iterations, salt.as_bytes().to_vec(), expected),
            _ => return Err(Refused::Garbled),
        };
        // As long as one block of output: a part of it would be right for the same password, so a part is none.
        let (algorithm, output) = match name {
            "pbkdf2" | "pbkdf2-sha1" | "pbkdf2_sha1" => (pbkdf2::PBKDF2_HMAC_SHA1, 20),
            "pbkdf2-sha256" | "pbkdf2_sha256" => (pbkdf2::PBKDF2_HMAC_SHA256, 32),
            "pbkdf2-sha512" | "pbkdf2_sha512" => (pbkdf2::PBKDF2_HMAC_SHA512, 64),
            _ => return Err(Refused::Unknown),
        };
        let expected = base64(expected)?;
        let iterations = iterations_of(iterations, output)?;
        if salt.is_empty() || expected.len() != output {
            return Err(Refused::Garbled);
        }
        Ok(Self { algorithm, iterations, salt, expected })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut computed = vec![0; self.expected.len()];
        pbkdf2::derive(self.algorithm, self.iterations, &self.salt, password, &mut computed);
        computed.ct_eq(&self.expected).into()
    }
}

/// `29000`, or `i=29000` with or without the length of the output, which is evident.
fn iterations_of(field: &str, output: usize) -> Result<NonZeroU32, Refused> {
    let mut iterations = None;
    for part in field.split(',') {
        match part.split_once('=') {
            None if field == part => iterations = Some(number(part, MOST_ITERATIONS)?),
            Some(("i", value)) if iterations.is_none() => iterations = Some(number(value, MOST_ITERATIONS)?),
            Some(("l", value)) if value.parse() == Ok(output) => {}
            _ => return Err(Refused::Garbled),
        }
    }
    iterations.and_then(NonZeroU32::new).ok_or(Refused::Garbled)
}
