//! Brings the tables up to date at start, and refuses a database that a later program has changed.
//!
//! The texts are in `migrations/` at the root of the repository; its README says how to add one. Two servers may start at
//! once on one database: the second waits for the first and then finds nothing left to do.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, Connection, SqlSafeStr};

use crate::StoreError;

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "users", include_str!("../../../migrations/0001_users.sql")),
    (2, "sessions", include_str!("../../../migrations/0002_sessions.sql")),
    (3, "clients", include_str!("../../../migrations/0003_clients.sql")),
    (4, "grants", include_str!("../../../migrations/0004_grants.sql")),
    (5, "client_metadata", include_str!("../../../migrations/0005_client_metadata.sql")),
    (6, "protocol_log", include_str!("../../../migrations/0006_protocol_log.sql")),
    (7, "logout", include_str!("../../../migrations/0007_logout.sql")),
    (8, "registration", include_str!("../../../migrations/0008_registration.sql")),
    (9, "mail", include_str!("../../../migrations/0009_mail.sql")),
    (10, "second_factors", include_str!("../../../migrations/0010_second_factors.sql")),
    (11, "accounts", include_str!("../../../migrations/0011_accounts.sql")),
    (12, "api_keys", include_str!("../../../migrations/0012_api_keys.sql")),
    (13, "password_check", include_str!("../../../migrations/0013_password_check.sql")),
];

/// On SQLite: one transaction that takes the write lock first, because the migrator has no lock of its own there.
pub(crate) async fn run_on_sqlite(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    run(&mut transaction).await?;
    transaction.commit().await?;
    Ok(())
}

/// On PostgreSQL: the migrator holds an advisory lock of the session. The connection is given up afterwards, and the lock with
/// it, however the migration went.
pub(crate) async fn run_on_postgres(mut connection: AnyConnection) -> Result<(), StoreError> {
    let outcome = run(&mut connection).await;
    let closed = connection.close().await;
    outcome?;
    closed?;
    Ok(())
}

/// `Migrator::run` would do the same, but its future cannot be proven to be `Send`.
async fn run(connection: &mut AnyConnection) -> Result<(), MigrateError> {
    let migration = |&(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let migrator = Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect());
    migrator.run_direct(None, connection, false).await
}
