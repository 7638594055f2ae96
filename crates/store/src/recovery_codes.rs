//! Codes for the day when nothing else is at hand: table `recovery_codes`. Only their hashes are here.

use protocol::ids::UserId;
use protocol::secret::TokenHash;
use protocol::time::Timestamp;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::{Store, StoreError, Won, users};

statements! {
    INSERT = "INSERT INTO recovery_codes (user_id, hash, created_at, used_at) VALUES ($1, $2, $3, NULL)";
    USE_ONE = "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at IS NULL";
    LEFT = "SELECT COUNT(*) AS unused FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL";
    REMOVE_ALL = "DELETE FROM recovery_codes WHERE user_id = $1";
    HAS_NONE = "UPDATE users SET updated_at = updated_at
                WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM recovery_codes WHERE user_id = $1)";
    HAS_NONE_SINCE = "UPDATE users SET updated_at = updated_at
                      WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM recovery_codes WHERE user_id = $1 AND created_at >= $2)";
}

/// The first codes of a person. `Won::No` when there are some, used or not, or no such person.
pub async fn begin(store: &Store, user: &UserId, hashes: &[TokenHash], now: Timestamp) -> Result<Won, StoreError> {
    let gates = [users::take_turns_statement(user), Statement::new(HAS_NONE).text(user.as_str())];
    store.write_gates(gates.into_iter().chain(insert_statements(user, hashes, now)).collect()).await
}

/// New codes in the place of others that were made before `since`. `Won::No` when there are none, or when some were made since.
pub async fn renew(
    store: &Store,
    user: &UserId,
    hashes: &[TokenHash],
    since: Timestamp,
    now: Timestamp,
) -> Result<Won, StoreError> {
    let gates = [
        users::take_turns_statement(user),
        Statement::new(HAS_NONE_SINCE).text(user.as_str()).time(since),
        remove_all_statement(user),
    ];
    store.write_gates(gates.into_iter().chain(insert_statements(user, hashes, now)).collect()).await
}

/// `Won::No` when the person has no such code, or when it was used before.
pub async fn use_one(store: &Store, user: &UserId, hash: &TokenHash, now: Timestamp) -> Result<Won, StoreError> {
    store.write(Statement::new(USE_ONE).text(user.as_str()).text(hash.as_str()).time(now)).await.map(Won::by)
}

/// How many were not used.
pub async fn left(store: &Store, user: &UserId) -> Result<i64, StoreError> {
    let row = store.row(Statement::new(LEFT).text(user.as_str())).await?;
    row.map_or(Ok(0), |row| Fields { table: "recovery_codes", row: &row }.integer("unused"))
}

pub async fn remove_all(store: &Store, user: &UserId) -> Result<(), StoreError> {
    store.write(remove_all_statement(user)).await?;
    Ok(())
}

fn insert_statements(user: &UserId, hashes: &[TokenHash], now: Timestamp) -> Vec<Statement> {
    let insert = |hash: &TokenHash| Statement::new(INSERT).text(user.as_str()).text(hash.as_str()).time(now);
    hashes.iter().map(insert).collect()
}

fn remove_all_statement(user: &UserId) -> Statement {
    Statement::new(REMOVE_ALL).text(user.as_str())
}
