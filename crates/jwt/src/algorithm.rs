//! What each signature algorithm is called in the libraries that compute it. The allow-list itself is the enum in
//! `protocol/signing.rs`: an algorithm that is not in it cannot be asked for (RFC 8725 §3.1).

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaParameters,
    RsaSignatureEncoding,
};
use jsonwebtoken::Algorithm;
use protocol::signing::SigningAlgorithm;

/// The kind of key behind an algorithm, with what tells two algorithms of one kind apart.
pub(crate) enum Family {
    Rsa { sign: &'static RsaSignatureEncoding, verify: &'static RsaParameters },
    P256,
    Ed25519,
}

pub(crate) fn family(algorithm: SigningAlgorithm) -> Family {
    match algorithm {
        SigningAlgorithm::RS256 => Family::Rsa { sign: &RSA_PKCS1_SHA256, verify: &RSA_PKCS1_2048_8192_SHA256 },
        SigningAlgorithm::PS256 => Family::Rsa { sign: &RSA_PSS_SHA256, verify: &RSA_PSS_2048_8192_SHA256 },
        SigningAlgorithm::ES256 => Family::P256,
        SigningAlgorithm::EdDSA => Family::Ed25519,
    }
}

pub(crate) fn jsonwebtoken_name(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::RS256 => Algorithm::RS256,
        SigningAlgorithm::PS256 => Algorithm::PS256,
        SigningAlgorithm::ES256 => Algorithm::ES256,
        SigningAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

/// Reads an `alg` value, case-sensitively. RFC 9864 §2.2 gives EdDSA over Ed25519 the name `Ed25519`; both are the same thing.
pub(crate) fn parse(name: &str) -> Option<SigningAlgorithm> {
    if name == "Ed25519" { Some(SigningAlgorithm::EdDSA) } else { SigningAlgorithm::parse(name) }
}
