//! Authorization requests that wait while a person signs in or consents: table `interactions`.
//!
//! A row lives for an hour at most, belongs to one browser and is answered once: whoever deletes it may answer.

use protocol::ids::{ClientId, InteractionId, SessionId};
use protocol::secret::TokenHash;
use protocol::time::Timestamp;
use sqlx::any::AnyRow;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::{Store, StoreError, Won};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interaction {
    pub id: InteractionId,
    /// Hash of the browser's binding secret.
    pub browser_hash: TokenHash,
    pub client_id: ClientId,
    /// The request as it was received, form-encoded; every step checks it again.
    pub parameters: String,
    pub started_at: Timestamp,
    pub login_at: Option<Timestamp>,
    pub account_selected_at: Option<Timestamp>,
    pub consented_at: Option<Timestamp>,
    /// The session that the person signed in to for this request.
    pub session_id: Option<SessionId>,
    pub expires_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, browser_hash, client_id, parameters, started_at, login_at, account_selected_at, consented_at, session_id, \
         expires_at"
    };
}

statements! {
    INSERT = concat!("INSERT INTO interactions (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    FIND = concat!("SELECT ", columns!(), " FROM interactions WHERE id = $1");
    MARK_LOGIN = "UPDATE interactions SET login_at = $3, session_id = $2 WHERE id = $1 AND expires_at > $3";
    MARK_ACCOUNT_SELECTED = "UPDATE interactions SET account_selected_at = $2 WHERE id = $1 AND expires_at > $2";
    MARK_CONSENTED = "UPDATE interactions SET consented_at = $2 WHERE id = $1 AND expires_at > $2";
    FINISH = "DELETE FROM interactions WHERE id = $1";
}

pub async fn insert(store: &Store, interaction: &Interaction) -> Result<(), StoreError> {
    let insert = Statement::new(INSERT)
        .text(interaction.id.as_str())
        .text(interaction.browser_hash.as_str())
        .text(interaction.client_id.as_str())
        .text(&interaction.parameters)
        .time(interaction.started_at)
        .maybe_time(interaction.login_at)
        .maybe_time(interaction.account_selected_at)
        .maybe_time(interaction.consented_at)
        .maybe_text(interaction.session_id.as_ref().map(SessionId::as_str))
        .time(interaction.expires_at);
    store.write(insert).await?;
    Ok(())
}

/// An expired interaction is found too, until it is swept.
pub async fn find(store: &Store, id: &InteractionId) -> Result<Option<Interaction>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// The person signed in for this request. `Won::No` when it was finished or expired meanwhile; so below.
pub async fn mark_login(
    store: &Store,
    id: &InteractionId,
    session: &SessionId,
    now: Timestamp,
) -> Result<Won, StoreError> {
    store.write(Statement::new(MARK_LOGIN).text(id.as_str()).text(session.as_str()).time(now)).await.map(Won::by)
}

pub async fn mark_account_selected(store: &Store, id: &InteractionId, now: Timestamp) -> Result<Won, StoreError> {
    store.write(Statement::new(MARK_ACCOUNT_SELECTED).text(id.as_str()).time(now)).await.map(Won::by)
}

pub async fn mark_consented(store: &Store, id: &InteractionId, now: Timestamp) -> Result<Won, StoreError> {
    store.write(Statement::new(MARK_CONSENTED).text(id.as_str()).time(now)).await.map(Won::by)
}

/// Deletes the row. Of several that ask at once, exactly one wins and may answer the request.
pub async fn finish(store: &Store, id: &InteractionId) -> Result<Won, StoreError> {
    store.write(Statement::new(FINISH).text(id.as_str())).await.map(Won::by)
}

fn read(row: &AnyRow) -> Result<Interaction, StoreError> {
    let row = Fields { table: "interactions", row };
    Ok(Interaction {
        id: row.parsed("id", InteractionId::parse)?,
        browser_hash: row.parsed("browser_hash", TokenHash::parse)?,
        client_id: row.parsed("client_id", ClientId::parse)?,
        parameters: row.text("parameters")?,
        started_at: row.time("started_at")?,
        login_at: row.maybe_time("login_at")?,
        account_selected_at: row.maybe_time("account_selected_at")?,
        consented_at: row.maybe_time("consented_at")?,
        session_id: row.maybe_parsed("session_id", SessionId::parse)?,
        expires_at: row.time("expires_at")?,
    })
}
