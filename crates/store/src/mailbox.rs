//! The mailbox of development: table `mailbox`. Here ends mail that leaves no machine, in the clear, for whoever tries the server
//! out. It stays for a week.

use protocol::ids::MailId;
use protocol::time::{Seconds, Timestamp};
use sqlx::any::AnyRow;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::{Store, StoreError};

const KEPT: Seconds = Seconds::days(7);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub id: MailId,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub received_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, recipient, subject, text, html, received_at"
    };
}

statements! {
    // The same mail a second time, when a server died between putting it here and settling it.
    INSERT = concat!(
        "INSERT INTO mailbox (", columns!(), ", expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING"
    );
    FIND = concat!("SELECT ", columns!(), " FROM mailbox WHERE id = $1");
    LATEST = concat!("SELECT ", columns!(), " FROM mailbox ORDER BY received_at DESC, id DESC LIMIT $1");
}

/// Once per id, however often it is asked.
pub async fn insert(store: &Store, mail: &Received) -> Result<(), StoreError> {
    let insert = Statement::new(INSERT)
        .text(mail.id.as_str())
        .text(&mail.recipient)
        .text(&mail.subject)
        .text(&mail.text)
        .text(&mail.html)
        .time(mail.received_at)
        .time(mail.received_at + KEPT);
    store.write(insert).await?;
    Ok(())
}

pub async fn find(store: &Store, id: &MailId) -> Result<Option<Received>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// Newest first.
pub async fn latest(store: &Store, limit: i64) -> Result<Vec<Received>, StoreError> {
    let rows = store.rows(Statement::new(LATEST).integer(limit)).await?;
    rows.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<Received, StoreError> {
    let row = Fields { table: "mailbox", row };
    Ok(Received {
        id: row.parsed("id", MailId::parse)?,
        recipient: row.text("recipient")?,
        subject: row.text("subject")?,
        text: row.text("text")?,
        html: row.text("html")?,
        received_at: row.time("received_at")?,
    })
}
