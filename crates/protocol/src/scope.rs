//! Scope: what a client asks for and what it was granted (RFC 6749 §3.3).
//!
//! A `Scope` keeps the order in which it was asked and holds each token once. Which scopes exist and who may ask for them is
//! not decided here.

use std::fmt;

use crate::error::{ErrorCode, OAuthError};

pub const OPENID: &str = "openid";
pub const PROFILE: &str = "profile";
pub const EMAIL: &str = "email";
pub const ADDRESS: &str = "address";
pub const PHONE: &str = "phone";
pub const OFFLINE_ACCESS: &str = "offline_access";
pub const GROUPS: &str = "groups";

/// The scopes that belong to the issuer itself; every other one belongs to an API.
pub const STANDARD: &[&str] = &[OPENID, PROFILE, EMAIL, ADDRESS, PHONE, OFFLINE_ACCESS, GROUPS];

pub const MAX_TOKENS: usize = 50;
pub const MAX_TOKEN_LENGTH: usize = 128;

/// One scope, as `notes:read`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeToken(String);

/// Scopes in the order asked, without repetition.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Scope(Vec<ScopeToken>);

impl ScopeToken {
    /// RFC 6749 §3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        if text.is_empty() || text.len() > MAX_TOKEN_LENGTH {
            return Err(refuse("a scope has 1 to 128 characters"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\') {
            return Err(refuse("a scope has visible ASCII characters only, without quote and backslash"));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Scope {
    /// Tokens separated by spaces; an empty text is the empty scope.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let tokens = || text.split(' ').filter(|token| !token.is_empty());
        if tokens().count() > MAX_TOKENS {
            return Err(refuse("at most 50 scopes can be asked for at once"));
        }
        tokens().map(ScopeToken::parse).collect()
    }

    pub fn empty() -> Self {
        Self::default()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|held| held.0 == token)
    }

    pub fn is_subset(&self, of: &Self) -> bool {
        self.0.iter().all(|token| of.contains(&token.0))
    }

    /// The tokens of this scope that `other` holds too.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|token| other.contains(&token.0)).cloned().collect())
    }

    /// The tokens of this scope that `other` does not hold.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|token| !other.contains(&token.0)).cloned().collect())
    }

    /// This scope, then what `other` adds.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).cloned().collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = &ScopeToken> {
        self.0.iter()
    }
}

impl FromIterator<ScopeToken> for Scope {
    fn from_iter<T: IntoIterator<Item = ScopeToken>>(tokens: T) -> Self {
        let mut scope = Self::empty();
        for token in tokens {
            if !scope.contains(&token.0) {
                scope.0.push(token);
            }
        }
        scope
    }
}

impl fmt::Display for ScopeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ScopeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeToken({})", self.0)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(&token.0)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({self})")
    }
}

impl serde::Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

fn refuse(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidScope, description).at("scope")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).expect("is a scope")
    }

    fn any_scope() -> impl Strategy<Value = Scope> {
        proptest::collection::vec("[a-e]", 0..8).prop_map(|tokens| scope(&tokens.join(" ")))
    }

    #[test]
    fn the_order_asked_is_kept_and_repetition_is_not() {
        assert_eq!(scope("openid  email openid notes:read").to_string(), "openid email notes:read");
        assert_eq!(scope(" openid ").to_string(), "openid");
        assert!(scope("").is_empty());
    }

    #[test]
    fn characters_outside_the_rfc_are_refused() {
        for text in ["a\tb", "a\nb", "\"a\"", "a\\b", "ä", "a\0"] {
            let error = Scope::parse(text).expect_err(text);
            assert_eq!((error.code, error.parameter), (ErrorCode::InvalidScope, Some("scope")));
        }
    }

    #[test]
    fn fifty_scopes_of_128_characters_are_the_limit() {
        let tokens = |count: usize| (0..count).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" ");
        assert!(Scope::parse(&tokens(50)).is_ok());
        assert!(Scope::parse(&tokens(51)).is_err());
        assert!(Scope::parse(&"a".repeat(128)).is_ok());
        assert!(Scope::parse(&"a".repeat(129)).is_err());
    }

    #[test]
    fn a_scope_is_one_string_in_json() {
        assert_eq!(serde_json::to_string(&scope("openid email")).expect("is a string"), "\"openid email\"");
        assert_eq!(serde_json::from_str::<Scope>("\"openid email\"").expect("is a scope"), scope("openid email"));
        assert!(serde_json::from_str::<Scope>("[\"openid\"]").is_err());
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(scope in any_scope()) {
            prop_assert_eq!(Scope::parse(&scope.to_string()), Ok(scope));
        }

        #[test]
        fn an_intersection_is_within_both(a in any_scope(), b in any_scope()) {
            let both = a.intersect(&b);
            prop_assert!(both.is_subset(&a) && both.is_subset(&b));
            prop_assert_eq!(both.is_empty(), b.intersect(&a).is_empty());
        }

        #[test]
        fn a_difference_and_an_intersection_make_the_whole(a in any_scope(), b in any_scope()) {
            let rest = a.without(&b);
            prop_assert!(rest.intersect(&b).is_empty());
            let whole = rest.union(&a.intersect(&b));
            prop_assert!(whole.is_subset(&a) && a.is_subset(&whole));
        }

        #[test]
        fn a_union_holds_both_and_nothing_twice(a in any_scope(), b in any_scope()) {
            let union = a.union(&b);
            prop_assert!(a.is_subset(&union) && b.is_subset(&union));
            let mut tokens: Vec<_> = union.iter().collect();
            tokens.sort();
            tokens.dedup();
            prop_assert_eq!(tokens.len(), union.iter().count());
        }
    }
}
