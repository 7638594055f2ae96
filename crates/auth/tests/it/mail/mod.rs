//! Mail leaves the house through a mail server that is none of ours (`testkit::mail_server`), or ends in the mailbox of
//! development: what arrives in `arrives`, whom it is given to in `trusted`, what outlives what in `outbox`, that nobody writes
//! into it in `injection`, the pages in `mailbox`, links and codes in `links`.

mod arrives;
mod injection;
mod links;
mod mailbox;
mod outbox;
mod trusted;

use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::AppState;
use auth::config::{Config, MailConfig};
use auth::mail::{self, Mailbox, Message};
use auth::text::Locale;
use protocol::mail::MailState;
use store::mails::Mail;
use testkit::app::{TestApp, TestOptions};
use testkit::database::TestDatabase;
use tokio::time::sleep;

const ADA: &str = "ada@example.org";

fn to(address: &str) -> Mailbox {
    Mailbox::parse(address).unwrap()
}

/// A server with these settings for mail.
async fn app(database: TestDatabase, mail: MailConfig) -> TestApp {
    let config: Box<dyn FnOnce(&mut Config) + Send> = Box::new(|config: &mut Config| config.mail = mail);
    TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await
}

/// Another server on the same data, whose jobs do not run: what a request would do.
fn beside(app: &TestApp) -> AppState {
    let config = Arc::clone(&app.config);
    AppState::with_clock(config, app.store.clone(), Arc::clone(&app.keys), app.clock.clone()).unwrap()
}

async fn send(app: &TestApp, message: Message<'_>) {
    mail::send(&beside(app), &to(ADA), message, Locale::En).await.unwrap();
}

async fn mails(app: &TestApp) -> Vec<Mail> {
    store::mails::latest(&app.store, 100).await.unwrap()
}

/// Waits until the only mail is as wanted.
async fn mail(app: &TestApp, wanted: impl Fn(&Mail) -> bool) -> Mail {
    until("the mail", async || mails(app).await.iter().any(&wanted)).await;
    mails(app).await.swap_remove(0)
}

async fn sent(app: &TestApp) -> Mail {
    mail(app, |mail| mail.state == MailState::Sent).await
}

/// Waits until a try has failed, and gives the mail, which still waits with everything in it.
async fn failed(app: &TestApp) -> Mail {
    let mail = mail(app, |mail| mail.last_error.is_some()).await;
    assert_eq!(mail.state, MailState::Waiting);
    assert!(mail.sealed.is_some());
    mail
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(20), "{what} did not come");
        sleep(Duration::from_millis(20)).await;
    }
}
