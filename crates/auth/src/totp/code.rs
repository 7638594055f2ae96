//! The codes themselves (RFC 4226 and RFC 6238), and how an app is told the secret.
//!
//! SHA-1, six digits, thirty seconds: what every authenticator app can do. As the hash of an HMAC SHA-1 is not broken.

use aws_lc_rs::hmac;
use protocol::secret::Secret;
use protocol::time::Timestamp;
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

/// RFC 6238 §5.2: "We RECOMMEND a default time-step size of 30 seconds."
const STEP: i64 = 30;
/// The clock of a phone is off by so many steps at most, and a code may have been typed slowly.
const DRIFT: i64 = 1;
pub const DIGITS: usize = 6;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// 160 bits that the app and this server share.
pub(super) struct Key(Secret<[u8; 20]>);

impl Key {
    pub(super) fn new(bytes: [u8; 20]) -> Self {
        Self(Secret::new(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8; 20] {
        self.0.expose()
    }

    pub(super) fn from_base32(text: &str) -> Option<Self> {
        if text.len() != 32 {
            return None;
        }
        let mut bytes = [0; 20];
        for (block, letters) in bytes.chunks_mut(5).zip(text.as_bytes().chunks(8)) {
            let mut bits = 0u64;
            for letter in letters {
                let value = ALPHABET.iter().position(|known| known == letter)?;
                bits = (bits << 5) | u64::try_from(value).ok()?;
            }
            block.copy_from_slice(bits.to_be_bytes().get(3..)?);
        }
        Some(Self::new(bytes))
    }

    /// The time step whose code this is: the current one or a neighbour. Takes the same time whichever it is, and when it is none.
    pub(super) fn step_of(&self, code: u32, now: Timestamp) -> Option<i64> {
        let current = now.0.div_euclid(STEP);
        let mut found = 0i64;
        for step in current - DRIFT..=current + DRIFT {
            found.conditional_assign(&step, self.code(step).ct_eq(&code));
        }
        (found > 0).then_some(found)
    }

    /// RFC 4226 §5.3: the last nibble of the HMAC says which 31 bits of it are the number.
    fn code(&self, step: i64) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.bytes());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[tag.len() - 1] & 0x0f);
        let number = u32::from_be_bytes([tag[offset] & 0x7f, tag[offset + 1], tag[offset + 2], tag[offset + 3]]);
        number % 10u32.pow(6)
    }
}

/// Six digits; spaces and hyphens, which apps and people put between them, do not count.
pub(super) fn read(typed: &str) -> Option<u32> {
    if typed.len() > 64 {
        return None;
    }
    let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let all_digits = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten()
}

/// RFC 4648 §6, of 20 bytes: 32 letters without padding.
pub(super) fn base32(bytes: &[u8; 20]) -> String {
    let mut text = String::with_capacity(32);
    for block in bytes.chunks(5) {
        let bits = block.iter().fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
        for shift in (0..8).rev() {
            let [.., letter] = (bits >> (shift * 5)).to_be_bytes();
            text.push(char::from(ALPHABET[usize::from(letter & 31)]));
        }
    }
    text
}

/// What apps read from the picture. Algorithm, digits and period are the ones that they assume when nothing is said.
pub(super) fn uri(issuer: &str, account: &str, secret: &str) -> String {
    let issuer = encoded(issuer);
    format!("otpauth://totp/{issuer}:{}?secret={secret}&issuer={issuer}", encoded(account))
}

/// Percent-encoded (RFC 3986 §2.1). A colon would end the issuer, also where an app decodes first.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes().map(|byte| if byte == b':' { b' ' } else { byte }) {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The secret of the test vectors.
    fn key() -> Key {
        Key::new(*b"12345678901234567890")
    }

    /// RFC 6238 appendix B, the rows of SHA-1; ours are the last six of its eight digits.
    #[test]
    fn the_vectors_of_rfc_6238() {
        for (time, digits) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(key().code(time / STEP), digits % 1_000_000, "{time}");
            assert_eq!(key().step_of(digits % 1_000_000, Timestamp(time)), Some(time / STEP));
        }
    }

    /// RFC 4226 appendix D.
    #[test]
    fn the_vectors_of_rfc_4226() {
        let expected = [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        let codes: Vec<u32> = (0..10).map(|counter| key().code(counter)).collect();
        assert_eq!(codes, expected);
    }

    #[test]
    fn a_code_counts_from_one_step_before_its_own_to_the_end_of_the_next() {
        let (step, start) = (60_000_000, 60_000_000 * STEP);
        let code = key().code(step);
        for (at, counts) in [(-31, false), (-30, true), (0, true), (29, true), (30, true), (59, true), (60, false)] {
            assert_eq!(key().step_of(code, Timestamp(start + at)).is_some(), counts, "{at} s after its beginning");
        }
    }

    #[test]
    fn nothing_counts_before_time_began() {
        for now in [i64::MIN, -60, -1, 0] {
            let _ = key().step_of(0, Timestamp(now));
        }
        assert_eq!(key().step_of(key().code(-1), Timestamp(-15)), None);
    }

    #[test]
    fn people_may_type_as_their_app_shows_it() {
        for typed in ["012345", " 012 345 ", "012-345", "01 23 45\n"] {
            assert_eq!(read(typed), Some(12_345), "{typed:?}");
        }
        for typed in ["", "12345", "1234567", "+12345", "١٢٣٤٥٦", "12345a"] {
            assert_eq!(read(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn the_address_for_the_app_says_whose_it_is() {
        let uri = uri("Ärzte: Süd", "ada+x@example.org", &base32(key().bytes()));
        assert_eq!(
            uri,
            "otpauth://totp/%C3%84rzte%20%20S%C3%BCd:ada%2Bx@example.org\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%C3%84rzte%20%20S%C3%BCd"
        );
    }

    proptest! {
        #[test]
        fn a_secret_survives_its_spelling(bytes: [u8; 20]) {
            let text = base32(&bytes);
            prop_assert_eq!(text.len(), 32);
            prop_assert_eq!(Key::from_base32(&text).map(|key| *key.bytes()), Some(bytes));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,70}", code: u32, now: i64) {
            let now = Timestamp(now.clamp(i64::MIN + 60, i64::MAX - 60));
            let _ = Key::from_base32(&text).and_then(|key| key.step_of(code, now));
            let _ = read(&text);
            prop_assert!(uri(&text, &text, "S").is_ascii());
        }

        #[test]
        fn a_code_of_this_moment_is_always_found(bytes: [u8; 20], now in 60i64..1_000_000_000_000, off in -1i64..=1) {
            let key = Key::new(bytes);
            let step = now / STEP + off;
            let found = key.step_of(key.code(step), Timestamp(now));
            // Two steps may by chance have the same code.
            prop_assert!(found == Some(step) || found.is_some_and(|other| key.code(other) == key.code(step)));
        }
    }
}
