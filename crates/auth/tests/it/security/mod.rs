//! What a person signs in with, changed by the person: who may, what follows from it, and what has to stay.

mod browsers;
mod codes;
mod enrol;
mod pages;
mod passkeys;
mod password;
mod totp;

use auth::config::{Config, MailTransport};
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use protocol::user::User;
use store::passwords::{Access, How};
use store::sessions::Session;
use testkit::app::{TestApp, TestOptions};
use testkit::authenticator::{Authenticator, Told};
use testkit::browser::{Browser, Page};
use testkit::database::engines;
use testkit::otp::OtpApp;

const SECURITY: &str = "/account/security";
const PASSWORD_PAGE: &str = "/account/security/password";
const PASSKEYS: &str = "/account/security/passkeys";
const TOTP: &str = "/account/security/totp";
const CODES: &str = "/account/security/recovery-codes";
const END_OTHERS: (&str, &str) = ("end-sessions", "yes");

/// Alice signs in and stays on the page that was asked for.
async fn signed_in(app: &TestApp, page: &str) -> (Browser, Page) {
    let browser = Browser::new(app);
    let login = browser.open(page).await;
    assert!(login.has_id("login-page"), "{}", login.body);
    let page = browser.sign_in(&login, "alice").await;
    (browser, page)
}

fn hidden(page: &Page, name: &str) -> String {
    let after = page.body.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a field");
    after.split('"').next().expect("a value").to_owned()
}

/// What a form of the page sends with these fields.
fn form(page: &Page, fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    [("csrf".to_owned(), hidden(page, "csrf"))].into_iter().chain(fields).collect()
}

/// Sends a form of the page and follows to what it leads to.
async fn send(browser: &Browser, page: &Page, to: &str, fields: &[(&str, &str)]) -> Page {
    let sent = browser.post(to, &form(page, fields)).await;
    browser.follow(sent).await
}

/// The app that somebody connects who types the secret of the page.
fn phone(page: &Page) -> OtpApp {
    let after = page.body.split("<code id=\"secret\" dir=\"ltr\">").nth(1).expect("a secret");
    OtpApp::typed(after.split('<').next().expect("a secret"))
}

/// Connects an app; the page that follows, and the app, which shows a code that was not used.
async fn connect(app: &TestApp, browser: &Browser) -> (OtpApp, Page) {
    let page = browser.open(TOTP).await;
    let phone = phone(&page);
    let fields = [("offer", hidden(&page, "offer")), ("code", phone.code(app.now()))];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = send(browser, &page, TOTP, &fields).await;
    app.clock.advance(Seconds(30));
    (phone, page)
}

/// Adds a passkey from the page that lists them.
async fn add(app: &TestApp, browser: &Browser, authenticator: &mut Authenticator) -> Page {
    let page = browser.open(PASSKEYS).await;
    assert!(page.has_id("account-passkeys-page") && page.has_id("passkey-add"), "{}", page.body);
    let (ceremony, credential) = created(app, browser, &page, authenticator).await;
    send(browser, &page, PASSKEYS, &[("ceremony", &ceremony), ("credential", &credential)]).await
}

async fn created(app: &TestApp, browser: &Browser, page: &Page, authenticator: &mut Authenticator) -> (String, String) {
    let options = browser.post("/passkey/creation-options", &form(page, &[])).await.json();
    let answer = authenticator.create(&options, &Told::created(&options, &app.issuer));
    (options["ceremony"].as_str().expect("a ceremony").to_owned(), answer.to_string())
}

/// The codes on a page.
fn shown(page: &Page) -> Vec<String> {
    let codes = page.body.split("<li><code>").skip(1);
    codes.map(|code| code.split('<').next().expect("a code").to_owned()).collect()
}

async fn alice(app: &TestApp) -> User {
    store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap()
}

async fn sessions(app: &TestApp) -> Vec<Session> {
    store::sessions::living_of_user(&app.store, &alice(app).await.id, app.now()).await.unwrap()
}

async fn events(app: &TestApp, kind: SecurityEvent) -> usize {
    let user = alice(app).await.id;
    store::security_events::of_user(&app.store, &user, Some(kind), None, 100).await.unwrap().len()
}

/// How many second factors alice has: apps, passkeys.
async fn factors(app: &TestApp) -> (i64, i64) {
    let factors = store::users::factors(&app.store, &alice(app).await.id).await.unwrap();
    (factors.totp, factors.passkeys)
}

/// A server per engine whose mail goes to the mailbox.
async fn with_mail<F: Future<Output = ()>>(test: impl Fn(TestApp) -> F) {
    for database in engines() {
        let config = Box::new(|config: &mut Config| config.mail.transport = MailTransport::Mailbox);
        test(TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await).await;
    }
}

/// Waits until alice has got a mail with these words in its subject.
async fn told(app: &TestApp, words: &str) {
    for _ in 0..100 {
        let all = store::mailbox::latest(&app.store, 50).await.expect("is readable");
        if all.iter().any(|mail| mail.recipient == "alice@example.test" && mail.text.to_lowercase().contains(words)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no mail about {words}");
}

/// The password is too short to stand alone.
async fn shorten_password(app: &TestApp) {
    let phc = auth::passwords::hash_blocking(&app.config.passwords, testkit::app::PASSWORD).unwrap();
    let new = store::passwords::NewPassword { phc, needs_second_factor: true };
    let (sessions, access) = (sessions(app).await, Access::GoesOn);
    let how = How::Changed { session: &sessions[0].id, access };
    store::passwords::replace(&app.store, &alice(app).await.id, &new, how, app.now()).await.unwrap();
}
