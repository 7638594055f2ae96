//! Checks of the claims that every kind of token shares (RFC 7519 §4.1). What a kind of token demands beyond them stands where
//! that kind is used; signatures are `verify.rs`.

use protocol::time::{Seconds, Timestamp};
use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::verify::VerifyError;

/// How far `iat` and `nbf` may lie ahead at most, whatever leeway a caller asks for (FAPI 2.0 §5.3.2.1 item 13).
pub const MAX_AHEAD: Seconds = Seconds(60);

/// JSON numbers above this lose precision in half of the world's parsers.
const SAFE: i64 = 1 << 53;

/// The `aud` claim: one string or several (RFC 7519 §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Audience {
    One(String),
    Many(Vec<String>),
}

/// The times of a token. `exp` is demanded of every token that we accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Times {
    pub exp: Option<Timestamp>,
    pub nbf: Option<Timestamp>,
    pub iat: Option<Timestamp>,
}

/// The clock to compare with, and how far the two clocks may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeCheck {
    pub now: Timestamp,
    pub leeway: Seconds,
}

/// Written out, because a derived reader would keep a copy of every value first.
impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AudienceVisitor)
    }
}

struct AudienceVisitor;

impl<'de> Visitor<'de> for AudienceVisitor {
    type Value = Audience;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or an array of texts")
    }

    fn visit_str<E>(self, audience: &str) -> Result<Audience, E> {
        Ok(Audience::One(audience.to_owned()))
    }

    fn visit_string<E>(self, audience: String) -> Result<Audience, E> {
        Ok(Audience::One(audience))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Audience, A::Error> {
        let mut audiences = Vec::new();
        while let Some(audience) = items.next_element()? {
            audiences.push(audience);
        }
        Ok(Audience::Many(audiences))
    }
}

impl Audience {
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|audience| audience == name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(audience) => std::slice::from_ref(audience),
            Self::Many(audiences) => audiences,
        }
        .iter()
        .map(String::as_str)
    }
}

/// One name is written as a string, several as an array.
impl From<Vec<String>> for Audience {
    fn from(mut names: Vec<String>) -> Self {
        if names.len() == 1 { Self::One(names.remove(0)) } else { Self::Many(names) }
    }
}

pub fn check_times(times: &Times, check: &TimeCheck) -> Result<(), VerifyError> {
    for time in [times.exp, times.nbf, times.iat].into_iter().flatten() {
        if !(0..=SAFE).contains(&time.0) {
            return Err(VerifyError::TimeOutOfRange);
        }
    }
    let ahead = check.now + check.leeway.min(MAX_AHEAD);
    // RFC 7519 §4.1.4: "the current date/time MUST be before the expiration date/time".
    let expiry = times.exp.ok_or(VerifyError::NoExpiry)?;
    if check.now >= expiry + check.leeway {
        return Err(VerifyError::Expired);
    }
    // RFC 7519 §4.1.5: "the current date/time MUST be after or equal to the not-before date/time".
    if times.nbf.is_some_and(|start| start > ahead) {
        return Err(VerifyError::NotYetValid);
    }
    if times.iat.is_some_and(|issued| issued > ahead) {
        return Err(VerifyError::IssuedInFuture);
    }
    Ok(())
}

/// RFC 9068 §4: the `iss` claim must exactly match the issuer.
pub fn check_issuer(claimed: &str, issuer: &str) -> Result<(), VerifyError> {
    if claimed == issuer { Ok(()) } else { Err(VerifyError::Issuer) }
}

/// RFC 7519 §4.1.3: whoever does not find itself in `aud` must reject the token.
pub fn check_audience(claimed: &Audience, me: &str) -> Result<(), VerifyError> {
    if claimed.contains(me) { Ok(()) } else { Err(VerifyError::Audience) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHECK: TimeCheck = TimeCheck { now: Timestamp(1_000_000), leeway: Seconds(10) };

    fn times(exp: i64, nbf: i64, iat: i64) -> Times {
        Times { exp: Some(Timestamp(exp)), nbf: Some(Timestamp(nbf)), iat: Some(Timestamp(iat)) }
    }

    #[test]
    fn a_token_without_expiry_is_refused() {
        let endless = Times { exp: None, nbf: None, iat: None };
        assert_eq!(check_times(&endless, &CHECK), Err(VerifyError::NoExpiry));
    }

    #[test]
    fn a_token_ends_with_its_leeway() {
        assert_eq!(check_times(&times(999_991, 0, 0), &CHECK), Ok(()));
        assert_eq!(check_times(&times(999_990, 0, 0), &CHECK), Err(VerifyError::Expired));
    }

    #[test]
    fn small_clock_differences_are_forgiven() {
        assert_eq!(check_times(&times(2_000_000, 1_000_010, 1_000_010), &CHECK), Ok(()));
        assert_eq!(check_times(&times(2_000_000, 1_000_011, 0), &CHECK), Err(VerifyError::NotYetValid));
        assert_eq!(check_times(&times(2_000_000, 0, 1_000_011), &CHECK), Err(VerifyError::IssuedInFuture));
    }

    #[test]
    fn no_leeway_lets_a_minute_pass() {
        let wide = TimeCheck { leeway: Seconds(600), ..CHECK };
        assert_eq!(check_times(&times(2_000_000, 0, 1_000_059), &wide), Ok(()));
        assert_eq!(check_times(&times(2_000_000, 0, 1_000_061), &wide), Err(VerifyError::IssuedInFuture));
    }

    #[test]
    fn an_audience_is_a_string_or_several() {
        let one: Audience = serde_json::from_str("\"a\"").expect("is an audience");
        let many: Audience = serde_json::from_str("[\"a\",\"b\"]").expect("is an audience");
        assert_eq!((check_audience(&one, "a"), check_audience(&one, "b")), (Ok(()), Err(VerifyError::Audience)));
        assert_eq!((check_audience(&many, "b"), check_audience(&many, "A")), (Ok(()), Err(VerifyError::Audience)));
        assert_eq!(Audience::from(vec!["a".to_owned()]), one);
        assert_eq!(Audience::from(vec!["a".to_owned(), "b".to_owned()]), many);
        assert!(!Audience::from(Vec::new()).contains(""));
        for text in ["1", "null", "[1]", "{}"] {
            assert!(serde_json::from_str::<Audience>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_issuer_is_compared_byte_for_byte() {
        assert_eq!(check_issuer("https://a.example", "https://a.example"), Ok(()));
        assert_eq!(check_issuer("https://a.example/", "https://a.example"), Err(VerifyError::Issuer));
        assert_eq!(check_issuer("https://A.example", "https://a.example"), Err(VerifyError::Issuer));
    }

    proptest! {
        #[test]
        fn what_is_accepted_has_begun_and_not_ended(exp: i64, nbf: i64, iat: i64, now in 0i64..4_000_000_000, leeway in 0i64..120) {
            let check = TimeCheck { now: Timestamp(now), leeway: Seconds(leeway) };
            if check_times(&times(exp, nbf, iat), &check).is_ok() {
                prop_assert!(exp > now - leeway && nbf <= now + 60 && iat <= now + 60 && nbf >= 0 && iat >= 0);
            }
        }
    }
}
