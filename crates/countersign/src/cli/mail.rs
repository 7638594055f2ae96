//! `countersign mail`: whether mail works, and what became of the mails that were to be sent.

use auth::mail::{Mailbox, TestError, send_test};
use auth::text::Locale;
use clap::Subcommand;
use protocol::mail::MailState;
use serde::Serialize;
use store::mails::{self, Mail};

use super::Context;
use crate::failure::Failure;
use crate::installation::open_store;
use crate::output::{date, table};

/// Try whether mail works, and see what became of it.
#[derive(Debug, Subcommand)]
pub(super) enum MailCommand {
    /// Send a test message now, and say what went wrong if it did.
    ///
    /// Example: countersign mail test ada@example.com
    Test {
        /// Whom to send it to.
        #[arg(value_name = "ADDRESS", value_parser = address)]
        to: Mailbox,
        /// The language of the message: en or de.
        #[arg(long, value_name = "LANGUAGE", default_value = "en", value_parser = locale)]
        locale: Locale,
    },
    /// Show the latest mails of the outbox, newest first: which message, not to whom. They are kept for a week.
    ///
    /// Example: countersign mail log --limit 10
    Log {
        /// How many to show.
        #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
    },
}

#[derive(Debug, Serialize)]
struct Sent {
    to: String,
    /// Where it can be read, when it went to nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    mailbox: Option<String>,
}

impl MailCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Test { to, locale } => test(context, &to, locale).await,
            Self::Log { limit } => log(context, limit).await,
        }
    }
}

async fn test(context: &Context, to: &Mailbox, locale: Locale) -> Result<(), Failure> {
    let config = context.settings()?.config;
    let store = open_store(&config).await?;
    send_test(&config, &store, to, locale, context.clock.now()).await.map_err(|error| match error {
        TestError::Off => {
            Failure::setting("mail.transport", "is \"off\", so no mail is sent", "set \"smtp\" and name a mail server")
        }
        TestError::Setting(setting) => Failure::setting(setting.0.key, &setting.0.reason, &setting.0.fix),
        TestError::NotTaken(failure) => Failure::Failed(format!(
            "{} on port {} did not take the message: {failure}",
            config.mail.host, config.mail.port
        )),
    })?;
    let mailbox = auth::mail::mailbox_address(&config);
    context.output.show(&Sent { to: to.to_string(), mailbox }, |sent| match &sent.mailbox {
        Some(address) => format!("the message is in the mailbox of this server: {address}"),
        None => format!("{} took the message to {}; see whether it arrives", config.mail.host, sent.to),
    });
    Ok(())
}

async fn log(context: &Context, limit: i64) -> Result<(), Failure> {
    let store = open_store(&context.settings()?.config).await?;
    let mails = mails::latest(&store, limit).await?;
    context.output.show(&mails, |mails| match mails[..] {
        [] => "no mail was to be sent within the last week".to_owned(),
        _ => table(["TIME", "MESSAGE", "STATE", "TRIES", "LAST ERROR"], &mails.iter().map(row).collect::<Vec<_>>()),
    });
    Ok(())
}

fn row(mail: &Mail) -> [String; 5] {
    let state = match mail.state {
        MailState::Waiting => "waiting",
        MailState::Sent => "sent",
        MailState::Refused => "refused",
        MailState::GivenUp => "given up",
    };
    [
        date(mail.created_at),
        mail.kind.clone(),
        state.to_owned(),
        mail.tries.to_string(),
        mail.last_error.clone().unwrap_or_default(),
    ]
}

fn address(text: &str) -> Result<Mailbox, String> {
    Mailbox::parse(text).ok_or_else(|| "not an e-mail address alone, such as ada@example.com".to_owned())
}

fn locale(text: &str) -> Result<Locale, String> {
    Locale::parse(text).ok_or_else(|| "there are: en, de".to_owned())
}
