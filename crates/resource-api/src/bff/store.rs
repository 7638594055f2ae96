//! What keeps sessions: the trait that a service brings an implementation of. One for a single process is in `memory.rs`, one over
//! a database in the example service (`service/sessions.rs`).
//!
//! Every method is one atomic step, so that several servers may share a store: a change names the version that it was made
//! from, and a session that was ended never comes back. Keys are hashes; the sessions hold tokens, so a store that writes to
//! disk should seal them. What each one has to obey is tested by `testkit/session_store.rs`.

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
    /// It was made, by this caller alone.
    Yes,
    /// The session is gone, has another version, or is one that the issuer has ended.
    No,
}

/// A verified logout token (OpenID Connect Back-Channel Logout 1.0 §2.4). It has a `sid`, a `sub`, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutNotice {
    /// SHA-256 of its `jti` in base64url.
    pub jti_hash: String,
    /// Which session of the issuer ended.
    pub sid: Option<String>,
    /// Whose sessions ended; all of them where no `sid` is told.
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

/// Sessions of one client at one issuer, by the hash of their ids. Shared by all workers and, over a database, by all instances.
///
/// Whoever writes one tests it with `check_session_store` of the `testkit` (features `testkit` and `bff`).
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
