//! The end of an account: asked for, taken back, carried out. Table `users`, and everything that names the person elsewhere.
//!
//! `user_ids` keeps the id, so that nobody gets it again. `logout_deliveries` names it until the clients were told.

use protocol::ids::{SessionId, UserId};
use protocol::time::Timestamp;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won, action_tokens, consents, grants, security_events, sessions};

statements! {
    SCHEDULE = "UPDATE users SET deletion_due_at = $2 WHERE id = $1 AND deletion_due_at IS NULL";
    CANCEL = "UPDATE users SET deletion_due_at = NULL WHERE id = $1 AND deletion_due_at IS NOT NULL";
    DUE = "SELECT id FROM users WHERE deletion_due_at <= $1 ORDER BY deletion_due_at LIMIT $2";
    // Whoever cancels comes before this or finds nobody.
    BEGIN = "UPDATE users SET disabled_at = $2 WHERE id = $1 AND deletion_due_at <= $2";
    DELETE = "DELETE FROM users WHERE id = $1";
}

/// The account is to be deleted then; all its sessions but one end. `Won::No` when that was asked for before.
pub async fn schedule(
    store: &Store,
    user: &UserId,
    due_at: Timestamp,
    kept: &SessionId,
    now: Timestamp,
) -> Result<Won, StoreError> {
    let gate = Statement::new(SCHEDULE).text(user.as_str()).time(due_at);
    let then = sessions::end_others_of_user_statements(user, kept, now).into();
    store.write(Write::Gated { gate, then }).await.map(Won::by)
}

/// The account stays. `Won::No` when nothing was scheduled, or when it is deleted already.
pub async fn cancel(store: &Store, user: &UserId) -> Result<Won, StoreError> {
    store.write(Statement::new(CANCEL).text(user.as_str())).await.map(Won::by)
}

/// Whose time has come, the longest due first.
pub async fn due(store: &Store, now: Timestamp, limit: i64) -> Result<Vec<UserId>, StoreError> {
    let rows = store.rows(Statement::new(DUE).time(now).integer(limit)).await?;
    rows.iter().map(|row| Fields { table: "users", row }.parsed("id", UserId::parse)).collect()
}

/// Deletes a person whose time has come, with everything that names them, and puts into the outbox whoever has to hear that their
/// sessions ended. All of it or nothing. `Won::No` when it was cancelled, or done by somebody else.
pub async fn carry_out(store: &Store, user: &UserId, now: Timestamp) -> Result<Won, StoreError> {
    let gate = Statement::new(BEGIN).text(user.as_str()).time(now);
    let [end, tell] = sessions::end_all_of_user_statements(user, now);
    let then = vec![
        end,
        tell,
        sessions::delete_of_user_statement(user),
        grants::delete_of_user_statement(user),
        consents::forget_user_statement(user),
        security_events::delete_of_user_statement(user),
        action_tokens::delete_of_user_statement(user),
        // Names to sign in with, password, passkeys, TOTP, recovery codes, known browsers and API keys go with it.
        Statement::new(DELETE).text(user.as_str()),
    ];
    store.write(Write::Gated { gate, then }).await.map(Won::by)
}
