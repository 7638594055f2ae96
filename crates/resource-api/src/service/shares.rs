//! With whom an item is shared. Only owners share; a group owns through its members. Whoever got something may give it back.
//!
//! What a share is about (`access_list`) and who is told of it (`events.rs`) change in one transaction, behind a lock on the
//! item, so that nothing is shared that is being deleted.

#![expect(clippy::disallowed_methods, reason = "the SQL of this API stands here, not in store")]

use protocol::time::Timestamp;
use sqlx::{AnyConnection, Row as _};

use crate::service::database::{Database, DatabaseError};
use crate::service::events::{self, Audience, Change, Happened};
use crate::service::groups;
use crate::service::items::{Access, Item, Kind, mine};
use crate::service::principal::{Person, Principal};

/// A list of all fits one answer.
pub(crate) const MAX_SHARES: i64 = 100;

/// Nobody else shares or deletes it until the transaction ends.
const LOCK: &str = "UPDATE items SET version = version WHERE id = $1";
/// Asked behind the lock, not with it (`write.rs` says why).
const OWNS: &str =
    concat!("SELECT COUNT(*) FROM access_list WHERE item = $2 AND access = 3 AND principal IN ", mine!());
const COUNT: &str = "SELECT COUNT(*) FROM access_list WHERE item = $1 AND principal <> $2 AND access < 3";
const GRANT: &str = "INSERT INTO access_list (item, principal, access, kind, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (item, principal) DO UPDATE SET access = excluded.access WHERE access_list.access < 3";
const REVOKE: &str = "DELETE FROM access_list WHERE item = $1 AND principal = $2 AND access < 3";
const LIST: &str =
    "SELECT principal, access FROM access_list WHERE item = $1 AND access < 3 ORDER BY principal LIMIT $2";

#[derive(Debug, thiserror::Error)]
pub(crate) enum ShareError {
    #[error("it is gone, or the caller owns it no more")]
    NotOwned,
    #[error("the caller is not a member of that group")]
    NoSuchGroup,
    #[error("they own it already")]
    IsOwner,
    #[error("it is shared with as many as it may be")]
    TooMany,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for ShareError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// One item in the hands of somebody who wants to share it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sharing<'s> {
    pub database: &'s Database,
    pub caller: &'s Person,
    pub kind: Kind,
    pub item: &'s Item,
    pub now: Timestamp,
}

impl Sharing<'_> {
    /// Gives access, or changes what was given.
    pub(crate) async fn grant(&self, with: &Principal, access: Access) -> Result<(), ShareError> {
        let (id, written) = (&self.item.id, with.written());
        let mut transaction = self.database.write.begin().await?;
        self.lock_owned(&mut transaction).await?;
        if let Principal::Group(group) = with
            && !groups::is_member(&mut transaction, group, self.caller).await?
        {
            return Err(ShareError::NoSuchGroup);
        }
        let others = sqlx::query(COUNT).bind(id).bind(&written).fetch_one(&mut *transaction).await?;
        if others.try_get::<i64, _>(0)? >= MAX_SHARES {
            return Err(ShareError::TooMany);
        }
        let grant = sqlx::query(GRANT).bind(id).bind(&written).bind(access.number()).bind(self.kind.name());
        if grant.bind(self.item.created_at).execute(&mut *transaction).await?.rows_affected() == 0 {
            return Err(ShareError::IsOwner);
        }
        events::append(&mut transaction, &self.happened(Change::Shared), Audience::One(&written)).await?;
        Ok(transaction.commit().await?)
    }

    /// Takes access; whoever has none keeps none.
    pub(crate) async fn revoke(&self, with: &Principal) -> Result<(), ShareError> {
        let (id, written) = (&self.item.id, with.written());
        let mut transaction = self.database.write.begin().await?;
        self.lock_owned(&mut transaction).await?;
        let revoked = sqlx::query(REVOKE).bind(id).bind(&written).execute(&mut *transaction).await?;
        if revoked.rows_affected() > 0 {
            events::append(&mut transaction, &self.happened(Change::Unshared), Audience::One(&written)).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Takes the caller's own access, as a person; what they have through groups stays.
    pub(crate) async fn leave(&self) -> Result<(), ShareError> {
        let (id, own) = (&self.item.id, self.caller.as_str());
        let mut transaction = self.database.write.begin().await?;
        sqlx::query(LOCK).bind(id).execute(&mut *transaction).await?;
        let left = sqlx::query(REVOKE).bind(id).bind(own).execute(&mut *transaction).await?;
        if left.rows_affected() > 0 {
            events::append(&mut transaction, &self.happened(Change::Unshared), Audience::One(own)).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Principals as the database writes them, and what each may.
    pub(crate) async fn list(&self) -> Result<Vec<(String, Access)>, DatabaseError> {
        let rows = sqlx::query(LIST).bind(&self.item.id).bind(MAX_SHARES).fetch_all(&self.database.read).await?;
        let read = |row: &sqlx::any::AnyRow| {
            let access = Access::from_number(row.try_get(1)?).unwrap_or(Access::Read);
            Ok::<_, sqlx::Error>((row.try_get(0)?, access))
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    async fn lock_owned(&self, transaction: &mut AnyConnection) -> Result<(), ShareError> {
        sqlx::query(LOCK).bind(&self.item.id).execute(&mut *transaction).await?;
        let owns = sqlx::query(OWNS).bind(self.caller.as_str()).bind(&self.item.id).fetch_one(transaction).await?;
        if owns.try_get::<i64, _>(0)? == 0 { Err(ShareError::NotOwned) } else { Ok(()) }
    }

    fn happened(&self, change: Change) -> Happened<'_> {
        let Item { id, version, .. } = self.item;
        Happened { kind: self.kind.name(), item: id, change, version: *version, at: self.now }
    }
}
