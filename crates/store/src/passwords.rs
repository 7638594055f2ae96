//! Password hashes: table `passwords`. A row is the PHC string of one person; hashing and checking happen elsewhere.

use protocol::grant::state::EndReason;
use protocol::ids::{KnownBrowserId, SessionId, UserId};
use protocol::login::ResetBy;
use protocol::time::Timestamp;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won, action_tokens, api_keys, grants, known_browsers, sessions};

statements! {
    // No two passwords of a person are set at the same time, so that the time says which one somebody has proven.
    SET = "INSERT INTO passwords (user_id, phc, changed_at) VALUES ($1, $2, $3)
           ON CONFLICT (user_id) DO UPDATE SET phc = excluded.phc, needs_second_factor = NULL, reset_by = NULL, changed_at =
               CASE WHEN excluded.changed_at > passwords.changed_at THEN excluded.changed_at ELSE passwords.changed_at + 1 END";
    REPLACE = "INSERT INTO passwords (user_id, phc, changed_at, needs_second_factor, reset_by) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (user_id) DO UPDATE SET phc = excluded.phc, needs_second_factor = excluded.needs_second_factor,
                                                   reset_by = excluded.reset_by, changed_at =
               CASE WHEN excluded.changed_at > passwords.changed_at THEN excluded.changed_at ELSE passwords.changed_at + 1 END";
    CURRENT = "SELECT user_id, phc, changed_at FROM passwords WHERE user_id = $1";
    CHANGE_IS_DONE = "UPDATE users SET password_change_required_at = NULL WHERE id = $1";
    NEEDS_SECOND_FACTOR = "SELECT user_id, needs_second_factor FROM passwords WHERE user_id = $1";
    REPLACE_HASH = "UPDATE passwords SET phc = $3 WHERE user_id = $1 AND phc = $2";
    FIND = "SELECT user_id, phc FROM passwords WHERE user_id = $1";
    CHANGED_AT = "SELECT user_id, changed_at FROM passwords WHERE user_id = $1";
}

/// [`StoreError::Conflict`] when there is no such person.
pub async fn set(store: &Store, user: &UserId, phc: &str, now: Timestamp) -> Result<(), StoreError> {
    store.write(set_statement(user, phc, now)).await?;
    Ok(())
}

pub(crate) fn set_statement(user: &UserId, phc: &str, now: Timestamp) -> Statement {
    Statement::new(SET).text(user.as_str()).text(phc).time(now)
}

/// A new password.
#[derive(Clone, Debug)]
pub struct NewPassword {
    pub phc: String,
    /// It is shorter than what is asked of one that stands alone.
    pub needs_second_factor: bool,
}

/// How a password came to be replaced; what else ends with it follows from that.
#[derive(Clone, Copy, Debug)]
pub enum How<'a> {
    /// By somebody who is signed in in this session, which goes on.
    Changed { session: &'a SessionId, access: Access },
    /// In the middle of a sign-in, because it had to be.
    Forced,
    /// Without the old one. Whoever knew that one may be known as well: of all browsers only this one stays known.
    Reset { by: ResetBy, browser: Option<&'a KnownBrowserId> },
}

/// What becomes of the access that apps were given, which outlives sessions, and of API keys. The apps of sessions that end lose theirs
/// either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Ends,
    GoesOn,
}

/// Replaces a password in one transaction with what follows from it: all sessions but that of the owner end and so does the access of
/// apps (RFC 9700 §4.14) and that of API keys, whatever was sent before is void, every browser is asked for the second factor again, and no change is
/// due any more. [`StoreError::Conflict`] when there is no such person.
pub async fn replace(
    store: &Store,
    user: &UserId,
    new: &NewPassword,
    how: How<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (reset_by, kept, access) = match how {
        How::Changed { session, access } => (None, Some(session), access),
        How::Forced => (None, None, Access::Ends),
        How::Reset { by, .. } => (Some(by), None, Access::Ends),
    };
    let set = Statement::new(REPLACE)
        .text(user.as_str())
        .text(&new.phc)
        .time(now)
        .maybe_integer(new.needs_second_factor.then_some(1))
        .maybe_text(reset_by.map(ResetBy::name));
    let done = Statement::new(CHANGE_IS_DONE).text(user.as_str());
    let end = match kept {
        Some(kept) => sessions::end_others_of_user_statements(user, kept, now),
        None => sessions::end_all_of_user_statements(user, now),
    };
    // The person first, as everywhere (see `sessions::HOLD_USER`).
    let mut all = vec![done, set];
    all.extend(end);
    all.push(action_tokens::void_all_statement(user, now));
    match access {
        Access::Ends => {
            all.push(grants::end_of_user_statement(user, EndReason::PasswordChanged, now));
            all.push(api_keys::revoke_of_user_statement(user, now));
        }
        Access::GoesOn => all.push(grants::end_of_ended_sessions_statement(user, now)),
    }
    match how {
        How::Reset { browser, .. } => all.extend(known_browsers::forget_others_statements(user, browser)),
        How::Changed { .. } | How::Forced => all.push(known_browsers::remember_none_statement(user)),
    }
    store.write(Write::All(all)).await?;
    Ok(())
}

/// Whether the password is too short to stand alone.
pub async fn needs_second_factor(store: &Store, user: &UserId) -> Result<bool, StoreError> {
    let row = store.row(Statement::new(NEEDS_SECOND_FACTOR).text(user.as_str())).await?;
    let column = row.map(|row| Fields { table: "passwords", row: &row }.maybe_integer("needs_second_factor"));
    Ok(column.transpose()?.flatten().is_some())
}

/// Keeps the same password under another hash. `Won::No` when the password is no longer the one that `old` was made of.
pub async fn replace_hash(store: &Store, user: &UserId, old: &str, new: &str) -> Result<Won, StoreError> {
    store.write(Statement::new(REPLACE_HASH).text(user.as_str()).text(old).text(new)).await.map(Won::by)
}

pub async fn find(store: &Store, user: &UserId) -> Result<Option<String>, StoreError> {
    let row = store.row(Statement::new(FIND).text(user.as_str())).await?;
    row.map(|row| Fields { table: "passwords", row: &row }.text("phc")).transpose()
}

/// What a password is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub phc: String,
    /// Another password has another time; a new hash of the same one has the same.
    pub changed_at: Timestamp,
}

pub async fn current(store: &Store, user: &UserId) -> Result<Option<Stored>, StoreError> {
    let Some(row) = store.row(Statement::new(CURRENT).text(user.as_str())).await? else { return Ok(None) };
    let row = Fields { table: "passwords", row: &row };
    Ok(Some(Stored { phc: row.text("phc")?, changed_at: row.time("changed_at")? }))
}

/// When the password was set; `None` when there is none.
pub async fn changed_at(store: &Store, user: &UserId) -> Result<Option<Timestamp>, StoreError> {
    let row = store.row(Statement::new(CHANGED_AT).text(user.as_str())).await?;
    row.map(|row| Fields { table: "passwords", row: &row }.time("changed_at")).transpose()
}
