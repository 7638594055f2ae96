//! What every handler can reach: configuration, database, keys, clock, hashing threads, limits. Built once, never changed.

use std::sync::Arc;

use jwt::directory::KeyDirectory;
use protocol::issuer::Issuer;
use protocol::time::Timestamp;
use store::Store;

use crate::clock::Clock;
use crate::config::Config;
use crate::limits::Limits;
use crate::passwords::{PasswordError, Pool};
use crate::web::pages::Mode;

/// Shared by all workers behind one `Arc`.
pub struct AppState {
    pub config: Arc<Config>,
    pub store: Store,
    pub keys: Arc<KeyDirectory>,
    pub clock: Clock,
    pub passwords: Pool,
    pub limits: Limits,
    /// Whether pages show the development bar and registered redirect URIs.
    pub mode: Mode,
}

impl AppState {
    /// The state of a server that runs by the system's clock. Starts the hashing threads.
    pub fn new(config: Arc<Config>, store: Store, keys: Arc<KeyDirectory>) -> Result<Self, PasswordError> {
        Self::with_clock(config, store, keys, Clock::System)
    }

    pub fn with_clock(
        config: Arc<Config>,
        store: Store,
        keys: Arc<KeyDirectory>,
        clock: Clock,
    ) -> Result<Self, PasswordError> {
        let passwords = Pool::start(&config.passwords)?;
        let limits = Limits::new(&config.limits);
        Ok(Self { config, store, keys, clock, passwords, limits, mode: Mode::Production })
    }

    /// For `countersign dev`: demo accounts, loopback only, and pages that say so.
    #[must_use]
    pub fn in_development(self) -> Self {
        Self { mode: Mode::Development, ..self }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn issuer(&self) -> &Issuer {
        &self.config.server.issuer
    }
}
