//! Codes for the day when nothing else is at hand: ten, shown once, each good once.
//!
//! A code is written to be typed from paper: letters of either case, any grouping, and none that could be taken for another.
//! The database holds hashes only; plain ones, because nobody tries 2^140 codes.

use protocol::ids::UserId;
use protocol::secret::TokenHash;
use protocol::time::Timestamp;
use store::{StoreError, Won, recovery_codes};

use crate::{AppState, random};

/// How many a person has when they are new.
pub const CODES: usize = 10;
/// The digits and letters without I, L, O and U: the alphabet of Douglas Crockford's base 32.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 140 bits; 128 would be 26 characters, which make no groups of one size.
const LENGTH: usize = 28;
const GROUP: usize = 4;
/// Longer than any spelling of a code that a person types.
const LONGEST: usize = 200;

/// Ten codes in groups of four, to be shown once: the first ones, for a person who has just got a second factor. `None` when
/// there are some already: of several who make them at once, one does.
pub async fn make_first(state: &AppState, user: &UserId, now: Timestamp) -> Result<Option<Vec<String>>, StoreError> {
    let (codes, hashes) = drawn();
    Ok(match recovery_codes::begin(&state.store, user, &hashes, now).await? {
        Won::Yes => Some(codes),
        Won::No => None,
    })
}

/// New ones, unless some were made since the page was shown that asks for them: sending its form twice, or loading the answer
/// again, must not void what somebody has printed.
pub async fn make_again(
    state: &AppState,
    user: &UserId,
    shown_at: Timestamp,
    now: Timestamp,
) -> Result<Option<Vec<String>>, StoreError> {
    let (codes, hashes) = drawn();
    match recovery_codes::renew(&state.store, user, &hashes, shown_at, now).await? {
        Won::Yes => Ok(Some(codes)),
        Won::No => make_first(state, user, now).await,
    }
}

/// As people read them, and what is kept.
fn drawn() -> (Vec<String>, Vec<TokenHash>) {
    let codes: Vec<String> = (0..CODES).map(|_| write(random::recovery_code())).collect();
    let hashes = codes.iter().map(|code| hash(code)).collect();
    (codes.iter().map(|code| grouped(code)).collect(), hashes)
}

/// Uses up the code that was typed. `Won::No` when the person has none like it that is unused. Reserve the try with
/// [`crate::limits::second_factor`] before.
pub async fn use_one(state: &AppState, user: &UserId, typed: &str, now: Timestamp) -> Result<Won, StoreError> {
    match read(typed) {
        Some(code) => recovery_codes::use_one(&state.store, user, &hash(&code), now).await,
        None => Ok(Won::No),
    }
}

/// How many are unused.
pub async fn left(state: &AppState, user: &UserId) -> Result<usize, StoreError> {
    Ok(usize::try_from(recovery_codes::left(&state.store, user).await?).unwrap_or(0))
}

/// The person has no second factor any more, so there is nothing to recover.
pub async fn remove_all(state: &AppState, user: &UserId) -> Result<(), StoreError> {
    recovery_codes::remove_all(&state.store, user).await
}

fn hash(code: &str) -> TokenHash {
    TokenHash::of(code.as_bytes())
}

fn write(bytes: [u8; LENGTH]) -> String {
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

fn grouped(code: &str) -> String {
    let mut text = String::with_capacity(LENGTH + LENGTH / GROUP);
    for (at, letter) in code.chars().enumerate() {
        if at > 0 && at % GROUP == 0 {
            text.push('-');
        }
        text.push(letter);
    }
    text
}

/// The one spelling of what was typed; `None` when it is no code.
fn read(typed: &str) -> Option<String> {
    if typed.len() > LONGEST {
        return None;
    }
    let letters = typed.chars().filter(|letter| !letter.is_whitespace() && !is_hyphen(*letter));
    let code = letters.map(meant).collect::<Option<String>>()?;
    (code.len() == LENGTH).then_some(code)
}

/// What a person means who took a letter for a digit.
fn meant(letter: char) -> Option<char> {
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        letter => letter,
    };
    ALPHABET.iter().any(|known| char::from(*known) == letter).then_some(letter)
}

/// Also those that a word processor puts in.
fn is_hyphen(letter: char) -> bool {
    matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_may_type_as_they_like() {
        let code = write(std::array::from_fn(|at| u8::try_from(at).expect("is small")));
        assert_eq!(grouped(&code), "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV");
        for typed in [
            "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV",
            " 0123 4567 89ab cdef ghjk mnpq rstv\n",
            "O1234567-89ABCDEFGHJKMNPQRSTV",
            "oi234567-89ab\u{2011}cdefghjkmnpqrstv",
            "Ol2345\u{a0}6789abcdefghjkmnpqrstv",
        ] {
            assert_eq!(read(typed).as_deref(), Some(code.as_str()), "{typed}");
        }
        for typed in ["", "0123", "0123-4567-89AB-CDEF-GHJK-MNPQ-RST", "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTVW", "U"] {
            assert_eq!(read(typed), None, "{typed}");
        }
        assert_eq!(read(&"-".repeat(10_000)), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(bytes: [u8; LENGTH]) {
            let code = write(bytes);
            prop_assert_eq!(read(&grouped(&code).to_lowercase()), Some(code));
        }

        #[test]
        fn each_letter_counts(bytes: [u8; LENGTH], at in 0..LENGTH, by in 1u8..32) {
            let mut other = bytes;
            other[at] = other[at].wrapping_add(by);
            prop_assert_ne!(write(bytes), write(other));
        }

        #[test]
        fn no_text_makes_it_panic(typed: String) {
            if let Some(code) = read(&typed) {
                prop_assert_eq!(read(&code), Some(code.clone()));
            }
        }
    }
}
