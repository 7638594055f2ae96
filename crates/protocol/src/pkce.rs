//! Proof Key for Code Exchange (RFC 7636), method S256 only.
//!
//! `plain` is not representable: a challenge is always the hash of its verifier (RFC 9700 §2.1.1).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::{ErrorCode, OAuthError};
use crate::secret::{Secret, SecretString};

/// What the authorization request carries. Not a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge(String);

/// What the token request carries. A secret until it is used.
#[derive(Clone, Debug)]
pub struct Verifier(SecretString);

impl Challenge {
    /// RFC 7636 §4.2: the base64url form of a SHA-256 hash, so exactly 43 characters.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        if text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(refuse("an S256 code challenge has exactly 43 characters of base64url").at("code_challenge"))
        }
    }

    /// RFC 7636 §4.2: `BASE64URL-ENCODE(SHA256(ASCII(code_verifier)))`.
    pub fn of(verifier: &Verifier) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.0.expose())))
    }

    /// Whether `verifier` is the one behind this challenge (RFC 7636 §4.6). Takes the same time wherever they differ.
    pub fn verify(&self, verifier: &Verifier) -> bool {
        self.0.as_bytes().ct_eq(Self::of(verifier).0.as_bytes()).into()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Verifier {
    /// RFC 7636 §4.1: `code-verifier = 43*128unreserved`.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if (43..=128).contains(&text.len()) && text.bytes().all(unreserved) {
            Ok(Self(Secret::new(text.to_owned())))
        } else {
            Err(refuse("a code verifier has 43 to 128 letters, digits and -._~").at("code_verifier"))
        }
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenge({})", self.0)
    }
}

fn refuse(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNRESERVED: &str = "[A-Za-z0-9._~-]{43,128}";

    fn verifier(text: &str) -> Verifier {
        Verifier::parse(text).expect("has the right form")
    }

    #[test]
    fn the_example_of_the_rfc_verifies() {
        // RFC 7636, appendix B.
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").expect("is a challenge");
        assert!(challenge.verify(&verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")));
    }

    #[test]
    fn a_challenge_has_exactly_43_characters() {
        for (length, expected) in [(0, false), (42, false), (43, true), (44, false), (128, false)] {
            assert_eq!(Challenge::parse(&"a".repeat(length)).is_ok(), expected, "{length}");
        }
        for odd in ["+", "/", "=", ".", "~", " ", "\n"] {
            assert!(Challenge::parse(&("a".repeat(42) + odd)).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        for (length, expected) in [(0, false), (42, false), (43, true), (128, true), (129, false)] {
            assert_eq!(Verifier::parse(&"a".repeat(length)).is_ok(), expected, "{length}");
        }
        for odd in ["+", "/", "=", "%", " ", "\n", "ä"] {
            assert!(Verifier::parse(&("a".repeat(50) + odd)).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_verifier_that_equals_the_challenge_does_not_verify() {
        let text = "a".repeat(43);
        assert!(!Challenge::parse(&text).expect("is a challenge").verify(&verifier(&text)), "this would be `plain`");
    }

    proptest! {
        #[test]
        fn only_the_right_verifier_verifies(right in UNRESERVED, other in UNRESERVED) {
            let challenge = Challenge::of(&verifier(&right));
            prop_assert!(challenge.verify(&verifier(&right)));
            prop_assert_eq!(challenge.verify(&verifier(&other)), right == other);
        }

        #[test]
        fn one_changed_character_fails(right in "[a-y]{43,128}", at in 0usize..43) {
            let challenge = Challenge::of(&verifier(&right));
            let mut wrong = right;
            wrong.replace_range(at..=at, "z");
            prop_assert!(!challenge.verify(&verifier(&wrong)));
        }

        #[test]
        fn a_challenge_reads_back(text in UNRESERVED) {
            let challenge = Challenge::of(&verifier(&text));
            prop_assert_eq!(Challenge::parse(challenge.as_str()), Ok(challenge));
        }

        #[test]
        fn the_debug_form_never_shows_the_verifier(text in UNRESERVED) {
            let shown = format!("{:?}", verifier(&text));
            prop_assert!(!shown.contains(&text));
        }
    }
}
