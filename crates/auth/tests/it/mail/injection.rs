//! Nobody writes into a mail: whatever is typed as an address, whatever this service is called, whatever a link looks like, one
//! recipient gets one message with the headers that we wrote (Jakarta Mail CVE-2025-7962, ASVS 1.3.11). Through a real server,
//! read by another parser.

use auth::config::MailSecurity;
use auth::mail::{Mailbox, send_test};
use auth::text::Locale;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use testkit::database::TestDatabase;
use testkit::elsewhere::Authority;
use testkit::mail_server::{MailServer, Manner};

use super::{app, until};

/// Headers of a mail of ours, and no other.
const OURS: [&str; 9] = [
    "Auto-Submitted",
    "Content-Language",
    "Content-Type",
    "Date",
    "From",
    "MIME-Version",
    "Message-ID",
    "Subject",
    "To",
];

#[actix_web::test]
async fn no_text_that_anybody_chooses_writes_a_header_or_a_recipient() {
    let authority = Authority::new();
    let Some(server) = MailServer::start(&authority, &Manner::default()) else { return };
    let app = app(TestDatabase::sqlite(), server.settings(&authority, MailSecurity::None)).await;
    let injected = "(\r\n|\n|\r|\u{85}|\u{2028}|\0|,|;|<|>|\"|\\\\| )(Bcc: eve@example\\.org|RCPT TO:<eve@example\\.org>|\\.|From: x)?(\r\n|\n)?";
    let typed = format!(
        "([a-z]{{1,6}}|{injected}){{1,3}}@example\\.(org|com)({injected})?|[!#$%&'*+/=?^_`{{|}}~a-z-]{{1,20}}@example\\.org"
    );
    let called = format!("[A-Za-zÄöß \"<>@,;:.()=?_]{{0,20}}({injected})?[a-zé]{{1,8}}");
    let strategy = (proptest::string::string_regex(&typed).unwrap(), proptest::string::string_regex(&called).unwrap());
    let (mut runner, mut taken) = (TestRunner::deterministic(), 0);
    for _ in 0..150 {
        let (address, name) = strategy.new_tree(&mut runner).unwrap().current();
        let mut config = (*app.config).clone();
        config.branding.name.clone_from(&name);
        let Some(to) = Mailbox::parse(&address) else {
            continue;
        };
        let sent = send_test(&config, &app.store, &to, Locale::De, app.now()).await;
        sent.unwrap_or_else(|error| panic!("{address:?} {name:?}: {error}"));
        taken += 1;
        until(&format!("{address:?} {name:?}"), async || server.messages().len() >= taken).await;
        let messages = server.messages();
        assert_eq!(messages.len(), taken, "{address:?} {name:?}");
        let message = &messages[taken - 1];
        assert_eq!(message.recipients, [to.to_string()], "{address:?} {name:?}");
        let mut headers: Vec<&str> = message.headers.iter().map(|(header, _)| header.as_str()).collect();
        headers.sort_unstable();
        assert_eq!(headers, OURS, "{address:?} {name:?}\n{}", message.raw);
        assert!(message.all("From")[0].ends_with("accounts@example.com>"), "{name:?}: {:?}", message.all("From"));
        assert_eq!(message.defects, [""; 0], "{address:?} {name:?}\n{}", message.raw);
        assert!(message.html.contains("</html>"), "{name:?}: {}", message.html);
    }
    assert!(taken >= 30, "only {taken} addresses were addresses");
}
