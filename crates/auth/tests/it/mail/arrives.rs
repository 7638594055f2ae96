//! What arrives, as the parser of another language reads it.

use auth::config::MailSecurity;
use auth::mail::{self, Message};
use auth::text::Locale;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::mail::Notice;
use testkit::database::{TestDatabase, engines};
use testkit::elsewhere::Authority;
use testkit::mail_server::{LetsIn, MailServer, Manner, USER};

use super::{ADA, app, beside, sent, to, until};

const LINK: &str = "https://id.example.com/signup/t1.secret-of-the-link";

#[actix_web::test]
async fn both_bodies_arrive_in_both_languages_whole() {
    let authority = Authority::new();
    let Some(server) = MailServer::start(&authority, &Manner::default()) else { return };
    let app = app(TestDatabase::sqlite(), server.settings(&authority, MailSecurity::None)).await;
    let message = Message::SignUp { link: LINK, code: "12345678" };
    for (count, locale) in [(1, Locale::En), (2, Locale::De)] {
        mail::send(&beside(&app), &to(ADA), message, locale).await.unwrap();
        until("the message", async || server.messages().len() == count).await;
    }
    let [english, german] = &server.messages()[..] else { panic!("two messages") };
    for message in [english, german] {
        assert_eq!(message.defects, [""; 0]);
        assert_eq!((message.sender.as_str(), &message.recipients[..]), ("accounts@example.com", &[ADA.to_owned()][..]));
        assert_eq!(message.all("From"), ["Countersign <accounts@example.com>"]);
        assert_eq!(message.all("To"), [ADA]);
        assert_eq!(message.all("Auto-Submitted"), ["auto-generated"]);
        assert_eq!(message.all("Date").len(), 1);
        for body in [&message.text, &message.html] {
            assert!(body.contains(LINK) && body.contains("12345678"), "{body}");
        }
        assert!(message.all("Content-Type")[0].starts_with("multipart/alternative"), "{:?}", message.headers);
    }
    assert_eq!(english.all("Subject"), ["Confirm your e-mail address"]);
    assert_eq!(german.all("Subject"), ["E-Mail-Adresse bestätigen"]);
    assert_eq!((english.all("Content-Language"), german.all("Content-Language")), (vec!["en"], vec!["de"]));
    assert!(german.text.contains("öffnen Sie den Link") && german.html.contains("<html lang=\"de\""), "{german:?}");
    assert_ne!(english.all("Message-ID"), german.all("Message-ID"));
    assert!(english.all("Message-ID")[0].ends_with("@example.com>"));
}

#[actix_web::test]
async fn it_arrives_over_tls_and_starttls_signed_in() {
    let authority = Authority::new();
    for (security, told) in [("tls", MailSecurity::Tls), ("starttls", MailSecurity::Starttls)] {
        let manner = Manner { security, lets_in: LetsIn::WhoHasThePassword, ..Manner::default() };
        let Some(server) = MailServer::start(&authority, &manner) else { return };
        let app = app(TestDatabase::sqlite(), server.settings_signed_in(&authority, told)).await;
        super::send(&app, Message::Notice(Notice::PasswordChanged)).await;
        sent(&app).await;
        until("the message", async || !server.messages().is_empty()).await;
        let [message] = &server.messages()[..] else { panic!("one message") };
        assert!(message.tls, "{security}");
        assert_eq!(message.user.as_deref(), Some(USER));
        assert_eq!(message.all("Subject"), ["Your password was changed"]);
        assert!(server.events("auth").iter().all(|event| event["tls"] == true), "{security}");
    }
}

#[actix_web::test]
async fn nothing_of_a_mail_stays_when_it_was_sent_and_nothing_of_it_is_readable_before() {
    for database in engines() {
        let authority = Authority::new();
        let Some(server) = MailServer::start(&authority, &Manner::default()) else { return };
        let mut app = app(database, server.settings(&authority, MailSecurity::None)).await;
        app.stop().await;
        app.store = app.database.open().await;
        super::send(&app, Message::Recover { link: LINK }).await;
        let [waiting] = &super::mails(&app).await[..] else { panic!("one mail") };
        let sealed = URL_SAFE_NO_PAD.decode(waiting.sealed.clone().unwrap()).unwrap();
        let sealed = String::from_utf8_lossy(&sealed);
        assert!(!sealed.contains("ada@") && !sealed.contains("secret"), "{sealed}");
        app.restart().await;
        let mail = sent(&app).await;
        assert_eq!((mail.sealed, mail.due_at, mail.kind.as_str()), (None, None, "recover"));
        until("the message", async || server.messages().len() == 1).await;
    }
}
