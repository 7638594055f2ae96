//! `[second_factor]`: what is accepted beside a password, and where it is spared.

use serde::{Deserialize, Serialize};

use super::problem::{Problem, none_or_within};

/// What is accepted beside a password, and where it is spared.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecondFactorConfig {
    /// A code by mail is accepted from people who have an authenticator app or a passkey and do not have it at hand. Whoever
    /// reads their mail then needs only their password, so it is off by default. It needs `mail.transport`.
    pub email_code: bool,

    /// A person may ask a browser to be spared the second factor for that long, at least 2 hours; 0: nowhere. Clients and pages that demand a
    /// second factor ask for it all the same. A lower value counts for browsers that were remembered before, too.
    /// Unit: seconds (default 30 days).
    pub remember_browser: i64,
}

impl Default for SecondFactorConfig {
    fn default() -> Self {
        Self { email_code: false, remember_browser: 30 * 86_400 }
    }
}

impl SecondFactorConfig {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        none_or_within(problems, "second_factor.remember_browser", self.remember_browser, 7_200..=365 * 86_400);
    }
}
