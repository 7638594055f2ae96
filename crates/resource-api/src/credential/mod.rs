//! From a request's headers to exactly one credential (RFC 6750 §2.1), or to none, or to a refusal.
//!
//! A token in the URL or in a form is never read (RFC 9700 §4.3.2), and one beside another credential makes the request
//! ambiguous, so it is refused. What the credential says is decided in the file of its kind: `basic.rs`, `opaque.rs` (opaque
//! tokens and API keys), `session.rs`, and for JWTs the room `token`. `peer.rs` tells where a request came from,
//! `signed_body.rs` whether the body is the one that was signed.

pub(crate) mod basic;
pub(crate) mod cookie;
pub(crate) mod opaque;
pub(crate) mod peer;
#[cfg(feature = "bff")]
pub(crate) mod session;
pub(crate) mod signed_body;

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use url::form_urlencoded;

use crate::answer::refusal::Scheme;
use crate::resource_server::Schemes;
use crate::signature::is_signed;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a request brought. The token is as sent; nothing about it is checked but its alphabet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presented<'r> {
    Bearer(Token<'r>),
    /// An access token with a proof beside it (RFC 9449 §7.1).
    Dpop(Token<'r>),
    /// The whole header, with a user name and a secret (RFC 7617 §2).
    Basic(&'r [u8]),
    /// In the header `X-API-Key`.
    ApiKey(Token<'r>),
    /// The request is signed (RFC 9421).
    SignedRequest,
    /// The cookie of a session of the web front end.
    Session,
    /// No credential at all.
    Nothing,
    /// An `Authorization` header alone, of a scheme that this API does not know or that is switched off. Not anonymous: whoever sends
    /// one wants to be somebody. The answer is a bare challenge (RFC 6750 §3.1).
    UnknownScheme,
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
    #[error("an access token was sent in the URL beside another credential; send one, in a header")]
    HeaderAndQuery,
    #[error("more than one kind of credential was sent; send exactly one")]
    Several,
    #[error("the X-API-Key header was sent more than once")]
    TwoKeys,
    #[error("the X-API-Key header holds an API key and nothing else, as X-API-Key: cs_key_...")]
    NoKey,
    #[error("the credential is not the name of a scheme, one space and one token, as Bearer abc")]
    Malformed,
}

/// `query` is the text behind the question mark. What is switched off is no credential.
pub(crate) fn presented<'r>(
    headers: &'r HeaderMap,
    query: &str,
    schemes: &Schemes,
) -> Result<Presented<'r>, CredentialError> {
    let authorization = one(headers, &AUTHORIZATION, CredentialError::TwoHeaders)?;
    let api_key = if schemes.api_keys { one(headers, &API_KEY, CredentialError::TwoKeys)? } else { None };
    let found = [
        authorization.map(|value| authorized(value, schemes)).transpose()?.flatten(),
        api_key.map(|value| token(value).map(Presented::ApiKey).map_err(|_| CredentialError::NoKey)).transpose()?,
        (schemes.signatures && is_signed(headers)).then_some(Presented::SignedRequest),
        schemes.session_cookie.as_ref().filter(|name| has_cookie(headers, name)).map(|_| Presented::Session),
    ];
    let in_query = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token");
    let mut found = found.into_iter().flatten();
    match (found.next(), found.next(), in_query) {
        (_, Some(_), _) => Err(CredentialError::Several),
        (Some(_), None, true) => Err(CredentialError::HeaderAndQuery),
        (Some(credential), None, false) => Ok(credential),
        (None, None, true) => Ok(Presented::OnlyInQuery),
        (None, None, false) if authorization.is_some() => Ok(Presented::UnknownScheme),
        (None, None, false) => Ok(Presented::Nothing),
    }
}

impl Presented<'_> {
    /// Which challenge it concerns.
    pub(crate) fn scheme(&self) -> Scheme {
        match self {
            Self::Dpop(_) => Scheme::Dpop,
            Self::Basic(_) => Scheme::Basic,
            _ => Scheme::Bearer,
        }
    }
}

fn one<'r>(
    headers: &'r HeaderMap,
    name: &HeaderName,
    several: CredentialError,
) -> Result<Option<&'r [u8]>, CredentialError> {
    let mut values = headers.get_all(name).map(HeaderValue::as_bytes);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(several),
        (value, None) => Ok(value),
    }
}

/// `None` when the header speaks a scheme that this API does not know.
fn authorized<'r>(header: &'r [u8], schemes: &Schemes) -> Result<Option<Presented<'r>>, CredentialError> {
    let end = header.iter().position(|byte| *byte == b' ').unwrap_or(header.len());
    let (scheme, rest) = header.split_at(end);
    // RFC 9110 §11.1: the scheme is case-insensitive.
    let is = |name: &str| scheme.eq_ignore_ascii_case(name.as_bytes());
    let value = || token(rest.strip_prefix(b" ").ok_or(CredentialError::Malformed)?);
    if is("bearer") {
        value().map(Presented::Bearer).map(Some)
    } else if is("dpop") && schemes.dpop.is_some() {
        value().map(Presented::Dpop).map(Some)
    } else if is("basic") && schemes.basic.is_some() {
        Ok(Some(Presented::Basic(header)))
    } else {
        Ok(None)
    }
}

fn token(value: &[u8]) -> Result<Token<'_>, CredentialError> {
    let text = std::str::from_utf8(value).map_err(|_| CredentialError::Malformed)?;
    if is_token(text) { Ok(Token(text)) } else { Err(CredentialError::Malformed) }
}

fn has_cookie(headers: &HeaderMap, name: &str) -> bool {
    cookie::pairs(headers).any(|(sent, _)| sent == name)
}

impl<'r> Presented<'r> {
    /// What was presented as one in the header `Authorization`; empty for every other way.
    pub(crate) fn access_token(self) -> &'r str {
        match self {
            Self::Bearer(token) | Self::Dpop(token) => token.expose(),
            _ => "",
        }
    }
}

impl<'r> Token<'r> {
    pub(crate) fn expose(self) -> &'r str {
        self.0
    }
}

impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer",
            Self::Dpop(_) => "Dpop",
            Self::Basic(_) => "Basic",
            Self::ApiKey(_) => "ApiKey",
            Self::SignedRequest => "SignedRequest",
            Self::Session => "Session",
            Self::Nothing => "Nothing",
            Self::UnknownScheme => "UnknownScheme",
            Self::OnlyInQuery => "OnlyInQuery",
        })
    }
}

impl std::fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// RFC 9110 §11.2: `token68`, which RFC 6750 §2.1 calls b64token: `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_token(text: &str) -> bool {
    let core = text.trim_end_matches('=');
    !core.is_empty() && core.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource_server::BasicSecret;
    use proptest::prelude::*;

    fn all() -> Schemes {
        let session_cookie = Some("__Host-session".to_owned());
        let dpop = Some("ES256".to_owned());
        Schemes { dpop, basic: Some(BasicSecret::ApiKey), api_keys: true, signatures: true, session_cookie }
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = HeaderName::try_from(*name).expect("a name");
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        headers
    }

    #[track_caller]
    fn assert_reads(pairs: &[(&str, &str)], query: &str, expected: Result<Presented<'_>, CredentialError>) {
        assert_eq!(presented(&headers(pairs), query, &all()), expected, "{pairs:?} {query}");
    }

    fn one(header: &str) -> Result<String, CredentialError> {
        let headers = headers(&[("authorization", header)]);
        presented(&headers, "", &all()).map(|presented| match presented {
            Presented::Bearer(token) => token.expose().to_owned(),
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn one_bearer_token_is_read_whatever_the_case_of_the_scheme() {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            assert_eq!(one(&format!("{scheme} a.b-c_d~e+f/g==")).as_deref(), Ok("a.b-c_d~e+f/g=="));
        }
    }

    #[test]
    fn each_kind_of_credential_is_known() {
        assert_reads(&[("authorization", "DPoP a")], "", Ok(Presented::Dpop(Token("a"))));
        assert_reads(&[("authorization", "Basic YTpi")], "", Ok(Presented::Basic(b"Basic YTpi")));
        assert_reads(&[("x-api-key", "a")], "", Ok(Presented::ApiKey(Token("a"))));
        assert_reads(&[("signature-input", "a=()")], "", Ok(Presented::SignedRequest));
        assert_reads(&[("signature", "a=:AA==:")], "", Ok(Presented::SignedRequest));
        assert_reads(&[("cookie", "a=b; __Host-session=c")], "", Ok(Presented::Session));
        assert_reads(&[("cookie", "a=b; x__Host-session=c; d=__Host-session=e")], "", Ok(Presented::Nothing));
    }

    #[test]
    fn what_is_switched_off_is_no_credential() {
        let brought = [
            (("authorization", "Basic YTpi"), Presented::UnknownScheme),
            (("authorization", "DPoP a"), Presented::UnknownScheme),
            (("x-api-key", "a"), Presented::Nothing),
            (("signature-input", "a"), Presented::Nothing),
            (("cookie", "__Host-session=c"), Presented::Nothing),
        ];
        for (pair, expected) in brought {
            assert_eq!(presented(&headers(&[pair]), "", &Schemes::default()), Ok(expected), "{pair:?}");
        }
    }

    #[test]
    fn two_credentials_of_any_kind_are_refused() {
        let kinds = [
            ("authorization", "Bearer a"),
            ("x-api-key", "a"),
            ("signature-input", "a=()"),
            ("cookie", "__Host-session=c"),
        ];
        for (at, first) in kinds.iter().enumerate() {
            for second in &kinds[at + 1..] {
                assert_reads(&[*first, *second], "", Err(CredentialError::Several));
            }
            assert_reads(&[*first], "access_token=a", Err(CredentialError::HeaderAndQuery));
        }
        assert_reads(&[kinds[0], kinds[0]], "", Err(CredentialError::TwoHeaders));
        assert_reads(&[kinds[1], kinds[1]], "", Err(CredentialError::TwoKeys));
    }

    #[test]
    fn a_token_in_the_url_is_never_read() {
        assert_reads(&[], "access_token=abc", Ok(Presented::OnlyInQuery));
        assert_reads(
            &[("authorization", "Bearer a")],
            "limit=3&access%5Ftoken=a",
            Err(CredentialError::HeaderAndQuery),
        );
    }

    #[test]
    fn another_scheme_is_no_credential_and_not_nothing() {
        for header in ["Bearerabc", "Digest x", ""] {
            assert_eq!(one(header).as_deref(), Ok("UnknownScheme"), "{header}");
        }
        assert_reads(&[], "", Ok(Presented::Nothing));
        assert_reads(&[("authorization", "Digest x"), ("x-api-key", "k")], "", Ok(Presented::ApiKey(Token("k"))));
        assert_reads(&[("authorization", "Digest x")], "access_token=a", Ok(Presented::OnlyInQuery));
    }

    #[test]
    fn tricks_with_the_header_are_malformed() {
        for rest in ["", " ", "  a", " a b", " a,Bearer b", " a, b", " \"a\"", " ==", " a=b", " ä", " a\t"] {
            for scheme in ["Bearer", "DPoP"] {
                assert_eq!(one(&format!("{scheme}{rest}")), Err(CredentialError::Malformed), "{scheme}{rest}");
            }
        }
    }

    #[test]
    fn a_token_does_not_show_in_debug_output() {
        let headers = headers(&[("authorization", "Bearer secret")]);
        assert!(!format!("{:?}", presented(&headers, "", &all())).contains("secret"));
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_sent(token in "[A-Za-z0-9._~+/-]{1,200}={0,2}") {
            let read = one(&format!("Bearer {token}"));
            prop_assert_eq!(read.as_deref(), Ok(token.as_str()));
        }

        #[test]
        fn a_token_is_one_word(header in "[Bb]earer [ -~]{0,40}") {
            if let Ok(token) = one(&header) {
                prop_assert!(!token.is_empty() && !token.contains([' ', ',', '"', ';']));
                prop_assert_eq!(&header["bearer ".len()..], token);
            }
        }

        #[test]
        fn more_than_one_header_never_yields_a_token(values in proptest::collection::vec("[!-~][ -~]{0,20}", 2..5)) {
            let pairs: Vec<_> = values.iter().map(|value| ("authorization", value.as_str())).collect();
            let headers = headers(&pairs);
            prop_assert_eq!(presented(&headers, "", &all()), Err(CredentialError::TwoHeaders));
        }
    }
}
