//! A private key, parsed once and ready to sign: the aws-lc key pair, its name (RFC 7638 thumbprint), its algorithm, its public
//! half, and the encoded headers of the tokens that it signs.
//!
//! Parsing a private RSA key costs more than signing with it, so nothing here parses per signature.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair, RsaSignatureEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::ids::KeyId;
use protocol::secret::SecretString;
use protocol::signing::SigningAlgorithm;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::access_token;
use crate::algorithm::{Family, family};
use crate::jwks::Jwk;
use crate::pem;
use crate::public_key::{KeyRefused, VerifyingKey};

const PEM_LABEL: &str = "PRIVATE KEY";

/// The `typ` values whose headers are encoded once per key.
const COMMON_TYPES: [Option<&str>; 3] = [None, Some("JWT"), Some(access_token::TYP)];

/// A key that signs with exactly one algorithm.
pub struct SigningKey {
    kid: KeyId,
    algorithm: SigningAlgorithm,
    pair: Pair,
    jwk: Jwk,
    verifying: Arc<VerifyingKey>,
    headers: [String; COMMON_TYPES.len()],
}

enum Pair {
    Rsa(RsaKeyPair, &'static RsaSignatureEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("no key is active for {}", .0.name())]
    NoActiveKey(SigningAlgorithm),
    #[error("the claims are not a JSON object")]
    Claims,
    #[error("the signature could not be computed")]
    Crypto,
}

#[derive(Serialize)]
struct HeaderJson<'a> {
    alg: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
    kid: &'a str,
}

impl SigningKey {
    /// A new key. RSA keys have 2048 bits.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyRefused> {
        let pair = match family(algorithm) {
            Family::Rsa { sign, .. } => RsaKeyPair::generate(KeySize::Rsa2048).map(|pair| Pair::Rsa(pair, sign)),
            Family::Ecdsa(curve) => EcdsaKeyPair::generate(curve.sign).map(Pair::Ecdsa),
            Family::Ed25519 => Ed25519KeyPair::generate().map(Pair::Ed25519),
        };
        Self::prepare(pair.map_err(|_| KeyRefused::Inconsistent)?, algorithm)
    }

    /// Reads what `to_pkcs8_pem` wrote. For files of any other origin see `import`.
    pub fn from_pkcs8_pem(text: &str, algorithm: SigningAlgorithm) -> Result<Self, KeyRefused> {
        let block = pem::find_key(text).filter(|block| block.label == PEM_LABEL).ok_or(KeyRefused::Encoding)?;
        Self::from_pkcs8_der(&block.decode().ok_or(KeyRefused::Encoding)?, algorithm)
    }

    pub(crate) fn from_pkcs8_der(der: &[u8], algorithm: SigningAlgorithm) -> Result<Self, KeyRefused> {
        let pair = match family(algorithm) {
            Family::Rsa { sign, .. } => RsaKeyPair::from_pkcs8(der).map(|pair| Pair::Rsa(pair, sign)),
            Family::Ecdsa(curve) => EcdsaKeyPair::from_pkcs8(curve.sign, der).map(Pair::Ecdsa),
            Family::Ed25519 => Ed25519KeyPair::from_pkcs8(der).map(Pair::Ed25519),
        };
        Self::prepare(pair.map_err(|_| KeyRefused::Inconsistent)?, algorithm)
    }

    /// The key as a file (RFC 5958).
    pub fn to_pkcs8_pem(&self) -> SecretString {
        let der = match &self.pair {
            Pair::Rsa(pair, _) => pair.as_der().map(|der| Zeroizing::new(der.as_ref().to_vec())),
            Pair::Ecdsa(pair) => pair.to_pkcs8v1().map(|der| Zeroizing::new(der.as_ref().to_vec())),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map(|der| Zeroizing::new(der.as_ref().to_vec())),
        };
        pem::encode(PEM_LABEL, &der.expect("a key that was parsed or generated can be written down"))
    }

    pub fn kid(&self) -> &KeyId {
        &self.kid
    }

    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    pub fn verifying_key(&self) -> &Arc<VerifyingKey> {
        &self.verifying
    }

    /// A compact JWS (RFC 7515 §7.1) over `claims` with this key's header.
    pub fn sign(&self, typ: Option<&str>, claims: &impl Serialize) -> Result<String, SignError> {
        let claims = serde_json::to_vec(claims).map_err(|_| SignError::Claims)?;
        if claims.first() != Some(&b'{') {
            return Err(SignError::Claims);
        }
        let header = match COMMON_TYPES.iter().position(|common| *common == typ) {
            Some(position) => &self.headers[position],
            None => &encode_header(self.algorithm, typ, &self.kid),
        };
        let mut token = String::with_capacity(header.len() + (claims.len() + 256) / 3 * 4 + 8);
        token.push_str(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// The checks of `public_key.rs` apply to our own keys too, and a key must verify what it signs before it signs for others.
    fn prepare(pair: Pair, algorithm: SigningAlgorithm) -> Result<Self, KeyRefused> {
        let jwk = Jwk::of_public_key(pair.public_key(), algorithm)?;
        let kid = KeyId::parse(jwk.kid()).map_err(|_| KeyRefused::KeyId)?;
        let verifying = Arc::new(VerifyingKey::prepare(jwk.kid(), algorithm, jwk.parameters())?);
        let headers = COMMON_TYPES.map(|typ| encode_header(algorithm, typ, &kid));
        let key = Self { kid, algorithm, pair, jwk, verifying, headers };
        let probe = key.signature(key.headers[0].as_bytes()).map_err(|_| KeyRefused::Inconsistent)?;
        if !key.verifying.verifies(key.headers[0].as_bytes(), &probe) {
            return Err(KeyRefused::Inconsistent);
        }
        Ok(key)
    }

    /// The bare signature of a message, as it stands in a JWS (RFC 7518 §3, RFC 8037 §3.1): for whoever needs a header that
    /// [`Self::sign`] does not write.
    #[expect(clippy::disallowed_methods, reason = "PSS and ECDSA draw while they sign; nothing of it is kept")]
    pub fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map_err(|_| SignError::Crypto)?;
                Ok(signature)
            }
            Pair::Ecdsa(pair) => {
                pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()).map_err(|_| SignError::Crypto)
            }
            Pair::Ed25519(pair) => {
                pair.try_sign(message).map(|signature| signature.as_ref().to_vec()).map_err(|_| SignError::Crypto)
            }
        }
    }
}

impl Pair {
    fn public_key(&self) -> &[u8] {
        match self {
            Self::Rsa(pair, _) => pair.public_key().as_ref(),
            Self::Ecdsa(pair) => pair.public_key().as_ref(),
            Self::Ed25519(pair) => pair.public_key().as_ref(),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm.name(), self.kid)
    }
}

fn encode_header(algorithm: SigningAlgorithm, typ: Option<&str>, kid: &KeyId) -> String {
    let header = HeaderJson { alg: algorithm.name(), typ, kid: kid.as_str() };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).expect("three strings are JSON"))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "another library is the independent witness")]
mod tests {
    use super::*;
    use crate::algorithm::jsonwebtoken_name;
    use crate::samples::key;
    use crate::verify::{Expected, VerifyError, peek, verify};
    use jsonwebtoken::{DecodingKey, EncodingKey, Validation};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const ANY: Expected<'_> = Expected { typ: &[], algorithms: SigningAlgorithm::ALL };

    fn claims() -> Value {
        json!({ "sub": "alice", "exp": 4_000_000_000_i64, "name": "Ä \"quoted\" 名" })
    }

    #[test]
    fn every_algorithm_signs_what_it_verifies() {
        for algorithm in SigningAlgorithm::ALL {
            let key = key(*algorithm);
            for typ in [None, Some("JWT"), Some("at+jwt"), Some("logout+jwt")] {
                let token = key.sign(typ, &claims()).expect("signs");
                let header = peek(&token).expect("is a token");
                assert_eq!((header.alg, header.kid.as_deref()), (*algorithm, Some(key.kid().as_str())));
                assert_eq!(header.typ.as_deref(), typ);
                assert_eq!(verify::<Value>(&token, key.verifying_key(), &ANY), Ok(claims()));
            }
        }
    }

    #[test]
    fn another_library_verifies_what_we_sign() {
        for algorithm in SigningAlgorithm::ALL {
            let key = key(*algorithm);
            let token = key.sign(Some("JWT"), &claims()).expect("signs");
            let jwk = serde_json::from_value(serde_json::to_value(key.jwk()).expect("is JSON")).expect("is a JWK");
            let validation = Validation::new(jsonwebtoken_name(*algorithm));
            let public = DecodingKey::from_jwk(&jwk).expect("is a public key");
            let decoded = jsonwebtoken::decode::<Value>(&token, &public, &validation).expect("verifies");
            assert_eq!((decoded.claims, decoded.header.kid.as_deref()), (claims(), Some(key.kid().as_str())));
        }
    }

    #[test]
    fn we_verify_what_another_library_signs() {
        for algorithm in [SigningAlgorithm::ES256, SigningAlgorithm::ES384, SigningAlgorithm::EdDSA] {
            let key = key(algorithm);
            let der = pem::find_key(key.to_pkcs8_pem().expose()).expect("is PEM").decode().expect("is base64");
            let private = match algorithm {
                SigningAlgorithm::EdDSA => EncodingKey::from_ed_der(&der),
                _ => EncodingKey::from_ec_der(&der),
            };
            let header = jsonwebtoken::Header::new(jsonwebtoken_name(algorithm));
            let token = jsonwebtoken::encode(&header, &claims(), &private).expect("signs");
            assert_eq!(verify::<Value>(&token, key.verifying_key(), &ANY), Ok(claims()));
        }
    }

    #[test]
    fn a_key_survives_its_file() {
        for algorithm in SigningAlgorithm::ALL {
            let key = key(*algorithm);
            let again = SigningKey::from_pkcs8_pem(key.to_pkcs8_pem().expose(), *algorithm).expect("reads back");
            assert_eq!((again.kid(), again.jwk()), (key.kid(), key.jwk()));
            let token = again.sign(None, &claims()).expect("signs");
            assert!(verify::<Value>(&token, key.verifying_key(), &ANY).is_ok());
        }
    }

    #[test]
    fn a_file_of_another_type_or_a_torn_one_is_refused() {
        let text = key(SigningAlgorithm::ES256).to_pkcs8_pem();
        assert!(SigningKey::from_pkcs8_pem(text.expose(), SigningAlgorithm::EdDSA).is_err());
        assert!(SigningKey::from_pkcs8_pem(text.expose(), SigningAlgorithm::RS256).is_err());
        assert!(SigningKey::from_pkcs8_pem(text.expose(), SigningAlgorithm::ES384).is_err(), "another curve");
        let torn: String = text.expose().lines().take(2).collect::<Vec<_>>().join("\n");
        for bad in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", &torn] {
            assert!(SigningKey::from_pkcs8_pem(bad, SigningAlgorithm::ES256).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_objects_are_signed() {
        for bad in [json!(1), json!([]), json!("x"), Value::Null] {
            assert!(matches!(key(SigningAlgorithm::EdDSA).sign(None, &bad), Err(SignError::Claims)), "{bad}");
        }
    }

    #[test]
    fn the_debug_form_shows_no_secret() {
        let key = key(SigningAlgorithm::EdDSA);
        assert_eq!(format!("{key:?}"), format!("SigningKey(EdDSA {})", key.kid()));
    }

    #[test]
    fn any_changed_bit_of_a_signature_is_noticed() {
        for algorithm in SigningAlgorithm::ALL {
            let key = key(*algorithm);
            let message = b"header.payload";
            let signature = key.signature(message).expect("signs");
            assert!(key.verifying.verifies(message, &signature));
            for position in 0..signature.len() {
                let mut changed = signature.clone();
                changed[position] ^= 1 << (position % 8);
                assert!(!key.verifying.verifies(message, &changed), "{algorithm:?} byte {position}");
            }
            assert!(!key.verifying.verifies(message, &signature[1..]));
            assert!(!key.verifying.verifies(message, &[&signature[..], &[0]].concat()));
            assert!(!key.verifying.verifies(message, &[]));
        }
    }

    proptest! {
        #[test]
        fn any_changed_character_of_a_token_is_noticed(
            algorithm in prop::sample::select(SigningAlgorithm::ALL), at: prop::sample::Index, with in "[A-Za-z0-9_-]"
        ) {
            let key = key(algorithm);
            let token = key.sign(Some("JWT"), &claims()).expect("signs");
            let at = at.index(token.len());
            let mut changed = token.clone();
            changed.replace_range(at..=at, &with);
            let result = verify::<Value>(&changed, key.verifying_key(), &ANY);
            prop_assert_eq!(result.is_ok(), changed == token);
        }

        #[test]
        fn no_key_verifies_the_token_of_another(
            one in prop::sample::select(SigningAlgorithm::ALL), other in prop::sample::select(SigningAlgorithm::ALL)
        ) {
            prop_assume!(one != other);
            let token = key(one).sign(None, &claims()).expect("signs");
            let result = verify::<Value>(&token, key(other).verifying_key(), &ANY);
            prop_assert_eq!(result, Err(VerifyError::KeyAlgorithm));
        }
    }
}
