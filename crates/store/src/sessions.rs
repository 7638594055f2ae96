//! Signed-in browsers: table `sessions`. The cookie carries the id and a secret; the row has only the secret's hash.

use protocol::ids::{SessionId, UserId};
use protocol::secret::TokenHash;
use protocol::time::Timestamp;
use sqlx::any::AnyRow;

use crate::interactions::Keep;
use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won, grants, logout_deliveries, session_clients};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub secret_hash: TokenHash,
    pub user_id: UserId,
    pub auth_time: Timestamp,
    pub acr: String,
    pub amr: Vec<String>,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub idle_expires_at: Timestamp,
    pub expires_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub origin: Origin,
    pub keep: Keep,
}

/// The browser that signed in, for the person to recognise it by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub user_agent: Option<String>,
    /// The network address.
    pub address: Option<String>,
}

macro_rules! columns {
    () => {
        "id, secret_hash, user_id, auth_time, acr, amr, created_at, last_seen_at, idle_expires_at, expires_at, ended_at, \
         user_agent, address, kept"
    };
}

statements! {
    // Changes nothing; on PostgreSQL it holds the row, so that a new password, `user disable` and a deletion, which write it first,
    // come wholly before or wholly after.
    HOLD_USER = "UPDATE users SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NULL";
    INSERT = concat!(
        "INSERT INTO sessions (", columns!(), ")
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 FROM users
         WHERE id = $3 AND (CAST($15 AS BIGINT) IS NULL
                            OR EXISTS (SELECT 1 FROM passwords WHERE user_id = $3 AND changed_at = $15))"
    );
    FIND = concat!("SELECT ", columns!(), " FROM sessions WHERE id = $1");
    TOUCH = "UPDATE sessions SET last_seen_at = $2, idle_expires_at = $3
             WHERE id = $1 AND ended_at IS NULL AND last_seen_at < $2 AND idle_expires_at > $2 AND expires_at > $2";
    RENEW = "UPDATE sessions SET secret_hash = $2, auth_time = $3, acr = $4, amr = $5, last_seen_at = $6,
             idle_expires_at = $7, expires_at = $8, kept = $9, user_agent = $10, address = $11
             WHERE id = $1 AND secret_hash = $12 AND ended_at IS NULL
             AND (CAST($13 AS BIGINT) IS NULL
                  OR EXISTS (SELECT 1 FROM passwords WHERE user_id = sessions.user_id AND changed_at = $13))";
    LIVING_OF_USER = concat!(
        "SELECT ", columns!(), " FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
         AND idle_expires_at > $2 LIMIT 200"
    );
    END = "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    END_OTHERS_OF_USER = "UPDATE sessions SET ended_at = $3 WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL";
    DELETE_OF_USER = "DELETE FROM sessions WHERE user_id = $1";
    END_ALL_OF_USER = "UPDATE sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL";
}

/// `password_set_at`: of the password that was proven, as it was read with the hash. `Won::No` when another one was set since, or
/// when the person was disabled or deleted: what ended all their sessions must not miss this one.
pub async fn insert(store: &Store, session: &Session, password_set_at: Option<Timestamp>) -> Result<Won, StoreError> {
    let insert = Statement::new(INSERT)
        .text(session.id.as_str())
        .text(session.secret_hash.as_str())
        .text(session.user_id.as_str())
        .time(session.auth_time)
        .text(&session.acr)
        .text(&session.amr.join(" "))
        .time(session.created_at)
        .time(session.last_seen_at)
        .time(session.idle_expires_at)
        .time(session.expires_at)
        .maybe_time(session.ended_at);
    let insert = origin(insert, session).maybe_integer(session.keep.column()).maybe_time(password_set_at);
    let hold = Statement::new(HOLD_USER).text(session.user_id.as_str());
    store.write_gates(vec![hold, insert]).await
}

/// Ended and expired sessions are found too, until they are swept; whether a session lives is the caller's question.
pub async fn find(store: &Store, id: &SessionId) -> Result<Option<Session>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// The sessions in which a person is signed in, in no order; at most 200.
pub async fn living_of_user(store: &Store, user: &UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
    store.rows(Statement::new(LIVING_OF_USER).text(user.as_str()).time(now)).await?.iter().map(read).collect()
}

/// Notes that a living session is in use. `Won::No` when it lives no longer, or when somebody noted this second already.
pub async fn touch(
    store: &Store,
    id: &SessionId,
    now: Timestamp,
    idle_expires_at: Timestamp,
) -> Result<Won, StoreError> {
    store.write(Statement::new(TOUCH).text(id.as_str()).time(now).time(idle_expires_at)).await.map(Won::by)
}

/// A fresh proof by the same person: the row goes on with a new secret, and the old cookie is void. `Won::No` when it was
/// ended, or renewed by somebody else first, or when the password was replaced, as at [`insert`].
pub async fn renew(
    store: &Store,
    session: &Session,
    before: &TokenHash,
    password_set_at: Option<Timestamp>,
) -> Result<Won, StoreError> {
    let renew = Statement::new(RENEW)
        .text(session.id.as_str())
        .text(session.secret_hash.as_str())
        .time(session.auth_time)
        .text(&session.acr)
        .text(&session.amr.join(" "))
        .time(session.last_seen_at)
        .time(session.idle_expires_at)
        .time(session.expires_at)
        .maybe_integer(session.keep.column());
    let renew = origin(renew, session).text(before.as_str()).maybe_time(password_set_at);
    let then = vec![session_clients::prolong_statement(&session.id, session.expires_at)];
    store.write(Write::Gated { gate: renew, then }).await.map(Won::by)
}

/// Ends a session, as an ordinary logout does: offline access stays (OpenID Connect Core §11). Whoever wants to hear of it over the
/// back channel has a delivery in the same transaction.
pub async fn end(store: &Store, id: &SessionId, now: Timestamp) -> Result<Won, StoreError> {
    let gate = Statement::new(END).text(id.as_str()).time(now);
    let then = vec![logout_deliveries::of_session_statement(id, now)];
    store.write(Write::Gated { gate, then }).await.map(Won::by)
}

/// As [`end`], with the grants of the session, offline access too: whoever signs a device out from elsewhere has it out altogether.
pub async fn end_with_grants(store: &Store, session: &Session, now: Timestamp) -> Result<Won, StoreError> {
    let gate = Statement::new(END).text(session.id.as_str()).time(now);
    let then = vec![
        logout_deliveries::of_session_statement(&session.id, now),
        grants::end_of_session_statement(&session.user_id, &session.id, now),
    ];
    store.write(Write::Gated { gate, then }).await.map(Won::by)
}

/// Ends every session of a person as [`end`] does, and tells how many.
pub async fn end_all_of_user(store: &Store, user: &UserId, now: Timestamp) -> Result<u64, StoreError> {
    let [gate, tell] = end_all_of_user_statements(user, now);
    store.write(Write::Gated { gate, then: vec![tell] }).await
}

/// Ends every session of a person but one as [`end_with_grants`] does, and every grant that did not come from that one: what
/// somebody else took in a session that is long over goes as well. `Won::No` when there was nothing to end.
pub async fn end_others_of_user(
    store: &Store,
    user: &UserId,
    kept: &SessionId,
    now: Timestamp,
) -> Result<Won, StoreError> {
    let [end, tell] = end_others_of_user_statements(user, kept, now);
    let all = vec![end, tell, grants::end_of_other_sessions_statement(user, kept, now)];
    store.write(Write::All(all)).await.map(Won::by)
}

/// For a transaction that does more, and has to say what becomes of grants; in this order.
pub(crate) fn end_others_of_user_statements(user: &UserId, kept: &SessionId, now: Timestamp) -> [Statement; 2] {
    let end = Statement::new(END_OTHERS_OF_USER).text(user.as_str()).text(kept.as_str()).time(now);
    [end, logout_deliveries::of_sessions_of_user_statement(user, now)]
}

/// For the transaction that deletes a person, after all of them ended.
pub(crate) fn delete_of_user_statement(user: &UserId) -> Statement {
    Statement::new(DELETE_OF_USER).text(user.as_str())
}

/// For a transaction that does more, and has to say what becomes of grants; in this order.
pub(crate) fn end_all_of_user_statements(user: &UserId, now: Timestamp) -> [Statement; 2] {
    let end = Statement::new(END_ALL_OF_USER).text(user.as_str()).time(now);
    [end, logout_deliveries::of_sessions_of_user_statement(user, now)]
}

fn read(row: &AnyRow) -> Result<Session, StoreError> {
    let row = Fields { table: "sessions", row };
    Ok(Session {
        id: row.parsed("id", SessionId::parse)?,
        secret_hash: row.parsed("secret_hash", TokenHash::parse)?,
        user_id: row.parsed("user_id", UserId::parse)?,
        auth_time: row.time("auth_time")?,
        acr: row.text("acr")?,
        amr: row.words("amr", |word| Some(word.to_owned()))?,
        created_at: row.time("created_at")?,
        last_seen_at: row.time("last_seen_at")?,
        idle_expires_at: row.time("idle_expires_at")?,
        expires_at: row.time("expires_at")?,
        ended_at: row.maybe_time("ended_at")?,
        origin: Origin { user_agent: row.maybe_text("user_agent")?, address: row.maybe_text("address")? },
        keep: Keep::from_column(row.maybe_integer("kept")?),
    })
}

fn origin(statement: Statement, session: &Session) -> Statement {
    statement.maybe_text(session.origin.user_agent.as_deref()).maybe_text(session.origin.address.as_deref())
}
