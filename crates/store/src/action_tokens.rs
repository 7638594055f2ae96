//! Links and short codes that were sent to people: table `action_tokens`. A row keeps hashes only; each step of its life (a try of
//! the code, proven, used) is one conditional statement, so that of many who come at once one wins.
//!
//! What a link is good for, and for how long, is decided in `protocol::action_token`.

use protocol::action_token::Purpose;
use protocol::ids::{ActionTokenId, InteractionId, UserId};
use protocol::secret::TokenHash;
use protocol::time::Timestamp;
use serde_json::{Map, Value};
use sqlx::any::AnyRow;

use crate::row::{Fields, json_text};
use crate::statement::{Statement, statements};
use crate::{Store, StoreError, Won};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionToken {
    pub id: ActionTokenId,
    pub purpose: Purpose,
    /// Of the secret in the link.
    pub secret_hash: TokenHash,
    /// Of the short code beside the link; `None` when there is none.
    pub code_mac: Option<String>,
    /// `None`: there is no account yet.
    pub user_id: Option<UserId>,
    /// The address that it was sent to.
    pub email: Option<String>,
    /// The sign-in that asked for it. Its code counts nowhere else.
    pub interaction_id: Option<InteractionId>,
    /// A digest of what must not have changed meanwhile.
    pub account_state: Option<String>,
    /// Depends on the purpose.
    pub details: Map<String, Value>,
    /// Of the code.
    pub tries_left: i64,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// Somebody who received it has shown so.
    pub proven_at: Option<Timestamp>,
    pub used_at: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "id, purpose, secret_hash, code_mac, user_id, email, interaction_id, account_state, details, tries_left, \
         created_at, expires_at, proven_at, used_at"
    };
}

statements! {
    INSERT = concat!(
        "INSERT INTO action_tokens (", columns!(), ")
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    );
    FIND = concat!("SELECT ", columns!(), " FROM action_tokens WHERE id = $1");
    LATEST_OF_INTERACTION = concat!(
        "SELECT ", columns!(), " FROM action_tokens WHERE interaction_id = $1 AND purpose = $2
         ORDER BY created_at DESC LIMIT 1"
    );
    RESERVE_TRY = "UPDATE action_tokens SET tries_left = tries_left - 1
                   WHERE id = $1 AND tries_left > 0 AND proven_at IS NULL AND used_at IS NULL AND expires_at > $2";
    MARK_PROVEN = "UPDATE action_tokens SET proven_at = $2
                   WHERE id = $1 AND proven_at IS NULL AND used_at IS NULL AND expires_at > $2";
    BIND = "UPDATE action_tokens SET interaction_id = $2, details = $3, proven_at = COALESCE(proven_at, $4)
            WHERE id = $1 AND used_at IS NULL AND expires_at > $4";
    USE_PROVEN = "UPDATE action_tokens SET used_at = $2
                  WHERE id = $1 AND used_at IS NULL AND proven_at IS NOT NULL AND expires_at > $2";
    USE_ONCE = "UPDATE action_tokens SET used_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2";
    // But for the way back from a deletion.
    VOID = "UPDATE action_tokens SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL AND purpose <> $3";
    DELETE_OF_USER = "DELETE FROM action_tokens WHERE user_id = $1";
    VOID_OF_PURPOSE = "UPDATE action_tokens SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL AND purpose = $3";
}

pub async fn insert(store: &Store, token: &ActionToken) -> Result<(), StoreError> {
    let insert = Statement::new(INSERT)
        .text(token.id.as_str())
        .text(token.purpose.name())
        .text(token.secret_hash.as_str())
        .maybe_text(token.code_mac.as_deref())
        .maybe_text(token.user_id.as_ref().map(UserId::as_str))
        .maybe_text(token.email.as_deref())
        .maybe_text(token.interaction_id.as_ref().map(InteractionId::as_str))
        .maybe_text(token.account_state.as_deref())
        .text(&json_text(&token.details))
        .integer(token.tries_left)
        .time(token.created_at)
        .time(token.expires_at)
        .maybe_time(token.proven_at)
        .maybe_time(token.used_at);
    store.write(insert).await?;
    Ok(())
}

/// One that expired or was used is found too, until it is swept.
pub async fn find(store: &Store, id: &ActionTokenId) -> Result<Option<ActionToken>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// The one that was sent last: with a new code, the codes of before count no more.
pub async fn latest_of_interaction(
    store: &Store,
    interaction: &InteractionId,
    purpose: Purpose,
) -> Result<Option<ActionToken>, StoreError> {
    let latest = Statement::new(LATEST_OF_INTERACTION).text(interaction.as_str()).text(purpose.name());
    store.row(latest).await?.as_ref().map(read).transpose()
}

/// Takes one of the tries of the code, before the code is looked at. `Won::No` when there is none left, or the token is expired,
/// proven or used.
pub async fn reserve_try(store: &Store, id: &ActionTokenId, now: Timestamp) -> Result<Won, StoreError> {
    store.write(Statement::new(RESERVE_TRY).text(id.as_str()).time(now)).await.map(Won::by)
}

/// Somebody who received it has shown so. Once.
pub async fn mark_proven(store: &Store, id: &ActionTokenId, now: Timestamp) -> Result<Won, StoreError> {
    store.write(Statement::new(MARK_PROVEN).text(id.as_str()).time(now)).await.map(Won::by)
}

/// Whoever holds the link goes on in this sign-in: that the address is theirs counts there and nowhere else. As often as they like.
pub async fn bind(
    store: &Store,
    id: &ActionTokenId,
    interaction: &InteractionId,
    details: &Map<String, Value>,
    now: Timestamp,
) -> Result<Won, StoreError> {
    let bind = Statement::new(BIND).text(id.as_str()).text(interaction.as_str()).text(&json_text(details)).time(now);
    store.write(bind).await.map(Won::by)
}

/// Uses up a token whose holder has shown that they received it; for a transaction that makes what it was sent for.
pub(crate) fn use_proven_statement(id: &ActionTokenId, now: Timestamp) -> Statement {
    Statement::new(USE_PROVEN).text(id.as_str()).time(now)
}

/// What it was for is being done. Once, and only before it expires.
pub async fn use_once(store: &Store, id: &ActionTokenId, now: Timestamp) -> Result<Won, StoreError> {
    store.write(Statement::new(USE_ONCE).text(id.as_str()).time(now)).await.map(Won::by)
}

/// Nothing that was sent to this person, or nothing for this purpose, is good any more. Tells how many that concerned.
///
/// The link that cancels a deletion is voided only by its name: whoever schedules one in an account that is not theirs must not be
/// able to take the owner's way back, and changing the password or the address takes nothing else back either.
pub async fn void_of_user(
    store: &Store,
    user: &UserId,
    purpose: Option<Purpose>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let statement = match purpose {
        None => void_all_statement(user, now),
        Some(purpose) => Statement::new(VOID_OF_PURPOSE).text(user.as_str()).time(now).text(purpose.name()),
    };
    store.write(statement).await
}

/// The same of all purposes but that one, for a transaction that does more.
pub(crate) fn void_all_statement(user: &UserId, now: Timestamp) -> Statement {
    Statement::new(VOID).text(user.as_str()).time(now).text(Purpose::CancelDeletion.name())
}

/// For the transaction that deletes a person.
pub(crate) fn delete_of_user_statement(user: &UserId) -> Statement {
    Statement::new(DELETE_OF_USER).text(user.as_str())
}

fn read(row: &AnyRow) -> Result<ActionToken, StoreError> {
    let row = Fields { table: "action_tokens", row };
    Ok(ActionToken {
        id: row.parsed("id", ActionTokenId::parse)?,
        purpose: row.named("purpose", Purpose::parse)?,
        secret_hash: row.parsed("secret_hash", TokenHash::parse)?,
        code_mac: row.maybe_text("code_mac")?,
        user_id: row.maybe_parsed("user_id", UserId::parse)?,
        email: row.maybe_text("email")?,
        interaction_id: row.maybe_parsed("interaction_id", InteractionId::parse)?,
        account_state: row.maybe_text("account_state")?,
        details: row.json("details")?,
        tries_left: row.integer("tries_left")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        proven_at: row.maybe_time("proven_at")?,
        used_at: row.maybe_time("used_at")?,
    })
}
