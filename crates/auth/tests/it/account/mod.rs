//! The account console: who comes in, what each page shows and does, and that it does so to nobody else.

mod apps;
mod data_map;
mod deletion;
mod email;
mod log;
mod offline_access;
mod pages;
mod profile;
mod sessions;

use auth::config::{Config, MailTransport};
use protocol::time::Seconds;
use testkit::app::{PASSWORD, TestApp, TestOptions};
use testkit::browser::{Browser, Page};
use testkit::database::engines;

/// Signs in at the console and stays on the page that was asked for.
async fn signed_in(app: &TestApp, username: &str, page: &str) -> (Browser, Page) {
    let browser = Browser::new(app);
    let page = sign_in_again(&browser, username, page).await;
    (browser, page)
}

async fn sign_in_again(browser: &Browser, username: &str, page: &str) -> Page {
    let login = browser.open(page).await;
    assert!(login.has_id("login-page"), "{}", login.body);
    browser.sign_in(&login, username).await
}

/// The token of the forms of a page, with what else is sent.
fn form(page: &Page, fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let hidden = page.hidden_fields(); // those of the first form: the button *Sign out*
    let csrf = hidden.into_iter().find(|(name, _)| name == "csrf").expect("a token");
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    [csrf].into_iter().chain(fields).collect()
}

/// Sends a form of the page and follows to what it leads to.
async fn send(browser: &Browser, page: &Page, to: &str, fields: &[(&str, &str)]) -> Page {
    let sent = browser.post(to, &form(page, fields)).await;
    browser.follow(sent).await
}

/// A server per engine whose mail goes to the mailbox.
async fn with_mail<F: Future<Output = ()>>(test: impl Fn(TestApp) -> F) {
    for database in engines() {
        let config = Box::new(|config: &mut Config| config.mail.transport = MailTransport::Mailbox);
        test(TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await).await;
    }
}

/// The texts of the mails to an address, once there are so many, the newest first.
async fn mails_to(app: &TestApp, address: &str, count: usize) -> Vec<String> {
    for _ in 0..100 {
        let all = store::mailbox::latest(&app.store, 50).await.expect("is readable");
        let texts: Vec<_> = all.into_iter().filter(|mail| mail.recipient == address).map(|mail| mail.text).collect();
        if texts.len() >= count {
            return texts;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("fewer than {count} mails came for {address}");
}

/// The first address in a mail that leads below this page.
fn link_in(app: &TestApp, mail: &str, page: &str) -> String {
    let prefix = format!("{}{page}/", app.issuer);
    let found = mail.split_whitespace().find(|word| word.starts_with(&prefix));
    found.unwrap_or_else(|| panic!("no link to {page} in {mail}")).to_owned()
}

/// Longer ago than any sensitive page takes.
fn grow_stale(app: &TestApp) {
    app.clock.advance(Seconds(301));
}
