//! The pages about API keys (`templates/account/api_keys/`). The form for a new one, and the page of each, are a [`super::SettingPage`].

use askama::Template;

use super::prelude::*;
use super::{AccountFrame, FormTargets, Link, Notice, Page, Pager, Shell, Ticked};

/// `account/api_keys/list.html`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/api_keys/list.html")]
pub struct ApiKeysPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub notice: Option<Notice>,
    pub keys: Vec<ApiKeyLine>,
    pub pager: Pager,
    /// `None` where none can be made, as `refused` says.
    pub add: Option<Link>,
    pub refused: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub struct ApiKeyLine {
    pub name: String,
    pub href: String,
    pub badge: Option<ApiKeyBadge>,
    pub permissions: Vec<String>,
    /// The API, since when, until when, last use, networks.
    pub facts: Vec<String>,
}

/// What is special about a key, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeyBadge {
    /// It works, but not for long.
    Ending(&'static str),
    Over(&'static str),
}

/// `account/api_keys/made.html`: a key, this once.
#[derive(Clone, Debug, Template)]
#[template(path = "account/api_keys/made.html")]
pub struct ApiKeyMadePage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub name: String,
    pub key: String,
    pub facts: Vec<String>,
    pub onward: String,
}

/// One box of several under one heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickBox {
    /// What it sends; shown, too.
    pub value: String,
    pub words: String,
    pub ticked: Ticked,
}

impl ApiKeyBadge {
    fn class(self) -> &'static str {
        match self {
            Self::Ending(_) => "badge warn",
            Self::Over(_) => "badge bad",
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Ending(words) | Self::Over(words) => words,
        }
    }
}

impl Page for ApiKeysPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::OwnOrigin
    }
}

impl Page for ApiKeyMadePage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::OwnOrigin
    }
}
