//! `[protocol_log]`: what is kept of each client's requests, so that a refusal can be explained.

use serde::{Deserialize, Serialize};

use super::problem::{Problem, within};

/// What clients asked and how it ended, for `countersign tail` and `countersign explain`. No token, code or secret is in it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProtocolLogConfig {
    /// Whether exchanges are kept.
    pub enabled: bool,

    /// So many are kept of each client; older ones are deleted.
    pub exchanges_per_client: i64,
}

impl Default for ProtocolLogConfig {
    fn default() -> Self {
        Self { enabled: true, exchanges_per_client: 500 }
    }
}

impl ProtocolLogConfig {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        within(problems, "protocol_log.exchanges_per_client", self.exchanges_per_client, 1..=100_000);
    }
}
