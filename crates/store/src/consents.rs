//! What people allowed clients before: table `consents`, one row per person and client.

use protocol::grant::state::EndReason;
use protocol::ids::{ClientId, UserId};
use protocol::scope::Scope;
use protocol::time::Timestamp;
use sqlx::any::AnyRow;

use crate::grants::{self, Whose};
use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::{Store, StoreError, Won};

/// One person's yes to one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub client_id: ClientId,
    pub scope: Scope,
    /// The latest time.
    pub granted_at: Timestamp,
}

statements! {
    FIND = "SELECT user_id, scope FROM consents WHERE user_id = $1 AND client_id = $2";
    OF_USER = "SELECT client_id, scope, granted_at FROM consents WHERE user_id = $1 ORDER BY client_id LIMIT 200";
    FORGET_USER = "DELETE FROM consents WHERE user_id = $1";
    REMEMBER = "INSERT INTO consents (user_id, client_id, scope, granted_at) VALUES ($1, $2, $3, $4)
                ON CONFLICT (user_id, client_id) DO UPDATE SET scope = excluded.scope, granted_at = excluded.granted_at";
    WITHDRAW = "DELETE FROM consents WHERE user_id = $1 AND client_id = $2";
    FORGET_CLIENT = "DELETE FROM consents WHERE client_id = $1";
}

pub async fn find(store: &Store, user: &UserId, client: &ClientId) -> Result<Option<Scope>, StoreError> {
    let row = store.row(Statement::new(FIND).text(user.as_str()).text(client.as_str())).await?;
    row.map(|row| Fields { table: "consents", row: &row }.scope("scope")).transpose()
}

/// All of a person, by client; at most 200.
pub async fn of_user(store: &Store, user: &UserId) -> Result<Vec<Consent>, StoreError> {
    store.rows(Statement::new(OF_USER).text(user.as_str())).await?.iter().map(read).collect()
}

/// Replaces what was remembered; the caller joins old and new.
pub async fn remember(
    store: &Store,
    user: &UserId,
    client: &ClientId,
    scope: &Scope,
    now: Timestamp,
) -> Result<(), StoreError> {
    let remember =
        Statement::new(REMEMBER).text(user.as_str()).text(client.as_str()).text(&scope.to_string()).time(now);
    store.write(remember).await?;
    Ok(())
}

/// Forgets the consent and ends every grant that this person gave this client.
pub async fn withdraw(store: &Store, user: &UserId, client: &ClientId, now: Timestamp) -> Result<Won, StoreError> {
    let withdrawn = store.write(Statement::new(WITHDRAW).text(user.as_str()).text(client.as_str())).await?;
    grants::end_all(store, Whose::UserAtClient(user, client), EndReason::ConsentWithdrawn, now).await?;
    Ok(Won::by(withdrawn))
}

pub(crate) fn forget_client_statement(client: &ClientId) -> Statement {
    Statement::new(FORGET_CLIENT).text(client.as_str())
}

/// For the transaction that deletes a person.
pub(crate) fn forget_user_statement(user: &UserId) -> Statement {
    Statement::new(FORGET_USER).text(user.as_str())
}

fn read(row: &AnyRow) -> Result<Consent, StoreError> {
    let row = Fields { table: "consents", row };
    Ok(Consent {
        client_id: row.parsed("client_id", ClientId::parse)?,
        scope: row.scope("scope")?,
        granted_at: row.time("granted_at")?,
    })
}
