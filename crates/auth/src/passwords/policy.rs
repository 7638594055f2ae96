//! What a new password must look like, whoever sets it: NIST SP 800-63B-4 §3.1.1.2.
//!
//! Length counts, composition does not: no demand for digits or symbols, no expiry. Refused is what others would guess: what is
//! common (`blocklist.rs`), what is one short thing repeated, and what is made of words that belong to the account. All
//! weaknesses are told at once. A password is taken exactly as it was received; nothing is trimmed, cut or folded before it is
//! hashed. Old passwords are not judged.

use std::iter::zip;

use protocol::login::Enrolled;
use protocol::user::User;

use super::blocklist;
use crate::config::{Config, PasswordsConfig};

/// Longer ones gain nothing and take time to read.
pub const MOST_CHARACTERS: usize = 256;
pub const MOST_BYTES: usize = 1024;
/// Shorter words stand in too many good passwords.
const SHORTEST_CONTEXT_WORD: usize = 4;
/// What must be left of a password when the words of its context are taken out.
const LEAST_REMAINDER: usize = 6;
/// One thing of so many characters, repeated, is no long password.
const LONGEST_REPEATED: usize = 4;

/// What a password is set for: words that everybody would try who knows the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About<'a> {
    pub username: &'a str,
    pub email: Option<&'a str>,
    pub name: Option<&'a str>,
    pub brand: &'a str,
    pub issuer_host: &'a str,
    pub strength: Strength,
}

/// What stands beside the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    Alone,
    WithSecondFactor,
}

impl Strength {
    /// Of a password beside these.
    pub fn beside(enrolled: Enrolled) -> Self {
        if enrolled.has_second_factor() { Self::WithSecondFactor } else { Self::Alone }
    }
}

/// Why a password is not taken. The sentences are for the command line; pages have theirs in `web/text/password.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Weakness {
    #[error("the password needs at least {least} characters")]
    TooShort { least: usize },
    #[error("the password has more than {MOST_CHARACTERS} characters or {MOST_BYTES} bytes")]
    TooLong,
    #[error("the password is one of those that are tried first")]
    Common,
    #[error("the password is made of names that belong to the account or to this server")]
    Context,
    /// Found by whoever knows the password before; [`check`] does not.
    #[error("the password is the one from before")]
    SameAsBefore,
}

/// All that is wrong with it; of one that is too long, nothing else is looked at.
pub fn check(config: &PasswordsConfig, about: &About<'_>, password: &str) -> Result<(), Vec<Weakness>> {
    let characters = password.chars().count();
    if characters > MOST_CHARACTERS || password.len() > MOST_BYTES {
        return Err(vec![Weakness::TooLong]);
    }
    let least = least(config, about.strength);
    let folded = fold(password);
    let found = [
        (characters < least).then_some(Weakness::TooShort { least }),
        is_common(&folded).then_some(Weakness::Common),
        about.is_in(&folded).then_some(Weakness::Context),
    ];
    let weaknesses: Vec<_> = found.into_iter().flatten().collect();
    if weaknesses.is_empty() { Ok(()) } else { Err(weaknesses) }
}

/// The least number of characters.
pub const fn least(config: &PasswordsConfig, strength: Strength) -> usize {
    match strength {
        Strength::Alone => config.min_length,
        Strength::WithSecondFactor => config.min_length_with_second_factor,
    }
}

/// Whether it would have to change if there were no second factor: what `passwords.needs_second_factor` remembers.
pub fn needs_second_factor(config: &PasswordsConfig, password: &str) -> bool {
    password.chars().count() < config.min_length
}

/// To compare with, never to hash.
fn fold(text: &str) -> String {
    text.to_lowercase()
}

fn is_common(folded: &str) -> bool {
    let characters: Vec<char> = folded.chars().collect();
    let unit = &characters[..period(&characters)];
    let repeated = unit.len() < characters.len() && unit.len() <= LONGEST_REPEATED;
    let unit: String = unit.iter().collect();
    repeated || is_a_run(&characters) || blocklist::contains(folded) || blocklist::contains(&unit)
}

/// Of how many characters the text is a repetition, the last time perhaps in part: 3 for `abcabcab`, its length if of none.
fn period(characters: &[char]) -> usize {
    let repeats = |unit: &usize| zip(characters, &characters[*unit..]).all(|(one, next)| one == next);
    (1..=characters.len() / 2).find(repeats).unwrap_or(characters.len())
}

/// `abcdefgh`, `87654321`.
fn is_a_run(characters: &[char]) -> bool {
    let step =
        |by: i64| characters.windows(2).all(|two| i64::from(u32::from(two[1])) - i64::from(u32::from(two[0])) == by);
    characters.len() > 1 && (step(1) || step(-1))
}

impl<'a> About<'a> {
    pub fn of(config: &'a Config, user: &'a User, strength: Strength) -> Self {
        Self {
            username: &user.username,
            email: user.email.as_deref(),
            name: user.profile.name.as_deref(),
            brand: &config.branding.name,
            issuer_host: host(config.server.issuer.as_str()),
            strength,
        }
    }

    /// Whether next to nothing is left without the words of the context. One of them in a long password does no harm.
    fn is_in(&self, folded: &str) -> bool {
        let mut words = self.words();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let remainder = words.iter().fold(folded.to_owned(), |text, word| text.replace(word.as_str(), ""));
        remainder.len() < folded.len()
            && remainder.chars().filter(|character| character.is_alphanumeric()).count() < LEAST_REMAINDER
    }

    fn words(&self) -> Vec<String> {
        let email = self.email.unwrap_or_default();
        let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
        let whole = [self.username, email, local, domain, self.brand, self.issuer_host];
        let apart = [self.username, local, self.name.unwrap_or_default(), self.brand, self.issuer_host];
        let parts = apart.into_iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        let words = whole.into_iter().chain(parts).map(fold);
        words.filter(|word| word.chars().count() >= SHORTEST_CONTEXT_WORD).collect()
    }
}

/// Of an address whose form is known to be right: between the scheme and the port or path.
fn host(issuer: &str) -> &str {
    let rest = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ABOUT: About<'_> = About {
        username: "bergmann",
        email: Some("eva.bergmann@example.org"),
        name: Some("Eva-Maria Bergmann"),
        brand: "Acme Identity",
        issuer_host: "login.acme.example",
        strength: Strength::Alone,
    };

    fn weaknesses(password: &str) -> Vec<Weakness> {
        check(&PasswordsConfig::default(), &ABOUT, password).err().unwrap_or_default()
    }

    fn beside_a_factor(password: &str) -> Vec<Weakness> {
        let about = About { strength: Strength::WithSecondFactor, ..ABOUT };
        check(&PasswordsConfig::default(), &about, password).err().unwrap_or_default()
    }

    #[test]
    fn length_counts_in_characters_at_both_ends() {
        assert_eq!(weaknesses("fjord tundra lo"), []);
        assert_eq!(weaknesses("fjord tundra l"), [Weakness::TooShort { least: 15 }]);
        assert_eq!(beside_a_factor("zq8#fjör"), []);
        assert_eq!(beside_a_factor("zq8#fjö"), [Weakness::TooShort { least: 8 }]);
        let long: String = (0..256_u32)
            .map(|at| if at % 7 == 3 { 'ß' } else { char::from_digit(at * at % 36, 36).unwrap_or('-') })
            .collect();
        assert_eq!(weaknesses(&long), []);
        assert_eq!(weaknesses(&format!("{long}x")), [Weakness::TooLong]);
        let bytes: String = ('\u{1f300}'..'\u{1f600}').step_by(3).take(256).collect();
        assert_eq!((bytes.len(), weaknesses(&bytes)), (1024, vec![]));
    }

    #[test]
    fn no_composition_is_asked_for() {
        for good in [
            "correct horse battery staple",
            "nurkleinebuchstabenhier",
            "🐙 ⛵ 🐙 🌵 ⚓ 🎻 🦀 🧭",
            " a b c d e f q h ",
            "98 2716 04 5513 77",
        ] {
            assert_eq!(weaknesses(good), [], "{good}");
        }
    }

    #[test]
    fn what_everybody_would_try_is_refused_whatever_its_case() {
        for common in [
            "qwertyuiopasdfgh",
            "QWERTYUIOPasdfgh",
            "passwordpassword",
            "PasswordPasswordPass",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "12345678901234567890",
            "abcdefghijklmnop",
            "zyxwvutsrqponmlk",
            "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
        ] {
            assert_eq!(weaknesses(common), [Weakness::Common], "{common}");
        }
        assert_eq!(beside_a_factor("Sunshine1"), [Weakness::Common]);
    }

    #[test]
    fn the_words_of_the_account_are_refused_whatever_their_case() {
        for own in [
            "Eva.Bergmann@Example.org",
            "bergmannbergmann",
            "Bergmann-2026-!!",
            "login.acme.example",
            "ACME-identity-1999",
            "MariaBergmann123",
            "evabergmann.....",
        ] {
            assert!(weaknesses(own).contains(&Weakness::Context), "{own}: {:?}", weaknesses(own));
        }
        assert_eq!(weaknesses("bergmann eats pancakes"), []);
        assert_eq!(weaknesses("evening at the lake"), [], "three letters are no word");
    }

    #[test]
    fn everything_is_told_at_once() {
        assert_eq!(beside_a_factor(""), [Weakness::TooShort { least: 8 }]);
        assert_eq!(weaknesses(&"x".repeat(257)), [Weakness::TooLong]);
        assert_eq!(weaknesses("password"), [Weakness::TooShort { least: 15 }, Weakness::Common]);
        assert_eq!(weaknesses("Acme Identity!"), [Weakness::TooShort { least: 15 }, Weakness::Context]);
    }

    proptest! {
        #[test]
        fn a_drawn_password_is_taken_if_its_length_is(password in "[!-~]{10,40}") {
            let expected = match password.len() {
                ..15 => vec![Weakness::TooShort { least: 15 }],
                _ => vec![],
            };
            prop_assert_eq!(weaknesses(&password), expected);
        }

        #[test]
        fn no_password_makes_a_panic(password: String, username: String, name: String, email: String) {
            let about = About { username: &username, name: Some(&name), email: Some(&email), ..ABOUT };
            let _ = check(&PasswordsConfig::default(), &about, &password);
        }

        #[test]
        fn case_never_saves_a_password(password in "[a-zA-Z]{8,24}") {
            prop_assert_eq!(weaknesses(&password), weaknesses(&password.to_uppercase()));
        }
    }
}
