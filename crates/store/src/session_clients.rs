//! Which clients a session signed in to: table `session_clients`. Only clients that want to hear of the end of a session have
//! rows; a sign-in to any other client does not come here.

use protocol::grant::state::Grant;
use protocol::ids::{ClientId, SessionId};
use protocol::time::Timestamp;
use sqlx::any::AnyRow;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won, grants};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionClient {
    pub session_id: SessionId,
    pub client_id: ClientId,
    /// The latest time.
    pub signed_in_at: Timestamp,
    /// The absolute end of the session.
    pub expires_at: Timestamp,
}

/// A client that the browser has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontchannelClient {
    pub client_id: ClientId,
    pub frontchannel_logout_uri: String,
}

statements! {
    // Changes nothing; on PostgreSQL it holds the row, so that the end of the session comes wholly before or wholly after.
    HOLD_SESSION = "UPDATE sessions SET ended_at = NULL WHERE id = $1 AND ended_at IS NULL";
    REMEMBER = "INSERT INTO session_clients (session_id, client_id, signed_in_at, expires_at) VALUES ($1, $2, $3, $4)
                ON CONFLICT (session_id, client_id)
                DO UPDATE SET signed_in_at = excluded.signed_in_at, expires_at = excluded.expires_at";
    PROLONG = "UPDATE session_clients SET expires_at = $2 WHERE session_id = $1";
    FRONTCHANNEL = "SELECT sc.client_id, c.frontchannel_logout_uri FROM session_clients sc JOIN clients c ON c.id = sc.client_id
                    WHERE sc.session_id = $1 AND c.frontchannel_logout_uri IS NOT NULL AND c.disabled_at IS NULL
                    ORDER BY sc.signed_in_at DESC, sc.client_id DESC LIMIT $2";
}

/// Remembers a sign-in, and inserts its grant if it has one, while the session lives. `Won::No` when the session was ended
/// meanwhile: then nothing is written, because the client would never hear of that end.
pub async fn sign_in(store: &Store, entry: &SessionClient, grant: Option<&Grant>) -> Result<Won, StoreError> {
    let gate = Statement::new(HOLD_SESSION).text(entry.session_id.as_str());
    let remember = Statement::new(REMEMBER)
        .text(entry.session_id.as_str())
        .text(entry.client_id.as_str())
        .time(entry.signed_in_at)
        .time(entry.expires_at);
    let then = [remember].into_iter().chain(grant.map(grants::insert_statement)).collect();
    store.write(Write::Gated { gate, then }).await.map(Won::by)
}

/// The clients of a session that have a front channel and are not disabled, the latest sign-in first. They are there until the
/// session would have expired, also when it was ended before.
pub async fn frontchannel(
    store: &Store,
    session: &SessionId,
    limit: i64,
) -> Result<Vec<FrontchannelClient>, StoreError> {
    let rows = store.rows(Statement::new(FRONTCHANNEL).text(session.as_str()).integer(limit)).await?;
    rows.iter().map(read).collect()
}

/// For the transaction that moves the absolute end of a session.
pub(crate) fn prolong_statement(session: &SessionId, expires_at: Timestamp) -> Statement {
    Statement::new(PROLONG).text(session.as_str()).time(expires_at)
}

fn read(row: &AnyRow) -> Result<FrontchannelClient, StoreError> {
    let row = Fields { table: "session_clients", row };
    Ok(FrontchannelClient {
        client_id: row.parsed("client_id", ClientId::parse)?,
        frontchannel_logout_uri: row.text("frontchannel_logout_uri")?,
    })
}
