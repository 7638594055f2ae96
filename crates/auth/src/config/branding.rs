//! `[branding]`: what people read on the pages.

use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// What people read on the pages.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct BrandingConfig {
    /// The name at the top of every page.
    pub name: String,

    /// Whom to ask for help, shown on error pages: an e-mail address or an https URL.
    pub support_contact: Option<String>,
}

impl Default for BrandingConfig {
    fn default() -> Self {
        Self { name: "Countersign".to_owned(), support_contact: None }
    }
}

impl BrandingConfig {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        let length = self.name.chars().count();
        if !(1..=64).contains(&length) || self.name.chars().any(char::is_control) {
            problems.push(Problem::new(
                "branding.name",
                "is empty, too long or not plain text",
                "use 1 to 64 characters",
            ));
        }
        let shown = |contact: &str| {
            let plain = !contact.chars().any(|c| c.is_whitespace() || c.is_control()) && contact.len() <= 255;
            plain && (contact.starts_with("https://") || contact.contains('@'))
        };
        if self.support_contact.as_deref().is_some_and(|contact| !shown(contact)) {
            problems.push(Problem::new(
                "branding.support_contact",
                "is neither an e-mail address nor an https URL",
                "write for example help@example.com",
            ));
        }
    }
}
