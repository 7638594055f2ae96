//! Tokens under a shared secret: the JWT of a client that authenticates by `client_secret_jwt` (OpenID Connect Core §9).
//! Nothing else is accepted with HMAC, and we make none.
//!
//! The key is "the octets of the UTF-8 representation of the client_secret" (§10.1), as they are written; it has as many as
//! the hash at least (`MacAlgorithm::minimum_key_octets`).

use aws_lc_rs::hmac;
use protocol::secret::SecretString;
use protocol::signing::MacAlgorithm;
use serde::de::DeserializeOwned;

use crate::verify::{Parts, VerifyError, decode};

/// The claims of a token that somebody has made who knows `secret`, with one of `algorithms`.
///
/// The parsing is as strict as that of `verify`. A header that names a signature algorithm is refused, so that a public key can
/// never be taken for a secret (RFC 8725 §2.1).
pub fn verify_mac<C: DeserializeOwned>(
    token: &str,
    secret: &SecretString,
    algorithms: &[MacAlgorithm],
) -> Result<C, VerifyError> {
    let parts = Parts::split(token)?;
    let algorithm = parts.header(MacAlgorithm::parse)?.alg;
    if !algorithms.contains(&algorithm) {
        return Err(VerifyError::Algorithm);
    }
    let secret = secret.expose().as_bytes();
    if secret.len() < algorithm.minimum_key_octets() {
        return Err(VerifyError::ShortSecret);
    }
    let key = hmac::Key::new(hash(algorithm), secret);
    hmac::verify(&key, parts.signed.as_bytes(), &decode(parts.signature)?).map_err(|_| VerifyError::Signature)?;
    parts.claims()
}

fn hash(algorithm: MacAlgorithm) -> hmac::Algorithm {
    match algorithm {
        MacAlgorithm::HS256 => hmac::HMAC_SHA256,
        MacAlgorithm::HS384 => hmac::HMAC_SHA384,
        MacAlgorithm::HS512 => hmac::HMAC_SHA512,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::key;
    use crate::verify::{Expected, PeekedAlgorithm, peek, peek_any, peek_assertion, verify};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;
    use protocol::secret::Secret;
    use protocol::signing::{AssertionAlgorithm, SigningAlgorithm};
    use serde_json::{Value, json};

    const PAYLOAD: &str = r#"{"sub":"client"}"#;
    /// As long as HS512 needs it.
    const LONG: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn secret(text: &str) -> SecretString {
        Secret::new(text.to_owned())
    }

    fn token(algorithm: MacAlgorithm, secret: &[u8], header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let tag = hmac::sign(&hmac::Key::new(hash(algorithm), secret), signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    fn header(algorithm: MacAlgorithm) -> String {
        json!({ "alg": algorithm }).to_string()
    }

    fn check(token: &str, text: &str) -> Result<Value, VerifyError> {
        verify_mac(token, &secret(text), MacAlgorithm::ALL)
    }

    #[test]
    fn each_algorithm_verifies_what_was_made_with_the_same_secret() {
        for algorithm in MacAlgorithm::ALL {
            let good = token(*algorithm, LONG.as_bytes(), &header(*algorithm), PAYLOAD);
            assert_eq!(check(&good, LONG), Ok(json!({ "sub": "client" })));
            assert_eq!(check(&good, &LONG.replace('0', "1")), Err(VerifyError::Signature));
            assert_eq!(verify_mac::<Value>(&good, &secret(LONG), &[]), Err(VerifyError::Algorithm));
            let (signed, tag) = good.rsplit_once('.').expect("has three parts");
            let tag = URL_SAFE_NO_PAD.decode(tag).expect("made by us");
            for cut in [&tag[1..], &tag[..tag.len() - 1], &tag[..16], &[&tag[..], &[0]].concat()] {
                let changed = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(cut));
                assert_eq!(check(&changed, LONG), Err(VerifyError::Signature));
            }
            assert_eq!(check(&format!("{signed}."), LONG), Err(VerifyError::NotThreeParts));
        }
    }

    /// Made with another program (Python's hmac).
    #[test]
    fn a_token_of_another_program_verifies() {
        let theirs =
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJjbGllbnQifQ.BPluOn-CSeBvQahsB7X9eY0xbM9o0o5UdeZ6PpBOzJE";
        let secret = "a-secret-of-43-characters-0123456789abcdefg";
        assert_eq!(secret.len(), 43);
        assert_eq!(check(theirs, secret), Ok(json!({ "sub": "client" })));
    }

    /// RFC 7518 §3.2: "A key of the same size as the hash output [...] or larger MUST be used".
    #[test]
    fn a_secret_is_as_long_as_the_hash_at_least() {
        for algorithm in MacAlgorithm::ALL {
            for length in [0, 1, 31, 32, 43, 47, 48, 63, 64] {
                let text = &LONG[..length];
                let result = check(&token(*algorithm, text.as_bytes(), &header(*algorithm), PAYLOAD), text);
                match length >= algorithm.minimum_key_octets() {
                    true => assert!(result.is_ok(), "{algorithm} {length}"),
                    false => assert_eq!(result, Err(VerifyError::ShortSecret), "{algorithm} {length}"),
                }
            }
        }
    }

    /// The oldest trick: HMAC with the public key of somebody as the secret.
    #[test]
    fn a_public_key_is_never_a_secret() {
        let rsa = key(SigningAlgorithm::RS256);
        let public = serde_json::to_string(rsa.jwk()).expect("is JSON");
        let forged = token(MacAlgorithm::HS256, public.as_bytes(), r#"{"alg":"HS256"}"#, PAYLOAD);
        let expected = Expected { typ: &[], algorithms: SigningAlgorithm::ALL };
        assert_eq!(verify::<Value>(&forged, rsa.verifying_key(), &expected), Err(VerifyError::Algorithm));
        let signed = rsa.sign(None, &json!({})).expect("signs");
        assert_eq!(check(&signed, LONG), Err(VerifyError::Algorithm));
    }

    #[test]
    fn headers_that_play_tricks_are_refused() {
        use VerifyError::{Algorithm, Critical, Header};
        for (header, reason) in [
            (r#"{"alg":"none"}"#, Algorithm),
            (r#"{"alg":"hs256"}"#, Algorithm),
            (r#"{"alg":"RS256"}"#, Algorithm),
            (r#"{"alg":"HS512"}"#, VerifyError::Signature),
            ("{}", Algorithm),
            (r#"{"alg":"HS256","alg":"HS256"}"#, Header),
            (r#"{"alg":"HS256","kid":1}"#, Header),
            (r#"{"alg":"HS256","crit":["exp"],"exp":1}"#, Critical),
            (r#"{"alg":"HS256","b64":false}"#, Critical),
        ] {
            assert_eq!(
                check(&token(MacAlgorithm::HS256, LONG.as_bytes(), header, PAYLOAD), LONG),
                Err(reason),
                "{header}"
            );
        }
        let twice = token(MacAlgorithm::HS256, LONG.as_bytes(), r#"{"alg":"HS256"}"#, r#"{"sub":"a","sub":"b"}"#);
        assert_eq!(check(&twice, LONG), Err(VerifyError::Claims));
    }

    #[test]
    fn peeking_tells_a_mac_from_a_signature() {
        let mac = token(MacAlgorithm::HS384, LONG.as_bytes(), r#"{"alg":"HS384","kid":"k"}"#, PAYLOAD);
        assert_eq!(peek(&mac), Err(VerifyError::Algorithm));
        let header = peek_assertion(&mac).expect("is a token");
        assert_eq!((header.alg, header.kid.as_deref()), (AssertionAlgorithm::Mac(MacAlgorithm::HS384), Some("k")));
        assert_eq!(peek_any(&mac).expect("is a token").alg, PeekedAlgorithm::Mac(MacAlgorithm::HS384));
        for algorithm in SigningAlgorithm::ALL {
            let signed = key(*algorithm).sign(Some("JWT"), &json!({})).expect("signs");
            assert_eq!(peek_assertion(&signed).expect("is a token").alg, AssertionAlgorithm::Signature(*algorithm));
            let header = peek_any(&signed).expect("is a token");
            assert_eq!((header.alg, header.typ.as_deref()), (PeekedAlgorithm::Signature(*algorithm), Some("JWT")));
        }
    }

    proptest! {
        #[test]
        fn any_changed_character_is_noticed(at: prop::sample::Index, with in "[A-Za-z0-9_-]") {
            let good = token(MacAlgorithm::HS256, LONG.as_bytes(), r#"{"alg":"HS256"}"#, PAYLOAD);
            let at = at.index(good.len());
            let mut changed = good.clone();
            changed.replace_range(at..=at, &with);
            prop_assert_eq!(check(&changed, LONG).is_ok(), changed == good);
        }

        #[test]
        fn no_text_makes_it_panic_or_passes(token in "[A-Za-z0-9_.=-]{0,200}|.{0,60}") {
            prop_assert!(check(&token, LONG).is_err());
            let _ = (peek_any(&token), peek_assertion(&token));
        }
    }
}
