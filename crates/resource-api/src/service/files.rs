//! What a file may be called, which media types it may have, and how both are told to a browser that saves it.
//!
//! Files are read and written as items (`items.rs`, `write.rs`); their bytes are in the database, so that one transaction holds
//! for all of it.

use std::fmt::Write as _;

use crate::service::items::Kind;
use crate::service::write::Content;

const MAX_NAME: usize = 200;
const MAX_MEDIA_TYPE: usize = 100;

/// The sentence says which rule is broken.
pub(crate) fn check(name: String, media_type: &str, bytes: Vec<u8>) -> Result<Content, &'static str> {
    check_name(&name)?;
    let media_type = essence(media_type).ok_or("Content-Type names the type of the file, as image/png")?;
    Ok(Content { kind: Kind::File, name, media_type, body: String::new(), file: Some(bytes) })
}

/// A name, not a path; and nothing that makes a name look like another one.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    if name.trim() != name || name.is_empty() || name.chars().count() > MAX_NAME {
        return Err("name has 1 to 200 characters, no space at its ends");
    }
    if name.contains(['/', '\\']) || name == "." || name == ".." {
        return Err("name is not a path");
    }
    if name.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err("name has no control characters and none that change the direction of text");
    }
    Ok(())
}

/// What turns `gpj.exe` around, and what cannot be seen (UAX #9, UAX #31).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

/// `type/subtype` in lower case, without parameters (RFC 9110 §8.3.1). Not for what is an envelope of other things: whoever sends
/// a form means what is inside of it.
pub(crate) fn essence(media_type: &str) -> Option<String> {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (kind, subtype) = essence.split_once('/')?;
    let token = |text: &str| !text.is_empty() && text.bytes().all(is_token);
    let envelope = matches!(kind, "multipart" | "message") || essence == "application/x-www-form-urlencoded";
    (token(kind) && token(subtype) && !envelope && essence.len() <= MAX_MEDIA_TYPE).then_some(essence)
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 6266 §4: always an attachment, with the name in two spellings.
pub(crate) fn disposition(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || " ._-".contains(c) { c } else { '_' }).collect();
    let mut text = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''");
    for byte in name.bytes() {
        // RFC 8187 §3.2.1, attr-char.
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_a_name_and_no_path() {
        for name in ["a.txt", "Ä ö.pdf", "…", "a\"b", "-"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in [
            "",
            " ",
            " a",
            "a ",
            "a/b",
            "a\\b",
            "..",
            ".",
            "a\nb",
            "a\0",
            "gpj\u{202e}exe",
            "a\u{200b}b",
            &"a".repeat(201),
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_media_type_is_kept_without_parameters_and_an_envelope_refused() {
        assert_eq!(essence("Text/HTML; charset=utf-8").as_deref(), Some("text/html"));
        assert_eq!(essence("image/svg+xml").as_deref(), Some("image/svg+xml"));
        for wrong in [
            "",
            "text",
            "/",
            "a/",
            "/b",
            "a b/c",
            "a/b/c",
            "multipart/form-data; boundary=x",
            "message/http",
            "a/\u{e4}",
        ] {
            assert_eq!(essence(wrong), None, "{wrong}");
        }
        assert_eq!(essence("application/x-www-form-urlencoded"), None);
    }

    #[test]
    fn the_name_is_told_in_two_spellings() {
        assert_eq!(disposition("Räte.pdf"), "attachment; filename=\"R_te.pdf\"; filename*=UTF-8''R%C3%A4te.pdf");
        assert_eq!(disposition("a\"; x=\""), "attachment; filename=\"a__ x__\"; filename*=UTF-8''a%22%3B%20x%3D%22");
    }

    proptest! {
        #[test]
        fn no_name_breaks_out_of_the_header(name: String) {
            let value = disposition(&name);
            prop_assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            prop_assert_eq!(value.matches('"').count(), 2);
            prop_assert!(!value.contains('\\'));
        }
    }
}
