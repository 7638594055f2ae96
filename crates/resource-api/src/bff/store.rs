//! What keeps sessions: the trait that a service brings an implementation of. One for a single process is in `memory.rs`, one over
//! a database in the example service (`service/sessions.rs`).
//!
//! Every method is one atomic step, so that several servers may share a store: a change names the version that it was made
//! from, and a session that was ended never comes back. Keys are hashes; the sessions hold tokens, so a store that writes to
//! disk should seal them.

use std::error::Error;

use futures_util::future::BoxFuture;
use protocol::time::Timestamp;

use crate::bff::session::{SessionKey, StoredSession};

/// What a store answers, sometime.
pub type StoreAnswer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The store cannot be asked. For the log; browsers are told to come back.
#[derive(Debug, thiserror::Error)]
#[error("the session store failed: {0}")]
pub struct StoreError(#[from] pub Box<dyn Error + Send + Sync>);

/// Whether a conditional change was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    Yes,
    /// The session is gone, has another version, or is one that the issuer has ended.
    No,
}

/// A verified logout token (OpenID Connect Back-Channel Logout 1.0 §2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutNotice {
    /// SHA-256 of its `jti` in base64url.
    pub jti_hash: String,
    pub sid: Option<String>,
    pub sub: Option<String>,
    /// When it came.
    pub at: Timestamp,
    /// So long all of this is to be remembered at least.
    pub remember_until: Timestamp,
}

impl LogoutNotice {
    /// Whether a session that is about to be kept is one that was ended while its sign-in was under way: the one with that
    /// `sid`, whenever; or one that is meant by its `sub` and began before the notice came.
    pub fn forbids(&self, session: &StoredSession) -> bool {
        let by_sid = self.sid.is_some() && self.sid == session.sid;
        session.is_meant(self.sid.as_deref(), self.sub.as_deref()) && (by_sid || session.created_at <= self.at)
    }
}

/// What became of a logout token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedOut {
    /// So many sessions were ended, perhaps none.
    Sessions(u64),
    /// A token with this `jti` was here before; nothing was done.
    Replayed,
}

/// Sessions of one client at one issuer, by the hash of their ids. Object safe and shared by all workers.
pub trait SessionStore: Send + Sync + 'static {
    /// Keeps a new session. [`Changed::No`] when a logout token that is still remembered forbids it
    /// ([`LogoutNotice::forbids`]): the logout came while the sign-in was under way.
    fn insert(&self, key: SessionKey, session: StoredSession) -> StoreAnswer<'_, Changed>;

    /// The session as it stands, perhaps over already; callers look at its times.
    fn load<'a>(&'a self, key: &'a SessionKey) -> StoreAnswer<'a, Option<StoredSession>>;

    /// Replaces all but `idle_ends_at`, if the session is there and has the version `from`. `session` has a higher one.
    fn replace<'a>(&'a self, key: &'a SessionKey, from: u64, session: StoredSession) -> StoreAnswer<'a, Changed>;

    /// Moves `idle_ends_at`, never back, and nothing else; not a change of version. Nothing happens to a session that is gone.
    fn touch<'a>(&'a self, key: &'a SessionKey, idle_ends_at: Timestamp) -> StoreAnswer<'a, ()>;

    /// Takes a session out; of two callers one gets it.
    fn remove<'a>(&'a self, key: &'a SessionKey) -> StoreAnswer<'a, Option<StoredSession>>;

    /// Remembers `jti_hash`, `sid` and `sub`, and ends every session that is meant ([`StoredSession::is_meant`]): all or nothing.
    fn log_out<'a>(&'a self, notice: &'a LogoutNotice) -> StoreAnswer<'a, LoggedOut>;

    /// Throws away what is over at `now`. Called now and then.
    fn sweep(&self, now: Timestamp) -> StoreAnswer<'_, ()>;
}

/// What every implementation has to obey; each runs it in its own tests.
#[cfg(test)]
pub(crate) mod conformance {
    use super::*;
    use crate::bff::session::SessionId;
    use crate::bff::session::tests::{NOW, sample};
    use futures_util::future::join_all;
    use protocol::time::Seconds;

    /// One that began after the logout tokens of [`notice`] came.
    fn later(sub: &str, sid: Option<&str>) -> StoredSession {
        StoredSession { created_at: NOW + Seconds(1), ..sample(sub, sid) }
    }

    fn key() -> SessionKey {
        SessionId::new().key()
    }

    fn notice(jti: &str, sid: Option<&str>, sub: Option<&str>) -> LogoutNotice {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let remember_until = NOW + Seconds(120);
        LogoutNotice { jti_hash: jti.to_owned(), sid: text(sid), sub: text(sub), at: NOW, remember_until }
    }

    /// Panics where the store, which is empty, does otherwise.
    pub(crate) async fn check(store: &dyn SessionStore) {
        changes_name_their_version(store).await;
        what_is_removed_stays_away(store).await;
        a_use_moves_only_the_idle_end(store).await;
        logout_tokens_end_what_they_mean(store).await;
        no_session_begins_after_what_ended_it(store).await;
        of_many_changes_at_once_one_is_made(store).await;
        sweeping_takes_what_is_over(store).await;
    }

    async fn changes_name_their_version(store: &dyn SessionStore) {
        let key = key();
        assert!(store.load(&key).await.unwrap().is_none());
        assert_eq!(store.insert(key.clone(), sample("ada", None)).await.unwrap(), Changed::Yes);
        let loaded = store.load(&key).await.unwrap().unwrap();
        assert_eq!(loaded.tokens.access_token.expose(), "an access token");
        let next = StoredSession { version: 2, refreshing_until: Some(NOW), ..loaded };
        assert_eq!(store.replace(&key, 1, next.clone()).await.unwrap(), Changed::Yes);
        assert_eq!(store.replace(&key, 1, next.clone()).await.unwrap(), Changed::No, "made from an old version");
        assert_eq!(store.load(&key).await.unwrap().unwrap().refreshing_until, Some(NOW));
        store.remove(&key).await.unwrap();
        assert_eq!(store.replace(&key, 2, next).await.unwrap(), Changed::No, "it does not come back");
        assert!(store.load(&key).await.unwrap().is_none());
    }

    async fn what_is_removed_stays_away(store: &dyn SessionStore) {
        let key = key();
        store.insert(key.clone(), sample("ada", None)).await.unwrap();
        assert!(store.remove(&key).await.unwrap().is_some());
        assert!(store.remove(&key).await.unwrap().is_none(), "one caller gets it");
        store.touch(&key, NOW + Seconds::days(1)).await.unwrap();
        assert!(store.load(&key).await.unwrap().is_none());
    }

    async fn a_use_moves_only_the_idle_end(store: &dyn SessionStore) {
        let key = key();
        store.insert(key.clone(), sample("ada", None)).await.unwrap();
        let moved = NOW + Seconds::hours(2);
        store.touch(&key, moved).await.unwrap();
        store.touch(&key, NOW).await.unwrap();
        let touched = store.load(&key).await.unwrap().unwrap();
        assert_eq!((touched.idle_ends_at, touched.version), (moved, 1), "never back");
        let stale = StoredSession { version: 2, idle_ends_at: NOW, ..touched };
        assert_eq!(store.replace(&key, 1, stale).await.unwrap(), Changed::Yes);
        assert_eq!(store.load(&key).await.unwrap().unwrap().idle_ends_at, moved);
        store.remove(&key).await.unwrap();
    }

    async fn logout_tokens_end_what_they_mean(store: &dyn SessionStore) {
        let (one, two, bobs) = (key(), key(), key());
        store.insert(one.clone(), sample("ada", Some("s1"))).await.unwrap();
        store.insert(two.clone(), sample("ada", Some("s2"))).await.unwrap();
        store.insert(bobs.clone(), sample("bob", Some("s3"))).await.unwrap();
        let by_sid = notice("j1", Some("s1"), Some("ada"));
        assert_eq!(store.log_out(&by_sid).await.unwrap(), LoggedOut::Sessions(1));
        assert!(store.load(&one).await.unwrap().is_none() && store.load(&two).await.unwrap().is_some());
        assert_eq!(store.log_out(&by_sid).await.unwrap(), LoggedOut::Replayed);
        let late = store.insert(key(), sample("ada", Some("s1"))).await.unwrap();
        assert_eq!(late, Changed::No, "a sign-in that was under way");
        assert_eq!(store.log_out(&notice("j2", None, Some("ada"))).await.unwrap(), LoggedOut::Sessions(1));
        assert!(store.load(&two).await.unwrap().is_none() && store.load(&bobs).await.unwrap().is_some());
        assert_eq!(store.log_out(&notice("j3", Some("unknown"), None)).await.unwrap(), LoggedOut::Sessions(0));
        assert_eq!(store.insert(one.clone(), later("ada", Some("s9"))).await.unwrap(), Changed::Yes, "she comes again");
        store.remove(&one).await.unwrap();
        store.remove(&bobs).await.unwrap();
    }

    async fn no_session_begins_after_what_ended_it(store: &dyn SessionStore) {
        let begins = async |session: StoredSession| {
            let key = key();
            let changed = store.insert(key.clone(), session).await.unwrap();
            assert_eq!(store.remove(&key).await.unwrap().is_some(), changed == Changed::Yes);
            changed == Changed::Yes
        };
        store.log_out(&notice("b1", None, Some("dan"))).await.unwrap();
        assert!(!begins(sample("dan", Some("d1"))).await && !begins(sample("dan", None)).await);
        assert!(begins(later("dan", Some("d1"))).await, "she signed in afterwards");
        store.log_out(&notice("b2", Some("e1"), Some("eve"))).await.unwrap();
        assert!(!begins(later("eve", Some("e1"))).await, "the same session of the issuer");
        assert!(!begins(sample("eve", None)).await, "it may be this one");
        assert!(begins(sample("eve", Some("e2"))).await && begins(later("eve", None)).await);
        assert!(begins(sample("fay", Some("f1"))).await, "somebody else");
    }

    async fn of_many_changes_at_once_one_is_made(store: &dyn SessionStore) {
        let key = key();
        store.insert(key.clone(), later("ada", None)).await.unwrap();
        let next = StoredSession { version: 2, ..later("ada", None) };
        let all = join_all((0..16).map(|_| store.replace(&key, 1, next.clone()))).await;
        assert_eq!(all.into_iter().filter(|changed| *changed.as_ref().unwrap() == Changed::Yes).count(), 1);
        let all = join_all((0..16).map(|_| store.remove(&key))).await;
        assert_eq!(all.into_iter().filter(|removed| removed.as_ref().unwrap().is_some()).count(), 1);
    }

    async fn sweeping_takes_what_is_over(store: &dyn SessionStore) {
        let (idle, old, live) = (key(), key(), key());
        let (end, far) = (NOW + Seconds::hours(2), NOW + Seconds::days(2));
        store.insert(idle.clone(), later("ada", None)).await.unwrap();
        let mut session = later("ada", None);
        (session.idle_ends_at, session.ends_at) = (far, end);
        store.insert(old.clone(), session.clone()).await.unwrap();
        session.ends_at = far;
        store.insert(live.clone(), session).await.unwrap();
        store.sweep(end).await.unwrap();
        assert!(store.load(&idle).await.unwrap().is_none() && store.load(&old).await.unwrap().is_none());
        assert!(store.load(&live).await.unwrap().is_some());
        // What had to be remembered is forgotten.
        assert_eq!(store.log_out(&notice("j1", Some("s1"), None)).await.unwrap(), LoggedOut::Sessions(0));
        store.remove(&live).await.unwrap();
    }
}
