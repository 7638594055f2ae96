//! Browser sessions: their idle end moves while they live, and they end once.

use protocol::secret::TokenHash;
use protocol::time::Seconds;
use store::sessions::{self, Session};
use store::{StoreError, Won};

use crate::database::engines;
use crate::samples::{LATER, NOW, session, session_id, user_id};

#[tokio::test]
async fn a_session_comes_back_as_stored() {
    for database in engines() {
        let store = database.open().await;
        let first = session("s1", "ada");
        sessions::insert(&store, &first).await.expect("is new");
        assert_eq!(sessions::find(&store, &first.id).await.expect("is readable"), Some(first.clone()));
        assert_eq!(sessions::find(&store, &session_id("s2")).await.expect("is readable"), None);
        assert!(matches!(sessions::insert(&store, &first).await, Err(StoreError::Conflict)));
    }
}

#[tokio::test]
async fn a_touch_moves_the_idle_end_of_a_living_session_only() {
    for database in engines() {
        let store = database.open().await;
        for id in ["lives", "ended", "idle"] {
            sessions::insert(&store, &session(id, "ada")).await.expect("is new");
        }
        let old = Session { expires_at: NOW + Seconds(10), ..session("old", "ada") };
        sessions::insert(&store, &old).await.expect("is new");
        assert_eq!(sessions::end(&store, &session_id("ended"), NOW).await.expect("is writable"), Won::Yes);

        let idle_end = LATER + Seconds::hours(1);
        let touch = |id: &'static str, now| {
            let store = store.clone();
            async move { sessions::touch(&store, &session_id(id), now, idle_end).await.expect("is writable") }
        };
        assert_eq!(touch("lives", LATER).await, Won::Yes);
        assert_eq!(touch("ended", LATER).await, Won::No);
        assert_eq!(touch("old", LATER).await, Won::No);
        assert_eq!(touch("idle", NOW + Seconds::hours(1)).await, Won::No);
        assert_eq!(touch("lives", NOW).await, Won::No, "time does not go back");
        let lives = sessions::find(&store, &session_id("lives")).await.expect("is readable").expect("exists");
        assert_eq!((lives.last_seen_at, lives.idle_expires_at), (LATER, idle_end));
    }
}

#[tokio::test]
async fn a_fresh_proof_goes_on_with_a_new_secret_unless_the_session_ended() {
    for database in engines() {
        let store = database.open().await;
        for id in ["lives", "ended"] {
            sessions::insert(&store, &session(id, "ada")).await.expect("is new");
        }
        assert_eq!(sessions::end(&store, &session_id("ended"), NOW).await.expect("is writable"), Won::Yes);
        let renewed = |id: &str| Session {
            secret_hash: TokenHash::of(b"fresh"),
            auth_time: LATER,
            amr: vec!["pwd".to_owned()],
            last_seen_at: LATER,
            idle_expires_at: LATER + Seconds::hours(1),
            expires_at: LATER + Seconds::days(1),
            ..session(id, "ada")
        };
        let renew = async |id: &str| {
            let before = TokenHash::of(id.as_bytes());
            sessions::renew(&store, &renewed(id), &before).await.expect("is writable")
        };
        assert_eq!(renew("lives").await, Won::Yes);
        assert_eq!(renew("lives").await, Won::No, "of two parallel renewals one wins");
        let lives = sessions::find(&store, &session_id("lives")).await.expect("is readable");
        assert_eq!(lives, Some(renewed("lives")));
        assert_eq!(renew("ended").await, Won::No);
        let ended = sessions::find(&store, &session_id("ended")).await.expect("is readable").expect("exists");
        assert_eq!(ended.secret_hash, TokenHash::of(b"ended"));
    }
}

#[tokio::test]
async fn a_session_ends_once() {
    for database in engines() {
        let store = database.open().await;
        sessions::insert(&store, &session("s1", "ada")).await.expect("is new");
        assert_eq!(sessions::end(&store, &session_id("s1"), NOW).await.expect("is writable"), Won::Yes);
        assert_eq!(sessions::end(&store, &session_id("s1"), LATER).await.expect("is writable"), Won::No);
        let ended = sessions::find(&store, &session_id("s1")).await.expect("is readable").expect("exists");
        assert_eq!(ended.ended_at, Some(NOW));
    }
}

#[tokio::test]
async fn signing_out_everywhere_ends_the_sessions_of_one_person() {
    for database in engines() {
        let store = database.open().await;
        for (id, user) in [("s1", "ada"), ("s2", "ada"), ("s3", "bob")] {
            sessions::insert(&store, &session(id, user)).await.expect("is new");
        }
        assert_eq!(sessions::end_all_of_user(&store, &user_id("ada"), LATER).await.expect("is writable"), 2);
        assert_eq!(sessions::end_all_of_user(&store, &user_id("ada"), LATER).await.expect("is writable"), 0);
        let other = sessions::find(&store, &session_id("s3")).await.expect("is readable").expect("exists");
        assert_eq!(other.ended_at, None);
    }
}

#[tokio::test]
async fn signing_out_elsewhere_spares_one_session_and_lists_tell() {
    for database in engines() {
        let store = database.open().await;
        for (id, user) in [("s1", "ada"), ("s2", "ada"), ("s3", "ada"), ("s4", "bob")] {
            sessions::insert(&store, &session(id, user)).await.expect("is new");
        }
        let (ada, kept) = (user_id("ada"), session_id("s2"));
        let end_others = || sessions::end_others_of_user(&store, &ada, &kept, LATER);
        assert_eq!(end_others().await.expect("is writable"), 2);
        assert_eq!(end_others().await.expect("is writable"), 0);
        let living = sessions::living_of_user(&store, &user_id("ada"), LATER).await.expect("is readable");
        assert_eq!(living, [session("s2", "ada")]);
    }
}
