//! `[accounts]`: how people get an account and how it ends.

use protocol::feature::Feature;
use serde::{Deserialize, Serialize};
use url::Url;

use super::problem::{Problem, none_or_within, within};

/// How people get an account and how it ends.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountsConfig {
    /// Who may sign up: `closed` (nobody; accounts are made by an administrator), `invite` (whoever an administrator invited),
    /// `open` (everybody). Whoever signs up proves an e-mail address, so `mail.transport` has to be on.
    pub sign_up: SignUp,

    /// The terms of use; people who sign up accept them.
    pub terms_uri: Option<String>,

    /// The privacy policy, linked from the pages.
    pub privacy_uri: Option<String>,

    /// An account whose owner deleted it can be had back for that long: 0 (not at all), or at least 2 days.
    /// Unit: seconds (default 7 days).
    pub deletion_grace: i64,

    /// How long people can look up what happened to their account.
    /// Unit: seconds (default 180 days).
    pub security_log_lifetime: i64,
}

/// Who may sign up.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUp {
    #[default]
    Closed,
    Invite,
    Open,
}

impl Default for AccountsConfig {
    fn default() -> Self {
        Self {
            sign_up: SignUp::Closed,
            terms_uri: None,
            privacy_uri: None,
            deletion_grace: 7 * 86_400,
            security_log_lifetime: 180 * 86_400,
        }
    }
}

impl AccountsConfig {
    pub(super) fn features(&self) -> impl Iterator<Item = Feature> {
        (self.sign_up == SignUp::Open).then_some(Feature::SignUp).into_iter()
    }

    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        for (key, uri) in [("accounts.terms_uri", &self.terms_uri), ("accounts.privacy_uri", &self.privacy_uri)] {
            if let Some(uri) = uri
                && !Url::parse(uri).is_ok_and(|url| url.scheme() == "https")
            {
                problems.push(Problem::new(key, format!("{uri} is no https address"), "write it with https://"));
            }
        }
        none_or_within(problems, "accounts.deletion_grace", self.deletion_grace, 2 * 86_400..=90 * 86_400);
        within(problems, "accounts.security_log_lifetime", self.security_log_lifetime, 86_400..=3_650 * 86_400);
    }
}
