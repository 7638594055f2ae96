//! Every page in every state, filled with invented people and apps: one file per area, each with the ids that scripts and
//! password managers rely on. What holds for all of them is in `pages.rs`; `a_browser_finds_nothing_to_complain_about` in
//! `testkit` looks at them in a browser.

mod account;
mod api_keys;
mod consent;
mod errors;
mod home;
mod login;
mod logout;
mod mailbox;
mod second_factor;
mod security;
mod steps;

use std::collections::BTreeSet;

use auth::text::Locale;
use auth::web::headers::{self, Header};
use auth::web::pages::{AccountCard, ClientCard, LanguageSwitch, Link, Mode, Page, Shell};

/// A page in one state, as it would leave the server.
pub(crate) struct Sample {
    /// It begins with the page, the rest is the state.
    pub(crate) name: String,
    pub(crate) html: String,
    #[allow(dead_code, reason = "one of the two test programs that include this file opens the pages in a browser")]
    pub(crate) headers: Vec<Header>,
}

type Samples = Vec<Sample>;
/// Which ids a page has. The first is the page's own.
type Contract = &'static [(&'static str, &'static [&'static str])];

/// The pages of one area: what they have to have, and how they look in each state.
type Area = (Contract, fn(Locale) -> Samples);

const AREAS: [Area; 11] = [
    (account::CONTRACT, account::samples),
    (api_keys::CONTRACT, api_keys::samples),
    (login::CONTRACT, login::samples),
    (consent::CONTRACT, consent::samples),
    (logout::CONTRACT, logout::samples),
    (errors::CONTRACT, errors::samples),
    (home::CONTRACT, home::samples),
    (mailbox::CONTRACT, mailbox::samples),
    (second_factor::CONTRACT, second_factor::samples),
    (security::CONTRACT, security::samples),
    (steps::CONTRACT, steps::samples),
];

const TRACE: &str = "5f0c2a9be1d84b7c9a3e6d1f20b4c857";
const REDIRECT: &str = "https://notes.example.com/callback";
const INTERACTION: &str = "Zk3uP0o2Qm1xYb7cR9sTqg";
const CSRF: &str = "q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6j7k8l9z0x1c";

pub(crate) fn samples_in(locale: Locale) -> Samples {
    AREAS.iter().flat_map(|(_, samples)| samples(locale)).collect()
}

/// The page that a sample is a state of, and its ids.
#[allow(dead_code, reason = "the test program with the browser does not ask")]
pub(crate) fn contract(sample: &str) -> (&'static str, &'static [&'static str]) {
    let is_state_of =
        |page: &str| sample.strip_prefix(page).is_some_and(|state| state.is_empty() || state.starts_with(['-', '.']));
    let pages = AREAS.iter().flat_map(|(contract, _)| contract.iter()).filter(|(page, _)| is_state_of(page));
    *pages.max_by_key(|(page, _)| page.len()).unwrap_or_else(|| panic!("{sample} is a state of no page"))
}

/// The ids of all pages.
#[allow(dead_code, reason = "the test program with the browser does not ask")]
pub(crate) fn page_ids() -> BTreeSet<&'static str> {
    AREAS.iter().flat_map(|(contract, _)| contract.iter()).map(|(_, ids)| ids[0]).collect()
}

fn sample(name: impl Into<String>, page: &impl Page) -> Sample {
    let html = page.render().expect("a page is written to memory");
    Sample { name: name.into(), html, headers: headers::page(page.form_targets(), page.logo(), page.frames()) }
}

fn shell(locale: Locale, path: &str) -> Shell {
    let query = vec![("interaction".to_owned(), INTERACTION.to_owned())];
    let switch = Some(LanguageSwitch { action: path.to_owned(), query });
    let link = |href: &str, label: &str| Link { href: href.to_owned(), label: label.to_owned() };
    let t = &locale.texts().signup;
    let rules = vec![
        link("https://northwind.example/terms", t.terms_link),
        link("https://northwind.example/privacy", t.privacy_link),
    ];
    Shell { switch, rules, ..Shell::new(locale, "Northwind", Mode::Production) }
}

fn with_addresses(client: ClientCard) -> ClientCard {
    client.with(
        Some("https://notes.example.com/logo.png"),
        Some("https://notes.example.com/privacy"),
        Some("https://notes.example.com/terms"),
        Some("https://notes.example.com/"),
    )
}

fn alice() -> AccountCard {
    AccountCard::new(Some("Alice Moreau"), "alice@example.com")
}
