//! A sign-in that is under way: what must be remembered until the person is back, in a cookie that only this server can read.
//!
//! The cookie binds the answer to the browser that asked (RFC 9700 §4.7, OpenID Connect Core §3.1.2.1), so nobody can hand
//! over an answer of his own. It costs no memory, so nobody can fill it up either. One cookie per window, a few at most.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt::sealed::{Purpose, open_for, seal_for};
use jwt::secrets::Secrets;
use protocol::secret::TokenHash;
use protocol::time::{Seconds, Timestamp};
use serde::{Deserialize, Serialize};

use crate::bff::return_to::ReturnTo;

/// How long a person may take at the issuer.
pub(crate) const LIFETIME: Seconds = Seconds::minutes(15);
/// Sign-ins of one browser at a time; the oldest makes room.
pub(crate) const AT_MOST: usize = 4;
const TAG: usize = 8;

#[derive(Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) state: String,
    pub(crate) nonce: String,
    /// RFC 7636 §4.1.
    pub(crate) verifier: String,
    pub(crate) return_to: ReturnTo,
    /// How long ago the person may have proven who they are at most (OpenID Connect Core §3.1.2.1), if that was asked for.
    pub(crate) max_age: Option<Seconds>,
    pub(crate) began_at: Timestamp,
}

impl Pending {
    /// Three secrets of 256 bits each.
    pub(crate) fn begin(return_to: ReturnTo, now: Timestamp) -> Self {
        let random = || URL_SAFE_NO_PAD.encode(jwt::random::bytes::<32>());
        Self { state: random(), nonce: random(), verifier: random(), return_to, max_age: None, began_at: now }
    }

    /// Names the cookie.
    pub(crate) fn tag(&self) -> &str {
        tag(&self.state).unwrap_or_default()
    }

    /// With the first of the keys, of which there is at least one.
    pub(crate) fn seal(&self, secrets: &[Secrets]) -> String {
        secrets.first().map(|secrets| seal_for(Purpose::SignIn, secrets, self)).unwrap_or_default()
    }

    /// With any of the keys. `None` for what was not sealed here, and for what is too old.
    pub(crate) fn open(sealed: &str, secrets: &[Secrets], now: Timestamp) -> Option<Self> {
        let pending: Self = secrets.iter().find_map(|secrets| open_for(Purpose::SignIn, secrets, sealed))?;
        let age = now.since(pending.began_at);
        (age < LIFETIME && age > Seconds(-60)).then_some(pending)
    }

    /// Whether an answer with this `state` is the answer to this request. In constant time.
    pub(crate) fn is_answered_by(&self, state: &str) -> bool {
        TokenHash::of(self.state.as_bytes()).matches(state.as_bytes())
    }
}

/// The part of a `state` that names the cookie; `None` for what no `state` of ours begins with.
pub(crate) fn tag(state: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    state.get(..TAG).filter(|tag| tag.bytes().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bff::session::tests::NOW;

    fn pending() -> Pending {
        Pending::begin(ReturnTo::parse("/notes", "https://app.example").unwrap(), NOW)
    }

    fn secrets() -> Vec<Secrets> {
        vec![Secrets::from_master(&jwt::random::bytes())]
    }

    #[test]
    fn a_new_key_seals_and_an_old_one_opens() {
        let (old, mut both) = (secrets(), secrets());
        let sealed = pending().seal(&old);
        assert!(Pending::open(&sealed, &both, NOW).is_none());
        both.extend(old);
        assert!(Pending::open(&sealed, &both, NOW).is_some());
        assert!(Pending::open(&pending().seal(&both), &both[1..], NOW).is_none());
    }

    #[test]
    fn what_was_sealed_is_opened_until_it_is_too_old() {
        let (secrets, pending) = (secrets(), pending());
        let sealed = pending.seal(&secrets);
        let open = |at| Pending::open(&sealed, &secrets, at);
        let opened = open(NOW + Seconds(899)).unwrap();
        assert!(opened.is_answered_by(&pending.state) && !opened.is_answered_by(&pending.nonce));
        assert!(open(NOW + Seconds(900)).is_none() && open(NOW - Seconds(60)).is_none());
        assert!(!sealed.contains(&pending.state) && sealed.len() < 900, "{}", sealed.len());
    }

    #[test]
    fn what_was_changed_or_sealed_elsewhere_is_not_opened() {
        let keys = secrets();
        let sealed = pending().seal(&keys);
        assert!(Pending::open(&sealed, &secrets(), NOW).is_none());
        for at in 0..sealed.len() {
            let other = if sealed.as_bytes()[at] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &sealed[..at], &sealed[at + 1..]);
            assert!(Pending::open(&changed, &keys, NOW).is_none(), "character {at}");
            assert!(Pending::open(&sealed[..at], &keys, NOW).is_none());
        }
        let confirmation = seal_for(Purpose::Confirmation, &keys[0], &pending());
        assert!(Pending::open(&confirmation, &keys, NOW).is_none(), "for another purpose");
    }

    #[test]
    fn each_sign_in_has_secrets_of_its_own() {
        let (one, other) = (pending(), pending());
        let all = [&one.state, &one.nonce, &one.verifier, &other.state, &other.nonce, &other.verifier];
        for (at, secret) in all.iter().enumerate() {
            assert_eq!(secret.len(), 43);
            assert!(!all[..at].contains(secret));
        }
        assert_eq!(one.tag(), tag(&one.state).unwrap());
        for state in ["", "short", "with spa", "ääääääää", "a;b=c;d="] {
            assert_eq!(tag(state), None, "{state}");
        }
    }
}
