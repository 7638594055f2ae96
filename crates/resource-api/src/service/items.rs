//! Notes and files as they are read: one row each, and what the caller may do with it. Changing them is in `write.rs`.
//!
//! One text per statement for both engines. Every statement joins the access list with the caller, so what they may not see is
//! simply not there.

#![expect(clippy::disallowed_methods, reason = "the SQL of this API stands here, not in store")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};

use crate::service::database::{Database, DatabaseError};
use crate::service::principal::{Id, Person};

pub(crate) const MAX_PAGE: u32 = 100;
pub(crate) const DEFAULT_PAGE: u32 = 20;

/// The caller ($1) and the groups that they are a member of at this moment.
macro_rules! mine {
    () => {
        "(SELECT CAST($1 AS TEXT) UNION ALL SELECT 'g:' || group_id FROM members WHERE member = $1)"
    };
}

/// In the order of [`Item`], without what the caller may.
macro_rules! columns {
    () => {
        "i.id, i.owner, i.name, i.media_type, i.body, i.bytes, i.version, i.created_at, i.updated_at"
    };
}

pub(crate) use mine;

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    ", a.access FROM items i JOIN (SELECT MAX(access) AS access FROM access_list WHERE item = $2 AND principal IN ",
    mine!(),
    ") a ON a.access IS NOT NULL WHERE i.id = $2 AND i.kind = $3"
);
/// The same with the bytes of a file, in one statement: whoever reads beside a writer gets one version as a whole.
const FIND_CONTENT: &str = concat!(
    "SELECT ",
    columns!(),
    ", a.access, c.content FROM items i JOIN contents c ON c.id = i.id",
    " JOIN (SELECT MAX(access) AS access FROM access_list WHERE item = $2 AND principal IN ",
    mine!(),
    ") a ON a.access IS NOT NULL WHERE i.id = $2 AND i.kind = $3"
);
const PAGE: &str = concat!(
    "SELECT ",
    columns!(),
    ", a.access FROM items i JOIN (SELECT item, created_at, MAX(access) AS access FROM access_list",
    " WHERE principal IN ",
    mine!(),
    " AND kind = $2 AND (created_at, item) < ($3, $4) GROUP BY created_at, item",
    " ORDER BY created_at DESC, item DESC LIMIT $5) a ON a.item = i.id ORDER BY a.created_at DESC, a.item DESC"
);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Note,
    File,
}

/// Each includes the one before. Owners share and delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    Read = 1,
    Write = 2,
    Own = 3,
}

/// A note or a file as one caller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub id: String,
    /// A principal, as the database writes it.
    pub owner: String,
    /// The title of a note, the name of a file.
    pub name: String,
    /// Of a file.
    pub media_type: String,
    /// Of a note.
    pub body: String,
    /// What it counts against the quota of its owner.
    pub bytes: i64,
    /// Counts from 1.
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub access: Access,
}

/// Where the next page begins: behind this item. Opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub created_at: i64,
    pub id: String,
}

/// A page that ends with `next` has more behind it.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub rows: Vec<T>,
    pub next: Option<Cursor>,
}

/// Which part of a list. `limit` is between 1 and [`MAX_PAGE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub limit: u32,
    pub after: Option<Cursor>,
}

pub(crate) async fn find(
    database: &Database,
    caller: &Person,
    kind: Kind,
    id: &Id,
) -> Result<Option<Item>, DatabaseError> {
    let query = sqlx::query_as(FIND).bind(caller.as_str()).bind(id.as_str()).bind(kind.name());
    Ok(query.fetch_optional(&database.read).await?)
}

/// A file with its bytes.
pub(crate) async fn find_content(
    database: &Database,
    caller: &Person,
    id: &Id,
) -> Result<Option<(Item, Vec<u8>)>, DatabaseError> {
    let query = sqlx::query(FIND_CONTENT).bind(caller.as_str()).bind(id.as_str()).bind(Kind::File.name());
    let row: Option<AnyRow> = query.fetch_optional(&database.read).await?;
    let read = |row: AnyRow| Ok::<_, sqlx::Error>((Item::from_row(&row)?, row.try_get(10)?));
    Ok(row.map(read).transpose()?)
}

/// What the caller may see, newest first.
pub(crate) async fn page(
    database: &Database,
    caller: &Person,
    kind: Kind,
    asked: &Asked,
) -> Result<Page<Item>, DatabaseError> {
    let (created_at, id) = asked.behind();
    let query = sqlx::query_as(PAGE).bind(caller.as_str()).bind(kind.name()).bind(created_at).bind(id);
    let rows: Vec<Item> = query.bind(asked.one_more()).fetch_all(&database.read).await?;
    Ok(asked.page(rows, |item| Cursor { created_at: item.created_at, id: item.id.clone() }))
}

impl Asked {
    /// Behind which row the page begins.
    pub(crate) fn behind(&self) -> (i64, &str) {
        self.after.as_ref().map_or((i64::MAX, ""), |cursor| (cursor.created_at, cursor.id.as_str()))
    }

    /// One row more than asked for tells whether there is a next page.
    pub(crate) fn one_more(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    pub(crate) fn page<T>(&self, mut rows: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
        let more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let next = rows.last().filter(|_| more).map(cursor);
        Page { rows, next }
    }
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::File => "file",
        }
    }
}

impl Access {
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Read => 1,
            Self::Write => 2,
            Self::Own => 3,
        }
    }

    /// `None` for a number that no program of ours has written.
    pub(crate) fn from_number(number: i64) -> Option<Self> {
        [Self::Read, Self::Write, Self::Own].into_iter().find(|access| access.number() == number)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Own => "own",
        }
    }
}

/// In the order of `columns!()`, then `access`.
impl FromRow<'_, AnyRow> for Item {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let access = Access::from_number(row.try_get(9)?);
        Ok(Self {
            id: row.try_get(0)?,
            owner: row.try_get(1)?,
            name: row.try_get(2)?,
            media_type: row.try_get(3)?,
            body: row.try_get(4)?,
            bytes: row.try_get(5)?,
            version: row.try_get(6)?,
            created_at: row.try_get(7)?,
            updated_at: row.try_get(8)?,
            access: access.ok_or_else(|| sqlx::Error::Decode("access is 1, 2 or 3".into()))?,
        })
    }
}

impl Cursor {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (created_at, id) = text.split_once('.')?;
        // PostgreSQL cannot read U+0000.
        (!id.contains('\0')).then_some(())?;
        Some(Self { created_at: created_at.parse().ok()?, id: id.to_owned() })
    }

    pub(crate) fn print(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{}", self.created_at, self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_access_includes_the_one_before() {
        assert!(Access::Read < Access::Write && Access::Write < Access::Own);
        for access in [Access::Read, Access::Write, Access::Own] {
            assert_eq!(Access::from_number(access.number()), Some(access));
        }
        assert_eq!(Access::from_number(0), None);
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back(created_at: i64, id in "[^\0]{0,30}") {
            let cursor = Cursor { created_at, id };
            prop_assert_eq!(Cursor::parse(&cursor.print()), Some(cursor));
        }

        #[test]
        fn no_text_makes_a_cursor_panic(text: String) {
            let _ = Cursor::parse(&text);
        }

        #[test]
        fn pages_hold_every_row_once(count in 0..50_usize, limit in 1..20_u32) {
            let rows: Vec<usize> = (0..count).collect();
            let (mut read, mut from) = (Vec::new(), 0);
            loop {
                let asked = Asked { limit, after: None };
                let fetched = rows[from..].iter().copied().take(usize::try_from(asked.one_more()).unwrap()).collect();
                let page = asked.page(fetched, |row| Cursor { created_at: 0, id: row.to_string() });
                read.extend(page.rows);
                match page.next {
                    Some(cursor) => from = cursor.id.parse::<usize>().unwrap() + 1,
                    None => break,
                }
            }
            prop_assert_eq!(read, rows);
        }
    }
}
