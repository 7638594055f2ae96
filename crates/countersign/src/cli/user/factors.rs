//! `countersign user remove-factor`: for somebody who lost what they prove themselves with, and has nothing left to show.

use auth::config::{Config, MailTransport};
use auth::mail::{Mailbox, Message, Notice, PostOffice};
use auth::text::Locale;
use clap::Args;
use protocol::ids::SecurityEventId;
use protocol::security_event::SecurityEvent;
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use serde_json::{Map, Value, json};
use store::security_events::Entry;
use store::sessions::Origin;
use store::users::SecondFactor;
use store::{Store, Won};

use super::{Context, find};
use crate::failure::Failure;
use crate::installation::open_keys;

/// Take a second factor from somebody who lost it. Sessions end, and its owner hears of it.
///
/// Be sure whom you do this for: whoever has the password can sign in afterwards. Recovery codes go with the last factor. Who has no
/// password needs `countersign user reset-link` next.
///
/// Example: countersign user remove-factor alice --totp
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct RemoveFactor {
    #[arg(value_name = "NAME")]
    login: String,
    #[command(flatten)]
    kind: Kind,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Kind {
    /// The authenticator app.
    #[arg(long)]
    totp: bool,
    /// All passkeys.
    #[arg(long)]
    passkeys: bool,
}

impl RemoveFactor {
    pub(super) async fn run(&self, context: &Context, store: &Store, config: &Config) -> Result<(), Failure> {
        let now = context.clock.now();
        let user = find(store, &self.login).await?;
        let name = &user.username;
        let (factor, kind, notice, what) = match self.kind.totp {
            true => (SecondFactor::Totp, SecurityEvent::TotpRemoved, Notice::TotpRemoved, "authenticator app"),
            false => (SecondFactor::Passkeys, SecurityEvent::PasskeyRemoved, Notice::PasskeyRemoved, "passkey"),
        };
        let event = entry(&user, kind, config, now);
        if store::users::remove_second_factor(store, &user.id, factor, &event, now).await? == Won::No {
            return Err(Failure::Failed(format!("{name} has no {what}")));
        }
        tell(&user, notice, (store, config), now).await?;
        let password = store::passwords::find(store, &user.id).await?.is_some();
        let shown = json!({ "username": name, "removed": what, "password": password });
        context.output.show(&shown, |_| match password {
            true => format!("{name} has no {what} any more, and is signed out everywhere"),
            false => format!(
                "{name} has no {what} any more, and no password either; `countersign user reset-link {name}` is the way back in"
            ),
        });
        Ok(())
    }
}

/// It came from no browser.
pub(in crate::cli) fn entry(user: &User, kind: SecurityEvent, config: &Config, now: Timestamp) -> Entry {
    let details = Map::from_iter([("by".to_owned(), Value::from("administrator"))]);
    Entry {
        id: SecurityEventId::from_random(auth::random::id()),
        user_id: user.id.clone(),
        at: now,
        kind,
        client_id: None,
        session_id: None,
        origin: Origin::default(),
        details,
        trace_id: None,
        expires_at: now + Seconds(config.accounts.security_log_lifetime),
    }
}

/// At the address that is proven to be theirs; a server that runs sends it.
pub(in crate::cli) async fn tell(
    user: &User,
    notice: Notice,
    (store, config): (&Store, &Config),
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(to) = user.verified_email().and_then(Mailbox::parse) else { return Ok(()) };
    if config.mail.transport == MailTransport::Off {
        return Ok(());
    }
    let keys = open_keys(config, now)?;
    let office = PostOffice { config, store, secrets: keys.secrets() };
    let locale = user.locale.as_deref().and_then(Locale::parse).unwrap_or_default();
    office.post(&to, Message::Notice(notice), locale, now).await?;
    Ok(())
}
