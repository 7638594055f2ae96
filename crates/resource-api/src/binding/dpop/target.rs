//! The URL that a proof is for, in the one form in which two spellings of it are equal (RFC 9449 §4.3, item 9).
//!
//! Query and fragment do not count. What remains is normalised by syntax and by scheme (RFC 3986 §6.2.2 and §6.2.3): case of
//! scheme and host, the default port, the case of escapes, escapes of letters, an empty path, dot segments.

/// Of a URL in normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target(String);

impl Target {
    /// What a proof claims. `None` when it is no absolute http or https URL, or carries a user name.
    pub(super) fn claimed(url: &str) -> Option<Self> {
        let Parts { origin, path } = Parts::read(url)?;
        Some(Self(origin + &without_dots(&path)))
    }

    /// Of the request itself. The router takes dot segments as names, so resolving them here would make a proof for one route
    /// good for another: a request with them matches no proof. No client sends them (RFC 3986 §5.2.4).
    pub(super) fn requested(url: &str) -> Option<Self> {
        let Parts { origin, path } = Parts::read(url)?;
        (without_dots(&path) == path).then(|| Self(origin + &path))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

struct Parts {
    origin: String,
    /// Begins with a slash; escapes normalised.
    path: String,
}

impl Parts {
    fn read(url: &str) -> Option<Self> {
        let url = &url[..url.find(['?', '#']).unwrap_or(url.len())];
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => "443",
            "http" => "80",
            _ => return None,
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = split_authority(authority)?;
        let port = if port.is_empty() || port == default_port { String::new() } else { format!(":{port}") };
        let path = if path.is_empty() { "/".to_owned() } else { unescaped(path)? };
        Some(Self { origin: format!("{scheme}://{}{port}", host.to_ascii_lowercase()), path })
    }
}

/// Host and port, the port as digits or empty. A user name is an error (RFC 9110 §4.2.4).
fn split_authority(authority: &str) -> Option<(&str, &str)> {
    let end = match authority.strip_prefix('[') {
        Some(inner) => inner.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let port = if port.is_empty() { "" } else { port.strip_prefix(':')? };
    let of_name = |byte: u8| is_unreserved(byte) || is_sub_delim(byte);
    let host_is_good = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(literal) => literal.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.'),
        None => host.bytes().all(of_name),
    };
    let port_is_good = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
    (!host.is_empty() && host_is_good && port_is_good).then_some((host, port))
}

/// Escapes in upper case, and none where none is needed (RFC 3986 §6.2.2.1 and §6.2.2.2). `None` for bytes that a path cannot
/// have.
fn unescaped(path: &str) -> Option<String> {
    let mut normal = String::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            let fits = is_unreserved(byte) || is_sub_delim(byte) || matches!(byte, b':' | b'@' | b'/');
            normal.push(char::from(fits.then_some(byte)?));
            continue;
        }
        let (high, low) = (hex(bytes.next()?)?, hex(bytes.next()?)?);
        let escaped = high << 4 | low;
        if is_unreserved(escaped) {
            normal.push(char::from(escaped));
        } else {
            normal.push('%');
            normal.extend([high, low].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
        }
    }
    Some(normal)
}

/// RFC 3986 §5.2.4, for a path that begins with a slash.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        if !matches!(segment, "." | "..") {
            kept.push(segment);
            continue;
        }
        if segment == ".." {
            kept.pop();
        }
        if segments.peek().is_none() {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn is_sub_delim(byte: u8) -> bool {
    b"!$&'()*+,;=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claimed(url: &str) -> Option<String> {
        Target::claimed(url).map(|target| target.0)
    }

    #[test]
    fn spellings_of_one_url_are_equal() {
        for (url, normal) in [
            ("https://api.example/notes", "https://api.example/notes"),
            ("HTTPS://API.Example/notes", "https://api.example/notes"),
            ("https://api.example:443/notes", "https://api.example/notes"),
            ("https://api.example:/notes", "https://api.example/notes"),
            ("http://127.0.0.1:80", "http://127.0.0.1/"),
            ("http://[::1]:8080/A", "http://[::1]:8080/A"),
            ("http://[FE80::A]/", "http://[fe80::a]/"),
            ("https://api.example", "https://api.example/"),
            ("https://api.example?a=b", "https://api.example/"),
            ("https://api.example/notes?a=/../#b", "https://api.example/notes"),
            ("https://api.example/notes#?", "https://api.example/notes"),
            ("https://api.example/%6eotes/%c3%a4%2f%7E", "https://api.example/notes/%C3%A4%2F~"),
            ("https://api.example/a/b/c/./../../g", "https://api.example/a/g"),
            ("https://api.example/a/%2e%2E/b/.", "https://api.example/b/"),
            ("https://api.example/../..", "https://api.example/"),
        ] {
            assert_eq!(claimed(url).as_deref(), Some(normal), "{url}");
        }
    }

    #[test]
    fn other_urls_stay_others() {
        let all = [
            "https://api.example/notes",
            "http://api.example/notes",
            "https://api.example:8443/notes",
            "https://api.example:80/notes",
            "https://api.example./notes",
            "https://api.example.evil.example/notes",
            "https://api.example/notes/",
            "https://api.example//notes",
            "https://api.example/Notes",
            "https://api.example/notes%2F1",
            "https://api.example/notes/1",
            "https://api.example/notes%3F",
            "https://api.example/notes%00",
            "https://api.example/notes;a",
        ];
        let normal: std::collections::HashSet<_> = all.iter().map(|url| claimed(url).expect(url)).collect();
        assert_eq!(normal.len(), all.len());
    }

    #[test]
    fn what_is_no_http_url_matches_nothing() {
        for url in [
            "",
            "/notes",
            "//api.example/notes",
            "api.example/notes",
            "https:/api.example/notes",
            "https:\\\\api.example/notes",
            "https:///notes",
            "https://",
            "ftp://api.example/notes",
            " https://api.example/notes",
            "https://api.example/notes ",
            "https://me@api.example/notes",
            "https://api.example@evil.example/notes",
            "https://api.example\\@evil.example/notes",
            "https://api%2eexample/notes",
            "https://bücher.example/",
            "https://api.example/ä",
            "https://api.example/%",
            "https://api.example/%4",
            "https://api.example/%+1",
            "https://api.example/a b",
            "https://api.example/a\tb",
            "https://api.example:0443/",
            "https://api.example:44x/",
            "https://[::1/",
            "https://[::1]a/",
            "https://[evil.example]/",
        ] {
            assert_eq!(claimed(url), None, "{url}");
        }
    }

    #[test]
    fn a_request_with_dot_segments_matches_no_proof() {
        for url in
            ["https://a.example/x/../y", "https://a.example/%2e%2e/y", "https://a.example/y/.", "https://a.example/."]
        {
            assert_eq!(Target::requested(url), None, "{url}");
            assert!(Target::claimed(url).is_some(), "{url}");
        }
        assert_eq!(Target::requested("https://A.example/y?z").expect("is plain").as_str(), "https://a.example/y");
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own(url in "[hH]ttps?://[a-zA-Z0-9.:]{1,12}[a-z/.%0-9A-F?#]{0,30}") {
            if let Some(once) = claimed(&url) {
                prop_assert_eq!(claimed(&once), Some(once.clone()));
                prop_assert_eq!(Target::requested(&once).map(|target| target.0), Some(once));
            }
        }

        #[test]
        fn no_text_makes_it_panic(url: String, path: String) {
            let _ = (claimed(&url), Target::requested(&format!("https://a.example/{path}")));
        }

        /// The other reader is the one that clients build their URLs with.
        #[test]
        fn dot_segments_go_where_browsers_put_them(path in "(/[a-c]{0,2}|/\\.{1,2}){0,6}/?") {
            let url = format!("https://a.example{path}");
            let browser = url::Url::parse(&url).expect("is a URL").to_string();
            prop_assert_eq!(claimed(&url), Some(browser));
        }
    }
}
