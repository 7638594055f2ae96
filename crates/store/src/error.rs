//! What can go wrong in the store, as far as a caller can act on it. The causes are for the log, never for a client.

use std::sync::Arc;

use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::migrate::MigrateError;

use crate::engine::Engine;

#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with this key exists already, or a row that this one needs does not.
    #[error("the row conflicts with what the database holds")]
    Conflict,
    /// The database does not answer at the moment; trying again later can help. A write may or may not have happened.
    #[error("the database cannot be reached or is too busy: {0}")]
    Unavailable(Arc<sqlx::Error>),
    /// The database refused a statement: its tables are not those that this program made.
    #[error("the database refused a statement: {0}")]
    Refused(Arc<sqlx::Error>),
    /// A row holds something that this program never writes.
    #[error("table {table} holds an unreadable {column} in row {row}")]
    Corrupt { table: &'static str, row: String, column: String },
    /// The database was written by a later version of this program.
    #[error("the database was migrated to version {version}, which this program is too old for; start a newer program")]
    Newer { version: i64 },
    #[error("the tables could not be brought up to date: {0}")]
    Migration(Arc<MigrateError>),
    /// The database URL is not usable. The text does not repeat it, because it may hold a password.
    #[error("the database URL {0}")]
    Url(&'static str),
    #[error("the database file {path} cannot be created: {cause}")]
    File { path: String, cause: Arc<std::io::Error> },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) => match cause.kind() {
                ErrorKind::UniqueViolation | ErrorKind::ForeignKeyViolation => Self::Conflict,
                _ if passes(cause.as_ref()) => Self::Unavailable(Arc::new(error)),
                _ => Self::Refused(Arc::new(error)),
            },
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_) => Self::Refused(Arc::new(error)),
            _ => Self::Unavailable(Arc::new(error)),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Newer { version },
            MigrateError::Execute(cause) => cause.into(),
            other => Self::Migration(Arc::new(other)),
        }
    }
}

/// Whether the database said that it is a matter of time.
fn passes(error: &dyn DatabaseError) -> bool {
    let Some(code) = error.code() else { return false };
    match Engine::of_error_code(&code) {
        // Connection, transaction rollback (deadlock), resources, operator intervention, lock not available, system error.
        Engine::Postgres => ["08", "40", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class)),
        // Busy, locked, out of memory, interrupted, input/output, full, cannot open.
        Engine::Sqlite => sqlite_primary(&code).is_some_and(|code| matches!(code, 5 | 6 | 7 | 9 | 10 | 13 | 14)),
    }
}

/// Whether the connection cannot be used any more: the server went away, or said that it closes it.
pub(crate) fn connection_died(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(cause) => {
            cause.code().is_some_and(|code| code.len() == 5 && (code.starts_with("08") || code.starts_with("57P")))
        }
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Whether SQLite may have rolled back the whole transaction, and not just the failing statement
/// (<https://www.sqlite.org/lang_transaction.html>, section 3). An error that is not of a statement counts as one.
pub(crate) fn ends_transaction(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(cause) => {
            let code = cause.code();
            !code
                .and_then(|code| sqlite_primary(&code))
                .is_some_and(|code| !matches!(code, 5 | 6 | 7 | 9 | 10 | 11 | 13))
        }
        _ => true,
    }
}

/// SQLite's extended codes carry the primary one in their lowest byte.
fn sqlite_primary(code: &str) -> Option<i64> {
    code.parse::<i64>().ok().map(|code| code & 0xff)
}
