//! Deletes what expired, a few rows per statement, never in a request. What is swept means nothing any more: every reader
//! checks the time itself, so a late sweep costs room and nothing else. (The protocol log has no reader that would: how old it
//! may get is a setting, [`crate::protocol_log::expire`].)

use protocol::time::Timestamp;

use crate::statement::{Statement, statements};
use crate::{Store, StoreError, clients};

statements! {
    GRANTS = "DELETE FROM grants WHERE id IN
              (SELECT id FROM grants WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    LOGOUT_DELIVERIES = "DELETE FROM logout_deliveries WHERE (session_id, client_id) IN
                         (SELECT session_id, client_id FROM logout_deliveries WHERE expires_at <= $1
                          ORDER BY expires_at LIMIT $2)";
    SESSION_CLIENTS = "DELETE FROM session_clients WHERE (session_id, client_id) IN
                       (SELECT session_id, client_id FROM session_clients WHERE expires_at <= $1
                        ORDER BY expires_at LIMIT $2)";
    SESSIONS = "DELETE FROM sessions WHERE id IN
                (SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    // For a day somebody who comes back late is told what it was about.
    INTERACTIONS = "DELETE FROM interactions WHERE id IN
                    (SELECT id FROM interactions WHERE expires_at <= $1 - 86400 ORDER BY expires_at LIMIT $2)";
    // What is short may stay as long, so that somebody who can begin many sign-ins cannot fill the disk with them.
    LONG_REQUESTS = "UPDATE interactions SET parameters = '' WHERE id IN
                     (SELECT id FROM interactions WHERE LENGTH(parameters) > 1024 AND expires_at <= $1
                      ORDER BY expires_at LIMIT $2)";
    SECURITY_EVENTS = "DELETE FROM security_events WHERE id IN
                       (SELECT id FROM security_events WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    // Where somebody was is kept for 30 days; what happened, as long as the settings say.
    ADDRESSES = "UPDATE security_events SET address = NULL WHERE id IN
                 (SELECT id FROM security_events WHERE address IS NOT NULL AND at <= $1 - 2592000 ORDER BY at LIMIT $2)";
    REVOKED_TOKENS = "DELETE FROM revoked_tokens WHERE jti IN
                      (SELECT jti FROM revoked_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    USED_ASSERTIONS = "DELETE FROM used_assertions WHERE (client_id, jti) IN
                       (SELECT client_id, jti FROM used_assertions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    PASSKEY_CEREMONIES = "DELETE FROM passkey_ceremonies WHERE id IN
                          (SELECT id FROM passkey_ceremonies WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    // For a week the log can tell a secret that expired from one that is wrong.
    CLIENT_SECRETS = "DELETE FROM client_secrets WHERE (client_id, hash) IN
                      (SELECT client_id, hash FROM client_secrets WHERE expires_at <= $1 - 604800
                       ORDER BY expires_at LIMIT $2)";
    MAILS = "DELETE FROM mails WHERE id IN
             (SELECT id FROM mails WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    MAILBOX = "DELETE FROM mailbox WHERE id IN
               (SELECT id FROM mailbox WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    ACTION_TOKENS = "DELETE FROM action_tokens WHERE id IN
                     (SELECT id FROM action_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    // For a month its owner can see how a key ended.
    API_KEYS = "DELETE FROM api_keys WHERE id IN
                (SELECT id FROM api_keys WHERE expires_at <= $1 - 2592000 ORDER BY expires_at LIMIT $2)";
    INITIAL_ACCESS_TOKENS = "DELETE FROM initial_access_tokens WHERE id IN
                             (SELECT id FROM initial_access_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    KNOWN_BROWSERS = "DELETE FROM known_browsers WHERE id IN
                      (SELECT id FROM known_browsers WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    // A try may begin a bucket anew meanwhile: PostgreSQL then looks at the outer condition once more.
    ATTEMPTS = "DELETE FROM attempts WHERE expires_at <= $1 AND bucket IN
                (SELECT bucket FROM attempts WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
}

/// Deletes at most `batch` expired rows of each table and tells how many went. Call it again while it finds some.
pub async fn run_once(store: &Store, now: Timestamp, batch: i64) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for (_, sql) in STATEMENTS {
        deleted += store.write(Statement::new(sql).time(now).integer(batch)).await?;
    }
    Ok(deleted + clients::delete_unused(store, now, batch).await?)
}
