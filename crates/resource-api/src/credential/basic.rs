//! `Authorization: Basic` (RFC 7617): reading the credential, nothing else. Off unless an API switches it on, and over TLS only.
//!
//! The secret is an API key or, where that is switched on, a password. Both are the issuer's to judge:
//! [`Introspector::introspect_for`](crate::introspection::Introspector::introspect_for) and
//! [`Introspector::check_password`](crate::introspection::Introspector::check_password).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protocol::api_key;
use protocol::secret::{Secret, SecretString};

/// Of the encoded credential, checked before it is decoded.
const MAX_LENGTH: usize = 4096;

/// A user name and a secret, as sent. Nothing about them is verified.
#[derive(Clone)]
pub(crate) struct Presented {
    pub user: String,
    pub secret: SecretString,
}

/// What the secret claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ApiKey,
    Password,
}

/// How the request travelled, as the API knows it from its own socket or from a proxy that it trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Also a connection that never leaves the machine.
    Tls,
    Plain,
}

/// The sentence is for the client; it repeats nothing that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BasicError {
    #[error("user name and password are accepted over TLS only; change this password, it was sent in the clear")]
    NotOverTls,
    #[error("the credential of Basic is longer than 4096 characters")]
    TooLong,
    #[error(
        "the Authorization header is not the word Basic, one space and the base64 of a user name, a colon and a secret, in UTF-8 \
         and without control characters"
    )]
    Malformed,
}

impl Presented {
    /// Nobody's password begins like an API key: the issuer is never asked about one as if it were the other.
    pub(crate) fn kind(&self) -> Kind {
        if api_key::looks_like_one(self.secret.expose()) { Kind::ApiKey } else { Kind::Password }
    }
}

/// Reads the value of an `Authorization` header; `None` when it speaks another scheme.
pub(crate) fn read(header: &[u8], transport: Transport) -> Result<Option<Presented>, BasicError> {
    let end = header.iter().position(|byte| *byte == b' ').unwrap_or(header.len());
    let (scheme, rest) = header.split_at(end);
    // RFC 7617 §2: "both scheme and parameter names are matched case-insensitively".
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Ok(None);
    }
    // RFC 7617 §4: the scheme "is not considered to be a secure method of user authentication unless used in conjunction with
    // some external secure system such as TLS".
    if transport == Transport::Plain {
        return Err(BasicError::NotOverTls);
    }
    let encoded = rest.strip_prefix(b" ").ok_or(BasicError::Malformed)?;
    if encoded.len() > MAX_LENGTH {
        return Err(BasicError::TooLong);
    }
    pair(encoded).map(Some).ok_or(BasicError::Malformed)
}

/// RFC 7617 §2: the user name ends at the first colon, the password may have more of them; neither has control characters.
fn pair(encoded: &[u8]) -> Option<Presented> {
    let decoded = Secret::new(STANDARD.decode(encoded).ok()?);
    let text = std::str::from_utf8(decoded.expose()).ok()?;
    let (user, secret) = text.split_once(':')?;
    let sound = |part: &str| !part.is_empty() && !part.contains(char::is_control);
    (sound(user) && sound(secret))
        .then(|| Presented { user: user.to_owned(), secret: SecretString::new(secret.to_owned()) })
}

/// People type their password where the name belongs, so neither is shown.
impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Presented({:?})", self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(pair: impl AsRef<[u8]>) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    fn one(header: &str) -> Result<Option<Presented>, BasicError> {
        read(header.as_bytes(), Transport::Tls)
    }

    fn parts(header: &str) -> (String, String) {
        let presented = one(header).expect("is well-formed").expect("is Basic");
        (presented.user.clone(), presented.secret.expose().clone())
    }

    /// RFC 7617 §2 and §2.1.
    #[test]
    fn the_examples_of_the_rfc() {
        let expected = ("Aladdin".to_owned(), "open sesame".to_owned());
        assert_eq!(parts("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), expected);
        assert_eq!(parts("bAsIC QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), expected);
        assert_eq!(parts("Basic dGVzdDoxMjPCow=="), ("test".to_owned(), "123£".to_owned()));
    }

    #[test]
    fn the_first_colon_ends_the_user_name() {
        assert_eq!(parts(&header("ada:a:b:")), ("ada".to_owned(), "a:b:".to_owned()));
    }

    #[test]
    fn another_scheme_is_not_ours() {
        for header in ["Bearer abc", "BasicYTpi", "", "Digest a=b"] {
            assert!(matches!(one(header), Ok(None)), "{header}");
            assert!(matches!(read(header.as_bytes(), Transport::Plain), Ok(None)), "{header}");
        }
    }

    #[test]
    fn without_tls_nothing_is_read() {
        for header in [header("ada:secret"), "Basic nonsense!".to_owned()] {
            assert_eq!(read(header.as_bytes(), Transport::Plain).expect_err("is plain"), BasicError::NotOverTls);
        }
    }

    #[test]
    fn what_is_not_written_as_the_rfc_writes_it_is_refused() {
        let malformed = [
            "Basic".to_owned(),
            "Basic ".to_owned(),
            "Basic  YTpi".to_owned(),
            "Basic YTpi ".to_owned(),
            "Basic YTpi, Basic YTpi".to_owned(),
            "Basic YTpiYw".to_owned(),
            "Basic YTp\u{fc}".to_owned(),
            header("no colon"),
            header(":secret"),
            header("ada:"),
            header("ada:se\u{0}cret"),
            header("a\nda:secret"),
            header("ada:\u{85}"),
            header([b'a', b':', 0xff]),
        ];
        for header in &malformed {
            assert_eq!(one(header).expect_err(header), BasicError::Malformed, "{header}");
        }
    }

    #[test]
    fn the_length_is_bounded_before_decoding() {
        let longest = format!("Basic {}", STANDARD.encode(format!("a:{}", "x".repeat(MAX_LENGTH / 4 * 3 - 2))));
        assert!(matches!(one(&longest), Ok(Some(_))));
        assert_eq!(one(&format!("{longest}AAAA")).expect_err("is long"), BasicError::TooLong);
    }

    #[test]
    fn a_key_is_told_from_a_password_and_neither_is_shown() {
        let key = one(&header("ada:cs_key_0123")).expect("is well-formed").expect("is Basic");
        let password = one(&header("ada:hunter2")).expect("is well-formed").expect("is Basic");
        assert_eq!((key.kind(), password.kind()), (Kind::ApiKey, Kind::Password));
        assert_eq!(format!("{key:?} {password:?}"), "Presented(ApiKey) Presented(Password)");
    }

    proptest! {
        #[test]
        fn what_was_sent_is_what_is_read(user in "[^\\p{Cc}:]{1,40}", secret in "[^\\p{Cc}]{1,60}") {
            prop_assert_eq!(parts(&header(format!("{user}:{secret}"))), (user, secret));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = read(&bytes, Transport::Tls);
            let _ = one(&header(&bytes));
        }
    }
}
