//! What is in the outbox arrives, whatever dies or is away meanwhile, and once.

use std::time::Duration;

use auth::config::{Config, MailConfig, MailSecurity};
use auth::mail::Message;
use protocol::mail::{MailState, Notice};
use protocol::time::Seconds;
use store::Won;
use testkit::app::{TestApp, TestOptions};
use testkit::database::{TestDatabase, engines};
use testkit::elsewhere::Authority;
use testkit::mail_server::{MailServer, Manner};
use tokio::time::sleep;

use super::{ADA, app, failed, mail, mails, send, sent, until};

const NOTICE: Message<'static> = Message::Notice(Notice::PasskeyAdded);

/// A mail server that is away, and its settings: it comes back at the same port.
fn away(authority: &Authority) -> Option<(Manner, MailConfig)> {
    let server = MailServer::start(authority, &Manner::default())?;
    let settings = server.settings(authority, MailSecurity::None);
    Some((Manner { port: server.port, ..Manner::default() }, settings))
}

#[actix_web::test]
async fn a_mail_server_that_was_away_gets_everything_once() {
    let authority = Authority::new();
    let Some((back, settings)) = away(&authority) else { return };
    let app = app(TestDatabase::sqlite(), settings).await;
    for _ in 0..5 {
        send(&app, NOTICE).await;
    }
    failed(&app).await;
    let server = MailServer::start(&authority, &back).unwrap();
    // After a pause one mail finds out that the server is back, and the others follow.
    for _ in 0..4 {
        app.clock.advance(Seconds(31));
        sleep(Duration::from_millis(300)).await;
    }
    until("all mails", async || {
        app.clock.advance(Seconds(1));
        mails(&app).await.iter().all(|mail| mail.state == MailState::Sent)
    })
    .await;
    until("all messages", async || server.messages().len() >= 5).await;
    let ids: std::collections::HashSet<_> =
        server.messages().iter().map(|message| message.all("Message-ID")[0].to_owned()).collect();
    assert_eq!((ids.len(), server.messages().len()), (5, 5));
}

#[actix_web::test]
async fn while_nobody_is_there_a_try_writes_one_row_however_much_waits() {
    let authority = Authority::new();
    let Some((_back, settings)) = away(&authority) else { return };
    let app = app(TestDatabase::sqlite(), settings).await;
    send(&app, NOTICE).await;
    failed(&app).await;
    for _ in 0..40 {
        send(&app, NOTICE).await;
    }
    let tries = async || mails(&app).await.iter().map(|mail| mail.tries).sum::<u32>();
    let before = tries().await;
    app.clock.advance(Seconds(31));
    until("another try", async || tries().await > before).await;
    sleep(Duration::from_millis(1_500)).await;
    assert_eq!(tries().await, before + 1);
}

#[actix_web::test]
async fn a_restart_between_the_decision_and_the_sending_loses_nothing() {
    for database in engines() {
        let authority = Authority::new();
        let Some((back, settings)) = away(&authority) else { return };
        let mut app = app(database, settings).await;
        send(&app, NOTICE).await;
        failed(&app).await;
        app.restart().await;
        // Another server began to send it and died: its lease has to end first.
        app.clock.advance(Seconds(31));
        let began = app.now();
        let [waiting] = &mails(&app).await[..] else { panic!("one mail") };
        let lease = store::mails::lease(&app.store, waiting, began, began + Seconds(90)).await.unwrap();
        let server = MailServer::start(&authority, &back).unwrap();
        if lease == Won::Yes {
            sleep(Duration::from_millis(1_200)).await;
            assert_eq!(server.messages().len(), 0, "it is in the hands of another server");
        }
        app.clock.advance(Seconds(91));
        sent(&app).await;
        sleep(Duration::from_millis(300)).await;
        assert_eq!(server.messages().len(), 1);
    }
}

#[actix_web::test]
async fn two_servers_with_one_database_send_each_mail_once() {
    for database in engines() {
        let authority = Authority::new();
        let Some(server) = MailServer::start(&authority, &Manner::default()) else { return };
        let app = app(database, server.settings(&authority, MailSecurity::None)).await;
        let other = second(&app).await;
        for _ in 0..30 {
            send(&app, NOTICE).await;
        }
        until("all mails", async || mails(&app).await.iter().all(|mail| mail.state == MailState::Sent)).await;
        sleep(Duration::from_millis(1_200)).await;
        assert_eq!(server.messages().len(), 30);
        drop(other);
    }
}

/// Another server on the database and the keys of this one, until it is dropped.
async fn second(app: &TestApp) -> tokio::sync::oneshot::Sender<()> {
    let store = app.database.open().await;
    let state = auth::AppState::with_clock(app.config.clone(), store, app.keys.clone(), app.clock.clone()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(auth::run(state, listener, None, async move {
        let _ = stopped.await;
    }));
    stop
}

#[actix_web::test]
async fn a_recipient_that_is_not_wanted_is_given_up_and_holds_up_nobody() {
    let authority = Authority::new();
    let manner = Manner { refuse: Some(550), ..Manner::default() };
    let Some(server) = MailServer::start(&authority, &manner) else { return };
    let app = app(TestDatabase::sqlite(), server.settings(&authority, MailSecurity::None)).await;
    send(&app, NOTICE).await;
    let reason = failed(&app).await.last_error.unwrap();
    assert!(reason.contains("550") && !reason.contains(ADA), "{reason}");
    until("the end", async || {
        app.clock.advance(Seconds(10));
        sleep(Duration::from_millis(100)).await;
        mails(&app).await[0].state == MailState::Refused
    })
    .await;
    let [mail] = &mails(&app).await[..] else { panic!("one mail") };
    assert_eq!((mail.tries, mail.sealed.as_deref()), (3, None));
}

#[actix_web::test]
async fn a_code_that_is_over_is_not_sent_any_more() {
    let authority = Authority::new();
    let Some((back, settings)) = away(&authority) else { return };
    let app = app(TestDatabase::sqlite(), settings).await;
    send(&app, Message::SecondFactorCode { code: "12345678" }).await;
    failed(&app).await;
    let server = MailServer::start(&authority, &back).unwrap();
    app.clock.advance(Seconds::minutes(11));
    let mail = mail(&app, |mail| mail.state != MailState::Waiting).await;
    assert_eq!((mail.state, mail.sealed.as_deref()), (MailState::GivenUp, None));
    assert!(server.messages().is_empty());
}

#[actix_web::test]
async fn where_mail_is_off_nothing_is_kept() {
    let config: Box<dyn FnOnce(&mut Config) + Send> = Box::new(|_| {});
    let app = TestApp::start_with(TestDatabase::sqlite(), TestOptions { config, ..TestOptions::default() }).await;
    assert!(!mail::is_on(&super::beside(&app)));
    send(&app, NOTICE).await;
    assert!(mails(&app).await.is_empty());
}
