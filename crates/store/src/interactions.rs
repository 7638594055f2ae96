//! What waits while a person signs in, signs up or consents, an authorization request or a page of ours: table `interactions`.
//!
//! A row lives for an hour at most, belongs to one browser and is answered once: whoever ends it may answer. What has ended stays
//! for a day, so that whoever comes back to it late is told which app it was for, and begins anew.

use protocol::ids::{ClientId, InteractionId, SessionId, UserId};
use protocol::login::Proven;
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
    /// The page of this server that the person goes on to; `None` for an authorization request.
    pub return_to: Option<String>,
    /// The sign-in under way.
    pub login: Option<LoginUnderWay>,
}

/// What somebody proved so far. It signs nobody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginUnderWay {
    pub user_id: UserId,
    pub proven: Proven,
    /// When the first factor was proven.
    pub proven_at: Timestamp,
    /// When the password among them was set: with another one it is no proof any more.
    pub password_set_at: Option<Timestamp>,
    pub keep: Keep,
}

/// Whether a person asked to stay signed in after the browser closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    UntilBrowserCloses,
    OnThisDevice,
}

impl Keep {
    pub(crate) fn column(self) -> Option<i64> {
        (self == Self::OnThisDevice).then_some(1)
    }

    pub(crate) fn from_column(column: Option<i64>) -> Self {
        if column.is_some() { Self::OnThisDevice } else { Self::UntilBrowserCloses }
    }
}

macro_rules! columns {
    () => {
        "id, browser_hash, client_id, parameters, started_at, login_at, account_selected_at, consented_at, session_id, \
         expires_at, return_to, login_user_id, login_factors, login_proven_at, login_kept, login_password_set_at"
    };
}

statements! {
    INSERT = concat!("INSERT INTO interactions (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)");
    FIND = concat!("SELECT ", columns!(), " FROM interactions WHERE id = $1");
    MARK_PROVEN = "UPDATE interactions SET login_user_id = $2, login_factors = $3, login_proven_at = $4, login_kept = $5,
                                           login_password_set_at = $6
                   WHERE id = $1 AND expires_at > $7";
    MARK_LOGIN = "UPDATE interactions SET login_at = $3, session_id = $2, login_user_id = NULL, login_factors = NULL,
                                          login_proven_at = NULL, login_kept = NULL, login_password_set_at = NULL
                  WHERE id = $1 AND expires_at > $3";
    TAKE_PROVEN = "UPDATE interactions SET login_user_id = NULL, login_factors = NULL, login_proven_at = NULL, login_kept = NULL,
                                           login_password_set_at = NULL
                   WHERE id = $1 AND login_user_id = $2 AND login_proven_at = $3 AND expires_at > $4";
    MARK_ACCOUNT_SELECTED = "UPDATE interactions SET account_selected_at = $2 WHERE id = $1 AND expires_at > $2";
    MARK_CONSENTED = "UPDATE interactions SET consented_at = $2 WHERE id = $1 AND expires_at > $2";
    // Long requests go with their interaction: for those who come late the app is enough. Short ones may stay, as in the sweep.
    FINISH = "UPDATE interactions SET expires_at = $2, parameters = CASE WHEN LENGTH(parameters) > 1024 THEN '' ELSE parameters END
              WHERE id = $1 AND expires_at > $2";
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
        .time(interaction.expires_at)
        .maybe_text(interaction.return_to.as_deref());
    let insert = under_way(insert, interaction.login.as_ref());
    store.write(insert).await?;
    Ok(())
}

/// An expired interaction is found too, until it is swept.
pub async fn find(store: &Store, id: &InteractionId) -> Result<Option<Interaction>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// The person proved a factor, and has to prove more. `Won::No` when the interaction was finished or expired meanwhile; so below.
pub async fn mark_proven(
    store: &Store,
    id: &InteractionId,
    login: &LoginUnderWay,
    now: Timestamp,
) -> Result<Won, StoreError> {
    let mark = under_way(Statement::new(MARK_PROVEN).text(id.as_str()), Some(login)).time(now);
    store.write(mark).await.map(Won::by)
}

/// What was proven is about to be used for what can be done once. Of several that ask at once, one wins.
pub async fn take_proven(
    store: &Store,
    id: &InteractionId,
    login: &LoginUnderWay,
    now: Timestamp,
) -> Result<Won, StoreError> {
    let take = Statement::new(TAKE_PROVEN).text(id.as_str()).text(login.user_id.as_str());
    store.write(take.time(login.proven_at).time(now)).await.map(Won::by)
}

/// The person signed in for this request; nothing is under way any more.
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

/// Ends the row. Of several that ask at once, exactly one wins and may answer the request.
pub async fn finish(store: &Store, id: &InteractionId, now: Timestamp) -> Result<Won, StoreError> {
    store.write(Statement::new(FINISH).text(id.as_str()).time(now)).await.map(Won::by)
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
        return_to: row.maybe_text("return_to")?,
        login: read_under_way(&row)?,
    })
}

fn read_under_way(row: &Fields<'_>) -> Result<Option<LoginUnderWay>, StoreError> {
    let Some(user_id) = row.maybe_parsed("login_user_id", UserId::parse)? else { return Ok(None) };
    Ok(Some(LoginUnderWay {
        user_id,
        proven: Proven::from_words(row.text("login_factors")?.split(' ')),
        proven_at: row.time("login_proven_at")?,
        keep: Keep::from_column(row.maybe_integer("login_kept")?),
        password_set_at: row.maybe_time("login_password_set_at")?,
    }))
}

fn under_way(statement: Statement, login: Option<&LoginUnderWay>) -> Statement {
    statement
        .maybe_text(login.map(|login| login.user_id.as_str()))
        .maybe_text(login.map(|login| login.proven.words()).as_deref())
        .maybe_time(login.map(|login| login.proven_at))
        .maybe_integer(login.and_then(|login| login.keep.column()))
        .maybe_time(login.and_then(|login| login.password_set_at))
}
