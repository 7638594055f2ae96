//! Clients that register themselves: one write for all that belongs together, tokens that are replaced, tokens that let in.

use std::sync::Arc;

use protocol::client::{Client, RegisteredBy};
use protocol::ids::InitialAccessTokenId;
use protocol::secret::TokenHash;
use protocol::time::Seconds;
use store::clients::KeptSecret;
use store::initial_access_tokens::InitialAccessToken;
use store::registrations::{ConsentChange, PreviousToken, Registration, Replacement, SecretChange};
use store::{Store, StoreError, StoreOptions, Won, clients, consents, initial_access_tokens, registrations, sweep};
use tokio::sync::Barrier;

use crate::database::engines;
use crate::samples::{LATER, MUCH_LATER, NOW, client, client_id, scope, user_id};

fn hash(text: &str) -> TokenHash {
    TokenHash::of(text.as_bytes())
}

fn secret(text: &str) -> KeptSecret {
    KeptSecret { hash: hash(text), sealed: None, created_at: NOW, expires_at: None }
}

fn registration(id: &str) -> Registration {
    Registration {
        client_id: client_id(id),
        token_hash: hash("token"),
        previous: None,
        initial_access_token: None,
        created_at: NOW,
    }
}

fn dynamic(id: &str) -> Client {
    Client { registered_by: RegisteredBy::Dynamic, expires_unused_at: Some(LATER), ..client(id) }
}

fn initial_access_token(id: &str, uses_left: i64) -> InitialAccessToken {
    InitialAccessToken {
        id: InitialAccessTokenId::parse(id).expect("is an id"),
        secret_hash: hash(id),
        note: "for the build server".to_owned(),
        uses_left,
        created_at: NOW,
        expires_at: LATER,
    }
}

async fn register(store: &Store, id: &str) -> Result<Won, StoreError> {
    registrations::insert(store, &registration(id), &dynamic(id), Some(&secret(id))).await
}

#[tokio::test]
async fn client_secret_and_registration_come_and_go_together() {
    for database in engines() {
        let store = database.open().await;
        assert_eq!(register(&store, "app").await.expect("is new"), Won::Yes);
        let id = client_id("app");
        assert_eq!(clients::find(&store, &id).await.expect("is readable"), Some(dynamic("app")));
        assert_eq!(clients::live_secrets(&store, &id, NOW).await.expect("is readable"), [hash("app")]);
        assert_eq!(registrations::find(&store, &id).await.expect("is readable"), Some(registration("app")));
        assert!(matches!(register(&store, "app").await, Err(StoreError::Conflict)));

        let _won = clients::delete(&store, &id, NOW).await.expect("is writable");
        assert_eq!(registrations::find(&store, &id).await.expect("is readable"), None);
        assert_eq!(clients::live_secrets(&store, &id, NOW).await.expect("is readable"), []);
    }
}

#[tokio::test]
async fn a_replacement_changes_everything_or_nothing() {
    for database in engines() {
        let store = database.open().await;
        let _won = register(&store, "app").await.expect("is new");
        let id = client_id("app");
        let moved = Client { name: "Moved".to_owned(), redirect_uris: client("new").redirect_uris, ..dynamic("app") };
        let replace = async |seen: &str, secret| {
            let (seen, next) = (hash(seen), hash("next"));
            let previous = PreviousToken { hash: hash("token"), expires_at: LATER };
            let consents = ConsentChange::Keep;
            let replacement =
                Replacement { client: &moved, secret, consents, seen: &seen, previous: &previous, next: &next };
            registrations::replace(&store, &replacement).await
        };
        assert_eq!(replace("other", SecretChange::Remove).await.expect("is no error"), Won::No);
        assert_eq!(clients::find(&store, &id).await.expect("is readable"), Some(dynamic("app")));
        assert_eq!(clients::live_secrets(&store, &id, NOW).await.expect("is readable").len(), 1);

        let kept = KeptSecret { sealed: Some("sealed".to_owned()), ..secret("new") };
        assert_eq!(replace("token", SecretChange::Replace(kept)).await.expect("is writable"), Won::Yes);
        assert_eq!(clients::find(&store, &id).await.expect("is readable"), Some(moved.clone()));
        assert!(clients::origin_belongs_to(&store, "https://new.example", &id).await.expect("is readable"));
        assert!(!clients::origin_is_known(&store, "https://app.example").await.expect("is readable"));
        assert_eq!(clients::live_secrets(&store, &id, NOW).await.expect("is readable"), [hash("new")]);
        assert_eq!(clients::live_sealed_secrets(&store, &id, NOW).await.expect("is readable"), ["sealed"]);
        let row = registrations::find(&store, &id).await.expect("is readable").expect("exists");
        let previous = PreviousToken { hash: hash("token"), expires_at: LATER };
        assert_eq!((row.token_hash, row.previous), (hash("next"), Some(previous)));

        assert_eq!(registrations::confirm(&store, &id, &hash("token")).await.expect("is no error"), Won::No);
        assert_eq!(registrations::confirm(&store, &id, &hash("next")).await.expect("is writable"), Won::Yes);
        let row = registrations::find(&store, &id).await.expect("is readable").expect("exists");
        assert_eq!(row.previous, None);
        assert_eq!(replace("next", SecretChange::Remove).await.expect("is writable"), Won::Yes);
        assert_eq!(clients::live_secrets(&store, &id, NOW).await.expect("is readable"), []);
    }
}

#[tokio::test]
async fn consents_are_forgotten_with_the_replacement_or_not_at_all() {
    for database in engines() {
        let store = database.open().await;
        for id in ["app", "other"] {
            let _won = register(&store, id).await.expect("is new");
            let given = scope("openid email");
            consents::remember(&store, &user_id("ada"), &client_id(id), &given, NOW).await.expect("is writable");
        }
        let consent = async |id: &str| {
            consents::find(&store, &user_id("ada"), &client_id(id)).await.expect("is readable").is_some()
        };
        let (app, previous) = (dynamic("app"), PreviousToken { hash: hash("token"), expires_at: LATER });
        for (seen, next, consents, won, expected) in [
            ("token", "2", ConsentChange::Keep, Won::Yes, true),
            ("token", "3", ConsentChange::Forget, Won::No, true),
            ("2", "3", ConsentChange::Forget, Won::Yes, false),
        ] {
            let (seen, next, secret) = (hash(seen), hash(next), SecretChange::Keep);
            let replacement =
                Replacement { client: &app, secret, consents, seen: &seen, previous: &previous, next: &next };
            assert_eq!(registrations::replace(&store, &replacement).await.expect("is no error"), won);
            assert_eq!(consent("app").await, expected);
        }
        assert!(consent("other").await);
    }
}

#[tokio::test]
async fn only_live_secrets_that_are_sealed_are_found_as_such() {
    for database in engines() {
        let store = database.open().await;
        let _won = register(&store, "app").await.expect("is new");
        let id = client_id("app");
        for (text, expires_at) in [("old", Some(LATER)), ("new", None)] {
            let kept = KeptSecret { sealed: Some(text.to_owned()), expires_at, ..secret(text) };
            clients::keep_secret(&store, &id, &kept).await.expect("is new");
        }
        assert_eq!(clients::live_sealed_secrets(&store, &id, NOW).await.expect("is readable").len(), 2);
        assert_eq!(clients::live_sealed_secrets(&store, &id, LATER).await.expect("is readable"), ["new"]);
        assert_eq!(clients::live_secrets(&store, &id, LATER).await.expect("is readable").len(), 2);
    }
}

#[tokio::test]
async fn an_initial_access_token_comes_back_as_made() {
    for database in engines() {
        let store = database.open().await;
        for id in ["c", "a", "b"] {
            initial_access_tokens::insert(&store, &initial_access_token(id, 3)).await.expect("is new");
        }
        let made = initial_access_token("a", 3);
        assert_eq!(initial_access_tokens::find(&store, &made.id).await.expect("is readable"), Some(made.clone()));
        let rest = initial_access_tokens::list(&store, Some(&made.id), 9).await.expect("is readable");
        assert_eq!(rest, [initial_access_token("b", 3), initial_access_token("c", 3)]);
        assert_eq!(initial_access_tokens::delete(&store, &made.id).await.expect("is writable"), Won::Yes);
        assert_eq!(initial_access_tokens::delete(&store, &made.id).await.expect("is writable"), Won::No);
        assert!(made.is_live(NOW) && !made.is_live(LATER));
        assert!(!InitialAccessToken { uses_left: 0, ..made }.is_live(NOW));
    }
}

#[tokio::test]
async fn an_initial_access_token_that_has_expired_or_is_gone_lets_nobody_in() {
    for database in engines() {
        let store = database.open().await;
        let token = initial_access_token("t", 9);
        initial_access_tokens::insert(&store, &token).await.expect("is new");
        let try_at = async |id: &str, now| {
            let holder =
                Registration { initial_access_token: Some(token.id.clone()), created_at: now, ..registration(id) };
            registrations::insert(&store, &holder, &dynamic(id), None).await.expect("is no error")
        };
        assert_eq!(try_at("in-time", LATER - Seconds(1)).await, Won::Yes);
        assert_eq!(try_at("late", LATER).await, Won::No);
        let _won = initial_access_tokens::delete(&store, &token.id).await.expect("is writable");
        assert_eq!(try_at("revoked", NOW).await, Won::No);
        assert_eq!(clients::list(&store, None, 9).await.expect("is readable").len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_50_registrations_a_token_with_3_uses_admits_3() {
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        let token = initial_access_token("t", 3);
        initial_access_tokens::insert(&stores[0], &token).await.expect("is new");
        let start = Arc::new(Barrier::new(50));
        let tasks = (0..50).map(|number| {
            let (store, start, token) = (stores[number % 2].clone(), Arc::clone(&start), token.id.clone());
            tokio::spawn(async move {
                let id = format!("c{number}");
                let holder = Registration { initial_access_token: Some(token), ..registration(&id) };
                start.wait().await;
                registrations::insert(&store, &holder, &dynamic(&id), Some(&secret(&id))).await.expect("no error")
            })
        });
        let mut admitted = 0;
        for task in tasks.collect::<Vec<_>>() {
            admitted += usize::from(task.await.expect("runs to its end") == Won::Yes);
        }
        assert_eq!(admitted, 3);
        assert_eq!(clients::list(&stores[1], None, 99).await.expect("is readable").len(), 3);
        let row = initial_access_tokens::find(&stores[1], &token.id).await.expect("is readable").expect("exists");
        assert_eq!(row.uses_left, 0);
    }
}

#[tokio::test]
async fn a_client_that_nobody_used_is_swept_and_a_used_one_stays() {
    for database in engines() {
        let store = database.open().await;
        for id in ["unused", "used"] {
            let _won = register(&store, id).await.expect("is new");
        }
        let kept = Client { expires_unused_at: None, ..client("of-the-administrator") };
        clients::insert(&store, &kept).await.expect("is new");
        initial_access_tokens::insert(&store, &initial_access_token("t", 3)).await.expect("is new");
        let (unused, used) = (client_id("unused"), client_id("used"));
        assert_eq!(clients::used(&store, &used, LATER - Seconds(1)).await.expect("is writable"), Won::Yes);
        assert_eq!(clients::used(&store, &used, LATER - Seconds(1)).await.expect("is no error"), Won::No);
        assert_eq!(clients::used(&store, &unused, LATER).await.expect("is no error"), Won::No, "it has expired");
        assert_eq!(sweep::run_once(&store, LATER - Seconds(1), 100).await.expect("is writable"), 0);
        assert_eq!(sweep::run_once(&store, LATER, 100).await.expect("is writable"), 2, "a client and a token");
        assert_eq!(sweep::run_once(&store, MUCH_LATER, 100).await.expect("is writable"), 0);
        let left: Vec<_> = clients::list(&store, None, 9).await.expect("is readable");
        let left: Vec<_> = left.iter().map(|client| client.id.as_str()).collect();
        assert_eq!(left, ["of-the-administrator", "used"]);
        assert_eq!(registrations::find(&store, &unused).await.expect("is readable"), None);
        assert_eq!(clients::live_secrets(&store, &unused, NOW).await.expect("is readable"), []);
    }
}
