//! The session of a browser: its id, which only the cookie has, and what the server keeps under the hash of that id.
//!
//! The id has 256 random bits and is new at each sign-in. Tokens stay on the server; nothing here shows one in `Debug`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::secret::{SecretString, TokenHash};
use protocol::time::{Seconds, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

/// For so long the issuer is not asked for a new access token, however long the old one lives.
const LONGEST_UNASKED: Seconds = Seconds::minutes(10);

/// What the cookie holds: 43 characters of base64url. The server forgets it once it is sent.
pub(crate) struct SessionId(SecretString);

/// SHA-256 of a session id in base64url, 43 characters: the key of the store.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionKey(String);

/// A token, or something else that must not be seen. Silent in `Debug`, wiped on drop; written out only for the store.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct TokenText(SecretString);

/// One session as the store keeps it. All of it is JSON; a store may keep the parts that it looks up by in columns of their
/// own: `sub`, `sid`, `version`, `idle_ends_at`, `ends_at`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredSession {
    /// Who is signed in, at the one issuer.
    pub sub: String,
    /// What the issuer calls its session (Front-Channel Logout 1.0 §3), if it says so.
    pub sid: Option<String>,
    /// Counts changes; see [`SessionStore::replace`](crate::bff::SessionStore::replace).
    pub version: u64,
    /// When its sign-in came back from the issuer, just before the code was redeemed.
    pub created_at: Timestamp,
    /// Over at this time unless it is used before; moved by [`SessionStore::touch`](crate::bff::SessionStore::touch).
    pub idle_ends_at: Timestamp,
    /// Over at this time in any case.
    pub ends_at: Timestamp,
    /// What the front end may show.
    pub person: Person,
    /// What acts for the person; to be sealed by a store that writes to disk.
    pub tokens: Tokens,
    /// Some server is asking for new tokens and has until then; nobody else asks meanwhile.
    pub refreshing_until: Option<Timestamp>,
    /// When the issuer last said of an access token of this session that it is worth nothing.
    #[serde(default)]
    pub doubted_at: Option<Timestamp>,
}

/// What the front end may show of the person (OpenID Connect Core §5.1). All of it is the issuer's word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The whole name, as it is to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the person wants to be called; neither unique nor stable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// The preferred address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the issuer saw that it is theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// The URL of an image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// A language tag (BCP 47), as `de-AT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

/// What the issuer gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tokens {
    /// What the API gets.
    pub access_token: TokenText,
    /// When it ends, by `expires_in`.
    pub access_expires_at: Timestamp,
    /// From then on a new one is asked for.
    pub refresh_at: Timestamp,
    /// Exchanged for the next one at each refresh (RFC 6749 §6); without one the session ends with its access token.
    pub refresh_token: Option<TokenText>,
    /// For the logout at the issuer (`id_token_hint`).
    pub id_token: TokenText,
    /// Of the sign-in: a later ID token must not have another (OpenID Connect Core §12.2).
    pub nonce: TokenText,
    /// Granted, separated by spaces.
    pub scope: Option<String>,
}

/// What a request with a session cookie may act with. The access token is still to be validated like any bearer token.
#[derive(Clone, Debug)]
pub struct BffSession {
    /// Lives for some seconds yet at least.
    pub access_token: TokenText,
    /// When it ends.
    pub access_expires_at: Timestamp,
    /// Who is signed in, at the issuer of the [`BffConfig`](crate::bff::BffConfig).
    pub sub: String,
    /// The session is over then, whatever happens.
    pub ends_at: Timestamp,
}

impl SessionId {
    pub(crate) fn new() -> Self {
        Self(SecretString::new(URL_SAFE_NO_PAD.encode(jwt::random::bytes::<32>())))
    }

    /// Only the exact form that [`Self::new`] makes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // A hash is 32 bytes of base64url too; this borrows its strict reading.
        TokenHash::parse(text).ok().map(|_| Self(SecretString::new(text.to_owned())))
    }

    pub(crate) fn key(&self) -> SessionKey {
        SessionKey(TokenHash::of(self.0.expose().as_bytes()).as_str().to_owned())
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl SessionKey {
    /// 43 characters of base64url; opens nothing.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A prefix that finds the line in a log and opens nothing.
impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({}…)", self.0.get(..6).unwrap_or_default())
    }
}

impl TokenText {
    /// Of what a store kept.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::new(text.into()))
    }

    /// The text, for whoever really needs it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText([redacted])")
    }
}

impl Serialize for TokenText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl Tokens {
    /// When to ask for a new access token: `before` its end, or at half of its life if that is later. After ten minutes in any
    /// case: the issuer's answer is how a front end without back-channel logout hears that the session is over there.
    pub(crate) fn refresh_at(received: Timestamp, lifetime: Seconds, before: Seconds) -> Timestamp {
        received + Seconds((lifetime - before).0.max(lifetime.0 / 2)).min(LONGEST_UNASKED)
    }

    /// Whether the access token can be handed out without asking for another one.
    pub(crate) fn are_fresh(&self, now: Timestamp) -> bool {
        now < self.refresh_at || (self.refresh_token.is_none() && now < self.access_expires_at)
    }

    /// Whether the access token still lives long enough for the request that it is for.
    pub(crate) fn are_usable(&self, now: Timestamp) -> bool {
        now + Seconds(5) < self.access_expires_at
    }
}

impl StoredSession {
    /// Whether it has reached one of its ends.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.ends_at || now >= self.idle_ends_at
    }

    /// Whether a logout token with these claims means this session (Back-Channel Logout 1.0 §2.7): the one with that `sid`,
    /// or, when the token or the session has none, all of that person.
    pub fn is_meant(&self, sid: Option<&str>, sub: Option<&str>) -> bool {
        match (sid, self.sid.as_deref()) {
            (Some(meant), Some(mine)) => meant == mine,
            _ => sub.is_some_and(|sub| sub == self.sub),
        }
    }

    pub(crate) fn handed_out(&self) -> BffSession {
        BffSession {
            access_token: self.tokens.access_token.clone(),
            access_expires_at: self.tokens.access_expires_at,
            sub: self.sub.clone(),
            ends_at: self.ends_at,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) use crate::testkit::session_store::{NOW, sample};

    #[test]
    fn an_id_is_random_and_its_key_is_another_text() {
        let (one, other) = (SessionId::new(), SessionId::new());
        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.expose().len(), 43);
        assert_ne!(one.key().as_str(), one.expose());
        assert_eq!(SessionId::parse(one.expose()).expect("is an id").key(), one.key());
    }

    #[test]
    fn only_ids_of_ours_are_read() {
        let good = SessionId::new();
        let good = good.expose();
        for wrong in [
            String::new(),
            good[1..].to_owned(),
            format!("{good}A"),
            format!("{good}="),
            format!("{} {}", &good[..20], &good[21..]),
            "ä".repeat(22),
            // The last of 43 characters has four bits only.
            format!("{}_", &good[..42]),
        ] {
            assert!(SessionId::parse(&wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn nothing_secret_shows_and_the_store_gets_all_of_it() {
        let session = sample("ada", Some("s1"));
        let shown = format!("{session:?} {:?} {:?}", session.handed_out(), SessionId::new().key());
        for secret in ["an access token", "a refresh token", "an ID token", "a nonce"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        let json = serde_json::to_string(&session).expect("is JSON");
        let back: StoredSession = serde_json::from_str(&json).expect("is a session");
        assert_eq!(back.tokens.refresh_token.expect("is there").expose(), "a refresh token");
        assert_eq!((back.sub, back.sid, back.ends_at), (session.sub, session.sid, session.ends_at));
    }

    #[test]
    fn a_session_is_over_at_either_limit() {
        let session = sample("ada", None);
        assert!(!session.is_over(NOW));
        assert!(!session.is_over(NOW + Seconds(3599)));
        assert!(session.is_over(NOW + Seconds(3600)), "idle");
        let used = StoredSession { idle_ends_at: NOW + Seconds::days(9), ..session };
        assert!(!used.is_over(NOW + Seconds::hours(24) - Seconds(1)));
        assert!(used.is_over(NOW + Seconds::hours(24)), "absolute");
    }

    #[test]
    fn a_logout_token_means_a_session_or_a_person() {
        let session = sample("ada", Some("s1"));
        assert!(session.is_meant(Some("s1"), None) && session.is_meant(Some("s1"), Some("ada")));
        assert!(session.is_meant(None, Some("ada")));
        assert!(!session.is_meant(Some("s2"), Some("ada")), "another session of hers goes on");
        assert!(!session.is_meant(None, Some("bob")) && !session.is_meant(None, None));
        let nameless = sample("ada", None);
        assert!(nameless.is_meant(Some("s1"), Some("ada")), "it may be this one");
        assert!(!nameless.is_meant(Some("s1"), None));
    }

    #[test]
    fn short_tokens_are_not_asked_for_all_the_time() {
        let at = |lifetime| Tokens::refresh_at(NOW, Seconds(lifetime), Seconds(30)).since(NOW).0;
        assert_eq!((at(300), at(60), at(40), at(10), at(0)), (270, 30, 20, 5, 0));
        assert_eq!((at(630), at(631), at(86_400)), (600, 600, 600), "the issuer may have ended the session");
        let tokens = sample("ada", None).tokens;
        assert!(tokens.are_fresh(NOW + Seconds(269)) && !tokens.are_fresh(NOW + Seconds(270)));
        assert!(tokens.are_usable(NOW + Seconds(294)) && !tokens.are_usable(NOW + Seconds(295)));
        let without = Tokens { refresh_token: None, ..tokens };
        assert!(without.are_fresh(NOW + Seconds(299)) && !without.are_fresh(NOW + Seconds(300)));
    }
}
