//! What each signature algorithm is called in the libraries that compute it. The allow-list itself is the enum in
//! `protocol/signing.rs`: an algorithm that is not in it cannot be asked for (RFC 8725 §3.1).

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING,
    EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaParameters, RsaSignatureEncoding,
};
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::EllipticCurve;
use protocol::signing::SigningAlgorithm;

/// The kind of key behind an algorithm, with what tells two algorithms of one kind apart.
pub(crate) enum Family {
    Rsa { sign: &'static RsaSignatureEncoding, verify: &'static RsaParameters },
    Ecdsa(&'static Curve),
    Ed25519,
}

/// RFC 7518 §3.4 binds each curve to one hash.
pub(crate) struct Curve {
    pub(crate) name: EllipticCurve,
    /// How many octets a coordinate has.
    pub(crate) coordinate: usize,
    pub(crate) sign: &'static EcdsaSigningAlgorithm,
    pub(crate) verify: &'static EcdsaVerificationAlgorithm,
}

static P256: Curve = Curve {
    name: EllipticCurve::P256,
    coordinate: 32,
    sign: &ECDSA_P256_SHA256_FIXED_SIGNING,
    verify: &ECDSA_P256_SHA256_FIXED,
};

static P384: Curve = Curve {
    name: EllipticCurve::P384,
    coordinate: 48,
    sign: &ECDSA_P384_SHA384_FIXED_SIGNING,
    verify: &ECDSA_P384_SHA384_FIXED,
};

pub(crate) fn family(algorithm: SigningAlgorithm) -> Family {
    match algorithm {
        SigningAlgorithm::RS256 => Family::Rsa { sign: &RSA_PKCS1_SHA256, verify: &RSA_PKCS1_2048_8192_SHA256 },
        SigningAlgorithm::PS256 => Family::Rsa { sign: &RSA_PSS_SHA256, verify: &RSA_PSS_2048_8192_SHA256 },
        SigningAlgorithm::ES256 => Family::Ecdsa(&P256),
        SigningAlgorithm::ES384 => Family::Ecdsa(&P384),
        SigningAlgorithm::EdDSA => Family::Ed25519,
    }
}

/// The one algorithm that goes with a curve.
pub(crate) fn of_curve(curve: &EllipticCurve) -> Option<SigningAlgorithm> {
    match curve {
        EllipticCurve::P256 => Some(SigningAlgorithm::ES256),
        EllipticCurve::P384 => Some(SigningAlgorithm::ES384),
        EllipticCurve::Ed25519 => Some(SigningAlgorithm::EdDSA),
        _ => None,
    }
}

/// The hash inside of a signature. EdDSA names none; Ed25519 uses SHA-512 (RFC 8032 §5.1).
pub(crate) fn hash(algorithm: SigningAlgorithm) -> &'static digest::Algorithm {
    match algorithm {
        SigningAlgorithm::RS256 | SigningAlgorithm::PS256 | SigningAlgorithm::ES256 => &SHA256,
        SigningAlgorithm::ES384 => &SHA384,
        SigningAlgorithm::EdDSA => &SHA512,
    }
}

pub(crate) fn jsonwebtoken_name(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::RS256 => Algorithm::RS256,
        SigningAlgorithm::PS256 => Algorithm::PS256,
        SigningAlgorithm::ES256 => Algorithm::ES256,
        SigningAlgorithm::ES384 => Algorithm::ES384,
        SigningAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

/// Reads an `alg` value, case-sensitively. RFC 9864 §2.2 gives EdDSA over Ed25519 the name `Ed25519`; both are the same thing.
pub(crate) fn parse(name: &str) -> Option<SigningAlgorithm> {
    if name == "Ed25519" { Some(SigningAlgorithm::EdDSA) } else { SigningAlgorithm::parse(name) }
}
