//! The second factor of a sign-in, and the new password that may come after it.

use askama::Template;

use super::Page;
use super::fields::Form;
use super::notice::Notice;
use super::parts::{AccountCard, Link, Shell, plural};
use super::prelude::*;
use crate::web::headers::FormTargets;

/// `login/totp.html`. Fields: `code`, `remember` (`yes`), `interaction`, `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "login/totp.html")]
pub struct TotpPage {
    pub shell: Shell,
    pub account: AccountCard,
    pub lede: String,
    pub notice: Option<Notice>,
    pub form: Form,
    /// The other factors that this person has.
    pub ways: Vec<Link>,
    pub other_account: String,
}

/// `login/recovery_code.html`. Fields: `recovery-code`, `interaction`, `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "login/recovery_code.html")]
pub struct RecoveryCodePage {
    pub shell: Shell,
    pub account: AccountCard,
    pub notice: Option<Notice>,
    pub form: Form,
    pub ways: Vec<Link>,
    pub other_account: String,
}

/// `login/email_code.html`. Fields: `code` or `send`, `interaction`, `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "login/email_code.html")]
pub struct EmailCodePage {
    pub shell: Shell,
    pub account: AccountCard,
    pub lede: String,
    pub notice: Option<Notice>,
    /// `None` until one was sent.
    pub code: Option<Form>,
    pub send: Form,
    /// Seconds until another one can be asked for.
    pub again: Option<i64>,
    /// This page. The browser's own reload would send a wrong code once more.
    pub here: String,
    pub ways: Vec<Link>,
    pub other_account: String,
}

/// `login/new_password.html`. Fields: `username`, `new-password`, `interaction`, `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "login/new_password.html")]
pub struct ForcedPasswordPage {
    pub shell: Shell,
    pub account: AccountCard,
    pub form: Form,
    pub other_account: String,
}

impl EmailCodePage {
    fn wait(&self) -> i64 {
        self.again.map_or(0, plural)
    }

    /// The form that is due, and the one beside it.
    fn forms(&self) -> Vec<&Form> {
        let send = self.again.is_none().then_some(&self.send);
        self.code.iter().chain(send).collect()
    }
}

impl Page for TotpPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }
}

impl Page for RecoveryCodePage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }
}

impl Page for EmailCodePage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }
}

impl Page for ForcedPasswordPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }
}
