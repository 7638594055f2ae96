//! Private keys from elsewhere: PKCS#1, PKCS#8 (plain or under a password), SEC 1, and private JWKs, to a key that signs.
//!
//! The only file that names the `rsa` crate, which reads foreign formats here and never signs: it has an open timing advisory
//! (RUSTSEC-2023-0071). An administrator imports keys from the command line; no request reaches this code.

use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::secret::SecretString;
use protocol::signing::SigningAlgorithm;
use rsa::pkcs1::der::Decode as _;
use rsa::pkcs8::{EncodePrivateKey as _, EncryptedPrivateKeyInfo, ObjectIdentifier, PrivateKeyInfo};
use rsa::{BigUint, RsaPrivateKey};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::algorithm::{self, Curve, Family, family};
use crate::json;
use crate::key::SigningKey;
use crate::pem;
use crate::public_key::{KeyRefused, check_rsa_size};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Why a file cannot become a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("this is neither a PEM file with a private key nor a private JWK")]
    NotAKey,
    #[error("this is a public key or a certificate; signing needs the private key")]
    PublicKey,
    #[error("the key is encrypted; give its password")]
    PasswordNeeded,
    #[error(
        "the password is wrong, or the encryption is not one of PBES2 with AES (make it so with: openssl pkcs8 -topk8)"
    )]
    WrongPassword,
    #[error("the key is encrypted in a format from before PKCS#8; convert it with: openssl pkcs8 -topk8")]
    OldEncryption,
    #[error("the key is none of RSA, P-256, P-384 and Ed25519")]
    Unsupported,
    #[error("the key cannot be used with the algorithm that was asked for")]
    OtherAlgorithm,
    #[error(transparent)]
    Refused(#[from] KeyRefused),
}

/// Reads a key file. Without `algorithm` an RSA key signs RS256, unless a JWK says otherwise; the other types have one
/// algorithm each.
pub fn import(
    text: &str,
    algorithm: Option<SigningAlgorithm>,
    password: Option<&SecretString>,
) -> Result<SigningKey, ImportError> {
    if text.trim_start().starts_with('{') {
        return jwk(text.trim(), algorithm);
    }
    let block = pem::find_key(text).ok_or(ImportError::NotAKey)?;
    if block.has_headers() {
        return Err(ImportError::OldEncryption);
    }
    let der = block.decode().ok_or(ImportError::NotAKey)?;
    match block.label {
        "PRIVATE KEY" => pkcs8(&der, algorithm),
        "ENCRYPTED PRIVATE KEY" => {
            let password = password.ok_or(ImportError::PasswordNeeded)?;
            let info = EncryptedPrivateKeyInfo::from_der(&der).map_err(|_| ImportError::NotAKey)?;
            let plain = info.decrypt(password.expose()).map_err(|_| ImportError::WrongPassword)?;
            pkcs8(plain.as_bytes(), algorithm)
        }
        "RSA PRIVATE KEY" => pkcs1(&der, algorithm),
        "EC PRIVATE KEY" => sec1(&der, algorithm),
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" => Err(ImportError::PublicKey),
        _ => Err(ImportError::NotAKey),
    }
}

fn pkcs8(der: &[u8], algorithm: Option<SigningAlgorithm>) -> Result<SigningKey, ImportError> {
    let info = PrivateKeyInfo::from_der(der).map_err(|_| ImportError::NotAKey)?;
    match info.algorithm.oid {
        RSA => pkcs1(info.private_key, algorithm),
        EC => {
            let natural = match info.algorithm.parameters_oid() {
                Ok(P256) => SigningAlgorithm::ES256,
                Ok(P384) => SigningAlgorithm::ES384,
                _ => return Err(ImportError::Unsupported),
            };
            Ok(SigningKey::from_pkcs8_der(der, choose(algorithm, natural)?)?)
        }
        ED25519 => Ok(SigningKey::from_pkcs8_der(der, choose(algorithm, SigningAlgorithm::EdDSA)?)?),
        _ => Err(ImportError::Unsupported),
    }
}

fn pkcs1(der: &[u8], algorithm: Option<SigningAlgorithm>) -> Result<SigningKey, ImportError> {
    let parts = rsa::pkcs1::RsaPrivateKey::from_der(der).map_err(|_| ImportError::NotAKey)?;
    check_rsa_size(parts.modulus.as_bytes(), parts.public_exponent.as_bytes())?;
    let info = PrivateKeyInfo::new(rsa::pkcs1::ALGORITHM_ID, der);
    let document = rsa::pkcs8::SecretDocument::try_from(&info).map_err(|_| ImportError::NotAKey)?;
    let algorithm = choose(algorithm, SigningAlgorithm::RS256)?;
    Ok(SigningKey::from_pkcs8_der(document.as_bytes(), algorithm)?)
}

/// The curve stands inside of the key; the one that fits tells the algorithm.
fn sec1(der: &[u8], algorithm: Option<SigningAlgorithm>) -> Result<SigningKey, ImportError> {
    for natural in SigningAlgorithm::ALL {
        let Family::Ecdsa(curve) = family(*natural) else { continue };
        let Ok(pair) = EcdsaKeyPair::from_private_key_der(curve.sign, der) else { continue };
        return ecdsa(&pair, choose(algorithm, *natural)?);
    }
    Err(ImportError::Unsupported)
}

fn ecdsa(pair: &EcdsaKeyPair, algorithm: SigningAlgorithm) -> Result<SigningKey, ImportError> {
    let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyRefused::Inconsistent)?;
    Ok(SigningKey::from_pkcs8_der(pkcs8.as_ref(), algorithm)?)
}

fn jwk(text: &str, algorithm: Option<SigningAlgorithm>) -> Result<SigningKey, ImportError> {
    let members = json::object(text.as_bytes()).map_err(|_| ImportError::NotAKey)?;
    if matches!(members.get("use"), Some(usage) if usage != "sig") {
        return Err(KeyRefused::WrongUse.into());
    }
    let named = match members.get("alg").map(Value::as_str) {
        None => algorithm,
        Some(name) => {
            let named = name.and_then(algorithm::parse).ok_or(ImportError::Unsupported)?;
            // RFC 8725 §3.1: a key that names its algorithm is for no other, not even for one of the same type.
            if algorithm.is_some_and(|asked| asked != named) {
                return Err(ImportError::OtherAlgorithm);
            }
            Some(named)
        }
    };
    match (members.get("kty").and_then(Value::as_str), members.get("crv").and_then(Value::as_str)) {
        (Some("RSA"), _) => rsa_jwk(&members, named),
        (Some("EC"), Some("P-256")) => ec_jwk(&members, named, SigningAlgorithm::ES256),
        (Some("EC"), Some("P-384")) => ec_jwk(&members, named, SigningAlgorithm::ES384),
        (Some("OKP"), Some("Ed25519")) => ed25519_jwk(&members, named),
        (Some(_), _) => Err(ImportError::Unsupported),
        (None, _) => Err(ImportError::NotAKey),
    }
}

fn rsa_jwk(members: &Map<String, Value>, algorithm: Option<SigningAlgorithm>) -> Result<SigningKey, ImportError> {
    let (n, e, d) = (number(members, "n")?, number(members, "e")?, number(members, "d")?);
    check_rsa_size(&n, &e)?;
    // Without its primes (RFC 7518 §6.3.2) a key still has them: the crate finds them again.
    let primes =
        if members.contains_key("p") { vec![number(members, "p")?, number(members, "q")?] } else { Vec::new() };
    let primes = primes.iter().map(|prime| BigUint::from_bytes_be(prime)).collect();
    let [n, e, d] = [n, e, d].map(|bytes| BigUint::from_bytes_be(&bytes));
    let key = RsaPrivateKey::from_components(n, e, d, primes).map_err(|_| KeyRefused::Inconsistent)?;
    let der = key.to_pkcs8_der().map_err(|_| KeyRefused::Inconsistent)?;
    Ok(SigningKey::from_pkcs8_der(der.as_bytes(), choose(algorithm, SigningAlgorithm::RS256)?)?)
}

fn ec_jwk(
    members: &Map<String, Value>,
    algorithm: Option<SigningAlgorithm>,
    natural: SigningAlgorithm,
) -> Result<SigningKey, ImportError> {
    let algorithm = choose(algorithm, natural)?;
    let Family::Ecdsa(Curve { sign, .. }) = family(algorithm) else { return Err(ImportError::OtherAlgorithm) };
    let (x, y, d) = (number(members, "x")?, number(members, "y")?, number(members, "d")?);
    let point = [&[4][..], &x, &y].concat();
    let pair = EcdsaKeyPair::from_private_key_and_public_key(sign, &d, &point);
    ecdsa(&pair.map_err(|_| KeyRefused::Inconsistent)?, algorithm)
}

fn ed25519_jwk(members: &Map<String, Value>, algorithm: Option<SigningAlgorithm>) -> Result<SigningKey, ImportError> {
    let algorithm = choose(algorithm, SigningAlgorithm::EdDSA)?;
    let (x, d) = (number(members, "x")?, number(members, "d")?);
    let pair = Ed25519KeyPair::from_seed_and_public_key(&d, &x).map_err(|_| KeyRefused::Inconsistent)?;
    let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyRefused::Inconsistent)?;
    Ok(SigningKey::from_pkcs8_der(pkcs8.as_ref(), algorithm)?)
}

/// The algorithm that was asked for, if the type of the key allows it; else the one that the type suggests.
fn choose(asked: Option<SigningAlgorithm>, natural: SigningAlgorithm) -> Result<SigningAlgorithm, ImportError> {
    let Some(asked) = asked else { return Ok(natural) };
    let both_rsa = matches!((family(asked), family(natural)), (Family::Rsa { .. }, Family::Rsa { .. }));
    if asked == natural || both_rsa { Ok(asked) } else { Err(ImportError::OtherAlgorithm) }
}

fn number(members: &Map<String, Value>, name: &str) -> Result<Zeroizing<Vec<u8>>, ImportError> {
    match members.get(name) {
        Some(Value::String(text)) => {
            URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).map_err(|_| KeyRefused::Encoding.into())
        }
        None if name == "d" => Err(ImportError::PublicKey),
        _ => Err(KeyRefused::Encoding.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{Expected, verify};
    use protocol::secret::Secret;
    use serde_json::json;

    // Thumbprints computed with another program from the same files.
    const RSA_KID: &str = "zHZ-t_B55xUOvYQBaynijjnoj00VfbLKbKya68PpPrI";
    const P256_KID: &str = "KsCcwIZ4XMuzbrBsvFYML31oFirGmg63I9cM5x6Kn68";
    const P384_KID: &str = "cS7wOLn6Ypx1pbkm57Tbk0HWHJ8D4il2UstpOK4ykgc";
    const ED25519_KID: &str = "-qrBrgPnfZpWvpRIMJ5GzEmR0NNBXK3rRH40UonS37U";

    const RSA_PKCS1: &str = include_str!("../tests/keys/rsa-pkcs1.pem");
    const RSA_PKCS8: &str = include_str!("../tests/keys/rsa-pkcs8.pem");
    const RSA_ENCRYPTED: &str = include_str!("../tests/keys/rsa-encrypted.pem");
    const RSA_OLD: &str = include_str!("../tests/keys/rsa-old-encryption.pem");
    const RSA_PUBLIC: &str = include_str!("../tests/keys/rsa-public.pem");
    const RSA_1024: &str = include_str!("../tests/keys/rsa-1024-pkcs8.pem");
    const P256_SEC1: &str = include_str!("../tests/keys/p256-sec1.pem");
    const P256_PKCS8: &str = include_str!("../tests/keys/p256-pkcs8.pem");
    const P256_ENCRYPTED: &str = include_str!("../tests/keys/p256-encrypted-scrypt.pem");
    const P384_SEC1: &str = include_str!("../tests/keys/p384-sec1.pem");
    const P384_PKCS8: &str = include_str!("../tests/keys/p384-pkcs8.pem");
    const P521_SEC1: &str = include_str!("../tests/keys/p521-sec1.pem");
    const P521_PKCS8: &str = include_str!("../tests/keys/p521-pkcs8.pem");
    const ED25519_PKCS8: &str = include_str!("../tests/keys/ed25519-pkcs8.pem");

    fn password(text: &str) -> SecretString {
        Secret::new(text.to_owned())
    }

    fn refusal(text: &str, algorithm: Option<SigningAlgorithm>) -> ImportError {
        import(text, algorithm, None).expect_err("must be refused")
    }

    #[test]
    fn every_format_gives_a_key_that_signs() {
        let correct = password("correct");
        for (text, kid, algorithm) in [
            (RSA_PKCS1, RSA_KID, SigningAlgorithm::RS256),
            (RSA_PKCS8, RSA_KID, SigningAlgorithm::RS256),
            (RSA_ENCRYPTED, RSA_KID, SigningAlgorithm::RS256),
            (P256_SEC1, P256_KID, SigningAlgorithm::ES256),
            (P256_PKCS8, P256_KID, SigningAlgorithm::ES256),
            (P256_ENCRYPTED, P256_KID, SigningAlgorithm::ES256),
            (P384_SEC1, P384_KID, SigningAlgorithm::ES384),
            (P384_PKCS8, P384_KID, SigningAlgorithm::ES384),
            (ED25519_PKCS8, ED25519_KID, SigningAlgorithm::EdDSA),
        ] {
            let key = import(text, None, Some(&correct)).expect("is a private key");
            assert_eq!((key.kid().as_str(), key.algorithm()), (kid, algorithm));
            let token = key.sign(None, &json!({"a": 1})).expect("signs");
            let expected = Expected { typ: &[], algorithms: &[algorithm] };
            assert_eq!(verify(&token, key.verifying_key(), &expected), Ok(json!({"a": 1})));
        }
    }

    #[test]
    fn the_algorithm_can_be_chosen_within_the_type() {
        let key = import(RSA_PKCS8, Some(SigningAlgorithm::PS256), None).expect("is an RSA key");
        assert_eq!(key.algorithm(), SigningAlgorithm::PS256);
        assert_eq!(refusal(RSA_PKCS8, Some(SigningAlgorithm::ES256)), ImportError::OtherAlgorithm);
        assert_eq!(refusal(P256_SEC1, Some(SigningAlgorithm::RS256)), ImportError::OtherAlgorithm);
        assert_eq!(refusal(P256_SEC1, Some(SigningAlgorithm::ES384)), ImportError::OtherAlgorithm);
        assert_eq!(refusal(P384_SEC1, Some(SigningAlgorithm::ES256)), ImportError::OtherAlgorithm);
        assert_eq!(refusal(P384_PKCS8, Some(SigningAlgorithm::ES256)), ImportError::OtherAlgorithm);
        assert_eq!(refusal(ED25519_PKCS8, Some(SigningAlgorithm::ES256)), ImportError::OtherAlgorithm);
    }

    #[test]
    fn an_encrypted_key_needs_its_password() {
        assert_eq!(refusal(RSA_ENCRYPTED, None), ImportError::PasswordNeeded);
        let wrong = import(RSA_ENCRYPTED, None, Some(&password("wrong"))).expect_err("must be refused");
        assert_eq!(wrong, ImportError::WrongPassword);
        assert_eq!(refusal(RSA_OLD, None), ImportError::OldEncryption);
    }

    #[test]
    fn what_is_no_private_key_of_ours_is_named() {
        assert_eq!(refusal(RSA_1024, None), ImportError::Refused(KeyRefused::RsaSize { bits: 1024 }));
        assert_eq!(refusal(P521_SEC1, None), ImportError::Unsupported);
        assert_eq!(refusal(P521_PKCS8, None), ImportError::Unsupported);
        assert_eq!(refusal(RSA_PUBLIC, None), ImportError::PublicKey);
        assert_eq!(refusal("", None), ImportError::NotAKey);
        assert_eq!(refusal("hello", None), ImportError::NotAKey);
        assert_eq!(refusal(&RSA_PKCS8.replace("MII", "MIA"), None), ImportError::NotAKey);
        assert_eq!(
            refusal("-----BEGIN PGP PRIVATE KEY-----\nAAAA\n-----END PGP PRIVATE KEY-----", None),
            ImportError::NotAKey
        );
    }

    /// The parts of the RSA file as a JWK.
    fn rsa_jwk() -> Value {
        let der = pem::find_key(RSA_PKCS1).expect("is PEM").decode().expect("is base64");
        let parts = rsa::pkcs1::RsaPrivateKey::from_der(&der).expect("is PKCS#1");
        let text = |number: rsa::pkcs1::UintRef<'_>| URL_SAFE_NO_PAD.encode(number.as_bytes());
        json!({
            "kty": "RSA", "n": text(parts.modulus), "e": text(parts.public_exponent), "d": text(parts.private_exponent),
            "p": text(parts.prime1), "q": text(parts.prime2), "dp": text(parts.exponent1), "dq": text(parts.exponent2),
            "qi": text(parts.coefficient),
        })
    }

    fn with(mut jwk: Value, member: &str, value: Value) -> String {
        jwk[member] = value;
        jwk.to_string()
    }

    #[test]
    fn a_private_rsa_jwk_signs_with_and_without_its_primes() {
        let full = rsa_jwk();
        assert_eq!(import(&full.to_string(), None, None).expect("is a key").kid().as_str(), RSA_KID);
        let bare = json!({ "kty": "RSA", "n": full["n"], "e": full["e"], "d": full["d"] });
        assert_eq!(import(&bare.to_string(), None, None).expect("is a key").kid().as_str(), RSA_KID);
    }

    #[test]
    fn the_algorithm_in_a_jwk_is_binding() {
        let text = with(rsa_jwk(), "alg", json!("PS256"));
        assert_eq!(import(&text, None, None).expect("is a key").algorithm(), SigningAlgorithm::PS256);
        assert_eq!(refusal(&text, Some(SigningAlgorithm::RS256)), ImportError::OtherAlgorithm);
        assert_eq!(refusal(&with(rsa_jwk(), "alg", json!("RS512")), None), ImportError::Unsupported);
        assert_eq!(refusal(&with(rsa_jwk(), "alg", json!("ES256")), None), ImportError::OtherAlgorithm);
    }

    #[test]
    fn broken_jwks_are_refused() {
        let refused = |member, value| refusal(&with(rsa_jwk(), member, value), None);
        assert_eq!(refused("use", json!("enc")), ImportError::Refused(KeyRefused::WrongUse));
        assert_eq!(refused("e", json!("Ag")), ImportError::Refused(KeyRefused::RsaExponent));
        assert_eq!(refused("e", json!("AQ")), ImportError::Refused(KeyRefused::RsaExponent));
        assert_eq!(refused("e", json!("Aw")), ImportError::Refused(KeyRefused::Inconsistent));
        assert_eq!(refused("p", json!("!")), ImportError::Refused(KeyRefused::Encoding));
        assert_eq!(refused("kty", json!("oct")), ImportError::Unsupported);
        let mut public = rsa_jwk();
        public.as_object_mut().expect("an object").remove("d");
        assert_eq!(refusal(&public.to_string(), None), ImportError::PublicKey);
        assert_eq!(refusal(r#"{"kty":"RSA","kty":"EC"}"#, None), ImportError::NotAKey);
        assert_eq!(refusal("{}", None), ImportError::NotAKey);
    }

    #[test]
    fn private_and_public_half_belong_together() {
        let (x, y) = ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
        let jwk = |d: &str| json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "d": d });
        assert!(import(&jwk("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").to_string(), None, None).is_ok());
        let other = jwk("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LM").to_string();
        assert_eq!(refusal(&other, None), ImportError::Refused(KeyRefused::Inconsistent));
        let ed = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A" });
        assert_eq!(refusal(&ed.to_string(), None), ImportError::Refused(KeyRefused::Inconsistent));
    }
}
