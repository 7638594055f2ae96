//! The pages, as values to fill in: display strings and lists, no domain types and no decisions.
//!
//! Each struct belongs to one file of `templates/`; the words come from `web/text.rs`, the pieces that several pages share
//! are in `web/pages/parts.rs`. A page knows what its headers must allow, so that no handler has to.

mod account;
mod api_keys;
mod catalogue;
mod difference;
mod fields;
mod frame;
mod login;
mod logout;
mod mailbox;
mod notice;
mod parts;
mod passkey;
mod prelude;
mod second_factor;
mod security;
mod step;

use askama::Template;
use protocol::logout::frontchannel::Frame;

pub use self::account::{
    AccountLinkPage, AppCard, AppTile, AppsPage, Badge, Check, DataPage, DeletePage, Deletion, DeviceKind, DeviceLine,
    EmailPage, EmailProofPage, FirstStep, LinkStep, LockDownPage, LogLine, LogPage, OverviewPage, Pager, Place,
    ProfilePage, Proof, Reach, Readers, SessionCard, SessionsPage, SignInLine,
};
pub use self::api_keys::{ApiKeyBadge, ApiKeyLine, ApiKeyMadePage, ApiKeysPage, TickBox};
pub use self::catalogue::{CataloguePage, ErrorCodePage};
pub use self::difference::UriDifference;
pub use self::fields::{Field, FieldKind, FieldState, Form, Need, Submit, Ticked, Weight};
pub use self::frame::{AccountFrame, AccountPart, SignOut};
pub use self::login::{
    AccountChoice, Again, Keep, LoginAlert, LoginPage, LoginPerson, PasskeyRefused, SelectAccountPage, SignedIn,
};
pub use self::logout::{FrontchannelLogoutPage, LoggedOutPage, LogoutPage};
pub use self::mailbox::{MailboxMessagePage, MailboxPage, MailboxRow};
pub use self::notice::{Notice, NoticeText, Tone};
use self::parts::plural;
pub use self::parts::{
    AccountCard, Checked, ClientCard, Granted, LanguageSwitch, Link, Mode, Onward, ScopeLine, Shell,
};
pub use self::passkey::{Offered, PasskeyForm, PasskeyPage, Signals};
use self::prelude::*;
pub use self::second_factor::{EmailCodePage, ForcedPasswordPage, RecoveryCodePage, TotpPage};
pub use self::security::{
    BrowserLine, CodesPage, EnrolCodesPage, EnrolTotpPage, Offered as TotpOffered, PasskeyLine, PasskeysPage,
    QrPicture, Section, SecurityCard, SecurityPage, SettingPage, TotpOfferPage,
};
pub use self::step::{StepPage, Way};
use super::headers::{FormTargets, Logo};
use crate::text::{ErrorText, fill};

/// A page that can be answered with: its HTML, and what its headers must allow.
pub trait Page: Template {
    /// A page whose forms may lead to a client says so.
    fn form_targets(&self) -> FormTargets {
        FormTargets::OwnOrigin
    }

    /// The one picture from elsewhere that is on the page.
    fn logo(&self) -> Option<&Logo> {
        None
    }

    /// Pages of clients that are loaded beside it.
    fn frames(&self) -> &[Frame] {
        &[]
    }
}

/// `consent.html`. Fields: `decision` (`allow`, `deny`), `interaction`, `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    pub shell: Shell,
    pub action: String,
    pub interaction: String,
    pub csrf: String,
    /// A name for what is shown, which comes back with the form.
    pub shown: String,
    pub client: ClientCard,
    /// Shown always, because a name is easily borrowed and a host is not.
    pub answer_to: AnswerTo,
    pub account: AccountCard,
    /// Where another account can be chosen.
    pub other_account: Option<String>,
    pub scopes: Vec<ScopeLine>,
}

/// Where the answer goes. A scheme that looks like a host is none.
#[derive(Clone, Debug)]
pub enum AnswerTo {
    Host(String),
    Scheme(String),
}

impl ConsentPage {
    /// The sentence, and what fills its hole.
    fn answer_to(&self) -> (&'static str, &str) {
        match &self.answer_to {
            AnswerTo::Host(host) => (self.shell.texts.consent.host, host),
            AnswerTo::Scheme(scheme) => (self.shell.texts.consent.scheme, scheme),
        }
    }

    fn title(&self) -> String {
        fill(self.shell.texts.consent.title, &self.client.name)
    }

    /// The first time everything is new, and a mark on every line would mark nothing.
    fn marks(&self, line: &ScopeLine) -> bool {
        line.granted == Granted::NotYet && self.scopes.iter().any(|line| line.granted == Granted::Before)
    }
}

/// `form_post.html`: the answer of an authorization request, sent by the browser (OAuth 2.0 Form Post Response Mode).
#[derive(Clone, Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPostPage {
    pub shell: Shell,
    /// The redirect URI.
    pub action: String,
    pub fields: Vec<(&'static str, String)>,
    pub client_name: String,
}

/// `home.html`.
#[derive(Clone, Debug, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    pub shell: Shell,
    /// Where somebody makes an account, when everybody may.
    pub sign_up: Option<String>,
    pub issuer: String,
    pub discovery: String,
    pub keys: String,
}

/// `error.html`: a sentence for the person, the rest for the developer.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    pub shell: Shell,
    pub title: String,
    pub message: String,
    pub trace_id: String,
    pub details: Option<ErrorDetails>,
    /// Where the person may go all the same.
    pub onward: Option<Onward>,
}

impl ErrorPage {
    pub fn new(shell: Shell, text: ErrorText, trace_id: impl Into<String>) -> Self {
        let (title, message) = (text.title.to_owned(), text.message.to_owned());
        Self { shell, title, message, trace_id: trace_id.into(), details: None, onward: None }
    }

    /// For a message with `{seconds}`.
    #[must_use]
    pub fn retry_after(self, seconds: i64) -> Self {
        Self { message: fill(&self.message, &plural(seconds).to_string()), ..self }
    }
}

#[derive(Clone, Debug)]
pub struct ErrorDetails {
    /// The code on the wire.
    pub error: String,
    /// The address of its page in the catalogue.
    pub page: String,
    pub description: String,
    pub parameter: Option<String>,
    pub client_id: Option<String>,
    /// Universal time, readable.
    pub time: String,
    /// In development mode only: registered addresses are nobody else's business.
    pub redirect_uri: Option<UriDifference>,
}

impl Page for ConsentPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }

    fn logo(&self) -> Option<&Logo> {
        self.client.logo.as_ref()
    }
}

impl Page for FormPostPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }
}

impl Page for ErrorPage {
    fn form_targets(&self) -> FormTargets {
        match self.onward {
            Some(Onward::Form { .. }) => FormTargets::Clients,
            Some(_) | None => FormTargets::OwnOrigin,
        }
    }
}

impl Page for HomePage {}
