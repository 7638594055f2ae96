//! A token that brings its public key in its own header (`jwk`, RFC 7515 §4.1.3): the form of a DPoP proof (RFC 9449 §4.2).
//!
//! Such a token proves that whoever made it has a private key, and not whose key that is: the caller compares the thumbprint
//! with one that it knows from elsewhere (`cnf.jkt`). Every other token goes through `verify.rs`, which never looks at `jwk`.

use protocol::registration::PRIVATE_MEMBERS;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::algorithm;
use crate::jwks;
use crate::public_key::{KeyRefused, VerifyingKey};
use crate::verify::{Expected, Header, Parts, VerifyError, decode};

/// Other members of a header that tell where a key is (RFC 7515 §4.1.2 and §4.1.5 to §4.1.8). A token that brings its key needs
/// none of them, and one with two answers to one question is refused.
const OTHER_KEY_MEMBERS: &[&str] = &["jku", "x5u", "x5c", "x5t", "x5t#S256"];

/// A token whose header and key were checked, but whose signature was not: claims come out of [`Embedded::verify`] alone.
pub struct Embedded<'t> {
    parts: Parts<'t>,
    key: VerifyingKey,
    thumbprint: String,
}

/// Why a token with a key of its own is not accepted. Repeats nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbeddedError {
    #[error(transparent)]
    Token(#[from] VerifyError),
    #[error("the header has no jwk, or one that is no JSON object")]
    NoKey,
    #[error("the header tells its key in another way than by jwk")]
    OtherKey,
    #[error(
        "the jwk carries a private or symmetric key; it is known to others now: make a new one and send its public part"
    )]
    PrivateKey,
    #[error("the jwk cannot be used: {0}")]
    Key(#[from] KeyRefused),
}

impl<'t> Embedded<'t> {
    /// Checks size, form, header and key; no cryptography but the key's own checks.
    pub fn read(token: &'t str, expected: &Expected<'_>) -> Result<Self, EmbeddedError> {
        let parts = Parts::split(token)?;
        let mut members = parts.header_members()?;
        let header = Header::of(&members, algorithm::parse)?;
        expected.check(&header)?;
        if OTHER_KEY_MEMBERS.iter().any(|member| members.contains_key(*member)) {
            return Err(EmbeddedError::OtherKey);
        }
        let Some(Value::Object(mut jwk)) = members.remove("jwk") else { return Err(EmbeddedError::NoKey) };
        if PRIVATE_MEMBERS.iter().any(|member| jwk.contains_key(*member)) {
            return Err(EmbeddedError::PrivateKey);
        }
        // A key that does not say what it is for is for this token; it is prepared for one algorithm only.
        jwk.entry("alg").or_insert_with(|| header.alg.name().into());
        let (jwk, prepared) = jwks::read(jwk)?;
        // RFC 8725 §3.1: "Each key MUST be used with exactly one algorithm".
        let key = prepared.into_iter().find(|key| key.algorithm() == header.alg).ok_or(VerifyError::KeyAlgorithm)?;
        Ok(Self { parts, key, thumbprint: jwk.thumbprint() })
    }

    /// RFC 7638 §3, SHA-256, base64url: 43 characters.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// The claims, when the key of the header has signed them.
    pub fn verify<C: DeserializeOwned>(&self) -> Result<C, VerifyError> {
        if !self.key.verifies(self.parts.signed.as_bytes(), &decode(self.parts.signature)?) {
            return Err(VerifyError::Signature);
        }
        self.parts.claims()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{key, signed};
    use proptest::prelude::*;
    use protocol::signing::SigningAlgorithm;
    use serde_json::{Map, json};

    const EXPECTED: Expected<'static> = Expected { typ: &["dpop+jwt"], algorithms: SigningAlgorithm::ALL };

    fn verify(token: &str) -> Result<Value, EmbeddedError> {
        Ok(Embedded::read(token, &EXPECTED)?.verify()?)
    }

    fn jwk(algorithm: SigningAlgorithm) -> Map<String, Value> {
        match serde_json::to_value(key(algorithm).jwk()) {
            Ok(Value::Object(members)) => members,
            other => panic!("is an object: {other:?}"),
        }
    }

    fn header(algorithm: SigningAlgorithm) -> Value {
        let bare: Map<_, _> =
            jwk(algorithm).into_iter().filter(|(name, _)| !["kid", "use", "alg"].contains(&name.as_str())).collect();
        json!({ "typ": "dpop+jwt", "alg": algorithm.name(), "jwk": bare })
    }

    fn token(algorithm: SigningAlgorithm, header: &Value) -> String {
        signed(key(algorithm), &header.to_string(), r#"{"jti":"1"}"#)
    }

    /// RFC 9449 §5, figure 5, and the thumbprint of figure 9.
    #[test]
    fn the_proof_of_rfc_9449_verifies_with_its_own_key() {
        let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
        let read = Embedded::read(proof, &EXPECTED).expect("is a proof");
        assert_eq!(read.thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        let claims: Value = read.verify().expect("the RFC signed it");
        assert_eq!(claims["htu"], "https://server.example.com/token");
    }

    #[test]
    fn a_key_of_every_algorithm_may_be_brought() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(verify(&token(*algorithm, &header(*algorithm))), Ok(json!({ "jti": "1" })), "{algorithm}");
            let mut full = header(*algorithm);
            full["jwk"] = jwk(*algorithm).into();
            full["kid"] = json!("any");
            let token = token(*algorithm, &full);
            let read = Embedded::read(&token, &EXPECTED).expect("use, alg and kid are welcome");
            assert_eq!(read.thumbprint(), key(*algorithm).jwk().thumbprint());
        }
    }

    #[test]
    fn a_header_with_a_trick_is_refused() {
        let es = SigningAlgorithm::ES256;
        let small = json!({ "kty": "RSA", "e": "AQAB", "n": "w".repeat(171) });
        let other = json!(jwk(SigningAlgorithm::ES384));
        let cases: &[(&str, Value, EmbeddedError)] = &[
            ("jwk", Value::Null, EmbeddedError::NoKey),
            ("jwk", json!("AAAA"), EmbeddedError::NoKey),
            ("jwk", json!([jwk(es)]), EmbeddedError::NoKey),
            ("jwk", json!({ "kty": "oct", "k": "AAAA" }), EmbeddedError::PrivateKey),
            ("jwk", json!({ "kty": "oct" }), KeyRefused::WrongType.into()),
            ("jwk", small, KeyRefused::WrongType.into()),
            ("jwk", other, VerifyError::KeyAlgorithm.into()),
            ("alg", json!("none"), VerifyError::Algorithm.into()),
            ("alg", json!("HS256"), VerifyError::Algorithm.into()),
            ("alg", json!("es256"), VerifyError::Algorithm.into()),
            ("alg", json!("ES384"), KeyRefused::WrongType.into()),
            ("alg", json!("RS256"), KeyRefused::WrongType.into()),
            ("alg", Value::Null, VerifyError::Algorithm.into()),
            ("typ", json!("JWT"), VerifyError::Type.into()),
            ("typ", json!("at+jwt"), VerifyError::Type.into()),
            ("typ", Value::Null, VerifyError::Header.into()),
            ("crit", json!(["exp"]), VerifyError::Critical.into()),
            ("b64", json!(false), VerifyError::Critical.into()),
            ("kid", json!("k".repeat(129)), VerifyError::Header.into()),
            ("jku", json!("https://attacker.example/keys"), EmbeddedError::OtherKey),
            ("x5u", json!("https://attacker.example/cert"), EmbeddedError::OtherKey),
            ("x5c", json!(["AAAA"]), EmbeddedError::OtherKey),
            ("x5t", json!("AAAA"), EmbeddedError::OtherKey),
            ("x5t#S256", json!("AAAA"), EmbeddedError::OtherKey),
        ];
        for (member, value, reason) in cases {
            let mut header = header(es);
            header[*member] = value.clone();
            assert_eq!(verify(&token(es, &header)), Err(*reason), "{member}: {value}");
        }
    }

    #[test]
    fn a_private_member_of_the_key_is_refused_whatever_it_holds() {
        let es = SigningAlgorithm::ES256;
        for member in PRIVATE_MEMBERS {
            for value in [json!("AAAA"), Value::Null] {
                let mut header = header(es);
                header["jwk"][*member] = value;
                assert_eq!(verify(&token(es, &header)), Err(EmbeddedError::PrivateKey), "{member}");
            }
        }
    }

    #[test]
    fn the_checks_of_a_published_key_hold_for_a_brought_one() {
        for (algorithm, member, value, reason) in [
            (SigningAlgorithm::ES256, "use", json!("enc"), KeyRefused::WrongUse),
            (SigningAlgorithm::ES256, "key_ops", json!(["encrypt"]), KeyRefused::WrongUse),
            (SigningAlgorithm::ES256, "crv", json!("P-521"), KeyRefused::WrongType),
            (SigningAlgorithm::ES256, "crv", json!("secp256k1"), KeyRefused::WrongType),
            (SigningAlgorithm::ES256, "crv", json!("P-384"), KeyRefused::WrongType),
            (SigningAlgorithm::ES256, "x", json!("A".repeat(43)), KeyRefused::Point),
            (SigningAlgorithm::ES256, "alg", json!("HS256"), KeyRefused::WrongType),
            (SigningAlgorithm::EdDSA, "crv", json!("X25519"), KeyRefused::WrongType),
            (SigningAlgorithm::EdDSA, "x", json!("A".repeat(43)), KeyRefused::Point),
            (SigningAlgorithm::RS256, "n", json!(format!("{}Q", "w".repeat(170))), KeyRefused::RsaSize { bits: 1024 }),
            (SigningAlgorithm::RS256, "e", json!("AQ"), KeyRefused::RsaExponent),
        ] {
            let mut header = header(algorithm);
            header["jwk"][member] = value.clone();
            assert_eq!(verify(&token(algorithm, &header)), Err(reason.into()), "{member}: {value}");
        }
    }

    /// Two readers of one header must not see two keys.
    #[test]
    fn members_that_are_written_twice_are_refused() {
        let es = SigningAlgorithm::ES256;
        let jwk = header(es)["jwk"].to_string();
        let inside = jwk.replacen('{', r#"{"kty":"EC","#, 1);
        for header in [
            format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{jwk},"jwk":{jwk}}}"#),
            format!(r#"{{"typ":"dpop+jwt","alg":"ES256","alg":"ES256","jwk":{jwk}}}"#),
            format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{inside}}}"#),
        ] {
            let token = signed(key(es), &header, "{}");
            assert_eq!(verify(&token), Err(VerifyError::Header.into()), "{header}");
        }
        let twice = signed(key(es), &header(es).to_string(), r#"{"jti":"1","jti":"2"}"#);
        assert_eq!(verify(&twice), Err(VerifyError::Claims.into()));
    }

    #[test]
    fn the_signature_is_by_the_brought_key() {
        let es = SigningAlgorithm::ES256;
        let stranger = crate::SigningKey::generate(es).expect("makes a key");
        let forged = signed(&stranger, &header(es).to_string(), "{}");
        assert_eq!(verify(&forged), Err(VerifyError::Signature.into()));
        let good = token(es, &header(es));
        let unsigned = good.rsplit_once('.').expect("has three parts").0;
        assert_eq!(verify(&format!("{unsigned}.")), Err(VerifyError::NotThreeParts.into()));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_passes(token in "[A-Za-z0-9_.=-]{0,200}|.{0,60}") {
            prop_assert!(verify(&token).is_err());
        }
    }
}
