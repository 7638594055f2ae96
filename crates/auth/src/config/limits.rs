//! `[limits]`: how much one peer may ask for.

use serde::{Deserialize, Serialize};

use super::problem::{Problem, within};

/// How much one peer may ask for, and how long that may take.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Wrong passwords for one account before its next tries are delayed (1, 2, 4 … 60 seconds).
    pub failed_logins_per_account: u32,

    /// Wrong passwords from one network (an IPv4 address or an IPv6 /64) before its next tries are delayed.
    pub failed_logins_per_network: u32,

    /// Wrong passwords are forgotten after that time without another one.
    /// Unit: seconds (default 15 minutes).
    pub failed_logins_window: i64,

    /// Sign-ins that one network may begin in a minute; each waits in the database until it is finished or expires. As many
    /// request objects are fetched for its links.
    pub interactions_per_minute: u32,

    /// Largest body of a request; more is refused with 413.
    /// Unit: bytes.
    pub body_bytes: usize,

    /// Time for a client to send the head of its request.
    /// Unit: seconds.
    pub header_timeout: u64,

    /// Time for a handler to answer; afterwards the client gets 503.
    /// Unit: seconds.
    pub handler_timeout: u64,

    /// How long an idle connection stays open for the next request.
    /// Unit: seconds.
    pub keep_alive: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            failed_logins_per_account: 5,
            failed_logins_per_network: 100,
            failed_logins_window: 900,
            interactions_per_minute: 600,
            body_bytes: 65_536,
            header_timeout: 5,
            handler_timeout: 10,
            keep_alive: 60,
        }
    }
}

impl LimitsConfig {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        within(problems, "limits.failed_logins_per_account", self.failed_logins_per_account, 1..=100);
        within(problems, "limits.failed_logins_per_network", self.failed_logins_per_network, 1..=100_000);
        within(problems, "limits.failed_logins_window", self.failed_logins_window, 60..=86_400);
        within(problems, "limits.interactions_per_minute", self.interactions_per_minute, 1..=1_000_000);
        within(problems, "limits.body_bytes", self.body_bytes, 8_192..=1_048_576);
        within(problems, "limits.header_timeout", self.header_timeout, 1..=120);
        within(problems, "limits.handler_timeout", self.handler_timeout, 1..=120);
        within(problems, "limits.keep_alive", self.keep_alive, 1..=3_600);
    }
}
