//! People: tables `users` and `user_logins`. Passwords are in `passwords.rs`.
//!
//! Whatever may be typed as a login (user name, e-mail address) is a key of `user_logins`, normalised, so one look-up finds the
//! person and no two people can be meant by one text.

use protocol::grant::state::EndReason;
use protocol::ids::UserId;
use protocol::login::ResetBy;
use protocol::time::Timestamp;
use protocol::user::{User, normalize_login};
use sqlx::any::AnyRow;

use crate::grants::{self, Whose};
use crate::known_browsers;
use crate::passwords;
use crate::row::{Fields, json_text};
use crate::security_events;
use crate::sessions;
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won, action_tokens};

macro_rules! columns {
    () => {
        "id, username, email, email_verified_at, phone_number, phone_number_verified_at, profile, group_names, \
         created_at, updated_at, disabled_at, locale, terms_accepted_at, password_change_required_at, deletion_due_at"
    };
}

statements! {
    GIVE_OUT_ID = "INSERT INTO user_ids (id) VALUES ($1)";
    INSERT = concat!("INSERT INTO users (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)");
    FIND = concat!("SELECT ", columns!(), " FROM users WHERE id = $1");
    FIND_BY_LOGIN = concat!(
        "SELECT ", columns!(), " FROM users WHERE id = (SELECT user_id FROM user_logins WHERE login = $1)"
    );
    LIST = concat!("SELECT ", columns!(), " FROM users WHERE username > $1 ORDER BY username LIMIT $2");
    UPDATE = "UPDATE users SET username = $2, email = $3, email_verified_at = $4, phone_number = $5,
                               phone_number_verified_at = $6, profile = $7, group_names = $8, updated_at = $9, locale = $10
              WHERE id = $1";
    CHANGE_PROFILE = "UPDATE users SET profile = $2, locale = $3, phone_number = $4, phone_number_verified_at = $5,
                                       updated_at = $6
                      WHERE id = $1";
    CHANGE_EMAIL = "UPDATE users SET username = $2, email = $3, email_verified_at = $4, updated_at = $4
                    WHERE id = $1 AND COALESCE(email, '') = $5";
    FACTORS = "SELECT id, (SELECT COUNT(*) FROM passwords WHERE user_id = $1) AS passwords,
                          (SELECT COUNT(*) FROM passkeys WHERE user_id = $1 AND clone_seen_at IS NULL) AS passkeys,
                          (SELECT COUNT(*) FROM passkeys WHERE user_id = $1 AND clone_seen_at IS NOT NULL) AS suspect_passkeys,
                          (SELECT COUNT(*) FROM totp WHERE user_id = $1) AS totp,
                          (SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL) AS recovery_codes,
                          (SELECT reset_by FROM passwords WHERE user_id = $1) AS reset_by
               FROM users WHERE id = $1";
    // Whoever changes the factors of somebody waits here for everybody else who does; the next statement sees the outcome.
    TAKE_TURNS = "UPDATE users SET updated_at = updated_at WHERE id = $1";
    // The person first, as everywhere (see `sessions::HOLD_USER`).
    HAS_TOTP = "UPDATE users SET updated_at = updated_at
                WHERE id = $1 AND EXISTS (SELECT 1 FROM totp WHERE totp.user_id = $1)";
    HAS_PASSKEYS = "UPDATE users SET updated_at = updated_at
                    WHERE id = $1 AND EXISTS (SELECT 1 FROM passkeys WHERE passkeys.user_id = $1)";
    REMOVE_TOTP = "DELETE FROM totp WHERE user_id = $1";
    REMOVE_PASSKEYS = "DELETE FROM passkeys WHERE user_id = $1";
    REMOVE_USELESS_CODES = "DELETE FROM recovery_codes WHERE user_id = $1
                                AND NOT EXISTS (SELECT 1 FROM totp WHERE totp.user_id = $1)
                                AND NOT EXISTS (SELECT 1 FROM passkeys WHERE passkeys.user_id = $1)";
    REQUIRE_LONGER_PASSWORD = "UPDATE users SET password_change_required_at = $2 WHERE id = $1
                                   AND EXISTS (SELECT 1 FROM passwords
                                               WHERE passwords.user_id = $1 AND passwords.needs_second_factor IS NOT NULL)
                                   AND NOT EXISTS (SELECT 1 FROM totp WHERE totp.user_id = $1)
                                   AND NOT EXISTS (SELECT 1 FROM passkeys
                                                   WHERE passkeys.user_id = $1 AND passkeys.clone_seen_at IS NULL)";
    REQUIRE_PASSWORD_CHANGE = "UPDATE users SET password_change_required_at = $2 WHERE id = $1";
    DISABLE = "UPDATE users SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
    ENABLE = "UPDATE users SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
    ADD_LOGIN = "INSERT INTO user_logins (login, user_id) VALUES ($1, $2)";
    REMOVE_LOGINS = "DELETE FROM user_logins WHERE user_id = $1";
}

/// [`StoreError::Conflict`] when the user name or the e-mail address belongs to somebody, or the id ever did.
pub async fn insert(store: &Store, user: &User) -> Result<(), StoreError> {
    store.write(Write::All(insert_statements(user))).await?;
    Ok(())
}

/// As [`insert`], with a password hash in the same transaction.
pub async fn insert_with_password(store: &Store, user: &User, phc: &str, now: Timestamp) -> Result<(), StoreError> {
    let mut statements = insert_statements(user);
    statements.push(passwords::set_statement(&user.id, phc, now));
    store.write(Write::All(statements)).await?;
    Ok(())
}

pub async fn find(store: &Store, id: &UserId) -> Result<Option<User>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// By user name or e-mail address, as [`normalize_login`] made it from what was typed.
pub async fn find_by_login(store: &Store, login: &str) -> Result<Option<User>, StoreError> {
    store.row(Statement::new(FIND_BY_LOGIN).text(login)).await?.as_ref().map(read).transpose()
}

/// What a person has to prove themselves with, each counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    pub passwords: i64,
    /// Without those that may have been copied.
    pub passkeys: i64,
    /// Those: they prove nothing, and their owner has a second factor all the same.
    pub suspect_passkeys: i64,
    pub totp: i64,
    /// Those that are left.
    pub recovery_codes: i64,
    /// What stood in for the password of before.
    pub reset_by: Option<ResetBy>,
}

/// Nothing at all when there is no such person.
pub async fn factors(store: &Store, id: &UserId) -> Result<Factors, StoreError> {
    let Some(row) = store.row(Statement::new(FACTORS).text(id.as_str())).await? else { return Ok(Factors::default()) };
    let row = Fields { table: "users", row: &row };
    Ok(Factors {
        passwords: row.integer("passwords")?,
        passkeys: row.integer("passkeys")?,
        suspect_passkeys: row.integer("suspect_passkeys")?,
        totp: row.integer("totp")?,
        recovery_codes: row.integer("recovery_codes")?,
        reset_by: row.maybe_named("reset_by", ResetBy::parse)?,
    })
}

/// The next `limit` people by user name, after the one of this name.
pub async fn list(store: &Store, after: Option<&str>, limit: i64) -> Result<Vec<User>, StoreError> {
    let rows = store.rows(Statement::new(LIST).text(after.unwrap_or_default()).integer(limit)).await?;
    rows.iter().map(read).collect()
}

/// Changes what a person or an administrator may edit: names, addresses, profile, groups, language. `Won::No` when there is no such person.
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
        .time(user.updated_at)
        .maybe_text(user.locale.as_deref());
    let remove = Statement::new(REMOVE_LOGINS).text(user.id.as_str());
    let then = [remove].into_iter().chain(add_logins(user)).collect();
    store.write(Write::Gated { gate, then }).await.map(Won::by)
}

/// Changes what people may edit about themselves, and nothing else: profile, language of mail, phone number.
pub async fn change_profile(store: &Store, user: &User) -> Result<Won, StoreError> {
    let change = Statement::new(CHANGE_PROFILE)
        .text(user.id.as_str())
        .text(&json_text(&user.profile))
        .maybe_text(user.locale.as_deref())
        .maybe_text(user.phone_number.as_deref())
        .maybe_time(user.phone_number_verified_at)
        .time(user.updated_at);
    store.write(change).await.map(Won::by)
}

/// `user` as they are now get this address, which is proven to be theirs. Who signs in with the address of before as a user name
/// signs in with the new one; whatever was sent before is void. `Won::No` when the address was changed meanwhile;
/// [`StoreError::Conflict`] when it is somebody else's.
pub async fn change_email(store: &Store, user: &User, email: &str, now: Timestamp) -> Result<Won, StoreError> {
    let before = user.email.as_deref().unwrap_or_default();
    let by_address = normalize_login(&user.username) == normalize_login(before);
    let username = if by_address { email.to_owned() } else { user.username.clone() };
    let gate = Statement::new(CHANGE_EMAIL).text(user.id.as_str()).text(&username).text(email).time(now).text(before);
    let after = User { username, email: Some(email.to_owned()), ..user.clone() };
    let remove = Statement::new(REMOVE_LOGINS).text(user.id.as_str());
    let void = action_tokens::void_all_statement(&user.id, now);
    let then = [remove].into_iter().chain(add_logins(&after)).chain([void]).collect();
    store.write(Write::Gated { gate, then }).await.map(Won::by)
}

/// A kind of second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactor {
    Totp,
    Passkeys,
}

/// Takes a kind of second factor from a person, as an administrator does for somebody who lost it: every session ends with its
/// grants, every browser is asked for what is left. Recovery codes go with the last factor, and a password that is too short to
/// stand alone has to be replaced. `Won::No`, and nothing happens, when there is no such factor.
pub async fn remove_second_factor(
    store: &Store,
    id: &UserId,
    factor: SecondFactor,
    event: &security_events::Entry,
    now: Timestamp,
) -> Result<Won, StoreError> {
    let (has, remove) = match factor {
        SecondFactor::Totp => (HAS_TOTP, REMOVE_TOTP),
        SecondFactor::Passkeys => (HAS_PASSKEYS, REMOVE_PASSKEYS),
    };
    let then = [
        Statement::new(remove).text(id.as_str()),
        Statement::new(REMOVE_USELESS_CODES).text(id.as_str()),
        Statement::new(REQUIRE_LONGER_PASSWORD).text(id.as_str()).time(now),
        known_browsers::remember_none_statement(id),
        security_events::insert_statement(event),
    ];
    let end = sessions::end_all_of_user_statements(id, now);
    let then = then.into_iter().chain(end).chain([grants::end_of_ended_sessions_statement(id, now)]).collect();
    store.write(Write::Gated { gate: Statement::new(has).text(id.as_str()), then }).await.map(Won::by)
}

/// The next sign-in with a password ends with the choice of a new one.
pub async fn require_password_change(store: &Store, id: &UserId, now: Timestamp) -> Result<Won, StoreError> {
    store.write(Statement::new(REQUIRE_PASSWORD_CHANGE).text(id.as_str()).time(now)).await.map(Won::by)
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

/// The first gate of a change of somebody's factors.
pub(crate) fn take_turns_statement(user: &UserId) -> Statement {
    Statement::new(TAKE_TURNS).text(user.as_str())
}

pub(crate) fn insert_statements(user: &User) -> Vec<Statement> {
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
        .maybe_time(user.disabled_at)
        .maybe_text(user.locale.as_deref())
        .maybe_time(user.terms_accepted_at)
        .maybe_time(user.password_change_required_at)
        .maybe_time(user.deletion_due_at);
    let give_out_id = Statement::new(GIVE_OUT_ID).text(user.id.as_str());
    [give_out_id, insert].into_iter().chain(add_logins(user)).collect()
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
        locale: row.maybe_text("locale")?,
        terms_accepted_at: row.maybe_time("terms_accepted_at")?,
        password_change_required_at: row.maybe_time("password_change_required_at")?,
        deletion_due_at: row.maybe_time("deletion_due_at")?,
    })
}
