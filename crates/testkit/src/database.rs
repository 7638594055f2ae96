//! A fresh, real database per test: a SQLite file in a temporary directory, or a database of its own on a PostgreSQL server.
//!
//! `COUNTERSIGN_TEST_POSTGRES_URL` names that server (a superuser, because databases are made and dropped); `cargo xtask test`
//! starts a private one and sets it. Without it the PostgreSQL half is left out, except in continuous integration.
//! `crates/store/tests` includes this file as a module, so it uses nothing of this crate.

use std::future::Future;
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::JoinHandle;

use sqlx::any::AnyConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use store::{Engine, Store, StoreOptions};
use tempfile::TempDir;

const POSTGRES_URL: &str = "COUNTERSIGN_TEST_POSTGRES_URL";

/// Deleted when it is dropped. Nothing is opened or migrated until [`TestDatabase::open`].
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    File(#[expect(dead_code, reason = "the directory lives as long as the database")] TempDir),
    Server { admin: AnyConnectOptions, name: String },
}

/// A database on each engine that can be had here.
pub fn engines() -> Vec<TestDatabase> {
    [Some(TestDatabase::sqlite()), TestDatabase::postgres()].into_iter().flatten().collect()
}

impl TestDatabase {
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("the directory for temporary files is writable");
        let url = format!("sqlite:{}", directory.path().join("test.db").display());
        Self { url, place: Place::File(directory) }
    }

    /// `None` when no PostgreSQL server is named; says so once.
    pub fn postgres() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var(POSTGRES_URL) else {
            left_out();
            return None;
        };
        let admin: AnyConnectOptions = server.parse().expect("the variable holds a URL");
        let name = format!("countersign_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        wait_for_dropped();
        administer(&admin, &[format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")])
            .expect("the PostgreSQL server for tests makes databases");
        let mut url = admin.database_url.clone();
        url.set_path(&name);
        Some(Self { url: url.to_string(), place: Place::Server { admin, name } })
    }

    pub fn engine(&self) -> Engine {
        match self.place {
            Place::File(_) => Engine::Sqlite,
            Place::Server { .. } => Engine::Postgres,
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub async fn open(&self) -> Store {
        self.open_with(StoreOptions::default()).await
    }

    pub async fn open_with(&self, options: StoreOptions) -> Store {
        Store::open(&self.url, options).await.expect("a fresh database opens")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "this test failed on or before {}", self.engine().name());
        }
        if let Place::Server { admin, name } = &self.place {
            drop_aside(admin.clone(), name.clone());
        }
    }
}

/// The databases that are being dropped.
static DROPPING: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// Beside the test, whose runtime has to go on until it ends: a connection that it was just opening would stay half open, and
/// PostgreSQL waits for that one for a minute before it drops any database.
fn drop_aside(admin: AnyConnectOptions, name: String) {
    let dropping = std::thread::spawn(move || {
        // FORCE: a test may end with its connections open.
        let dropped = administer(&admin, &[format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")]);
        if let Err(error) = dropped {
            let _ = writeln!(std::io::stderr(), "the test database {name} stays behind: {error}");
        }
    });
    DROPPING.lock().unwrap_or_else(PoisonError::into_inner).push(dropping);
}

/// So that there are never more databases than tests that run, and at the end hardly one that stays behind.
fn wait_for_dropped() {
    let dropping = std::mem::take(&mut *DROPPING.lock().unwrap_or_else(PoisonError::into_inner));
    for dropped in dropping {
        let _ = dropped.join();
    }
}

/// Runs the statements one after another on a connection of their own.
fn administer(server: &AnyConnectOptions, statements: &[String]) -> Result<(), sqlx::Error> {
    on_own_thread(async {
        sqlx::any::install_default_drivers();
        let mut connection = server.connect().await?;
        for statement in statements {
            sqlx::raw_sql(AssertSqlSafe(statement.as_str())).execute(&mut connection).await?;
        }
        connection.close().await
    })
}

/// Works inside and outside of any runtime, also while a test unwinds.
fn on_own_thread<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be started").block_on(future)
        });
        thread.join().expect("the statements end with a result")
    })
}

fn left_out() {
    static SAID: Once = Once::new();
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "{POSTGRES_URL} must be set in continuous integration"
    );
    SAID.call_once(|| {
        let _ = writeln!(std::io::stderr(), "{POSTGRES_URL} is not set: the PostgreSQL half of the tests is left out");
    });
}
