//! What clients asked and how it ended: table `protocol_log`, the last exchanges of each client.
//!
//! Rows are written in batches beside the requests and pruned in the same write, so a client never has more than it may. Of
//! what strangers say in its name it has a separate quota, so that they cannot push its own exchanges out. A request that
//! named no registered client is kept under the empty id. Nothing in a row is a secret: whoever writes it has replaced the
//! values that could be one. Rows of a client go with it; one that is written in that moment goes by its age.

use std::collections::BTreeSet;

use protocol::ids::ClientId;
use protocol::time::Timestamp;
use sqlx::any::AnyRow;

use crate::row::{Fields, json_text};
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError};

/// How sure it is that an exchange was one of the client that it named. Each standing has its own quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The client authenticated, or a token, code or session of this server was behind the request.
    Proven,
    /// Anybody could have sent it.
    Claimed,
}

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// `None` when the request named no client that is registered.
    pub client_id: Option<ClientId>,
    pub standing: Standing,
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
        "client_id, seq, standing, trace_id, at, method, endpoint, status, error, description, cause, micros, parameters"
    };
}

statements! {
    INSERT = concat!(
        "INSERT INTO protocol_log (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ",
        "ON CONFLICT (client_id, seq, trace_id) DO NOTHING"
    );
    PRUNE = "DELETE FROM protocol_log WHERE client_id = $1 AND standing = $2 AND (seq, trace_id) <
             (SELECT seq, trace_id FROM protocol_log WHERE client_id = $1 AND standing = $2
              ORDER BY seq DESC, trace_id DESC LIMIT 1 OFFSET $3)";
    FIND = concat!("SELECT ", columns!(), " FROM protocol_log WHERE trace_id = $1 ORDER BY trace_id LIMIT 1");
    LAST = concat!(
        "SELECT ", columns!(), " FROM protocol_log WHERE client_id = $1 ORDER BY seq DESC, trace_id DESC LIMIT $2"
    );
    AFTER = concat!(
        "SELECT ", columns!(), " FROM protocol_log WHERE client_id = $1 AND seq > $2 ORDER BY seq, trace_id LIMIT $3"
    );
    EXPIRED = "DELETE FROM protocol_log WHERE (client_id, seq, trace_id) IN
               (SELECT client_id, seq, trace_id FROM protocol_log WHERE at <= $1 ORDER BY at LIMIT $2)";
    FORGET_CLIENT = "DELETE FROM protocol_log WHERE client_id = $1";
}

impl Standing {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Claimed => "claimed",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Proven, Self::Claimed].into_iter().find(|standing| standing.name() == name)
    }
}

impl<'a> Whose<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Client(id) => id.as_str(),
            Self::Nobody => "",
        }
    }
}

/// Writes a batch and takes away what each of its clients has beyond `keep` of either standing; all of it or nothing.
pub async fn append(store: &Store, batch: &[Exchange], keep: i64) -> Result<(), StoreError> {
    let quotas: BTreeSet<_> = batch.iter().map(|exchange| (of(exchange).text(), exchange.standing)).collect();
    let prune = |(client, standing): (&str, Standing)| {
        Statement::new(PRUNE).text(client).text(standing.name()).integer((keep - 1).max(0))
    };
    let statements = batch.iter().map(insert).chain(quotas.into_iter().map(prune)).collect();
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

/// Deletes at most `limit` exchanges that are as old as `at` or older, and tells how many.
pub async fn expire(store: &Store, at: Timestamp, limit: i64) -> Result<u64, StoreError> {
    store.write(Statement::new(EXPIRED).time(at).integer(limit)).await
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
        .text(exchange.standing.name())
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
        standing: row.named("standing", Standing::parse)?,
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
