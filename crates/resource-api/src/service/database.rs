//! The database behind the service: SQLite or PostgreSQL by URL, migrations at start, errors sorted for the web.
//!
//! The only file that knows which engine it is. On SQLite one connection writes and a few read, so writers wait in line here
//! instead of colliding in the file; on PostgreSQL both names mean the same pool. All SQL is in the files named after the tables.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyPool, SqlSafeStr as _};
use url::Url;

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "notes", include_str!("../../migrations/0001_notes.sql")),
    (2, "items", include_str!("../../migrations/0002_items.sql")),
    (3, "sessions", include_str!("../../migrations/0003_sessions.sql")),
    (4, "joined", include_str!("../../migrations/0004_joined.sql")),
    (5, "home_issuer", include_str!("../../migrations/0005_home_issuer.sql")),
];

/// A table of its own, so that this API can share a PostgreSQL database with another program.
const MIGRATIONS_TABLE: &str = "_resource_api_migrations";

const MIGRATION_ATTEMPTS: u32 = 4;
const MIGRATION_PAUSE: Duration = Duration::from_millis(100);

const CONNECTIONS: u32 = 8;
const SQLITE_READERS: u32 = 4;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub read: AnyPool,
    pub write: AnyPool,
}

#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("the database URL is {0}")]
    Url(&'static str),
    #[error("the database cannot be reached or is too busy: {0}")]
    Unavailable(#[source] sqlx::Error),
    #[error("the database was written by a newer program (migration {0}); this one must not touch it")]
    Newer(i64),
    #[error("a migration failed: {0}")]
    Migration(#[source] MigrateError),
    #[error("a statement failed: {0}")]
    Statement(#[source] sqlx::Error),
}

impl Database {
    /// Connects and brings the schema up to date.
    pub(crate) async fn open(url: &str) -> Result<Self, DatabaseError> {
        sqlx::any::install_default_drivers();
        let database = match url.strip_prefix("sqlite:") {
            Some(path) => Self::sqlite(path).await?,
            None => Self::postgres(url).await?,
        };
        database.migrate().await?;
        Ok(database)
    }

    /// PostgreSQL lets one program migrate at a time. SQLite has no such lock: of two programs that start at once, one finds
    /// what the other has just made, fails, and looks again.
    async fn migrate(&self) -> Result<(), DatabaseError> {
        let mut attempts = 1..MIGRATION_ATTEMPTS;
        loop {
            match migrator().run(&self.write).await {
                Ok(()) => return Ok(()),
                Err(MigrateError::VersionMissing(version)) => return Err(DatabaseError::Newer(version)),
                Err(error) if attempts.next().is_none() => return Err(DatabaseError::Migration(error)),
                Err(_) => tokio::time::sleep(MIGRATION_PAUSE).await,
            }
        }
    }

    /// Whether the database answers.
    #[expect(clippy::disallowed_methods, reason = "the database of this API is its own, not that of store")]
    pub(crate) async fn ping(&self) -> Result<(), DatabaseError> {
        sqlx::query("SELECT 1").execute(&self.read).await.map(drop).map_err(DatabaseError::from)
    }

    pub(crate) async fn close(&self) {
        self.write.close().await;
        self.read.close().await;
    }

    #[expect(clippy::disallowed_methods, reason = "the database of this API is its own, not that of store")]
    async fn sqlite(path: &str) -> Result<Self, DatabaseError> {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.contains(['%', '#', '?']) {
            return Err(DatabaseError::Url("sqlite: and a path without %, # and ?"));
        }
        if path == ":memory:" {
            return Err(DatabaseError::Url("a file; notes in memory would be lost"));
        }
        make_private_file(Path::new(path)).map_err(|error| DatabaseError::Unavailable(sqlx::Error::Io(error)))?;
        let url = format!("sqlite:{path}?mode=rwc");
        // FULL: what a caller was told is on disk.
        let write = pool(1)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *connection).await?;
                    sqlx::query("PRAGMA synchronous = FULL").execute(connection).await.map(drop)
                })
            })
            .connect(&url)
            .await?;
        let read = pool(SQLITE_READERS).connect_lazy(&url)?;
        Ok(Self { read, write })
    }

    async fn postgres(url: &str) -> Result<Self, DatabaseError> {
        let url = verified_postgres_url(url)?;
        let both = pool(CONNECTIONS).connect(&url).await?;
        Ok(Self { read: both.clone(), write: both })
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        let passing = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(error) => error.code().is_some_and(|code| is_passing(&code)),
            _ => false,
        };
        if passing { Self::Unavailable(error) } else { Self::Statement(error) }
    }
}

/// SQLite: busy, locked, I/O, full. PostgreSQL: connection, resources, operator intervention, rollback (classes 08, 53, 57, 40).
fn is_passing(code: &str) -> bool {
    match code.parse::<i64>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6 | 10 | 13),
        _ => ["08", "53", "57", "40"].iter().any(|class| code.starts_with(class)),
    }
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|(version, name, sql)| {
        Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, (*sql).into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.dangerous_set_table_name(MIGRATIONS_TABLE);
    migrator
}

fn pool(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT)
}

/// The driver's own default would accept any certificate and even fall back to plain text; on this machine that is fine.
fn verified_postgres_url(text: &str) -> Result<String, DatabaseError> {
    const FORM: DatabaseError = DatabaseError::Url("neither sqlite:PATH nor postgres://USER@HOST/DATABASE");
    let mut url = Url::parse(text).map_err(|_| FORM)?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(FORM);
    }
    let says = |key: &str| url.query_pairs().any(|(name, _)| name == key);
    let local = says("host") || matches!(url.host_str(), None | Some("" | "localhost" | "127.0.0.1" | "[::1]"));
    if !local && !says("sslmode") {
        url.query_pairs_mut().append_pair("sslmode", "verify-full");
    }
    Ok(url.into())
}

/// Notes are private: a file that we make is readable by its owner only (SQLite gives its side files the same mode).
fn make_private_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_postgresql_is_verified_unless_told_otherwise() {
        let url = |text: &str| verified_postgres_url(text).expect("is a URL");
        assert_eq!(url("postgres://a@db.example/x"), "postgres://a@db.example/x?sslmode=verify-full");
        assert_eq!(url("postgres://a@db.example/x?sslmode=require"), "postgres://a@db.example/x?sslmode=require");
        assert_eq!(url("postgres://a@127.0.0.1/x"), "postgres://a@127.0.0.1/x");
        assert_eq!(url("postgres:///x?host=/run/postgresql"), "postgres:///x?host=/run/postgresql");
        assert!(verified_postgres_url("mysql://a@b/c").is_err());
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_is_broken() {
        for code in ["5", "6", "261", "517", "13", "08006", "53300", "57P01", "40001"] {
            assert!(is_passing(code), "{code}");
        }
        for code in ["1", "19", "2067", "23505", "42601", "22021"] {
            assert!(!is_passing(code), "{code}");
        }
    }
}
