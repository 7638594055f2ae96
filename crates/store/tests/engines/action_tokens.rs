//! Links and codes: good once, before they expire, and their codes may be guessed a few times only, whoever comes at once.

use protocol::action_token::Purpose;
use protocol::ids::{ActionTokenId, InteractionId};
use protocol::secret::TokenHash;
use protocol::time::Seconds;
use protocol::user::User;
use serde_json::{Map, json};
use store::action_tokens::{self, ActionToken};
use store::{Store, StoreError, StoreOptions, Won, users};

use crate::database::engines;
use crate::races::winners;
use crate::samples::{LATER, MUCH_LATER, NOW, user, user_id};

pub(crate) fn id(text: &str) -> ActionTokenId {
    ActionTokenId::parse(text).expect("is an id")
}

/// A recovery link of ada with a code of five tries, good until `LATER`.
pub(crate) fn action_token(name: &str) -> ActionToken {
    let mut details = Map::new();
    details.insert("client".to_owned(), json!("app"));
    ActionToken {
        id: id(name),
        purpose: Purpose::Recover,
        secret_hash: TokenHash::of(name.as_bytes()),
        code_mac: Some("a mac".to_owned()),
        user_id: Some(user_id("ada")),
        email: Some("Ada@example.org".to_owned()),
        interaction_id: Some(interaction("i1")),
        account_state: Some("a digest".to_owned()),
        details,
        tries_left: 5,
        created_at: NOW,
        expires_at: LATER,
        proven_at: None,
        used_at: None,
    }
}

fn interaction(text: &str) -> InteractionId {
    InteractionId::parse(text).expect("is an id")
}

async fn put(store: &Store, token: ActionToken) {
    action_tokens::insert(store, &token).await.expect("is new");
}

async fn find(store: &Store, name: &str) -> ActionToken {
    action_tokens::find(store, &id(name)).await.expect("is readable").expect("exists")
}

#[tokio::test]
async fn it_is_read_as_it_was_written_and_found_by_id_and_by_interaction() {
    for database in engines() {
        let store = database.open().await;
        put(&store, action_token("t1")).await;
        let bare = ActionToken {
            code_mac: None,
            user_id: None,
            email: None,
            interaction_id: None,
            account_state: None,
            details: Map::new(),
            purpose: Purpose::Invite,
            ..action_token("bare")
        };
        put(&store, bare.clone()).await;
        put(&store, ActionToken { created_at: NOW + Seconds(9), ..action_token("newer") }).await;
        put(&store, ActionToken { purpose: Purpose::SignUp, created_at: LATER, ..action_token("other") }).await;
        assert_eq!(find(&store, "t1").await, action_token("t1"));
        assert_eq!(find(&store, "bare").await, bare);
        let latest = async |interaction_id: &str, purpose| {
            let found = action_tokens::latest_of_interaction(&store, &interaction(interaction_id), purpose).await;
            found.expect("is readable").map(|token| token.id)
        };
        assert_eq!(latest("i1", Purpose::Recover).await, Some(id("newer")));
        assert_eq!(latest("i1", Purpose::Invite).await, None);
        assert_eq!(latest("i2", Purpose::Recover).await, None);
        assert!(matches!(action_tokens::insert(&store, &action_token("t1")).await, Err(StoreError::Conflict)));
    }
}

#[tokio::test]
async fn it_is_used_once_and_only_before_it_expires() {
    for database in engines() {
        let store = database.open().await;
        for name in ["t1", "late"] {
            put(&store, action_token(name)).await;
        }
        let use_once = async |name, now| action_tokens::use_once(&store, &id(name), now).await.expect("is writable");
        assert_eq!(use_once("late", LATER).await, Won::No);
        assert_eq!(use_once("t1", LATER - Seconds(1)).await, Won::Yes);
        assert_eq!(use_once("t1", NOW).await, Won::No);
        assert_eq!(find(&store, "t1").await.used_at, Some(LATER - Seconds(1)));
        assert_eq!(action_tokens::mark_proven(&store, &id("t1"), NOW).await.expect("is writable"), Won::No);
        assert_eq!(action_tokens::reserve_try(&store, &id("t1"), NOW).await.expect("is writable"), Won::No);
    }
}

#[tokio::test]
async fn it_is_proven_once_and_used_afterwards() {
    for database in engines() {
        let store = database.open().await;
        put(&store, action_token("t1")).await;
        let prove = async |now| action_tokens::mark_proven(&store, &id("t1"), now).await.expect("is writable");
        assert_eq!(prove(LATER).await, Won::No, "it is expired by then");
        assert_eq!(prove(NOW).await, Won::Yes);
        assert_eq!(prove(NOW).await, Won::No);
        assert_eq!(action_tokens::reserve_try(&store, &id("t1"), NOW).await.expect("is writable"), Won::No);
        assert_eq!(action_tokens::use_once(&store, &id("t1"), NOW).await.expect("is writable"), Won::Yes);
    }
}

#[tokio::test]
async fn what_a_person_was_sent_is_voided_by_purpose_or_altogether() {
    for database in engines() {
        let store = database.open().await;
        put(&store, action_token("recover")).await;
        put(&store, ActionToken { purpose: Purpose::ChangeEmail, ..action_token("change") }).await;
        put(&store, ActionToken { user_id: Some(user_id("bob")), ..action_token("bob") }).await;
        put(&store, ActionToken { purpose: Purpose::CancelDeletion, ..action_token("cancel") }).await;
        let void = async |purpose| {
            action_tokens::void_of_user(&store, &user_id("ada"), purpose, NOW).await.expect("is writable")
        };
        assert_eq!(void(Some(Purpose::Recover)).await, 1);
        assert_eq!(find(&store, "change").await.used_at, None);
        assert_eq!(void(None).await, 1);
        assert_eq!(void(None).await, 0);
        assert_eq!(action_tokens::use_once(&store, &id("change"), NOW).await.expect("is writable"), Won::No);
        assert_eq!(find(&store, "bob").await.used_at, None);
        assert_eq!(find(&store, "cancel").await.used_at, None, "the way back from a deletion, unless it is named");
        assert_eq!(void(Some(Purpose::CancelDeletion)).await, 1);
    }
}

#[tokio::test]
async fn another_address_voids_what_was_sent_before_but_not_the_way_back_from_a_deletion() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        put(&store, action_token("recover")).await;
        put(&store, ActionToken { purpose: Purpose::CancelDeletion, ..action_token("cancel") }).await;
        let stale = User { email: Some("of-before@example.org".to_owned()), ..user("ada") };
        let change =
            async |user: &User| users::change_email(&store, user, "ada@new.example", LATER).await.expect("is writable");
        assert_eq!(change(&stale).await, Won::No);
        assert_eq!(find(&store, "recover").await.used_at, None, "nothing was changed");
        assert_eq!(change(&user("ada")).await, Won::Yes);
        assert_eq!(find(&store, "recover").await.used_at, Some(LATER));
        assert_eq!(find(&store, "cancel").await.used_at, None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_uses_of_one_link_one_wins() {
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        for round in 0..5 {
            let name = format!("t{round}");
            put(&stores[0], ActionToken { expires_at: MUCH_LATER, ..action_token(&name) }).await;
            let used = winners(&stores, |store, _| {
                let id = id(&name);
                async move { action_tokens::use_once(&store, &id, NOW).await }
            });
            assert_eq!(used.await, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_guesses_of_one_code_as_many_are_looked_at_as_there_are_tries() {
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        put(&stores[0], action_token("t1")).await;
        let tried =
            winners(&stores, |store, _| async move { action_tokens::reserve_try(&store, &id("t1"), NOW).await });
        assert_eq!(tried.await, 5);
        assert_eq!(find(&stores[1], "t1").await.tries_left, 0);
        let proven =
            winners(&stores, |store, _| async move { action_tokens::mark_proven(&store, &id("t1"), NOW).await });
        assert_eq!(proven.await, 1);
    }
}
