//! Browsers that signed in as somebody before: table `known_browsers`. Being known signs nobody in.

use protocol::ids::{KnownBrowserId, UserId};
use protocol::secret::TokenHash;
use protocol::time::Timestamp;
use sqlx::any::AnyRow;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won};

macro_rules! columns {
    () => {
        "id, secret_hash, user_id, user_agent, created_at, last_seen_at, remembered_until, expires_at"
    };
}

statements! {
    INSERT = concat!("INSERT INTO known_browsers (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    // All of a person beyond so many others, the ones that were not seen for longest.
    TRIM = "DELETE FROM known_browsers WHERE id IN
            (SELECT id FROM known_browsers WHERE user_id = $1 AND id <> $2
             ORDER BY last_seen_at DESC LIMIT 1000 OFFSET $3)";
    FIND = concat!("SELECT ", columns!(), " FROM known_browsers WHERE id = $1");
    LIST = concat!("SELECT ", columns!(), " FROM known_browsers WHERE user_id = $1 ORDER BY last_seen_at DESC LIMIT $2");
    SEEN = "UPDATE known_browsers SET user_agent = $2, last_seen_at = $3, expires_at = $4 WHERE id = $1";
    REMEMBER = "UPDATE known_browsers SET remembered_until = $3 WHERE id = $1 AND user_id = $2";
    REMEMBER_NONE = "UPDATE known_browsers SET remembered_until = NULL
                     WHERE user_id = $1 AND remembered_until IS NOT NULL";
    FORGET = "DELETE FROM known_browsers WHERE id = $1 AND user_id = $2";
    FORGET_OTHERS = "DELETE FROM known_browsers WHERE user_id = $1 AND id <> $2";
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownBrowser {
    pub id: KnownBrowserId,
    pub secret_hash: TokenHash,
    pub user_id: UserId,
    pub user_agent: String,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub remembered_until: Option<Timestamp>,
    pub expires_at: Timestamp,
}

impl KnownBrowser {
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// Whether the person asked to be spared the second factor here, and that still holds.
    pub fn is_remembered(&self, now: Timestamp) -> bool {
        self.is_live(now) && self.remembered_until.is_some_and(|until| now < until)
    }
}

/// Adds one; of the others of the same person the `others` seen last stay. [`StoreError::Conflict`] when there is no such person.
pub async fn insert(store: &Store, browser: &KnownBrowser, others: i64) -> Result<(), StoreError> {
    let insert = Statement::new(INSERT)
        .text(browser.id.as_str())
        .text(browser.secret_hash.as_str())
        .text(browser.user_id.as_str())
        .text(&browser.user_agent)
        .time(browser.created_at)
        .time(browser.last_seen_at)
        .maybe_time(browser.remembered_until)
        .time(browser.expires_at);
    let trim = Statement::new(TRIM).text(browser.user_id.as_str()).text(browser.id.as_str()).integer(others);
    store.write(Write::All(vec![insert, trim])).await?;
    Ok(())
}

/// One that has expired is found too.
pub async fn find(store: &Store, id: &KnownBrowserId) -> Result<Option<KnownBrowser>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// Those of a person, the one seen last first.
pub async fn list(store: &Store, user: &UserId, limit: i64) -> Result<Vec<KnownBrowser>, StoreError> {
    store.rows(Statement::new(LIST).text(user.as_str()).integer(limit)).await?.iter().map(read).collect()
}

/// It signed in again: with this user agent, and it is known until then. `Won::No` when it was forgotten meanwhile.
pub async fn seen(
    store: &Store,
    id: &KnownBrowserId,
    user_agent: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Won, StoreError> {
    store.write(Statement::new(SEEN).text(id.as_str()).text(user_agent).time(now).time(expires_at)).await.map(Won::by)
}

pub async fn remember(
    store: &Store,
    id: &KnownBrowserId,
    user: &UserId,
    until: Option<Timestamp>,
) -> Result<Won, StoreError> {
    store.write(Statement::new(REMEMBER).text(id.as_str()).text(user.as_str()).maybe_time(until)).await.map(Won::by)
}

/// From now on each browser of the person is asked for the second factor again. They stay known.
pub async fn remember_none(store: &Store, user: &UserId) -> Result<(), StoreError> {
    store.write(remember_none_statement(user)).await?;
    Ok(())
}

/// For a transaction that does more.
pub(crate) fn remember_none_statement(user: &UserId) -> Statement {
    Statement::new(REMEMBER_NONE).text(user.as_str())
}

pub async fn forget(store: &Store, id: &KnownBrowserId, user: &UserId) -> Result<Won, StoreError> {
    store.write(Statement::new(FORGET).text(id.as_str()).text(user.as_str())).await.map(Won::by)
}

/// No browser of the person is known any more but this one, and it is asked for the second factor again.
pub async fn forget_others(store: &Store, user: &UserId, kept: Option<&KnownBrowserId>) -> Result<(), StoreError> {
    store.write(Write::All(forget_others_statements(user, kept).into())).await?;
    Ok(())
}

/// For a transaction that does more.
pub(crate) fn forget_others_statements(user: &UserId, kept: Option<&KnownBrowserId>) -> [Statement; 2] {
    // No id is empty.
    let kept = kept.map_or("", KnownBrowserId::as_str);
    [Statement::new(FORGET_OTHERS).text(user.as_str()).text(kept), remember_none_statement(user)]
}

fn read(row: &AnyRow) -> Result<KnownBrowser, StoreError> {
    let row = Fields { table: "known_browsers", row };
    Ok(KnownBrowser {
        id: row.parsed("id", KnownBrowserId::parse)?,
        secret_hash: row.parsed("secret_hash", TokenHash::parse)?,
        user_id: row.parsed("user_id", UserId::parse)?,
        user_agent: row.text("user_agent")?,
        created_at: row.time("created_at")?,
        last_seen_at: row.time("last_seen_at")?,
        remembered_until: row.maybe_time("remembered_until")?,
        expires_at: row.time("expires_at")?,
    })
}
