//! The pages about passwords and factors: those of the account console (`templates/account/security/`), and those of the same
//! enrolment inside a sign-in (`templates/enrol/`).

use askama::Template;

use super::account::{DeviceKind, DeviceLine};
use super::prelude::*;
use super::{AccountCard, AccountFrame, Form, FormTargets, Link, Notice, Page, Pager, PasskeyForm, Shell, Signals};

/// `account/security/overview.html`. Fields: `browser` (an id, or `all`).
#[derive(Clone, Debug, Template)]
#[template(path = "account/security/overview.html")]
pub struct SecurityPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub notice: Option<Notice>,
    pub password: SecurityCard,
    pub passkeys: SecurityCard,
    /// As many as fit.
    pub keys: Vec<PasskeyLine>,
    pub totp: SecurityCard,
    pub codes: SecurityCard,
    /// Where browsers are forgotten.
    pub action: String,
    pub csrf: String,
    pub browsers: Vec<BrowserLine>,
    pub pager: Pager,
    pub lock_down: String,
}

/// What there is of one kind, and where it is changed.
#[derive(Clone, Debug)]
pub struct SecurityCard {
    pub title: &'static str,
    pub text: Option<String>,
    /// `None` where there is nothing to do.
    pub action: Option<Link>,
}

#[derive(Clone, Debug)]
pub struct PasskeyLine {
    pub name: String,
    pub href: String,
    /// Maker, where it is, since when, last use.
    pub facts: Vec<String>,
    /// Why it is not accepted any more.
    pub warning: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub struct BrowserLine {
    pub id: String,
    pub device: DeviceLine,
    pub facts: Vec<String>,
}

/// `account/security/setting.html`: one thing that can be changed, in sections.
#[derive(Clone, Debug, Template)]
#[template(path = "account/security/setting.html")]
pub struct SettingPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    /// The id of the page.
    pub id: &'static str,
    pub title: String,
    pub lede: String,
    pub notice: Option<Notice>,
    pub sections: Vec<Section>,
    pub back: Link,
}

/// Words, and what can be done.
#[derive(Clone, Debug, Default)]
pub struct Section {
    pub title: Option<String>,
    pub texts: Vec<String>,
    pub form: Option<Form>,
    pub link: Option<Link>,
}

/// `account/security/passkeys.html`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/security/passkeys.html")]
pub struct PasskeysPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub notice: Option<Notice>,
    pub keys: Vec<PasskeyLine>,
    /// `None` where none can be added, as `refused` says.
    pub add: Option<PasskeyForm>,
    pub refused: Option<&'static str>,
    pub signals: Option<Signals>,
    pub back: Link,
}

/// What an authenticator app is connected with.
#[derive(Clone, Debug)]
pub struct Offered {
    /// `None`: the names are too long for one.
    pub picture: Option<QrPicture>,
    pub uri: String,
    pub groups: String,
}

/// A QR code: its width and height in modules with the quiet zone, and a path that is drawn with a stroke of width 1.
#[derive(Clone, Debug)]
pub struct QrPicture {
    pub side: usize,
    pub path: String,
}

/// `account/security/totp.html`. Fields: `offer`, `code`, `end-sessions`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/security/totp.html")]
pub struct TotpOfferPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub notice: Option<Notice>,
    pub offer: Offered,
    pub form: Form,
    pub back: Link,
}

/// `account/security/codes.html`: recovery codes, this once.
#[derive(Clone, Debug, Template)]
#[template(path = "account/security/codes.html")]
pub struct CodesPage {
    pub shell: Shell,
    pub frame: AccountFrame,
    pub notice: Option<Notice>,
    pub codes: Vec<String>,
    pub onward: String,
}

/// `enrol/totp.html`. Fields: `offer`, `code`, `interaction`, `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "enrol/totp.html")]
pub struct EnrolTotpPage {
    pub shell: Shell,
    pub account: AccountCard,
    pub notice: Option<Notice>,
    pub offer: Offered,
    pub form: Form,
    /// Back to the choice.
    pub other_way: String,
}

/// `enrol/codes.html`.
#[derive(Clone, Debug, Template)]
#[template(path = "enrol/codes.html")]
pub struct EnrolCodesPage {
    pub shell: Shell,
    pub account: AccountCard,
    pub codes: Vec<String>,
    pub onward: String,
}

impl Page for SecurityPage {}
impl Page for SettingPage {}
impl Page for PasskeysPage {}
impl Page for TotpOfferPage {}
impl Page for CodesPage {}

impl Page for EnrolTotpPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }
}

impl Page for EnrolCodesPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }
}
