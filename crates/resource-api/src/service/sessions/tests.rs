//! The store over both engines. What it is like over HTTP is in `tests/it/sessions`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test reads where its database is, and writes to it as a stranger"
)]

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use protocol::time::Seconds;
use sqlx::{AssertSqlSafe, Connection as _};

use super::*;
use crate::bff::session::SessionId;
use crate::bff::session::tests::{NOW, sample};
use crate::testkit::check_session_store;

/// A fresh database of each engine that is there.
async fn on_both_engines(body: impl AsyncFn(Database, String)) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("notes.db").display());
    body(Database::open(&url).await.unwrap(), url).await;
    let Ok(admin) = std::env::var("COUNTERSIGN_TEST_POSTGRES_URL") else { return };
    sqlx::any::install_default_drivers();
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let name = format!("resource_api_sessions_{}_{nanoseconds}", std::process::id());
    run(&admin, format!("CREATE DATABASE {name}")).await;
    let mut url = url::Url::parse(&admin).unwrap();
    url.set_path(&name);
    let database = Database::open(url.as_str()).await.unwrap();
    body(database.clone(), url.into()).await;
    database.close().await;
    run(&admin, format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

async fn run(url: &str, sql: String) {
    let mut connection = AnyConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn store(database: &Database, keys: &[u8]) -> SqlStore {
    SqlStore::new(database.clone(), &SessionKeys::of(keys))
}

async fn begun(store: &SqlStore, sub: &str, sid: Option<&str>) -> SessionKey {
    let key = SessionId::new().key();
    assert_eq!(store.insert(key.clone(), sample(sub, sid)).await.unwrap(), Changed::Yes);
    key
}

fn notice(jti: &str, sid: Option<&str>, sub: Option<&str>) -> LogoutNotice {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let remember_until = NOW + Seconds(120);
    LogoutNotice { jti_hash: jti.to_owned(), sid: text(sid), sub: text(sub), at: NOW, remember_until }
}

#[actix_web::test]
async fn it_is_a_store_as_every_other_on_both_engines() {
    on_both_engines(async |database, _| check_session_store(&store(&database, &[1])).await).await;
}

#[actix_web::test]
async fn what_was_changed_or_moved_is_no_session() {
    on_both_engines(async |database, url| {
        let store = store(&database, &[1]);
        for change in [
            "sealed = substr(sealed, 1, 60) || 'AAAA' || substr(sealed, 65)",
            "sealed = substr(sealed, 1, 60)",
            "sealed = ''",
            "sealed = 'no base64url \u{e4}'",
            "sealed = (SELECT sealed FROM bff_sessions other WHERE other.id <> bff_sessions.id LIMIT 1)",
            "version = 7",
            "version = -1",
            "ends_at = ends_at + 1",
            "sub = sid",
            "sid = ''",
        ] {
            let (key, other) = (begun(&store, "ada", Some("s1")).await, begun(&store, "bob", Some("s2")).await);
            run(&url, format!("UPDATE bff_sessions SET {change} WHERE id = '{}'", key.as_str())).await;
            assert!(store.load(&key).await.unwrap().is_none(), "{change}");
            assert!(store.remove(&key).await.unwrap().is_none(), "{change}");
            assert!(store.load(&other).await.unwrap().is_some(), "{change}");
            store.remove(&other).await.unwrap();
        }
        let key = begun(&store, "ada", None).await;
        let moved = SessionId::new().key();
        run(&url, format!("UPDATE bff_sessions SET id = '{}'", moved.as_str())).await;
        assert!(store.load(&moved).await.unwrap().is_none() && store.load(&key).await.unwrap().is_none());
    })
    .await;
}

#[actix_web::test]
async fn keys_are_replaced_without_ending_a_session() {
    on_both_engines(async |database, _| {
        let (old, both, new) = (store(&database, &[1]), store(&database, &[2, 1]), store(&database, &[2]));
        let key = begun(&old, "ada", Some("s1")).await;
        assert!(new.load(&key).await.unwrap().is_none(), "with a foreign key alone nobody is signed in");
        let session = both.load(&key).await.unwrap().unwrap();
        let next = StoredSession { version: 2, ..session };
        assert_eq!(both.replace(&key, 1, next).await.unwrap(), Changed::Yes);
        assert!(new.load(&key).await.unwrap().is_some() && old.load(&key).await.unwrap().is_none(), "sealed anew");
        // Sessions of either key are ended, and stay away.
        begun(&old, "ada", Some("s1")).await;
        assert_eq!(both.log_out(&notice("j1", Some("s1"), Some("ada"))).await.unwrap(), LoggedOut::Sessions(2));
        assert_eq!(old.log_out(&notice("j2", Some("s2"), None)).await.unwrap(), LoggedOut::Sessions(0));
        for sid in ["s1", "s2"] {
            let late = both.insert(SessionId::new().key(), sample("ada", Some(sid))).await.unwrap();
            assert_eq!(late, Changed::No, "{sid}");
        }
    })
    .await;
}

#[actix_web::test]
async fn of_many_sign_ins_beside_a_logout_none_stays() {
    on_both_engines(async |database, url| {
        let (here, there) = (store(&database, &[1]), store(&Database::open(&url).await.unwrap(), &[1]));
        for round in 0..10 {
            let sid = format!("s{round}");
            let keys: Vec<_> = (0..8).map(|_| SessionId::new().key()).collect();
            let begin = join_all(keys.iter().map(|key| here.insert(key.clone(), sample("ada", Some(&sid)))));
            let notice = notice(&sid, Some(&sid), None);
            let (begun, ended) = tokio::join!(begin, there.log_out(&notice));
            assert!(matches!(ended.unwrap(), LoggedOut::Sessions(_)));
            assert!(begun.iter().all(Result::is_ok));
            for key in &keys {
                assert!(here.load(key).await.unwrap().is_none(), "round {round}");
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn one_person_has_so_many_sessions_and_pushes_out_nobody_else() {
    on_both_engines(async |database, _| {
        let store = store(&database, &[1]);
        let bobs = begun(&store, "bob", None).await;
        let least = SessionId::new().key();
        let unused = StoredSession { idle_ends_at: NOW + Seconds(1), ..sample("ada", None) };
        store.insert(least.clone(), unused).await.unwrap();
        let mut keys = Vec::new();
        for _ in 0..PER_PERSON + 2 {
            keys.push(begun(&store, "ada", None).await);
        }
        assert!(store.load(&least).await.unwrap().is_none() && store.load(&bobs).await.unwrap().is_some());
        let mut live = 0;
        for key in &keys {
            live += i64::from(store.load(key).await.unwrap().is_some());
        }
        assert_eq!(live, PER_PERSON);
        assert!(store.load(keys.last().unwrap()).await.unwrap().is_some(), "the newest is there");
    })
    .await;
}

#[actix_web::test]
async fn a_store_that_cannot_be_asked_says_so() {
    on_both_engines(async |database, _| {
        let store = store(&database, &[1]);
        let key = begun(&store, "ada", None).await;
        let long = StoredSession { sub: "a".repeat(LONGEST), ..sample("ada", None) };
        assert!(store.insert(SessionId::new().key(), long).await.is_err(), "too long to be opened again");
        database.close().await;
        assert!(store.load(&key).await.is_err() && store.touch(&key, NOW).await.is_err());
        assert!(store.log_out(&notice("j1", None, Some("ada"))).await.is_err());
    })
    .await;
}
