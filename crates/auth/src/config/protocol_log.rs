//! `[protocol_log]`: what is kept of each client's requests, so that a refusal can be explained.

use serde::{Deserialize, Serialize};

use super::problem::{Problem, within};

/// What clients asked and how it ended, for `countersign tail` and `countersign explain`. No token, code or secret is in it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProtocolLogConfig {
    /// Whether exchanges are kept.
    pub enabled: bool,

    /// So many are kept of each client, and as many again of those that anybody could have sent in its name; older ones are
    /// deleted.
    pub exchanges_per_client: i64,

    /// What is older is deleted.
    /// Unit: seconds (default 7 days).
    pub lifetime: i64,
}

impl Default for ProtocolLogConfig {
    fn default() -> Self {
        Self { enabled: true, exchanges_per_client: 500, lifetime: 7 * 86_400 }
    }
}

impl ProtocolLogConfig {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        within(problems, "protocol_log.exchanges_per_client", self.exchanges_per_client, 1..=100_000);
        within(problems, "protocol_log.lifetime", self.lifetime, 3600..=365 * 86_400);
    }
}
