//! What every handler can reach: configuration, database, keys, clock, hashing threads, limits, other servers. Built once, never
//! changed.

use std::sync::Arc;

use jwt::directory::KeyDirectory;
use protocol::issuer::Issuer;
use protocol::time::Timestamp;
use store::Store;
use tokio::sync::Notify;

use crate::client_keys::ClientKeys;
use crate::clock::Clock;
use crate::config::{Config, Problem};
use crate::limits::Limits;
use crate::mail::Outgoing;
use crate::outbound::Outbound;
use crate::passwords::{PasswordError, Pool};
use crate::protocol_log::ProtocolLog;
use crate::sampled::Sampled;
use crate::web::pages::Mode;

/// Shared by all workers behind one `Arc`.
pub struct AppState {
    pub config: Arc<Config>,
    pub store: Store,
    pub keys: Arc<KeyDirectory>,
    pub clock: Clock,
    pub passwords: Pool,
    pub limits: Limits,
    pub outbound: Outbound,
    pub mail: Outgoing,
    pub client_keys: ClientKeys,
    /// Wakes the job that tells clients of a logout.
    pub logout_deliveries: Notify,
    pub protocol_log: ProtocolLog,
    /// Refusals because the server is full, for the log.
    pub(crate) overload: Sampled,
    /// Whether pages show the development bar and registered redirect URIs.
    pub mode: Mode,
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// A file that a setting names is not what it should be.
    #[error("{0}")]
    Setting(Problem),
}

impl AppState {
    /// The state of a server that runs by the system's clock. Starts the hashing threads.
    pub fn new(config: Arc<Config>, store: Store, keys: Arc<KeyDirectory>) -> Result<Self, StateError> {
        Self::with_clock(config, store, keys, Clock::System)
    }

    pub fn with_clock(
        config: Arc<Config>,
        store: Store,
        keys: Arc<KeyDirectory>,
        clock: Clock,
    ) -> Result<Self, StateError> {
        let passwords = Pool::start(&config.passwords)?;
        let limits = Limits::new(&config.limits);
        let outbound = Outbound::new(&config.outbound).map_err(StateError::Setting)?;
        let mail = Outgoing::new(&config).map_err(StateError::Setting)?;
        let client_keys = ClientKeys::new(outbound.clone());
        let (protocol_log, overload) = (ProtocolLog::new(), Sampled::new());
        let mode = Mode::Production;
        Ok(Self {
            config,
            store,
            keys,
            clock,
            passwords,
            limits,
            outbound,
            mail,
            client_keys,
            logout_deliveries: Notify::new(),
            protocol_log,
            overload,
            mode,
        })
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
