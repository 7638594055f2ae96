//! The outbox of back-channel logout: table `logout_deliveries`. A row is written in the transaction that ends the session, and
//! stays until some days after it was settled, for operators.
//!
//! Several servers may work on one outbox. A row is leased by moving its `due_at` ahead, under the condition that nobody else
//! moved it; a server that dies meanwhile leaves a row that falls due again. When to try again is decided in
//! `protocol::logout::backchannel`.

use protocol::ids::{ClientId, SessionId, UserId};
use protocol::logout::backchannel::{DeliveryState, Next};
use protocol::time::{Seconds, Timestamp};
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::{Store, StoreError, Won};

/// How long an operator can look at the outcome, from the end of the session.
const KEPT: Seconds = Seconds::days(7);

/// One notice: a session ended, and one client is to hear of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    pub session_id: SessionId,
    pub client_id: ClientId,
    pub user_id: UserId,
    pub state: DeliveryState,
    /// How often it was begun to tell the client.
    pub tries: u32,
    /// When the session ended.
    pub created_at: Timestamp,
    /// The next try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<Timestamp>,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

macro_rules! columns {
    () => {
        "session_id, client_id, user_id, state, tries, created_at, due_at, tried_at, last_error"
    };
}

/// What both ways to fill the outbox have in common.
macro_rules! insert {
    ($condition:literal) => {
        concat!(
            "INSERT INTO logout_deliveries (session_id, client_id, user_id, state, tries, created_at, due_at, expires_at)
             SELECT s.id, c.id, s.user_id, 'waiting', 0, $2, $2, $3
             FROM sessions s
             JOIN session_clients sc ON sc.session_id = s.id
             JOIN clients c ON c.id = sc.client_id
             WHERE ",
            $condition,
            " AND s.ended_at = $2 AND c.backchannel_logout_uri IS NOT NULL AND c.disabled_at IS NULL
             ON CONFLICT (session_id, client_id) DO NOTHING"
        )
    };
}

statements! {
    OF_SESSION = insert!("s.id = $1");
    OF_SESSIONS_OF_USER = insert!("s.user_id = $1");
    NEXT_CLIENT = "SELECT client_id, due_at FROM logout_deliveries WHERE client_id > $1 AND due_at IS NOT NULL
                   ORDER BY client_id, due_at LIMIT 1";
    DUE = concat!(
        "SELECT ", columns!(), " FROM logout_deliveries WHERE client_id = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3"
    );
    LEASE = "UPDATE logout_deliveries SET due_at = $4, tries = tries + 1, tried_at = $3
             WHERE session_id = $1 AND client_id = $2 AND tries = $5 AND due_at <= $3";
    SETTLE = "UPDATE logout_deliveries SET state = $4, due_at = $5, last_error = $6
              WHERE session_id = $1 AND client_id = $2 AND tries = $3 AND due_at IS NOT NULL";
    OF_CLIENT = concat!(
        "SELECT ", columns!(), " FROM logout_deliveries WHERE client_id = $1 ORDER BY created_at DESC LIMIT $2"
    );
}

/// For the transaction that ends one session, after it was ended at `now`.
pub(crate) fn of_session_statement(session: &SessionId, now: Timestamp) -> Statement {
    Statement::new(OF_SESSION).text(session.as_str()).time(now).time(now + KEPT)
}

/// The same for all sessions of a person. Rows of other sessions that ended in this very second are there already.
pub(crate) fn of_sessions_of_user_statement(user: &UserId, now: Timestamp) -> Statement {
    Statement::new(OF_SESSIONS_OF_USER).text(user.as_str()).time(now).time(now + KEPT)
}

/// The first client by id, after this one, for which something waits, and when the first of that is due. However much waits,
/// this reads one entry of the index.
pub async fn next_client(store: &Store, after: Option<&ClientId>) -> Result<Option<(ClientId, Timestamp)>, StoreError> {
    let after = after.map(ClientId::as_str).unwrap_or_default();
    let Some(row) = store.row(Statement::new(NEXT_CLIENT).text(after)).await? else { return Ok(None) };
    let row = Fields { table: "logout_deliveries", row: &row };
    Ok(Some((row.parsed("client_id", ClientId::parse)?, row.time("due_at")?)))
}

/// What is due for a client, the longest due first.
pub async fn due(store: &Store, client: &ClientId, now: Timestamp, limit: i64) -> Result<Vec<Delivery>, StoreError> {
    let rows = store.rows(Statement::new(DUE).text(client.as_str()).time(now).integer(limit)).await?;
    rows.iter().map(read).collect()
}

/// Takes a due delivery for a try until `until`. `Won::No` when somebody else has it.
pub async fn lease(store: &Store, delivery: &Delivery, now: Timestamp, until: Timestamp) -> Result<Won, StoreError> {
    let lease = Statement::new(LEASE)
        .text(delivery.session_id.as_str())
        .text(delivery.client_id.as_str())
        .time(now)
        .time(until)
        .integer(delivery.tries.into());
    store.write(lease).await.map(Won::by)
}

/// Writes down how the try of this number ended. `Won::No` when the lease was over and somebody else took it up.
pub async fn settle(
    store: &Store,
    delivery: &Delivery,
    tries: u32,
    next: Next,
    error: Option<&str>,
) -> Result<Won, StoreError> {
    let (state, due_at) = match next {
        Next::Settled(state) => (state, None),
        Next::Again(at) => (DeliveryState::Waiting, Some(at)),
    };
    let settle = Statement::new(SETTLE)
        .text(delivery.session_id.as_str())
        .text(delivery.client_id.as_str())
        .integer(tries.into())
        .text(state.name())
        .maybe_time(due_at)
        .maybe_text(error);
    store.write(settle).await.map(Won::by)
}

/// The latest deliveries to a client, newest first.
pub async fn of_client(store: &Store, client: &ClientId, limit: i64) -> Result<Vec<Delivery>, StoreError> {
    let rows = store.rows(Statement::new(OF_CLIENT).text(client.as_str()).integer(limit)).await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Delivery, StoreError> {
    let row = Fields { table: "logout_deliveries", row };
    Ok(Delivery {
        session_id: row.parsed("session_id", SessionId::parse)?,
        client_id: row.parsed("client_id", ClientId::parse)?,
        user_id: row.parsed("user_id", UserId::parse)?,
        state: row.named("state", DeliveryState::parse)?,
        tries: u32::try_from(row.integer("tries")?).map_err(|_| row.corrupt("tries"))?,
        created_at: row.time("created_at")?,
        due_at: row.maybe_time("due_at")?,
        tried_at: row.maybe_time("tried_at")?,
        last_error: row.maybe_text("last_error")?,
    })
}
