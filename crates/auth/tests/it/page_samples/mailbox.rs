//! The mailbox of development.

use auth::text::Locale;
use auth::web::pages::{Link, MailboxMessagePage, MailboxPage, MailboxRow, Mode, Shell};

use super::{Contract, Samples, sample};

pub(super) const CONTRACT: Contract = &[("mailbox", &["mailbox-page"]), ("message", &["message-page", "message-text"])];

pub(super) fn samples(locale: Locale) -> Samples {
    let mailbox = || Some("/dev/mailbox".to_owned());
    let shell = || Shell { mailbox: mailbox(), ..Shell::new(locale, "Northwind", Mode::Development) };
    let row = |id: &str, subject: &str| MailboxRow {
        link: Link { href: format!("/dev/mailbox/{id}"), label: subject.to_owned() },
        recipient: "ada.with-a-rather-long-name@department.example.org".to_owned(),
        received_at: "2026-11-22 12:30 UTC".to_owned(),
    };
    let link = "https://id.example.com/recover/Zk3uP0o2Qm1xYb7cR9sTqg.q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6j7k8l9z0x1c";
    let message = MailboxMessagePage {
        shell: shell(),
        subject: "Set a new password".to_owned(),
        recipient: "ada@example.org".to_owned(),
        received_at: "2026-11-22 12:30 UTC".to_owned(),
        text: format!("Set a new password\n\n<b>Text</b> & more:\n{link}\n"),
        links: vec![link.to_owned()],
        html: "/dev/mailbox/m1/html".to_owned(),
        all: "/dev/mailbox".to_owned(),
    };
    vec![
        sample("mailbox-empty", &MailboxPage { shell: shell(), rows: Vec::new() }),
        sample("mailbox", &MailboxPage { shell: shell(), rows: vec![row("m2", "Neue Anmeldung"), row("m1", "Test")] }),
        sample("message", &message),
    ]
}
