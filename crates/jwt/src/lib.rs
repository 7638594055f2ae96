//! Keys, signatures, sealed tokens: the CPU work behind every token.
//!
//! Nothing here knows HTTP, SQL or a clock; `now` is always an argument. Private keys are parsed once and kept ready to sign
//! (`key.rs`), public ones once and kept ready to verify (`public_key.rs`). The life of a key is a pure function of its record
//! and the time (`key_record.rs`); `keyring.rs` asks it, `directory.rs` keeps records and keys on disk.
//!
//! What one client only may read is encrypted in `jwe.rs` to its key (`encryption_key.rs`); we decrypt nothing. Tokens under a
//! shared secret and tokens without signature, which OpenID Connect has in three places, come through `mac.rs` and
//! `unsecured.rs` and through no other door; a proof that brings its own key comes through `embedded.rs`. `hash.rs` ties an ID
//! token to what travels beside it.
//!
//! Cryptography is aws-lc-rs; JSON Web Keys and their thumbprints are `jsonwebtoken`'s; `rsa` reads foreign key files
//! (`import.rs`) and never signs.

pub mod access_token;
pub mod api_key;
pub mod claims;
pub mod directory;
pub mod embedded;
pub mod encryption_key;
pub mod hash;
pub mod import;
pub mod jwe;
pub mod jwks;
pub mod key;
pub mod key_record;
pub mod keyring;
pub mod mac;
pub mod public_key;
pub mod random;
pub mod sealed;
pub mod secrets;
pub mod unsecured;
pub mod unverified;
pub mod verify;

mod algorithm;
mod base64url;
pub mod json;
mod key_files;
mod pem;

#[cfg(test)]
mod rfc_vectors;
#[cfg(test)]
mod samples;

pub use access_token::AccessTokenClaims;
pub use claims::{Audience, TimeCheck, Times};
pub use directory::{Changed, KeyDirectory};
pub use encryption_key::EncryptionKey;
pub use hash::half_hash;
pub use import::{ImportError, import};
pub use jwe::{EncryptError, encrypt};
pub use jwks::{Jwk, JwkSet, JwksError};
pub use key::{SignError, SigningKey};
pub use key_files::KeyError;
pub use key_record::{KeyRecord, RotationPolicy, Stage};
pub use keyring::{KeyInfo, Keyring};
pub use public_key::{KeyRefused, VerifyingKey};
pub use secrets::Secrets;
pub use verify::{Expected, Header, PeekedAlgorithm, VerifyError};
