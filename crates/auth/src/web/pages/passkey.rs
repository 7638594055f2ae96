//! What `parts/passkey.html` writes: forms that `passkey.js` fills in, and what password managers are told. And the page of a
//! passkey as the second factor.

use askama::Template;

use super::Page;
use super::fields::Field;
use super::notice::Notice;
use super::parts::{AccountCard, Link, Shell};
use super::prelude::*;
use crate::web::headers::FormTargets;

/// A form for an authenticator's answer.
#[derive(Clone, Debug)]
pub struct PasskeyForm {
    pub action: String,
    /// Where `passkey.js` gets the options; it sends the hidden fields there.
    pub options: String,
    pub hidden: Vec<(&'static str, String)>,
    /// The id of the box *Keep me signed in on this device*, where the page has one.
    pub keep: Option<&'static str>,
    /// A box that has to be ticked before one is added.
    pub accept: Option<Field>,
    pub offered: Offered,
}

/// How somebody comes to use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    ByButton,
    /// And among the names that the browser offers in the input of kind `NameOrPasskey`.
    WithNames,
}

/// A person and their passkeys, as password managers know them.
#[derive(Clone, Debug)]
pub struct Signals {
    pub rp_id: String,
    pub user: String,
    /// Ids, separated by spaces.
    pub credentials: String,
    pub name: String,
    pub display_name: String,
}

/// `login/passkey.html`. Fields: `ceremony`, `credential`, `interaction`, `csrf`, all filled in by `passkey.js`.
#[derive(Clone, Debug, Template)]
#[template(path = "login/passkey.html")]
pub struct PasskeyPage {
    pub shell: Shell,
    pub account: AccountCard,
    pub notice: Option<Notice>,
    /// `None` where this server can have no passkeys.
    pub passkey: Option<PasskeyForm>,
    /// The RP ID, when a passkey was refused that nobody knows here.
    pub unknown: Option<String>,
    pub ways: Vec<Link>,
    pub other_account: String,
}

impl Page for PasskeyPage {
    fn form_targets(&self) -> FormTargets {
        FormTargets::Clients
    }
}

impl PasskeyForm {
    pub(super) fn is_offered_with_names(&self) -> bool {
        self.offered == Offered::WithNames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Template)]
    #[template(
        source = r#"{% import "parts/passkey.html" as keys %}{{ keys::script(shell) }}{{ keys::sign_in(form, shell.texts.passkey) }}{{ keys::add(form, shell.texts.passkey) }}{{ keys::known(signals) }}{{ keys::unknown(signals.rp_id) }}"#,
        ext = "html"
    )]
    struct Everything {
        shell: Shell,
        form: PasskeyForm,
        signals: Signals,
    }

    fn written(offered: Offered, keep: Option<&'static str>) -> String {
        let hidden = vec![("csrf", "a<b".to_owned())];
        let form = PasskeyForm {
            action: "/there".to_owned(),
            options: "/options".to_owned(),
            hidden,
            keep,
            accept: None,
            offered,
        };
        let text = |text: &str| text.to_owned();
        let signals = Signals {
            rp_id: text("example.com"),
            user: text("ada"),
            credentials: text("k1 k2"),
            name: text("\"><script>"),
            display_name: text("Ada"),
        };
        let shell = Shell::new(Locale::De, "Northwind", Mode::Production);
        Everything { shell, form, signals }.render().expect("written to memory")
    }

    #[test]
    fn forms_carry_what_the_script_needs_and_stay_hidden_without_it() {
        let html = written(Offered::WithNames, Some("keep"));
        for part in [
            r#"data-passkey="get" data-options="/options" data-conditional data-keep="keep" hidden>"#,
            r#"data-passkey="create" data-options="/options" hidden>"#,
            r#"<input type="hidden" name="csrf" value="a&#60;b">"#,
            r#"<input type="hidden" name="ceremony" value="">"#,
            r#"<input type="hidden" name="credential" value="">"#,
            r#"<input type="hidden" name="keep" value="">"#,
            r#"role="alert" data-passkey-alert data-cancelled="Das wurde abgebrochen"#,
            r#"data-signal="all" data-rp="example.com" data-user="ada" data-credentials="k1 k2""#,
            r#"data-signal="unknown" data-rp="example.com""#,
            r#"<script src="/static/passkey."#,
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("\"><script>"), "{html}");
        let plain = written(Offered::ByButton, None);
        assert!(!plain.contains("data-conditional") && !plain.contains(r#"name="keep""#), "{plain}");
    }

    /// The budget of a page: docs/pages.md.
    #[test]
    fn the_scripts_of_a_page_are_small() {
        let size = |name: &str| {
            let asset = crate::web::assets::all().iter().find(|asset| asset.name == name);
            asset.expect("a file of ours").body.len()
        };
        assert!(size("passkey.js") + size("ui.js") <= 8 * 1024, "{} {}", size("passkey.js"), size("ui.js"));
    }
}
