//! People and their logins: what is stored comes back, and one login means one person.

use protocol::grant::state::{EndReason, Grant};
use protocol::ids::SecurityEventId;
use protocol::secret::TokenHash;
use protocol::security_event::SecurityEvent;
use protocol::user::{Profile, User, normalize_login};
use store::passkeys::Passkey;
use store::passwords::{How, NewPassword};
use store::security_events::Entry;
use store::sessions::Origin;
use store::totp::Totp;
use store::users::SecondFactor;
use store::{StoreError, Won, grants, passkeys, passwords, recovery_codes, security_events, sessions, totp, users};

use crate::database::engines;
use crate::samples::{LATER, NOW, grant, grant_id, redeemed_grant, session, session_id, sign_in, user, user_id};

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
        sign_in(&store, &session("s1", "ada")).await;
        sign_in(&store, &session("s2", "bob")).await;
        grants::insert(&store, &redeemed_grant("g1")).await.expect("is new");
        let others = Grant { user_id: user_id("bob"), ..grant("g2") };
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
                let id = grant_id(id);
                grants::find(&store, &id).await.expect("is readable").expect("exists").end_reason
            }
        };
        assert_eq!(grant_of("g1").await, Some(EndReason::UserDisabled));
        assert_eq!(grant_of("g2").await, None);
        let person = users::find(&store, &user_id("ada")).await.expect("is readable").expect("exists");
        assert_eq!((person.disabled_at, person.created_at), (None, NOW));
    }
}

#[tokio::test]
async fn a_second_factor_that_was_lost_goes_with_what_rests_on_it() {
    for database in engines() {
        let store = database.open().await;
        for name in ["ada", "bob"] {
            users::insert(&store, &user(name)).await.expect("is new");
            let key = |number: i64| Passkey {
                id: format!("{name}-{number}"),
                user_id: user_id(name),
                name: "Key".to_owned(),
                credential: "{}".to_owned(),
                aaguid: None,
                created_at: NOW,
                last_used_at: None,
                clone_seen_at: (number == 2).then_some(NOW),
            };
            for number in [1, 2] {
                assert_eq!(passkeys::add(&store, &key(number), 10).await.expect("is writable"), Won::Yes);
            }
            let totp = Totp { user_id: user_id(name), sealed: "sealed".to_owned(), last_used_step: 0, created_at: NOW };
            assert_eq!(totp::enrol(&store, &totp, NOW).await.expect("is writable"), Won::Yes);
            let _won = recovery_codes::begin(&store, &user_id(name), &[TokenHash::of(b"code")], NOW)
                .await
                .expect("is writable");
            let short = NewPassword { phc: "phc".to_owned(), needs_second_factor: true };
            passwords::replace(&store, &user_id(name), &short, How::Forced, NOW).await.expect("is writable");
            let begun = sessions::insert(&store, &session(&format!("s-{name}"), name), None).await;
            assert_eq!(begun.expect("is new"), Won::Yes);
            let came_from = Some(session_id(&format!("s-{name}")));
            let grant = Grant { session_id: came_from, user_id: user_id(name), ..redeemed_grant(&format!("g-{name}")) };
            grants::insert(&store, &grant).await.expect("is new");
        }
        let remove = async |factor, event: &str| {
            let event = removal(event);
            users::remove_second_factor(&store, &user_id("ada"), factor, &event, LATER).await.expect("is writable")
        };
        let ada = async || {
            let id = user_id("ada");
            let user = users::find(&store, &id).await.expect("is readable").expect("exists");
            (users::factors(&store, &id).await.expect("is readable"), user.password_change_required_at)
        };
        assert_eq!((ada().await.0.passkeys, ada().await.0.suspect_passkeys), (1, 1), "each is counted by itself");

        assert_eq!(remove(SecondFactor::Passkeys, "e1").await, Won::Yes);
        let (factors, due) = ada().await;
        assert_eq!((factors.passkeys + factors.suspect_passkeys, factors.totp, factors.recovery_codes), (0, 1, 1));
        assert_eq!(due, None, "the short password still has an app beside it");
        let ended = sessions::find(&store, &session_id("s-ada")).await.expect("is readable").expect("exists").ended_at;
        assert_eq!(ended, Some(LATER));
        let of = async |id: &str| grants::find(&store, &grant_id(id)).await.expect("is readable").expect("exists");
        assert_eq!(of("g-ada").await.end_reason, Some(EndReason::Logout), "what came from that session, too");
        assert_eq!(of("g-bob").await.end_reason, None);

        assert_eq!(remove(SecondFactor::Totp, "e2").await, Won::Yes);
        let (factors, due) = ada().await;
        assert_eq!((factors.totp, factors.recovery_codes, due), (0, 0, Some(LATER)));
        for factor in [SecondFactor::Totp, SecondFactor::Passkeys] {
            assert_eq!(remove(factor, "e3").await, Won::No);
        }
        let log = security_events::of_user(&store, &user_id("ada"), None, None, 10).await.expect("is readable");
        assert_eq!(log.len(), 2, "what did not happen is not written down");

        let bob = users::factors(&store, &user_id("bob")).await.expect("is readable");
        assert_eq!((bob.passkeys, bob.totp, bob.recovery_codes), (1, 1, 1));
        assert_eq!(
            sessions::find(&store, &session_id("s-bob")).await.expect("is readable").expect("exists").ended_at,
            None
        );
    }
}

fn removal(id: &str) -> Entry {
    Entry {
        id: SecurityEventId::parse(id).expect("is an id"),
        user_id: user_id("ada"),
        at: LATER,
        kind: SecurityEvent::TotpRemoved,
        client_id: None,
        session_id: None,
        origin: Origin::default(),
        details: serde_json::Map::new(),
        trace_id: None,
        expires_at: LATER,
    }
}
