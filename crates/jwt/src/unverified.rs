//! A signed token, taken apart and decoded once: for those who validate one with each request. `verify.rs` does the same in one
//! step, for those who want their claims as a type.

use base64::{DecodeSliceError, Engine as _};

use crate::algorithm;
use crate::base64url::BASE64URL;
use crate::json::{self, Members};
use crate::public_key::{MAX_RSA_BITS, VerifyingKey};
use crate::verify::{Header, Parts, VerifyError, decode};

/// A token whose signature nobody has checked: what is read from it chooses an issuer and a key, and counts only after
/// [`Unverified::check_signature`].
pub struct Unverified<'t> {
    parts: Parts<'t>,
    payload: Vec<u8>,
}

impl<'t> Unverified<'t> {
    /// Only the compact form exists (RFC 7515 §7.1).
    pub fn decode(token: &'t str) -> Result<Self, VerifyError> {
        let parts = Parts::split(token)?;
        Ok(Self { payload: decode(parts.payload)?, parts })
    }

    /// The header as it travels. The same text always says the same.
    pub fn header_text(&self) -> &'t str {
        self.parts.header
    }

    /// By the rules of [`verify::peek`](crate::verify::peek).
    pub fn header(&self) -> Result<Header, VerifyError> {
        self.parts.header(algorithm::parse)
    }

    /// The claims, by a reader that takes what it knows.
    pub fn claims<'s, M: Members<'s>>(&'s self) -> Result<M, VerifyError> {
        json::read(&self.payload).map_err(|_| VerifyError::Claims)
    }

    /// Whether `key` signed this token. The key is for one algorithm (RFC 8725 §3.1), which must be that of the header.
    pub fn check_signature(&self, header: &Header, key: &VerifyingKey) -> Result<(), VerifyError> {
        if key.algorithm() != header.alg {
            return Err(VerifyError::KeyAlgorithm);
        }
        // Room for the signature of the largest key that is accepted; anything longer is none of ours.
        let mut room = [0; MAX_RSA_BITS / 8 + 2];
        let length = BASE64URL.decode_slice(self.parts.signature, &mut room).map_err(|error| match error {
            DecodeSliceError::DecodeError(_) => VerifyError::Encoding,
            DecodeSliceError::OutputSliceTooSmall => VerifyError::Signature,
        })?;
        if key.verifies(self.parts.signed.as_bytes(), &room[..length]) { Ok(()) } else { Err(VerifyError::Signature) }
    }

    /// The claims as they were written: one JSON object.
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }
}

impl std::fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unverified(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;
    use crate::samples::key;
    use crate::verify::{Expected, verify};
    use protocol::signing::SigningAlgorithm;
    use serde_json::{Map, Value, json};

    #[test]
    fn a_signature_is_checked_as_everywhere_else() {
        for algorithm in [SigningAlgorithm::ES256, SigningAlgorithm::EdDSA] {
            let (key, other) = (key(algorithm), SigningKey::generate(algorithm).expect("aws-lc makes keys"));
            let token = key.sign(Some("at+jwt"), &json!({ "sub": "alice" })).expect("signs");
            let unverified = Unverified::decode(&token).expect("is a token");
            let header = unverified.header().expect("has a header");
            assert_eq!(unverified.check_signature(&header, key.verifying_key()), Ok(()));
            assert_eq!(unverified.check_signature(&header, other.verifying_key()), Err(VerifyError::Signature));
            let expected = Expected { typ: &["at+jwt"], algorithms: SigningAlgorithm::ALL };
            let claims: Map<String, Value> = verify(&token, key.verifying_key(), &expected).expect("verifies");
            assert_eq!(serde_json::from_slice::<Map<String, Value>>(&unverified.into_payload()).expect("JSON"), claims);
        }
        let (one, two) = (key(SigningAlgorithm::ES256), key(SigningAlgorithm::ES384));
        let token = one.sign(None, &json!({})).expect("signs");
        let unverified = Unverified::decode(&token).expect("is a token");
        let header = unverified.header().expect("has a header");
        assert_eq!(unverified.check_signature(&header, two.verifying_key()), Err(VerifyError::KeyAlgorithm));
    }
}
