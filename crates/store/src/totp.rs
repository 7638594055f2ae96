//! What a person's authenticator app shares with this server: table `totp`. The secret is sealed elsewhere.

use protocol::ids::UserId;
use protocol::time::Timestamp;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::{Store, StoreError, Won, users};

statements! {
    // An offer that is not younger than what was enrolled last has had its turn.
    ENROL = "INSERT INTO totp (user_id, sealed, last_used_step, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, last_used_step = excluded.last_used_step,
                                                 created_at = excluded.created_at
             WHERE totp.created_at < $5";
    FIND = "SELECT user_id, sealed, last_used_step, created_at FROM totp WHERE user_id = $1";
    USE_STEP = "UPDATE totp SET last_used_step = $2 WHERE user_id = $1 AND last_used_step < $2 AND sealed = $3";
    REMOVE = "DELETE FROM totp WHERE user_id = $1 AND (
                  NOT EXISTS (SELECT 1 FROM passwords WHERE passwords.user_id = $1 AND passwords.needs_second_factor IS NOT NULL)
                  OR EXISTS (SELECT 1 FROM passkeys WHERE passkeys.user_id = $1 AND passkeys.clone_seen_at IS NULL))";
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totp {
    pub user_id: UserId,
    pub sealed: String,
    pub last_used_step: i64,
    pub created_at: Timestamp,
}

/// Begins, or replaces what was enrolled before `offered_at`. `Won::No` when something was enrolled since.
pub async fn enrol(store: &Store, totp: &Totp, offered_at: Timestamp) -> Result<Won, StoreError> {
    let enrol = Statement::new(ENROL)
        .text(totp.user_id.as_str())
        .text(&totp.sealed)
        .integer(totp.last_used_step)
        .time(totp.created_at)
        .time(offered_at);
    store.write(enrol).await.map(Won::by)
}

pub async fn find(store: &Store, user: &UserId) -> Result<Option<Totp>, StoreError> {
    let Some(row) = store.row(Statement::new(FIND).text(user.as_str())).await? else { return Ok(None) };
    let row = Fields { table: "totp", row: &row };
    Ok(Some(Totp {
        user_id: row.parsed("user_id", UserId::parse)?,
        sealed: row.text("sealed")?,
        last_used_step: row.integer("last_used_step")?,
        created_at: row.time("created_at")?,
    }))
}

/// Uses up this time step and all before it. `Won::No` when it was used up already, or when another secret was enrolled.
pub async fn use_step(store: &Store, totp: &Totp, step: i64) -> Result<Won, StoreError> {
    let used = Statement::new(USE_STEP).text(totp.user_id.as_str()).integer(step).text(&totp.sealed);
    store.write(used).await.map(Won::by)
}

/// `Won::No` when there is none, or when it is the only second factor beside a password that is too short to stand alone.
pub async fn remove(store: &Store, user: &UserId) -> Result<Won, StoreError> {
    let gates = vec![users::take_turns_statement(user), Statement::new(REMOVE).text(user.as_str())];
    store.write_gates(gates).await
}
