//! Browser sessions: their idle end moves while they live, and they end once.

use protocol::grant::state::{EndReason, Grant};
use protocol::secret::TokenHash;
use protocol::time::Seconds;
use store::passwords::{Access, How, NewPassword};
use store::sessions::{self, Session};
use store::{Store, StoreError, Won, grants, passwords, users};

use crate::database::engines;
use crate::samples::{LATER, NOW, grant_id, redeemed_grant, session, session_id, sign_in, user, user_id};

#[tokio::test]
async fn a_session_comes_back_as_stored() {
    for database in engines() {
        let store = database.open().await;
        let first = session("s1", "ada");
        sign_in(&store, &first).await;
        assert_eq!(sessions::find(&store, &first.id).await.expect("is readable"), Some(first.clone()));
        assert_eq!(sessions::find(&store, &session_id("s2")).await.expect("is readable"), None);
        assert!(matches!(sessions::insert(&store, &first, None).await, Err(StoreError::Conflict)));
    }
}

#[tokio::test]
async fn a_touch_moves_the_idle_end_of_a_living_session_only() {
    for database in engines() {
        let store = database.open().await;
        for id in ["lives", "ended", "idle"] {
            sign_in(&store, &session(id, "ada")).await;
        }
        let old = Session { expires_at: NOW + Seconds(10), ..session("old", "ada") };
        sign_in(&store, &old).await;
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
            sign_in(&store, &session(id, "ada")).await;
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
            sessions::renew(&store, &renewed(id), &before, None).await.expect("is writable")
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
        sign_in(&store, &session("s1", "ada")).await;
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
            sign_in(&store, &session(id, user)).await;
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
            sign_in(&store, &session(id, user)).await;
        }
        let (ada, kept) = (user_id("ada"), session_id("s2"));
        let end_others = || sessions::end_others_of_user(&store, &ada, &kept, LATER);
        assert_eq!(end_others().await.expect("is writable"), Won::Yes);
        assert_eq!(end_others().await.expect("is writable"), Won::No);
        let living = sessions::living_of_user(&store, &user_id("ada"), LATER).await.expect("is readable");
        assert_eq!(living, [session("s2", "ada")]);
    }
}

/// The grants of these names that live, and of those that do not why.
async fn ends(store: &Store, names: &[&'static str]) -> Vec<(&'static str, EndReason)> {
    let mut ends = Vec::new();
    for name in names {
        let grant = grants::find(store, &grant_id(name)).await.expect("is readable").expect("exists");
        assert_eq!(grant.ended_at.is_some(), grant.end_reason.is_some(), "{name}");
        ends.extend(grant.end_reason.map(|reason| (*name, reason)));
    }
    ends
}

/// OpenID Connect Core §11: offline access outlives a logout. It does not outlive a session that its owner ends from elsewhere.
#[tokio::test]
async fn offline_access_outlives_a_logout_and_no_session_that_its_owner_ends_from_elsewhere() {
    for database in engines() {
        let store = database.open().await;
        let ada = user_id("ada");
        for (id, user) in [("kept", "ada"), ("s1", "ada"), ("s2", "ada"), ("over", "ada"), ("of-bob", "bob")] {
            sign_in(&store, &session(id, user)).await;
            let session_id = Some(session_id(id));
            let grant = Grant { session_id, user_id: user_id(user), ..redeemed_grant(&format!("g-{id}")) };
            grants::insert(&store, &grant).await.expect("is new");
        }
        let without = Grant { session_id: None, ..redeemed_grant("g-without") };
        grants::insert(&store, &without).await.expect("is new");
        let all = ["g-kept", "g-s1", "g-s2", "g-over", "g-of-bob", "g-without"];

        assert_eq!(sessions::end(&store, &session_id("over"), NOW).await.expect("is writable"), Won::Yes);
        assert_eq!(ends(&store, &all).await, [], "a logout");
        let end = async || sessions::end_with_grants(&store, &session("s1", "ada"), LATER).await.expect("is writable");
        assert_eq!((end().await, end().await), (Won::Yes, Won::No));
        assert_eq!(ends(&store, &all).await, [("g-s1", EndReason::Logout)]);

        let kept = session_id("kept");
        let end = async || sessions::end_others_of_user(&store, &ada, &kept, LATER).await.expect("is writable");
        assert_eq!((end().await, end().await), (Won::Yes, Won::No));
        let others = ["g-s1", "g-s2", "g-over", "g-without"].map(|name| (name, EndReason::Logout));
        assert_eq!(ends(&store, &all).await, others);
        assert!(sessions::find(&store, &kept).await.expect("is readable").expect("exists").ended_at.is_none());
        let late = Grant { session_id: Some(session_id("over")), ..redeemed_grant("late") };
        grants::insert(&store, &late).await.expect("is new");
        assert_eq!((end().await, end().await), (Won::Yes, Won::No), "where no session is left to end");
    }
}

/// While a password is changed. What came from a session that was over before goes on.
#[tokio::test]
async fn a_new_password_ends_what_came_from_the_sessions_that_end_with_it() {
    for database in engines() {
        let store = database.open().await;
        users::insert_with_password(&store, &user("ada"), "$argon2id$1", NOW).await.expect("is new");
        for id in ["kept", "other", "over"] {
            sign_in(&store, &session(id, "ada")).await;
            let grant = Grant { session_id: Some(session_id(id)), ..redeemed_grant(id) };
            grants::insert(&store, &grant).await.expect("is new");
        }
        assert_eq!(sessions::end(&store, &session_id("over"), NOW).await.expect("is writable"), Won::Yes);
        let (ada, kept) = (user_id("ada"), session_id("kept"));
        let new = NewPassword { phc: "$argon2id$2".to_owned(), needs_second_factor: false };
        let how = How::Changed { session: &kept, access: Access::GoesOn };
        passwords::replace(&store, &ada, &new, how, LATER).await.expect("is writable");
        assert_eq!(ends(&store, &["kept", "other", "over"]).await, [("other", EndReason::Logout)]);
    }
}

/// Somebody proves a password while it is replaced, or while their account ends: the proof comes too late.
#[tokio::test]
async fn no_session_begins_or_goes_on_with_a_password_that_was_replaced_meanwhile() {
    for database in engines() {
        let store = database.open().await;
        let ada = user_id("ada");
        users::insert_with_password(&store, &user("ada"), "$argon2id$1", NOW).await.expect("is new");
        let read = passwords::current(&store, &ada).await.expect("is readable").expect("has one").changed_at;
        sign_in(&store, &session("kept", "ada")).await;
        let begin = async |id: &'static str, set_at| {
            sessions::insert(&store, &session(id, "ada"), Some(set_at)).await.expect("is no error")
        };
        assert_eq!(begin("s1", read).await, Won::Yes);
        let new = NewPassword { phc: "$argon2id$2".to_owned(), needs_second_factor: false };
        let (kept, access) = (session_id("kept"), Access::GoesOn);
        // In the same second as the one before.
        let how = How::Changed { session: &kept, access };
        passwords::replace(&store, &ada, &new, how, NOW).await.expect("is writable");
        assert_eq!(begin("s2", read).await, Won::No);
        let before = session("kept", "ada");
        let renewed = Session { secret_hash: TokenHash::of(b"fresh"), ..before.clone() };
        let renew = async |set_at| sessions::renew(&store, &renewed, &before.secret_hash, set_at).await;
        assert_eq!(renew(Some(read)).await.expect("is no error"), Won::No);
        let living = sessions::living_of_user(&store, &ada, NOW).await.expect("is readable");
        assert_eq!(living, std::slice::from_ref(&before));
        let now = passwords::changed_at(&store, &ada).await.expect("is readable").expect("has one");
        assert_eq!(renew(Some(now)).await.expect("is writable"), Won::Yes);
        assert_eq!(begin("s3", now).await, Won::Yes);
    }
}

#[tokio::test]
async fn nobody_who_is_disabled_or_was_never_there_begins_a_session() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        let begin =
            async |id: &str, user: &str| sessions::insert(&store, &session(id, user), None).await.expect("is no error");
        assert_eq!(begin("s1", "nobody").await, Won::No);
        assert_eq!(begin("s1", "ada").await, Won::Yes);
        assert_eq!(users::disable(&store, &user_id("ada"), LATER).await.expect("is writable"), Won::Yes);
        assert_eq!(begin("s2", "ada").await, Won::No);
    }
}
