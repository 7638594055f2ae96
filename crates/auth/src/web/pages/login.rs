//! Signing in with a name and a password, and the choice of an account.

use askama::Template;

use super::Page;
use super::fields::{Field, FieldState};
use super::notice::Notice;
use super::parts::{AccountCard, ClientCard, Shell, plural};
use super::passkey::PasskeyForm;
use super::prelude::*;
use crate::web::headers::{FormTargets, Logo};

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
    /// `None` where this server can have no passkeys.
    pub passkey: Option<PasskeyForm>,
    pub passkey_refused: Option<PasskeyRefused>,
    /// Where somebody goes who has forgotten the password.
    pub recover: String,
    /// Where people get an account, if everybody can.
    pub sign_up: Option<String>,
}

/// A passkey was sent, and why it does not do.
#[derive(Clone, Debug)]
pub struct PasskeyRefused {
    pub notice: Notice,
    /// The RP ID, when nobody knows the passkey here.
    pub unknown: Option<String>,
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
            LoginPerson::Again { .. } => self.shell.texts.login.again_title,
            LoginPerson::Anyone | LoginPerson::Another { .. } => self.shell.texts.login.title,
        }
    }

    fn lede(&self) -> &'static str {
        match self.person {
            LoginPerson::Anyone => self.shell.texts.login.to_continue,
            LoginPerson::Again { reason: Again::Asked, .. } => self.shell.texts.login.again_asked,
            LoginPerson::Again { reason: Again::LongAgo, .. } => self.shell.texts.login.again_max_age,
            LoginPerson::Another { .. } => self.shell.texts.login.another_user,
        }
    }

    /// What was wrong, and what to check. Who is known already is not asked to check the name.
    fn wrong(&self) -> (&'static str, &'static str) {
        let texts = self.shell.texts;
        match self.person {
            LoginPerson::Again { .. } => (texts.login.again_wrong, texts.login.again_wrong_check),
            LoginPerson::Anyone | LoginPerson::Another { .. } => (texts.login.wrong, texts.login.wrong_check),
        }
    }

    fn fields(&self) -> [Field; 2] {
        let texts = self.shell.texts;
        let kind = match self.person {
            LoginPerson::Again { .. } => FieldKind::CarriedName,
            LoginPerson::Anyone | LoginPerson::Another { .. } if self.passkey.is_some() => FieldKind::NameOrPasskey,
            LoginPerson::Anyone | LoginPerson::Another { .. } => FieldKind::Name,
        };
        let (name, password) = match self.alert {
            Some(LoginAlert::WrongCredentials) => (FieldState::Invalid, FieldState::Invalid),
            Some(LoginAlert::Throttled { .. }) => (FieldState::Plain, FieldState::Plain),
            None if self.username.is_empty() => (FieldState::Focused, FieldState::Plain),
            None => (FieldState::Plain, FieldState::Focused),
        };
        [
            Field::new(kind, "username", texts.login.username).value(&self.username).state(name),
            Field::new(FieldKind::CurrentPassword, "password", texts.login.password).state(password),
        ]
    }
}

/// `select_account.html`. Fields: `account` (one of the values), `remove` (the same) or `decision` (`other`), `interaction`, `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "select_account.html")]
pub struct SelectAccountPage {
    pub shell: Shell,
    pub action: String,
    pub interaction: String,
    pub csrf: String,
    pub client: ClientCard,
    /// The active one first.
    pub accounts: Vec<AccountChoice>,
}

/// One that this browser signed in to.
#[derive(Clone, Debug)]
pub struct AccountChoice {
    pub account: AccountCard,
    /// What the form sends for it.
    pub value: String,
    pub signed_in: SignedIn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedIn {
    Yes,
    /// Choosing it leads to the login page.
    No,
}

impl SelectAccountPage {
    /// The first one is what most people want.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "askama passes what a loop counts like this")]
    fn id(index: &usize) -> String {
        match index {
            0 => "account-continue".to_owned(),
            index => format!("account-{index}"),
        }
    }
}

impl Page for LoginPage {
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
