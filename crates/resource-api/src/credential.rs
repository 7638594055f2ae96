//! From a request's headers to exactly one credential (RFC 6750 §2.1), or to none, or to a refusal.
//!
//! A token in the URL or in a form is never read (RFC 9700 §4.3.2), and one beside another credential makes the request
//! ambiguous, so it is refused. What the credential says is decided in the file of its kind.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use url::form_urlencoded;

use crate::refusal::Scheme;
use crate::resource_server::Schemes;

/// What a request brought. The token is as sent; nothing about it is checked but its alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented<'r> {
    Bearer(Token<'r>),
    /// No credential at all, or of a scheme that this API does not know: the answer is a bare challenge (RFC 6750 §3.1).
    Nothing,
    /// Only in the URL, where it is not read.
    OnlyInQuery,
}

/// A presented access token, kept out of logs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'r>(&'r str);

/// RFC 6750 §3.1, `invalid_request`: repeated, contradictory or malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CredentialError {
    #[error("the Authorization header was sent more than once")]
    TwoHeaders,
    #[error("an access token was sent in the Authorization header and in the URL; send it in the header only")]
    HeaderAndQuery,
    #[error("the Authorization header is not the word Bearer, one space and one token")]
    Malformed,
}

/// `query` is the text behind the question mark.
pub(crate) fn presented<'r>(
    headers: &'r HeaderMap,
    query: &str,
    _schemes: &Schemes,
) -> Result<Presented<'r>, CredentialError> {
    from_authorization(headers.get_all(AUTHORIZATION).map(HeaderValue::as_bytes), query)
}

/// `authorization` are the values of all `Authorization` headers.
fn from_authorization<'r>(
    mut authorization: impl Iterator<Item = &'r [u8]>,
    query: &str,
) -> Result<Presented<'r>, CredentialError> {
    let (first, second) = (authorization.next(), authorization.next());
    if second.is_some() {
        return Err(CredentialError::TwoHeaders);
    }
    let in_query = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token");
    match (first.map(bearer).transpose()?.flatten(), in_query) {
        (Some(_), true) => Err(CredentialError::HeaderAndQuery),
        (Some(token), false) => Ok(Presented::Bearer(token)),
        (None, true) => Ok(Presented::OnlyInQuery),
        (None, false) => Ok(Presented::Nothing),
    }
}

impl Presented<'_> {
    /// Which challenge it concerns.
    pub(crate) fn scheme(&self) -> Scheme {
        match self {
            Self::Bearer(_) | Self::Nothing | Self::OnlyInQuery => Scheme::Bearer,
        }
    }
}

impl<'r> Token<'r> {
    pub(crate) fn expose(self) -> &'r str {
        self.0
    }
}

impl std::fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// `None` when the header speaks another scheme.
fn bearer(header: &[u8]) -> Result<Option<Token<'_>>, CredentialError> {
    let end = header.iter().position(|byte| *byte == b' ').unwrap_or(header.len());
    let (scheme, rest) = header.split_at(end);
    // RFC 9110 §11.1: the scheme is case-insensitive.
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    let token = rest.strip_prefix(b" ").ok_or(CredentialError::Malformed)?;
    let token = std::str::from_utf8(token).map_err(|_| CredentialError::Malformed)?;
    if is_b64token(token) { Ok(Some(Token(token))) } else { Err(CredentialError::Malformed) }
}

/// RFC 6750 §2.1: `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_b64token(text: &str) -> bool {
    let core = text.trim_end_matches('=');
    !core.is_empty() && core.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(header: &str) -> Result<Presented<'_>, CredentialError> {
        from_authorization(std::iter::once(header.as_bytes()), "")
    }

    #[test]
    fn one_bearer_token_is_read_whatever_the_case_of_the_scheme() {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let header = format!("{scheme} a.b-c_d~e+f/g==");
            assert_eq!(one(&header), Ok(Presented::Bearer(Token("a.b-c_d~e+f/g=="))));
        }
    }

    #[test]
    fn two_headers_are_refused_even_when_they_agree() {
        let headers = ["Bearer a", "Bearer a"];
        assert_eq!(from_authorization(headers.iter().map(|h| h.as_bytes()), ""), Err(CredentialError::TwoHeaders));
    }

    #[test]
    fn a_token_in_the_url_is_never_read() {
        assert_eq!(from_authorization(std::iter::empty(), "access_token=abc"), Ok(Presented::OnlyInQuery));
        assert_eq!(
            from_authorization(std::iter::once(b"Bearer a".as_slice()), "limit=3&access%5Ftoken=a"),
            Err(CredentialError::HeaderAndQuery)
        );
    }

    #[test]
    fn another_scheme_is_no_credential() {
        for header in ["Basic YTpi", "DPoP abc", "Bearerabc", "Digest x", ""] {
            assert_eq!(one(header), Ok(Presented::Nothing), "{header}");
        }
    }

    #[test]
    fn tricks_with_the_header_are_malformed() {
        for header in [
            "Bearer",
            "Bearer ",
            "Bearer  a",
            "Bearer a b",
            "Bearer a,Bearer b",
            "Bearer a, b",
            "Bearer \"a\"",
            "Bearer ==",
            "Bearer a=b",
            "Bearer ä",
            "Bearer a\t",
        ] {
            assert_eq!(one(header), Err(CredentialError::Malformed), "{header}");
        }
    }

    #[test]
    fn a_token_does_not_show_in_debug_output() {
        assert!(!format!("{:?}", one("Bearer secret")).contains("secret"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(header: Vec<u8>, query: String) {
            let _ = from_authorization(std::iter::once(header.as_slice()), &query);
        }

        #[test]
        fn what_is_read_is_what_was_sent(token in "[A-Za-z0-9._~+/-]{1,200}={0,2}") {
            let header = format!("Bearer {token}");
            prop_assert_eq!(one(&header), Ok(Presented::Bearer(Token(&token))));
        }

        #[test]
        fn a_token_is_one_word(header in "[Bb]earer [ -~]{0,40}") {
            if let Ok(Presented::Bearer(token)) = one(&header) {
                prop_assert!(!token.expose().is_empty());
                prop_assert!(!token.expose().contains([' ', ',', '"', ';']));
                prop_assert_eq!(&header["bearer ".len()..], token.expose());
            }
        }

        #[test]
        fn more_than_one_header_never_yields_a_token(headers in proptest::collection::vec("[ -~]{0,20}", 2..5)) {
            let read = from_authorization(headers.iter().map(String::as_bytes), "");
            prop_assert_eq!(read, Err(CredentialError::TwoHeaders));
        }
    }
}
