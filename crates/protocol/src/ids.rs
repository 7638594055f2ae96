//! The names of things: one newtype per kind of id, so that a session id can never be passed as a grant id.
//!
//! An id is not a secret. Ids that we make are 16 random bytes in base64url; ids from elsewhere (a client id in a request) are
//! accepted when they are 1 to 255 visible ASCII characters without quote and backslash: narrower than RFC 6749 appendix A.1,
//! and safe in headers and logs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const MAX_LENGTH: usize = 255;

/// The text is not an id. Says which kind was expected and never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {kind} has 1 to 255 visible ASCII characters without quote and backslash")]
pub struct InvalidId {
    pub kind: &'static str,
}

macro_rules! id {
    ($(#[$about:meta])* $name:ident, $kind:literal) => {
        $(#[$about])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                if is_id(text) { Ok(Self(text.to_owned())) } else { Err(InvalidId { kind: $kind }) }
            }

            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(URL_SAFE_NO_PAD.encode(bytes))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A registered client (RFC 6749 §2.2).
    ClientId, "client id"
);
id!(
    /// A person. It is their public subject (`sub`) too, so it never changes and is never given to somebody else.
    UserId, "user id"
);
id!(
    /// A browser's session at this server. Clients call it otherwise, each in its own way (`logout/sid.rs`).
    SessionId, "session id"
);
id!(
    /// One authorization: the row that a code, its tokens and their successors belong to.
    GrantId, "grant id"
);
id!(
    /// One authorization request on its way through login and consent.
    InteractionId, "interaction id"
);
id!(
    /// A signing key: the `kid` header (RFC 7515 §4.1.4).
    KeyId, "key id"
);
id!(
    /// One access token: its `jti` claim (RFC 7519 §4.1.7).
    TokenId, "token id"
);
id!(
    /// One entry of the log that a person sees of their account.
    SecurityEventId, "id of a security event"
);
id!(
    /// One token that lets somebody register clients (RFC 7591 §3).
    InitialAccessTokenId, "id of an initial access token"
);
id!(
    /// A browser that signed in as one person before.
    KnownBrowserId, "id of a known browser"
);
id!(
    /// One link or code that was sent to somebody (`action_token.rs`).
    ActionTokenId, "id of an action token"
);
id!(
    /// One mail to somebody.
    MailId, "mail id"
);
id!(
    /// One challenge that waits for an authenticator (`passkey.rs`).
    CeremonyId, "id of a ceremony"
);

fn is_id(text: &str) -> bool {
    (1..=MAX_LENGTH).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_is_neither_empty_nor_longer_than_255() {
        assert!(ClientId::parse("").is_err());
        assert!(ClientId::parse(&"a".repeat(255)).is_ok());
        assert!(ClientId::parse(&"a".repeat(256)).is_err());
    }

    #[test]
    fn spaces_quotes_backslashes_and_controls_are_no_part_of_an_id() {
        for text in ["a b", "a\"b", "a\\b", "a\nb", "a\0b", "ä", "a\u{7f}"] {
            assert_eq!(UserId::parse(text), Err(InvalidId { kind: "user id" }), "{text:?}");
        }
    }

    #[test]
    fn reading_json_obeys_the_same_rule() {
        assert!(serde_json::from_str::<GrantId>("\"g1\"").is_ok());
        assert!(serde_json::from_str::<GrantId>("\"g 1\"").is_err());
    }

    #[test]
    fn the_debug_form_names_the_kind() {
        assert_eq!(format!("{:?}", KeyId::parse("k1").expect("is an id")), "KeyId(k1)");
    }

    proptest! {
        #[test]
        fn a_random_id_has_22_characters_and_reads_back(bytes: [u8; 16]) {
            let id = TokenId::from_random(bytes);
            prop_assert_eq!(id.as_str().len(), 22);
            prop_assert_eq!(TokenId::parse(&id.to_string()), Ok(id));
        }

        #[test]
        fn no_text_makes_the_parser_panic_and_what_it_takes_it_keeps(text: String) {
            if let Ok(id) = SessionId::parse(&text) {
                prop_assert_eq!(id.as_str(), text);
            }
        }
    }
}
