//! Authorizations: table `grants`, the one row that a code and all its tokens belong to.
//!
//! Every step of its life is one conditional UPDATE by primary key; of several callers in a race the database lets exactly one
//! win. What the steps mean and who may ask for them is decided in `protocol::grant`.

use protocol::claims::ClaimsRequest;
use protocol::grant::state::{EndReason, Generation, Grant};
use protocol::ids::{ClientId, GrantId, SessionId, UserId};
use protocol::pkce::Challenge;
use protocol::secret::TokenHash;
use protocol::time::Timestamp;
use sqlx::any::AnyRow;

use crate::row::{Fields, json_text};
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won};

/// The grants of one person, of one client, or of both.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    User(&'a UserId),
    Client(&'a ClientId),
    UserAtClient(&'a UserId, &'a ClientId),
}

macro_rules! columns {
    () => {
        "id, user_id, client_id, session_id, scope, claims, nonce, redirect_uri, code_challenge, auth_time, acr, amr, salt, \
         code_hash, code_expires_at, redeemed_at, generation, rotated_at, idle_expires_at, expires_at, created_at, ended_at, \
         end_reason, sector"
    };
}

statements! {
    INSERT = concat!(
        "INSERT INTO grants (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
         $17, $18, $19, $20, $21, $22, $23, $24)"
    );
    FIND = concat!("SELECT ", columns!(), " FROM grants WHERE id = $1");
    REDEEM = "UPDATE grants SET redeemed_at = $3, generation = 1, idle_expires_at = $4
              WHERE id = $1 AND code_hash = $2 AND redeemed_at IS NULL AND ended_at IS NULL AND code_expires_at > $3";
    ADVANCE = "UPDATE grants SET generation = $3, rotated_at = $4, idle_expires_at = $5
               WHERE id = $1 AND generation <= $2 AND redeemed_at IS NOT NULL AND ended_at IS NULL
                 AND idle_expires_at > $4 AND expires_at > $4";
    OF_USER = concat!("SELECT ", columns!(), " FROM grants WHERE user_id = $1 ORDER BY id LIMIT 500");
    DELETE_OF_USER = "DELETE FROM grants WHERE user_id = $1";
    END = "UPDATE grants SET ended_at = $3, end_reason = $2 WHERE id = $1 AND ended_at IS NULL";
    END_OF_USER = "UPDATE grants SET ended_at = $3, end_reason = $2 WHERE user_id = $1 AND ended_at IS NULL";
    END_OF_SESSION = "UPDATE grants SET ended_at = $3, end_reason = $4
                      WHERE user_id = $1 AND session_id = $2 AND ended_at IS NULL";
    END_OF_ENDED_SESSIONS = "UPDATE grants SET ended_at = $2, end_reason = $3
                             WHERE user_id = $1 AND ended_at IS NULL
                               AND session_id IN (SELECT id FROM sessions WHERE user_id = $1 AND ended_at = $2)";
    END_OF_OTHER_SESSIONS = "UPDATE grants SET ended_at = $3, end_reason = $4
                             WHERE user_id = $1 AND (session_id IS NULL OR session_id <> $2) AND ended_at IS NULL
                               AND expires_at > $3";
    LIVING_OF_USER = "SELECT id FROM grants WHERE id > $1 AND user_id = $2 AND ended_at IS NULL ORDER BY id LIMIT 200";
    LIVING_OF_CLIENT = "SELECT id FROM grants WHERE id > $1 AND client_id = $2 AND ended_at IS NULL
                        ORDER BY id LIMIT 200";
    LIVING_OF_USER_AT_CLIENT = "SELECT id FROM grants
                                WHERE id > $1 AND user_id = $2 AND client_id = $3 AND ended_at IS NULL
                                ORDER BY id LIMIT 200";
}

pub async fn insert(store: &Store, grant: &Grant) -> Result<(), StoreError> {
    store.write(insert_statement(grant)).await?;
    Ok(())
}

pub(crate) fn insert_statement(grant: &Grant) -> Statement {
    let claims = Some(&grant.claims).filter(|claims| !claims.is_empty()).map(json_text);
    Statement::new(INSERT)
        .text(grant.id.as_str())
        .text(grant.user_id.as_str())
        .text(grant.client_id.as_str())
        .maybe_text(grant.session_id.as_ref().map(SessionId::as_str))
        .text(&grant.scope.to_string())
        .maybe_text(claims.as_deref())
        .maybe_text(grant.nonce.as_deref())
        .text(&grant.redirect_uri)
        .maybe_text(grant.code_challenge.as_ref().map(Challenge::as_str))
        .time(grant.auth_time)
        .text(&grant.acr)
        .text(&grant.amr.join(" "))
        .text(&grant.salt)
        .text(grant.code_hash.as_str())
        .time(grant.code_expires_at)
        .maybe_time(grant.redeemed_at)
        .integer(grant.generation.0)
        .maybe_time(grant.rotated_at)
        .time(grant.idle_expires_at)
        .time(grant.expires_at)
        .time(grant.created_at)
        .maybe_time(grant.ended_at)
        .maybe_text(grant.end_reason.map(EndReason::name))
        .maybe_text(grant.sector.as_deref())
}

/// Ended and expired grants are found too, until they are swept.
pub async fn find(store: &Store, id: &GrantId) -> Result<Option<Grant>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// All of a person that are not swept, in no order that means anything; at most 500.
pub async fn of_user(store: &Store, user: &UserId) -> Result<Vec<Grant>, StoreError> {
    store.rows(Statement::new(OF_USER).text(user.as_str())).await?.iter().map(read).collect()
}

/// For the transaction that deletes a person: a token whose row is gone is no token.
pub(crate) fn delete_of_user_statement(user: &UserId) -> Statement {
    Statement::new(DELETE_OF_USER).text(user.as_str())
}

/// Uses up the code. RFC 6749 §4.1.2: "The client MUST NOT use the authorization code more than once."
pub async fn redeem(
    store: &Store,
    id: &GrantId,
    code: &TokenHash,
    now: Timestamp,
    idle_expires_at: Timestamp,
) -> Result<Won, StoreError> {
    let redeem = Statement::new(REDEEM).text(id.as_str()).text(code.as_str()).time(now).time(idle_expires_at);
    store.write(redeem).await.map(Won::by)
}

/// Makes the generation after `from` the live one. An older live generation is overtaken, because an authentic token that is
/// newer than the row exists after a restored backup; a newer one wins.
pub async fn advance(
    store: &Store,
    id: &GrantId,
    from: Generation,
    now: Timestamp,
    idle_expires_at: Timestamp,
) -> Result<Won, StoreError> {
    let advance = Statement::new(ADVANCE)
        .text(id.as_str())
        .integer(from.0)
        .integer(from.next().0)
        .time(now)
        .time(idle_expires_at);
    store.write(advance).await.map(Won::by)
}

/// Ends all of one person, for a transaction that does more.
pub(crate) fn end_of_user_statement(user: &UserId, reason: EndReason, now: Timestamp) -> Statement {
    Statement::new(END_OF_USER).text(user.as_str()).text(reason.name()).time(now)
}

/// Ends all that came from one session of a person, offline access too, for the transaction in which its owner ends it from
/// elsewhere.
pub(crate) fn end_of_session_statement(user: &UserId, session: &SessionId, now: Timestamp) -> Statement {
    Statement::new(END_OF_SESSION).text(user.as_str()).text(session.as_str()).time(now).text(EndReason::Logout.name())
}

/// The same for all sessions of a person that were ended at `now`, in that transaction.
pub(crate) fn end_of_ended_sessions_statement(user: &UserId, now: Timestamp) -> Statement {
    Statement::new(END_OF_ENDED_SESSIONS).text(user.as_str()).time(now).text(EndReason::Logout.name())
}

/// The same for all that did not come from this session of a person: what came from sessions that are long over, too.
pub(crate) fn end_of_other_sessions_statement(user: &UserId, kept: &SessionId, now: Timestamp) -> Statement {
    Statement::new(END_OF_OTHER_SESSIONS)
        .text(user.as_str())
        .text(kept.as_str())
        .time(now)
        .text(EndReason::Logout.name())
}

/// Ends a grant for good; the first reason stays.
pub async fn end(store: &Store, id: &GrantId, reason: EndReason, now: Timestamp) -> Result<Won, StoreError> {
    store.write(end_statement(id.as_str(), reason, now)).await.map(Won::by)
}

/// Ends all these grants, in small writes, and tells how many. Those of a client are looked for in the
/// whole table beside the writes of others, because no index serves this rare question; so deny access by other means first
/// (disable the person, delete the client).
pub async fn end_all(store: &Store, whose: Whose<'_>, reason: EndReason, now: Timestamp) -> Result<u64, StoreError> {
    let (mut ended, mut after) = (0, String::new());
    loop {
        let rows = store.rows(living(whose, &after)).await?;
        let ids: Vec<String> =
            rows.iter().map(|row| Fields { table: "grants", row }.text("id")).collect::<Result<_, _>>()?;
        let Some(last) = ids.last() else { return Ok(ended) };
        after.clone_from(last);
        let ends = ids.iter().map(|id| end_statement(id, reason, now)).collect();
        ended += store.write(Write::All(ends)).await?;
    }
}

fn living(whose: Whose<'_>, after: &str) -> Statement {
    match whose {
        Whose::User(user) => Statement::new(LIVING_OF_USER).text(after).text(user.as_str()),
        Whose::Client(client) => Statement::new(LIVING_OF_CLIENT).text(after).text(client.as_str()),
        Whose::UserAtClient(user, client) => {
            Statement::new(LIVING_OF_USER_AT_CLIENT).text(after).text(user.as_str()).text(client.as_str())
        }
    }
}

fn end_statement(id: &str, reason: EndReason, now: Timestamp) -> Statement {
    Statement::new(END).text(id).text(reason.name()).time(now)
}

fn read(row: &AnyRow) -> Result<Grant, StoreError> {
    let row = Fields { table: "grants", row };
    let end_reason = row.maybe_named("end_reason", EndReason::parse)?;
    let claims = row.maybe_parsed("claims", |text| serde_json::from_str::<ClaimsRequest>(text))?;
    Ok(Grant {
        id: row.parsed("id", GrantId::parse)?,
        user_id: row.parsed("user_id", UserId::parse)?,
        client_id: row.parsed("client_id", ClientId::parse)?,
        session_id: row.maybe_parsed("session_id", SessionId::parse)?,
        scope: row.scope("scope")?,
        claims: claims.unwrap_or_default(),
        nonce: row.maybe_text("nonce")?,
        redirect_uri: row.text("redirect_uri")?,
        code_challenge: row.maybe_parsed("code_challenge", Challenge::parse)?,
        auth_time: row.time("auth_time")?,
        acr: row.text("acr")?,
        amr: row.words("amr", |word| Some(word.to_owned()))?,
        salt: row.text("salt")?,
        code_hash: row.parsed("code_hash", TokenHash::parse)?,
        code_expires_at: row.time("code_expires_at")?,
        redeemed_at: row.maybe_time("redeemed_at")?,
        generation: Generation(row.integer("generation")?),
        rotated_at: row.maybe_time("rotated_at")?,
        idle_expires_at: row.time("idle_expires_at")?,
        expires_at: row.time("expires_at")?,
        created_at: row.time("created_at")?,
        ended_at: row.maybe_time("ended_at")?,
        end_reason,
        sector: row.maybe_text("sector")?,
    })
}
