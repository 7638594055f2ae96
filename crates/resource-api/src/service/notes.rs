//! What a note may consist of. Notes are read and written as items (`items.rs`, `write.rs`).

use crate::service::items::Kind;
use crate::service::write::Content;

const MAX_TITLE: usize = 200;
const MAX_BODY: usize = 10_000;

/// The sentence says which member breaks which rule.
pub(crate) fn check(title: String, body: String) -> Result<Content, &'static str> {
    if title.trim().is_empty() || title.chars().count() > MAX_TITLE {
        return Err("title has 1 to 200 characters, not only spaces");
    }
    if title.chars().any(char::is_control) {
        return Err("title has no control characters and no line breaks");
    }
    if body.chars().count() > MAX_BODY {
        return Err("body has at most 10000 characters");
    }
    // PostgreSQL cannot store U+0000, and no other control character belongs into a text.
    if body.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("body has no control characters except line breaks and tabs");
    }
    Ok(Content { kind: Kind::Note, name: title, media_type: String::new(), body, file: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line_of_1_to_200_characters() {
        let check = |title: &str| check(title.to_owned(), String::new());
        assert!(check("ä".repeat(200).as_str()).is_ok());
        for title in ["", "  ", "a\nb", "a\0", &"a".repeat(201)] {
            assert!(check(title).is_err(), "{title:?}");
        }
    }

    #[test]
    fn a_body_may_have_lines_but_no_other_control_characters() {
        let check = |body: &str| check("t".to_owned(), body.to_owned());
        assert!(check("a\r\n\tb").is_ok());
        assert!(check(&"ä".repeat(10_000)).is_ok());
        for body in ["a\0b", "a\u{1b}[31m", &"a".repeat(10_001)] {
            assert!(check(body).is_err());
        }
    }
}
