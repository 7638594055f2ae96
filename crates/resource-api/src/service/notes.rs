//! Notes and all SQL about them. One text per statement for both engines, TEXT and BIGINT only.
//!
//! Every statement names the owner, so another person's note is simply not there. What a note may contain is checked once,
//! in [`NoteText::check`]; nothing else can make the value that the writing functions take.

#![expect(clippy::disallowed_methods, reason = "the SQL of this API stands here, not in store")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::time::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};

use crate::service::database::{Database, DatabaseError};

pub(crate) const MAX_TITLE: usize = 200;
pub(crate) const MAX_BODY: usize = 10_000;
pub(crate) const MAX_PAGE: u32 = 100;
pub(crate) const DEFAULT_PAGE: u32 = 20;

macro_rules! columns {
    () => {
        "id, title, body, created_at, updated_at"
    };
}

const INSERT: &str =
    "INSERT INTO notes (id, owner, title, body, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)";
const FIND: &str = concat!("SELECT ", columns!(), " FROM notes WHERE id = $1 AND owner = $2");
const PAGE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM notes WHERE owner = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4"
);
const UPDATE: &str = concat!(
    "UPDATE notes SET title = $3, body = $4, updated_at = $5 WHERE id = $1 AND owner = $2 RETURNING ",
    columns!()
);
const DELETE: &str = "DELETE FROM notes WHERE id = $1 AND owner = $2";

/// 16 random bytes in base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoteId(String);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub id: String,
    pub title: String,
    pub body: String,
    pub created_at: i64,
    pub updated_at: i64,
}

/// Title and body that were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoteText {
    title: String,
    body: String,
}

/// Where the next page begins: behind this note. Opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    created_at: i64,
    id: String,
}

/// A page that ends with `next` has more behind it.
#[derive(Debug)]
pub(crate) struct Page {
    pub notes: Vec<Note>,
    pub next: Option<Cursor>,
}

pub(crate) async fn insert(
    database: &Database,
    owner: &str,
    text: &NoteText,
    now: Timestamp,
) -> Result<Note, DatabaseError> {
    let NoteId(id) = NoteId(URL_SAFE_NO_PAD.encode(jwt::random::bytes::<16>()));
    sqlx::query(INSERT)
        .bind(&id)
        .bind(owner)
        .bind(&text.title)
        .bind(&text.body)
        .bind(now.0)
        .execute(&database.write)
        .await?;
    Ok(Note { id, title: text.title.clone(), body: text.body.clone(), created_at: now.0, updated_at: now.0 })
}

pub(crate) async fn find(database: &Database, owner: &str, id: &NoteId) -> Result<Option<Note>, DatabaseError> {
    Ok(sqlx::query_as(FIND).bind(&id.0).bind(owner).fetch_optional(&database.read).await?)
}

/// Newest first. `limit` is between 1 and [`MAX_PAGE`].
pub(crate) async fn page(
    database: &Database,
    owner: &str,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<Page, DatabaseError> {
    let (created_at, id) = after.map_or((i64::MAX, ""), |cursor| (cursor.created_at, &cursor.id));
    // One more than asked for tells whether there is a next page.
    let mut notes: Vec<Note> = sqlx::query_as(PAGE)
        .bind(owner)
        .bind(created_at)
        .bind(id)
        .bind(i64::from(limit) + 1)
        .fetch_all(&database.read)
        .await?;
    let more = notes.len() > limit as usize;
    notes.truncate(limit as usize);
    let next = notes.last().filter(|_| more).map(|note| Cursor { created_at: note.created_at, id: note.id.clone() });
    Ok(Page { notes, next })
}

pub(crate) async fn update(
    database: &Database,
    owner: &str,
    id: &NoteId,
    text: &NoteText,
    now: Timestamp,
) -> Result<Option<Note>, DatabaseError> {
    let rows: Vec<Note> = sqlx::query_as(UPDATE)
        .bind(&id.0)
        .bind(owner)
        .bind(&text.title)
        .bind(&text.body)
        .bind(now.0)
        // All rows, although there is at most one: only a statement that ran to its end reports a failed commit.
        .fetch_all(&database.write)
        .await?;
    Ok(rows.into_iter().next())
}

/// Whether there was such a note.
pub(crate) async fn delete(database: &Database, owner: &str, id: &NoteId) -> Result<Deleted, DatabaseError> {
    let done = sqlx::query(DELETE).bind(&id.0).bind(owner).execute(&database.write).await?;
    Ok(if done.rows_affected() == 0 { Deleted::NotThere } else { Deleted::Yes })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    Yes,
    NotThere,
}

/// In the order of `columns!()`.
impl FromRow<'_, AnyRow> for Note {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get(0)?,
            title: row.try_get(1)?,
            body: row.try_get(2)?,
            created_at: row.try_get(3)?,
            updated_at: row.try_get(4)?,
        })
    }
}

impl NoteId {
    /// `None` for what cannot be an id of ours: such a note does not exist.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 16).then(|| Self(text.to_owned()))
    }
}

impl NoteText {
    /// The sentence says which member breaks which rule.
    pub(crate) fn check(title: String, body: String) -> Result<Self, &'static str> {
        if title.trim().is_empty() || title.chars().count() > MAX_TITLE {
            return Err("title has 1 to 200 characters, not only spaces");
        }
        if title.chars().any(char::is_control) {
            return Err("title has no control characters and no line breaks");
        }
        if body.chars().count() > MAX_BODY {
            return Err("body has at most 10000 characters");
        }
        // PostgreSQL cannot store U+0000, and no other control character belongs into a text.
        if body.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err("body has no control characters except line breaks and tabs");
        }
        Ok(Self { title, body })
    }
}

impl Cursor {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (created_at, id) = text.split_once('.')?;
        let NoteId(id) = NoteId::parse(id)?;
        Some(Self { created_at: created_at.parse().ok()?, id })
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
    fn a_title_is_one_line_of_1_to_200_characters() {
        let check = |title: &str| NoteText::check(title.to_owned(), String::new());
        assert!(check("ä".repeat(200).as_str()).is_ok());
        for title in ["", "  ", "a\nb", "a\0", &"a".repeat(201)] {
            assert!(check(title).is_err(), "{title:?}");
        }
    }

    #[test]
    fn a_body_may_have_lines_but_no_other_control_characters() {
        let check = |body: &str| NoteText::check("t".to_owned(), body.to_owned());
        assert!(check("a\r\n\tb").is_ok());
        assert!(check(&"ä".repeat(10_000)).is_ok());
        for body in ["a\0b", "a\u{1b}[31m", &"a".repeat(10_001)] {
            assert!(check(body).is_err());
        }
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back(created_at: i64, id: [u8; 16]) {
            let cursor = Cursor { created_at, id: URL_SAFE_NO_PAD.encode(id) };
            prop_assert_eq!(Cursor::parse(&cursor.print()), Some(cursor));
        }

        #[test]
        fn no_text_makes_the_cursor_or_the_id_panic(text: String) {
            let _ = (Cursor::parse(&text), NoteId::parse(&text));
        }
    }
}
