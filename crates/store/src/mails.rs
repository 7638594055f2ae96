//! The outbox of mail: table `mails`. A row waits until a mail server took the mail over or time is up, and stays for some days,
//! for operators. What is in the mail is sealed (`jwt::sealed`) and erased as soon as the row is settled.
//!
//! Several servers may work on one outbox. A row is leased by moving its `due_at` ahead, under the condition that nobody else
//! moved it; a server that dies meanwhile leaves a row that falls due again. When to try again is decided in `protocol::mail`.

use protocol::ids::MailId;
use protocol::mail::{MailState, Next};
use protocol::time::{Seconds, Timestamp};
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::{Store, StoreError, Won};

/// How long an operator can look at the outcome, from when the mail was decided.
const KEPT: Seconds = Seconds::days(7);

/// A mail that is to be sent.
#[derive(Clone, Debug)]
pub struct NewMail<'a> {
    pub id: &'a MailId,
    pub kind: &'a str,
    pub sealed: &'a str,
    pub created_at: Timestamp,
    /// Then nobody could use what is in it any more. Less than a week ahead.
    pub give_up_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mail {
    pub id: MailId,
    /// Which message it is.
    pub kind: String,
    /// Recipient, subject and bodies; `None` when it is settled.
    #[serde(skip)]
    pub sealed: Option<String>,
    pub state: MailState,
    /// How often it was begun to send it.
    pub tries: u32,
    pub created_at: Timestamp,
    /// The next try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<Timestamp>,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    pub give_up_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, kind, sealed, state, tries, created_at, due_at, tried_at, last_error, give_up_at"
    };
}

statements! {
    INSERT = "INSERT INTO mails (id, kind, sealed, state, tries, created_at, due_at, give_up_at, expires_at)
              VALUES ($1, $2, $3, 'waiting', 0, $4, $4, $5, $6)";
    DUE = concat!("SELECT ", columns!(), " FROM mails WHERE due_at <= $1 ORDER BY due_at LIMIT $2");
    LEASE = "UPDATE mails SET due_at = $3, tries = tries + 1, tried_at = $2
             WHERE id = $1 AND tries = $4 AND due_at <= $2";
    AGAIN = "UPDATE mails SET due_at = $3, last_error = $4 WHERE id = $1 AND tries = $2 AND due_at IS NOT NULL";
    SETTLE = "UPDATE mails SET state = $3, due_at = NULL, sealed = NULL, last_error = $4
              WHERE id = $1 AND tries = $2 AND due_at IS NOT NULL";
    LATEST = concat!("SELECT ", columns!(), " FROM mails ORDER BY expires_at DESC LIMIT $1");
}

pub async fn insert(store: &Store, mail: &NewMail<'_>) -> Result<(), StoreError> {
    let insert = Statement::new(INSERT)
        .text(mail.id.as_str())
        .text(mail.kind)
        .text(mail.sealed)
        .time(mail.created_at)
        .time(mail.give_up_at)
        .time(mail.created_at + KEPT);
    store.write(insert).await?;
    Ok(())
}

/// What is due, the longest due first.
pub async fn due(store: &Store, now: Timestamp, limit: i64) -> Result<Vec<Mail>, StoreError> {
    let rows = store.rows(Statement::new(DUE).time(now).integer(limit)).await?;
    rows.iter().map(read).collect()
}

/// Takes a due mail for a try until `until`. `Won::No` when somebody else has it.
pub async fn lease(store: &Store, mail: &Mail, now: Timestamp, until: Timestamp) -> Result<Won, StoreError> {
    let lease = Statement::new(LEASE).text(mail.id.as_str()).time(now).time(until).integer(mail.tries.into());
    store.write(lease).await.map(Won::by)
}

/// Writes down how the try of this number ended, and erases what was in the mail unless there is another try. `Won::No` when the
/// lease was over and somebody else took it up.
pub async fn settle(
    store: &Store,
    mail: &MailId,
    tries: u32,
    next: Next,
    error: Option<&str>,
) -> Result<Won, StoreError> {
    let statement = match next {
        Next::Again(at) => Statement::new(AGAIN).text(mail.as_str()).integer(tries.into()).time(at),
        Next::Settled(state) => Statement::new(SETTLE).text(mail.as_str()).integer(tries.into()).text(state.name()),
    };
    store.write(statement.maybe_text(error)).await.map(Won::by)
}

/// The latest mails, newest first, whatever became of them.
pub async fn latest(store: &Store, limit: i64) -> Result<Vec<Mail>, StoreError> {
    let rows = store.rows(Statement::new(LATEST).integer(limit)).await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Mail, StoreError> {
    let row = Fields { table: "mails", row };
    Ok(Mail {
        id: row.parsed("id", MailId::parse)?,
        kind: row.text("kind")?,
        sealed: row.maybe_text("sealed")?,
        state: row.named("state", MailState::parse)?,
        tries: u32::try_from(row.integer("tries")?).map_err(|_| row.corrupt("tries"))?,
        created_at: row.time("created_at")?,
        due_at: row.maybe_time("due_at")?,
        tried_at: row.maybe_time("tried_at")?,
        last_error: row.maybe_text("last_error")?,
        give_up_at: row.time("give_up_at")?,
    })
}
