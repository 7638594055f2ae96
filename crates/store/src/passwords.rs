//! Password hashes: table `passwords`. A row is the PHC string of one person; hashing and checking happen elsewhere.

use protocol::ids::UserId;
use protocol::time::Timestamp;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::{Store, StoreError};

statements! {
    SET = "INSERT INTO passwords (user_id, phc, changed_at) VALUES ($1, $2, $3)
           ON CONFLICT (user_id) DO UPDATE SET phc = excluded.phc, changed_at = excluded.changed_at";
    FIND = "SELECT user_id, phc FROM passwords WHERE user_id = $1";
}

/// [`StoreError::Conflict`] when there is no such person.
pub async fn set(store: &Store, user: &UserId, phc: &str, now: Timestamp) -> Result<(), StoreError> {
    store.write(Statement::new(SET).text(user.as_str()).text(phc).time(now)).await?;
    Ok(())
}

pub async fn find(store: &Store, user: &UserId) -> Result<Option<String>, StoreError> {
    let row = store.row(Statement::new(FIND).text(user.as_str())).await?;
    row.map(|row| Fields { table: "passwords", row: &row }.text("phc")).transpose()
}
