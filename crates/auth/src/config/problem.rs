//! One thing that is wrong with the settings: which, why, and what to do about it.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

/// A setting that forbids to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting as `section.key`.
    pub key: &'static str,
    pub reason: String,
    pub fix: Cow<'static, str>,
}

impl Problem {
    pub(super) fn new(key: &'static str, reason: impl Into<String>, fix: impl Into<Cow<'static, str>>) -> Self {
        Self { key, reason: reason.into(), fix: fix.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.key, self.reason, self.fix)
    }
}

/// The same for a number that may be 0, which switches something off: a page speaks of days or hours, two or more.
pub(super) fn none_or_within(problems: &mut Vec<Problem>, key: &'static str, value: i64, range: RangeInclusive<i64>) {
    if value != 0 && !range.contains(&value) {
        let fix = format!("set 0, or a value from {} to {}", range.start(), range.end());
        problems.push(Problem::new(key, format!("{value} is out of range"), fix));
    }
}

/// Adds a problem when a number is outside its range.
pub(super) fn within<T: PartialOrd + fmt::Display>(
    problems: &mut Vec<Problem>,
    key: &'static str,
    value: T,
    range: RangeInclusive<T>,
) {
    if !range.contains(&value) {
        let fix = format!("set a value from {} to {}", range.start(), range.end());
        problems.push(Problem::new(key, format!("{value} is out of range"), fix));
    }
}
