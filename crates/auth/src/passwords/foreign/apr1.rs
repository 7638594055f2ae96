//! `$apr1$`: the MD5 crypt of Apache's htpasswd, a thousand rounds. There is no kept crate for it. It is weak by the standards
//! of today and read so that nobody has to reset; the first sign-in replaces it.

use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq as _;

use super::Refused;

const MARK: &[u8] = b"$apr1$";
const ROUNDS: usize = 1_000;
const LONGEST_SALT: usize = 8;
const CHARACTERS: usize = 22;
/// The alphabet of crypt(3); each character is six bits, the lowest first.
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// In which order the bytes of the digest are written, three and three.
const ORDER: [[usize; 3]; 5] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];

pub(in crate::passwords) struct Hash {
    salt: Vec<u8>,
    expected: Vec<u8>,
}

impl Hash {
    pub(super) fn parse(text: &str) -> Result<Self, Refused> {
        let fields: Vec<&str> = text.split('$').collect();
        let ["", "apr1", salt, expected] = fields[..] else { return Err(Refused::Garbled) };
        let known = |text: &str| text.bytes().all(|byte| ALPHABET.contains(&byte));
        if salt.len() > LONGEST_SALT || expected.len() != CHARACTERS || !known(salt) || !known(expected) {
            return Err(Refused::Garbled);
        }
        Ok(Self { salt: salt.into(), expected: expected.into() })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        encode(&digest(password, &self.salt)).ct_eq(&self.expected).into()
    }
}

fn digest(password: &[u8], salt: &[u8]) -> [u8; 16] {
    let inner = Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut first = Md5::new().chain_update(password).chain_update(MARK).chain_update(salt);
    first.update(inner.iter().copied().cycle().take(password.len()).collect::<Vec<_>>());
    let mut length = password.len();
    while length > 0 {
        // Each bit of the length: a zero byte for one, the first byte of the password for nought.
        first.update(if length & 1 == 1 { &[0] } else { &password[..1] });
        length >>= 1;
    }
    let mut digest: [u8; 16] = first.finalize().into();
    for round in 0..ROUNDS {
        digest = one_round(round, digest, password, salt);
    }
    digest
}

fn one_round(round: usize, before: [u8; 16], password: &[u8], salt: &[u8]) -> [u8; 16] {
    let odd = round % 2 == 1;
    let mut next = Md5::new();
    next.update(if odd { password } else { &before[..] });
    if !round.is_multiple_of(3) {
        next.update(salt);
    }
    if !round.is_multiple_of(7) {
        next.update(password);
    }
    next.update(if odd { &before[..] } else { password });
    next.finalize().into()
}

fn encode(digest: &[u8; 16]) -> Vec<u8> {
    let mut text = Vec::with_capacity(CHARACTERS);
    let mut put = |mut bits: u32, characters: usize| {
        for _ in 0..characters {
            text.push(ALPHABET[(bits & 0x3f) as usize]);
            bits >>= 6;
        }
    };
    for [high, middle, low] in ORDER {
        put(u32::from_be_bytes([0, digest[high], digest[middle], digest[low]]), 4);
    }
    put(u32::from(digest[11]), 2);
    text
}
