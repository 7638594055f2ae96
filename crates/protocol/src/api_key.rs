//! API keys as text: `cs_key_<id>_<secret><check>`. Their permissions and their life are a row of the issuer's database.
//!
//! The beginning is for scanners of leaked secrets, the check for typing errors: a text that cannot be a key is refused without
//! asking anybody. The id names the row; the row keeps only the SHA-256 of the whole text. Drawing the random bytes happens elsewhere.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::secret::SecretString;

pub const PREFIX: &str = "cs_key_";
/// Characters of the id, 95 bits.
pub const ID_LENGTH: usize = 16;
/// Characters of the secret, 190 bits.
pub const SECRET_LENGTH: usize = 32;
const CHECK_LENGTH: usize = 6;
const LENGTH: usize = PREFIX.len() + ID_LENGTH + 1 + SECRET_LENGTH + CHECK_LENGTH;

/// Of ids and secrets; no other sign, so that a double click marks the whole key.
pub const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Which key: 16 characters of [`ALPHABET`]. Not a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKeyId(String);

/// A whole key.
#[derive(Clone, Debug)]
pub struct ApiKey {
    pub id: ApiKeyId,
    text: SecretString,
}

/// A text that is no key, or not wholly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an API key: it begins with cs_key_, has 62 characters, and the last six fit the others")]
pub struct InvalidApiKey;

impl ApiKeyId {
    pub fn parse(text: &str) -> Result<Self, InvalidApiKey> {
        let fits = text.len() == ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidApiKey) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ApiKey {
    /// A new key from random characters of [`ALPHABET`]: [`ID_LENGTH`] for the id, [`SECRET_LENGTH`] for the secret.
    pub fn assemble(id: &str, secret: &str) -> Result<Self, InvalidApiKey> {
        if secret.len() != SECRET_LENGTH || !secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(InvalidApiKey);
        }
        let id = ApiKeyId::parse(id)?;
        let mut text = format!("{PREFIX}{}_{secret}", id.as_str());
        text.push_str(&check(&text));
        Ok(Self { id, text: SecretString::new(text) })
    }

    /// A key as it was presented. Says nothing about whether there is such a key.
    pub fn parse(text: &str) -> Result<Self, InvalidApiKey> {
        if text.len() != LENGTH || !looks_like_one(text) || !text.is_ascii() {
            return Err(InvalidApiKey);
        }
        let (body, _) = text.split_at(LENGTH - CHECK_LENGTH);
        let (id, secret) = body[PREFIX.len()..].split_once('_').ok_or(InvalidApiKey)?;
        let key = Self::assemble(id, secret)?;
        if key.text.expose() == text { Ok(key) } else { Err(InvalidApiKey) }
    }

    /// The whole text: to be shown once, or sent to the issuer.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// SHA-256 of the whole text in base64url: what the row keeps. 190 random bits need no slow hash.
    pub fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.expose()))
    }
}

/// Whether a credential claims to be an API key. Nothing else that an API accepts begins like one.
pub fn looks_like_one(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// CRC-32 (ISO-HDLC) of what stands before, as six digits of [`ALPHABET`]; the largest needs six.
fn check(body: &str) -> String {
    let mut rest = crc32(body.as_bytes());
    let mut digits = [b'0'; CHECK_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "0123456789abcdEF";
    const SECRET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

    #[test]
    fn the_check_is_the_published_crc() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(check("").len(), 6);
    }

    #[test]
    fn a_key_reads_back_and_keeps_its_secret() {
        let key = ApiKey::assemble(ID, SECRET).expect("is one");
        assert_eq!(key.expose().len(), 62);
        assert!(key.expose().starts_with("cs_key_0123456789abcdEF_ABCDEFGH"));
        let read = ApiKey::parse(key.expose()).expect("reads back");
        assert_eq!((read.id.as_str(), read.hash()), (ID, key.hash()));
        assert!(!format!("{key:?}").contains("ABCDEFGH"));
        assert_eq!(key.hash().len(), 43);
    }

    proptest! {
        #[test]
        fn every_change_of_one_character_is_noticed(at in 0_usize..62, to in "[0-9A-Za-z_]") {
            let key = ApiKey::assemble(ID, SECRET).expect("is one");
            let mut changed = key.expose().to_owned();
            changed.replace_range(at..=at, &to);
            prop_assert_eq!(ApiKey::parse(&changed).is_ok(), changed == key.expose());
        }

        #[test]
        fn no_prefix_and_no_extension_is_a_key(length in 0_usize..62, more in "[0-9A-Za-z]{1,4}") {
            let key = ApiKey::assemble(ID, SECRET).expect("is one");
            prop_assert!(ApiKey::parse(&key.expose()[..length]).is_err());
            let extended = format!("{}{more}", key.expose());
            prop_assert!(ApiKey::parse(&extended).is_err());
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = (ApiKey::parse(&text), ApiKeyId::parse(&text), ApiKey::assemble(&text, &text));
        }

        #[test]
        fn whatever_was_drawn_reads_back(id in "[0-9A-Za-z]{16}", secret in "[0-9A-Za-z]{32}") {
            let key = ApiKey::assemble(&id, &secret).expect("is one");
            prop_assert_eq!(ApiKey::parse(key.expose()).expect("reads back").hash(), key.hash());
        }
    }
}
