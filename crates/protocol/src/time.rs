//! Points in time and spans, both in whole seconds. There is no clock here: whoever needs `now` gets it as an argument.
//!
//! Arithmetic saturates, because a hostile `max_age` or `exp` must not make the server panic. JSON form: a plain integer
//! (`NumericDate` of RFC 7519 §2, without fractions).

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub i64);

impl Timestamp {
    /// How long ago `earlier` was; negative when it lies ahead.
    pub fn since(self, earlier: Self) -> Seconds {
        Seconds(self.0.saturating_sub(earlier.0))
    }
}

/// A NumericDate of somebody else (RFC 7519 §2), who may write fractions of a second; they count for nothing.
pub fn numeric_date(value: &Value) -> Option<Timestamp> {
    let whole = || value.as_f64().filter(|seconds| seconds.abs() < 1e15).map(f64::floor);
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 10^15")]
    value.as_i64().or_else(|| whole().map(|seconds| seconds as i64)).map(Timestamp)
}

impl Seconds {
    pub const fn minutes(count: i64) -> Self {
        Self(count.saturating_mul(60))
    }

    pub const fn hours(count: i64) -> Self {
        Self::minutes(count.saturating_mul(60))
    }

    pub const fn days(count: i64) -> Self {
        Self::hours(count.saturating_mul(24))
    }
}

impl Add<Seconds> for Timestamp {
    type Output = Self;

    fn add(self, span: Seconds) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Seconds> for Timestamp {
    type Output = Self;

    fn sub(self, span: Seconds) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Add for Seconds {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Seconds {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_foreign_date_may_have_a_fraction() {
        use serde_json::json;
        for (value, expected) in [
            (json!(1_700_000_000), Some(1_700_000_000)),
            (json!(1_700_000_000.9), Some(1_700_000_000)),
            (json!(-0.5), Some(-1)),
            (json!(1e300), None),
            (json!("1700000000"), None),
            (json!(null), None),
        ] {
            assert_eq!(numeric_date(&value), expected.map(Timestamp), "{value}");
        }
    }

    #[test]
    fn time_is_a_plain_integer_in_json() {
        assert_eq!(serde_json::to_string(&Timestamp(1_700_000_000)).expect("is a number"), "1700000000");
        assert_eq!(serde_json::from_str::<Seconds>("300").expect("is a number"), Seconds::minutes(5));
        assert!(serde_json::from_str::<Timestamp>("\"1700000000\"").is_err());
    }

    #[test]
    fn the_far_ends_hold() {
        assert_eq!(Timestamp(i64::MAX) + Seconds(1), Timestamp(i64::MAX));
        assert_eq!(Timestamp(i64::MIN) - Seconds(1), Timestamp(i64::MIN));
        assert_eq!(Timestamp(i64::MAX).since(Timestamp(i64::MIN)), Seconds(i64::MAX));
        assert_eq!(Seconds::days(i64::MAX), Seconds(i64::MAX));
    }

    proptest! {
        #[test]
        fn going_forth_and_back_arrives(at in -1_000_000_000_000i64..1_000_000_000_000, span in -1_000_000_000i64..1_000_000_000) {
            let (at, span) = (Timestamp(at), Seconds(span));
            prop_assert_eq!(at + span - span, at);
            prop_assert_eq!((at + span).since(at), span);
        }

        #[test]
        fn no_arithmetic_panics(at: i64, span: i64, other: i64) {
            let _ = (Timestamp(at) + Seconds(span)).since(Timestamp(other) - Seconds(span));
            let _ = Seconds(span) + Seconds(other) - Seconds(at);
        }
    }
}
