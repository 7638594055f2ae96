//! One step on the way to an account or back into one: what has to be done, one form, and the other ways.

use askama::Template;

use super::Page;
use super::fields::Form;
use super::notice::Notice;
use super::parts::{AccountCard, ClientCard, Link, Shell};
use super::passkey::PasskeyForm;
use super::prelude::*;
use crate::web::headers::{FormTargets, Logo};

/// `step.html`: every page of `/signup` and `/recover`.
#[derive(Clone, Debug, Template)]
#[template(path = "step.html")]
pub struct StepPage {
    pub shell: Shell,
    /// The id of the page.
    pub id: &'static str,
    pub title: &'static str,
    /// A sentence below the title, with the name that fills its hole if it has one.
    pub lede: (&'static str, String),
    /// The app that a new account leads to.
    pub client: Option<ClientCard>,
    /// Whose account it is about.
    pub account: Option<AccountCard>,
    pub notice: Option<Notice>,
    pub form: Option<Form>,
    /// Adds a passkey in place of what the form asks for.
    pub passkey: Option<PasskeyForm>,
    /// Smaller forms below, such as the one that has a mail sent again.
    pub others: Vec<Form>,
    /// Links to read: terms, privacy.
    pub reading: Vec<Link>,
    /// Where else to go; the first is a button when there is no form.
    pub ways: Vec<Way>,
}

/// A link with an id, for those that follow it by script.
#[derive(Clone, Debug)]
pub struct Way {
    pub id: &'static str,
    pub href: String,
    pub label: &'static str,
}

impl StepPage {
    pub fn new(shell: Shell, id: &'static str, title: &'static str, lede: (&'static str, String)) -> Self {
        Self {
            shell,
            id,
            title,
            lede,
            client: None,
            account: None,
            notice: None,
            form: None,
            passkey: None,
            others: Vec::new(),
            reading: Vec::new(),
            ways: Vec::new(),
        }
    }

    #[must_use]
    pub fn form(self, form: Form) -> Self {
        Self { form: Some(form), ..self }
    }

    #[must_use]
    pub fn notice(self, notice: Option<Notice>) -> Self {
        Self { notice, ..self }
    }

    /// Terms and privacy policy stand near the box that accepts them, and not below the page.
    #[must_use]
    pub fn with_rules(mut self) -> Self {
        self.reading = std::mem::take(&mut self.shell.rules);
        self
    }

    #[must_use]
    pub fn way(mut self, id: &'static str, href: impl Into<String>, label: &'static str) -> Self {
        self.ways.push(Way { id, href: href.into(), label });
        self
    }
}

impl Page for StepPage {
    /// A sign-up ends at the app.
    fn form_targets(&self) -> FormTargets {
        if self.client.is_some() { FormTargets::Clients } else { FormTargets::OwnOrigin }
    }

    fn logo(&self) -> Option<&Logo> {
        self.client.as_ref().and_then(|client| client.logo.as_ref())
    }
}
