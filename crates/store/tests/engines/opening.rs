//! Opening a database: fresh, known, newer than the program, not there at all.

use sqlx::any::AnyConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use store::{Engine, Store, StoreError, StoreOptions, users};

use crate::database::{TestDatabase, engines};
use crate::samples::{user, user_id};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_start_at_once_all_come_up() {
    for database in engines() {
        let starts = (0..4).map(|_| {
            let url = database.url().to_owned();
            tokio::spawn(async move { Store::open(&url, StoreOptions::default()).await })
        });
        for start in starts.collect::<Vec<_>>() {
            let store = start.await.expect("runs to its end").expect("comes up");
            store.ping().await.expect("answers");
            store.close().await;
        }
    }
}

#[tokio::test]
async fn what_one_server_wrote_another_reads() {
    for database in engines() {
        let (one, other) = (database.open().await, database.open().await);
        assert_eq!(one.engine(), database.engine());
        users::insert(&one, &user("ada")).await.expect("is new");
        assert!(users::find(&other, &user_id("ada")).await.expect("is readable").is_some());
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    for database in engines() {
        database.open().await.close().await;
        let options: AnyConnectOptions = database.url().parse().expect("is a URL");
        let mut connection = options.connect().await.expect("the database answers");
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                     SELECT 9999, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
        sqlx::raw_sql(newer).execute(&mut connection).await.expect("is writable");
        connection.close().await.expect("closes");
        for _ in 0..2 {
            let outcome = Store::open(database.url(), StoreOptions::default()).await.map(|store| store.engine());
            assert!(matches!(outcome, Err(StoreError::Newer { version: 9999 })), "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    for database in engines() {
        database.open().await.close().await;
        let options: AnyConnectOptions = database.url().parse().expect("is a URL");
        let mut connection = options.connect().await.expect("the database answers");
        let swap = "UPDATE _sqlx_migrations SET checksum = (SELECT checksum FROM _sqlx_migrations WHERE version = 1)
                    WHERE version = 2";
        sqlx::raw_sql(swap).execute(&mut connection).await.expect("is writable");
        connection.close().await.expect("closes");
        let outcome = Store::open(database.url(), StoreOptions::default()).await.map(|store| store.engine());
        assert!(matches!(outcome, Err(StoreError::Migration(_))), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_url_that_names_no_database_is_refused_without_repeating_it() {
    let refused = |url: String| async move {
        let error =
            Store::open(&url, StoreOptions::default()).await.map(|store| store.engine()).expect_err("is refused");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        error
    };
    assert!(matches!(refused("mysql://u:hunter2@localhost/x".to_owned()).await, StoreError::Url(_)));
    assert!(matches!(refused("postgres://u:hunter2@:x/y".to_owned()).await, StoreError::Url(_)));
    assert!(matches!(refused("hunter2".to_owned()).await, StoreError::Url(_)));
    assert!(matches!(refused("sqlite:".to_owned()).await, StoreError::Url(_)));
    let nowhere = tempfile::tempdir().expect("the directory for temporary files is writable");
    let missing = format!("sqlite:{}/missing/x.db", nowhere.path().display());
    assert!(matches!(refused(missing).await, StoreError::File { .. }));
    assert!(matches!(refused("postgres://u:hunter2@127.0.0.1:1/x".to_owned()).await, StoreError::Unavailable(_)));
}

#[tokio::test]
async fn a_path_with_odd_characters_names_that_file() {
    let folder = tempfile::tempdir().expect("the directory for temporary files is writable");
    let path = folder.path().join("a b?c#d%20ü.db");
    let store = Store::open(&format!("sqlite://{}", path.display()), StoreOptions::default()).await.expect("opens");
    users::insert(&store, &user("ada")).await.expect("is new");
    assert_eq!(store.engine(), Engine::Sqlite);
    assert!(path.exists());
}

#[tokio::test]
async fn the_sqlite_file_keeps_what_was_answered_and_lets_readers_read() {
    let database = TestDatabase::sqlite();
    let _store = database.open().await;
    let options: AnyConnectOptions = database.url().parse().expect("is a URL");
    let mut connection = options.connect().await.expect("the database answers");
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.expect("is a setting");
    assert_eq!(mode, "wal");
}
