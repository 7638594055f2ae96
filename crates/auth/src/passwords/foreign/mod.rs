//! Password hashes that other programs made: read and checked, never made.
//!
//! One file per format. `parse` takes the text apart and refuses what is incomplete, unknown, or so dear that one sign-in
//! would occupy a thread for many seconds; `matches` computes. Whoever imports people learns the reason before anything is
//! stored; a row that holds such a text all the same is an error at sign-in and never a match.

mod apr1;
mod bcrypt;
mod pbkdf2;
mod scrypt;
mod sha_crypt;

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine as _};

use super::format::{Format, Refused};

pub(super) enum Foreign {
    Bcrypt(bcrypt::Hash),
    Pbkdf2(pbkdf2::Hash),
    Scrypt(scrypt::Hash),
    ShaCrypt(sha_crypt::Hash),
    Apr1(apr1::Hash),
}

/// The marks of formats that protect nobody any more: unsalted, or broken by trying everything in hours.
const WEAK: [(&str, &str); 12] = [
    ("{SHA}", "unsalted SHA-1"),
    ("{SSHA}", "a single SHA-1"),
    ("{MD5}", "unsalted MD5"),
    ("{SMD5}", "a single MD5"),
    ("{PLAIN}", "a password in the clear"),
    ("{CLEARTEXT}", "a password in the clear"),
    ("$1$", "MD5 crypt"),
    ("$2x$", "bcrypt of a faulty program"),
    ("$3$", "NT hash"),
    ("md5$", "a single MD5"),
    ("sha1$", "a single SHA-1"),
    ("crypt$", "DES crypt"),
];

pub(super) fn parse(text: &str) -> Result<Foreign, Refused> {
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    if let Some((_, name)) = WEAK.iter().find(|(mark, _)| text.starts_with(mark)) {
        return Err(Refused::Weak(name));
    }
    let mark = text.strip_prefix('$').unwrap_or(text).split('$').next().unwrap_or_default();
    match mark {
        "2a" | "2b" | "2y" => bcrypt::Hash::parse(text).map(Foreign::Bcrypt),
        "5" | "6" => sha_crypt::Hash::parse(text).map(Foreign::ShaCrypt),
        "apr1" => apr1::Hash::parse(text).map(Foreign::Apr1),
        "scrypt" => scrypt::Hash::parse(text).map(Foreign::Scrypt),
        _ if mark.starts_with("pbkdf2") => pbkdf2::Hash::parse(text).map(Foreign::Pbkdf2),
        _ if is_des(text) => Err(Refused::Weak("DES crypt")),
        _ => Err(Refused::Unknown),
    }
}

impl Foreign {
    pub(super) fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        match self {
            Self::Bcrypt(hash) => Ok(hash.matches(password)),
            Self::Pbkdf2(hash) => Ok(hash.matches(password)),
            Self::Scrypt(hash) => hash.matches(password),
            Self::ShaCrypt(hash) => hash.matches(password),
            Self::Apr1(hash) => Ok(hash.matches(password)),
        }
    }

    pub(super) fn format(&self) -> Format {
        match self {
            Self::Bcrypt(_) => Format::Bcrypt,
            Self::Pbkdf2(_) => Format::Pbkdf2,
            Self::Scrypt(_) => Format::Scrypt,
            Self::ShaCrypt(_) => Format::ShaCrypt,
            Self::Apr1(_) => Format::Apr1,
        }
    }
}

/// 13 characters of the alphabet of crypt(3), or more with a leading underscore (BSDi): no other format has neither mark nor
/// braces. A password in the clear may look the same; both are refused.
fn is_des(text: &str) -> bool {
    let crypt = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte));
    match text.strip_prefix('_') {
        Some(rest) => rest.len() == 19 && crypt(rest),
        None => text.len() == 13 && crypt(text),
    }
}

/// Base64 as PHC strings have it (no padding), Django (padding) and passlib (`.` in the place of `+`).
fn base64(text: &str) -> Result<Vec<u8>, Refused> {
    const EITHER: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, EITHER);
    ENGINE.decode(text.replace('.', "+")).map_err(|_| Refused::Garbled)
}

/// A decimal number within bounds; beyond them it is too dear.
fn number(text: &str, most: u32) -> Result<u32, Refused> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused::Garbled);
    }
    text.parse().ok().filter(|number| *number <= most).ok_or(Refused::TooDear)
}

#[cfg(test)]
mod tests;
