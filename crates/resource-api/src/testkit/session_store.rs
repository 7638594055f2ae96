//! What every store of sessions has to obey (`bff/store.rs` says it in words), as one function for the tests of each.

use futures_util::future::join_all;
use protocol::time::{Seconds, Timestamp};

use crate::bff::session::SessionId;
use crate::bff::{
    Changed, LoggedOut, LogoutNotice, Person, SessionKey, SessionStore, StoredSession, TokenText, Tokens,
};

pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000);

const ANSWERS: &str = "the store answers";
const THERE: &str = "the session is there";

/// One that begins [`NOW`], for a day, and for an hour without use.
pub(crate) fn sample(sub: &str, sid: Option<&str>) -> StoredSession {
    StoredSession {
        sub: sub.to_owned(),
        sid: sid.map(str::to_owned),
        version: 1,
        created_at: NOW,
        idle_ends_at: NOW + Seconds::hours(1),
        ends_at: NOW + Seconds::hours(24),
        person: Person { name: Some("Ada".to_owned()), ..Person::default() },
        tokens: Tokens {
            access_token: TokenText::new("an access token"),
            access_expires_at: NOW + Seconds(300),
            refresh_at: NOW + Seconds(270),
            refresh_token: Some(TokenText::new("a refresh token")),
            id_token: TokenText::new("an ID token"),
            nonce: TokenText::new("a nonce"),
            scope: Some("openid".to_owned()),
        },
        refreshing_until: None,
        doubted_at: None,
    }
}

/// What every [`SessionStore`] has to obey, whoever wrote it. For the tests of one: `store` is empty.
/// Panics where it does otherwise, with what was expected.
///
/// ```
/// use resource_api::bff::MemoryStore;
/// use resource_api::testkit::check_session_store;
///
/// #[actix_web::main] // In a test: #[actix_web::test]
/// async fn main() {
///     check_session_store(&MemoryStore::new()).await;
/// }
/// ```
///
/// What it cannot know is to be tested beside it: that sessions outlive a restart, that tokens are sealed, what happens when the
/// database is away.
pub async fn check_session_store(store: &dyn SessionStore) {
    changes_name_their_version(store).await;
    what_is_removed_stays_away(store).await;
    a_use_moves_only_the_idle_end(store).await;
    logout_tokens_end_what_they_mean(store).await;
    no_session_begins_after_what_ended_it(store).await;
    of_many_changes_at_once_one_is_made(store).await;
    sweeping_takes_what_is_over(store).await;
}

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

async fn changes_name_their_version(store: &dyn SessionStore) {
    let key = key();
    assert!(store.load(&key).await.expect(ANSWERS).is_none());
    assert_eq!(store.insert(key.clone(), sample("ada", None)).await.expect(ANSWERS), Changed::Yes);
    let loaded = store.load(&key).await.expect(ANSWERS).expect(THERE);
    let json = |session: &StoredSession| serde_json::to_value(session).expect("a session is JSON");
    assert_eq!(json(&loaded), json(&sample("ada", None)), "all of it comes back");
    let next = StoredSession { version: 2, refreshing_until: Some(NOW), ..loaded };
    assert_eq!(store.replace(&key, 1, next.clone()).await.expect(ANSWERS), Changed::Yes);
    assert_eq!(store.replace(&key, 1, next.clone()).await.expect(ANSWERS), Changed::No, "made from an old version");
    assert_eq!(store.load(&key).await.expect(ANSWERS).expect(THERE).refreshing_until, Some(NOW));
    store.remove(&key).await.expect(ANSWERS);
    assert_eq!(store.replace(&key, 2, next).await.expect(ANSWERS), Changed::No, "it does not come back");
    assert!(store.load(&key).await.expect(ANSWERS).is_none());
}

async fn what_is_removed_stays_away(store: &dyn SessionStore) {
    let key = key();
    store.insert(key.clone(), sample("ada", None)).await.expect(ANSWERS);
    assert!(store.remove(&key).await.expect(ANSWERS).is_some());
    assert!(store.remove(&key).await.expect(ANSWERS).is_none(), "one caller gets it");
    store.touch(&key, NOW + Seconds::days(1)).await.expect(ANSWERS);
    assert!(store.load(&key).await.expect(ANSWERS).is_none());
}

async fn a_use_moves_only_the_idle_end(store: &dyn SessionStore) {
    let key = key();
    store.insert(key.clone(), sample("ada", None)).await.expect(ANSWERS);
    let moved = NOW + Seconds::hours(2);
    store.touch(&key, moved).await.expect(ANSWERS);
    store.touch(&key, NOW).await.expect(ANSWERS);
    let touched = store.load(&key).await.expect(ANSWERS).expect(THERE);
    assert_eq!((touched.idle_ends_at, touched.version), (moved, 1), "never back");
    let stale = StoredSession { version: 2, idle_ends_at: NOW, ..touched };
    assert_eq!(store.replace(&key, 1, stale).await.expect(ANSWERS), Changed::Yes);
    assert_eq!(store.load(&key).await.expect(ANSWERS).expect(THERE).idle_ends_at, moved);
    store.remove(&key).await.expect(ANSWERS);
}

async fn logout_tokens_end_what_they_mean(store: &dyn SessionStore) {
    let (one, two, bobs) = (key(), key(), key());
    store.insert(one.clone(), sample("ada", Some("s1"))).await.expect(ANSWERS);
    store.insert(two.clone(), sample("ada", Some("s2"))).await.expect(ANSWERS);
    store.insert(bobs.clone(), sample("bob", Some("s3"))).await.expect(ANSWERS);
    let by_sid = notice("j1", Some("s1"), Some("ada"));
    assert_eq!(store.log_out(&by_sid).await.expect(ANSWERS), LoggedOut::Sessions(1));
    assert!(store.load(&one).await.expect(ANSWERS).is_none() && store.load(&two).await.expect(ANSWERS).is_some());
    assert_eq!(store.log_out(&by_sid).await.expect(ANSWERS), LoggedOut::Replayed);
    let late = store.insert(key(), sample("ada", Some("s1"))).await.expect(ANSWERS);
    assert_eq!(late, Changed::No, "a sign-in that was under way");
    assert_eq!(store.log_out(&notice("j2", None, Some("ada"))).await.expect(ANSWERS), LoggedOut::Sessions(1));
    assert!(store.load(&two).await.expect(ANSWERS).is_none() && store.load(&bobs).await.expect(ANSWERS).is_some());
    assert_eq!(store.log_out(&notice("j3", Some("unknown"), None)).await.expect(ANSWERS), LoggedOut::Sessions(0));
    assert_eq!(
        store.insert(one.clone(), later("ada", Some("s9"))).await.expect(ANSWERS),
        Changed::Yes,
        "she comes again"
    );
    store.remove(&one).await.expect(ANSWERS);
    store.remove(&bobs).await.expect(ANSWERS);
}

async fn no_session_begins_after_what_ended_it(store: &dyn SessionStore) {
    let begins = async |session: StoredSession| {
        let key = key();
        let changed = store.insert(key.clone(), session).await.expect(ANSWERS);
        assert_eq!(store.remove(&key).await.expect(ANSWERS).is_some(), changed == Changed::Yes);
        changed == Changed::Yes
    };
    store.log_out(&notice("b1", None, Some("dan"))).await.expect(ANSWERS);
    assert!(!begins(sample("dan", Some("d1"))).await && !begins(sample("dan", None)).await);
    assert!(begins(later("dan", Some("d1"))).await, "she signed in afterwards");
    store.log_out(&notice("b2", Some("e1"), Some("eve"))).await.expect(ANSWERS);
    assert!(!begins(later("eve", Some("e1"))).await, "the same session of the issuer");
    assert!(!begins(sample("eve", None)).await, "it may be this one");
    assert!(begins(sample("eve", Some("e2"))).await && begins(later("eve", None)).await);
    assert!(begins(sample("fay", Some("f1"))).await, "somebody else");
}

async fn of_many_changes_at_once_one_is_made(store: &dyn SessionStore) {
    let key = key();
    store.insert(key.clone(), later("ada", None)).await.expect(ANSWERS);
    let next = StoredSession { version: 2, ..later("ada", None) };
    let all = join_all((0..16).map(|_| store.replace(&key, 1, next.clone()))).await;
    assert_eq!(all.into_iter().filter(|changed| *changed.as_ref().expect(ANSWERS) == Changed::Yes).count(), 1);
    let all = join_all((0..16).map(|_| store.remove(&key))).await;
    assert_eq!(all.into_iter().filter(|removed| removed.as_ref().expect(ANSWERS).is_some()).count(), 1);
}

async fn sweeping_takes_what_is_over(store: &dyn SessionStore) {
    let (idle, old, live) = (key(), key(), key());
    let (end, far) = (NOW + Seconds::hours(2), NOW + Seconds::days(2));
    store.insert(idle.clone(), later("ada", None)).await.expect(ANSWERS);
    let mut session = later("ada", None);
    (session.idle_ends_at, session.ends_at) = (far, end);
    store.insert(old.clone(), session.clone()).await.expect(ANSWERS);
    session.ends_at = far;
    store.insert(live.clone(), session).await.expect(ANSWERS);
    store.sweep(end).await.expect(ANSWERS);
    assert!(store.load(&idle).await.expect(ANSWERS).is_none() && store.load(&old).await.expect(ANSWERS).is_none());
    assert!(store.load(&live).await.expect(ANSWERS).is_some());
    // What had to be remembered is forgotten.
    assert_eq!(store.log_out(&notice("j1", Some("s1"), None)).await.expect(ANSWERS), LoggedOut::Sessions(0));
    store.remove(&live).await.expect(ANSWERS);
}
