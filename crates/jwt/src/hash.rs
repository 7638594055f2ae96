//! `at_hash`, `c_hash` and `s_hash`: what ties an ID token to the access token, the code and the `state` that travel beside it
//! (OpenID Connect Core §3.1.3.6 and §3.3.2.11; FAPI 1.0 Part 2 §5.1 for `s_hash`).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::signing::MaybeSigned;

use crate::algorithm;

/// "Its value is the base64url encoding of the left-most half of the hash of the octets of the ASCII representation of the
/// access_token value, where the hash algorithm used is the hash algorithm used in the alg Header Parameter of the ID Token's
/// JOSE Header."
pub fn half_hash(algorithm: MaybeSigned, value: &str) -> String {
    let hash = match algorithm {
        MaybeSigned::Signed(algorithm) => algorithm::hash(algorithm),
        // `none` names no hash and no specification gives it one; libraries agree on that of the default algorithm.
        MaybeSigned::Unsigned => &SHA256,
    };
    let whole = digest(hash, value.as_bytes());
    URL_SAFE_NO_PAD.encode(&whole.as_ref()[..whole.as_ref().len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::signing::SigningAlgorithm;

    /// OpenID Connect Core Appendix A.3 and A.6.
    #[test]
    fn the_examples_of_openid_connect_core() {
        let rs256 = MaybeSigned::Signed(SigningAlgorithm::RS256);
        let access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        let code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
        assert_eq!(half_hash(rs256, access_token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(half_hash(rs256, code), "LDktKdoQak3Pk0cnXxCltA");
    }

    /// The vectors that oidc-token-hash (npm) and the OpenID Connect SDK of Connect2id test with.
    #[test]
    fn the_hash_follows_the_algorithm() {
        let token = "YmJiZTAwYmYtMzgyOC00NzhkLTkyOTItNjJjNDM3MGYzOWIy9sFhvH8K_x8UIHj1osisS57f5DduL";
        for (algorithm, hash) in [
            ("none", "xsZZrUssMXjL3FBlzoSh2g"),
            ("RS256", "xsZZrUssMXjL3FBlzoSh2g"),
            ("PS256", "xsZZrUssMXjL3FBlzoSh2g"),
            ("ES256", "xsZZrUssMXjL3FBlzoSh2g"),
            ("ES384", "adt46pcdiB-l6eTNifgoVM-5AIJAxq84"),
            ("EdDSA", "p2LHG4H-8pYDc0hyVOo3iIHvZJUqe9tbj3jESOuXbkY"),
        ] {
            assert_eq!(half_hash(MaybeSigned::parse(algorithm).expect("is one"), token), hash, "{algorithm}");
        }
    }
}
