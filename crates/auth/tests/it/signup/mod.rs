//! `/signup`: how somebody gets an account, and how nobody gets one with an address that is not theirs.

mod enumeration;
mod flow;
mod invitations;
mod links;
mod passkeys;
mod races;

use std::future::Future;
use std::time::{Duration, Instant};

use auth::config::{Config, MailTransport, SignUp};
use protocol::user::User;
use store::mailbox::Received;
use testkit::app::{TestApp, TestOptions};
use testkit::browser::{Browser, Page};
use testkit::database::engines;

pub(crate) const CHOSEN: &str = "seven purple lanterns drift";
const ADDRESS: &str = "berta@example.test";

/// Runs a test on each engine, with a server that has a mailbox and lets everybody sign up.
pub(crate) async fn with_mail<F: Future<Output = ()>>(test: impl Fn(TestApp) -> F) {
    with_settings(|_| {}, test).await;
}

pub(crate) async fn with_settings<F: Future<Output = ()>>(settings: fn(&mut Config), test: impl Fn(TestApp) -> F) {
    for database in engines() {
        let config = move |config: &mut Config| {
            config.mail.transport = MailTransport::Mailbox;
            config.accounts.sign_up = SignUp::Open;
            (config.limits.signups_per_network, config.limits.mails_per_network) = (1_000, 1_000);
            (config.limits.signups_per_wide_network, config.limits.mails_per_wide_network) = (1_000, 1_000);
            settings(config);
        };
        test(TestApp::start_with(database, TestOptions { config: Box::new(config), ..TestOptions::default() }).await)
            .await;
    }
}

/// The latest mail to an address, once so many have come.
pub(crate) async fn mail_to(app: &TestApp, address: &str, count: usize) -> Received {
    let begun = Instant::now();
    loop {
        let latest = store::mailbox::latest(&app.store, 1_000).await.unwrap();
        let theirs: Vec<_> = latest.into_iter().filter(|mail| mail.recipient == address).collect();
        if theirs.len() >= count {
            // Within a second the list has no order; links tell mails apart.
            return theirs.into_iter().next().unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{} of {count} mails to {address}", theirs.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn mails_to(app: &TestApp, address: &str) -> usize {
    let latest = store::mailbox::latest(&app.store, 1_000).await.unwrap();
    latest.iter().filter(|mail| mail.recipient == address).count()
}

/// The link to a page of ours in a mail, without the host.
pub(crate) fn link(app: &TestApp, mail: &Received, page: &str) -> String {
    let start = format!("{}{page}/", app.issuer);
    let found = mail.text.split_whitespace().find(|word| word.starts_with(&start));
    found.unwrap_or_else(|| panic!("no link to {page}: {}", mail.text))[app.issuer.len()..].to_owned()
}

fn code(mail: &Received) -> String {
    let is_code = |word: &&str| word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_digit());
    mail.text.split_whitespace().find(is_code).unwrap_or_else(|| panic!("no code: {}", mail.text)).to_owned()
}

/// The first step, from an app that people sign up for.
async fn opened(app: &TestApp, browser: &Browser) -> Page {
    let page = browser.open(&app.authorize_url("first-party", &[("prompt", "create")])).await;
    assert!(page.has_id("signup-page"), "{}", page.body);
    page
}

/// As far as the page that waits for the code.
async fn asked(app: &TestApp, browser: &Browser, address: &str) -> Page {
    let page = opened(app, browser).await;
    let page = browser.submit(&page, &[("email", address), ("name", "Berta Benz")]).await;
    let page = browser.follow(page).await;
    assert!(page.has_id("signup-code-page"), "{}", page.body);
    page
}

/// As far as the choice of a password.
async fn proven(app: &TestApp, browser: &Browser, address: &str) -> Page {
    let page = asked(app, browser, address).await;
    let code = code(&mail_to(app, address, 1).await);
    let page = browser.submit(&page, &[("code", &code)]).await;
    let page = browser.follow(page).await;
    assert!(page.has_id("signup-password-page"), "{}", page.body);
    page
}

async fn user(app: &TestApp, login: &str) -> Option<User> {
    store::users::find_by_login(&app.store, login).await.unwrap()
}

/// The page after an answer, by its id.
pub(crate) fn page_id(page: &Page) -> &str {
    let start = page.body.find("<main").and_then(|at| Some(at + page.body[at..].find("id=\"")? + 4));
    start.map_or("", |at| page.body[at..].split('"').next().unwrap_or_default())
}

/// Where the one way on from an error page leads.
pub(crate) fn onward(page: &Page) -> String {
    let at = page.body.find("id=\"onward\"").unwrap_or_else(|| panic!("a dead end: {}", page.body));
    let rest = &page.body[at..];
    let href = &rest[rest.find("href=\"").expect("a link") + 6..];
    href.split('"').next().unwrap_or_default().replace("&#38;", "&").replace("&amp;", "&")
}
