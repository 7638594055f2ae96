//! `[tokens]`: how long codes and tokens live.

use serde::{Deserialize, Serialize};

use super::problem::{Problem, within};

/// How long codes and tokens live.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokensConfig {
    /// Time between the redirect back to the client and the client's token request.
    /// Unit: seconds (at most 600, RFC 6749 §4.1.2).
    pub authorization_code_lifetime: i64,

    /// Life of an access token, unless its API sets its own.
    /// Unit: seconds.
    pub access_token_lifetime: i64,

    /// Life of an ID token.
    /// Unit: seconds.
    pub id_token_lifetime: i64,

    /// A refresh token that nobody used for that long is dead.
    /// Unit: seconds (default 14 days).
    pub refresh_token_idle: i64,

    /// A sign-in lasts no longer than that, however often it is refreshed.
    /// Unit: seconds (default 90 days).
    pub refresh_token_lifetime: i64,

    /// For that long a client that lost the answer to a refresh may ask again with the previous token and gets the same
    /// successor. 0 is strict: every second use ends the sign-in.
    /// Unit: seconds.
    pub refresh_token_retry_window: i64,
}

impl Default for TokensConfig {
    fn default() -> Self {
        Self {
            authorization_code_lifetime: 60,
            access_token_lifetime: 600,
            id_token_lifetime: 600,
            refresh_token_idle: 14 * 86_400,
            refresh_token_lifetime: 90 * 86_400,
            refresh_token_retry_window: 30,
        }
    }
}

impl TokensConfig {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        // RFC 6749 §4.1.2: "A maximum authorization code lifetime of 10 minutes is RECOMMENDED."
        within(problems, "tokens.authorization_code_lifetime", self.authorization_code_lifetime, 5..=600);
        within(problems, "tokens.access_token_lifetime", self.access_token_lifetime, 30..=86_400);
        within(problems, "tokens.id_token_lifetime", self.id_token_lifetime, 30..=86_400);
        within(problems, "tokens.refresh_token_lifetime", self.refresh_token_lifetime, 60..=2 * 365 * 86_400);
        within(problems, "tokens.refresh_token_idle", self.refresh_token_idle, 60..=self.refresh_token_lifetime);
        within(problems, "tokens.refresh_token_retry_window", self.refresh_token_retry_window, 0..=300);
    }
}
