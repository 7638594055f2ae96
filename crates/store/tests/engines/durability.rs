//! What was answered is kept, and one bad write spoils no other.

use std::os::unix::fs::PermissionsExt as _;

use sqlx::ConnectOptions as _;
use sqlx::any::AnyConnectOptions;
use store::{StoreError, StoreOptions, Won, grants, used_assertions, users};

use crate::database::{TestDatabase, engines};
use crate::samples::{LATER, NOW, client_id, code_of, grant, grant_id, user, user_id};

/// The runtime, its tasks and every connection vanish without a word, as when the process is killed.
#[test]
fn what_was_answered_is_there_after_a_sudden_end() {
    let on_a_runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    for database in engines() {
        let runtime = on_a_runtime();
        let redeemed = runtime.block_on(async {
            let store = database.open().await;
            for number in 0..50 {
                grants::insert(&store, &grant(&format!("g{number}"))).await.expect("is new");
            }
            let others = store.clone();
            tokio::spawn(async move {
                for number in 50.. {
                    let _ = grants::insert(&others, &grant(&format!("g{number}"))).await;
                }
            });
            grants::redeem(&store, &grant_id("g49"), &code_of("g49"), NOW, LATER).await.expect("is writable")
        });
        assert_eq!(redeemed, Won::Yes);
        runtime.shutdown_background();

        on_a_runtime().block_on(async {
            let store = database.open().await;
            for number in 0..50 {
                let found = grants::find(&store, &grant_id(&format!("g{number}"))).await.expect("is readable");
                assert_eq!(found.expect("was answered").redeemed_at.is_some(), number == 49);
            }
            let again = grants::redeem(&store, &grant_id("g49"), &code_of("g49"), NOW, LATER).await;
            assert_eq!(again.expect("is writable"), Won::No);
        });
    }
}

#[tokio::test]
async fn a_failing_write_fails_alone() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("taken")).await.expect("is new");
        let tasks = (0..60).map(|number| {
            let store = store.clone();
            let name = if number % 3 == 0 { "taken".to_owned() } else { format!("u{number}") };
            tokio::spawn(async move { users::insert(&store, &user(&name)).await })
        });
        for (number, task) in tasks.collect::<Vec<_>>().into_iter().enumerate() {
            match task.await.expect("runs to its end") {
                Err(StoreError::Conflict) => assert_eq!(number % 3, 0),
                outcome => assert!(outcome.is_ok() && number % 3 != 0, "{number}: {outcome:?}"),
            }
        }
        assert_eq!(users::list(&store, None, 100).await.expect("is readable").len(), 41);
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_the_store_in_order() {
    for database in engines() {
        let store = database.open_with(StoreOptions { pool_size: 2 }).await;
        for number in 0..40 {
            let store = store.clone();
            let task = tokio::spawn(async move { users::insert(&store, &user(&format!("u{number}"))).await });
            tokio::task::yield_now().await;
            task.abort();
        }
        users::insert(&store, &user("last")).await.expect("the store still works");
        assert!(users::find(&store, &user_id("last")).await.expect("is readable").is_some());
    }
}

#[tokio::test]
async fn a_closed_store_finished_its_work_and_does_no_more() {
    for database in engines() {
        let store = database.open().await;
        let waiting = (0..30).map(|number| {
            let store = store.clone();
            tokio::spawn(
                async move { used_assertions::spend(&store, &client_id("app"), &number.to_string(), LATER).await },
            )
        });
        let waiting: Vec<_> = waiting.collect();
        tokio::task::yield_now().await;
        store.close().await;
        store.close().await;
        let mut done = 0;
        for task in waiting {
            done += usize::from(matches!(task.await.expect("runs to its end"), Ok(Won::Yes)));
        }
        assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
        let late = users::insert(&store, &user("late")).await;
        assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");

        let reopened = database.open().await;
        let mut kept = 0;
        for number in 0..30 {
            let again = used_assertions::spend(&reopened, &client_id("app"), &number.to_string(), LATER).await;
            kept += usize::from(again.expect("is writable") == Won::No);
        }
        assert_eq!(kept, done, "answered and kept are the same");
    }
}

#[tokio::test]
async fn a_restart_of_the_server_costs_a_reader_nothing() {
    let Some(database) = TestDatabase::postgres() else { return };
    let store = database.open().await;
    users::insert(&store, &user("ada")).await.expect("is new");
    let options: AnyConnectOptions = database.url().parse().expect("is a URL");
    let mut connection = options.connect().await.expect("the database answers");
    let end_others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::raw_sql(end_others).execute(&mut connection).await.expect("is a superuser");
    assert!(users::find(&store, &user_id("ada")).await.expect("is readable").is_some());
    users::insert(&store, &user("bob")).await.expect("the dead connections are gone");
}

#[tokio::test]
async fn nobody_else_may_read_the_database_file() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    users::insert(&store, &user("ada")).await.expect("is new");
    let path = database.url().strip_prefix("sqlite:").expect("is a file");
    for name in [path.to_owned(), format!("{path}-wal"), format!("{path}-shm")] {
        let mode = std::fs::metadata(&name).expect("exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
