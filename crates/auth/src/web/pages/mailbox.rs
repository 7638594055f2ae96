//! The pages of the mailbox of development.

use askama::Template;

use super::Page;
use super::parts::{Link, Shell};
use super::prelude::*;

/// `dev/mailbox.html`: every message, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "dev/mailbox.html")]
pub struct MailboxPage {
    pub shell: Shell,
    pub rows: Vec<MailboxRow>,
}

#[derive(Clone, Debug)]
pub struct MailboxRow {
    pub link: Link,
    pub recipient: String,
    pub received_at: String,
}

/// `dev/message.html`: one message.
#[derive(Clone, Debug, Template)]
#[template(path = "dev/message.html")]
pub struct MailboxMessagePage {
    pub shell: Shell,
    pub subject: String,
    pub recipient: String,
    pub received_at: String,
    pub text: String,
    /// Addresses of ours in the text.
    pub links: Vec<String>,
    /// Where the HTML of the message is.
    pub html: String,
    /// Where all messages are listed.
    pub all: String,
}

impl Page for MailboxPage {}

impl Page for MailboxMessagePage {}
