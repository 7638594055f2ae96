//! The mails that there are, and what each says. A [`Message`] becomes a [`Written`]: subject, text and HTML in one language.
//!
//! One layout serves all (`templates/mail/`); the words are in `web/text/mail.rs`. A mail shows no picture and loads nothing, so
//! that reading it tells nobody anything.

use askama::Template;
use protocol::action_token::{CODE_LIFETIME, Purpose};
use protocol::mail::Notice;
use protocol::time::{Seconds, Timestamp};
use serde::{Deserialize, Serialize};

use crate::calendar;
use crate::text::{Locale, MailTexts, Piece, pieces};

/// A notice is of use for a day, and so is whatever says nothing else.
const A_DAY: Seconds = Seconds::days(1);

/// Links are whole addresses.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    SignUp {
        link: &'a str,
        code: &'a str,
    },
    /// Somebody signed up with the address of an account. Pages never say that there is one.
    SignUpKnown {
        sign_in: &'a str,
        recover: &'a str,
    },
    Recover {
        link: &'a str,
    },
    SecondFactorCode {
        code: &'a str,
    },
    /// To the new address. `account`: the name of the account that asks, for an owner of the address who did not.
    ChangeEmail {
        account: &'a str,
        link: &'a str,
        code: &'a str,
    },
    Invite {
        link: &'a str,
    },
    DeletionScheduled {
        due: Timestamp,
        cancel: &'a str,
    },
    Notice(Notice),
    Test,
}

/// What every mail needs to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    pub(crate) brand: &'a str,
    pub(crate) locale: Locale,
    /// Where somebody looks after the account.
    pub(crate) account: &'a str,
    pub(crate) now: Timestamp,
}

/// A mail as it leaves the house, but for the addresses.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Written {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    /// The tag of the language.
    pub(crate) language: String,
}

/// What the templates lay out.
#[derive(Debug, Default)]
struct Letter {
    subject: String,
    title: String,
    /// Before the code and the buttons.
    before: Vec<String>,
    code: Option<String>,
    buttons: Vec<Button>,
    /// After them, smaller.
    after: Vec<String>,
}

#[derive(Debug)]
struct Button {
    label: String,
    href: String,
}

#[derive(Template)]
#[template(path = "mail/message.html")]
struct Html<'a> {
    letter: &'a Letter,
    brand: &'a str,
    locale: Locale,
}

#[derive(Template)]
#[template(path = "mail/message.txt")]
struct Text<'a> {
    letter: &'a Letter,
    brand: &'a str,
}

impl Message<'_> {
    /// The name of the message in the outbox.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::SignUp { .. } => "sign_up",
            Self::SignUpKnown { .. } => "sign_up_known",
            Self::Recover { .. } => "recover",
            Self::SecondFactorCode { .. } => "second_factor_code",
            Self::ChangeEmail { .. } => "change_email",
            Self::Invite { .. } => "invite",
            Self::DeletionScheduled { .. } => "deletion_scheduled",
            Self::Notice(notice) => notice.name(),
            Self::Test => "test",
        }
    }

    /// After this time nobody could do anything with it.
    pub(crate) fn useful_for(&self) -> Seconds {
        let lifetime = match self {
            Self::SignUp { .. } => Purpose::SignUp.lifetime(),
            Self::Recover { .. } => Purpose::Recover.lifetime(),
            Self::SecondFactorCode { .. } => Purpose::SecondFactorCode.lifetime(),
            Self::ChangeEmail { .. } => Purpose::ChangeEmail.lifetime(),
            Self::SignUpKnown { .. }
            | Self::Notice(_)
            | Self::Test
            | Self::Invite { .. }
            | Self::DeletionScheduled { .. } => A_DAY,
        };
        lifetime.min(A_DAY)
    }

    pub(crate) fn write(&self, about: &About<'_>) -> Written {
        let letter = self.letter(&Words { texts: &about.locale.texts().mail, about });
        let (brand, locale) = (about.brand, about.locale);
        let html = Html { letter: &letter, brand, locale }.render().expect("texts always fit into a template");
        let text = Text { letter: &letter, brand }.render().expect("texts always fit into a template");
        Written { subject: letter.subject, text, html, language: locale.tag().to_owned() }
    }

    fn letter(&self, words: &Words<'_>) -> Letter {
        let t = words.texts;
        match self {
            Self::SignUp { link, code } => Letter {
                before: words.each(&[t.sign_up_why, t.sign_up_how]),
                code: Some((*code).to_owned()),
                buttons: vec![Button::new(t.sign_up_button, link)],
                after: vec![words.code_lifetime(), words.link_lifetime(Purpose::SignUp), t.ignore.to_owned()],
                ..words.entitled(t.sign_up_subject)
            },
            Self::SignUpKnown { sign_in, recover } => Letter {
                before: words.each(&[t.sign_up_known_why, t.sign_up_known_how]),
                buttons: vec![Button::new(t.sign_in_button, sign_in), Button::new(t.new_password_button, recover)],
                after: words.each(&[t.ignore]),
                ..words.entitled(t.sign_up_known_subject)
            },
            Self::Recover { link } => Letter {
                before: words.each(&[t.recover_why]),
                buttons: vec![Button::new(t.new_password_button, link)],
                after: vec![words.link_lifetime(Purpose::Recover), t.ignore.to_owned()],
                ..words.entitled(t.recover_subject)
            },
            Self::SecondFactorCode { code } => Letter {
                before: words.each(&[t.second_factor_why]),
                code: Some((*code).to_owned()),
                after: vec![words.code_lifetime(), t.second_factor_not_you.to_owned()],
                ..words.entitled(t.second_factor_subject)
            },
            Self::ChangeEmail { account, link, code } => Letter {
                before: vec![words.fill(t.change_email_why, account), t.change_email_how.to_owned()],
                code: Some((*code).to_owned()),
                buttons: vec![Button::new(t.sign_up_button, link)],
                after: vec![words.code_lifetime(), words.link_lifetime(Purpose::ChangeEmail), t.ignore.to_owned()],
                ..words.entitled(t.change_email_subject)
            },
            Self::Invite { link } => Letter {
                before: words.each(&[t.invite_why]),
                buttons: vec![Button::new(t.invite_button, link)],
                after: vec![words.link_lifetime(Purpose::Invite)],
                ..words.entitled(t.invite_subject)
            },
            Self::DeletionScheduled { due, cancel } => Letter {
                before: vec![words.fill(t.deletion_why, &calendar::minute(*due))],
                buttons: vec![Button::new(t.deletion_button, cancel)],
                after: vec![words.when(), t.notice_not_you.to_owned()],
                ..words.entitled(t.deletion_subject)
            },
            Self::Notice(notice) => words.notice(*notice),
            Self::Test => Letter { before: words.each(&[t.test_why]), ..words.entitled(t.test_subject) },
        }
    }
}

/// The sentences of one language, with what goes into their holes.
struct Words<'a> {
    texts: &'static MailTexts,
    about: &'a About<'a>,
}

impl Words<'_> {
    /// `other`: what goes into the hole beside `{brand}`.
    fn fill(&self, sentence: &str, other: &str) -> String {
        let words = |piece| match piece {
            Piece::Text(words) => words,
            Piece::Hole("brand") => self.about.brand,
            Piece::Hole(_) => other,
        };
        pieces(sentence).into_iter().map(words).collect()
    }

    fn each(&self, sentences: &[&str]) -> Vec<String> {
        sentences.iter().map(|sentence| self.fill(sentence, "")).collect()
    }

    fn entitled(&self, subject: &str) -> Letter {
        let subject = self.fill(subject, "");
        Letter { title: subject.clone(), subject, ..Letter::default() }
    }

    fn notice(&self, notice: Notice) -> Letter {
        let t = self.texts;
        let (subject, what) = notice_words(t, notice);
        let mut letter = Letter { before: vec![self.fill(what, ""), self.when()], ..self.entitled(subject) };
        match notice {
            // Whoever reads it has no account there any more.
            Notice::AccountDeleted | Notice::EmailChanged => letter.after = self.each(&[t.notice_not_you_no_account]),
            _ => {
                letter.buttons = vec![Button::new(t.notice_button, self.about.account)];
                letter.after = self.each(&[t.notice_not_you]);
            }
        }
        letter
    }

    fn link_lifetime(&self, purpose: Purpose) -> String {
        self.fill(self.texts.link_lifetime, &self.span(purpose.lifetime()))
    }

    fn code_lifetime(&self) -> String {
        self.fill(self.texts.code_lifetime, &self.span(CODE_LIFETIME))
    }

    fn when(&self) -> String {
        self.fill(self.texts.notice_when, &calendar::minute(self.about.now))
    }

    /// In the largest unit that it is some of.
    fn span(&self, Seconds(seconds): Seconds) -> String {
        let (minute, hour, day) = (60, 3_600, 86_400);
        if seconds >= 2 * day {
            self.fill(self.texts.days, &(seconds / day).to_string())
        } else if seconds >= 2 * hour {
            self.fill(self.texts.hours, &(seconds / hour).to_string())
        } else if seconds >= hour {
            self.texts.one_hour.to_owned()
        } else {
            self.fill(self.texts.minutes, &(seconds / minute).max(2).to_string())
        }
    }
}

impl Button {
    fn new(label: &str, href: &str) -> Self {
        Self { label: label.to_owned(), href: href.to_owned() }
    }
}

/// Subject and first sentence.
fn notice_words(t: &MailTexts, notice: Notice) -> (&'static str, &'static str) {
    match notice {
        Notice::PasswordChanged => (t.password_changed_subject, t.password_changed),
        Notice::PasswordReset => (t.password_reset_subject, t.password_reset),
        Notice::PasskeyAdded => (t.passkey_added_subject, t.passkey_added),
        Notice::PasskeyRemoved => (t.passkey_removed_subject, t.passkey_removed),
        Notice::TotpAdded => (t.totp_added_subject, t.totp_added),
        Notice::TotpRemoved => (t.totp_removed_subject, t.totp_removed),
        Notice::RecoveryCodesMade => (t.recovery_codes_made_subject, t.recovery_codes_made),
        Notice::RecoveryCodeUsed => (t.recovery_code_used_subject, t.recovery_code_used),
        Notice::SecondFactorFailed => (t.second_factor_failed_subject, t.second_factor_failed),
        Notice::ApiKeyCreated => (t.api_key_created_subject, t.api_key_created),
        Notice::ApiKeyRotated => (t.api_key_rotated_subject, t.api_key_rotated),
        Notice::ApiKeyRevoked => (t.api_key_revoked_subject, t.api_key_revoked),
        Notice::EmailChanged => (t.email_changed_subject, t.email_changed),
        Notice::NewDevice => (t.new_device_subject, t.new_device),
        Notice::DeletionCancelled => (t.deletion_cancelled_subject, t.deletion_cancelled),
        Notice::AccountDeleted => (t.account_deleted_subject, t.account_deleted),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One of each.
    pub(crate) fn all() -> Vec<Message<'static>> {
        let link = "https://id.example.com/signup/t1.secret";
        let mut all = vec![
            Message::SignUp { link, code: "12345678" },
            Message::SignUpKnown { sign_in: "https://id.example.com/login", recover: "https://id.example.com/recover" },
            Message::Recover { link },
            Message::SecondFactorCode { code: "12345678" },
            Message::ChangeEmail { account: "alice", link, code: "12345678" },
            Message::Invite { link },
            Message::DeletionScheduled { due: Timestamp(1_795_977_600), cancel: link },
            Message::Test,
        ];
        all.extend(Notice::ALL.iter().map(|notice| Message::Notice(*notice)));
        all
    }

    fn write(message: &Message<'_>, locale: Locale, brand: &str) -> Written {
        let account = "https://id.example.com/account/security";
        message.write(&About { brand, locale, account, now: Timestamp(1_800_000_000) })
    }

    #[test]
    fn every_message_exists_in_every_language_and_both_forms() {
        for message in all() {
            let written = Locale::ALL.map(|locale| write(&message, locale, "Example"));
            assert_ne!(written[0].subject, written[1].subject, "{}", message.kind());
            for written in written {
                for form in [&written.subject, &written.text, &written.html] {
                    assert!(!form.is_empty() && !form.contains(['{', '}']) || form.contains("@media"), "{form}");
                }
                assert!(written.text.starts_with(&written.subject), "{}", written.text);
                assert!(written.html.contains(&format!("lang=\"{}\"", written.language)), "{}", written.html);
                assert!(written.subject.chars().count() <= 60, "{}", written.subject);
            }
        }
    }

    #[test]
    fn what_is_to_be_clicked_or_typed_is_in_both_forms_and_never_in_the_subject() {
        let link = "https://id.example.com/signup/t1.secret";
        let written = write(&Message::SignUp { link, code: "12345678" }, Locale::De, "Example");
        for form in [&written.text, &written.html] {
            assert!(form.contains(link) && form.contains("12345678"), "{form}");
            assert!(form.contains("10 Minuten") && form.contains("1 Stunde"), "{form}");
        }
        assert!(!written.subject.contains("12345678"));
    }

    #[test]
    fn nothing_is_loaded_from_anywhere() {
        for message in all() {
            let html = write(&message, Locale::En, "Example").html;
            for loads in ["<img", "<script", "<link", "src=", "url(", "@import", "<iframe"] {
                assert!(!html.contains(loads), "{loads} in {html}");
            }
            assert!(html.len() < 8_000, "{} has {} bytes", message.kind(), html.len());
        }
    }

    #[test]
    fn a_name_or_link_cannot_write_html() {
        let written = write(&Message::Recover { link: "https://x.example/\"><b>" }, Locale::En, "<i>& Co");
        assert!(!written.html.contains("<b>") && !written.html.contains("<i>"), "{}", written.html);
        assert!(written.text.contains("<i>& Co"), "the text is plain: {}", written.text);
    }

    #[test]
    fn a_mail_is_not_sent_when_its_link_is_over() {
        assert_eq!(Message::SecondFactorCode { code: "1" }.useful_for(), Seconds::minutes(10));
        assert_eq!(Message::Notice(Notice::NewDevice).useful_for(), A_DAY);
        assert_eq!(Message::Invite { link: "" }.useful_for(), A_DAY);
    }

    #[test]
    fn a_notice_says_when() {
        let written = write(&Message::Notice(Notice::PasswordChanged), Locale::En, "Example");
        assert!(written.text.contains("2027-01-15 08:00 UTC"), "{}", written.text);
        assert!(written.text.contains("https://id.example.com/account/security"), "{}", written.text);
    }
}
