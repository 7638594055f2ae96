//! Passkeys: table `passkeys`. What the public key and its flags mean is not known here; `credential` is a text.

use protocol::ids::UserId;
use protocol::time::Timestamp;
use sqlx::any::AnyRow;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::{Store, StoreError, Won, users};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// The credential id, base64url.
    pub id: String,
    pub user_id: UserId,
    pub name: String,
    /// JSON: public key, sign count, flags.
    pub credential: String,
    /// The make of the authenticator, if it told: a UUID.
    pub aaguid: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    /// The sign count went backwards then; the passkey is not accepted since.
    pub clone_seen_at: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "id, user_id, name, credential, aaguid, created_at, last_used_at, clone_seen_at"
    };
}

statements! {
    INSERT = concat!("INSERT INTO passkeys (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    FIND = concat!("SELECT ", columns!(), " FROM passkeys WHERE id = $1");
    OF_USER = concat!("SELECT ", columns!(), " FROM passkeys WHERE user_id = $1 ORDER BY created_at");
    USE = "UPDATE passkeys SET credential = $3, last_used_at = $4
           WHERE id = $1 AND credential = $2 AND clone_seen_at IS NULL";
    MARK_CLONE = "UPDATE passkeys SET clone_seen_at = $2 WHERE id = $1 AND clone_seen_at IS NULL";
    RENAME = "UPDATE passkeys SET name = $3 WHERE id = $1 AND user_id = $2";
    REMOVE = "DELETE FROM passkeys WHERE id = $1 AND user_id = $2 AND (
                  EXISTS (SELECT 1 FROM passwords
                          WHERE passwords.user_id = $2 AND (passwords.needs_second_factor IS NULL
                              OR EXISTS (SELECT 1 FROM totp WHERE totp.user_id = $2)))
                  OR EXISTS (SELECT 1 FROM passkeys AS others
                             WHERE others.user_id = $2 AND others.id <> $1 AND others.clone_seen_at IS NULL))";
    HAS_ROOM = "UPDATE users SET updated_at = updated_at
                WHERE id = $1 AND (SELECT COUNT(*) FROM passkeys WHERE user_id = $1) < $2";
}

/// `Won::No` when the person has as many as `limit` already, or does not exist. [`StoreError::Conflict`] when somebody, perhaps
/// the same person, has this credential.
pub async fn add(store: &Store, passkey: &Passkey, limit: u32) -> Result<Won, StoreError> {
    let user = passkey.user_id.as_str();
    let has_room = Statement::new(HAS_ROOM).text(user).integer(i64::from(limit));
    let gates = vec![users::take_turns_statement(&passkey.user_id), has_room, insert_statement(passkey)];
    store.write_gates(gates).await
}

/// For a transaction that makes the account as well.
pub(crate) fn insert_statement(passkey: &Passkey) -> Statement {
    Statement::new(INSERT)
        .text(&passkey.id)
        .text(passkey.user_id.as_str())
        .text(&passkey.name)
        .text(&passkey.credential)
        .maybe_text(passkey.aaguid.as_deref())
        .time(passkey.created_at)
        .maybe_time(passkey.last_used_at)
        .maybe_time(passkey.clone_seen_at)
}

pub async fn find(store: &Store, id: &str) -> Result<Option<Passkey>, StoreError> {
    store.row(Statement::new(FIND).text(id)).await?.as_ref().map(read).transpose()
}

/// The oldest first.
pub async fn of_user(store: &Store, user: &UserId) -> Result<Vec<Passkey>, StoreError> {
    store.rows(Statement::new(OF_USER).text(user.as_str())).await?.iter().map(read).collect()
}

/// Notes an assertion. `Won::No` when the credential is not the one any more that the assertion was compared with (somebody was
/// faster, so the sign count is another), or when it was marked as a clone.
pub async fn note_use(store: &Store, before: &Passkey, credential: &str, now: Timestamp) -> Result<Won, StoreError> {
    let note = Statement::new(USE).text(&before.id).text(&before.credential).text(credential).time(now);
    store.write(note).await.map(Won::by)
}

/// From now on the passkey is refused. `Won::No` when it was marked before.
pub async fn mark_clone(store: &Store, id: &str, now: Timestamp) -> Result<Won, StoreError> {
    store.write(Statement::new(MARK_CLONE).text(id).time(now)).await.map(Won::by)
}

pub async fn rename(store: &Store, user: &UserId, id: &str, name: &str) -> Result<Won, StoreError> {
    store.write(Statement::new(RENAME).text(id).text(user.as_str()).text(name)).await.map(Won::by)
}

/// `Won::No` when the person has no such passkey, or nothing else to sign in with: no other passkey that counts, and no password
/// that is long enough to stand alone or has an authenticator app beside it.
pub async fn remove(store: &Store, user: &UserId, id: &str) -> Result<Won, StoreError> {
    let remove = Statement::new(REMOVE).text(id).text(user.as_str());
    let gates = vec![users::take_turns_statement(user), remove];
    store.write_gates(gates).await
}

fn read(row: &AnyRow) -> Result<Passkey, StoreError> {
    let row = Fields { table: "passkeys", row };
    Ok(Passkey {
        id: row.text("id")?,
        user_id: row.parsed("user_id", UserId::parse)?,
        name: row.text("name")?,
        credential: row.text("credential")?,
        aaguid: row.maybe_text("aaguid")?,
        created_at: row.time("created_at")?,
        last_used_at: row.maybe_time("last_used_at")?,
        clone_seen_at: row.maybe_time("clone_seen_at")?,
    })
}
