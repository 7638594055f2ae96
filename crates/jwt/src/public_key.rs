//! A public key, checked and prepared once, bound to exactly one algorithm (RFC 8725 §3.1) and to signatures.
//!
//! The checks of RFC 8725 §3.4 and RFC 7518 §6 live here, for our own keys and for foreign ones alike: sizes, encodings,
//! points on the curve. Reading the JSON around a key is for `jwks.rs`.

use std::fmt;

use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, EllipticCurveKeyParameters, OctetKeyPairParameters, RSAKeyParameters,
};
use protocol::signing::SigningAlgorithm;

use crate::algorithm::{Curve, Family, family};

pub(crate) const MIN_RSA_BITS: usize = 2048;
pub(crate) const MAX_RSA_BITS: usize = 8192;

/// A public key that is ready to verify.
pub struct VerifyingKey {
    kid: String,
    algorithm: SigningAlgorithm,
    key: ParsedPublicKey,
}

/// Why a key is not used. Names the rule, never the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefused {
    #[error("the key is of another type than its algorithm needs, or of a type that is not supported here")]
    WrongType,
    #[error("the key is not meant for this use")]
    WrongUse,
    #[error("the key id is longer than 128 characters")]
    KeyId,
    #[error("a member of the key is not canonical base64url of the right length")]
    Encoding,
    #[error("the RSA key has {bits} bits; it needs 2048 to 8192")]
    RsaSize { bits: usize },
    #[error("the public exponent of the RSA key must be odd, greater than 1 and at most 32 bits long")]
    RsaExponent,
    #[error("the point is not on the curve, or has small order")]
    Point,
    #[error("the key cannot be parsed, or its parts do not belong together")]
    Inconsistent,
}

impl VerifyingKey {
    pub(crate) fn prepare(
        kid: &str,
        algorithm: SigningAlgorithm,
        parameters: &AlgorithmParameters,
    ) -> Result<Self, KeyRefused> {
        let key = match (family(algorithm), parameters) {
            (Family::Rsa { verify, .. }, AlgorithmParameters::RSA(parameters)) => rsa(parameters, verify)?,
            (Family::Ecdsa(curve), AlgorithmParameters::EllipticCurve(parameters)) => ecdsa(parameters, curve)?,
            (Family::Ed25519, AlgorithmParameters::OctetKeyPair(parameters)) => ed25519(parameters)?,
            (Family::Rsa { .. } | Family::Ecdsa(_) | Family::Ed25519, _) => return Err(KeyRefused::WrongType),
        };
        Ok(Self { kid: kid.to_owned(), algorithm, key })
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Whether this key signed exactly these octets. What they say, and whether it may be said, is for `verify.rs`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({} {})", self.algorithm.name(), self.kid)
    }
}

/// Bounds for RSA keys, ours and foreign. `modulus` and `exponent` are big-endian without leading zeros.
pub(crate) fn check_rsa_size(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyRefused> {
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = (modulus.len() * 8).saturating_sub(leading);
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
        return Err(KeyRefused::RsaSize { bits });
    }
    match exponent {
        [] | [1] => Err(KeyRefused::RsaExponent),
        [.., last] if last % 2 == 1 && exponent.len() <= 4 => Ok(()),
        _ => Err(KeyRefused::RsaExponent),
    }
}

fn rsa(parameters: &RSAKeyParameters, algorithm: &'static RsaParameters) -> Result<ParsedPublicKey, KeyRefused> {
    let components = rsa_components(&parameters.n, &parameters.e)?;
    components.to_parsed_public_key(algorithm).map_err(|_| KeyRefused::Inconsistent)
}

/// Modulus and exponent as a JWK writes them, with all that can be checked of them.
pub(crate) fn rsa_components(n: &str, e: &str) -> Result<RsaPublicKeyComponents<Vec<u8>>, KeyRefused> {
    let (n, e) = (decode(n)?, decode(e)?);
    // RFC 7518 §6.3.1: "The octet sequence MUST utilize the minimum number of octets needed to represent the value."
    if n.first() == Some(&0) || e.first() == Some(&0) {
        return Err(KeyRefused::Encoding);
    }
    check_rsa_size(&n, &e)?;
    if n.last().is_some_and(|byte| byte % 2 == 0) {
        return Err(KeyRefused::Inconsistent);
    }
    Ok(RsaPublicKeyComponents { n, e })
}

fn ecdsa(parameters: &EllipticCurveKeyParameters, curve: &Curve) -> Result<ParsedPublicKey, KeyRefused> {
    if parameters.curve != curve.name {
        return Err(KeyRefused::WrongType);
    }
    let point = uncompressed_point(&parameters.x, &parameters.y, curve.coordinate)?;
    ParsedPublicKey::new(curve.verify, point).map_err(|_| KeyRefused::Point)
}

/// The point as SEC 1 §2.3.3 writes it. Whether it lies on the curve is for aws-lc to say.
pub(crate) fn uncompressed_point(x: &str, y: &str, coordinate: usize) -> Result<Vec<u8>, KeyRefused> {
    let (x, y) = (decode(x)?, decode(y)?);
    // RFC 7518 §6.2.1.2: "The length of this octet string MUST be the full size of a coordinate".
    if x.len() != coordinate || y.len() != coordinate {
        return Err(KeyRefused::Encoding);
    }
    Ok([&[4][..], &x, &y].concat())
}

fn ed25519(parameters: &OctetKeyPairParameters) -> Result<ParsedPublicKey, KeyRefused> {
    if parameters.curve != EllipticCurve::Ed25519 {
        return Err(KeyRefused::WrongType);
    }
    let x = decode_32(&parameters.x)?;
    if !is_canonical(x) || has_small_order(x) {
        return Err(KeyRefused::Point);
    }
    ParsedPublicKey::new(&ED25519, x).map_err(|_| KeyRefused::Point)
}

/// The y coordinates of the points of order 1, 2, 4 and 8; each stands for itself and its mirror image.
const SMALL_ORDER: [[u8; 32]; 5] = [
    little_endian(0),
    little_endian(1),
    {
        let mut y = [0xff; 32];
        y[0] = 0xec;
        y[31] = 0x7f;
        y
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

const fn little_endian(small: u8) -> [u8; 32] {
    let mut y = [0; 32];
    y[0] = small;
    y
}

fn has_small_order(mut point: [u8; 32]) -> bool {
    point[31] &= 0x7f;
    SMALL_ORDER.contains(&point)
}

/// Whether y is below p = 2^255 − 19 (RFC 8032 §5.1.3).
fn is_canonical(mut point: [u8; 32]) -> bool {
    point[31] &= 0x7f;
    let all_ones = point[31] == 0x7f && point[1..31].iter().all(|byte| *byte == 0xff);
    !(all_ones && point[0] >= 0xed)
}

fn decode(text: &str) -> Result<Vec<u8>, KeyRefused> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyRefused::Encoding)
}

pub(crate) fn decode_32(text: &str) -> Result<[u8; 32], KeyRefused> {
    decode(text)?.try_into().map_err(|_| KeyRefused::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn prepare(algorithm: SigningAlgorithm, jwk: Value) -> Result<VerifyingKey, KeyRefused> {
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk).expect("is a JWK");
        VerifyingKey::prepare("k", algorithm, &jwk.algorithm)
    }

    fn refused(algorithm: SigningAlgorithm, jwk: Value) -> KeyRefused {
        prepare(algorithm, jwk).expect_err("must be refused")
    }

    fn rsa_jwk(n: &[u8], e: &[u8]) -> Value {
        json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e) })
    }

    fn ed_jwk(x: &[u8]) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(x) })
    }

    #[test]
    fn rsa_keys_have_2048_to_8192_bits_and_an_odd_exponent_above_one() {
        let alg = SigningAlgorithm::RS256;
        let n = [0xc1; 256];
        assert!(prepare(alg, rsa_jwk(&n, &[1, 0, 1])).is_ok());
        assert!(prepare(alg, rsa_jwk(&n, &[3])).is_ok());
        assert_eq!(refused(alg, rsa_jwk(&[0xc1; 128], &[3])), KeyRefused::RsaSize { bits: 1024 });
        assert_eq!(
            refused(alg, rsa_jwk(&[&[0x7f][..], &[0xc1; 255]].concat(), &[3])),
            KeyRefused::RsaSize { bits: 2047 }
        );
        assert_eq!(refused(alg, rsa_jwk(&[0xc1; 1025], &[3])), KeyRefused::RsaSize { bits: 8200 });
        assert_eq!(refused(alg, rsa_jwk(&[], &[3])), KeyRefused::RsaSize { bits: 0 });
        for e in [&[][..], &[1], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
            assert_eq!(refused(alg, rsa_jwk(&n, e)), KeyRefused::RsaExponent, "{e:?}");
        }
        assert_eq!(refused(alg, rsa_jwk(&[&[0][..], &n].concat(), &[3])), KeyRefused::Encoding);
        assert_eq!(refused(alg, rsa_jwk(&n, &[0, 3])), KeyRefused::Encoding);
        assert_eq!(refused(alg, rsa_jwk(&[&[0xc1; 255][..], &[0xc2]].concat(), &[3])), KeyRefused::Inconsistent);
    }

    #[test]
    fn p256_points_are_on_the_curve_and_written_in_full() {
        let alg = SigningAlgorithm::ES256;
        let (x, y) = ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
        let zero = URL_SAFE_NO_PAD.encode([0; 32]);
        let jwk = |x: &str, y: &str| json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
        assert!(prepare(alg, jwk(x, y)).is_ok());
        assert_eq!(refused(alg, jwk(y, x)), KeyRefused::Point);
        assert_eq!(refused(alg, jwk(&zero, &zero)), KeyRefused::Point);
        assert_eq!(refused(alg, jwk(&URL_SAFE_NO_PAD.encode([0xff; 32]), y)), KeyRefused::Point);
        assert_eq!(refused(alg, jwk(&x[..42], y)), KeyRefused::Encoding);
        assert_eq!(refused(alg, jwk(&format!("{x}="), y)), KeyRefused::Encoding);
        assert_eq!(refused(alg, json!({ "kty": "EC", "crv": "P-384", "x": x, "y": y })), KeyRefused::WrongType);
    }

    #[test]
    fn p384_points_are_on_the_curve_and_written_in_full() {
        let alg = SigningAlgorithm::ES384;
        let x = "iiregW-V1e9suWOqvnk-8UpxHMYnHlW__ihOmQP3Yc7eRpR9TUMuS9oLcC2dvRxa";
        let y = "SmEAcFH-EpK8Qs7Q_zCR4zsKqxiBmOIG2jwR6bdUHPWtwfOs3HJsM2iaAT0oNT3b";
        let zero = URL_SAFE_NO_PAD.encode([0; 48]);
        let jwk = |x: &str, y: &str| json!({ "kty": "EC", "crv": "P-384", "x": x, "y": y });
        assert!(prepare(alg, jwk(x, y)).is_ok());
        assert_eq!(refused(alg, jwk(y, x)), KeyRefused::Point);
        assert_eq!(refused(alg, jwk(&zero, &zero)), KeyRefused::Point);
        assert_eq!(refused(alg, jwk(&URL_SAFE_NO_PAD.encode([0xff; 48]), y)), KeyRefused::Point);
        assert_eq!(refused(alg, jwk(&x[..60], y)), KeyRefused::Encoding);
        assert_eq!(refused(alg, jwk(&format!("AAAA{x}"), y)), KeyRefused::Encoding, "a leading zero too many");
        assert_eq!(refused(SigningAlgorithm::ES256, jwk(x, y)), KeyRefused::WrongType);
        assert_eq!(refused(alg, json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })), KeyRefused::WrongType);
    }

    #[test]
    fn ed25519_points_are_canonical_and_of_large_order() {
        let alg = SigningAlgorithm::EdDSA;
        let good = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").expect("is base64url");
        assert!(prepare(alg, ed_jwk(&good)).is_ok());
        for small in SMALL_ORDER {
            let mut mirrored = small;
            mirrored[31] |= 0x80;
            assert_eq!(refused(alg, ed_jwk(&small)), KeyRefused::Point);
            assert_eq!(refused(alg, ed_jwk(&mirrored)), KeyRefused::Point);
        }
        for lowest in 0xed..=0xff {
            let mut beyond = [0xff; 32];
            beyond[0] = lowest;
            assert_eq!(refused(alg, ed_jwk(&beyond)), KeyRefused::Point);
        }
        assert_eq!(refused(alg, ed_jwk(&good[..31])), KeyRefused::Encoding);
    }

    #[test]
    fn a_key_of_another_type_is_refused() {
        let ed = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let secret = json!({ "kty": "oct", "k": "AAAA" });
        for algorithm in SigningAlgorithm::ALL.iter().copied().filter(|it| *it != SigningAlgorithm::EdDSA) {
            assert_eq!(refused(algorithm, ed.clone()), KeyRefused::WrongType);
            assert_eq!(refused(algorithm, secret.clone()), KeyRefused::WrongType);
        }
    }
}
