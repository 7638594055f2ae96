//! All SQL of Countersign: one text for SQLite and PostgreSQL, checked on both by `tests/statements.rs`.
//!
//! One module per table with free functions that take a [`Store`]. Reading is one SELECT. Changing state is one conditional
//! statement whose row count is the answer ([`Won`]); nothing is checked first and written later. No rule of a protocol lives
//! here, and no clock: `now` is an argument.
//!
//! | table | module |
//! |---|---|
//! | `users`, `user_logins` | [`users`] |
//! | all that names a person | [`deletion`] |
//! | `passwords` | [`passwords`] |
//! | `passkeys`, `passkey_ceremonies` | [`passkeys`], [`passkey_ceremonies`] |
//! | `sessions`, `interactions` | [`sessions`], [`interactions`] |
//! | `session_clients`, `logout_deliveries` | [`session_clients`], [`logout_deliveries`] |
//! | `clients`, `client_secrets`, `client_origins` | [`clients`] |
//! | `registrations`, `initial_access_tokens` | [`registrations`], [`initial_access_tokens`] |
//! | `apis`, `scopes` | [`apis`] |
//! | `grants`, `consents` | [`grants`], [`consents`] |
//! | `revoked_tokens`, `used_assertions` | [`revoked_tokens`], [`used_assertions`] |
//! | `protocol_log` | [`protocol_log`] |
//! | `mails`, `mailbox`, `action_tokens` | [`mails`], [`mailbox`], [`action_tokens`] |
//! | `totp`, `recovery_codes` | [`totp`], [`recovery_codes`] |
//! | `known_browsers`, `attempts` | [`known_browsers`], [`attempts`] |
//! | `security_events` | [`security_events`] |
//! | `api_keys` | [`api_keys`] |

pub mod action_tokens;
pub mod api_keys;
pub mod apis;
pub mod attempts;
pub mod clients;
pub mod consents;
pub mod deletion;
mod engine;
mod error;
pub mod grants;
pub mod initial_access_tokens;
pub mod interactions;
pub mod known_browsers;
pub mod logout_deliveries;
pub mod mailbox;
pub mod mails;
mod migrations;
pub mod passkey_ceremonies;
pub mod passkeys;
pub mod passwords;
mod pool;
pub mod protocol_log;
pub mod recovery_codes;
pub mod registrations;
pub mod revoked_tokens;
mod row;
pub mod security_events;
pub mod session_clients;
pub mod sessions;
pub mod sign_ups;
pub mod statement;
pub mod sweep;
pub mod totp;
pub mod used_assertions;
pub mod users;
mod write;
mod writer;

use std::fmt;

use sqlx::any::AnyRow;

pub use engine::Engine;
pub use error::StoreError;

use engine::Writes;
use pool::Pool;
use statement::Statement;
use write::Write;

/// The opened database. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    reads: Pool,
    writes: Writes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// PostgreSQL: all connections. SQLite: connections that read, beside the one that writes.
    pub pool_size: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { pool_size: 4 }
    }
}

/// Whether this conditional write was the one that changed the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Won {
    Yes,
    No,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.engine.name())
    }
}

impl Won {
    fn by(changed_rows: u64) -> Self {
        if changed_rows > 0 { Self::Yes } else { Self::No }
    }
}

impl Store {
    /// Opens `sqlite:PATH` or `postgres://…`, and brings its tables up to date. Must be called inside a tokio runtime; the
    /// store lives as long as that runtime.
    pub async fn open(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        engine::open(url, options.pool_size.max(1)).await
    }

    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.row(Statement::new("SELECT 1")).await?;
        self.writes.ping()
    }

    /// Finishes what waits, then closes every connection. Later calls fail with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.writes.close().await;
        self.reads.close().await;
    }

    pub(crate) async fn row(&self, statement: Statement) -> Result<Option<AnyRow>, StoreError> {
        Ok(self.reads.rows(statement).await?.into_iter().next())
    }

    pub(crate) async fn rows(&self, statement: Statement) -> Result<Vec<AnyRow>, StoreError> {
        self.reads.rows(statement).await
    }

    /// Carries out a write and tells how many rows it changed (a gated one: its gate). It is on disk when this returns.
    pub(crate) async fn write(&self, write: impl Into<Write>) -> Result<u64, StoreError> {
        self.writes.write(write.into()).await
    }

    /// Carries out writes in turn, each of which has to change a row: otherwise none of them stays.
    pub(crate) async fn write_gates(&self, gates: Vec<Statement>) -> Result<Won, StoreError> {
        let all = gates.len() as u64;
        let opened = self.write(Write::Gates(gates)).await?;
        Ok(if opened == all { Won::Yes } else { Won::No })
    }
}
