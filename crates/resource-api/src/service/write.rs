//! Notes and files as they are changed: create, replace, delete. Each is one transaction whose decision is one conditional
//! statement; the event about it is the last thing in it (`events.rs` says why). What is there already is locked by a statement of
//! its own first: PostgreSQL answers a subquery as of the begin of its statement, so one that waited would go by what was.
//!
//! Locks are always taken in this order, so nobody waits in a circle: idempotency key, item, usage, group, event counter.

#![expect(clippy::disallowed_methods, reason = "the SQL of this API stands here, not in store")]

use protocol::time::Timestamp;
use sqlx::{AnyConnection, Row as _};

use crate::service::database::{Database, DatabaseError};
use crate::service::events::{self, Audience, Change, Happened};
use crate::service::groups;
use crate::service::idempotency::{self, Claimed, Once};
use crate::service::items::{Access, Item, Kind, mine};
use crate::service::principal::{Id, Person, Principal};

const INSERT: &str =
    "INSERT INTO items (id, kind, owner, name, media_type, body, bytes, version, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)";
const INSERT_OWNER: &str =
    "INSERT INTO access_list (item, principal, access, kind, created_at) VALUES ($1, $2, 3, $3, $4)";
const PUT_CONTENT: &str = "INSERT INTO contents (id, content) VALUES ($1, $2)
    ON CONFLICT (id) DO UPDATE SET content = excluded.content";
/// Nobody else writes, shares or deletes it until the transaction ends. Says what it is then.
const LOCK: &str = "UPDATE items SET version = version WHERE id = $1 RETURNING version, bytes";
const REPLACE: &str = concat!(
    "UPDATE items SET name = $3, media_type = $4, body = $5, bytes = $6, updated_at = $7, version = version + 1",
    " WHERE id = $2 AND EXISTS (SELECT 1 FROM access_list",
    " WHERE item = $2 AND access >= 2 AND principal IN ",
    mine!(),
    ")"
);
const DELETE: &str = concat!(
    "DELETE FROM items WHERE id = $2 AND EXISTS (SELECT 1 FROM access_list",
    " WHERE item = $2 AND access = 3 AND principal IN ",
    mine!(),
    ")"
);
const DELETE_CONTENT: &str = "DELETE FROM contents WHERE id = $1";
const DELETE_ACCESS: &str = "DELETE FROM access_list WHERE item = $1";
const BEGIN_USAGE: &str = "INSERT INTO usage (owner, bytes) VALUES ($1, 0) ON CONFLICT (owner) DO NOTHING";
/// Giving back always works.
const CHARGE: &str = "UPDATE usage SET bytes = bytes + $2 WHERE owner = $1 AND ($2 <= 0 OR bytes + $2 <= $3)";
const ENTER_GROUP: &str = "UPDATE groups SET items = items + 1 WHERE id = $1";
const LEAVE_GROUP: &str = "UPDATE groups SET items = items - 1 WHERE id = $1";

/// What a note or a file consists of; checked by `notes.rs` and `files.rs`.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub kind: Kind,
    pub name: String,
    pub media_type: String,
    pub body: String,
    /// The bytes of a file; `None` for a note.
    pub file: Option<Vec<u8>>,
}

/// Something that was just made, or made before with the same idempotency key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub id: String,
    pub created_at: i64,
}

/// Which version a write is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The one that was found.
    This,
    /// Whichever is there (`If-Match: *`).
    Any,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error("the owner keeps as much as they may")]
    Quota,
    #[error("there is no such group, or the caller is no member of it")]
    NoSuchGroup,
    #[error("the idempotency key was used with another request")]
    OtherRequest,
    /// Somebody else was faster, or the item or the access is gone.
    #[error("the item is not as it was")]
    Changed,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for WriteError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Who writes, when, and how much an owner may keep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writing<'w> {
    pub database: &'w Database,
    pub caller: &'w Person,
    pub now: Timestamp,
    pub owner_bytes: i64,
}

impl Writing<'_> {
    /// `owner` is the caller or a group that they are a member of. With `once`, the second time makes nothing.
    pub(crate) async fn create(
        &self,
        owner: &Principal,
        content: &Content,
        once: Option<&Once>,
    ) -> Result<Made, WriteError> {
        let (id, written) = (Id::random(), owner.written());
        let mut transaction = self.database.write.begin().await?;
        if let Some(once) = once {
            match idempotency::claim(&mut transaction, self.caller, once, &id, self.now).await? {
                Claimed::New => {}
                Claimed::Before(made) => return Ok(made),
                Claimed::OtherRequest => return Err(WriteError::OtherRequest),
            }
        }
        sqlx::query(BEGIN_USAGE).bind(&written).execute(&mut *transaction).await?;
        self.charge(&mut transaction, &written, content.bytes()).await?;
        if let Principal::Group(group) = owner {
            sqlx::query(ENTER_GROUP).bind(group.as_str()).execute(&mut *transaction).await?;
            if !groups::is_member(&mut transaction, group, self.caller).await? {
                return Err(WriteError::NoSuchGroup);
            }
        }
        self.insert(&mut transaction, id.as_str(), &written, content).await?;
        let kind = content.kind.name();
        let happened = Happened { kind, item: id.as_str(), change: Change::Created, version: 1, at: self.now };
        events::append(&mut transaction, &happened, Audience::OfItem).await?;
        transaction.commit().await?;
        Ok(Made { id: id.as_str().to_owned(), created_at: self.now.0 })
    }

    /// The first version, its bytes, and its owner in the access list.
    async fn insert(
        &self,
        transaction: &mut AnyConnection,
        id: &str,
        owner: &str,
        content: &Content,
    ) -> Result<(), sqlx::Error> {
        let kind = content.kind.name();
        sqlx::query(INSERT)
            .bind(id)
            .bind(kind)
            .bind(owner)
            .bind(&content.name)
            .bind(&content.media_type)
            .bind(&content.body)
            .bind(content.bytes())
            .bind(self.now.0)
            .execute(&mut *transaction)
            .await?;
        put_content(transaction, id, content).await?;
        let access = sqlx::query(INSERT_OWNER).bind(id).bind(owner).bind(kind).bind(self.now.0);
        access.execute(transaction).await.map(drop)
    }

    /// Replaces the wanted version, if the caller may write once it is their turn.
    pub(crate) async fn replace(&self, found: &Item, wanted: Wanted, content: &Content) -> Result<Item, WriteError> {
        let mut transaction = self.database.write.begin().await?;
        let before = lock(&mut transaction, found, wanted).await?;
        let replaced = sqlx::query(REPLACE)
            .bind(self.caller.as_str())
            .bind(&before.id)
            .bind(&content.name)
            .bind(&content.media_type)
            .bind(&content.body)
            .bind(content.bytes())
            .bind(self.now.0)
            .execute(&mut *transaction)
            .await?;
        if replaced.rows_affected() == 0 {
            return Err(WriteError::Changed);
        }
        self.charge(&mut transaction, &before.owner, content.bytes() - before.bytes).await?;
        put_content(&mut transaction, &before.id, content).await?;
        let (kind, version) = (content.kind.name(), before.version + 1);
        let happened = Happened { kind, item: &before.id, change: Change::Changed, version, at: self.now };
        events::append(&mut transaction, &happened, Audience::OfItem).await?;
        transaction.commit().await?;
        let Content { name, media_type, body, .. } = content.clone();
        Ok(Item { name, media_type, body, bytes: content.bytes(), version, updated_at: self.now.0, ..before })
    }

    /// Deletes the wanted version, if the caller owns it once it is their turn.
    pub(crate) async fn delete(&self, found: &Item, wanted: Wanted, kind: Kind) -> Result<(), WriteError> {
        let mut transaction = self.database.write.begin().await?;
        let before = lock(&mut transaction, found, wanted).await?;
        let query = sqlx::query(DELETE).bind(self.caller.as_str()).bind(&before.id);
        if query.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Err(WriteError::Changed);
        }
        self.charge(&mut transaction, &before.owner, -before.bytes).await?;
        if let Some(group) = before.owner.strip_prefix("g:") {
            sqlx::query(LEAVE_GROUP).bind(group).execute(&mut *transaction).await?;
        }
        sqlx::query(DELETE_CONTENT).bind(&before.id).execute(&mut *transaction).await?;
        let (kind, change) = (kind.name(), Change::Deleted);
        let happened = Happened { kind, item: &before.id, change, version: before.version, at: self.now };
        events::append(&mut transaction, &happened, Audience::OfItem).await?;
        sqlx::query(DELETE_ACCESS).bind(&before.id).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn charge(&self, transaction: &mut AnyConnection, owner: &str, bytes: i64) -> Result<(), WriteError> {
        let query = sqlx::query(CHARGE).bind(owner).bind(bytes).bind(self.owner_bytes);
        let charged = query.execute(transaction).await?.rows_affected();
        if charged == 0 { Err(WriteError::Quota) } else { Ok(()) }
    }
}

/// The item as it is from now until the transaction ends, if it is still there and of the wanted version. Its owner and, of a file, its
/// name never change.
async fn lock(transaction: &mut AnyConnection, found: &Item, wanted: Wanted) -> Result<Item, WriteError> {
    let rows = sqlx::query(LOCK).bind(&found.id).fetch_all(transaction).await?;
    let row = rows.first().ok_or(WriteError::Changed)?;
    let (version, bytes) = (row.try_get(0)?, row.try_get(1)?);
    if wanted == Wanted::This && version != found.version {
        return Err(WriteError::Changed);
    }
    Ok(Item { bytes, version, ..found.clone() })
}

async fn put_content(transaction: &mut AnyConnection, id: &str, content: &Content) -> Result<(), sqlx::Error> {
    if let Some(bytes) = &content.file {
        sqlx::query(PUT_CONTENT).bind(id).bind(bytes.as_slice()).execute(transaction).await?;
    }
    Ok(())
}

impl Content {
    /// What it counts against the quota of its owner.
    pub(crate) fn bytes(&self) -> i64 {
        let bytes = self.name.len() + self.body.len() + self.file.as_ref().map_or(0, Vec::len);
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    /// What was just made of this, as its owner sees it.
    pub(crate) fn made(self, made: Made, owner: String) -> Item {
        let (bytes, Self { name, media_type, body, .. }) = (self.bytes(), self);
        let Made { id, created_at } = made;
        let (version, updated_at, access) = (1, created_at, Access::Own);
        Item { id, owner, name, media_type, body, bytes, version, created_at, updated_at, access }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::items;
    use crate::service::notes::check;
    use crate::service::shares::Sharing;

    const ISSUER: &str = "https://id.example";

    /// What the handlers looked at a moment ago is not what decides: the statement that writes asks again.
    #[tokio::test]
    async fn access_that_was_taken_since_the_look_writes_and_deletes_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite:{}", directory.path().join("notes.db").display());
        let database = Database::open(&url).await.expect("opens");
        let (alice, bob) = (Person::at(ISSUER, "alice", ISSUER), Person::at(ISSUER, "bob", ISSUER));
        let writing = |caller| Writing { database: &database, caller, now: Timestamp(1), owner_bytes: 1_000 };
        let text = |title: &str| check(title.to_owned(), String::new()).expect("is a note");
        let owner = Principal::Person(alice.clone());
        let made = writing(&alice).create(&owner, &text("first"), None).await.expect("is written");
        let id = Id::parse(&made.id).expect("is an id");
        let find = |caller| items::find(&database, caller, Kind::Note, &id);

        let item = find(&alice).await.expect("reads").expect("is there");
        let sharing = Sharing { database: &database, caller: &alice, kind: Kind::Note, item: &item, now: Timestamp(1) };
        let with = Principal::Person(bob.clone());
        sharing.grant(&with, Access::Write).await.expect("is shared");
        let looked = find(&bob).await.expect("reads").expect("is shared");
        assert_eq!(looked.access, Access::Write);
        assert!(matches!(writing(&bob).delete(&looked, Wanted::This, Kind::Note).await, Err(WriteError::Changed)));
        for less in [Some(Access::Read), None] {
            match less {
                Some(access) => sharing.grant(&with, access).await.expect("is shared"),
                None => sharing.revoke(&with).await.expect("is taken"),
            }
            assert!(matches!(
                writing(&bob).replace(&looked, Wanted::Any, &text("bob's")).await,
                Err(WriteError::Changed)
            ));
        }
        let after = find(&alice).await.expect("reads").expect("is there");
        assert_eq!((after.name.as_str(), after.version), ("first", 1));

        writing(&alice).delete(&item, Wanted::Any, Kind::Note).await.expect("is deleted");
        let gone = sharing.grant(&with, Access::Read).await;
        assert!(matches!(gone, Err(crate::service::shares::ShareError::NotOwned)), "{gone:?}");
        assert!(matches!(writing(&alice).replace(&item, Wanted::Any, &text("late")).await, Err(WriteError::Changed)));
    }
}
