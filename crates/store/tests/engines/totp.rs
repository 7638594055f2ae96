//! A time step is used once, an offer too, and what belonged to another secret counts for nothing.

use std::sync::Arc;

use protocol::time::Seconds;
use store::totp::{self, Totp};
use store::{Store, StoreError, StoreOptions, Won, users};
use tokio::sync::Barrier;

use crate::database::engines;
use crate::samples::{LATER, NOW, user, user_id};

fn row(sealed: &str, last_used_step: i64) -> Totp {
    Totp { user_id: user_id("ada"), sealed: sealed.to_owned(), last_used_step, created_at: NOW }
}

async fn enrolled(store: &Store) -> Totp {
    users::insert(store, &user("ada")).await.expect("is new");
    assert_eq!(totp::enrol(store, &row("s1", 10), NOW).await.expect("is writable"), Won::Yes);
    totp::find(store, &user_id("ada")).await.expect("is readable").expect("exists")
}

#[tokio::test]
async fn a_step_and_all_before_it_are_used_up_at_once() {
    for database in engines() {
        let store = database.open().await;
        let ada = enrolled(&store).await;
        assert_eq!(ada, row("s1", 10));
        for (step, won) in [(9, Won::No), (10, Won::No), (12, Won::Yes), (11, Won::No), (12, Won::No), (13, Won::Yes)] {
            assert_eq!(totp::use_step(&store, &ada, step).await.expect("is writable"), won, "{step}");
        }
    }
}

#[tokio::test]
async fn a_code_of_the_secret_before_opens_nothing() {
    for database in engines() {
        let store = database.open().await;
        let before = enrolled(&store).await;
        let new = Totp { created_at: LATER, ..row("s2", 20) };
        assert_eq!(totp::enrol(&store, &new, NOW + Seconds(1)).await.expect("is writable"), Won::Yes);
        assert_eq!(totp::use_step(&store, &before, 30).await.expect("is writable"), Won::No);
        assert_eq!(totp::use_step(&store, &new, 30).await.expect("is writable"), Won::Yes);
        assert_eq!(totp::remove(&store, &user_id("ada")).await.expect("is writable"), Won::Yes);
        assert_eq!(totp::use_step(&store, &new, 31).await.expect("is writable"), Won::No);
        assert_eq!(totp::remove(&store, &user_id("ada")).await.expect("is writable"), Won::No);
    }
}

#[tokio::test]
async fn an_offer_is_taken_once() {
    for database in engines() {
        let store = database.open().await;
        enrolled(&store).await;
        assert_eq!(totp::enrol(&store, &row("s1", 11), NOW).await.expect("is writable"), Won::No, "twice");
        assert_eq!(totp::enrol(&store, &row("s0", 11), NOW - Seconds(9)).await.expect("is writable"), Won::No, "older");
        let kept = totp::find(&store, &user_id("ada")).await.expect("is readable").expect("exists");
        assert_eq!(kept, row("s1", 10));
    }
}

#[tokio::test]
async fn nobody_is_enrolled_who_is_not_there() {
    for database in engines() {
        let store = database.open().await;
        let outcome = totp::enrol(&store, &row("s1", 1), NOW).await;
        assert!(matches!(outcome, Err(StoreError::Conflict)), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_that_post_one_code_one_wins() {
    const CALLERS: usize = 64;
    for database in engines() {
        let stores = [database.open().await, database.open_with(StoreOptions { pool_size: 8 }).await];
        let ada = enrolled(&stores[0]).await;
        for step in 11..16 {
            let start = Arc::new(Barrier::new(CALLERS));
            let tasks = (0..CALLERS).map(|number| {
                let (start, store, ada) = (Arc::clone(&start), stores[number % 2].clone(), ada.clone());
                tokio::spawn(async move {
                    start.wait().await;
                    totp::use_step(&store, &ada, step).await.expect("a race is no error") == Won::Yes
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
