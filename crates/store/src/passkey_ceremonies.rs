//! Challenges that wait for an authenticator: table `passkey_ceremonies`. An answer is good for whoever deletes the row.

use protocol::ids::{CeremonyId, UserId};
use protocol::passkey::CeremonyKind;
use protocol::secret::TokenHash;
use protocol::time::Timestamp;
use sqlx::any::AnyRow;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::{Store, StoreError, Won};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    pub id: CeremonyId,
    pub kind: CeremonyKind,
    pub browser_hash: TokenHash,
    /// `None`: whoever has a discoverable credential.
    pub user_id: Option<UserId>,
    /// JSON.
    pub state: String,
    pub expires_at: Timestamp,
}

statements! {
    INSERT = "INSERT INTO passkey_ceremonies (id, kind, browser_hash, user_id, state, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6)";
    FIND = "SELECT id, kind, browser_hash, user_id, state, expires_at FROM passkey_ceremonies WHERE id = $1";
    FINISH = "DELETE FROM passkey_ceremonies WHERE id = $1 AND expires_at > $2";
}

pub async fn insert(store: &Store, ceremony: &Ceremony) -> Result<(), StoreError> {
    let insert = Statement::new(INSERT)
        .text(ceremony.id.as_str())
        .text(ceremony.kind.name())
        .text(ceremony.browser_hash.as_str())
        .maybe_text(ceremony.user_id.as_ref().map(UserId::as_str))
        .text(&ceremony.state)
        .time(ceremony.expires_at);
    store.write(insert).await?;
    Ok(())
}

/// Expired ones are found too, until they are swept.
pub async fn find(store: &Store, id: &CeremonyId) -> Result<Option<Ceremony>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// `Won::No` when it expired, or when somebody answered it already.
pub async fn finish(store: &Store, id: &CeremonyId, now: Timestamp) -> Result<Won, StoreError> {
    store.write(Statement::new(FINISH).text(id.as_str()).time(now)).await.map(Won::by)
}

fn read(row: &AnyRow) -> Result<Ceremony, StoreError> {
    let row = Fields { table: "passkey_ceremonies", row };
    Ok(Ceremony {
        id: row.parsed("id", CeremonyId::parse)?,
        kind: row.named("kind", CeremonyKind::parse)?,
        browser_hash: row.parsed("browser_hash", TokenHash::parse)?,
        user_id: row.maybe_parsed("user_id", UserId::parse)?,
        state: row.text("state")?,
        expires_at: row.time("expires_at")?,
    })
}
