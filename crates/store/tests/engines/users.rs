//! People and their logins: what is stored comes back, and one login means one person.

use protocol::grant::state::EndReason;
use protocol::user::{Profile, User, normalize_login};
use store::{StoreError, Won, grants, sessions, users};

use crate::database::engines;
use crate::samples::{LATER, NOW, grant, redeemed_grant, session, session_id, user, user_id};

#[tokio::test]
async fn a_person_comes_back_as_stored() {
    for database in engines() {
        let store = database.open().await;
        let bare =
            User { email: None, email_verified_at: None, groups: vec![], profile: Profile::default(), ..user("bob") };
        for person in [user("ada"), bare] {
            users::insert(&store, &person).await.expect("is new");
            assert_eq!(users::find(&store, &person.id).await.expect("is readable"), Some(person));
        }
        assert_eq!(users::find(&store, &user_id("nobody")).await.expect("is readable"), None);
    }
}

#[tokio::test]
async fn a_person_is_found_by_user_name_and_by_address_in_any_case() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("Ada")).await.expect("is new");
        for typed in ["ada", " ADA ", "ada@example.org", "Ada@EXAMPLE.org"] {
            let found = users::find_by_login(&store, &normalize_login(typed)).await.expect("is readable");
            assert_eq!(found.map(|person| person.id), Some(user_id("Ada")), "{typed}");
        }
        assert_eq!(users::find_by_login(&store, "eve").await.expect("is readable"), None);
    }
}

#[tokio::test]
async fn no_two_people_share_a_login() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        let others = [
            user("ada"),
            User { username: "ADA".to_owned(), email: None, ..user("u2") },
            User { email: Some("ada@example.ORG".to_owned()), ..user("u3") },
            User { username: "Ada@example.org".to_owned(), email: None, ..user("u4") },
        ];
        for other in others {
            let outcome = users::insert(&store, &other).await;
            assert!(matches!(outcome, Err(StoreError::Conflict)), "{outcome:?}");
            if other.id != user_id("ada") {
                assert_eq!(users::find(&store, &other.id).await.expect("is readable"), None, "half a person stayed");
            }
        }
    }
}

#[tokio::test]
async fn a_user_name_may_be_the_own_address() {
    for database in engines() {
        let store = database.open().await;
        let person = User { username: "Ada@Example.org".to_owned(), ..user("ada") };
        users::insert(&store, &person).await.expect("is new");
        assert_eq!(users::find_by_login(&store, "ada@example.org").await.expect("is readable"), Some(person));
    }
}

#[tokio::test]
async fn an_update_moves_the_logins_along() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        let changed = User { username: "lovelace".to_owned(), email: None, updated_at: LATER, ..user("ada") };
        assert_eq!(users::update(&store, &changed).await.expect("is free"), Won::Yes);
        assert_eq!(users::find_by_login(&store, "lovelace").await.expect("is readable"), Some(changed));
        assert_eq!(users::find_by_login(&store, "ada@example.org").await.expect("is readable"), None);
        users::insert(&store, &user("u2")).await.expect("is new");
        let taken = users::update(&store, &User { username: "Lovelace".to_owned(), ..user("u2") }).await;
        assert!(matches!(taken, Err(StoreError::Conflict)), "{taken:?}");
        assert_eq!(
            users::find(&store, &user_id("u2")).await.expect("is readable"),
            Some(user("u2")),
            "nothing of it stays"
        );
        assert_eq!(users::update(&store, &user("nobody")).await.expect("is no error"), Won::No);
        assert_eq!(users::find_by_login(&store, "nobody").await.expect("is readable"), None);
    }
}

#[tokio::test]
async fn the_list_goes_on_after_the_last_name() {
    for database in engines() {
        let store = database.open().await;
        for name in ["cy", "ada", "bob"] {
            users::insert(&store, &user(name)).await.expect("is new");
        }
        let names = |people: Vec<User>| people.into_iter().map(|person| person.username).collect::<Vec<_>>();
        assert_eq!(names(users::list(&store, None, 2).await.expect("is readable")), ["ada", "bob"]);
        assert_eq!(names(users::list(&store, Some("bob"), 2).await.expect("is readable")), ["cy"]);
    }
}

#[tokio::test]
async fn disabling_ends_every_session_and_grant_and_enabling_revives_none() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        sessions::insert(&store, &session("s1", "ada")).await.expect("is new");
        sessions::insert(&store, &session("s2", "bob")).await.expect("is new");
        grants::insert(&store, &redeemed_grant("g1")).await.expect("is new");
        let others = protocol::grant::state::Grant { user_id: user_id("bob"), ..grant("g2") };
        grants::insert(&store, &others).await.expect("is new");

        assert_eq!(users::disable(&store, &user_id("ada"), LATER).await.expect("is writable"), Won::Yes);
        assert_eq!(users::disable(&store, &user_id("ada"), LATER).await.expect("is writable"), Won::No);
        assert_eq!(users::enable(&store, &user_id("ada")).await.expect("is writable"), Won::Yes);
        assert_eq!(users::enable(&store, &user_id("ada")).await.expect("is writable"), Won::No);

        let ended = |id: &'static str| {
            let store = store.clone();
            async move { sessions::find(&store, &session_id(id)).await.expect("is readable").expect("exists").ended_at }
        };
        assert_eq!(ended("s1").await, Some(LATER));
        assert_eq!(ended("s2").await, None);
        let grant_of = |id: &'static str| {
            let store = store.clone();
            async move {
                let id = crate::samples::grant_id(id);
                grants::find(&store, &id).await.expect("is readable").expect("exists").end_reason
            }
        };
        assert_eq!(grant_of("g1").await, Some(EndReason::UserDisabled));
        assert_eq!(grant_of("g2").await, None);
        let person = users::find(&store, &user_id("ada")).await.expect("is readable").expect("exists");
        assert_eq!((person.disabled_at, person.created_at), (None, NOW));
    }
}
