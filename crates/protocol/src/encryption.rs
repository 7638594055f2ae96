//! How a client may ask for its ID tokens and UserInfo answers to be encrypted (RFC 7518 §4.1, §5.1). Keys and the encryption
//! itself live in `jwt`.
//!
//! `RSA1_5` cannot be written down here: its padding is an oracle (RFC 8725 §3.2). No key is wrapped and nothing is compressed
//! (RFC 8725 §3.6).

use serde::{Deserialize, Serialize};

use crate::closed_set::closed_set;

closed_set! {
    /// The `alg` of a JWE: how the receiver comes to the content key.
    pub enum KeyManagementAlgorithm {
        /// RFC 7518 §4.3.
        RsaOaep256 = "RSA-OAEP-256",
        /// RFC 7518 §4.6, as direct key agreement.
        EcdhEs = "ECDH-ES",
    }
}

closed_set! {
    /// The `enc` of a JWE.
    pub enum ContentEncryption {
        /// OpenID Connect Dynamic Client Registration §2 makes it the default where a client names an `alg` only.
        A128CbcHs256 = "A128CBC-HS256",
        A256CbcHs512 = "A256CBC-HS512",
        A128Gcm = "A128GCM",
        A256Gcm = "A256GCM",
    }
}

/// What a client registers as a pair, for example `id_token_encrypted_response_alg` and `id_token_encrypted_response_enc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    pub alg: KeyManagementAlgorithm,
    pub enc: ContentEncryption,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_reads_back() {
        for alg in KeyManagementAlgorithm::ALL {
            assert_eq!(KeyManagementAlgorithm::parse(alg.name()), Some(*alg));
        }
        for enc in ContentEncryption::ALL {
            assert_eq!(ContentEncryption::parse(enc.name()), Some(*enc));
        }
        let both = Encryption { alg: KeyManagementAlgorithm::EcdhEs, enc: ContentEncryption::A128CbcHs256 };
        let json = r#"{"alg":"ECDH-ES","enc":"A128CBC-HS256"}"#;
        assert_eq!(serde_json::to_string(&both).expect("is JSON"), json);
        assert_eq!(serde_json::from_str::<Encryption>(json).expect("its own text"), both);
    }

    #[test]
    fn what_is_broken_or_not_needed_is_unknown() {
        for name in ["RSA1_5", "RSA-OAEP", "dir", "A128KW", "ECDH-ES+A128KW", "ecdh-es", ""] {
            assert_eq!(KeyManagementAlgorithm::parse(name), None, "{name}");
        }
        for name in ["A192GCM", "A128CBC", "none", ""] {
            assert_eq!(ContentEncryption::parse(name), None, "{name}");
        }
    }
}
