//! What people type to say who they are: the one form in which user names and e-mail addresses are compared, and what a new name
//! may look like.
//!
//! Two logins are the same if [`normalize_login`] makes the same of them. It undoes what people cannot see: outer white space,
//! case, the compatibility forms of Unicode (NFKC, so that full-width letters and ligatures are the letters that they look like),
//! and the two ways to write a domain (`bücher.example` and `xn--bcher-kva.example`). It does not fold what only some mail servers
//! take for the same, such as dots or a `+` part in a local part. The table `user_logins` has this form as its key, so nobody
//! else gets a name that is the same.

use unicode_normalization::UnicodeNormalization as _;
use url::Host;

/// Longer names are cut by some app or other.
const NAME_LIMIT: usize = 64;
/// Of a full name, in characters.
const DISPLAY_NAME_LIMIT: usize = 100;
/// How often a text is folded until it stays as it is; two rounds do for all of Unicode.
const ROUNDS: usize = 4;

/// Why a text cannot be a new user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsernameFault {
    #[error("a user name has at least one character")]
    Empty,
    #[error("a user name has at most {NAME_LIMIT} characters")]
    TooLong,
    /// `@` marks e-mail addresses; nobody's name may look like somebody's address.
    #[error("a user name has letters, digits and ASCII punctuation, but no @, no space and nothing invisible")]
    Character,
}

/// The form in which user names and e-mail addresses are compared.
pub fn normalize_login(typed: &str) -> String {
    let folded = fold(typed);
    match folded.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", ascii_domain(domain).unwrap_or_else(|| domain.to_owned())),
        None => folded,
    }
}

/// Whether somebody may choose this name. RFC 8265 §3.1 builds user names of the IdentifierClass: letters and digits of any
/// script and the graphic characters of ASCII; white space, control and format characters (zero width, direction) are no part of it.
pub fn check_username(name: &str) -> Result<(), UsernameFault> {
    if name.is_empty() {
        return Err(UsernameFault::Empty);
    }
    if name.chars().count() > NAME_LIMIT {
        return Err(UsernameFault::TooLong);
    }
    // What is compared is what must be harmless; and what is stored must not have been something else.
    let plain = |text: &str| text.chars().all(|c| c != '@' && (c.is_alphanumeric() || c.is_ascii_graphic()));
    if plain(name) && plain(&fold(name)) { Ok(()) } else { Err(UsernameFault::Character) }
}

/// A full name as it is kept: without invisible characters, its white space single, of a bounded length. `None` when nothing is left.
pub fn display_name(typed: &str) -> Option<String> {
    let name: String = one_line(typed).chars().take(DISPLAY_NAME_LIMIT).collect();
    let name = name.trim_end();
    (!name.is_empty()).then(|| name.to_owned())
}

/// What people read of a text in one line: no control characters, none that turn the direction of writing, single white space.
pub fn one_line(typed: &str) -> String {
    let visible: String =
        typed.nfc().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_invisible(*c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn fold(typed: &str) -> String {
    let mut text = typed.to_owned();
    for _ in 0..ROUNDS {
        let next: String = text.nfkc().collect::<String>().trim().to_lowercase().nfkc().collect();
        if next == text {
            break;
        }
        text = next;
    }
    text
}

/// The name as the DNS knows it (RFC 5890 §2.3.2.1, A-label). Addresses and what is no host name stay as they are.
fn ascii_domain(domain: &str) -> Option<String> {
    // The reader of host names also takes percent-encoding, which no address has.
    if domain.contains('%') {
        return None;
    }
    match Host::parse(domain) {
        Ok(Host::Domain(ascii)) => Some(ascii),
        _ => None,
    }
}

/// Control characters but white space, and those that have no width or turn the direction of a text.
fn is_invisible(c: char) -> bool {
    let format = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
    format || (c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_and_outer_spaces_do_not_matter() {
        assert_eq!(normalize_login("  Ada.Lovelace@Example.ORG\n"), "ada.lovelace@example.org");
        assert_eq!(normalize_login("ÄNNE"), "änne");
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        for (one, other) in [
            ("änne", "a\u{308}nne"),
            ("ａｄａ", "ada"),
            ("ﬁnn", "finn"),
            ("ada\u{a0}", "ada"),
            ("ada@bücher.example", "ada@xn--bcher-kva.example"),
            ("ada@BU\u{308}CHER.example", "Ada@XN--BCHER-KVA.EXAMPLE"),
            ("ada＠example.org", "ada@example.org"),
            ("K@example.org", "\u{212a}@example.org"),
        ] {
            assert_eq!(normalize_login(one), normalize_login(other), "{one} {other}");
        }
    }

    #[test]
    fn what_only_some_take_for_the_same_is_not() {
        for (one, other) in
            [("ada+x@example.org", "ada@example.org"), ("a.da@example.org", "ada@example.org"), ("ada", "аda")]
        {
            assert_ne!(normalize_login(one), normalize_login(other), "{one} {other}");
        }
    }

    #[test]
    fn a_name_is_of_visible_characters() {
        for good in ["ada", "Ada.Lovelace", "änne", "a\u{e9}", "小林", "o'neill", "x_1-2+3"] {
            assert_eq!(check_username(good), Ok(()), "{good}");
        }
        for bad in [
            "ada b",
            "ada@example",
            "ada\u{200b}",
            "\u{202e}ada",
            "ada\u{7}",
            "a\u{ad}da",
            "ada\u{feff}",
            "ada\n",
            "ada＠b",
            "👩",
            "ada\u{e0041}",
            "\u{2066}ada",
            "a\u{3000}b",
        ] {
            assert_eq!(check_username(bad), Err(UsernameFault::Character), "{bad:?}");
        }
        assert_eq!(check_username(""), Err(UsernameFault::Empty));
        assert_eq!(check_username(&"a".repeat(65)), Err(UsernameFault::TooLong));
        assert_eq!(check_username(&"ß".repeat(64)), Ok(()));
    }

    #[test]
    fn a_full_name_is_kept_without_what_nobody_sees() {
        assert_eq!(display_name("  Ada\t King \u{202e}Lovelace\u{200b}\n").as_deref(), Some("Ada King Lovelace"));
        assert_eq!(display_name("\u{200b} \u{7}"), None);
        assert_eq!(display_name(&"x".repeat(200)).map(|name| name.len()), Some(100));
    }

    proptest! {
        #[test]
        fn normalizing_twice_changes_nothing(typed: String) {
            let once = normalize_login(&typed);
            prop_assert_eq!(normalize_login(&once), once);
        }

        #[test]
        fn normalizing_an_address_twice_changes_nothing(typed in "[a-zA-Zäß+.]{1,8}@[a-zA-Zäßσς。．.-]{1,12}") {
            let once = normalize_login(&typed);
            prop_assert_eq!(normalize_login(&once), once);
        }

        #[test]
        fn a_name_that_is_taken_is_never_read_as_an_address(name: String) {
            if check_username(&name).is_ok() {
                let normal = normalize_login(&name);
                prop_assert!(!normal.contains('@') && !normal.chars().any(|c| c.is_whitespace() || c.is_control()), "{:?}", normal);
            }
        }

        #[test]
        fn ascii_is_only_lowered(name in "[!-?A-~]{1,30}") {
            prop_assert_eq!(normalize_login(&name), name.to_ascii_lowercase());
        }

        #[test]
        fn a_full_name_is_kept_as_it_was_kept(typed: String) {
            let once = display_name(&typed);
            prop_assert_eq!(once.as_deref().and_then(display_name), once);
        }
    }
}
