//! A signed token, taken apart and decoded once: for those who validate one with each request. `verify.rs` does the same in one
//! step, for those who want their claims as a type.

use std::borrow::Cow;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{DecodeSliceError, Engine as _};
use protocol::signing::SigningAlgorithm;
use serde::de::MapAccess;

use crate::algorithm;
use crate::json::{self, Members, Taken, Written};
use crate::public_key::{MAX_RSA_BITS, VerifyingKey};
use crate::verify::{MAX_KID, MAX_TYP, Parts, VerifyError, decode};

/// A token whose signature nobody has checked: what is read from it chooses an issuer and a key, and counts only after
/// [`Unverified::check_signature`].
pub struct Unverified<'t> {
    parts: Parts<'t>,
    header: Vec<u8>,
    payload: Vec<u8>,
}

/// The part of a header that decides something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedHeader<'h> {
    pub alg: SigningAlgorithm,
    pub kid: Option<Cow<'h, str>>,
    pub typ: Option<Cow<'h, str>>,
}

impl<'t> Unverified<'t> {
    /// Only the compact form exists (RFC 7515 §7.1).
    pub fn decode(token: &'t str) -> Result<Self, VerifyError> {
        let parts = Parts::split(token)?;
        Ok(Self { header: decode(parts.header)?, payload: decode(parts.payload)?, parts })
    }

    /// By the rules of [`verify::peek`](crate::verify::peek).
    pub fn header(&self) -> Result<UnverifiedHeader<'_>, VerifyError> {
        let read: HeaderMembers<'_> = json::read(&self.header).map_err(|_| VerifyError::Header)?;
        if read.critical {
            return Err(VerifyError::Critical);
        }
        let (kid, typ) = (short_text(read.kid, MAX_KID)?, short_text(read.typ, MAX_TYP)?);
        let alg = match read.alg {
            Some(Written::Text(name)) => algorithm::parse(&name),
            Some(Written::Other) | None => None,
        };
        Ok(UnverifiedHeader { alg: alg.ok_or(VerifyError::Algorithm)?, kid, typ })
    }

    /// The claims, by a reader that takes what it knows.
    pub fn claims<'s, M: Members<'s>>(&'s self) -> Result<M, VerifyError> {
        json::read(&self.payload).map_err(|_| VerifyError::Claims)
    }

    /// Whether `key` signed this token. The key is for one algorithm (RFC 8725 §3.1), which must be that of the header.
    pub fn check_signature(&self, header: &UnverifiedHeader<'_>, key: &VerifyingKey) -> Result<(), VerifyError> {
        if key.algorithm() != header.alg {
            return Err(VerifyError::KeyAlgorithm);
        }
        // Room for the signature of the largest key that is accepted; anything longer is none of ours.
        let mut room = [0; MAX_RSA_BITS / 8 + 2];
        let length = URL_SAFE_NO_PAD.decode_slice(self.parts.signature, &mut room).map_err(|error| match error {
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

#[derive(Default)]
struct HeaderMembers<'h> {
    alg: Option<Written<'h>>,
    kid: Option<Written<'h>>,
    typ: Option<Written<'h>>,
    critical: bool,
}

impl<'h> Members<'h> for HeaderMembers<'h> {
    fn member<A: MapAccess<'h>>(&mut self, name: &str, values: &mut A) -> Result<Taken, A::Error> {
        let place = match name {
            "alg" => &mut self.alg,
            "kid" => &mut self.kid,
            "typ" => &mut self.typ,
            // RFC 7515 §4.1.11: we understand no extension; `b64` (RFC 7797) is refused even where `crit` forgot it.
            "crit" | "b64" => {
                self.critical = true;
                return Ok(Taken::No);
            }
            _ => return Ok(Taken::No),
        };
        *place = Some(json::written(values)?);
        Ok(Taken::Yes)
    }
}

/// A member that is there is a text.
fn short_text(member: Option<Written<'_>>, limit: usize) -> Result<Option<Cow<'_, str>>, VerifyError> {
    match member {
        None => Ok(None),
        Some(Written::Text(text)) if text.len() <= limit => Ok(Some(text)),
        Some(_) => Err(VerifyError::Header),
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
    use crate::verify::{Expected, peek, verify};
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    /// Both ways of reading a header say the same.
    #[track_caller]
    fn agree(header: &str) {
        let token = format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header));
        let once = Unverified::decode(&token);
        let once = once.as_ref().map_err(|error| *error).and_then(Unverified::header);
        match (peek(&token), once) {
            (Ok(peeked), Ok(once)) => {
                assert_eq!(
                    (peeked.alg, peeked.kid.as_deref(), peeked.typ.as_deref()),
                    (once.alg, once.kid.as_deref(), once.typ.as_deref())
                );
            }
            (peeked, once) => assert_eq!(peeked.err(), once.err(), "{header}"),
        }
    }

    #[test]
    fn headers_are_read_as_everywhere_else() {
        let long = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "k".repeat(129));
        for header in [
            r#"{"alg":"ES256","kid":"k","typ":"at+jwt"}"#,
            r#"{"typ":"at+jwt","x":{"y":[1,2]},"alg":"RS256"}"#,
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":1}"#,
            r#"{"kid":"k"}"#,
            r#"{"alg":"ES256","kid":null}"#,
            r#"{"alg":"ES256","kid":7}"#,
            r#"{"alg":"ES256","typ":["JWT"]}"#,
            r#"{"alg":"ES256","crit":["x"]}"#,
            r#"{"alg":"ES256","b64":true}"#,
            r#"{"alg":"ES256","alg":"ES256"}"#,
            r#"{"alg":"ES256","\u0061lg":"none"}"#,
            r#"{"alg":"ES256","x":{"a":1,"a":2}}"#,
            "[]",
            "",
            &long,
        ] {
            agree(header);
        }
    }

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

    proptest! {
        #[test]
        fn any_header_is_read_as_everywhere_else(header in r#"[{]("(alg|kid|typ|crit|x)":("ES256"|"none"|"k"|1|null|[{][}]),?){0,4}[}]"#) {
            agree(&header);
        }
    }
}
