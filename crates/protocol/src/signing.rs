//! The signature algorithms that we make and accept (RFC 7518 §3.1, RFC 8037 §3.1).
//!
//! `none` and the HMAC family cannot be written down here, so no header can choose them (RFC 8725 §3.1). Keys live in `jwt`.

use crate::closed_set::closed_set;

closed_set! {
    /// In the order of preference for clients that do not say.
    pub enum SigningAlgorithm {
        /// The one every OpenID client can verify (OpenID Connect Core §15.1).
        RS256 = "RS256",
        PS256 = "PS256",
        ES256 = "ES256",
        /// Ed25519.
        EdDSA = "EdDSA",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_reads_back() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(SigningAlgorithm::parse(algorithm.name()), Some(*algorithm));
            let json = serde_json::to_string(algorithm).expect("is a string");
            assert_eq!(serde_json::from_str::<SigningAlgorithm>(&json).expect("its own name"), *algorithm);
        }
    }

    #[test]
    fn unsigned_and_shared_key_algorithms_are_unknown() {
        for name in ["none", "None", "HS256", "HS512", "rs256", "RSA1_5", ""] {
            assert_eq!(SigningAlgorithm::parse(name), None, "{name}");
        }
    }
}
