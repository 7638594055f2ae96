//! A decoded form body or query string (`application/x-www-form-urlencoded`), asked by name.
//!
//! RFC 6749 §3.1 and §3.2 in one place: a parameter without a value counts as omitted, none may come twice, unknown ones are
//! ignored. The decoder is strict, so that two readers of the same bytes cannot disagree.

use std::fmt;

use crate::error::{ErrorCode, OAuthError};

pub const MAX_FIELDS: usize = 64;

/// Parameters that may come several times: RFC 8707 §2, RFC 8693 §2.1.
const REPEATABLE: &[&str] = &["resource", "audience"];

/// The names that an error about a repeated parameter may repeat; other names are a stranger's text.
const KNOWN: &[&str] = &[
    "acr_values",
    "claims",
    "claims_locales",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "display",
    "grant_type",
    "id_token_hint",
    "login_hint",
    "logout_hint",
    "max_age",
    "nonce",
    "post_logout_redirect_uri",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "registration",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "token",
    "token_type_hint",
    "ui_locales",
];

/// The fields in the order received. `Debug` shows names only, because values hold passwords, codes and secrets.
#[derive(Clone, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    pub fn parse(bytes: &[u8]) -> Result<Self, OAuthError> {
        let fields = || bytes.split(|byte| *byte == b'&').filter(|field| !field.is_empty());
        if fields().nth(MAX_FIELDS).is_some() {
            return Err(refuse("more than 64 parameters"));
        }
        fields().map(field).collect::<Option<_>>().map(Self).ok_or_else(|| {
            refuse("the parameters are not well-formed: percent-encoded UTF-8 without the character U+0000 is expected")
        })
    }

    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// RFC 6749 §3.1: "Parameters sent without a value MUST be treated as if they were omitted [...]. Request and response
    /// parameters MUST NOT be included more than once."
    pub fn get(&self, name: &'static str) -> Result<Option<&str>, OAuthError> {
        let mut values = self.0.iter().filter(|(held, _)| held == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(repeated().at(name)),
            (value, _) => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    pub fn require(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.get(name)?.ok_or_else(|| refuse("a required parameter is missing").at(name))
    }

    /// Refuses a request that repeats any parameter, also one that nobody asks for.
    pub fn refuse_duplicates(&self) -> Result<(), OAuthError> {
        for (index, (name, _)) in self.0.iter().enumerate() {
            if !REPEATABLE.contains(&name.as_str()) && self.0[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(known(name).map_or_else(repeated, |known| repeated().at(known)));
            }
        }
        Ok(())
    }

    pub fn encode(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(self.pairs()).finish()
    }

    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Params")?;
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// The name of a parameter that means something here.
pub(crate) fn known(name: &str) -> Option<&'static str> {
    KNOWN.iter().copied().find(|known| *known == name)
}

/// Undoes form encoding: `+` is a space, `%` needs two hexadecimal digits, the rest stands for itself. `None` when the
/// encoding is broken, the result is not UTF-8, or it holds U+0000.
pub(crate) fn form_decode(encoded: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(*bytes.next()?)? * 16 + hex_digit(*bytes.next()?)?,
            other => *other,
        });
    }
    String::from_utf8(decoded).ok().filter(|text| !text.contains('\0'))
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn field(bytes: &[u8]) -> Option<(String, String)> {
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(at) => Some((form_decode(&bytes[..at])?, form_decode(&bytes[at + 1..])?)),
        None => Some((form_decode(bytes)?, String::new())),
    }
}

fn repeated() -> OAuthError {
    refuse("a parameter is included more than once")
}

fn refuse(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn params(query: &str) -> Params {
        Params::parse(query.as_bytes()).expect(query)
    }

    #[test]
    fn plus_and_percent_are_decoded() {
        let params = params("scope=openid+a%3Ab&state=%c3%A4%2B");
        assert_eq!(params.get("scope"), Ok(Some("openid a:b")));
        assert_eq!(params.get("state"), Ok(Some("ä+")));
    }

    #[test]
    fn an_empty_parameter_counts_as_absent() {
        let params = params("code_challenge=&nonce&&scope=openid");
        assert_eq!(params.get("code_challenge"), Ok(None));
        assert_eq!(params.get("nonce"), Ok(None));
        assert_eq!(params.require("nonce").expect_err("is absent").parameter, Some("nonce"));
        assert_eq!(params.require("scope"), Ok("openid"));
    }

    #[test]
    fn an_empty_repetition_is_a_repetition() {
        let error = params("nonce=&nonce=1").get("nonce").expect_err("comes twice");
        assert_eq!((error.code, error.parameter), (ErrorCode::InvalidRequest, Some("nonce")));
    }

    #[test]
    fn a_repeated_unknown_parameter_is_refused_and_not_echoed() {
        let error = params("zebra=1&zebra=2").refuse_duplicates().expect_err("comes twice");
        assert_eq!(error.parameter, None);
        assert!(!error.to_string().contains("zebra"));
    }

    #[test]
    fn resource_and_audience_may_be_repeated() {
        assert_eq!(params("resource=a&resource=b&audience=c&audience=d").refuse_duplicates(), Ok(()));
    }

    #[test]
    fn broken_encoding_is_refused() {
        for bytes in [&b"a=%"[..], b"a=%4", b"a=%zz", b"a=%ff", b"a=\xff", b"a=%00", b"%00=a", b"a=b\0", b"a=%c3"] {
            assert_eq!(Params::parse(bytes).expect_err("is broken").code, ErrorCode::InvalidRequest, "{bytes:?}");
        }
    }

    #[test]
    fn sixty_four_fields_are_the_limit() {
        let query = |count: usize| (0..count).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
        assert!(Params::parse(query(64).as_bytes()).is_ok());
        assert!(Params::parse(query(65).as_bytes()).is_err());
    }

    #[test]
    fn the_debug_form_shows_no_value() {
        assert_eq!(format!("{:?}", params("client_secret=hunter2")), "Params[\"client_secret\"]");
    }

    #[test]
    fn the_known_names_are_sorted_and_unique() {
        assert!(KNOWN.is_sorted_by(|a, b| a < b));
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back(pairs in proptest::collection::vec(("[^\0]{0,8}", "[^\0]{0,12}"), 0..=MAX_FIELDS)) {
            let params = Params::from_pairs(pairs.clone());
            let read = Params::parse(params.encode().as_bytes()).expect("encoded by us");
            let read: Vec<_> = read.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            prop_assert_eq!(read, pairs);
        }

        #[test]
        fn a_duplicate_is_always_refused(
            name in proptest::sample::select(KNOWN),
            values in ("[a-z]{0,3}", "[a-z]{0,3}"),
            others in proptest::collection::vec(("[A-Z]{1,4}", "[a-z]{0,3}"), 0..6),
            at in 0usize..7,
        ) {
            let mut pairs = others;
            pairs.insert(0, (name.to_owned(), values.0));
            pairs.insert(at.min(pairs.len()), (name.to_owned(), values.1));
            let params = Params::from_pairs(pairs);
            prop_assert_eq!(params.get(name).expect_err("comes twice").parameter, Some(name));
            prop_assert!(params.refuse_duplicates().is_err());
        }

        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>) {
            let _ = Params::parse(&bytes);
        }
    }
}
