//! Mail to people: what is decided in a request is sealed, put into the outbox and sent by a job (`delivery.rs`).
//!
//! `address.rs` says what an address is, `message.rs` what there is to say, `transport.rs` hands it over: to a mail server, or in
//! development to the mailbox that `/dev/mailbox` shows. A mail is written when it is decided, in the language of that moment.
//!
//! Whoever sends makes up their mind first: a mail is in the outbox as soon as `send` returns, whatever becomes of the request.

pub(crate) mod address;
pub(crate) mod delivery;
mod message;
mod transport;

use jwt::Secrets;
use jwt::sealed::{self, Purpose};
use protocol::ids::MailId;
pub use protocol::mail::Notice;
use protocol::time::{Seconds, Timestamp};
use serde::{Deserialize, Serialize};
use store::mails::{self, NewMail};
use store::{Store, StoreError};
use tokio::sync::Notify;

pub use self::address::Mailbox;
pub use self::message::Message;
use self::message::{About, Written};
pub use self::transport::Failure;
use self::transport::Transport;
use crate::config::{Config, MailTransport, Problem};
use crate::page_paths;
use crate::text::Locale;
use crate::{AppState, random};

/// Where the mailbox of development is shown.
pub(crate) const MAILBOX: &str = "/dev/mailbox";

/// The kind of a mail that is written like any other and goes to nobody ([`pretend`]).
pub(crate) const NOBODY: &str = "nobody";

/// How mail leaves, and what wakes the job that sends it.
pub struct Outgoing {
    transport: Transport,
    wake: Notify,
}

/// A mail in the outbox, under seal.
#[derive(Serialize, Deserialize)]
struct Parcel {
    to: String,
    written: Written,
}

/// Why a test message did not get through.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    #[error("mail is off")]
    Off,
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    NotTaken(#[from] Failure),
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(pub Problem);

impl Outgoing {
    /// Reads `mail.ca_file`; connects to nothing.
    pub fn new(config: &Config) -> Result<Self, Problem> {
        Ok(Self { transport: Transport::new(config)?, wake: Notify::new() })
    }
}

/// Whether what needs mail can be offered at all.
pub fn is_on(state: &AppState) -> bool {
    state.config.mail.transport != MailTransport::Off
}

/// Where mail can be read that goes to nobody: with `mail.transport = "mailbox"`.
pub fn mailbox_address(config: &Config) -> Option<String> {
    (config.mail.transport == MailTransport::Mailbox).then(|| config.server.issuer.endpoint(MAILBOX))
}

/// Puts a mail into the outbox and wakes the job that sends it. Where mail is off, nothing is sent and the log says so.
pub async fn send(state: &AppState, to: &Mailbox, message: Message<'_>, locale: Locale) -> Result<(), StoreError> {
    if !is_on(state) {
        tracing::warn!(mail.kind = message.kind(), "a mail is not sent because mail.transport is \"off\"");
        return Ok(());
    }
    let office = PostOffice { config: &state.config, store: &state.store, secrets: state.keys.secrets() };
    let now = state.now();
    office.leave(to.as_str(), message, locale, (now, now + message.useful_for())).await?;
    state.mail.wake.notify_one();
    Ok(())
}

/// The same work for nobody: the mail is over before it could be sent. So that an answer takes as long whether or not there is
/// somebody to write to.
pub(crate) async fn pretend(state: &AppState, message: Message<'_>) -> Result<(), StoreError> {
    if !is_on(state) {
        return Ok(());
    }
    let office = PostOffice { config: &state.config, store: &state.store, secrets: state.keys.secrets() };
    let now = state.now();
    office.leave("", message, Locale::default(), (now, Timestamp(now.0 - 1))).await?;
    state.mail.wake.notify_one();
    Ok(())
}

/// Where the outbox is. Commands have one without a server.
#[derive(Clone, Copy)]
pub struct PostOffice<'a> {
    pub config: &'a Config,
    pub store: &'a Store,
    pub secrets: &'a Secrets,
}

impl PostOffice<'_> {
    /// Puts a mail into the outbox; the job of a server that runs sends it.
    pub async fn post(
        &self,
        to: &Mailbox,
        message: Message<'_>,
        locale: Locale,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.leave(to.as_str(), message, locale, (now, now + message.useful_for())).await
    }

    async fn leave(
        &self,
        to: &str,
        message: Message<'_>,
        locale: Locale,
        (now, give_up_at): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let written = write(self.config, message, locale, now);
        let id = MailId::from_random(random::id());
        let parcel = Parcel { to: to.to_owned(), written };
        let sealed = sealed::seal_for(Purpose::Mail(&id), self.secrets, &parcel);
        let kind = if to.is_empty() { NOBODY } else { message.kind() };
        let mail = NewMail { id: &id, kind, sealed: &sealed, created_at: now, give_up_at };
        mails::insert(self.store, &mail).await
    }
}

/// Sends the test message at once, beside the outbox, and tells what went wrong.
pub async fn send_test(
    config: &Config,
    store: &Store,
    to: &Mailbox,
    locale: Locale,
    now: Timestamp,
) -> Result<(), TestError> {
    if config.mail.transport == MailTransport::Off {
        return Err(TestError::Off);
    }
    let transport = Transport::new(config).map_err(SettingError)?;
    let written = write(config, Message::Test, locale, now);
    let id = MailId::from_random(random::id());
    let parcel = Parcel { to: to.to_string(), written };
    Ok(transport.hand_over(store, &id, &parcel, now).await?)
}

fn write(config: &Config, message: Message<'_>, locale: Locale, now: Timestamp) -> Written {
    let account = config.server.issuer.endpoint(page_paths::account::SECURITY);
    message.write(&About { brand: &config.branding.name, locale, account: &account, now })
}

/// Longer than any try takes.
fn lease(config: &Config) -> Seconds {
    let timeout = i64::try_from(config.mail.timeout_ms / 1_000).unwrap_or(i64::MAX);
    Seconds(timeout.saturating_add(60))
}
