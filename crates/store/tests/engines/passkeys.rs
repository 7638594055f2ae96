//! Passkeys and the challenges that wait for them.

use protocol::ids::CeremonyId;
use protocol::passkey::CeremonyKind;
use protocol::secret::TokenHash;
use protocol::time::Timestamp;
use store::passkey_ceremonies::{self, Ceremony};
use store::passkeys::{self, Passkey};
use store::{Store, StoreError, StoreOptions, Won, passwords, sweep, users};

use crate::database::engines;
use crate::races::{CALLERS, winners};
use crate::samples::{LATER, NOW, user, user_id};

const ROOM: u32 = 20;

fn passkey(id: &str, owner: &str) -> Passkey {
    Passkey {
        id: id.to_owned(),
        user_id: user_id(owner),
        name: "Änne's key".to_owned(),
        credential: r#"{"counter":0}"#.to_owned(),
        aaguid: Some("00000000-0000-0000-0000-000000000000".to_owned()),
        created_at: NOW,
        last_used_at: None,
        clone_seen_at: None,
    }
}

fn ceremony(id: &str) -> Ceremony {
    Ceremony {
        id: CeremonyId::parse(id).expect("is an id"),
        kind: CeremonyKind::Authentication,
        browser_hash: TokenHash::of(b"browser"),
        user_id: None,
        state: "{}".to_owned(),
        expires_at: LATER,
    }
}

async fn add(store: &Store, passkey: &Passkey) -> Won {
    passkeys::add(store, passkey, ROOM).await.expect("is writable")
}

async fn kept(store: &Store, id: &str) -> Option<Passkey> {
    passkeys::find(store, id).await.expect("is readable")
}

#[tokio::test]
async fn a_passkey_comes_back_as_it_was_and_belongs_to_one_person() {
    for database in engines() {
        let store = database.open().await;
        for name in ["ada", "bob"] {
            users::insert(&store, &user(name)).await.expect("is new");
        }
        let (old, young) = (passkey("k1", "ada"), Passkey { created_at: LATER, aaguid: None, ..passkey("k2", "ada") });
        assert_eq!((add(&store, &young).await, add(&store, &old).await), (Won::Yes, Won::Yes));
        assert_eq!(passkeys::of_user(&store, &user_id("ada")).await.expect("is readable"), [old.clone(), young]);
        let theirs = passkeys::add(&store, &passkey("k1", "bob"), ROOM).await;
        assert!(matches!(theirs, Err(StoreError::Conflict)), "{theirs:?}");
        assert_eq!(kept(&store, "k1").await, Some(old));
        assert_eq!(add(&store, &passkey("k3", "nobody")).await, Won::No);
        assert_eq!(passkeys::rename(&store, &user_id("bob"), "k1", "mine").await.expect("is writable"), Won::No);
        assert_eq!(passkeys::rename(&store, &user_id("ada"), "k1", "mine").await.expect("is writable"), Won::Yes);
        assert_eq!(kept(&store, "k1").await.map(|passkey| passkey.name).as_deref(), Some("mine"));
    }
}

#[tokio::test]
async fn a_use_is_noted_against_the_credential_that_was_compared() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        let before = passkey("k1", "ada");
        assert_eq!(add(&store, &before).await, Won::Yes);
        let used = |before: Passkey, after: &'static str| {
            let store = store.clone();
            async move { passkeys::note_use(&store, &before, after, LATER).await.expect("is writable") }
        };
        assert_eq!(used(before.clone(), "{\"counter\":5}").await, Won::Yes);
        assert_eq!(used(before, "{\"counter\":4}").await, Won::No, "compared with what is gone");
        let now = kept(&store, "k1").await.expect("exists");
        assert_eq!((now.credential.as_str(), now.last_used_at), ("{\"counter\":5}", Some(LATER)));
        assert_eq!(passkeys::mark_clone(&store, "k1", NOW).await.expect("is writable"), Won::Yes);
        assert_eq!(passkeys::mark_clone(&store, "k1", LATER).await.expect("is writable"), Won::No, "the first counts");
        assert_eq!(kept(&store, "k1").await.expect("exists").clone_seen_at, Some(NOW));
        assert_eq!(used(now, "{\"counter\":9}").await, Won::No, "a clone is not used");
    }
}

#[tokio::test]
async fn the_last_way_to_sign_in_stays() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        let ada = user_id("ada");
        let remove = |id: &'static str| {
            let (store, ada) = (store.clone(), ada.clone());
            async move { passkeys::remove(&store, &ada, id).await.expect("is writable") }
        };
        for id in ["k1", "k2", "k3"] {
            assert_eq!(add(&store, &passkey(id, "ada")).await, Won::Yes);
        }
        assert_eq!(passkeys::remove(&store, &user_id("bob"), "k1").await.expect("is writable"), Won::No);
        assert_eq!(remove("k1").await, Won::Yes);
        assert_eq!(passkeys::mark_clone(&store, "k2", NOW).await.expect("is writable"), Won::Yes);
        assert_eq!(remove("k3").await, Won::No, "the other one counts for nothing");
        assert_eq!(remove("k2").await, Won::Yes);
        passwords::set(&store, &ada, "$argon2id$", NOW).await.expect("is writable");
        assert_eq!(remove("k3").await, Won::Yes, "a password is a way, too");
        assert!(passkeys::of_user(&store, &ada).await.expect("is readable").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_the_room_is_filled_and_one_always_stays() {
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        users::insert(&stores[0], &user("ada")).await.expect("is new");
        let ada = user_id("ada");
        let added = winners(&stores, |store, number| async move {
            passkeys::add(&store, &passkey(&format!("k{number}"), "ada"), ROOM).await
        });
        assert_eq!(added.await, 20);
        assert_eq!(passkeys::of_user(&stores[0], &ada).await.expect("is readable").len(), 20);
        let removed = winners(&stores, |store, number| {
            let ada = ada.clone();
            async move { passkeys::remove(&store, &ada, &format!("k{number}")).await }
        });
        assert_eq!(removed.await, 19);
        assert_eq!(passkeys::of_user(&stores[1], &ada).await.expect("is readable").len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_saw_the_same_sign_count_one_notes_its_use() {
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        users::insert(&stores[0], &user("ada")).await.expect("is new");
        assert_eq!(add(&stores[0], &passkey("k1", "ada")).await, Won::Yes);
        let won = winners(&stores, |store, number| async move {
            let after = format!("{{\"counter\":{}}}", number + 1);
            passkeys::note_use(&store, &passkey("k1", "ada"), &after, LATER).await
        });
        assert_eq!(won.await, 1);
    }
}

#[tokio::test]
async fn a_ceremony_comes_back_as_it_was_and_ends_with_its_time() {
    for database in engines() {
        let store = database.open().await;
        let registration =
            Ceremony { kind: CeremonyKind::Registration, user_id: Some(user_id("nobody-yet")), ..ceremony("c2") };
        for one in [&ceremony("c1"), &registration] {
            passkey_ceremonies::insert(&store, one).await.expect("is new");
            let found = passkey_ceremonies::find(&store, &one.id).await.expect("is readable");
            assert_eq!(found.as_ref(), Some(one));
        }
        let finish = async |id: &str, now| passkey_ceremonies::finish(&store, &ceremony(id).id, now).await;
        assert_eq!(finish("c1", LATER).await.expect("is writable"), Won::No, "too late");
        assert_eq!(finish("c1", Timestamp(LATER.0 - 1)).await.expect("is writable"), Won::Yes);
        assert_eq!(finish("c1", NOW).await.expect("is writable"), Won::No, "only once");
        assert_eq!(sweep::run_once(&store, NOW, 10).await.expect("is writable"), 0);
        assert_eq!(sweep::run_once(&store, LATER, 10).await.expect("is writable"), 1);
        assert_eq!(passkey_ceremonies::find(&store, &registration.id).await.expect("is readable"), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_answers_to_one_challenge_one_counts() {
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        for round in 0..5 {
            let id = format!("c{round}");
            passkey_ceremonies::insert(&stores[0], &ceremony(&id)).await.expect("is new");
            let won = winners(&stores, |store, _| {
                let id = ceremony(&id).id;
                async move { passkey_ceremonies::finish(&store, &id, NOW).await }
            });
            assert_eq!((won.await, CALLERS), (1, 64));
        }
    }
}
