//! What several pages share: the shell around a page, the cards of apps and accounts, permissions.
//!
//! `pub` is what a handler fills in; the rest is for the templates.

use protocol::scope;
use url::Url;

use super::frame::AccountPart;
use crate::text::{Locale, Texts};
use crate::web::assets;
use crate::web::headers::Logo;

/// What surrounds every page.
#[derive(Clone, Debug)]
pub struct Shell {
    pub locale: Locale,
    pub texts: &'static Texts,
    /// The name of the service.
    pub brand: String,
    pub mode: Mode,
    /// The path of the issuer: empty, or beginning with a slash and not ending with one.
    pub base: String,
    /// Whom to ask for help: the address to show and the address to go to.
    pub support: Option<Link>,
    /// Where mails can be read that are sent nowhere, for those who develop.
    pub mailbox: Option<String>,
    /// Terms and privacy policy of the service.
    pub rules: Vec<Link>,
    /// `None` where the page cannot be asked for again.
    pub switch: Option<LanguageSwitch>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Production,
    /// Shows the bar at the top, and opens the details for developers.
    Development,
}

/// A form that asks for the same page in another language: the parameter `lang` is added to the query.
#[derive(Clone, Debug)]
pub struct LanguageSwitch {
    /// The path of this page.
    pub action: String,
    /// The query of this page, without `lang`.
    pub query: Vec<(String, String)>,
}

impl Shell {
    pub fn new(locale: Locale, brand: impl Into<String>, mode: Mode) -> Self {
        Self {
            locale,
            texts: locale.texts(),
            brand: brand.into(),
            mode,
            base: String::new(),
            support: None,
            mailbox: None,
            rules: Vec::new(),
            switch: None,
        }
    }

    pub(super) fn asset(&self, name: &str) -> String {
        format!("{}{}", self.base, assets::path(name))
    }

    /// Where everybody can sign in without an app.
    pub(super) fn account(&self) -> String {
        format!("{}{}", self.base, AccountPart::Overview.path())
    }
}

/// The app that a person is on the way to.
#[derive(Clone, Debug)]
pub struct ClientCard {
    pub name: String,
    /// Its own page, over https.
    pub uri: Option<String>,
    pub logo: Option<Logo>,
    pub policy: Option<String>,
    pub terms: Option<String>,
    pub checked: Checked,
}

/// Whether somebody here has looked at who runs an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    ByTheOperator,
    /// It registered itself.
    ByNobody,
}

impl ClientCard {
    pub fn named(name: impl Into<String>) -> Self {
        let checked = Checked::ByTheOperator;
        Self { name: name.into(), uri: None, logo: None, policy: None, terms: None, checked }
    }

    /// With the addresses of its registration; those that a page should not show or link to are left out.
    #[must_use]
    pub fn with(
        self,
        logo_uri: Option<&str>,
        policy_uri: Option<&str>,
        tos_uri: Option<&str>,
        client_uri: Option<&str>,
    ) -> Self {
        Self {
            uri: client_uri.and_then(web_address).filter(|uri| uri.starts_with("https:")),
            logo: logo_uri.and_then(Logo::parse),
            policy: policy_uri.and_then(web_address),
            terms: tos_uri.and_then(web_address),
            ..self
        }
    }
}

/// An address that may stand in a link: http or https, no script, no other program.
fn web_address(uri: &str) -> Option<String> {
    Url::parse(uri).ok().filter(|url| matches!(url.scheme(), "https" | "http")).map(Into::into)
}

/// Whose account it is.
#[derive(Clone, Debug)]
pub struct AccountCard {
    pub name: String,
    /// E-mail address or user name, when it says more than the name.
    pub login: Option<String>,
}

impl AccountCard {
    /// `name` is the person's name, if known; `login` is the e-mail address or the user name.
    pub fn new(name: Option<&str>, login: &str) -> Self {
        match name.map(str::trim).filter(|name| !name.is_empty() && *name != login) {
            Some(name) => Self { name: name.to_owned(), login: Some(login.to_owned()) },
            None => Self { name: login.to_owned(), login: None },
        }
    }

    pub(super) fn initial(&self) -> String {
        self.name.chars().find(|letter| letter.is_alphanumeric()).unwrap_or('·').to_uppercase().collect()
    }
}

/// A link with its words.
#[derive(Clone, Debug)]
pub struct Link {
    pub href: String,
    pub label: String,
}

/// A way on from an error page.
#[derive(Clone, Debug)]
pub enum Onward {
    /// To the app with the answer, when the person chooses so. The label is the host.
    Link(Link),
    /// The same step anew, at the app or here; the label is the name of the app.
    StartAgain(Link),
    /// The page before, which works now.
    Retry(String),
    /// The account console, where everybody can sign in.
    Account(String),
    Form {
        action: String,
        fields: Vec<(&'static str, String)>,
        host: String,
    },
}

/// One permission, in words.
#[derive(Clone, Debug)]
pub struct ScopeLine {
    pub(super) icon: Icon,
    pub(super) sentence: String,
    pub(super) api: Option<String>,
    pub(super) granted: Granted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    Before,
    NotYet,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Icon {
    Account,
    Person,
    Mail,
    Place,
    Phone,
    Groups,
    Clock,
    Document,
}

impl ScopeLine {
    /// A scope of OpenID Connect or of our own; `None` when the name is not one of them.
    pub fn standard(texts: &'static Texts, scope: &str, granted: Granted) -> Option<Self> {
        let (icon, sentence) = match scope {
            scope::OPENID => (Icon::Account, texts.consent.scope_openid),
            scope::PROFILE => (Icon::Person, texts.consent.scope_profile),
            scope::EMAIL => (Icon::Mail, texts.consent.scope_email),
            scope::ADDRESS => (Icon::Place, texts.consent.scope_address),
            scope::PHONE => (Icon::Phone, texts.consent.scope_phone),
            scope::GROUPS => (Icon::Groups, texts.consent.scope_groups),
            scope::OFFLINE_ACCESS => (Icon::Clock, texts.consent.scope_offline_access),
            _ => return None,
        };
        Some(Self { icon, sentence: sentence.to_owned(), api: None, granted })
    }

    /// A scope of an API, with the sentence and the name that the API is registered with.
    pub fn of_api(api: impl Into<String>, sentence: impl Into<String>, granted: Granted) -> Self {
        Self { icon: Icon::Document, sentence: sentence.into(), api: Some(api.into()), granted }
    }
}

/// The sentences speak of seconds, not of one second.
pub(super) fn plural(seconds: i64) -> i64 {
    seconds.max(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_shows_its_login_once() {
        let card = AccountCard::new(Some("alice"), "alice");
        assert_eq!((card.name.as_str(), card.login), ("alice", None));
        assert_eq!(AccountCard::new(Some(" "), "bob").name, "bob");
        assert_eq!(AccountCard::new(Some("Ältere Frau"), "a@b").initial(), "Ä");
        assert_eq!(AccountCard::new(None, "(ß)").initial(), "SS");
        assert_eq!(AccountCard::new(None, "---").initial(), "·");
    }

    #[test]
    fn only_web_addresses_become_links() {
        let card = ClientCard::named("App").with(
            Some("http://a/b.png"),
            Some("javascript:alert(1)"),
            Some("https://a/b"),
            Some("http://a/"),
        );
        assert_eq!((card.logo, card.policy, card.terms.as_deref()), (None, None, Some("https://a/b")));
        assert_eq!(card.uri, None, "the name is a link over https only");
    }
}
