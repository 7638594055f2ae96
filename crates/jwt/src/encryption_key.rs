//! The public key of a client, checked and prepared once, to encrypt tokens to (RFC 7517, RFC 7518 §4.3 and §4.6).
//!
//! Its type decides the one algorithm that it serves: RSA keys RSA-OAEP-256, curves ECDH-ES. A key need not say that it is for
//! encryption, but one that says it is for something else is refused. What is done with it is `jwe.rs`.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, ParsedPublicKey, UnparsedPublicKey, X25519};
use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::RsaPublicKeyComponents;
use protocol::encryption::KeyManagementAlgorithm;
use serde_json::{Map, Value};

use crate::public_key::{KeyRefused, decode_32, rsa_components, uncompressed_point};
use crate::verify::MAX_KID;

/// A public key that is ready to encrypt.
pub struct EncryptionKey {
    /// As the client wrote it. A thumbprint would be a name that the client may not know.
    kid: Option<String>,
    pub(crate) material: Material,
}

/// A key as it stands in a document, checked as far as that costs nothing. Few of them are ever encrypted to, so a key is
/// prepared when it is needed, once.
#[derive(Debug)]
pub(crate) struct Written {
    kid: Option<String>,
    dedicated: bool,
    numbers: Numbers,
    prepared: OnceLock<Result<EncryptionKey, KeyRefused>>,
}

#[derive(Debug)]
enum Numbers {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    Point(&'static Curve, Vec<u8>),
}

pub(crate) enum Material {
    Rsa(OaepPublicEncryptingKey),
    Agreement(&'static Curve, ParsedPublicKey),
}

/// A curve to agree on a key over (RFC 7518 §6.2.1.1, RFC 8037 §3.2).
#[derive(Debug)]
pub(crate) struct Curve {
    pub(crate) kty: &'static str,
    pub(crate) crv: &'static str,
    pub(crate) algorithm: &'static agreement::Algorithm,
    /// How many octets a coordinate has.
    pub(crate) coordinate: usize,
}

static CURVES: [Curve; 4] = [
    Curve { kty: "EC", crv: "P-256", algorithm: &ECDH_P256, coordinate: 32 },
    Curve { kty: "EC", crv: "P-384", algorithm: &ECDH_P384, coordinate: 48 },
    Curve { kty: "EC", crv: "P-521", algorithm: &ECDH_P521, coordinate: 66 },
    Curve { kty: "OKP", crv: "X25519", algorithm: &X25519, coordinate: 32 },
];

impl EncryptionKey {
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub fn algorithm(&self) -> KeyManagementAlgorithm {
        match self.material {
            Material::Rsa(_) => KeyManagementAlgorithm::RsaOaep256,
            Material::Agreement(..) => KeyManagementAlgorithm::EcdhEs,
        }
    }
}

impl Written {
    /// Reads one key of a key set, without `use` or with `"use": "enc"`.
    pub(crate) fn read(members: &Map<String, Value>) -> Result<Self, KeyRefused> {
        let key_use = text(members, "use")?;
        if key_use.is_some_and(|key_use| key_use != "enc") {
            return Err(KeyRefused::WrongUse);
        }
        let numbers = Numbers::read(members)?;
        let alg = text(members, "alg")?;
        if alg.is_some_and(|alg| alg != numbers.algorithm().name()) {
            return Err(KeyRefused::WrongType);
        }
        numbers.check_operations(members)?;
        let kid = text(members, "kid")?;
        if kid.is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(KeyRefused::KeyId);
        }
        let dedicated = key_use.is_some() || alg.is_some();
        Ok(Self { kid: kid.map(str::to_owned), dedicated, numbers, prepared: OnceLock::new() })
    }

    /// Whether the key says that it is for encryption, and is not one for everything.
    pub(crate) fn is_dedicated(&self) -> bool {
        self.dedicated
    }

    pub(crate) fn algorithm(&self) -> KeyManagementAlgorithm {
        self.numbers.algorithm()
    }

    /// The key, if its numbers make one.
    pub(crate) fn key(&self) -> Result<&EncryptionKey, KeyRefused> {
        self.prepared.get_or_init(|| self.prepare()).as_ref().map_err(|refused| *refused)
    }

    #[cfg(test)]
    pub(crate) fn is_prepared(&self) -> bool {
        self.prepared.get().is_some()
    }

    fn prepare(&self) -> Result<EncryptionKey, KeyRefused> {
        let material = match &self.numbers {
            Numbers::Rsa(components) => {
                let key: PublicEncryptingKey = components.clone().try_into().map_err(|_| KeyRefused::Inconsistent)?;
                Material::Rsa(OaepPublicEncryptingKey::new(key).map_err(|_| KeyRefused::Inconsistent)?)
            }
            Numbers::Point(curve, point) => Material::Agreement(curve, curve.parse(point)?),
        };
        Ok(EncryptionKey { kid: self.kid.clone(), material })
    }
}

impl Numbers {
    fn read(members: &Map<String, Value>) -> Result<Self, KeyRefused> {
        let needed = |name| text(members, name)?.ok_or(KeyRefused::Encoding);
        let (kty, crv) = (text(members, "kty")?.unwrap_or_default(), text(members, "crv")?);
        if kty == "RSA" {
            return rsa_components(needed("n")?, needed("e")?).map(Self::Rsa);
        }
        let curve = CURVES.iter().find(|curve| curve.kty == kty && Some(curve.crv) == crv);
        let curve = curve.ok_or(KeyRefused::WrongType)?;
        let point = match curve.kty {
            "EC" => uncompressed_point(needed("x")?, needed("y")?, curve.coordinate)?,
            _ => decode_32(needed("x")?)?.to_vec(),
        };
        Ok(Self::Point(curve, point))
    }

    fn algorithm(&self) -> KeyManagementAlgorithm {
        match self {
            Self::Rsa(_) => KeyManagementAlgorithm::RsaOaep256,
            Self::Point(..) => KeyManagementAlgorithm::EcdhEs,
        }
    }

    /// RFC 7517 §4.3. Web Cryptography writes an empty list into the public half of a pair for key agreement.
    fn check_operations(&self, members: &Map<String, Value>) -> Result<(), KeyRefused> {
        let operations = match members.get("key_ops") {
            None => return Ok(()),
            Some(Value::Array(operations)) => operations,
            Some(_) => return Err(KeyRefused::WrongUse),
        };
        let any_of = |names: [&str; 2]| names.iter().any(|name| operations.iter().any(|operation| operation == name));
        let fits = match self {
            Self::Rsa(_) => any_of(["encrypt", "wrapKey"]),
            Self::Point(..) => operations.is_empty() || any_of(["deriveKey", "deriveBits"]),
        };
        if fits { Ok(()) } else { Err(KeyRefused::WrongUse) }
    }
}

impl Curve {
    /// A point off the curve fails to parse. Only Curve25519 has points of small order; with them every agreement fails
    /// (RFC 7748 §6.1), so one is tried.
    fn parse(&self, point: &[u8]) -> Result<ParsedPublicKey, KeyRefused> {
        let key: ParsedPublicKey =
            UnparsedPublicKey::new(self.algorithm, point).try_into().map_err(|_| KeyRefused::Point)?;
        if self.algorithm == &X25519 {
            let ours = agreement::PrivateKey::generate(self.algorithm).map_err(|_| KeyRefused::Inconsistent)?;
            agreement::agree(&ours, key.clone(), KeyRefused::Point, |_| Ok(()))?;
        }
        Ok(key)
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey({} {})", self.algorithm(), self.kid().unwrap_or("without kid"))
    }
}

/// A member that is a string or absent.
fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, KeyRefused> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(KeyRefused::WrongType),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    fn read(jwk: &Value) -> Result<EncryptionKey, KeyRefused> {
        Written::read(jwk.as_object().expect("an object"))?.prepare()
    }

    fn with(jwk: &Value, member: &str, value: Value) -> Value {
        let mut jwk = jwk.clone();
        jwk[member] = value;
        jwk
    }

    fn rsa() -> Value {
        json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode([0xc1; 256]), "e": "AQAB" })
    }

    /// RFC 7518 Appendix C.
    fn p256() -> Value {
        json!({
            "kty": "EC", "crv": "P-256",
            "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ", "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        })
    }

    /// RFC 8037 A.6: Bob's.
    fn x25519() -> Value {
        json!({ "kty": "OKP", "crv": "X25519", "x": "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08" })
    }

    #[test]
    fn the_type_of_a_key_decides_its_algorithm() {
        for (jwk, alg) in [(rsa(), "RSA-OAEP-256"), (p256(), "ECDH-ES"), (x25519(), "ECDH-ES")] {
            for jwk in [jwk.clone(), with(&jwk, "use", json!("enc")), with(&jwk, "alg", json!(alg))] {
                let key = read(&jwk).expect("is a key");
                assert_eq!((key.algorithm().name(), key.kid()), (alg, None));
            }
            assert_eq!(read(&with(&jwk, "kid", json!("k"))).expect("is a key").kid(), Some("k"));
        }
    }

    #[test]
    fn keys_for_something_else_are_refused() {
        let refused =
            |jwk: Value, member: &str, value: Value| read(&with(&jwk, member, value)).expect_err("not for us");
        for jwk in [rsa(), p256(), x25519()] {
            assert_eq!(refused(jwk.clone(), "use", json!("sig")), KeyRefused::WrongUse);
            assert_eq!(refused(jwk.clone(), "use", json!(1)), KeyRefused::WrongType);
            assert_eq!(refused(jwk.clone(), "key_ops", json!(["verify"])), KeyRefused::WrongUse);
            assert_eq!(refused(jwk.clone(), "key_ops", json!("encrypt")), KeyRefused::WrongUse);
            for alg in ["RSA1_5", "RSA-OAEP", "ECDH-ES+A128KW", "RS256", "ES256", "dir"] {
                assert_eq!(refused(jwk.clone(), "alg", json!(alg)), KeyRefused::WrongType, "{alg}");
            }
            assert_eq!(refused(jwk.clone(), "kid", json!("k".repeat(129))), KeyRefused::KeyId);
        }
        assert_eq!(refused(rsa(), "alg", json!("ECDH-ES")), KeyRefused::WrongType);
        assert_eq!(refused(p256(), "alg", json!("RSA-OAEP-256")), KeyRefused::WrongType);
        let ed25519 = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        for jwk in [ed25519, json!({ "kty": "oct" }), json!({}), with(&p256(), "crv", json!("secp256k1"))] {
            assert_eq!(read(&jwk).expect_err("is of no use"), KeyRefused::WrongType);
        }
    }

    #[test]
    fn operations_that_encrypt_are_welcome() {
        for operation in ["encrypt", "wrapKey"] {
            assert!(read(&with(&rsa(), "key_ops", json!([operation]))).is_ok());
        }
        for operations in [json!([]), json!(["deriveKey"]), json!(["deriveBits", "x"])] {
            assert!(read(&with(&p256(), "key_ops", operations.clone())).is_ok());
            assert!(read(&with(&x25519(), "key_ops", operations)).is_ok());
        }
        assert_eq!(read(&with(&rsa(), "key_ops", json!([]))).expect_err("does nothing"), KeyRefused::WrongUse);
    }

    #[test]
    fn rsa_keys_have_2048_bits_or_more() {
        let short = with(&rsa(), "n", json!(URL_SAFE_NO_PAD.encode([0xc1; 128])));
        assert_eq!(read(&short).expect_err("is short"), KeyRefused::RsaSize { bits: 1024 });
        assert_eq!(read(&with(&rsa(), "e", json!("AQ"))).expect_err("is one"), KeyRefused::RsaExponent);
        assert_eq!(read(&json!({ "kty": "RSA", "e": "AQAB" })).expect_err("has no n"), KeyRefused::Encoding);
    }

    #[test]
    fn points_are_on_their_curve_and_written_in_full() {
        let swapped = json!({ "kty": "EC", "crv": "P-256", "x": p256()["y"], "y": p256()["x"] });
        assert_eq!(read(&swapped).expect_err("is off the curve"), KeyRefused::Point);
        let zero = json!(URL_SAFE_NO_PAD.encode([0; 32]));
        assert_eq!(read(&with(&p256(), "x", zero)).expect_err("is off the curve"), KeyRefused::Point);
        for other in ["P-384", "P-521"] {
            assert_eq!(read(&with(&p256(), "crv", json!(other))).expect_err("is too short"), KeyRefused::Encoding);
        }
        assert_eq!(read(&with(&x25519(), "x", json!("AAAA"))).expect_err("is too short"), KeyRefused::Encoding);
        let no_y = json!({ "kty": "EC", "crv": "P-256", "x": p256()["x"] });
        assert_eq!(read(&no_y).expect_err("is half a point"), KeyRefused::Encoding);
    }

    /// The points of small order on Curve25519 and its twist, with those beyond the prime.
    #[test]
    fn points_of_small_order_are_refused() {
        for point in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            let octets: Vec<u8> =
                (0..32).map(|at| u8::from_str_radix(&point[2 * at..2 * at + 2], 16).expect("is hex")).collect();
            let jwk = with(&x25519(), "x", json!(URL_SAFE_NO_PAD.encode(octets)));
            assert_eq!(read(&jwk).expect_err("gives no secret"), KeyRefused::Point, "{point}");
        }
    }
}
