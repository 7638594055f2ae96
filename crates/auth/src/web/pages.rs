//! The pages, as values to fill in: display strings and lists, no domain types and no decisions.
//!
//! Each struct belongs to one file of `templates/`; the words come from `web/text.rs`, the pieces that several pages share
//! are in `web/pages/parts.rs`. A page knows what its headers must allow, so that no handler has to.

mod catalogue;
mod difference;
mod parts;

use askama::Template;
use protocol::logout::frontchannel::Frame;

pub use self::catalogue::{CataloguePage, ErrorCodePage};
pub use self::difference::UriDifference;
pub use self::parts::{
    AccountCard, Checked, ClientCard, Granted, LanguageSwitch, Link, Mode, Onward, ScopeLine, Shell,
};
use self::parts::{Field, FieldKind, FieldState, Icon, plural};
use super::headers::{FormTargets, Logo};
use super::text::{ErrorText, Locale, Piece, fill, pieces};

/// A page that can be answered with: its HTML, and what its headers must allow.
pub trait Page: Template {
    fn form_targets(&self) -> FormTargets;

    /// The one picture from elsewhere that is on the page.
    fn logo(&self) -> Option<&Logo> {
        None
    }

    /// Pages of clients that are loaded beside it.
    fn frames(&self) -> &[Frame] {
        &[]
    }
}

/// `login/password.html`. Fields: `username`, `password`, `keep` (`yes`), `interaction`, `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "login/password.html")]
pub struct LoginPage {
    pub shell: Shell,
    pub action: String,
    pub interaction: String,
    pub csrf: String,
    pub client: ClientCard,
    pub person: LoginPerson,
    /// What stands in the field already: `login_hint`, or what was typed before.
    pub username: String,
    pub keep: Keep,
    pub alert: Option<LoginAlert>,
}

/// Who is asked to sign in.
#[derive(Clone, Debug)]
pub enum LoginPerson {
    Anyone,
    /// The person who is signed in, once more. The user name is carried along, only the password is asked for.
    Again {
        account: AccountCard,
        reason: Again,
        other_account: Option<String>,
    },
    /// Somebody else than the person who is signed in.
    Another {
        account: AccountCard,
    },
}

/// Why a person who is signed in is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// `prompt=login`
    Asked,
    /// `max_age`
    LongAgo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginAlert {
    WrongCredentials,
    Throttled { seconds: i64 },
}

impl LoginAlert {
    fn wait(self) -> i64 {
        match self {
            Self::WrongCredentials => 0,
            Self::Throttled { seconds } => plural(seconds),
        }
    }
}

/// The box *Keep me signed in on this device*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    Unticked,
    Ticked,
}

impl LoginPage {
    fn title(&self) -> &'static str {
        match self.person {
            LoginPerson::Again { .. } => self.shell.texts.again_title,
            LoginPerson::Anyone | LoginPerson::Another { .. } => self.shell.texts.login_title,
        }
    }

    fn lede(&self) -> &'static str {
        match self.person {
            LoginPerson::Anyone => self.shell.texts.login_continue,
            LoginPerson::Again { reason: Again::Asked, .. } => self.shell.texts.again_asked,
            LoginPerson::Again { reason: Again::LongAgo, .. } => self.shell.texts.again_max_age,
            LoginPerson::Another { .. } => self.shell.texts.another_user,
        }
    }

    /// What was wrong, and what to check. Who is known already is not asked to check the name.
    fn wrong(&self) -> (&'static str, &'static str) {
        let texts = self.shell.texts;
        match self.person {
            LoginPerson::Again { .. } => (texts.again_wrong, texts.again_wrong_check),
            LoginPerson::Anyone | LoginPerson::Another { .. } => (texts.login_wrong, texts.login_wrong_check),
        }
    }

    fn fields(&self) -> [Field; 2] {
        let texts = self.shell.texts;
        let kind = match self.person {
            LoginPerson::Again { .. } => FieldKind::CarriedName,
            LoginPerson::Anyone | LoginPerson::Another { .. } => FieldKind::Name,
        };
        let (name, password) = match self.alert {
            Some(LoginAlert::WrongCredentials) => (FieldState::Invalid, FieldState::Invalid),
            Some(LoginAlert::Throttled { .. }) => (FieldState::Plain, FieldState::Plain),
            None if self.username.is_empty() => (FieldState::Focused, FieldState::Plain),
            None => (FieldState::Plain, FieldState::Focused),
        };
        [
            Field { id: "username", label: texts.login_username, value: self.username.clone(), kind, state: name },
            Field {
                id: "password",
                label: texts.login_password,
                value: String::new(),
                kind: FieldKind::Password,
                state: password,
            },
        ]
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
            AnswerTo::Host(host) => (self.shell.texts.consent_host, host),
            AnswerTo::Scheme(scheme) => (self.shell.texts.consent_scheme, scheme),
        }
    }

    fn title(&self) -> String {
        fill(self.shell.texts.consent_title, &self.client.name)
    }

    /// The first time everything is new, and a mark on every line would mark nothing.
    fn marks(&self, line: &ScopeLine) -> bool {
        line.granted == Granted::NotYet && self.scopes.iter().any(|line| line.granted == Granted::Before)
    }
}

/// `select_account.html`. Fields: `decision` (`continue`, `other`), `interaction`, `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "select_account.html")]
pub struct SelectAccountPage {
    pub shell: Shell,
    pub action: String,
    pub interaction: String,
    pub csrf: String,
    pub client: ClientCard,
    pub account: AccountCard,
}

/// `logout.html`. Fields: `decision` (`yes`, `no`), `logout`, `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "logout.html")]
pub struct LogoutPage {
    pub shell: Shell,
    pub action: String,
    pub csrf: String,
    /// What was checked of the request, to come back with the form.
    pub logout: String,
    /// The app that asked, when one did.
    pub client_name: Option<String>,
    pub account: Option<AccountCard>,
}

impl LogoutPage {
    fn title(&self) -> String {
        fill(self.shell.texts.logout_title, &self.shell.brand)
    }
}

/// `logged_out.html`.
#[derive(Clone, Debug, Template)]
#[template(path = "logged_out.html")]
pub struct LoggedOutPage {
    pub shell: Shell,
    /// Back to the app that asked, when the person chooses so; the label is its name.
    pub onward: Option<Link>,
    pub frames: Vec<Frame>,
}

/// `frontchannel_logout.html`: waits for the frames, then goes on by itself (OpenID Connect Front-Channel Logout 1.0).
#[derive(Clone, Debug, Template)]
#[template(path = "frontchannel_logout.html")]
pub struct FrontchannelLogoutPage {
    pub shell: Shell,
    /// The post-logout redirect URI with its `state`.
    pub onward: String,
    pub frames: Vec<Frame>,
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
    pub account: Option<AccountCard>,
    pub logout: String,
    pub issuer: String,
    pub discovery: String,
    pub keys: String,
}

impl HomePage {
    fn title(&self) -> &'static str {
        let texts = self.shell.texts;
        if self.account.is_some() { texts.home_title_signed_in } else { texts.home_title }
    }

    fn lede(&self) -> &'static str {
        let texts = self.shell.texts;
        if self.account.is_some() { texts.home_note_signed_in } else { texts.home_note }
    }
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

impl Page for LoginPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }

    fn logo(&self) -> Option<&Logo> {
        self.client.logo.as_ref()
    }
}

impl Page for ConsentPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }

    fn logo(&self) -> Option<&Logo> {
        self.client.logo.as_ref()
    }
}

impl Page for SelectAccountPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }
}

impl Page for LogoutPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }
}

impl Page for FormPostPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }
}

impl Page for LoggedOutPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::OwnOrigin
    }

    fn frames(&self) -> &[Frame] {
        &self.frames
    }
}

impl Page for FrontchannelLogoutPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::OwnOrigin
    }

    fn frames(&self) -> &[Frame] {
        &self.frames
    }
}

impl Page for ErrorPage {
    fn form_targets(&self) -> FormTargets {
        match self.onward {
            Some(Onward::Form { .. }) => FormTargets::Clients,
            Some(Onward::Link(_)) | None => FormTargets::OwnOrigin,
        }
    }
}

impl Page for HomePage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::OwnOrigin
    }
}
