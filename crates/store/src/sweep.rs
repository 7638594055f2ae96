//! Deletes what expired, a few rows per statement, never in a request. What is swept means nothing any more: every reader
//! checks the time itself, so a late sweep costs room and nothing else.

use protocol::time::Timestamp;

use crate::statement::{Statement, statements};
use crate::{Store, StoreError};

statements! {
    GRANTS = "DELETE FROM grants WHERE id IN
              (SELECT id FROM grants WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    SESSIONS = "DELETE FROM sessions WHERE id IN
                (SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    INTERACTIONS = "DELETE FROM interactions WHERE id IN
                    (SELECT id FROM interactions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    REVOKED_TOKENS = "DELETE FROM revoked_tokens WHERE jti IN
                      (SELECT jti FROM revoked_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    USED_ASSERTIONS = "DELETE FROM used_assertions WHERE (client_id, jti) IN
                       (SELECT client_id, jti FROM used_assertions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    CLIENT_SECRETS = "DELETE FROM client_secrets WHERE (client_id, hash) IN
                      (SELECT client_id, hash FROM client_secrets WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
}

/// Deletes at most `batch` expired rows of each table and tells how many went. Call it again while it finds some.
pub async fn run_once(store: &Store, now: Timestamp, batch: i64) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for (_, sql) in STATEMENTS {
        deleted += store.write(Statement::new(sql).time(now).integer(batch)).await?;
    }
    Ok(deleted)
}
