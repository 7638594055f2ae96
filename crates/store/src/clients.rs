//! Registered clients: table `clients`, with `client_secrets` and `client_origins`.
//!
//! A secret is kept as its hash, and several may live at once, so that a client can change it without a gap. Origins are those of
//! the registered redirect URIs: the pages that may call the token endpoint from a browser.

#[macro_use]
mod columns;

use protocol::client::Client;
use protocol::grant::state::EndReason;
use protocol::ids::ClientId;
use protocol::secret::TokenHash;
use protocol::time::Timestamp;

use crate::grants::{self, Whose};
use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won, consents, protocol_log};

use columns::{metadata, read};

statements! {
    INSERT = concat!("INSERT INTO clients (", columns!(), ") VALUES (", values!());
    FIND = concat!("SELECT ", columns!(), " FROM clients WHERE id = $1");
    LIST = concat!("SELECT ", columns!(), " FROM clients WHERE id > $1 ORDER BY id LIMIT $2");
    UPDATE = concat!("UPDATE clients SET ", changes!());
    USED = "UPDATE clients SET expires_unused_at = NULL WHERE id = $1 AND expires_unused_at > $2";
    DISABLE = "UPDATE clients SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
    ENABLE = "UPDATE clients SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
    DELETE = "DELETE FROM clients WHERE id = $1";
    UNUSED = "SELECT id FROM clients WHERE expires_unused_at <= $1 ORDER BY expires_unused_at LIMIT $2";
    DELETE_UNUSED = "DELETE FROM clients WHERE id = $1 AND expires_unused_at <= $2";
    ADD_ORIGIN = "INSERT INTO client_origins (origin, client_id) VALUES ($1, $2)";
    REMOVE_ORIGINS = "DELETE FROM client_origins WHERE client_id = $1";
    FIND_ORIGIN = "SELECT origin FROM client_origins WHERE origin = $1 LIMIT 1";
    FIND_ORIGIN_OF_CLIENT = "SELECT origin FROM client_origins WHERE origin = $1 AND client_id = $2";
    ADD_SECRET = "INSERT INTO client_secrets (client_id, hash, created_at, expires_at, sealed) VALUES ($1, $2, $3, $4, $5)";
    LIVE_SECRETS = "SELECT client_id, hash FROM client_secrets WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)";
    LIVE_SEALED_SECRETS = "SELECT client_id, sealed FROM client_secrets
                           WHERE client_id = $1 AND sealed IS NOT NULL AND (expires_at IS NULL OR expires_at > $2)";
    REMOVE_SECRETS = "DELETE FROM client_secrets WHERE client_id = $1";
    EXPIRED_SECRETS = "SELECT client_id, hash, expires_at FROM client_secrets WHERE client_id = $1 AND expires_at <= $2";
    EXPIRE_SECRETS = "UPDATE client_secrets SET expires_at = $2
                      WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)";
}

/// A secret as it is kept.
#[derive(Clone, Debug)]
pub struct KeptSecret {
    pub hash: TokenHash,
    /// The secret itself, encrypted with a key that is not in the database: where a MAC has to be verified with it.
    pub sealed: Option<String>,
    pub created_at: Timestamp,
    /// `None` lives until it is expired by [`expire_secrets`].
    pub expires_at: Option<Timestamp>,
}

/// [`StoreError::Conflict`] when the id is taken.
pub async fn insert(store: &Store, client: &Client) -> Result<(), StoreError> {
    store.write(Write::All(insert_statements(client))).await?;
    Ok(())
}

/// All that a new client is, but its secrets.
pub(crate) fn insert_statements(client: &Client) -> Vec<Statement> {
    let insert = metadata(Statement::new(INSERT), client)
        .text(client.registered_by.name())
        .maybe_time(client.expires_unused_at)
        .time(client.created_at)
        .maybe_time(client.disabled_at);
    [insert].into_iter().chain(add_origins(client)).collect()
}

/// A disabled client is found too.
pub async fn find(store: &Store, id: &ClientId) -> Result<Option<Client>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// The next `limit` clients by id, after this one.
pub async fn list(store: &Store, after: Option<&ClientId>, limit: i64) -> Result<Vec<Client>, StoreError> {
    let after = after.map(ClientId::as_str).unwrap_or_default();
    let rows = store.rows(Statement::new(LIST).text(after).integer(limit)).await?;
    rows.iter().map(read).collect()
}

/// Changes the metadata; the id, who registered it, and its times stay. `Won::No` when there is no such client.
pub async fn update(store: &Store, client: &Client) -> Result<Won, StoreError> {
    let mut statements = update_statements(client);
    let gate = statements.remove(0);
    store.write(Write::Gated { gate, then: statements }).await.map(Won::by)
}

/// The first one changes a row when there is such a client.
pub(crate) fn update_statements(client: &Client) -> Vec<Statement> {
    let update = metadata(Statement::new(UPDATE), client);
    let remove = Statement::new(REMOVE_ORIGINS).text(client.id.as_str());
    [update, remove].into_iter().chain(add_origins(client)).collect()
}

/// The client is in use, so it stays. `Won::No` when that was known, or when it has expired.
pub async fn used(store: &Store, id: &ClientId, now: Timestamp) -> Result<Won, StoreError> {
    store.write(Statement::new(USED).text(id.as_str()).time(now)).await.map(Won::by)
}

/// Disables a client and ends its grants, so that enabling it again revives nothing.
pub async fn disable(store: &Store, id: &ClientId, now: Timestamp) -> Result<Won, StoreError> {
    let won = store.write(Statement::new(DISABLE).text(id.as_str()).time(now)).await.map(Won::by)?;
    grants::end_all(store, Whose::Client(id), EndReason::ClientDisabled, now).await?;
    Ok(won)
}

pub async fn enable(store: &Store, id: &ClientId) -> Result<Won, StoreError> {
    store.write(Statement::new(ENABLE).text(id.as_str())).await.map(Won::by)
}

/// Deletes the client with its secrets and consents and ends its grants, so that whoever gets the id later inherits nothing.
pub async fn delete(store: &Store, id: &ClientId, now: Timestamp) -> Result<Won, StoreError> {
    let gate = Statement::new(DELETE).text(id.as_str());
    let won = store.write(with_what_it_had(gate, id)).await.map(Won::by)?;
    grants::end_all(store, Whose::Client(id), EndReason::ClientDeleted, now).await?;
    Ok(won)
}

/// Deletes at most `batch` clients that registered themselves and were never used, each with all that it had, and tells how
/// many. They have no grants: who has got one was used.
pub(crate) async fn delete_unused(store: &Store, now: Timestamp, batch: i64) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for row in store.rows(Statement::new(UNUSED).time(now).integer(batch)).await? {
        let id = Fields { table: "clients", row: &row }.parsed("id", ClientId::parse)?;
        let gate = Statement::new(DELETE_UNUSED).text(id.as_str()).time(now);
        deleted += store.write(with_what_it_had(gate, &id)).await?;
    }
    Ok(deleted)
}

/// Secrets, origins and the registration go by themselves, with the row of the client.
fn with_what_it_had(gate: Statement, id: &ClientId) -> Write {
    let then = vec![consents::forget_client_statement(id), protocol_log::forget_client_statement(id)];
    Write::Gated { gate, then }
}

/// Adds a secret; `None` lives until it is expired by [`expire_secrets`].
pub async fn add_secret(
    store: &Store,
    client: &ClientId,
    hash: &TokenHash,
    now: Timestamp,
    expires_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let secret = KeptSecret { hash: hash.clone(), sealed: None, created_at: now, expires_at };
    keep_secret(store, client, &secret).await
}

pub async fn keep_secret(store: &Store, client: &ClientId, secret: &KeptSecret) -> Result<(), StoreError> {
    store.write(add_secret_statement(client, secret)).await?;
    Ok(())
}

pub(crate) fn add_secret_statement(client: &ClientId, secret: &KeptSecret) -> Statement {
    Statement::new(ADD_SECRET)
        .text(client.as_str())
        .text(secret.hash.as_str())
        .time(secret.created_at)
        .maybe_time(secret.expires_at)
        .maybe_text(secret.sealed.as_deref())
}

pub(crate) fn remove_secrets_statement(client: &ClientId) -> Statement {
    Statement::new(REMOVE_SECRETS).text(client.as_str())
}

pub async fn live_secrets(store: &Store, client: &ClientId, now: Timestamp) -> Result<Vec<TokenHash>, StoreError> {
    let rows = store.rows(Statement::new(LIVE_SECRETS).text(client.as_str()).time(now)).await?;
    rows.iter().map(|row| Fields { table: "client_secrets", row }.parsed("hash", TokenHash::parse)).collect()
}

/// The live secrets that are kept encrypted, as they are kept.
pub async fn live_sealed_secrets(store: &Store, client: &ClientId, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let rows = store.rows(Statement::new(LIVE_SEALED_SECRETS).text(client.as_str()).time(now)).await?;
    rows.iter().map(|row| Fields { table: "client_secrets", row }.text("sealed")).collect()
}

/// Secrets that no longer count, with their end; they are swept later, so that "expired" can be told from "wrong".
pub async fn expired_secrets(
    store: &Store,
    client: &ClientId,
    now: Timestamp,
) -> Result<Vec<(TokenHash, Timestamp)>, StoreError> {
    let rows = store.rows(Statement::new(EXPIRED_SECRETS).text(client.as_str()).time(now)).await?;
    let read = |row| {
        let row = Fields { table: "client_secrets", row };
        Ok((row.parsed("hash", TokenHash::parse)?, row.time("expires_at")?))
    };
    rows.iter().map(read).collect()
}

/// Lets every secret of the client that lives longer end at `at`. Tells how many.
pub async fn expire_secrets(store: &Store, client: &ClientId, at: Timestamp) -> Result<u64, StoreError> {
    store.write(Statement::new(EXPIRE_SECRETS).text(client.as_str()).time(at)).await
}

pub async fn origin_belongs_to(store: &Store, origin: &str, client: &ClientId) -> Result<bool, StoreError> {
    let find = Statement::new(FIND_ORIGIN_OF_CLIENT).text(origin).text(client.as_str());
    Ok(store.row(find).await?.is_some())
}

/// Whether any client has a redirect URI of this origin.
pub async fn origin_is_known(store: &Store, origin: &str) -> Result<bool, StoreError> {
    Ok(store.row(Statement::new(FIND_ORIGIN).text(origin)).await?.is_some())
}

fn add_origins(client: &Client) -> impl Iterator<Item = Statement> {
    client.origins().into_iter().map(|origin| Statement::new(ADD_ORIGIN).text(&origin).text(client.id.as_str()))
}
