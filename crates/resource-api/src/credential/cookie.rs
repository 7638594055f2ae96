//! The header `Cookie`: names and values as they were sent (RFC 6265 §4.2.1).
//!
//! Nothing is decoded and no white space but that of HTTP is taken away: a name that becomes `__Host-…` by either (`%5F%5FHost-…`,
//! U+2000 before `__Host-…`) is one whose prefix no browser guarded. What stands between two semicolons and is no pair, or no text,
//! is passed over, whatever program set it.

use actix_web::http::header::{COOKIE, HeaderMap};

/// Every pair of every line, in their order.
pub(crate) fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let pairs = headers.get_all(COOKIE).flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.trim_matches([' ', '\t']).split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn sent(lines: &[&[u8]]) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).expect("is a header"));
        }
        pairs(&headers).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn names_are_not_decoded() {
        assert_eq!(sent(&[b"%5F%5FHost-bff=a; __Host-bff=b"]), [pair("%5F%5FHost-bff", "a"), pair("__Host-bff", "b")]);
    }

    #[test]
    fn white_space_is_that_of_http() {
        assert_eq!(sent(&[b"\t a=b ;c=d"]), [pair("a", "b"), pair("c", "d")]);
        for space in ["\u{85}", "\u{a0}", "\u{2000}", "\u{3000}"] {
            let name = format!("{space}__Host-bff");
            assert_eq!(sent(&[format!("{name}=a").as_bytes()]), [pair(&name, "a")]);
        }
    }

    #[test]
    fn what_cannot_be_read_hides_nothing() {
        let found = sent(&[b"flag; \xff=1; a=\"1\"", b"b=2=3;; =;c="]);
        assert_eq!(found, [pair("a", "\"1\""), pair("b", "2=3"), pair("", ""), pair("c", "")]);
    }
}
