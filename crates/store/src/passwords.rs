//! Password hashes: table `passwords`. A row is the PHC string of one person; hashing and checking happen elsewhere.

use protocol::ids::{SessionId, UserId};
use protocol::time::Timestamp;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won, action_tokens, sessions};

statements! {
    SET = "INSERT INTO passwords (user_id, phc, changed_at) VALUES ($1, $2, $3)
           ON CONFLICT (user_id) DO UPDATE SET phc = excluded.phc, changed_at = excluded.changed_at,
                                               needs_second_factor = NULL";
    REPLACE = "INSERT INTO passwords (user_id, phc, changed_at, needs_second_factor) VALUES ($1, $2, $3, $4)
               ON CONFLICT (user_id) DO UPDATE SET phc = excluded.phc, changed_at = excluded.changed_at,
                                                   needs_second_factor = excluded.needs_second_factor";
    CHANGE_IS_DONE = "UPDATE users SET password_change_required_at = NULL WHERE id = $1";
    NEEDS_SECOND_FACTOR = "SELECT user_id, needs_second_factor FROM passwords WHERE user_id = $1";
    REPLACE_HASH = "UPDATE passwords SET phc = $3 WHERE user_id = $1 AND phc = $2";
    FIND = "SELECT user_id, phc FROM passwords WHERE user_id = $1";
    CHANGED_AT = "SELECT user_id, changed_at FROM passwords WHERE user_id = $1";
}

/// [`StoreError::Conflict`] when there is no such person.
pub async fn set(store: &Store, user: &UserId, phc: &str, now: Timestamp) -> Result<(), StoreError> {
    store.write(set_statement(user, phc, now)).await?;
    Ok(())
}

pub(crate) fn set_statement(user: &UserId, phc: &str, now: Timestamp) -> Statement {
    Statement::new(SET).text(user.as_str()).text(phc).time(now)
}

/// A password that a person chose.
#[derive(Clone, Debug)]
pub struct NewPassword {
    pub phc: String,
    /// It is shorter than what is asked of one that stands alone.
    pub needs_second_factor: bool,
}

/// Replaces a password in one transaction with what follows from it: all sessions but one end, whatever was sent before is void, and
/// no change is due any more. [`StoreError::Conflict`] when there is no such person.
pub async fn replace(
    store: &Store,
    user: &UserId,
    new: &NewPassword,
    kept: Option<&SessionId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let set = Statement::new(REPLACE)
        .text(user.as_str())
        .text(&new.phc)
        .time(now)
        .maybe_integer(new.needs_second_factor.then_some(1));
    let done = Statement::new(CHANGE_IS_DONE).text(user.as_str());
    let end = match kept {
        Some(kept) => sessions::end_others_of_user_statements(user, kept, now),
        None => sessions::end_all_of_user_statements(user, now),
    };
    let void = action_tokens::void_all_statement(user, now);
    store.write(Write::All([set, done].into_iter().chain(end).chain([void]).collect())).await?;
    Ok(())
}

/// Whether the password is too short to stand alone.
pub async fn needs_second_factor(store: &Store, user: &UserId) -> Result<bool, StoreError> {
    let row = store.row(Statement::new(NEEDS_SECOND_FACTOR).text(user.as_str())).await?;
    let column = row.map(|row| Fields { table: "passwords", row: &row }.maybe_integer("needs_second_factor"));
    Ok(column.transpose()?.flatten().is_some())
}

/// Keeps the same password under another hash. `Won::No` when the password is no longer the one that `old` was made of.
pub async fn replace_hash(store: &Store, user: &UserId, old: &str, new: &str) -> Result<Won, StoreError> {
    store.write(Statement::new(REPLACE_HASH).text(user.as_str()).text(old).text(new)).await.map(Won::by)
}

pub async fn find(store: &Store, user: &UserId) -> Result<Option<String>, StoreError> {
    let row = store.row(Statement::new(FIND).text(user.as_str())).await?;
    row.map(|row| Fields { table: "passwords", row: &row }.text("phc")).transpose()
}

/// When the password was set; `None` when there is none.
pub async fn changed_at(store: &Store, user: &UserId) -> Result<Option<Timestamp>, StoreError> {
    let row = store.row(Statement::new(CHANGED_AT).text(user.as_str())).await?;
    row.map(|row| Fields { table: "passwords", row: &row }.time("changed_at")).transpose()
}
