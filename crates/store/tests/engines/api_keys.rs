//! API keys: as they were made, at most so many, one successor, dead when revoked, gone with their owner.

use protocol::api_key::ApiKeyId;
use protocol::api_keys::ApiKeyRecord;
use protocol::ids::SecurityEventId;
use protocol::permission::Permission;
use protocol::secret::TokenHash;
use protocol::security_event::SecurityEvent;
use protocol::time::{Seconds, Timestamp};
use store::api_keys::{self, ApiKey, Rotation};
use store::security_events::{self, Entry};
use store::sessions::Origin;
use store::{Store, StoreError, StoreOptions, Won, deletion, sweep, users};

use crate::database::engines;
use crate::races::winners;
use crate::samples::{LATER, MUCH_LATER, NOW, session_id, user, user_id};

const ROOM: u32 = 3;

fn id(number: usize) -> ApiKeyId {
    ApiKeyId::parse(&format!("{number:016}")).expect("is an id")
}

fn key(number: usize) -> ApiKey {
    ApiKey {
        record: ApiKeyRecord {
            id: id(number),
            user_id: user_id("ada"),
            name: "Änne's backup".to_owned(),
            api: "https://notes.example".to_owned(),
            permissions: ["notes:read", "*:write"].map(|text| Permission::parse(text).expect("is one")).into(),
            allowed_networks: ["10.0.0.0/8", "2001:db8::/32"].map(|text| text.parse().expect("is one")).into(),
            signing: true,
            created_at: NOW,
            expires_at: Some(MUCH_LATER),
            last_used_at: None,
            revoked_at: None,
            replaced_by: None,
        },
        hash: TokenHash::of(b"key"),
        signing_key: Some("sealed".to_owned()),
    }
}

fn event(number: usize) -> Entry {
    Entry {
        id: SecurityEventId::parse(&format!("e{number}")).expect("is an id"),
        user_id: user_id("ada"),
        at: NOW,
        kind: SecurityEvent::ApiKeyCreated,
        client_id: None,
        session_id: None,
        origin: Origin::default(),
        details: serde_json::Map::new(),
        trace_id: None,
        expires_at: MUCH_LATER,
    }
}

async fn add(store: &Store, key: &ApiKey, number: usize) -> Won {
    api_keys::insert(store, key, ROOM, &event(number)).await.expect("is writable")
}

async fn kept(store: &Store, number: usize) -> ApiKeyRecord {
    api_keys::find(store, &id(number)).await.expect("is readable").expect("is there").record
}

async fn events(store: &Store) -> usize {
    security_events::of_user(store, &user_id("ada"), None, None, 200).await.expect("is readable").len()
}

#[tokio::test]
async fn a_key_comes_back_as_it_was() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        let mut bare = key(2);
        (bare.signing_key, bare.record.signing, bare.record.expires_at) = (None, false, None);
        (bare.record.allowed_networks, bare.record.created_at) = (Vec::new(), LATER);
        assert_eq!((add(&store, &key(1), 1).await, add(&store, &bare, 2).await), (Won::Yes, Won::Yes));
        let ada = user_id("ada");
        assert_eq!(api_keys::of_user(&store, &ada).await.expect("is readable"), [bare.clone(), key(1)]);
        assert_eq!(api_keys::of_user(&store, &user_id("bob")).await.expect("is readable"), []);
        assert_eq!(api_keys::list(&store, None, 1).await.expect("is readable"), [key(1)]);
        assert_eq!(api_keys::list(&store, Some(&id(1)), 9).await.expect("is readable"), [bare]);
        assert!(api_keys::find(&store, &id(3)).await.expect("is readable").is_none());
        let twice = api_keys::insert(&store, &key(1), ROOM, &event(3)).await;
        assert!(matches!(twice, Err(StoreError::Conflict)), "{twice:?}");
        assert_eq!(events(&store).await, 2, "what is not made is not in the log");
    }
}

#[tokio::test]
async fn a_person_has_room_for_so_many_that_have_not_ended() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        for number in 1..=3 {
            assert_eq!(add(&store, &key(number), number).await, Won::Yes);
        }
        assert_eq!(add(&store, &key(4), 4).await, Won::No);
        let ada = user_id("ada");
        let revoke = async |number| api_keys::revoke(&store, &ada, &id(number), NOW, &event(5)).await;
        assert_eq!(revoke(1).await.expect("is writable"), Won::Yes);
        assert_eq!(revoke(1).await.expect("is writable"), Won::No);
        assert_eq!(kept(&store, 1).await.revoked_at, Some(NOW));
        assert_eq!(add(&store, &key(4), 4).await, Won::Yes);
        let theirs = api_keys::revoke(&store, &user_id("bob"), &id(2), NOW, &event(6)).await;
        assert_eq!(theirs.expect("is writable"), Won::No, "of somebody else");
        assert_eq!((kept(&store, 2).await.revoked_at, events(&store).await), (None, 5));
    }
}

#[tokio::test]
async fn of_those_that_have_ended_the_newest_fifty_are_kept() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        for number in 1..=60 {
            let mut ended = key(number);
            (ended.record.created_at, ended.record.expires_at) =
                (Timestamp(NOW.0 + i64::try_from(number).expect("is small")), Some(NOW));
            assert_eq!(add(&store, &ended, number).await, Won::Yes);
        }
        let mut last = key(61);
        last.record.created_at = LATER;
        assert_eq!(add(&store, &last, 61).await, Won::Yes);
        let left = api_keys::of_user(&store, &user_id("ada")).await.expect("is readable");
        assert_eq!((left.len(), &left[0].record.id, &left[50].record.id), (51, &id(61), &id(11)));
    }
}

#[tokio::test]
async fn a_key_is_replaced_once_and_goes_on_no_longer_than_it_would_have() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        for number in [1, 2] {
            assert_eq!(add(&store, &key(number), number).await, Won::Yes);
        }
        let rotate = async |old, new, ends| {
            let (old, new, event) = (&id(old), &key(new), event(new));
            let rotation = Rotation { old, old_ends: ends, new };
            api_keys::rotate(&store, rotation, ROOM, &event).await.expect("is writable")
        };
        assert_eq!(rotate(1, 11, LATER).await, Won::Yes);
        assert_eq!(rotate(1, 12, LATER).await, Won::No, "it has a successor");
        assert_eq!(rotate(2, 13, MUCH_LATER + Seconds(1)).await, Won::Yes);
        let (first, second) = (kept(&store, 1).await, kept(&store, 2).await);
        assert_eq!((first.replaced_by, first.expires_at), (Some(id(11)), Some(LATER)));
        assert_eq!((second.replaced_by, second.expires_at), (Some(id(13)), Some(MUCH_LATER)));
        assert_eq!(rotate(99, 14, LATER).await, Won::No);
        assert!(api_keys::find(&store, &id(12)).await.expect("is readable").is_none());
        let revoked = api_keys::revoke(&store, &user_id("ada"), &id(11), NOW, &event(20)).await;
        assert_eq!((revoked.expect("is writable"), rotate(11, 15, LATER).await), (Won::Yes, Won::No));
        assert_eq!((events(&store).await, kept(&store, 13).await), (5, key(13).record));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_rotations_of_one_key_one_wins_and_the_room_is_filled_by_as_many_as_fit() {
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        users::insert(&stores[0], &user("ada")).await.expect("is new");
        let added = winners(&stores, |store, number| async move {
            api_keys::insert(&store, &key(number), ROOM, &event(number)).await
        });
        assert_eq!(added.await, 3);
        let ada = user_id("ada");
        let old = api_keys::of_user(&stores[0], &ada).await.expect("is readable")[0].record.id.clone();
        let won = winners(&stores, |store, number| {
            let old = old.clone();
            async move {
                let rotation = Rotation { old: &old, old_ends: LATER, new: &key(100 + number) };
                api_keys::rotate(&store, rotation, ROOM, &event(100 + number)).await
            }
        });
        assert_eq!(won.await, 1);
        let left = api_keys::of_user(&stores[1], &ada).await.expect("is readable");
        assert_eq!((left.len(), events(&stores[1]).await), (4, 4));
    }
}

#[tokio::test]
async fn a_use_is_written_once_an_hour() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        assert_eq!(add(&store, &key(1), 1).await, Won::Yes);
        let note = async |at| api_keys::note_use(&store, &id(1), at).await.expect("is writable");
        assert_eq!((note(NOW).await, note(NOW).await, note(NOW - Seconds(3_600)).await), (Won::Yes, Won::No, Won::No));
        assert_eq!((note(LATER).await, kept(&store, 1).await.last_used_at), (Won::Yes, Some(LATER)));
    }
}

#[tokio::test]
async fn a_key_is_swept_a_month_after_its_end_and_goes_with_its_owner() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        let mut endless = key(2);
        endless.record.expires_at = None;
        for (number, key) in [(1, key(1)), (2, endless), (3, key(3))] {
            assert_eq!(add(&store, &key, number).await, Won::Yes);
        }
        let ada = user_id("ada");
        let revoked = api_keys::revoke(&store, &ada, &id(1), NOW, &event(4)).await.expect("is writable");
        assert_eq!(revoked, Won::Yes);
        let month = Seconds::days(30);
        assert_eq!(sweep::run_once(&store, NOW + month - Seconds(1), 10).await.expect("is writable"), 0);
        assert_eq!(sweep::run_once(&store, NOW + month, 10).await.expect("is writable"), 1);
        let left = async || api_keys::of_user(&store, &ada).await.expect("is readable").len();
        assert_eq!(left().await, 2);
        let _scheduled = deletion::schedule(&store, &ada, NOW, &session_id("none"), NOW).await.expect("is writable");
        assert_eq!(deletion::carry_out(&store, &ada, NOW).await.expect("is writable"), Won::Yes);
        assert_eq!(left().await, 0);
        let late = api_keys::insert(&store, &key(9), ROOM, &event(9)).await.expect("is no error");
        assert_eq!(late, Won::No, "nobody is there any more");
    }
}
