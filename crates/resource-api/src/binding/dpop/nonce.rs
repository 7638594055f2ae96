//! Nonces that the server hands out to bound the age of proofs (RFC 9449 §8 and §9), without remembering any.
//!
//! A nonce is a MAC over the number of the minute it was made in. That of this minute and that of the minute before are good,
//! so one lives 60 to 120 seconds. All callers get the same: it tells the time, in a way that nobody can foretell.

use std::fmt;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::time::{Seconds, Timestamp};
use subtle::ConstantTimeEq as _;

const PERIOD: Seconds = Seconds(60);
/// How many periods a nonce is good in: its own and the next.
const LIVES: i64 = 2;
/// Keeps these MACs apart from others under one key.
const PURPOSE: &[u8] = b"countersign dpop nonce\0";

pub(super) struct Nonces(hmac::Key);

impl Nonces {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(HMAC_SHA256, key))
    }

    /// What a client is to send now: 43 characters of base64url (§8.1 allows more).
    pub(super) fn current(&self, now: Timestamp) -> String {
        self.of(period(now))
    }

    /// The last second in which `nonce` is good, when it is good now.
    pub(super) fn good_until(&self, nonce: &str, now: Timestamp) -> Option<Timestamp> {
        let this = period(now);
        let mut made_in = None;
        for earlier in 0..LIVES {
            let period = this.saturating_sub(earlier);
            if bool::from(self.of(period).as_bytes().ct_eq(nonce.as_bytes())) {
                made_in = Some(period);
            }
        }
        let end = made_in?.saturating_add(LIVES).saturating_mul(PERIOD.0);
        Some(Timestamp(end.saturating_sub(1)))
    }

    fn of(&self, period: i64) -> String {
        let mut text = PURPOSE.to_vec();
        text.extend_from_slice(&period.to_be_bytes());
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, &text))
    }
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonces([redacted])")
    }
}

fn period(now: Timestamp) -> i64 {
    now.0.div_euclid(PERIOD.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp(1_200_000);

    fn nonces() -> Nonces {
        Nonces::new(&[7; 32])
    }

    /// §8: the nonces of a window; a nonce changes every 60 seconds, and two are good at any time.
    #[test]
    fn a_nonce_is_good_in_its_minute_and_in_the_next() {
        let nonces = nonces();
        let nonce = nonces.current(START);
        assert_eq!(nonces.current(START + Seconds(59)), nonce);
        assert_ne!(nonces.current(START + Seconds(60)), nonce);
        for (at, good) in [(-1, false), (0, true), (59, true), (60, true), (119, true), (120, false), (6000, false)] {
            let until = good.then_some(START + Seconds(119));
            assert_eq!(nonces.good_until(&nonce, START + Seconds(at)), until, "{at}");
        }
    }

    /// "Nonce values MUST be unpredictable": without the key, or with another one, none is right.
    #[test]
    fn a_nonce_is_bound_to_the_key() {
        let nonce = Nonces::new(&[8; 32]).current(START);
        assert_eq!(nonces().good_until(&nonce, START), None);
        for wrong in ["", "x", &nonce[1..], &nonces().current(START)[..42], &format!("{}A", nonces().current(START))] {
            assert_eq!(nonces().good_until(wrong, START), None, "{wrong}");
        }
        assert!(!format!("{:?}", nonces()).contains('7'));
    }

    proptest! {
        /// §8.1: `nonce = 1*NQCHAR`, NQCHAR being %x21 / %x23-5B / %x5D-7E.
        #[test]
        fn a_nonce_has_the_syntax_of_the_rfc(now: i64) {
            let nonce = nonces().current(Timestamp(now));
            prop_assert!(nonce.len() == 43 && nonce.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\'));
        }

        #[test]
        fn what_is_handed_out_is_good_for_a_minute_at_least(now in 0i64..4_000_000_000, later in 0i64..=60) {
            let nonce = nonces().current(Timestamp(now));
            let until = nonces().good_until(&nonce, Timestamp(now + later));
            prop_assert!(until.is_some_and(|until| until.0 >= now + later && until.0 < now + 120));
        }
    }
}
