//! Secrets, their hashes, and tokens that name the row they belong to.
//!
//! A `Secret` cannot be compared, printed or logged by accident. A token is `<id>.<secret>`; the row keeps only the SHA-256 of
//! the secret, so a copy of the database opens nothing. Drawing the random bytes happens elsewhere.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::ids::{GrantId, SessionId};

/// A value that must not leave by accident: no `PartialEq`, no `Display`, no `Serialize`, a silent `Debug`, wiped on drop.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

pub type SecretString = Secret<String>;

/// SHA-256 of a token's secret in base64url: what a row keeps instead of the secret.
#[derive(Clone, Debug)]
pub struct TokenHash(String);

/// The text is not 43 characters of base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token hash has 43 characters of base64url")]
pub struct InvalidTokenHash;

/// A token that names its row: `<id>.<43 characters of base64url>`. It carries 256 random bits (RFC 6749 §10.10).
#[derive(Clone)]
pub struct NamedToken<Id> {
    pub id: Id,
    secret: Secret<[u8; 32]>,
}

pub type AuthorizationCode = NamedToken<GrantId>;
pub type SessionToken = NamedToken<SessionId>;

impl<T: Zeroize> Secret<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<'de, T: Zeroize + serde::Deserialize<'de>> serde::Deserialize<'de> for Secret<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

impl TokenHash {
    pub fn of(secret: &[u8]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(secret)))
    }

    /// Reads back what `as_str` gave.
    pub fn parse(text: &str) -> Result<Self, InvalidTokenHash> {
        decode_32(text).map(|_| Self(text.to_owned())).ok_or(InvalidTokenHash)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `presented` is the secret behind this hash. Takes the same time wherever they differ.
    pub fn matches(&self, presented: &[u8]) -> bool {
        *self == Self::of(presented)
    }
}

/// In constant time, so that no caller can compare hashes in another way.
impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for TokenHash {}

impl<Id> NamedToken<Id> {
    pub fn new(id: Id, secret: [u8; 32]) -> Self {
        Self { id, secret: Secret::new(secret) }
    }

    /// What the row keeps.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.secret.expose())
    }
}

impl<Id: FromStr + fmt::Display> NamedToken<Id> {
    /// Only the exact text that `print` makes is a token: one spelling per token.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.rsplit_once('.')?;
        Some(Self::new(id.parse().ok()?, decode_32(secret)?))
    }

    /// The text that leaves the house.
    pub fn print(&self) -> SecretString {
        Secret::new(format!("{}.{}", self.id, URL_SAFE_NO_PAD.encode(self.secret.expose())))
    }
}

impl<Id: fmt::Debug> fmt::Debug for NamedToken<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NamedToken({:?}, …)", self.id)
    }
}

/// 32 bytes are exactly 43 characters of base64url whose two spare bits are zero.
fn decode_32(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grant(text: &str) -> GrantId {
        GrantId::parse(text).expect("is an id")
    }

    #[test]
    fn a_token_of_another_length_is_no_token() {
        let printed = AuthorizationCode::new(grant("g"), [7; 32]).print();
        let text = printed.expose();
        assert!(AuthorizationCode::parse(text).is_some());
        assert!(AuthorizationCode::parse(&text[..text.len() - 1]).is_none());
        assert!(AuthorizationCode::parse(&format!("{text}A")).is_none());
        assert!(AuthorizationCode::parse(&format!("{text}=")).is_none());
        assert!(AuthorizationCode::parse(&text.replace('.', ",")).is_none());
        assert!(AuthorizationCode::parse(&text[1..]).is_none(), "an empty id names nothing");
    }

    #[test]
    fn a_second_spelling_of_the_same_bytes_is_no_token() {
        let text = format!("g.{}", "A".repeat(42));
        assert!(AuthorizationCode::parse(&format!("{text}A")).is_some());
        assert!(AuthorizationCode::parse(&format!("{text}B")).is_none(), "spare bits set");
    }

    #[test]
    fn a_hash_is_read_back_only_when_it_is_one() {
        let hash = TokenHash::of(b"secret");
        assert_eq!(TokenHash::parse(hash.as_str()), Ok(hash));
        assert_eq!(TokenHash::parse("short"), Err(InvalidTokenHash));
        assert_eq!(TokenHash::parse(&"+".repeat(43)), Err(InvalidTokenHash));
    }

    proptest! {
        #[test]
        fn the_debug_form_never_shows_the_value(value in "[a-z0-9]{12,40}", bytes: [u8; 32]) {
            let shown = format!("{:?} {:#?}", Secret::new(value.clone()), Some(Secret::new(value.clone())));
            prop_assert!(!shown.contains(&value));
            let token = SessionToken::new(SessionId::from_random([1; 16]), bytes);
            let other = SessionToken::new(SessionId::from_random([1; 16]), [0; 32]);
            let (shown, other) = (format!("{token:?}"), format!("{other:?}"));
            prop_assert_eq!(shown, other);
        }

        #[test]
        fn a_printed_token_reads_back(id in "[!#-\\[\\]-~]{1,60}", bytes: [u8; 32]) {
            let token = AuthorizationCode::new(grant(&id), bytes);
            let read = AuthorizationCode::parse(token.print().expose()).expect("printed by us");
            prop_assert_eq!(&read.id, &token.id);
            prop_assert_eq!(read.hash(), token.hash());
        }

        #[test]
        fn what_reads_as_a_token_prints_the_same(text in "[a-zA-Z0-9._-]{40,80}") {
            if let Some(token) = SessionToken::parse(&text) {
                let printed = token.print();
                prop_assert_eq!(printed.expose(), &text);
            }
        }

        #[test]
        fn only_the_secret_matches_its_hash(secret: [u8; 32], other: [u8; 32]) {
            let hash = TokenHash::of(&secret);
            prop_assert!(hash.matches(&secret));
            prop_assert_eq!(hash.matches(&other), secret == other);
        }
    }
}
