//! The keys that people make for their programs: table `api_keys`. Whether one is accepted is not decided here.
//!
//! What makes, replaces or ends one is one transaction with its entry in the log of the account.

use protocol::api_key::ApiKeyId;
use protocol::api_keys::ApiKeyRecord;
use protocol::ids::UserId;
use protocol::network::IpNetwork;
use protocol::permission::Permission;
use protocol::secret::TokenHash;
use protocol::time::Timestamp;
use sqlx::any::AnyRow;

use crate::row::Fields;
use crate::security_events::{self, Entry};
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won, users};

/// Of those of a person that have ended, so many are kept (until the sweep takes them).
const ENDED: i64 = 50;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub record: ApiKeyRecord,
    /// Of the whole key.
    pub hash: TokenHash,
    /// Sealed; `None` when nothing may be signed with it.
    pub signing_key: Option<String>,
}

/// One key comes in the place of another one of the same person.
#[derive(Clone, Copy, Debug)]
pub struct Rotation<'a> {
    pub old: &'a ApiKeyId,
    /// Its own end may be sooner.
    pub old_ends: Timestamp,
    pub new: &'a ApiKey,
}

macro_rules! columns {
    () => {
        "id, user_id, name, hash, api, permissions, allowed_networks, signing_key, created_at, expires_at, last_used_at,
         revoked_at, replaced_by"
    };
}

statements! {
    INSERT = concat!(
        "INSERT INTO api_keys (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    );
    HAS_ROOM = "UPDATE users SET updated_at = updated_at
                WHERE id = $1 AND (SELECT COUNT(*) FROM api_keys
                                   WHERE user_id = $1 AND (expires_at IS NULL OR expires_at > $3)) < $2";
    FIND = concat!("SELECT ", columns!(), " FROM api_keys WHERE id = $1");
    OF_USER = concat!("SELECT ", columns!(), " FROM api_keys WHERE user_id = $1 ORDER BY created_at DESC");
    LIST = concat!("SELECT ", columns!(), " FROM api_keys WHERE id > $1 ORDER BY id LIMIT $2");
    APIS = "SELECT identifier FROM apis WHERE resource_server IS NOT NULL ORDER BY identifier";
    REPLACE = "UPDATE api_keys
               SET replaced_by = $3, expires_at = CASE WHEN expires_at <= $4 THEN expires_at ELSE $4 END
               WHERE id = $1 AND user_id = $2 AND replaced_by IS NULL AND revoked_at IS NULL
                   AND (expires_at IS NULL OR expires_at > $5)";
    REVOKE = "UPDATE api_keys SET revoked_at = $3, expires_at = $3
              WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)";
    REVOKE_OF_USER = "UPDATE api_keys SET revoked_at = $2, expires_at = $2
                      WHERE user_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";
    NOTE_USE = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
    // Those of a person that have ended, beyond so many.
    TRIM = "DELETE FROM api_keys WHERE id IN
            (SELECT id FROM api_keys WHERE user_id = $1 AND expires_at <= $2 ORDER BY created_at DESC LIMIT 1000 OFFSET $3)";
}

/// `Won::No` when the person has as many as `limit` already that have not ended, or does not exist. [`StoreError::Conflict`] when
/// there is a key with this id.
pub async fn insert(store: &Store, key: &ApiKey, limit: u32, event: &Entry) -> Result<Won, StoreError> {
    let (user, now) = (&key.record.user_id, key.record.created_at);
    let gates = vec![
        users::take_turns_statement(user),
        has_room_statement(user, limit, now),
        insert_statement(key),
        security_events::insert_statement(event),
    ];
    let won = pass(store, gates).await?;
    if won == Won::Yes {
        let trimmed = store.write(Statement::new(TRIM).text(user.as_str()).time(now).integer(ENDED)).await;
        // The key is made and shown only once; what ended long ago can go next time.
        if let Err(error) = trimmed {
            tracing::warn!(error = &error as &dyn std::error::Error, "old API keys were not removed");
        }
    }
    Ok(won)
}

/// One that has ended is found too.
pub async fn find(store: &Store, id: &ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// The newest first, also those that have ended.
pub async fn of_user(store: &Store, user: &UserId) -> Result<Vec<ApiKey>, StoreError> {
    store.rows(Statement::new(OF_USER).text(user.as_str())).await?.iter().map(read).collect()
}

/// The identifiers of the APIs that can ask about keys: those that have a resource server.
pub async fn apis(store: &Store) -> Result<Vec<String>, StoreError> {
    let rows = store.rows(Statement::new(APIS)).await?;
    rows.iter().map(|row| Fields { table: "apis", row }.text("identifier")).collect()
}

/// Those of everybody behind `after` (from the beginning without it), by id.
pub async fn list(store: &Store, after: Option<&ApiKeyId>, limit: i64) -> Result<Vec<ApiKey>, StoreError> {
    let after = after.map_or("", ApiKeyId::as_str);
    store.rows(Statement::new(LIST).text(after).integer(limit)).await?.iter().map(read).collect()
}

/// `Won::No` when the old key has ended or was replaced before, or its owner has twice `limit` that have not ended.
pub async fn rotate(store: &Store, rotation: Rotation<'_>, limit: u32, event: &Entry) -> Result<Won, StoreError> {
    let Rotation { old, old_ends, new } = rotation;
    let (user, now) = (&new.record.user_id, new.record.created_at);
    let replace = Statement::new(REPLACE)
        .text(old.as_str())
        .text(user.as_str())
        .text(new.record.id.as_str())
        .time(old_ends)
        .time(now);
    let gates = vec![
        users::take_turns_statement(user),
        has_room_statement(user, limit.saturating_mul(2), now),
        replace,
        insert_statement(new),
        security_events::insert_statement(event),
    ];
    pass(store, gates).await
}

/// It is good for nothing from now on. `Won::No` when the person has no such key, or it has ended.
pub async fn revoke(
    store: &Store,
    user: &UserId,
    id: &ApiKeyId,
    now: Timestamp,
    event: &Entry,
) -> Result<Won, StoreError> {
    let revoke = Statement::new(REVOKE).text(id.as_str()).text(user.as_str()).time(now);
    // The person first, as everywhere (see `sessions::HOLD_USER`).
    pass(store, vec![users::take_turns_statement(user), revoke, security_events::insert_statement(event)]).await
}

/// For a transaction that does more.
pub(crate) fn revoke_of_user_statement(user: &UserId, now: Timestamp) -> Statement {
    Statement::new(REVOKE_OF_USER).text(user.as_str()).time(now)
}

/// `at` is [`ApiKeyRecord::use_to_note`]; of many that note the same, one writes.
pub async fn note_use(store: &Store, id: &ApiKeyId, at: Timestamp) -> Result<Won, StoreError> {
    store.write(Statement::new(NOTE_USE).text(id.as_str()).time(at)).await.map(Won::by)
}

async fn pass(store: &Store, gates: Vec<Statement>) -> Result<Won, StoreError> {
    let all = gates.len() as u64;
    let opened = store.write(Write::Gates(gates)).await?;
    Ok(if opened == all { Won::Yes } else { Won::No })
}

fn has_room_statement(user: &UserId, limit: u32, now: Timestamp) -> Statement {
    Statement::new(HAS_ROOM).text(user.as_str()).integer(i64::from(limit)).time(now)
}

fn insert_statement(key: &ApiKey) -> Statement {
    let record = &key.record;
    Statement::new(INSERT)
        .text(record.id.as_str())
        .text(record.user_id.as_str())
        .text(&record.name)
        .text(key.hash.as_str())
        .text(&record.api)
        .text(&words(&record.permissions))
        .text(&words(&record.allowed_networks))
        .maybe_text(key.signing_key.as_deref())
        .time(record.created_at)
        .maybe_time(record.expires_at)
        .maybe_time(record.last_used_at)
        .maybe_time(record.revoked_at)
        .maybe_text(record.replaced_by.as_ref().map(ApiKeyId::as_str))
}

fn words<T: ToString>(list: &[T]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn read(row: &AnyRow) -> Result<ApiKey, StoreError> {
    let row = Fields { table: "api_keys", row };
    let signing_key = row.maybe_text("signing_key")?;
    Ok(ApiKey {
        record: ApiKeyRecord {
            id: row.parsed("id", ApiKeyId::parse)?,
            user_id: row.parsed("user_id", UserId::parse)?,
            name: row.text("name")?,
            api: row.text("api")?,
            permissions: row.words("permissions", |word| Permission::parse(word).ok())?,
            allowed_networks: row.words("allowed_networks", |word| word.parse::<IpNetwork>().ok())?,
            signing: signing_key.is_some(),
            created_at: row.time("created_at")?,
            expires_at: row.maybe_time("expires_at")?,
            last_used_at: row.maybe_time("last_used_at")?,
            revoked_at: row.maybe_time("revoked_at")?,
            replaced_by: row.maybe_parsed("replaced_by", ApiKeyId::parse)?,
        },
        hash: row.parsed("hash", TokenHash::parse)?,
        signing_key,
    })
}
