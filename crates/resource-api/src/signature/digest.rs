//! `Content-Digest` (RFC 9530): the hash of a body as it was sent, with its content coding. `sha-256` and `sha-512` count; the
//! other algorithms are deprecated there or unknown here, and count for nothing.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sfv::BareItem;

use super::error::{FieldName, SignatureError};
use super::fields::{self, Value};

/// What a `Content-Digest` field says, as far as it counts: at least one hash.
#[derive(Clone, Debug)]
pub(super) struct ContentDigest {
    sha256: Option<Vec<u8>>,
    sha512: Option<Vec<u8>>,
}

/// The value of a `Content-Digest` field for a body: `sha-256=:…:`.
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(digest(&SHA256, body)))
}

impl ContentDigest {
    pub(super) fn parse<'r>(lines: impl Iterator<Item = &'r [u8]>) -> Result<Self, SignatureError> {
        let mut read = Self { sha256: None, sha512: None };
        for (algorithm, member) in fields::dictionary(lines, FieldName::ContentDigest)? {
            // §2: the "value is a Byte Sequence".
            let Value::Item(BareItem::ByteSequence(hash)) = member.value else {
                let reason = "a member is not octets between colons";
                return Err(SignatureError::malformed(FieldName::ContentDigest, reason));
            };
            match algorithm.as_str() {
                "sha-256" => read.sha256 = Some(hash),
                "sha-512" => read.sha512 = Some(hash),
                // §5: deprecated algorithms "MUST NOT be used in a potentially adversarial setting, for example, when signing
                // Integrity fields' values for authenticity".
                _ => {}
            }
        }
        if read.sha256.is_none() && read.sha512.is_none() {
            return Err(SignatureError::NoDigest);
        }
        Ok(read)
    }

    /// Each hash that was sent has to fit: whoever sent two meant both (§6.6). A hash of a body that the sender knows is no
    /// secret, so it is compared as it is.
    pub(super) fn fits(&self, body: &[u8]) -> bool {
        let fits = |sent: &Option<Vec<u8>>, algorithm| {
            sent.as_ref().is_none_or(|sent| sent.as_slice() == digest(algorithm, body).as_ref())
        };
        fits(&self.sha256, &SHA256) && fits(&self.sha512, &SHA512)
    }
}
