//! `[api_keys]`: the keys that people make for their programs.

use protocol::time::Seconds;
use serde::{Deserialize, Serialize};

use super::problem::{Problem, none_or_within};

/// The keys that people make for their programs, each for one API.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKeysConfig {
    /// The longest time that a key may be made for; 0 lets people make keys that do not end.
    /// Unit: seconds (default 365 days).
    pub longest_lifetime: i64,
}

impl Default for ApiKeysConfig {
    fn default() -> Self {
        Self { longest_lifetime: 365 * 86_400 }
    }
}

impl ApiKeysConfig {
    /// `None`: a key need not end.
    pub fn longest(&self) -> Option<Seconds> {
        (self.longest_lifetime != 0).then_some(Seconds(self.longest_lifetime))
    }

    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        none_or_within(problems, "api_keys.longest_lifetime", self.longest_lifetime, 3_600..=3_650 * 86_400);
    }
}
