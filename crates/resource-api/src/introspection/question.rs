//! What the issuer is asked about, as form parameters (RFC 7662 §2.1), and the hash under which the answer is remembered.
//!
//! Hashes of different kinds of question never meet: the id of an API key is public, and sent as a bearer token it must not find
//! what the issuer said about the key.

use std::borrow::Cow;
use std::net::IpAddr;

use protocol::api_key::{ApiKey, ApiKeyId, PREFIX};
use sha2::{Digest as _, Sha256};

#[derive(Clone, Copy)]
pub(super) enum Question<'a> {
    Token(&'a str),
    ApiKey(&'a ApiKey),
    ApiKeyId(&'a ApiKeyId),
    /// `from`: who called, so that tries are counted for them and not for this API.
    Password {
        username: &'a str,
        password: &'a str,
        from: Option<IpAddr>,
    },
}

/// For how long an answer may be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// As that of a token, which has an end of its own.
    Token,
    /// Of what is revoked rather than left to expire: API keys and passwords.
    Short,
}

/// SHA-256 over a random value of this process and the question: stands for the credential, which is kept nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

/// Makes the hashes of one process, which are of no use in another.
pub(super) struct Salt([u8; 32]);

/// Our issuer's `token_type_hint` for API keys (RFC 7662 §2.1). Of other tokens this API knows no type.
const API_KEY: &str = "api_key";
/// The parameter of our issuer that asks about a key by its id, and for what signatures are verified with. Without it an id is no
/// key, and no token either.
const PURPOSE: (&str, &str) = ("purpose", "http_message_signature");
/// The value that asks our issuer about a user name and a password.
const BASIC: &str = "http_basic";

impl<'a> Question<'a> {
    pub(super) fn memory(&self) -> Memory {
        match self {
            Self::Token(..) => Memory::Token,
            Self::ApiKey(_) | Self::ApiKeyId(_) | Self::Password { .. } => Memory::Short,
        }
    }

    pub(super) fn parameters(&self) -> Vec<(&'static str, Cow<'a, str>)> {
        match *self {
            Self::Token(token) => vec![("token", token.into())],
            Self::ApiKey(key) => vec![("token", key.expose().into()), ("token_type_hint", API_KEY.into())],
            Self::ApiKeyId(id) => vec![("token", format!("{PREFIX}{id}").into()), (PURPOSE.0, PURPOSE.1.into())],
            Self::Password { username, password, from } => {
                let mut asked =
                    vec![(PURPOSE.0, BASIC.into()), ("username", username.into()), ("password", password.into())];
                asked.extend(from.map(|from| ("caller_address", from.to_string().into())));
                asked
            }
        }
    }
}

impl Salt {
    pub(super) fn draw() -> Self {
        Self(jwt::random::bytes())
    }

    pub(super) fn key(&self, question: &Question<'_>) -> Key {
        let (kind, first, second) = match question {
            Question::Token(token) => (0, *token, ""),
            Question::ApiKey(key) => (1, key.expose(), ""),
            Question::ApiKeyId(id) => (2, id.as_str(), ""),
            // From where it comes changes nothing about whose it is.
            Question::Password { username, password, .. } => (3, *username, *password),
        };
        let hash = Sha256::new()
            .chain_update(self.0)
            .chain_update([kind])
            .chain_update(first.len().to_be_bytes())
            .chain_update(first)
            .chain_update(second);
        Key(hash.finalize().into())
    }
}

#[cfg(test)]
pub(super) fn sample_key(number: u8) -> Key {
    Key([number; 32])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn password<'a>(username: &'a str, password: &'a str) -> Question<'a> {
        Question::Password { username, password, from: None }
    }

    #[test]
    fn the_parameters_have_the_names_of_the_rfc() {
        let written = |question: Question<'_>| {
            question.parameters().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
        };
        assert_eq!(written(Question::Token("t")), "token=t");
        let key = ApiKey::assemble("0123456789abcdEF", "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345").expect("is one");
        assert_eq!(written(Question::ApiKey(&key)), format!("token={}&token_type_hint=api_key", key.expose()));
        let expected = "token=cs_key_0123456789abcdEF&purpose=http_message_signature";
        assert_eq!(written(Question::ApiKeyId(&key.id)), expected);
        assert_eq!(written(password("ada", "s")), "purpose=http_basic&username=ada&password=s");
        let from = Some("2001:db8::7".parse().expect("is an address"));
        let asked = Question::Password { username: "ada", password: "s", from };
        assert_eq!(written(asked), "purpose=http_basic&username=ada&password=s&caller_address=2001:db8::7");
    }

    #[test]
    fn different_kinds_of_question_are_remembered_apart() {
        let salt = Salt::draw();
        let id = ApiKeyId::parse("0123456789abcdEF").expect("is one");
        let keys = [Question::Token(id.as_str()), Question::ApiKeyId(&id), password(id.as_str(), "")];
        let keys = keys.map(|question| salt.key(&question));
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
        let from = Some(IpAddr::from([192, 0, 2, 7]));
        assert!(keys[2] == salt.key(&Question::Password { username: id.as_str(), password: "", from }));
        assert!(keys[0] != Salt::draw().key(&Question::Token(id.as_str())), "another process, another hash");
    }

    proptest! {
        #[test]
        fn only_the_same_question_has_the_same_key(a in "[ab]{0,3}", b in "[ab]{0,3}", c in "[ab]{0,3}", d in "[ab]{0,3}") {
            let salt = Salt::draw();
            prop_assert_eq!(salt.key(&password(&a, &b)) == salt.key(&password(&c, &d)), (&a, &b) == (&c, &d));
            let (one, other) = (Question::Token(&a), Question::Token(&c));
            prop_assert_eq!(salt.key(&one) == salt.key(&other), a == c);
        }
    }
}
