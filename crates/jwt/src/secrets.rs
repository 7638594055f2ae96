//! The symmetric keys of the server, each for one purpose, all derived from one master key of 32 bytes (HKDF, RFC 5869).
//!
//! The master key lives in the key directory; here it is only an input. What is computed with the keys: check values of refresh
//! tokens, of forms and of short codes, pairwise subjects, the names of sessions for clients and of limits, and sealed texts
//! (`sealed.rs`).

use std::fmt;

use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

const SALT: &[u8] = b"countersign master key 1";

pub struct Secrets {
    refresh: hmac::Key,
    csrf: hmac::Key,
    pairwise: hmac::Key,
    sid: hmac::Key,
    limit: hmac::Key,
    code: hmac::Key,
    seal: Prk,
}

impl Secrets {
    pub fn from_master(master: &[u8; 32]) -> Self {
        let root = Salt::new(HKDF_SHA256, SALT).extract(master);
        Self {
            refresh: hmac::Key::new(hmac::HMAC_SHA256, derive(&root, b"refresh token").as_slice()),
            csrf: hmac::Key::new(hmac::HMAC_SHA256, derive(&root, b"form").as_slice()),
            pairwise: hmac::Key::new(hmac::HMAC_SHA256, derive(&root, b"pairwise subject").as_slice()),
            sid: hmac::Key::new(hmac::HMAC_SHA256, derive(&root, b"session of a client").as_slice()),
            limit: hmac::Key::new(hmac::HMAC_SHA256, derive(&root, b"limit").as_slice()),
            code: hmac::Key::new(hmac::HMAC_SHA256, derive(&root, b"short code").as_slice()),
            seal: Prk::new_less_safe(HKDF_SHA256, derive(&root, b"sealed token").as_slice()),
        }
    }

    /// The check value of a refresh token: 43 characters of base64url.
    pub fn refresh_mac(&self, input: &[u8]) -> String {
        mac(&self.refresh, input)
    }

    pub fn verify_refresh_mac(&self, input: &[u8], presented: &str) -> bool {
        verify(&self.refresh, input, presented)
    }

    /// The check value of a form: 43 characters of base64url.
    pub fn csrf_mac(&self, input: &[u8]) -> String {
        mac(&self.csrf, input)
    }

    pub fn verify_csrf_mac(&self, input: &[u8], presented: &str) -> bool {
        verify(&self.csrf, input, presented)
    }

    /// The name of a person for one sector: 43 characters of base64url. Who knows one such name finds out neither the person nor
    /// the name for another sector (OpenID Connect Core §8.1).
    pub fn pairwise_mac(&self, input: &[u8]) -> String {
        mac(&self.pairwise, input)
    }

    /// The name of a session for one client (`sid`): 43 characters of base64url. Who knows the names that two clients have cannot
    /// tell whether they are of one session.
    pub fn sid_mac(&self, input: &[u8]) -> String {
        mac(&self.sid, input)
    }

    /// The name of what is counted for one account, address or network: 43 characters of base64url. What was typed (now and
    /// then a password, in the wrong field) cannot be guessed from a copy of the database.
    pub fn limit_mac(&self, input: &[u8]) -> String {
        mac(&self.limit, input)
    }

    /// What a row keeps of a short code that was sent to somebody: 43 characters of base64url. Without the key the few codes
    /// that there are could all be tried against a plain hash.
    pub fn code_mac(&self, input: &[u8]) -> String {
        mac(&self.code, input)
    }

    pub fn verify_code_mac(&self, input: &[u8], kept: &str) -> bool {
        verify(&self.code, input, kept)
    }

    pub(crate) fn seal(&self) -> &Prk {
        &self.seal
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

fn derive(root: &Prk, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let info = [purpose];
    let output = root.expand(&info, HKDF_SHA256).expect("one block is within the limit of RFC 5869");
    output.fill(key.as_mut_slice()).expect("the buffer has the length that was asked for");
    key
}

fn mac(key: &hmac::Key, input: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(key, input))
}

/// In constant time. A second spelling of the same bytes is refused by the decoder.
fn verify(key: &hmac::Key, input: &[u8], presented: &str) -> bool {
    URL_SAFE_NO_PAD.decode(presented).is_ok_and(|tag| hmac::verify(key, input, &tag).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn each_purpose_has_its_own_key() {
        let secrets = Secrets::from_master(&[7; 32]);
        let of_each = [
            secrets.refresh_mac(b"x"),
            secrets.csrf_mac(b"x"),
            secrets.pairwise_mac(b"x"),
            secrets.sid_mac(b"x"),
            secrets.code_mac(b"x"),
            secrets.limit_mac(b"x"),
        ];
        assert_eq!(HashSet::from(of_each).len(), 6);
        assert!(!secrets.verify_csrf_mac(b"x", &secrets.refresh_mac(b"x")));
    }

    #[test]
    fn another_master_key_makes_other_values() {
        let (one, other) = (Secrets::from_master(&[1; 32]), Secrets::from_master(&[2; 32]));
        assert!(!other.verify_refresh_mac(b"x", &one.refresh_mac(b"x")));
    }

    /// Tokens outlive releases: the derivation must never change. Computed once with an independent HKDF and HMAC.
    #[test]
    fn the_derivation_is_fixed() {
        let secrets = Secrets::from_master(&[0x42; 32]);
        assert_eq!(secrets.refresh_mac(b"grant"), "iCxpKG2J9UVZyB9ZsCJiam_-Fr1iPxZ-DDk1DwGgN2s");
        assert_eq!(secrets.csrf_mac(b"form"), "iiRiCtItZZlp68OsMAuvQ21GBoz28lmc3GnHqSKcWOk");
        assert_eq!(secrets.pairwise_mac(b"sector.example\0person"), "PEUYuVd5vLQtCuMILzIIOik5j2O3oiCUh-WTR_GKFYk");
        assert_eq!(secrets.sid_mac(b"session\0client"), "7mMjPo1I2vJXba2ip7v7MMjd6ipSCaZH0fVJsUfLBrE");
        assert_eq!(secrets.limit_mac(b"bucket\0whom"), "fWqF_LBtEPfGBFBO3pNrcCVsJuxBceswc9iIl-B5GVg");
        assert_eq!(secrets.code_mac(b"code"), "OUA-ic_nF5JHbzSJInOLgZzcLd4pxW8_mhh2G-yRlwU");
    }

    #[test]
    fn the_debug_form_says_nothing() {
        assert_eq!(format!("{:?}", Secrets::from_master(&[7; 32])), "Secrets(…)");
    }

    proptest! {
        #[test]
        fn only_the_exact_value_of_the_exact_input_passes(input: Vec<u8>, other: Vec<u8>, at in 0usize..43, with in "[A-Za-z0-9_-]") {
            let secrets = Secrets::from_master(&[9; 32]);
            let value = secrets.refresh_mac(&input);
            prop_assert_eq!(value.len(), 43);
            prop_assert!(secrets.verify_refresh_mac(&input, &value));
            prop_assert_eq!(secrets.verify_refresh_mac(&other, &value), other == input);
            let mut changed = value.clone();
            changed.replace_range(at..=at, &with);
            prop_assert_eq!(secrets.verify_refresh_mac(&input, &changed), changed == value);
            prop_assert!(!secrets.verify_refresh_mac(&input, &value[..42]));
        }
    }
}
