//! Forms and their inputs: what they ask for, what was wrong with it, and what browsers and password managers have to know.
//!
//! `parts/form.html` writes a [`Form`], `parts/field.html` each [`Field`]; no other template has a visible input. The kind
//! of a field decides its `type`, `autocomplete` and keyboard, so that no page can get them wrong.

use super::TickBox;
use crate::text::{Texts, fill};

/// A form that posts to this server. Its summary of what was wrong comes with it.
#[derive(Clone, Debug)]
pub struct Form {
    pub action: String,
    /// What goes along unseen: `csrf`, `interaction` and whatever else the server reads again.
    pub hidden: Vec<(&'static str, String)>,
    pub fields: Vec<Field>,
    pub submit: Submit,
}

/// The one button that sends a form.
#[derive(Clone, Debug)]
pub struct Submit {
    pub id: &'static str,
    pub label: &'static str,
    pub weight: Weight,
}

/// How much a button stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// What most people came for. One on a page.
    Primary,
    Plain,
    /// It takes something away.
    Danger,
}

impl Form {
    pub fn new(action: impl Into<String>, csrf: impl Into<String>, id: &'static str, label: &'static str) -> Self {
        let submit = Submit { id, label, weight: Weight::Primary };
        Self { action: action.into(), hidden: vec![("csrf", csrf.into())], fields: Vec::new(), submit }
    }

    #[must_use]
    pub fn hidden(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push((name, value.into()));
        self
    }

    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    #[must_use]
    pub fn weight(mut self, weight: Weight) -> Self {
        self.submit.weight = weight;
        self
    }

    /// The fields with what is wrong with them, for the summary above the form.
    pub(super) fn refused(&self) -> Vec<(&'static str, &str)> {
        self.fields.iter().filter_map(|field| Some((field.id, field.error()?))).collect()
    }
}

impl Submit {
    pub(super) fn class(&self) -> &'static str {
        match self.weight {
            Weight::Primary => "button primary",
            Weight::Plain => "button",
            Weight::Danger => "button danger",
        }
    }
}

/// One visible input.
#[derive(Clone, Debug)]
pub struct Field {
    /// Also the name that the form sends it by.
    pub id: &'static str,
    pub label: &'static str,
    /// What stands in it already. Never a password.
    pub value: String,
    pub kind: FieldKind,
    pub state: FieldState,
    /// A sentence below the label that says what is expected.
    pub hint: Option<String>,
    pub need: Need,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Who signs in: e-mail address or user name.
    Name,
    /// The same where the browser may offer passkeys in the list of names (`passkey.js` asks it to).
    NameOrPasskey,
    /// A user name that is known: out of sight, for password managers.
    CarriedName,
    EmailAddress,
    CurrentPassword,
    /// For a password of at least so many characters.
    NewPassword {
        least: usize,
    },
    /// Digits that change or come by mail. One input, so that a whole code can be pasted.
    OneTimeCode,
    /// The same with so many digits; with the last one, `ui.js` sends the form, and the page says so before.
    SentCode {
        digits: usize,
    },
    RecoveryCode,
    /// One line about the person, by its `autocomplete` token: `name`, `nickname`, `tel`; `off` where there is none.
    Text(&'static str),
    /// One of several: what is sent, and its words.
    Choice(Vec<(String, String)>),
    /// Several boxes to tick under one heading, each of which sends its value. At least one is meant to be.
    Several(Vec<TickBox>),
    /// A box to tick, which sends `yes`. The label is the sentence beside it.
    Tick(Ticked),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ticked {
    No,
    Yes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldState {
    Plain,
    /// With a mouse it is ready to type.
    Focused,
    /// Wrong, as the notice with the id `alert` says.
    Invalid,
    /// Wrong, as this sentence says.
    Refused(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Required,
    Optional,
}

impl Field {
    pub fn new(kind: FieldKind, id: &'static str, label: &'static str) -> Self {
        let (value, state) = (String::new(), FieldState::Plain);
        Self { id, label, value, kind, state, hint: None, need: Need::Required }
    }

    /// A new password, with the rule that it has to meet.
    pub fn new_password(texts: &Texts, id: &'static str, label: &'static str, least: usize) -> Self {
        let rule = fill(texts.field.password_rule, &least.to_string());
        Self::new(FieldKind::NewPassword { least }, id, label).hint(rule)
    }

    #[must_use]
    pub fn value(self, value: impl Into<String>) -> Self {
        Self { value: value.into(), ..self }
    }

    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    #[must_use]
    pub fn state(self, state: FieldState) -> Self {
        Self { state, ..self }
    }

    #[must_use]
    pub fn optional(self) -> Self {
        Self { need: Need::Optional, ..self }
    }

    /// With what is wrong, if anything is.
    #[must_use]
    pub fn refused(self, sentence: Option<String>) -> Self {
        match sentence {
            Some(sentence) => self.state(FieldState::Refused(sentence)),
            None => self,
        }
    }

    pub(super) fn error(&self) -> Option<&str> {
        match &self.state {
            FieldState::Refused(sentence) => Some(sentence),
            FieldState::Plain | FieldState::Focused | FieldState::Invalid => None,
        }
    }

    pub(super) fn is_focused(&self) -> bool {
        self.state == FieldState::Focused
    }

    pub(super) fn is_invalid(&self) -> bool {
        matches!(self.state, FieldState::Invalid | FieldState::Refused(_))
    }

    /// The ids of what describes this field: what is wrong first.
    pub(super) fn described_by(&self) -> Option<String> {
        let error = match self.state {
            FieldState::Invalid => Some("alert".to_owned()),
            FieldState::Refused(_) => Some(format!("{}-error", self.id)),
            FieldState::Plain | FieldState::Focused => None,
        };
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.id));
        let ids: Vec<String> = error.into_iter().chain(hint).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use askama::Template;

    use super::*;
    use crate::web::pages::prelude::*;
    use crate::web::pages::{Notice, Shell};

    #[derive(Template)]
    #[template(source = "{% include \"parts/form.html\" %}", ext = "html")]
    struct OneForm {
        shell: Shell,
        form: Form,
    }

    #[derive(Template)]
    #[template(source = "{% import \"parts/words.html\" as words %}{% include \"parts/notice.html\" %}", ext = "html")]
    struct OneNotice {
        notice: Notice,
    }

    fn written(field: Field) -> String {
        let shell = Shell::new(Locale::En, "Northwind", Mode::Production);
        let form = Form::new("/there", "secret", "send", "Send").hidden("interaction", "i1").field(field);
        OneForm { shell, form }.render().expect("a page is written to memory")
    }

    /// What password managers, browsers and keyboards go by (WCAG 2.2, 1.3.5).
    #[test]
    fn every_kind_says_what_it_is_for() {
        let kinds: [(FieldKind, &[&str]); 12] = [
            (FieldKind::Name, &[r#"autocomplete="username""#, r#"autocapitalize="none""#]),
            (FieldKind::NameOrPasskey, &[r#"autocomplete="username webauthn""#]),
            (FieldKind::CarriedName, &[r#"autocomplete="username""#, "visually-hidden", r#"tabindex="-1""#]),
            (FieldKind::EmailAddress, &[r#"type="email""#, r#"autocomplete="email""#]),
            (FieldKind::CurrentPassword, &[r#"type="password""#, r#"autocomplete="current-password""#, "data-reveal"]),
            (
                FieldKind::NewPassword { least: 12 },
                &[r#"type="password""#, r#"autocomplete="new-password""#, r#"passwordrules="minlength: 12;"#],
            ),
            (FieldKind::OneTimeCode, &[r#"inputmode="numeric""#, r#"autocomplete="one-time-code""#, r#"dir="ltr""#]),
            (
                FieldKind::SentCode { digits: 6 },
                &[r#"autocomplete="one-time-code""#, r#"data-sends="it" data-digits="6" hidden>"#],
            ),
            (FieldKind::RecoveryCode, &[r#"autocomplete="off""#, r#"dir="ltr""#]),
            (FieldKind::Text("nickname"), &[r#"autocomplete="nickname""#, r#"dir="auto""#]),
            (FieldKind::Choice(vec![("de".to_owned(), "Deutsch".to_owned())]), &["<select", r#"value="de" selected"#]),
            (FieldKind::Tick(Ticked::Yes), &[r#"type="checkbox""#, r#"value="yes" checked"#]),
        ];
        for (kind, expected) in kinds {
            let html = written(Field::new(kind.clone(), "it", "Label").value("de"));
            for part in expected {
                assert!(html.contains(part), "{part} for {kind:?}:\n{html}");
            }
            let is_password = matches!(kind, FieldKind::CurrentPassword | FieldKind::NewPassword { .. });
            let is_code = matches!(kind, FieldKind::OneTimeCode | FieldKind::SentCode { .. } | FieldKind::RecoveryCode);
            let sends_value_back = html.contains(r#"id="it" name="it" value="de""#);
            assert!(!((is_password || is_code) && sends_value_back), "a secret comes back: {html}");
            assert!(!html.contains("maxlength=") && !html.contains("onpaste"), "a paste is cut: {html}");
            assert!(html.contains("for=\"it\"") || html.contains("<label class=\"check\">"), "{html}");
        }
    }

    #[test]
    fn what_is_wrong_stands_above_the_form_and_at_the_field() {
        let shell = Shell::new(Locale::En, "Northwind", Mode::Production);
        let field = Field::new_password(shell.texts, "new-password", "New password", 8);
        let html = written(field.clone().refused(Some("Too <short>.".to_owned())));
        let alert = html.find("role=\"alert\"").expect("a summary");
        assert!(alert < html.find("<form").expect("a form"), "{html}");
        assert!(html.contains(r##"<a href="#new-password">Too &#60;short&#62;.</a>"##), "{html}");
        assert!(html.contains(r#"<p class="error" id="new-password-error">"#), "{html}");
        assert!(html.contains(r#"aria-describedby="new-password-error new-password-hint""#), "{html}");
        let html = written(field.refused(None));
        assert!(!html.contains("alert") && !html.contains("aria-invalid"), "{html}");
        assert!(html.contains(r#"aria-describedby="new-password-hint""#), "{html}");
        let optional = written(Field::new(FieldKind::Text("name"), "name", "Name").optional());
        assert!(!optional.contains("required"), "{optional}");
    }

    #[test]
    fn a_notice_is_announced_as_what_it_is() {
        let role = |notice: Notice| OneNotice { notice }.render().expect("written to memory");
        assert!(role(Notice::success("Saved.")).contains(r#"role="status""#));
        assert!(
            role(Notice::danger("No.").titled("Wrong")).contains(r#"role="alert" id="alert" tabindex="-1" autofocus"#)
        );
        let waiting = role(Notice::wait("Wait {seconds} seconds", 1, "Now"));
        assert!(waiting.contains("data-countdown=\"2\"") && waiting.contains("<span>2</span>"), "{waiting}");
    }
}
