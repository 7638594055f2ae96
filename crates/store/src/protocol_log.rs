//! What clients asked and how it ended: table `protocol_log`, the last exchanges of each client.
//!
//! Rows are written in batches beside the requests and pruned in the same write, so a client never has more than it may. A
//! request that named no registered client is kept under the empty id. Nothing in a row is a secret: whoever writes it has
//! replaced the values that could be one.

use std::collections::BTreeSet;

use protocol::ids::ClientId;
use protocol::time::Timestamp;
use sqlx::any::AnyRow;

use crate::row::{Fields, json_text};
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError};

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// `None` when the request named no client that is registered.
    pub client_id: Option<ClientId>,
    /// Orders the exchanges of one server process.
    pub seq: i64,
    pub trace_id: String,
    pub at: Timestamp,
    pub method: String,
    pub endpoint: String,
    pub status: u16,
    /// The code on the wire; `None` when nothing was refused.
    pub error: Option<String>,
    /// What the client was told.
    pub description: Option<String>,
    /// What it was not told.
    pub cause: Option<String>,
    /// How long the answer took.
    pub micros: i64,
    /// Names as they were sent, values that could be secret replaced.
    pub parameters: Vec<(String, String)>,
}

/// Whose exchanges.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    Client(&'a ClientId),
    /// Of those that named no client of ours.
    Nobody,
}

macro_rules! columns {
    () => {
        "client_id, seq, trace_id, at, method, endpoint, status, error, description, cause, micros, parameters"
    };
}

statements! {
    INSERT = concat!(
        "INSERT INTO protocol_log (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ",
        "ON CONFLICT (client_id, seq, trace_id) DO NOTHING"
    );
    PRUNE = "DELETE FROM protocol_log WHERE client_id = $1 AND (seq, trace_id) <
             (SELECT seq, trace_id FROM protocol_log WHERE client_id = $1 ORDER BY seq DESC, trace_id DESC LIMIT 1 OFFSET $2)";
    FIND = concat!("SELECT ", columns!(), " FROM protocol_log WHERE trace_id = $1 ORDER BY trace_id LIMIT 1");
    LAST = concat!(
        "SELECT ", columns!(), " FROM protocol_log WHERE client_id = $1 ORDER BY seq DESC, trace_id DESC LIMIT $2"
    );
    AFTER = concat!(
        "SELECT ", columns!(), " FROM protocol_log WHERE client_id = $1 AND seq > $2 ORDER BY seq, trace_id LIMIT $3"
    );
    FORGET_CLIENT = "DELETE FROM protocol_log WHERE client_id = $1";
}

impl<'a> Whose<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Client(id) => id.as_str(),
            Self::Nobody => "",
        }
    }
}

/// Writes a batch and takes away what each of its clients has beyond `keep`; all of it or nothing.
pub async fn append(store: &Store, batch: &[Exchange], keep: i64) -> Result<(), StoreError> {
    let clients: BTreeSet<&str> = batch.iter().map(|exchange| of(exchange).text()).collect();
    let prune = |client: &str| Statement::new(PRUNE).text(client).integer((keep - 1).max(0));
    let statements = batch.iter().map(insert).chain(clients.into_iter().map(prune)).collect();
    store.write(Write::All(statements)).await?;
    Ok(())
}

/// The exchange with this trace id, while it is kept.
pub async fn find(store: &Store, trace_id: &str) -> Result<Option<Exchange>, StoreError> {
    store.row(Statement::new(FIND).text(trace_id)).await?.as_ref().map(read).transpose()
}

/// The last `limit` exchanges, the oldest of them first.
pub async fn last(store: &Store, whose: Whose<'_>, limit: i64) -> Result<Vec<Exchange>, StoreError> {
    let rows = store.rows(Statement::new(LAST).text(whose.text()).integer(limit)).await?;
    rows.iter().rev().map(read).collect()
}

/// The next `limit` exchanges after this place, the oldest first.
pub async fn after(store: &Store, whose: Whose<'_>, seq: i64, limit: i64) -> Result<Vec<Exchange>, StoreError> {
    let rows = store.rows(Statement::new(AFTER).text(whose.text()).integer(seq).integer(limit)).await?;
    rows.iter().map(read).collect()
}

pub(crate) fn forget_client_statement(client: &ClientId) -> Statement {
    Statement::new(FORGET_CLIENT).text(client.as_str())
}

fn of(exchange: &Exchange) -> Whose<'_> {
    exchange.client_id.as_ref().map_or(Whose::Nobody, Whose::Client)
}

fn insert(exchange: &Exchange) -> Statement {
    Statement::new(INSERT)
        .text(of(exchange).text())
        .integer(exchange.seq)
        .text(&exchange.trace_id)
        .time(exchange.at)
        .text(&exchange.method)
        .text(&exchange.endpoint)
        .integer(exchange.status.into())
        .maybe_text(exchange.error.as_deref())
        .maybe_text(exchange.description.as_deref())
        .maybe_text(exchange.cause.as_deref())
        .integer(exchange.micros)
        .text(&json_text(&exchange.parameters))
}

fn read(row: &AnyRow) -> Result<Exchange, StoreError> {
    let row = Fields { table: "protocol_log", row };
    let client = |text: &str| match text {
        "" => Ok(None),
        id => ClientId::parse(id).map(Some),
    };
    Ok(Exchange {
        client_id: row.parsed("client_id", client)?,
        seq: row.integer("seq")?,
        trace_id: row.text("trace_id")?,
        at: row.time("at")?,
        method: row.text("method")?,
        endpoint: row.text("endpoint")?,
        status: u16::try_from(row.integer("status")?).map_err(|_| row.corrupt("status"))?,
        error: row.maybe_text("error")?,
        description: row.maybe_text("description")?,
        cause: row.maybe_text("cause")?,
        micros: row.integer("micros")?,
        parameters: row.json("parameters")?,
    })
}
