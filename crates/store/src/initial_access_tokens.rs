//! Tokens of the administrator that let somebody register clients (RFC 7591 §3): table `initial_access_tokens`.
//!
//! A token is used up together with the insert of the client that it lets in ([`crate::registrations::insert`]).

use protocol::ids::InitialAccessTokenId;
use protocol::secret::TokenHash;
use protocol::time::Timestamp;
use sqlx::any::AnyRow;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::{Store, StoreError, Won};

statements! {
    INSERT = "INSERT INTO initial_access_tokens (id, secret_hash, note, uses_left, created_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6)";
    FIND = "SELECT id, secret_hash, note, uses_left, created_at, expires_at FROM initial_access_tokens WHERE id = $1";
    LIST = "SELECT id, secret_hash, note, uses_left, created_at, expires_at FROM initial_access_tokens
            WHERE id > $1 ORDER BY id LIMIT $2";
    SPEND = "UPDATE initial_access_tokens SET uses_left = uses_left - 1 WHERE id = $1 AND uses_left > 0 AND expires_at > $2";
    DELETE = "DELETE FROM initial_access_tokens WHERE id = $1";
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialAccessToken {
    pub id: InitialAccessTokenId,
    pub secret_hash: TokenHash,
    /// For whom it was made.
    pub note: String,
    pub uses_left: i64,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl InitialAccessToken {
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.uses_left > 0 && now < self.expires_at
    }
}

pub async fn insert(store: &Store, token: &InitialAccessToken) -> Result<(), StoreError> {
    let insert = Statement::new(INSERT)
        .text(token.id.as_str())
        .text(token.secret_hash.as_str())
        .text(&token.note)
        .integer(token.uses_left)
        .time(token.created_at)
        .time(token.expires_at);
    store.write(insert).await?;
    Ok(())
}

/// One that is used up or has expired is found too.
pub async fn find(store: &Store, id: &InitialAccessTokenId) -> Result<Option<InitialAccessToken>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// The next `limit` tokens by id, after this one.
pub async fn list(
    store: &Store,
    after: Option<&InitialAccessTokenId>,
    limit: i64,
) -> Result<Vec<InitialAccessToken>, StoreError> {
    let after = after.map(InitialAccessTokenId::as_str).unwrap_or_default();
    let rows = store.rows(Statement::new(LIST).text(after).integer(limit)).await?;
    rows.iter().map(read).collect()
}

/// `Won::No` when there is no such token.
pub async fn delete(store: &Store, id: &InitialAccessTokenId) -> Result<Won, StoreError> {
    store.write(Statement::new(DELETE).text(id.as_str())).await.map(Won::by)
}

/// Changes a row when a use was left.
pub(crate) fn spend_statement(id: &InitialAccessTokenId, now: Timestamp) -> Statement {
    Statement::new(SPEND).text(id.as_str()).time(now)
}

fn read(row: &AnyRow) -> Result<InitialAccessToken, StoreError> {
    let row = Fields { table: "initial_access_tokens", row };
    Ok(InitialAccessToken {
        id: row.parsed("id", InitialAccessTokenId::parse)?,
        secret_hash: row.parsed("secret_hash", TokenHash::parse)?,
        note: row.text("note")?,
        uses_left: row.integer("uses_left")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}
