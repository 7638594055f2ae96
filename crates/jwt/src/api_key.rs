//! What requests are signed with by who has an API key (RFC 9421 §3.3.3, HMAC-SHA-256): a key of its own, made of the API key, so
//! that the issuer can keep it for the API and still not keep what opens the API.

use aws_lc_rs::hmac;
use protocol::api_key::ApiKey;
use zeroize::Zeroizing;

/// What is authenticated; the API key, as it is written, is the key.
const PURPOSE: &[u8] = b"countersign http message signature";

/// `HMAC-SHA-256(API key, "countersign http message signature")`, 32 bytes. The API key is the whole text with its prefix.
pub fn signing_key(key: &ApiKey) -> Zeroizing<[u8; 32]> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes()), PURPOSE);
    let mut bytes = Zeroizing::new([0; 32]);
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    /// Clients compute it too: it must never change. Computed once with an independent HMAC.
    #[test]
    fn the_derivation_is_fixed() {
        let key = ApiKey::assemble("0123456789abcdEF", "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345").expect("is one");
        let text = URL_SAFE_NO_PAD.encode(signing_key(&key).as_slice());
        assert_eq!(
            (key.expose(), text.as_str()),
            (
                "cs_key_0123456789abcdEF_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123450F34an",
                "kGBxJTShsQ2UjkmfrvLRMex-GFnCAd3rOHRtnwpKkSY"
            )
        );
    }
}
