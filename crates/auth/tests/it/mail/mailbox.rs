//! The mailbox of development shows what was sent, and is nowhere else.

use auth::config::{MailConfig, MailTransport};
use auth::mail::Message;
use protocol::mail::MailState;
use testkit::browser::Browser;
use testkit::database::{TestDatabase, engines};

use super::{ADA, app, mails, send, sent};

fn mailbox() -> MailConfig {
    MailConfig { transport: MailTransport::Mailbox, from: "accounts@example.com".to_owned(), ..MailConfig::default() }
}

#[actix_web::test]
async fn every_message_is_shown_with_its_links_and_as_html() {
    for database in engines() {
        let app = app(database, mailbox()).await;
        let browser = Browser::new(&app);
        let empty = browser.get("/dev/mailbox").await;
        assert!(empty.has_id("mailbox-page") && empty.body.contains("no e-mail"), "{}", empty.body);
        let link = app.url("/recover/t1.secret");
        send(&app, Message::Recover { link: &link }).await;
        sent(&app).await;
        let list = browser.get("/dev/mailbox").await;
        assert!(list.body.contains("Set a new password") && list.body.contains(ADA), "{}", list.body);
        let id = mails(&app).await[0].id.to_string();
        let message = browser.get(&format!("/dev/mailbox/{id}")).await;
        assert!(
            message.has_id("message-page") && message.body.contains(&format!("href=\"{link}\"")),
            "{}",
            message.body
        );
        let policy = message.header("content-security-policy");
        assert!(!policy.contains("unsafe"), "{policy}");
        let html = browser.get(&format!("/dev/mailbox/{id}/html")).await;
        assert!(html.body.contains(&link) && html.body.contains("style="), "{}", html.body);
        let policy = html.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("sandbox"), "{policy}");
        assert!(!policy.contains("allow-scripts") && !policy.contains("allow-same-origin"), "{policy}");
        for path in ["/dev/mailbox/none", "/dev/mailbox/none/html", "/dev/mailbox/a%20b"] {
            assert_eq!(browser.get(path).await.status, 404, "{path}");
        }
        assert_eq!(mails(&app).await[0].state, MailState::Sent);
    }
}

#[actix_web::test]
async fn without_the_setting_there_is_no_such_page() {
    let app = app(TestDatabase::sqlite(), MailConfig::default()).await;
    for path in ["/dev/mailbox", "/dev/mailbox/x", "/dev/mailbox/x/html"] {
        assert_eq!(Browser::new(&app).get(path).await.status, 404, "{path}");
    }
}
