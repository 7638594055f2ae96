//! `[keys]`: where the signing keys live and how often they change.

use std::path::PathBuf;

use protocol::signing::SigningAlgorithm;
use serde::{Deserialize, Serialize};

use super::problem::{Problem, within};

/// Where the signing keys live and how often they change.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeysConfig {
    /// The directory of the key files, readable by nobody else. Missing keys are made at start.
    pub directory: PathBuf,

    /// The algorithms to keep a key for: `RS256`, `PS256`, `ES256`, `ES384`, `EdDSA`. OpenID Connect demands `RS256`.
    pub algorithms: Vec<SigningAlgorithm>,

    /// A new key is announced when the newest one of its algorithm is that old.
    /// Unit: seconds (default 90 days).
    pub rotation_interval: i64,

    /// How long a new key stands in the key set before it signs, so that every verifier has seen it.
    /// Unit: seconds (default 1 hour).
    pub announce: i64,

    /// How long a replaced key stays in the key set, so that what it signed can still be verified.
    /// Unit: seconds (default 1 day).
    pub overlap: i64,
}

impl Default for KeysConfig {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("keys"),
            algorithms: vec![SigningAlgorithm::RS256, SigningAlgorithm::ES256],
            rotation_interval: 90 * 86_400,
            announce: 3_600,
            overlap: 86_400,
        }
    }
}

impl KeysConfig {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        // OpenID Connect Discovery 1.0 §3: "The algorithm RS256 MUST be included."
        if !self.algorithms.contains(&SigningAlgorithm::RS256) {
            problems.push(Problem::new(
                "keys.algorithms",
                "lacks RS256, which OpenID Connect demands",
                "add \"RS256\"",
            ));
        }
        let repeated = |(at, algorithm)| self.algorithms[..at].contains(algorithm);
        if self.algorithms.iter().enumerate().any(repeated) {
            problems.push(Problem::new("keys.algorithms", "names an algorithm twice", "name each once"));
        }
        within(problems, "keys.rotation_interval", self.rotation_interval, 86_400..=10 * 365 * 86_400);
        within(problems, "keys.announce", self.announce, 0..=30 * 86_400);
        within(problems, "keys.overlap", self.overlap, 0..=365 * 86_400);
        if self.rotation_interval <= self.announce {
            problems.push(Problem::new(
                "keys.announce",
                "is not shorter than keys.rotation_interval, so keys would be replaced before they sign",
                "announce for a shorter time or rotate less often",
            ));
        }
    }
}
