//! What happened to an account: table `security_events`. Written once, read by its owner, swept when it is old.

use protocol::ids::{ClientId, SecurityEventId, SessionId, UserId};
use protocol::security_event::SecurityEvent;
use protocol::time::Timestamp;
use serde_json::{Map, Value};
use sqlx::any::AnyRow;

use crate::row::{Fields, json_text};
use crate::sessions::Origin;
use crate::statement::{Statement, statements};
use crate::{Store, StoreError};

#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub id: SecurityEventId,
    pub user_id: UserId,
    pub at: Timestamp,
    pub kind: SecurityEvent,
    pub client_id: Option<ClientId>,
    pub session_id: Option<SessionId>,
    /// The browser that it came from; empty when it came from none.
    pub origin: Origin,
    /// More about it, by the kind: names and numbers, never a secret.
    pub details: Map<String, Value>,
    pub trace_id: Option<String>,
    pub expires_at: Timestamp,
}

/// Where a page of the log ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub at: Timestamp,
    pub id: SecurityEventId,
}

macro_rules! columns {
    () => {
        "id, user_id, at, kind, client_id, session_id, address, user_agent, details, trace_id, expires_at"
    };
}

statements! {
    INSERT = concat!("INSERT INTO security_events (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    DELETE_OF_USER = "DELETE FROM security_events WHERE user_id = $1";
    OF_USER = concat!(
        "SELECT ", columns!(), " FROM security_events WHERE user_id = $1 AND (at, id) < ($2, $3)
         ORDER BY at DESC, id DESC LIMIT $4"
    );
    OF_USER_AND_KIND = concat!(
        "SELECT ", columns!(), " FROM security_events WHERE user_id = $1 AND (at, id) < ($2, $3) AND kind = $5
         ORDER BY at DESC, id DESC LIMIT $4"
    );
}

/// Nothing is written of somebody who was deleted meanwhile.
pub async fn insert(store: &Store, entry: &Entry) -> Result<(), StoreError> {
    match store.write(insert_statement(entry)).await {
        Ok(_) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

pub(crate) fn insert_statement(entry: &Entry) -> Statement {
    Statement::new(INSERT)
        .text(entry.id.as_str())
        .text(entry.user_id.as_str())
        .time(entry.at)
        .text(entry.kind.name())
        .maybe_text(entry.client_id.as_ref().map(ClientId::as_str))
        .maybe_text(entry.session_id.as_ref().map(SessionId::as_str))
        .maybe_text(entry.origin.address.as_deref())
        .maybe_text(entry.origin.user_agent.as_deref())
        .text(&json_text(&entry.details))
        .maybe_text(entry.trace_id.as_deref())
        .time(entry.expires_at)
}

/// The events of a person, newest first, older than `before` (the newest without it), of one kind or of all.
pub async fn of_user(
    store: &Store,
    user: &UserId,
    kind: Option<SecurityEvent>,
    before: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let (at, id) = before.map_or((Timestamp(i64::MAX), ""), |cursor| (cursor.at, cursor.id.as_str()));
    let bind = |sql| Statement::new(sql).text(user.as_str()).time(at).text(id).integer(limit);
    let statement = match kind {
        Some(kind) => bind(OF_USER_AND_KIND).text(kind.name()),
        None => bind(OF_USER),
    };
    store.rows(statement).await?.iter().map(read).collect()
}

/// For the transaction that deletes a person.
pub(crate) fn delete_of_user_statement(user: &UserId) -> Statement {
    Statement::new(DELETE_OF_USER).text(user.as_str())
}

fn read(row: &AnyRow) -> Result<Entry, StoreError> {
    let row = Fields { table: "security_events", row };
    Ok(Entry {
        id: row.parsed("id", SecurityEventId::parse)?,
        user_id: row.parsed("user_id", UserId::parse)?,
        at: row.time("at")?,
        kind: row.named("kind", SecurityEvent::parse)?,
        client_id: row.maybe_parsed("client_id", ClientId::parse)?,
        session_id: row.maybe_parsed("session_id", SessionId::parse)?,
        origin: Origin { address: row.maybe_text("address")?, user_agent: row.maybe_text("user_agent")? },
        details: row.json("details")?,
        trace_id: row.maybe_text("trace_id")?,
        expires_at: row.time("expires_at")?,
    })
}
