//! Where the browser goes after a sign-in: a path of the front end, never another site (RFC 9700 §4.11, open redirectors).
//!
//! Browsers repair what they are given: `\` becomes `/`, tabs and line breaks vanish, `//host` names a host. A text that
//! needs repair is refused, and what is sent is the whole address, our origin first, so that nothing is left to repair.

use serde::{Deserialize, Serialize};
use url::Url;

/// It travels in a cookie, of which there are several.
const LONGEST: usize = 512;

/// A local path with query and fragment, as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ReturnTo(String);

/// Why a text is no local path. The sentence is for the developer of the front end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotLocal {
    #[error("return_to is longer than 512 bytes")]
    TooLong,
    #[error("return_to must begin with one slash, as /notes?open=3")]
    NoSlash,
    #[error("return_to must not begin with two slashes")]
    TwoSlashes,
    #[error(
        "return_to must be plain ASCII without spaces, control characters and backslashes; percent-encode the rest"
    )]
    Characters,
    #[error("return_to must not lead into /bff/ or leave this origin")]
    Elsewhere,
}

impl ReturnTo {
    /// `origin` is the front end's; nothing outside of it, and nothing of ours below `/bff/`, is accepted.
    pub(crate) fn parse(text: &str, origin: &str) -> Result<Self, NotLocal> {
        if text.len() > LONGEST {
            return Err(NotLocal::TooLong);
        }
        if text.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'\\') {
            return Err(NotLocal::Characters);
        }
        let rest = text.strip_prefix('/').ok_or(NotLocal::NoSlash)?;
        if rest.starts_with('/') {
            return Err(NotLocal::TwoSlashes);
        }
        // The URL standard has the last word: what a browser would make of it.
        let url = Url::parse(origin).and_then(|base| base.join(text)).map_err(|_| NotLocal::Elsewhere)?;
        let path = url.path();
        let ours = path == "/bff" || path.starts_with("/bff/");
        if url.origin().ascii_serialization() != origin || path.starts_with("//") || ours {
            return Err(NotLocal::Elsewhere);
        }
        Ok(Self(text.to_owned()))
    }

    /// The whole address.
    pub(crate) fn address(&self, origin: &str) -> String {
        format!("{origin}{}", self.0)
    }

    /// The same with one more parameter. `name` and `value` are words of ours and need no encoding.
    pub(crate) fn address_with(&self, origin: &str, name: &str, value: &str) -> String {
        let (before, fragment) = self.0.split_at(self.0.find('#').unwrap_or(self.0.len()));
        let mark = if before.contains('?') { '&' } else { '?' };
        format!("{origin}{before}{mark}{name}={value}{fragment}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ORIGIN: &str = "https://app.example";

    fn read(text: &str) -> Result<ReturnTo, NotLocal> {
        ReturnTo::parse(text, ORIGIN)
    }

    #[test]
    fn paths_of_the_front_end_are_kept_as_they_are() {
        for path in
            ["/", "/notes", "/notes?open=3&a=b", "/app#/notes/3", "/a/../b", "/%2F%2Fevil.example", "/@evil", "/a//b"]
        {
            assert_eq!(read(path).expect(path).address(ORIGIN), format!("{ORIGIN}{path}"));
        }
    }

    #[test]
    fn tricks_that_lead_to_another_site_are_refused() {
        for (text, reason) in [
            ("", NotLocal::NoSlash),
            ("notes", NotLocal::NoSlash),
            ("https://evil.example/", NotLocal::NoSlash),
            ("javascript:alert(1)", NotLocal::NoSlash),
            (".evil.example", NotLocal::NoSlash),
            ("@evil.example", NotLocal::NoSlash),
            ("?x", NotLocal::NoSlash),
            ("//evil.example", NotLocal::TwoSlashes),
            ("///evil.example", NotLocal::TwoSlashes),
            ("/\\evil.example", NotLocal::Characters),
            ("\\/evil.example", NotLocal::Characters),
            ("/a\\b", NotLocal::Characters),
            ("/\t/evil.example", NotLocal::Characters),
            ("/\n/evil.example", NotLocal::Characters),
            ("/\r\nSet-Cookie: a=b", NotLocal::Characters),
            ("/\u{0}", NotLocal::Characters),
            ("/\u{7f}", NotLocal::Characters),
            ("/ünï", NotLocal::Characters),
            ("/\u{2028}", NotLocal::Characters),
            ("/ ", NotLocal::Characters),
            (" /", NotLocal::Characters),
            ("/..//evil.example", NotLocal::Elsewhere),
            ("/.//evil.example", NotLocal::Elsewhere),
            ("/a/..//evil.example", NotLocal::Elsewhere),
            ("/%2e%2e//evil.example", NotLocal::Elsewhere),
            ("/bff/login", NotLocal::Elsewhere),
            ("/bff", NotLocal::Elsewhere),
            ("/x/../bff/callback?code=a", NotLocal::Elsewhere),
        ] {
            assert_eq!(read(text), Err(reason), "{text:?}");
        }
        assert_eq!(read(&format!("/{}", "a".repeat(512))), Err(NotLocal::TooLong));
    }

    #[test]
    fn a_parameter_is_added_before_the_fragment() {
        let with = |path| read(path).expect("is local").address_with(ORIGIN, "error", "e");
        assert_eq!(with("/a"), "https://app.example/a?error=e");
        assert_eq!(with("/a?b=c#d"), "https://app.example/a?b=c&error=e#d");
    }

    proptest! {
        #[test]
        fn what_is_accepted_stays_on_the_origin(text in "[/\\\\.a-z%2ef@:?#\\t\\n ]{0,40}") {
            if let Ok(path) = read(&text) {
                let url = Url::parse(&path.address(ORIGIN)).expect("is a URL");
                prop_assert_eq!(url.origin().ascii_serialization(), ORIGIN);
                // A browser that reads the path alone, relative to the page, comes to the same place.
                let relative = Url::parse("https://app.example/bff/callback?code=x").expect("is a URL").join(&text);
                prop_assert_eq!(relative.expect("is a URL"), url);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = read(&text);
        }
    }
}
