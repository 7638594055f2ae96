//! One notice above the content of a page: what was done, what to mind, what went wrong.

use protocol::time::Seconds;

use crate::text::CommonTexts;

/// `parts/notice.html` writes it.
#[derive(Clone, Debug)]
pub struct Notice {
    pub tone: Tone,
    /// The fact, in bold.
    pub title: Option<String>,
    pub text: NoticeText,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something to know; nothing happened.
    Info,
    /// What the person asked for is done.
    Success,
    Warning,
    Danger,
}

#[derive(Clone, Debug)]
pub enum NoticeText {
    Plain(String),
    /// A sentence with `{seconds}` that `ui.js` counts down, and the one that follows it.
    Countdown {
        sentence: &'static str,
        seconds: i64,
        over: &'static str,
    },
}

impl Notice {
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, title: None, text: NoticeText::Plain(text.into()) }
    }

    pub fn success(text: impl Into<String>) -> Self {
        Self::new(Tone::Success, text)
    }

    pub fn warning(text: impl Into<String>) -> Self {
        Self::new(Tone::Warning, text)
    }

    pub fn danger(text: impl Into<String>) -> Self {
        Self::new(Tone::Danger, text)
    }

    /// Too many tries: wait so many seconds.
    pub fn wait(sentence: &'static str, seconds: i64, over: &'static str) -> Self {
        let seconds = super::parts::plural(seconds);
        Self { tone: Tone::Warning, title: None, text: NoticeText::Countdown { sentence, seconds, over } }
    }

    /// Too many tries of what may be tried so often only.
    pub fn throttled(texts: &CommonTexts, Seconds(seconds): Seconds) -> Self {
        Self::wait(texts.throttled, seconds, texts.wait_over)
    }

    /// Too many mails to one address, or for one network.
    pub fn too_many_mails(texts: &CommonTexts, Seconds(seconds): Seconds) -> Self {
        Self::wait(texts.too_many_mails, seconds, texts.wait_over)
    }

    #[must_use]
    pub fn titled(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    pub(super) fn class(&self) -> &'static str {
        match self.tone {
            Tone::Info => "notice info",
            Tone::Success => "notice success",
            Tone::Warning => "notice",
            Tone::Danger => "notice danger",
        }
    }

    /// WCAG 2.2, 4.1.3: assistive technology hears of a result without looking for it.
    pub(super) fn role(&self) -> &'static str {
        match self.tone {
            Tone::Info => "note",
            Tone::Success => "status",
            Tone::Warning | Tone::Danger => "alert",
        }
    }
}
