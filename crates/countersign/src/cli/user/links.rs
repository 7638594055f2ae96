//! `countersign user reset-link` and `countersign user invite`: links that an administrator hands over, each good once.

use auth::action_tokens::{Issued, Order, RECOVER, SIGN_UP, issue_link};
use auth::config::{Config, MailTransport, SignUp};
use auth::mail::{Mailbox, Message, PostOffice};
use auth::text::Locale;
use clap::Args;
use protocol::action_token::Purpose;
use protocol::time::Timestamp;
use protocol::user::normalize_login;
use serde::Serialize;
use serde_json::{Map, Value};
use store::Store;

use super::{Context, find};
use crate::failure::Failure;
use crate::installation::open_keys;
use crate::output::date;

/// Make a link with which somebody who lost their password sets a new one.
///
/// The link is printed once, is good once and for a day, and is sent to nobody: hand it to its owner, whom you know. It replaces the
/// password and nothing else; a second factor is asked for as always.
///
/// Example: countersign user reset-link alice
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct ResetLink {
    #[arg(value_name = "NAME")]
    login: String,
}

/// Invite somebody to make an account with this e-mail address.
///
/// The link is good once and for a week. Without --send it is printed, and the address is proven by a code on the way;
/// with --send it goes there by mail, and opening it is the proof.
///
/// Example: countersign user invite ada@example.com --send
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Invite {
    #[arg(value_name = "EMAIL")]
    email: String,
    /// Send the link there instead of printing it. A server that runs does it.
    #[arg(long)]
    send: bool,
    /// The language of the mail: en or de.
    #[arg(long, value_name = "LANGUAGE", default_value = "en", requires = "send")]
    locale: String,
}

#[derive(Serialize)]
struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    expires_at: Timestamp,
}

impl ResetLink {
    pub(super) async fn run(&self, context: &Context, store: &Store, config: &Config) -> Result<(), Failure> {
        let (now, purpose) = (context.clock.now(), Purpose::AdministratorRecovery);
        let user = find(store, &self.login).await?;
        if user.disabled_at.is_some() {
            let name = &user.username;
            return Err(Failure::Failed(format!("{name} is locked out; `countersign user enable {name}` first")));
        }
        let issued = issue_link(store, Order::new(purpose).of(&user), now).await?;
        let link = Some(address(config, RECOVER, &issued));
        let shown = Shown { username: Some(user.username), email: None, link, expires_at: now + purpose.lifetime() };
        context.output.show(&shown, Shown::text);
        Ok(())
    }
}

impl Invite {
    pub(super) async fn run(&self, context: &Context, store: &Store, config: &Config) -> Result<(), Failure> {
        let (now, purpose) = (context.clock.now(), Purpose::Invite);
        let to = Mailbox::parse(self.email.trim()).ok_or_else(|| Failure::failed("this is no e-mail address"))?;
        if config.accounts.sign_up == SignUp::Closed {
            return Err(Failure::failed(
                "nobody can sign up: accounts.sign_up is \"closed\"; set it to \"invite\", or use `countersign user add`",
            ));
        }
        if store::users::find_by_login(store, &normalize_login(to.as_str())).await?.is_some() {
            return Err(Failure::failed("somebody has that e-mail address already"));
        }
        if self.send && config.mail.transport == MailTransport::Off {
            return Err(Failure::failed("mail.transport is \"off\"; leave --send out to have the link printed"));
        }
        let sent: Map<String, Value> = self.send.then(|| ("sent".to_owned(), Value::Bool(true))).into_iter().collect();
        let order = Order { details: sent, ..Order::new(purpose) };
        let issued = issue_link(store, order.to(&to), now).await?;
        let link = address(config, SIGN_UP, &issued);
        if self.send {
            let locale = Locale::parse(&self.locale).ok_or_else(|| Failure::failed("--locale is en or de"))?;
            let keys = open_keys(config, now)?;
            let office = PostOffice { config, store, secrets: keys.secrets() };
            office.post(&to, Message::Invite { link: &link }, locale, now).await?;
        }
        let link = (!self.send).then_some(link);
        let shown = Shown { username: None, email: Some(to.to_string()), link, expires_at: now + purpose.lifetime() };
        context.output.show(&shown, Shown::text);
        Ok(())
    }
}

impl Shown {
    fn text(&self) -> String {
        let whom = self.username.as_deref().or(self.email.as_deref()).unwrap_or_default();
        match &self.link {
            Some(link) => format!("{link}\nfor {whom}, once, until {}   (shown this once)", date(self.expires_at)),
            None => format!("an invitation to {whom} is on its way; it is good until {}", date(self.expires_at)),
        }
    }
}

fn address(config: &Config, page: &str, issued: &Issued) -> String {
    config.server.issuer.endpoint(&format!("{page}/{}", issued.link_token.expose()))
}
