//! The pages of the account console, `templates/account/`. Those about passwords and factors are in `security.rs`.

use askama::Template;

use super::prelude::*;
use super::{AccountFrame, Form, Link, Notice, Page, ScopeLine, Shell};

/// `account/overview.html`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/overview.html")]
pub struct OverviewPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    /// What to call the person.
    pub name: String,
    pub notice: Option<Notice>,
    /// The most important first.
    pub checks: Vec<Check>,
    pub sign_ins: Vec<SignInLine>,
    pub apps: Vec<AppTile>,
    /// Where another account can be chosen.
    pub switch: String,
}

/// One line of the security check-up.
#[derive(Clone, Debug)]
pub struct Check {
    pub badge: Badge,
    pub title: &'static str,
    pub text: String,
    pub action: Link,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Badge {
    Urgent,
    ToDo,
    Good,
}

/// A browser in words.
#[derive(Clone, Debug)]
pub struct DeviceLine {
    pub words: String,
    /// What it calls itself.
    pub header: Option<String>,
    pub kind: DeviceKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    Computer,
    Phone,
}

#[derive(Clone, Debug)]
pub struct SignInLine {
    pub device: DeviceLine,
    /// When, from where and how, as far as it is known.
    pub facts: Vec<String>,
    pub place: Place,
}

/// Whether it is the browser that shows the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Here,
    Elsewhere,
}

#[derive(Clone, Debug)]
pub struct AppTile {
    pub name: String,
    pub host: Option<String>,
    /// Where a sign-in to it begins.
    pub href: Option<String>,
}

impl OverviewPage {
    fn greeting(&self) -> String {
        fill(self.shell.texts.account.greeting, &self.name)
    }

    fn lede(&self) -> String {
        let texts = &self.shell.texts.account;
        match self.checks.iter().filter(|check| check.badge != Badge::Good).count() {
            0 => texts.all_good.to_owned(),
            1 => texts.one_thing.to_owned(),
            count => fill(texts.some_things, &count.to_string()),
        }
    }
}

impl Check {
    fn class(&self) -> &'static str {
        match self.badge {
            Badge::Urgent => "badge bad",
            Badge::ToDo => "badge warn",
            Badge::Good => "badge good",
        }
    }

    fn word(&self, shell: &Shell) -> &'static str {
        let texts = &shell.texts.account;
        match self.badge {
            Badge::Urgent => texts.badge_urgent,
            Badge::ToDo => texts.badge_to_do,
            Badge::Good => texts.badge_good,
        }
    }
}

/// `account/profile.html`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/profile.html")]
pub struct ProfilePage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub notice: Option<Notice>,
    pub username: String,
    /// The address, and whether it is proven.
    pub email: Option<(String, Proof)>,
    pub email_change: String,
    pub groups: Vec<String>,
    pub readers: Vec<Readers>,
    pub form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    Verified,
    Unverified,
}

/// Which apps read one part of a profile.
#[derive(Clone, Debug)]
pub struct Readers {
    pub what: &'static str,
    /// Their names.
    pub apps: Vec<String>,
}

/// `account/email.html`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/email.html")]
pub struct EmailPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub notice: Option<Notice>,
    pub email: Option<(String, Proof)>,
    /// `None` where no mail can be sent.
    pub form: Option<Form>,
}

/// `account/email_proof.html`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/email_proof.html")]
pub struct EmailProofPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub notice: Option<Notice>,
    pub email: String,
    pub form: Form,
    /// Where another code can be asked for.
    pub again: String,
}

/// `account/link.html`: a page behind a link in a mail, for whoever holds it.
#[derive(Clone, Debug, Template)]
#[template(path = "account/link.html")]
pub struct AccountLinkPage {
    pub shell: Shell,
    pub title: &'static str,
    pub text: String,
    pub next: LinkStep,
}

#[derive(Clone, Debug)]
pub enum LinkStep {
    Ask(Form),
    /// It is done, and this is the way on.
    Done(Link),
    /// Nothing is done here.
    Elsewhere,
}

/// `account/sessions.html`. Fields: `session` (an id, or `others`).
#[derive(Clone, Debug, Template)]
#[template(path = "account/sessions.html")]
pub struct SessionsPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub notice: Option<Notice>,
    pub action: String,
    pub csrf: String,
    /// This one first.
    pub sessions: Vec<SessionCard>,
    /// How many there are beside this one, on all pages.
    pub others: usize,
    pub pager: Pager,
}

#[derive(Clone, Debug)]
pub struct SessionCard {
    /// `None`: the one that shows the page.
    pub id: Option<String>,
    pub device: DeviceLine,
    pub facts: Vec<String>,
}

/// `account/apps.html`. Fields: `client`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/apps.html")]
pub struct AppsPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub notice: Option<Notice>,
    pub action: String,
    pub csrf: String,
    pub apps: Vec<AppCard>,
    pub pager: Pager,
}

#[derive(Clone, Debug)]
pub struct AppCard {
    pub id: String,
    pub name: String,
    pub host: Option<String>,
    pub scopes: Vec<ScopeLine>,
    pub facts: Vec<String>,
    pub reach: Reach,
}

/// When an app has access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    WhileSignedIn,
    /// `offline_access`.
    Always,
}

/// The ways through a list.
#[derive(Clone, Debug, Default)]
pub struct Pager {
    pub first: Option<String>,
    pub next: Option<String>,
}

/// `account/log.html`. Query: `kind`, `before`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/log.html")]
pub struct LogPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub action: String,
    /// What can be shown alone, and its words.
    pub kinds: Vec<(&'static str, &'static str)>,
    pub chosen: Option<&'static str>,
    pub entries: Vec<LogLine>,
    pub pager: Pager,
    pub lock_down: String,
}

#[derive(Clone, Debug)]
pub struct LogLine {
    pub what: &'static str,
    /// At which app, if at one.
    pub app: Option<String>,
    pub device: Option<DeviceLine>,
    pub facts: Vec<String>,
}

impl LogPage {
    fn is_chosen(&self, kind: &str) -> bool {
        self.chosen == Some(kind)
    }
}

/// `account/lock_down.html`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/lock_down.html")]
pub struct LockDownPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub first: FirstStep,
    pub password: String,
    pub security: String,
    pub apps: String,
    pub api_keys: String,
}

#[derive(Clone, Debug)]
pub enum FirstStep {
    Ask(Form),
    Done,
}

/// `account/data.html`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/data.html")]
pub struct DataPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub notice: Option<Notice>,
    pub export: Form,
    pub deletion: Deletion,
}

#[derive(Clone, Debug)]
pub enum Deletion {
    /// Where it can be asked for.
    NotAsked(String),
    Scheduled {
        sentence: String,
        keep: Form,
    },
}

/// `account/delete.html`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/delete.html")]
pub struct DeletePage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub consequences: Vec<String>,
    pub form: Form,
    pub back: String,
}

impl Page for OverviewPage {}
impl Page for ProfilePage {}
impl Page for EmailPage {}
impl Page for EmailProofPage {}
impl Page for AccountLinkPage {}
impl Page for SessionsPage {}
impl Page for AppsPage {}
impl Page for LogPage {}
impl Page for LockDownPage {}
impl Page for DataPage {}
impl Page for DeletePage {}
