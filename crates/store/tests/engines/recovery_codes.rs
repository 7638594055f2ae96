//! A recovery code is good once and for one person; new ones end those of before.

use std::sync::Arc;

use protocol::secret::TokenHash;
use store::{Store, StoreError, StoreOptions, Won, recovery_codes, users};
use tokio::sync::Barrier;

use crate::database::engines;
use crate::samples::{LATER, NOW, user, user_id};

fn hashes(of: &str) -> Vec<TokenHash> {
    (0..10).map(|number| TokenHash::of(format!("{of} {number}").as_bytes())).collect()
}

async fn with_codes(store: &Store, id: &str) -> Vec<TokenHash> {
    users::insert(store, &user(id)).await.expect("is new");
    let codes = hashes(id);
    assert_eq!(recovery_codes::begin(store, &user_id(id), &codes, NOW).await.expect("is writable"), Won::Yes);
    codes
}

async fn left(store: &Store, id: &str) -> i64 {
    recovery_codes::left(store, &user_id(id)).await.expect("is readable")
}

#[tokio::test]
async fn a_code_is_good_once_and_for_one_person() {
    for database in engines() {
        let store = database.open().await;
        let (ada, bob) = (with_codes(&store, "ada").await, with_codes(&store, "bob").await);
        let use_one = async |id: &str, hash: &TokenHash| {
            recovery_codes::use_one(&store, &user_id(id), hash, LATER).await.expect("is writable")
        };
        assert_eq!(use_one("bob", &ada[0]).await, Won::No);
        assert_eq!(use_one("ada", &ada[0]).await, Won::Yes);
        assert_eq!(use_one("ada", &ada[0]).await, Won::No);
        assert_eq!(use_one("ada", &TokenHash::of(b"a guess")).await, Won::No);
        assert_eq!(use_one("bob", &bob[0]).await, Won::Yes);
        assert_eq!((left(&store, "ada").await, left(&store, "nobody").await), (9, 0));
    }
}

#[tokio::test]
async fn new_codes_end_those_of_before_used_or_not() {
    for database in engines() {
        let store = database.open().await;
        let before = with_codes(&store, "ada").await;
        let ada = user_id("ada");
        assert_eq!(recovery_codes::use_one(&store, &ada, &before[0], NOW).await.expect("is writable"), Won::Yes);
        let after = hashes("later");
        assert_eq!(recovery_codes::renew(&store, &ada, &after, LATER, LATER).await.expect("is writable"), Won::Yes);
        assert_eq!(left(&store, "ada").await, 10);
        assert_eq!(recovery_codes::use_one(&store, &ada, &before[1], LATER).await.expect("is writable"), Won::No);
        assert_eq!(recovery_codes::use_one(&store, &ada, &after[1], LATER).await.expect("is writable"), Won::Yes);
        recovery_codes::remove_all(&store, &ada).await.expect("is writable");
        assert_eq!(left(&store, "ada").await, 0);
    }
}

/// Whoever loses the codes of before must have the new ones.
#[tokio::test]
async fn when_new_codes_cannot_be_written_the_ones_of_before_stay() {
    for database in engines() {
        let store = database.open().await;
        with_codes(&store, "ada").await;
        let twice = [TokenHash::of(b"x"), TokenHash::of(b"x")];
        let outcome = recovery_codes::renew(&store, &user_id("ada"), &twice, LATER, LATER).await;
        assert!(matches!(outcome, Err(StoreError::Conflict)), "{outcome:?}");
        assert_eq!(left(&store, "ada").await, 10);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_that_use_one_code_one_wins() {
    const CALLERS: usize = 64;
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        for hash in with_codes(&stores[0], "ada").await.into_iter().take(5) {
            let start = Arc::new(Barrier::new(CALLERS));
            let tasks = (0..CALLERS).map(|number| {
                let (start, store, hash) = (Arc::clone(&start), stores[number % 2].clone(), hash.clone());
                tokio::spawn(async move {
                    start.wait().await;
                    let won = recovery_codes::use_one(&store, &user_id("ada"), &hash, LATER).await;
                    won.expect("a race is no error") == Won::Yes
                })
            });
            let mut won = 0;
            for task in tasks.collect::<Vec<_>>() {
                won += usize::from(task.await.expect("runs to its end"));
            }
            assert_eq!(won, 1);
        }
    }
}
