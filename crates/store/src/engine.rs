//! The only file that knows which engine it is: how to reach it, its settings, and where its writes go.
//!
//! SQLite: one connection writes (`writer.rs`), a few read. PostgreSQL: one pool for all; a single statement commits by itself,
//! several share a transaction. No function holds one connection while it asks for a second, so a pool of one is enough.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyConnectOptions;
use sqlx::{Any, AnyConnection, ConnectOptions};
use tokio::time::timeout;

use crate::pool::{Pool, Role};
use crate::write::Write;
use crate::writer::Writer;
use crate::{Store, StoreError, migrations};

/// How long a caller waits for a connection, or for room in the queue of writes, before it is told to come back later.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Where writes go.
#[derive(Clone)]
pub(crate) enum Writes {
    Queue(Writer),
    Pool(Pool),
}

impl Engine {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// SQLSTATE has five characters (PostgreSQL manual, appendix A); SQLite's codes are numbers of at most four digits.
    pub(crate) fn of_error_code(code: &str) -> Self {
        if code.len() == 5 { Self::Postgres } else { Self::Sqlite }
    }
}

impl Writes {
    pub(crate) async fn write(&self, write: Write) -> Result<u64, StoreError> {
        match self {
            Self::Queue(writer) => writer.write(write).await,
            Self::Pool(pool) => pool.write(write).await,
        }
    }

    pub(crate) fn ping(&self) -> Result<(), StoreError> {
        match self {
            Self::Queue(writer) => writer.ping(),
            Self::Pool(_) => Ok(()),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Queue(writer) => writer.close().await,
            Self::Pool(pool) => pool.close().await,
        }
    }
}

pub(crate) async fn open(url: &str, pool_size: u32) -> Result<Store, StoreError> {
    sqlx::any::install_default_drivers();
    match url.split_once(':') {
        Some(("sqlite", path)) => open_sqlite(path.strip_prefix("//").unwrap_or(path), pool_size).await,
        Some(("postgres" | "postgresql", _)) => open_postgres(url, pool_size).await,
        _ => Err(StoreError::Url("begins neither with sqlite: nor with postgres://")),
    }
}

async fn open_sqlite(path: &str, readers: u32) -> Result<Store, StoreError> {
    let options = sqlite_options(path)?;
    create_file(path)?;
    let mut connection = sqlite_writer(&options).await?;
    migrations::run_on_sqlite(&mut connection).await?;
    let reads = Pool::open(options.clone(), Role::SqliteReader, readers).await?;
    let writes = Writes::Queue(Writer::start(options, connection));
    Ok(Store { engine: Engine::Sqlite, reads, writes })
}

async fn open_postgres(url: &str, pool_size: u32) -> Result<Store, StoreError> {
    let options = postgres_options(url)?;
    migrations::run_on_postgres(postgres(&options).await?).await?;
    let pool = Pool::open(options, Role::Postgres, pool_size).await?;
    Ok(Store { engine: Engine::Postgres, reads: pool.clone(), writes: Writes::Pool(pool) })
}

/// The connection that writes. What a client was told is on disk (`synchronous = FULL`), and readers never wait (WAL).
#[expect(clippy::disallowed_methods, reason = "settings of a connection, for one engine only")]
pub(crate) async fn sqlite_writer(options: &AnyConnectOptions) -> Result<AnyConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    sqlx::raw_sql("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON").execute(&mut connection).await?;
    if write_ahead_logging(&mut connection).await? != "wal" {
        let cause = "the file system of the database file does not support write-ahead logging";
        return Err(sqlx::Error::Configuration(cause.into()));
    }
    sqlx::raw_sql("PRAGMA synchronous = FULL").execute(&mut connection).await?;
    Ok(connection)
}

/// Switches it on, and tells the mode that there is now. Several programs that make the same file at the same moment exclude one
/// another here, and SQLite does not wait by itself for that lock.
#[expect(clippy::disallowed_methods, reason = "a setting of a connection, for one engine only")]
async fn write_ahead_logging(connection: &mut AnyConnection) -> Result<String, sqlx::Error> {
    const TRIES: u32 = 250;
    const PAUSE: Duration = Duration::from_millis(20);
    let mut tries = 1;
    loop {
        match sqlx::query_scalar::<Any, _>("PRAGMA journal_mode = WAL").fetch_one(&mut *connection).await {
            Err(error) if is_locked(&error) && tries < TRIES => tries += 1,
            outcome => return outcome,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn is_locked(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: &str = "5";
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == SQLITE_BUSY)
}

/// A connection that only reads; a write through it is an error, not a second writer.
#[expect(clippy::disallowed_methods, reason = "settings of a connection, for one engine only")]
pub(crate) async fn sqlite_reader(options: &AnyConnectOptions) -> Result<AnyConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    sqlx::raw_sql("PRAGMA busy_timeout = 5000; PRAGMA query_only = ON").execute(&mut connection).await?;
    Ok(connection)
}

/// A server that does not answer is an error after a while, and not a hanging caller.
pub(crate) async fn postgres(options: &AnyConnectOptions) -> Result<AnyConnection, sqlx::Error> {
    timeout(PATIENCE, options.connect()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// The path is taken as it stands, so it is percent-encoded for the driver, which decodes it.
fn sqlite_options(path: &str) -> Result<AnyConnectOptions, StoreError> {
    if path.is_empty() || path.starts_with(":memory:") {
        return Err(StoreError::Url("names no file: write sqlite:PATH"));
    }
    let encode = |byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let encoded: String = path.bytes().map(encode).collect();
    format!("sqlite:{encoded}?mode=rw").parse().map_err(|_| StoreError::Url("names no file: write sqlite:PATH"))
}

/// Makes the file before SQLite does, readable by nobody else; its companions (`-wal`, `-shm`) inherit the mode.
fn create_file(path: &str) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::File { path: path.to_owned(), cause: Arc::new(error) }),
    }
}

/// The driver's own default for `sslmode` checks no certificate and falls back to plain text. Ours verifies everything,
/// unless the URL says otherwise or the server is on this machine.
fn postgres_options(url: &str) -> Result<AnyConnectOptions, StoreError> {
    let mut options: AnyConnectOptions = url.parse().map_err(|_| StoreError::Url("is not a valid URL"))?;
    let url = &mut options.database_url;
    let last = |names: [&str; 2]| {
        url.query_pairs().filter(|(name, _)| names.contains(&name.as_ref())).last().map(|(_, value)| value.into_owned())
    };
    let host = last(["host", "hostaddr"]).or_else(|| url.host_str().map(str::to_owned)).filter(|host| !host.is_empty());
    let chosen = last(["sslmode", "ssl-mode"]).is_some();
    let Some(host) = host else {
        return Err(StoreError::Url(
            "names no host: write postgres://localhost/NAME or postgres:///NAME?host=/DIRECTORY",
        ));
    };
    if !chosen && !is_here(&host) {
        url.query_pairs_mut().append_pair("sslmode", "verify-full");
    }
    Ok(options)
}

/// A socket directory (also percent-encoded, as it stands in the host part of a URL), or a loopback name or address.
fn is_here(host: &str) -> bool {
    let socket = host.starts_with('/') || host.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2f"));
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    socket || host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sslmode(url: &str) -> Option<String> {
        let options = postgres_options(url).expect("is a usable URL");
        let mut modes = options.database_url.query_pairs().filter(|(name, _)| name == "sslmode");
        modes.next().map(|(_, value)| value.into_owned())
    }

    #[test]
    fn a_server_elsewhere_is_verified_unless_the_url_says_otherwise() {
        assert_eq!(sslmode("postgres://u:p@db.example/x").as_deref(), Some("verify-full"));
        assert_eq!(sslmode("postgres://u:p@192.0.2.7:5433/x").as_deref(), Some("verify-full"));
        assert_eq!(sslmode("postgres://localhost/x?host=db.example").as_deref(), Some("verify-full"));
        assert_eq!(sslmode("postgres://u:p@db.example/x?sslmode=disable").as_deref(), Some("disable"));
    }

    #[test]
    fn a_server_on_this_machine_needs_no_certificate() {
        for url in [
            "postgres://localhost/x",
            "postgres://127.0.0.1:5433/x",
            "postgres://[::1]/x",
            "postgres:///x?host=/run/postgresql",
            "postgres://%2Frun%2Fpostgresql/x",
        ] {
            assert_eq!(sslmode(url), None, "{url}");
        }
    }

    #[test]
    fn a_url_without_a_host_is_refused_because_the_environment_would_choose_it() {
        assert!(matches!(postgres_options("postgres:///x"), Err(StoreError::Url(_))));
    }

    #[test]
    fn a_path_is_taken_as_it_stands() {
        let options = sqlite_options("data/a b?c#d%20.db").expect("is a path");
        assert_eq!(options.database_url.as_str(), "sqlite:data/a%20b%3Fc%23d%2520.db?mode=rw");
        assert!(matches!(sqlite_options(""), Err(StoreError::Url(_))));
        assert!(matches!(sqlite_options(":memory:"), Err(StoreError::Url(_))));
    }
}
