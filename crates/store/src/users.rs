//! People: tables `users` and `user_logins`. Passwords are in `passwords.rs`.
//!
//! Whatever may be typed as a login (user name, e-mail address) is a key of `user_logins`, normalised, so one look-up finds the
//! person and no two people can be meant by one text.

use protocol::grant::state::EndReason;
use protocol::ids::UserId;
use protocol::time::Timestamp;
use protocol::user::{User, normalize_login};
use sqlx::any::AnyRow;

use crate::grants::{self, Whose};
use crate::row::{Fields, json_text};
use crate::sessions;
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won};

macro_rules! columns {
    () => {
        "id, username, email, email_verified_at, phone_number, phone_number_verified_at, profile, group_names, \
         created_at, updated_at, disabled_at"
    };
}

statements! {
    INSERT = concat!("INSERT INTO users (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    FIND = concat!("SELECT ", columns!(), " FROM users WHERE id = $1");
    FIND_BY_LOGIN = concat!(
        "SELECT ", columns!(), " FROM users WHERE id = (SELECT user_id FROM user_logins WHERE login = $1)"
    );
    LIST = concat!("SELECT ", columns!(), " FROM users WHERE username > $1 ORDER BY username LIMIT $2");
    UPDATE = "UPDATE users SET username = $2, email = $3, email_verified_at = $4, phone_number = $5,
                               phone_number_verified_at = $6, profile = $7, group_names = $8, updated_at = $9
              WHERE id = $1";
    DISABLE = "UPDATE users SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
    ENABLE = "UPDATE users SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
    ADD_LOGIN = "INSERT INTO user_logins (login, user_id) VALUES ($1, $2)";
    REMOVE_LOGINS = "DELETE FROM user_logins WHERE user_id = $1";
}

/// [`StoreError::Conflict`] when the id, the user name or the e-mail address belongs to somebody.
pub async fn insert(store: &Store, user: &User) -> Result<(), StoreError> {
    let insert = Statement::new(INSERT)
        .text(user.id.as_str())
        .text(&user.username)
        .maybe_text(user.email.as_deref())
        .maybe_time(user.email_verified_at)
        .maybe_text(user.phone_number.as_deref())
        .maybe_time(user.phone_number_verified_at)
        .text(&json_text(&user.profile))
        .text(&json_text(&user.groups))
        .time(user.created_at)
        .time(user.updated_at)
        .maybe_time(user.disabled_at);
    store.write(Write::All([insert].into_iter().chain(add_logins(user)).collect())).await?;
    Ok(())
}

pub async fn find(store: &Store, id: &UserId) -> Result<Option<User>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// By user name or e-mail address, as [`normalize_login`] made it from what was typed.
pub async fn find_by_login(store: &Store, login: &str) -> Result<Option<User>, StoreError> {
    store.row(Statement::new(FIND_BY_LOGIN).text(login)).await?.as_ref().map(read).transpose()
}

/// The next `limit` people by user name, after the one of this name.
pub async fn list(store: &Store, after: Option<&str>, limit: i64) -> Result<Vec<User>, StoreError> {
    let rows = store.rows(Statement::new(LIST).text(after.unwrap_or_default()).integer(limit)).await?;
    rows.iter().map(read).collect()
}

/// Changes everything but the id, `created_at` and `disabled_at`. `Won::No` when there is no such person.
pub async fn update(store: &Store, user: &User) -> Result<Won, StoreError> {
    let gate = Statement::new(UPDATE)
        .text(user.id.as_str())
        .text(&user.username)
        .maybe_text(user.email.as_deref())
        .maybe_time(user.email_verified_at)
        .maybe_text(user.phone_number.as_deref())
        .maybe_time(user.phone_number_verified_at)
        .text(&json_text(&user.profile))
        .text(&json_text(&user.groups))
        .time(user.updated_at);
    let remove = Statement::new(REMOVE_LOGINS).text(user.id.as_str());
    let then = [remove].into_iter().chain(add_logins(user)).collect();
    store.write(Write::Gated { gate, then }).await.map(Won::by)
}

/// Disables a person and ends every session and grant, so that enabling them again revives nothing.
pub async fn disable(store: &Store, id: &UserId, now: Timestamp) -> Result<Won, StoreError> {
    let gate = Statement::new(DISABLE).text(id.as_str()).time(now);
    let then = sessions::end_all_of_user_statements(id, now).into();
    let won = store.write(Write::Gated { gate, then }).await.map(Won::by)?;
    grants::end_all(store, Whose::User(id), EndReason::UserDisabled, now).await?;
    Ok(won)
}

pub async fn enable(store: &Store, id: &UserId) -> Result<Won, StoreError> {
    store.write(Statement::new(ENABLE).text(id.as_str())).await.map(Won::by)
}

fn add_logins(user: &User) -> impl Iterator<Item = Statement> {
    let username = normalize_login(&user.username);
    let email = user.email.as_deref().map(normalize_login).filter(|email| *email != username);
    [Some(username), email]
        .into_iter()
        .flatten()
        .map(|login| Statement::new(ADD_LOGIN).text(&login).text(user.id.as_str()))
}

fn read(row: &AnyRow) -> Result<User, StoreError> {
    let row = Fields { table: "users", row };
    Ok(User {
        id: row.parsed("id", UserId::parse)?,
        username: row.text("username")?,
        email: row.maybe_text("email")?,
        email_verified_at: row.maybe_time("email_verified_at")?,
        phone_number: row.maybe_text("phone_number")?,
        phone_number_verified_at: row.maybe_time("phone_number_verified_at")?,
        profile: row.json("profile")?,
        groups: row.json("group_names")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        disabled_at: row.maybe_time("disabled_at")?,
    })
}
