//! What changed, as a table: written in the transaction of the change, read by the event streams (`web/events.rs`).
//!
//! Numbers are drawn from one row that stays locked until the change is committed. So events appear in the order of their
//! numbers, whatever runs at once, and who has read up to a number has missed nothing before it. The price: changes are
//! committed one after the other.

#![expect(clippy::disallowed_methods, reason = "the SQL of this API stands here, not in store")]

use protocol::time::{Seconds, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row as _};

use crate::service::database::{Database, DatabaseError};
use crate::service::principal::Person;

pub(crate) const KEPT: Seconds = Seconds::hours(24);
/// At most so many are kept, however young.
const MAX_EVENTS: i64 = 100_000;

const DRAW: &str = "UPDATE event_counter SET seq = seq + 1 WHERE id = 1 RETURNING seq";
const INSERT: &str = "INSERT INTO events (seq, at, kind, item, change, version) VALUES ($1, $2, $3, $4, $5, $6)";
const FOR_ITEM: &str = "INSERT INTO event_audience (seq, principal)
    SELECT CAST($1 AS BIGINT), principal FROM access_list WHERE item = $2";
const FOR_MEMBERS: &str = "INSERT INTO event_audience (seq, principal)
    SELECT CAST($1 AS BIGINT), member FROM members WHERE group_id = $2";
const FOR_ONE: &str = "INSERT INTO event_audience (seq, principal) VALUES ($1, $2)";
const POSITION: &str = "SELECT seq, pruned FROM event_counter WHERE id = 1";
/// Of a group only what happened since the person is a member.
const SINCE: &str = "SELECT seq, at, kind, item, change, version FROM events WHERE seq IN (
    SELECT seq FROM event_audience WHERE principal = $1 AND seq > $2 AND seq <= $3
    UNION SELECT a.seq FROM members m JOIN event_audience a ON a.principal = 'g:' || m.group_id
        WHERE m.member = $1 AND a.seq > m.joined AND a.seq > $2 AND a.seq <= $3
    ORDER BY seq LIMIT $4) ORDER BY seq LIMIT $4";
const LAST_OLD: &str = "SELECT COALESCE(MAX(seq), 0) FROM events WHERE at <= $1";
const PRUNED: &str = "UPDATE event_counter SET pruned = $1 WHERE id = 1 AND pruned < $1";
const PRUNE: &str = "DELETE FROM events WHERE seq <= $1";
const PRUNE_AUDIENCE: &str = "DELETE FROM event_audience WHERE seq <= $1";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Created,
    Changed,
    Deleted,
    /// Access was given or changed.
    Shared,
    /// Access was taken.
    Unshared,
    /// The person became a member of a group.
    Joined,
    Left,
}

/// What happened to what. `version`: of an item; 0 for a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Happened<'h> {
    pub kind: &'static str,
    pub item: &'h str,
    pub change: Change,
    pub version: i64,
    pub at: Timestamp,
}

/// Who is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Audience<'a> {
    /// Everybody who has access to the item.
    OfItem,
    /// The members of the group.
    OfGroup,
    /// One principal, as the database writes it.
    One(&'a str),
}

/// An event as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub seq: i64,
    pub at: i64,
    pub kind: String,
    pub item: String,
    pub change: String,
    pub version: i64,
}

/// Which events there are: those after `pruned`, up to `seq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub seq: i64,
    pub pruned: i64,
}

/// The last thing in a transaction, but for what `audience` is read from and for what needs the number or has to be counted in turn:
/// everybody else waits from here on. The number of the event.
pub(crate) async fn append(
    transaction: &mut AnyConnection,
    happened: &Happened<'_>,
    audience: Audience<'_>,
) -> Result<i64, sqlx::Error> {
    let drawn = sqlx::query(DRAW).fetch_all(&mut *transaction).await?;
    let seq: i64 = drawn.first().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?;
    sqlx::query(INSERT)
        .bind(seq)
        .bind(happened.at.0)
        .bind(happened.kind)
        .bind(happened.item)
        .bind(happened.change.name())
        .bind(happened.version)
        .execute(&mut *transaction)
        .await?;
    let (statement, of) = match audience {
        Audience::OfItem => (FOR_ITEM, happened.item),
        Audience::OfGroup => (FOR_MEMBERS, happened.item),
        Audience::One(principal) => (FOR_ONE, principal),
    };
    sqlx::query(statement).bind(seq).bind(of).execute(transaction).await?;
    Ok(seq)
}

pub(crate) async fn position(database: &Database) -> Result<Position, DatabaseError> {
    let row = sqlx::query(POSITION).fetch_one(&database.read).await?;
    Ok(Position { seq: row.try_get(0)?, pruned: row.try_get(1)? })
}

/// The next `limit` events for this person after `after`, up to `until`.
pub(crate) async fn since(
    database: &Database,
    person: &Person,
    (after, until): (i64, i64),
    limit: i64,
) -> Result<Vec<Event>, DatabaseError> {
    let query = sqlx::query_as(SINCE).bind(person.as_str()).bind(after).bind(until).bind(limit);
    Ok(query.fetch_all(&database.read).await?)
}

/// Forgets what is too old or too much.
pub(crate) async fn sweep(database: &Database, now: Timestamp) -> Result<u64, DatabaseError> {
    let old: i64 = sqlx::query(LAST_OLD).bind((now - KEPT).0).fetch_one(&database.read).await?.try_get(0)?;
    let until = old.max(position(database).await?.seq - MAX_EVENTS);
    let mut transaction = database.write.begin().await?;
    if sqlx::query(PRUNED).bind(until).execute(&mut *transaction).await?.rows_affected() == 0 {
        return Ok(0);
    }
    sqlx::query(PRUNE_AUDIENCE).bind(until).execute(&mut *transaction).await?;
    let pruned = sqlx::query(PRUNE).bind(until).execute(&mut *transaction).await?.rows_affected();
    transaction.commit().await?;
    Ok(pruned)
}

impl Change {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Shared => "shared",
            Self::Unshared => "unshared",
            Self::Joined => "joined",
            Self::Left => "left",
        }
    }
}

/// In the order of `SINCE`.
impl FromRow<'_, AnyRow> for Event {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: row.try_get(0)?,
            at: row.try_get(1)?,
            kind: row.try_get(2)?,
            item: row.try_get(3)?,
            change: row.try_get(4)?,
            version: row.try_get(5)?,
        })
    }
}
