//! Sessions in the memory of one process: gone after a restart, bounded, swept.
//!
//! One mutex around plain maps: nothing is awaited under it, and each step touches one entry, except a logout by `sub` or
//! `sid`, which looks at all.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::ready;
use protocol::time::Timestamp;

use crate::bff::session::{SessionKey, StoredSession};
use crate::bff::store::{Changed, LoggedOut, LogoutNotice, SessionStore, StoreAnswer};

/// Sessions of one person, so that no account pushes out those of others.
const PER_PERSON: usize = 64;
/// Sessions of all. A session is some kilobytes.
const AT_MOST: usize = 100_000;

/// A [`SessionStore`] for development and for services of one process.
#[derive(Debug)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
    at_most: usize,
}

#[derive(Debug, Default)]
struct Kept {
    sessions: HashMap<SessionKey, StoredSession>,
    /// By `jti`, each until it may be forgotten.
    notices: HashMap<String, LogoutNotice>,
}

impl MemoryStore {
    /// Room for 100,000 sessions, and for 64 of one person.
    pub fn new() -> Self {
        Self::with_room_for(AT_MOST)
    }

    /// When it is full, the sessions that were not used for the longest time make room.
    pub fn with_room_for(sessions: usize) -> Self {
        Self { kept: Mutex::default(), at_most: sessions.max(1) }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

fn now<T: Send + 'static>(value: T) -> StoreAnswer<'static, T> {
    Box::pin(ready(Ok(value)))
}

impl SessionStore for MemoryStore {
    fn insert(&self, key: SessionKey, session: StoredSession) -> StoreAnswer<'_, Changed> {
        let mut kept = self.kept();
        if kept.notices.values().any(|notice| notice.forbids(&session)) {
            return now(Changed::No);
        }
        kept.make_room(&session.sub, self.at_most);
        kept.sessions.insert(key, session);
        now(Changed::Yes)
    }

    fn load<'a>(&'a self, key: &'a SessionKey) -> StoreAnswer<'a, Option<StoredSession>> {
        now(self.kept().sessions.get(key).cloned())
    }

    fn replace<'a>(&'a self, key: &'a SessionKey, from: u64, mut session: StoredSession) -> StoreAnswer<'a, Changed> {
        let mut kept = self.kept();
        match kept.sessions.get_mut(key) {
            Some(held) if held.version == from => {
                session.idle_ends_at = held.idle_ends_at;
                *held = session;
                now(Changed::Yes)
            }
            _ => now(Changed::No),
        }
    }

    fn touch<'a>(&'a self, key: &'a SessionKey, idle_ends_at: Timestamp) -> StoreAnswer<'a, ()> {
        if let Some(held) = self.kept().sessions.get_mut(key) {
            held.idle_ends_at = held.idle_ends_at.max(idle_ends_at);
        }
        now(())
    }

    fn remove<'a>(&'a self, key: &'a SessionKey) -> StoreAnswer<'a, Option<StoredSession>> {
        now(self.kept().sessions.remove(key))
    }

    fn log_out<'a>(&'a self, notice: &'a LogoutNotice) -> StoreAnswer<'a, LoggedOut> {
        let mut kept = self.kept();
        if kept.notices.contains_key(&notice.jti_hash) {
            return now(LoggedOut::Replayed);
        }
        kept.notices.insert(notice.jti_hash.clone(), notice.clone());
        let before = kept.sessions.len();
        kept.sessions.retain(|_, session| !session.is_meant(notice.sid.as_deref(), notice.sub.as_deref()));
        let ended = before - kept.sessions.len();
        now(LoggedOut::Sessions(ended.try_into().unwrap_or(u64::MAX)))
    }

    fn sweep(&self, at: Timestamp) -> StoreAnswer<'_, ()> {
        let mut kept = self.kept();
        kept.sessions.retain(|_, session| !session.is_over(at));
        kept.notices.retain(|_, notice| notice.remember_until > at);
        now(())
    }
}

impl Kept {
    fn make_room(&mut self, sub: &str, at_most: usize) {
        // Not worth an index: a sign-in is rare, and dear by its signatures.
        let of_person = self.sessions.values().filter(|session| session.sub == sub).count();
        if of_person >= PER_PERSON {
            self.drop_unused(1, |session| session.sub == sub);
        }
        if self.sessions.len() >= at_most {
            self.drop_unused(at_most.div_ceil(100), |_| true);
        }
    }

    /// Drops the `count` sessions among the chosen that were not used for the longest time.
    fn drop_unused(&mut self, count: usize, chosen: impl Fn(&StoredSession) -> bool) {
        let of = |(key, session): (&SessionKey, &StoredSession)| (session.idle_ends_at, key.clone());
        let mut unused: Vec<_> = self.sessions.iter().filter(|(_, session)| chosen(session)).map(of).collect();
        unused.sort_unstable_by_key(|(at, _)| *at);
        for (_, key) in unused.into_iter().take(count) {
            self.sessions.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bff::session::SessionId;
    use crate::bff::session::tests::{NOW, sample};
    use crate::testkit::check_session_store;
    use protocol::time::Seconds;

    #[actix_web::test]
    async fn it_is_a_store_as_every_other() {
        check_session_store(&MemoryStore::new()).await;
    }

    #[actix_web::test]
    async fn it_never_holds_more_than_it_has_room_for() {
        let store = MemoryStore::with_room_for(10);
        let keys: Vec<_> = (0..40).map(|_| SessionId::new().key()).collect();
        for (at, key) in (0..).zip(&keys) {
            let session = StoredSession { idle_ends_at: NOW + Seconds(at), ..sample(&format!("person {at}"), None) };
            store.insert(key.clone(), session).await.unwrap();
            assert!(store.kept().sessions.len() <= 10);
        }
        assert!(store.load(&keys[0]).await.unwrap().is_none() && store.load(&keys[39]).await.unwrap().is_some());
    }

    #[actix_web::test]
    async fn one_person_pushes_out_nobody_else() {
        let store = MemoryStore::new();
        let bobs = SessionId::new().key();
        store.insert(bobs.clone(), StoredSession { idle_ends_at: NOW, ..sample("bob", None) }).await.unwrap();
        for _ in 0..PER_PERSON * 2 {
            store.insert(SessionId::new().key(), sample("ada", None)).await.unwrap();
        }
        assert_eq!(store.kept().sessions.len(), PER_PERSON + 1);
        assert!(store.load(&bobs).await.unwrap().is_some());
    }
}
