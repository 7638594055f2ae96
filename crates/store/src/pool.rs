//! A few connections that callers borrow for one statement or one transaction.
//!
//! The driver's own pool asks the server for a sign of life after every use, a second round trip per statement. This one asks
//! only after a pause. A connection comes back when its work ended in order; one whose caller went away is closed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::any::{AnyConnectOptions, AnyRow};
use sqlx::{AnyConnection, Connection};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::StoreError;
use crate::engine::{self, PATIENCE};
use crate::error::connection_died;
use crate::statement::Statement;
use crate::write::Write;

/// After a pause this long a connection is asked for a sign of life before it is used.
const PAUSE: Duration = Duration::from_secs(5);
/// A connection this old is replaced: servers' memory per connection grows.
const LIFETIME: Duration = Duration::from_mins(30);

#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    SqliteReader,
    Postgres,
}

struct Shared {
    options: AnyConnectOptions,
    role: Role,
    size: u32,
    permits: Semaphore,
    /// The most recently used one is last, and is taken first.
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: AnyConnection,
    opened: Instant,
    used: Instant,
}

/// A connection that was lent. Dropping it closes it; [`Loan::give_back`] returns it.
struct Loan<'p> {
    connection: AnyConnection,
    opened: Instant,
    shared: &'p Shared,
    _permit: SemaphorePermit<'p>,
}

impl Pool {
    /// Opens one connection, to know now whether it works; the others follow when they are needed.
    pub(crate) async fn open(options: AnyConnectOptions, role: Role, size: u32) -> Result<Self, StoreError> {
        let permits = Semaphore::new(size as usize);
        let pool = Self(Arc::new(Shared { options, role, size, permits, idle: Mutex::default() }));
        pool.0.borrow().await?.give_back();
        Ok(pool)
    }

    /// A read is harmless to ask twice: after a restart of the server nobody notices the connections that died with it.
    pub(crate) async fn rows(&self, statement: Statement) -> Result<Vec<AnyRow>, StoreError> {
        match self.read(&statement).await {
            Err(StoreError::Unavailable(cause)) if connection_died(&cause) => self.read(&statement).await,
            outcome => outcome,
        }
    }

    async fn read(&self, statement: &Statement) -> Result<Vec<AnyRow>, StoreError> {
        let mut loan = self.0.borrow().await?;
        let outcome = statement.query().fetch_all(&mut loan.connection).await;
        loan.settle(outcome)
    }

    pub(crate) async fn write(&self, write: Write) -> Result<u64, StoreError> {
        let mut loan = self.0.borrow().await?;
        let outcome = if write.is_single() {
            write.run(&mut loan.connection).await
        } else {
            in_transaction(&write, &mut loan.connection).await
        };
        loan.settle(outcome)
    }

    /// Waits for what is lent, then closes everything.
    pub(crate) async fn close(&self) {
        let shared = &self.0;
        if let Ok(permits) = shared.permits.acquire_many(shared.size).await {
            permits.forget();
        }
        shared.permits.close();
        for one in shared.take_idle() {
            if let Err(error) = one.connection.close().await {
                tracing::warn!(%error, "a database connection could not be closed in order");
            }
        }
    }
}

impl Shared {
    async fn borrow(&self) -> Result<Loan<'_>, StoreError> {
        let permit = match timeout(PATIENCE, self.permits.acquire()).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_closed)) => return Err(sqlx::Error::PoolClosed.into()),
            Err(_elapsed) => return Err(sqlx::Error::PoolTimedOut.into()),
        };
        while let Some(idle) = self.pop() {
            if let Some((connection, opened)) = still_good(idle).await {
                return Ok(Loan { connection, opened, shared: self, _permit: permit });
            }
        }
        let connection = self.connect().await?;
        Ok(Loan { connection, opened: Instant::now(), shared: self, _permit: permit })
    }

    async fn connect(&self) -> Result<AnyConnection, sqlx::Error> {
        match self.role {
            Role::SqliteReader => engine::sqlite_reader(&self.options).await,
            Role::Postgres => engine::postgres(&self.options).await,
        }
    }

    fn take_idle(&self) -> Vec<Idle> {
        std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn pop(&self) -> Option<Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl Loan<'_> {
    /// Returns the connection unless the error says that it is no longer in order.
    fn settle<T>(self, outcome: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        match outcome {
            Ok(value) => {
                self.give_back();
                Ok(value)
            }
            Err(error) => {
                if connection_died(&error) {
                    self.shared.take_idle(); // most likely they died of the same cause
                }
                let error = StoreError::from(error);
                if !matches!(error, StoreError::Unavailable(_)) {
                    self.give_back();
                }
                Err(error)
            }
        }
    }

    fn give_back(self) {
        let Self { connection, opened, shared, _permit } = self;
        let idle = Idle { connection, opened, used: Instant::now() };
        shared.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
    }
}

async fn still_good(mut idle: Idle) -> Option<(AnyConnection, Instant)> {
    if idle.opened.elapsed() > LIFETIME {
        return None;
    }
    if idle.used.elapsed() > PAUSE {
        idle.connection.ping().await.ok()?;
    }
    Some((idle.connection, idle.opened))
}

async fn in_transaction(write: &Write, connection: &mut AnyConnection) -> Result<u64, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let outcome = write.run(&mut transaction).await;
    match &outcome {
        Ok(answer) if write.keeps(*answer) => transaction.commit().await?,
        Ok(_) | Err(_) => transaction.rollback().await?,
    }
    outcome
}
