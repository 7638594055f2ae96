//! Groups and their members. A group belongs to whoever made it; that person adds and removes members.
//!
//! Members are kept here and nowhere else. A `groups` claim would be as old as the token, API keys have none, and the names in
//! it mean something else at each issuer; so membership is one table that every statement joins, and ends at once.

#![expect(clippy::disallowed_methods, reason = "the SQL of this API stands here, not in store")]

use protocol::time::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row as _};

use crate::service::database::{Database, DatabaseError};
use crate::service::events::{self, Audience, Change, Happened};
use crate::service::idempotency::{self, Claimed, Once};
use crate::service::items::{Asked, Cursor, Page};
use crate::service::principal::{Id, Person};
use crate::service::write::Made;

/// Of one person.
pub(crate) const MAX_GROUPS: i64 = 100;
pub(crate) const MAX_MEMBERS: i64 = 1_000;
const MAX_NAME: usize = 100;

macro_rules! columns {
    () => {
        "g.id, g.owner, g.name, g.members, g.created_at"
    };
}

const INSERT: &str = "INSERT INTO groups (id, owner, name, members, items, created_at)
    SELECT $1, $2, $3, 1, 0, $4 WHERE (SELECT COUNT(*) FROM groups WHERE owner = $2) < $5";
const INSERT_MEMBER: &str = "INSERT INTO members (group_id, member, added_at, joined) VALUES ($1, $2, $3, $4)
    ON CONFLICT (group_id, member) DO NOTHING";
const IS_MEMBER: &str = "SELECT COUNT(*) FROM members WHERE group_id = $1 AND member = $2";
const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM groups g JOIN members m ON m.group_id = g.id WHERE g.id = $2 AND m.member = $1"
);
const PAGE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM members m JOIN groups g ON g.id = m.group_id WHERE m.member = $1 AND (g.created_at, g.id) < ($2, $3)",
    " ORDER BY g.created_at DESC, g.id DESC LIMIT $4"
);
const MEMBERS: &str = "SELECT member, added_at FROM members WHERE group_id = $1 AND (added_at, member) < ($2, $3)
    ORDER BY added_at DESC, member DESC LIMIT $4";
const COUNT_IN: &str = "UPDATE groups SET members = members + 1 WHERE id = $1 AND owner = $2 AND members < $3";
const COUNT_OUT: &str =
    "UPDATE groups SET members = members - 1 WHERE id = $1 AND owner <> $3 AND (owner = $2 OR $2 = $3)";
const REMOVE: &str = "DELETE FROM members WHERE group_id = $1 AND member = $2";
const DELETE: &str = "DELETE FROM groups WHERE id = $1 AND owner = $2 AND items = 0";
const DELETE_MEMBERS: &str = "DELETE FROM members WHERE group_id = $1";
const DELETE_SHARES: &str = "DELETE FROM access_list WHERE principal = $1";
const DELETE_USAGE: &str = "DELETE FROM usage WHERE owner = $1 AND bytes = 0";

/// A group, as its members see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub id: String,
    /// A person, as the database writes them.
    pub owner: String,
    pub name: String,
    pub members: i64,
    pub created_at: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub member: String,
    pub added_at: i64,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum GroupError {
    #[error("there are as many groups of the caller as there may be")]
    TooManyGroups,
    #[error("the group has as many members as it may have")]
    Full,
    #[error("there is no such group any more")]
    Gone,
    #[error("the idempotency key was used with another request")]
    OtherRequest,
    #[error("the group still owns notes or files")]
    NotEmpty,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for GroupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Of 1 to 100 characters, one line.
pub(crate) fn check_name(name: String) -> Result<String, &'static str> {
    if name.trim().is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err("name has 1 to 100 characters, not only spaces, no control characters and no line breaks");
    }
    Ok(name)
}

/// The caller becomes its owner and first member.
pub(crate) async fn create(
    database: &Database,
    caller: &Person,
    name: &str,
    once: Option<&Once>,
    now: Timestamp,
) -> Result<Made, GroupError> {
    let id = Id::random();
    let mut transaction = database.write.begin().await?;
    if let Some(once) = once {
        match idempotency::claim(&mut transaction, caller, once, &id, now).await? {
            Claimed::New => {}
            Claimed::Before(made) => return Ok(made),
            Claimed::OtherRequest => return Err(GroupError::OtherRequest),
        }
    }
    // First, because whoever draws the next event waits for the one before: nobody counts the groups while another makes one.
    let audience = Audience::One(caller.as_str());
    let seq = events::append(&mut transaction, &happened(id.as_str(), Change::Created, now), audience).await?;
    let insert = sqlx::query(INSERT).bind(id.as_str()).bind(caller.as_str()).bind(name).bind(now.0).bind(MAX_GROUPS);
    if insert.execute(&mut *transaction).await?.rows_affected() == 0 {
        return Err(GroupError::TooManyGroups);
    }
    let member = sqlx::query(INSERT_MEMBER).bind(id.as_str()).bind(caller.as_str()).bind(now.0).bind(seq);
    member.execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(Made { id: id.as_str().to_owned(), created_at: now.0 })
}

/// A group that the caller is a member of.
pub(crate) async fn find(database: &Database, caller: &Person, id: &Id) -> Result<Option<Group>, DatabaseError> {
    Ok(sqlx::query_as(FIND).bind(caller.as_str()).bind(id.as_str()).fetch_optional(&database.read).await?)
}

/// At this moment.
pub(crate) async fn is_member(
    transaction: &mut AnyConnection,
    group: &Id,
    person: &Person,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(IS_MEMBER).bind(group.as_str()).bind(person.as_str());
    Ok(query.fetch_one(transaction).await?.try_get::<i64, _>(0)? > 0)
}

/// The groups that the caller is a member of, newest first.
pub(crate) async fn page(database: &Database, caller: &Person, asked: &Asked) -> Result<Page<Group>, DatabaseError> {
    let (created_at, id) = asked.behind();
    let query = sqlx::query_as(PAGE).bind(caller.as_str()).bind(created_at).bind(id).bind(asked.one_more());
    let rows: Vec<Group> = query.fetch_all(&database.read).await?;
    Ok(asked.page(rows, |group| Cursor { created_at: group.created_at, id: group.id.clone() }))
}

/// Newest first.
pub(crate) async fn members(database: &Database, group: &Group, asked: &Asked) -> Result<Page<Member>, DatabaseError> {
    let (added_at, member) = asked.behind();
    let query = sqlx::query_as(MEMBERS).bind(&group.id).bind(added_at).bind(member).bind(asked.one_more());
    let rows: Vec<Member> = query.fetch_all(&database.read).await?;
    Ok(asked.page(rows, |member| Cursor { created_at: member.added_at, id: member.member.clone() }))
}

/// Whoever is a member stays one.
pub(crate) async fn add(
    database: &Database,
    caller: &Person,
    group: &Group,
    member: &Person,
    now: Timestamp,
) -> Result<(), GroupError> {
    let mut transaction = database.write.begin().await?;
    let count = sqlx::query(COUNT_IN).bind(&group.id).bind(caller.as_str()).bind(MAX_MEMBERS);
    if count.execute(&mut *transaction).await?.rows_affected() == 0 {
        return Err(refused(&mut transaction, caller, group, GroupError::Full).await?);
    }
    let audience = Audience::One(member.as_str());
    let seq = events::append(&mut transaction, &happened(&group.id, Change::Joined, now), audience).await?;
    let insert = sqlx::query(INSERT_MEMBER).bind(&group.id).bind(member.as_str()).bind(now.0).bind(seq);
    if insert.execute(&mut *transaction).await?.rows_affected() == 0 {
        // A member already: count and event go back with the transaction.
        return Ok(());
    }
    Ok(transaction.commit().await?)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    Yes,
    NotThere,
}

/// By the owner, or by the member themselves; the owner stays. Whether there was such a member.
pub(crate) async fn remove(
    database: &Database,
    caller: &Person,
    group: &Group,
    member: &Person,
    now: Timestamp,
) -> Result<Removed, GroupError> {
    let mut transaction = database.write.begin().await?;
    let count = sqlx::query(COUNT_OUT).bind(&group.id).bind(caller.as_str()).bind(member.as_str());
    let counted = count.execute(&mut *transaction).await?.rows_affected();
    let remove = sqlx::query(REMOVE).bind(&group.id).bind(member.as_str());
    if counted == 0 || remove.execute(&mut *transaction).await?.rows_affected() == 0 {
        return Ok(Removed::NotThere);
    }
    let audience = Audience::One(member.as_str());
    events::append(&mut transaction, &happened(&group.id, Change::Left, now), audience).await?;
    transaction.commit().await?;
    Ok(Removed::Yes)
}

/// Only an empty one; what was shared with it is shared no more.
pub(crate) async fn delete(
    database: &Database,
    caller: &Person,
    group: &Group,
    now: Timestamp,
) -> Result<(), GroupError> {
    let principal = format!("g:{}", group.id);
    let mut transaction = database.write.begin().await?;
    // First, as in `write.rs`; a group that may not be deleted gets it back with the transaction.
    sqlx::query(DELETE_USAGE).bind(&principal).execute(&mut *transaction).await?;
    let deleted = sqlx::query(DELETE).bind(&group.id).bind(caller.as_str()).execute(&mut *transaction).await?;
    if deleted.rows_affected() == 0 {
        return Err(refused(&mut transaction, caller, group, GroupError::NotEmpty).await?);
    }
    events::append(&mut transaction, &happened(&group.id, Change::Deleted, now), Audience::OfGroup).await?;
    sqlx::query(DELETE_MEMBERS).bind(&group.id).execute(&mut *transaction).await?;
    transaction.commit().await?;
    // By itself, because it crosses the locks of many items. Without members these rows give nobody anything.
    if let Err(error) = sqlx::query(DELETE_SHARES).bind(&principal).execute(&database.write).await {
        tracing::warn!(cause = %error, "what was shared with a deleted group is still listed");
    }
    Ok(())
}

/// Why a statement that an owner may do did nothing: `limit`, or the group is gone. It never has another owner.
async fn refused(
    transaction: &mut AnyConnection,
    caller: &Person,
    group: &Group,
    limit: GroupError,
) -> Result<GroupError, sqlx::Error> {
    let found = sqlx::query(FIND).bind(caller.as_str()).bind(&group.id).fetch_optional(transaction).await?;
    Ok(if found.is_some() { limit } else { GroupError::Gone })
}

fn happened(id: &str, change: Change, at: Timestamp) -> Happened<'_> {
    Happened { kind: "group", item: id, change, version: 0, at }
}

/// In the order of `columns!()`.
impl FromRow<'_, AnyRow> for Group {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get(0)?,
            owner: row.try_get(1)?,
            name: row.try_get(2)?,
            members: row.try_get(3)?,
            created_at: row.try_get(4)?,
        })
    }
}

impl FromRow<'_, AnyRow> for Member {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self { member: row.try_get(0)?, added_at: row.try_get(1)? })
    }
}
