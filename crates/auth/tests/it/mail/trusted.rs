//! Mail is given to the mail server that was named and to nobody else (lettre RUSTSEC-2026-0141: an inverted condition once
//! switched off the comparison of names). Whatever is wrong, the mail stays in the outbox and nothing of it was said.

use std::time::Duration;

use auth::config::{MailConfig, MailSecurity};
use auth::mail::Message;
use protocol::mail::Notice;
use protocol::secret::SecretString;
use testkit::database::TestDatabase;
use testkit::elsewhere::Authority;
use testkit::mail_server::{LetsIn, MailServer, Manner};
use tokio::time::sleep;

use super::{app, failed, send};

/// Tries to send one mail, which must fail, and gives the reason.
async fn refused(server: &MailServer, settings: MailConfig) -> String {
    let app = app(TestDatabase::sqlite(), settings).await;
    send(&app, Message::Notice(Notice::NewDevice)).await;
    let mail = failed(&app).await;
    sleep(Duration::from_millis(200)).await; // for what the mail server may have to tell
    assert!(server.messages().is_empty());
    mail.last_error.unwrap()
}

#[actix_web::test]
async fn a_certificate_of_another_authority_is_refused() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (security, told) in [("tls", MailSecurity::Tls), ("starttls", MailSecurity::Starttls)] {
        let manner = Manner { security, ..Manner::default() };
        let Some(server) = MailServer::start(&other, &manner) else { return };
        let reason = refused(&server, server.settings(&authority, told)).await;
        assert!(reason.contains("certificate"), "{reason}");
        let nothing_named = MailConfig { ca_file: None, ..server.settings(&authority, told) };
        let reason = refused(&server, nothing_named).await;
        assert!(reason.contains("certificate"), "{reason}");
        assert!(server.events("mail").is_empty(), "not even who sends was said");
    }
}

#[actix_web::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    for (security, told) in [("tls", MailSecurity::Tls), ("starttls", MailSecurity::Starttls)] {
        let manner = Manner { security, names: vec!["mail.example.com"], ..Manner::default() };
        let Some(server) = MailServer::start(&authority, &manner) else { return };
        let reason = refused(&server, server.settings(&authority, told)).await;
        assert!(reason.contains("certificate"), "{reason}");
        assert!(server.events("mail").is_empty(), "{security}");
    }
}

#[actix_web::test]
async fn starttls_is_never_given_up() {
    let authority = Authority::new();
    // One that does not offer it (or somebody took the offer out), and one that cannot do what it offers.
    for (security, asked) in [("none", 0), ("failing", 1)] {
        let manner = Manner { security, lets_in: LetsIn::WhoHasThePassword, ..Manner::default() };
        let Some(server) = MailServer::start(&authority, &manner) else { return };
        let reason = refused(&server, server.settings_signed_in(&authority, MailSecurity::Starttls)).await;
        assert!(!reason.is_empty());
        assert_eq!(server.events("starttls").len(), asked, "{security}: {reason}");
        for said in ["auth", "mail", "message"] {
            assert!(server.events(said).is_empty(), "{security}: {said} in the clear");
        }
    }
}

#[actix_web::test]
async fn a_wrong_password_keeps_the_mail_and_says_so() {
    let authority = Authority::new();
    let manner = Manner { security: "starttls", lets_in: LetsIn::WhoHasThePassword, ..Manner::default() };
    let Some(server) = MailServer::start(&authority, &manner) else { return };
    let wrong = Some(SecretString::new("another password".to_owned()));
    let settings = server.settings_signed_in(&authority, MailSecurity::Starttls);
    let reason = refused(&server, MailConfig { password: wrong, ..settings }).await;
    assert!(reason.contains("535"), "{reason}");
    assert!(!reason.contains("another password"), "{reason}");
}

#[actix_web::test]
async fn a_silent_mail_server_takes_its_time_limit_and_no_more() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let authority = Authority::new();
    let Some(server) = MailServer::start(&authority, &Manner::default()) else { return };
    let settings = server.settings(&authority, MailSecurity::None);
    let settings = MailConfig { port: silent.local_addr().unwrap().port(), timeout_ms: 1_000, ..settings };
    let reason = refused(&server, settings).await;
    assert!(reason.contains("longer than 1000 ms"), "{reason}");
}
