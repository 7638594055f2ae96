//! Keys for the unit tests: one per algorithm, made once per run, because an RSA key takes a while.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::signing::SigningAlgorithm;

use crate::key::SigningKey;

static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    let make = |algorithm: &SigningAlgorithm| SigningKey::generate(*algorithm).expect("aws-lc makes keys");
    SigningAlgorithm::ALL.iter().map(make).collect()
});

pub(crate) fn key(algorithm: SigningAlgorithm) -> &'static SigningKey {
    KEYS.iter().find(|key| key.algorithm() == algorithm).expect("one of each")
}

/// A token with any header and payload, correctly signed.
pub(crate) fn signed(key: &SigningKey, header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = key.signature(signed.as_bytes()).expect("signs");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
