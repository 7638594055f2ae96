//! Scheduling, cancelling and carrying out the deletion of a person; of a cancellation and the job, one wins.

use protocol::ids::SecurityEventId;
use protocol::security_event::SecurityEvent;
use store::security_events::{self, Entry};
use store::sessions::Origin;
use store::{Won, consents, deletion, grants, sessions, users};

use crate::database::engines;
use crate::samples::{
    LATER, MUCH_LATER, NOW, client_id, grant_id, redeemed_grant, scope, session, session_id, sign_in, user, user_id,
};

#[tokio::test]
async fn only_who_is_due_and_did_not_cancel_is_deleted() {
    for database in engines() {
        let store = database.open().await;
        for id in ["ada", "bob"] {
            users::insert(&store, &user(id)).await.expect("is new");
        }
        let (ada, bob, kept) = (user_id("ada"), user_id("bob"), session_id("kept"));
        for (person, due) in [(&ada, LATER), (&bob, MUCH_LATER)] {
            assert_eq!(deletion::schedule(&store, person, due, &kept, NOW).await.expect("is writable"), Won::Yes);
            assert_eq!(deletion::schedule(&store, person, due, &kept, NOW).await.expect("is writable"), Won::No);
        }
        assert_eq!(deletion::due(&store, NOW, 10).await.expect("is readable"), []);
        assert_eq!(deletion::carry_out(&store, &ada, NOW).await.expect("is writable"), Won::No);
        assert_eq!(deletion::due(&store, LATER, 10).await.expect("is readable"), std::slice::from_ref(&ada));
        assert_eq!(deletion::due(&store, MUCH_LATER, 10).await.expect("is readable"), [ada.clone(), bob.clone()]);
        assert_eq!(deletion::carry_out(&store, &ada, LATER).await.expect("is writable"), Won::Yes);
        assert_eq!(deletion::carry_out(&store, &ada, LATER).await.expect("is writable"), Won::No);
        assert_eq!(deletion::cancel(&store, &ada).await.expect("is writable"), Won::No);
        assert_eq!(deletion::cancel(&store, &bob).await.expect("is writable"), Won::Yes);
        assert_eq!(deletion::due(&store, MUCH_LATER, 10).await.expect("is readable"), []);
        assert!(users::find(&store, &ada).await.expect("is readable").is_none());
        assert!(users::find(&store, &bob).await.expect("is readable").is_some());
    }
}

#[tokio::test]
async fn it_takes_along_what_names_the_person_and_nothing_of_others() {
    for database in engines() {
        let store = database.open().await;
        for id in ["ada", "bob"] {
            users::insert(&store, &user(id)).await.expect("is new");
            let (person, app) = (user_id(id), client_id("app"));
            consents::remember(&store, &person, &app, &scope("openid"), NOW).await.expect("is writable");
            let mut grant = redeemed_grant(&format!("g-{id}"));
            grant.user_id = person;
            grants::insert(&store, &grant).await.expect("is new");
            sign_in(&store, &session(&format!("s-{id}"), id)).await;
        }
        let ada = user_id("ada");
        let _scheduled = deletion::schedule(&store, &ada, NOW, &session_id("none"), NOW).await.expect("is writable");
        assert_eq!(deletion::carry_out(&store, &ada, NOW).await.expect("is writable"), Won::Yes);
        for (id, there) in [("ada", false), ("bob", true)] {
            let person = user_id(id);
            assert_eq!(!consents::of_user(&store, &person).await.expect("is readable").is_empty(), there, "{id}");
            assert_eq!(!grants::of_user(&store, &person).await.expect("is readable").is_empty(), there, "{id}");
            let grant = grants::find(&store, &grant_id(&format!("g-{id}"))).await.expect("is readable");
            assert_eq!(grant.is_some(), there, "{id}");
            let session = sessions::find(&store, &session_id(&format!("s-{id}"))).await.expect("is readable");
            assert_eq!(session.is_some(), there, "{id}");
        }
        assert!(users::insert(&store, &user("ada")).await.is_err(), "the id is not given out again");
    }
}

#[tokio::test]
async fn of_a_cancellation_and_the_job_one_wins() {
    for database in engines() {
        let store = database.open().await;
        for round in 0..30 {
            let id = format!("p{round}");
            users::insert(&store, &user(&id)).await.expect("is new");
            let person = user_id(&id);
            let _scheduled =
                deletion::schedule(&store, &person, NOW, &session_id("none"), NOW).await.expect("is writable");
            let (cancelled, deleted) =
                tokio::join!(deletion::cancel(&store, &person), deletion::carry_out(&store, &person, NOW));
            let (cancelled, deleted) = (cancelled.expect("is writable"), deleted.expect("is writable"));
            assert_ne!(cancelled, deleted, "round {round}");
            let left = users::find(&store, &person).await.expect("is readable");
            assert_eq!(left.is_some(), cancelled == Won::Yes);
            assert!(left.is_none_or(|user| user.disabled_at.is_none() && user.deletion_due_at.is_none()));
        }
    }
}

/// A request that was under way when the account was deleted writes nothing that nobody would ever delete.
#[tokio::test]
async fn nothing_is_written_of_somebody_who_was_deleted() {
    for database in engines() {
        let store = database.open().await;
        let ada = user_id("ada");
        users::insert(&store, &user("ada")).await.expect("is new");
        let entry = |id: &str| Entry {
            id: SecurityEventId::parse(id).expect("is an id"),
            user_id: ada.clone(),
            at: NOW,
            kind: SecurityEvent::SignedIn,
            client_id: None,
            session_id: None,
            origin: Origin::default(),
            details: serde_json::Map::new(),
            trace_id: None,
            expires_at: MUCH_LATER,
        };
        let log = async || security_events::of_user(&store, &ada, None, None, 10).await.expect("is readable");
        security_events::insert(&store, &entry("e1")).await.expect("is new");
        assert_eq!(log().await, [entry("e1")]);
        let _scheduled = deletion::schedule(&store, &ada, NOW, &session_id("none"), NOW).await.expect("is writable");
        assert_eq!(deletion::carry_out(&store, &ada, NOW).await.expect("is writable"), Won::Yes);
        security_events::insert(&store, &entry("e2")).await.expect("is no error");
        assert_eq!(log().await, []);
        let late = sessions::insert(&store, &session("late", "ada"), None).await.expect("is no error");
        assert_eq!(late, Won::No);
    }
}
