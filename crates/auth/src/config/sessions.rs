//! `[sessions]`: how long a browser stays signed in.

use serde::{Deserialize, Serialize};

use super::problem::{Problem, within};

/// How long a browser stays signed in at this server.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionsConfig {
    /// A session that was not used for that long ends.
    /// Unit: seconds (default 12 hours).
    pub idle: i64,

    /// A session ends after that time, used or not.
    /// Unit: seconds (default 7 days).
    pub lifetime: i64,

    /// As `idle`, for people who asked to stay signed in.
    /// Unit: seconds (default 30 days).
    pub keep_idle: i64,

    /// As `lifetime`, for people who asked to stay signed in.
    /// Unit: seconds (default 30 days).
    pub keep_lifetime: i64,

    /// Time to finish signing in, from the first page to the redirect back.
    /// Unit: seconds (default 1 hour).
    pub interaction_lifetime: i64,

    /// How many people can be signed in in one browser at the same time, each chosen when an app asks. With 1 whoever signs in
    /// signs out the one before.
    pub accounts_per_browser: usize,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self {
            idle: 12 * 3_600,
            lifetime: 7 * 86_400,
            keep_idle: 30 * 86_400,
            keep_lifetime: 30 * 86_400,
            interaction_lifetime: 3_600,
            accounts_per_browser: 5,
        }
    }
}

impl SessionsConfig {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        within(problems, "sessions.lifetime", self.lifetime, 60..=365 * 86_400);
        within(problems, "sessions.idle", self.idle, 60..=self.lifetime);
        within(problems, "sessions.keep_lifetime", self.keep_lifetime, 60..=365 * 86_400);
        within(problems, "sessions.keep_idle", self.keep_idle, 60..=self.keep_lifetime);
        within(problems, "sessions.interaction_lifetime", self.interaction_lifetime, 60..=86_400);
        within(problems, "sessions.accounts_per_browser", self.accounts_per_browser, 1..=10);
    }
}
