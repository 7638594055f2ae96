//! `[passwords]`: how passwords are hashed, and how much of the machine that may take.

use serde::{Deserialize, Serialize};

use super::problem::{Problem, within};
use super::server::cores;

/// OWASP's settings for argon2id (19 MiB × 2, 7 MiB × 5 …) all reach this product of memory and passes.
const LEAST_WORK: u64 = 7_168 * 5;

/// How passwords are hashed (argon2id), and how much of the machine that may take.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordsConfig {
    /// Memory per hash.
    /// Unit: KiB.
    pub memory_kib: u32,

    /// Passes over the memory.
    pub iterations: u32,

    /// Lanes per hash.
    pub parallelism: u32,

    /// Threads that hash; each keeps its memory.
    ///
    /// Default: one less than there are cores, at least one.
    pub threads: usize,

    /// A login that would wait longer than this for a thread is refused at once with 503 and `Retry-After`.
    /// Unit: milliseconds.
    pub max_wait_ms: u64,

    /// The least number of characters of a new password that is all that somebody signs in with (NIST SP 800-63B-4 §3.1.1.2).
    pub min_length: usize,

    /// The least number of characters of a new password beside a second factor.
    pub min_length_with_second_factor: usize,
}

impl Default for PasswordsConfig {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            iterations: 2,
            parallelism: 1,
            threads: cores().saturating_sub(1).max(1),
            max_wait_ms: 1_500,
            min_length: 15,
            min_length_with_second_factor: 8,
        }
    }
}

impl PasswordsConfig {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        within(problems, "passwords.memory_kib", self.memory_kib, 7_168..=1_048_576);
        within(problems, "passwords.iterations", self.iterations, 1..=20);
        within(problems, "passwords.parallelism", self.parallelism, 1..=16);
        within(problems, "passwords.threads", self.threads, 1..=256);
        within(problems, "passwords.max_wait_ms", self.max_wait_ms, 50..=30_000);
        within(problems, "passwords.min_length", self.min_length, 8..=64);
        let beside = self.min_length_with_second_factor;
        within(problems, "passwords.min_length_with_second_factor", beside, 8..=64);
        if beside > self.min_length {
            problems.push(Problem::new(
                "passwords.min_length_with_second_factor",
                format!("{beside} is more than what is asked of a password that stands alone"),
                format!("set {} or less, or raise passwords.min_length", self.min_length),
            ));
        }
        let work = u64::from(self.memory_kib) * u64::from(self.iterations);
        if self.memory_kib >= 7_168 && work < LEAST_WORK {
            problems.push(Problem::new(
                "passwords.iterations",
                format!("{} KiB × {} makes guessing too cheap", self.memory_kib, self.iterations),
                format!("set at least {} with this memory", LEAST_WORK.div_ceil(u64::from(self.memory_kib))),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(memory_kib: u32, iterations: u32) -> Vec<&'static str> {
        let mut problems = Vec::new();
        PasswordsConfig { memory_kib, iterations, ..PasswordsConfig::default() }.check(&mut problems);
        problems.iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn the_published_minimum_settings_pass_and_less_does_not() {
        for (memory_kib, iterations) in [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)] {
            assert!(keys(memory_kib, iterations).is_empty(), "{memory_kib} × {iterations}");
        }
        assert_eq!(keys(19_456, 1), ["passwords.iterations"]);
        assert_eq!(keys(64, 2), ["passwords.memory_kib"]);
    }
}
