//! What a route demands of its caller, as a value: permissions, how strong and how recent the sign-in was (RFC 9470).
//!
//! Who the caller is, `authenticate.rs` finds out; where guards stand, `routes.rs` says; what is enough for several of them together,
//! `enough.rs`.

use protocol::permission::Permission;
use protocol::time::{Seconds, Timestamp};

/// A demand. Made by [`require`], [`all_of`], [`any_of`], [`authenticated`], [`optional`], [`public`] and [`in_handler`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    pub(crate) access: Access,
    pub(crate) acr_values: Vec<String>,
    pub(crate) max_age: Option<Seconds>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Credentials are not looked at.
    Public,
    /// Whoever sends no credential is anonymous; a bad one is refused, and so is an `Authorization` header of another scheme.
    Optional,
    /// Any caller.
    Caller,
    Needs(Demand),
    /// The handler asks [`Caller::require`](crate::Caller::require) itself. One that never asked may answer with an error only.
    InHandler(Vec<String>),
}

/// Permissions, all or any of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    One(String),
    All(Vec<Demand>),
    Any(Vec<Demand>),
}

/// Something that a guard can be made of: one permission, or [`all_of`] or [`any_of`] several.
pub trait IntoDemand {
    #[doc(hidden)]
    fn into_demand(self) -> DemandOf;
}

/// A demand on its way into a guard.
#[derive(Clone, Debug)]
pub struct DemandOf(Demand);

impl IntoDemand for &str {
    fn into_demand(self) -> DemandOf {
        DemandOf(Demand::One(self.to_owned()))
    }
}

impl IntoDemand for DemandOf {
    fn into_demand(self) -> DemandOf {
        self
    }
}

/// Callers that hold this permission, or what [`all_of`] and [`any_of`] make of several. Who lacks something is told what is enough for
/// all guards of the line together (`scope` of the challenge): the way that is nearest to what they hold.
pub fn require(demand: impl IntoDemand) -> Guard {
    Guard::of(Access::Needs(demand.into_demand().0))
}

/// Each of these permissions.
pub fn all_of<D: IntoDemand>(demands: impl IntoIterator<Item = D>) -> DemandOf {
    DemandOf(Demand::All(demands.into_iter().map(|demand| demand.into_demand().0).collect()))
}

/// One of these permissions, whichever. Whoever has none is told the one of which least is missing, of equals the first: so put first
/// what a client should ask for.
pub fn any_of<D: IntoDemand>(demands: impl IntoIterator<Item = D>) -> DemandOf {
    DemandOf(Demand::Any(demands.into_iter().map(|demand| demand.into_demand().0).collect()))
}

/// Any caller, whatever it may do.
pub fn authenticated() -> Guard {
    Guard::of(Access::Caller)
}

/// Callers and the anonymous. A bad credential is refused all the same, and so is an `Authorization` header of a scheme that this API
/// does not know or that is switched off: whoever sends one wants to be somebody.
pub fn optional() -> Guard {
    Guard::of(Access::Optional)
}

/// Everybody; credentials are not looked at.
pub fn public() -> Guard {
    Guard::of(Access::Public)
}

/// Any caller; the handler decides with [`Caller::require`](crate::Caller::require), because only it knows on what. `may_ask` are the
/// permissions that it may ask for, for the documents. A handler that answers with anything but an error and never asked is a
/// fault: 500.
pub fn in_handler<P: Into<String>>(may_ask: impl IntoIterator<Item = P>) -> Guard {
    Guard::of(Access::InHandler(may_ask.into_iter().map(Into::into).collect()))
}

impl Guard {
    fn of(access: Access) -> Self {
        Self { access, acr_values: Vec::new(), max_age: None }
    }

    /// The sign-in must have had one of these levels (`acr`, RFC 9470 §3). Callers without a sign-in have none.
    #[must_use]
    pub fn acr<V: Into<String>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.acr_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// The sign-in must not be older than this (`auth_time`, RFC 9470 §3), at least a second: [`ResourceServer::new`](crate::ResourceServer::new)
    /// refuses less, because every sign-in is older. Callers without a sign-in are refused.
    #[must_use]
    pub fn max_age(mut self, max_age: Seconds) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Every permission that is named, for the documents.
    pub(crate) fn permissions(&self) -> Vec<&str> {
        match &self.access {
            Access::Public | Access::Optional | Access::Caller => Vec::new(),
            Access::Needs(demand) => demand.permissions(),
            Access::InHandler(may_ask) => may_ask.iter().map(String::as_str).collect(),
        }
    }

    /// What is wrong with the guard itself.
    pub(crate) fn fault(&self) -> Option<String> {
        let wrong = self.permissions().into_iter().find(|permission| Permission::parse(permission).is_err());
        if let Some(permission) = wrong {
            return Some(format!("{permission:?} is not a permission as notes:read"));
        }
        let asks = !self.acr_values.is_empty() || self.max_age.is_some();
        if self.access == Access::Public && asks {
            return Some("is public, so nobody's sign-in is looked at; demand one with authenticated()".to_owned());
        }
        if self.max_age.is_some_and(|max_age| max_age < Seconds(1)) {
            return Some("has a max_age below one second, which every sign-in is older than".to_owned());
        }
        let empty = matches!(&self.access, Access::Needs(demand) if demand.is_empty());
        empty.then(|| "demands all or any of nothing".to_owned())
    }

    /// Whether the sign-in is of a level and an age that will do.
    pub(crate) fn accepts_sign_in(&self, acr: Option<&str>, auth_time: Option<Timestamp>, now: Timestamp) -> bool {
        let level =
            self.acr_values.is_empty() || acr.is_some_and(|acr| self.acr_values.iter().any(|value| value == acr));
        let recent = self.max_age.is_none_or(|max_age| auth_time.is_some_and(|at| now <= at + max_age));
        level && recent
    }
}

impl Demand {
    /// Whether what `holds` says yes to is enough.
    pub(crate) fn is_met(&self, holds: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::One(permission) => holds(permission),
            Self::All(demands) => demands.iter().all(|demand| demand.is_met(holds)),
            Self::Any(demands) => demands.iter().any(|demand| demand.is_met(holds)),
        }
    }

    /// One way to satisfy it, with what is held: of several the one of which least is missing, of equals the first.
    pub(crate) fn nearest(&self, holds: &impl Fn(&str) -> bool) -> Vec<&str> {
        let missing = |way: &Vec<&str>| way.iter().filter(|permission| !holds(permission)).count();
        match self {
            Self::One(permission) => vec![permission],
            Self::All(demands) => demands.iter().flat_map(|demand| demand.nearest(holds)).collect(),
            Self::Any(demands) => {
                demands.iter().map(|demand| demand.nearest(holds)).min_by_key(missing).unwrap_or_default()
            }
        }
    }

    fn permissions(&self) -> Vec<&str> {
        match self {
            Self::One(permission) => vec![permission],
            Self::All(demands) | Self::Any(demands) => demands.iter().flat_map(Self::permissions).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::One(_) => false,
            Self::All(demands) | Self::Any(demands) => demands.is_empty() || demands.iter().any(Self::is_empty),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn missing(guard: &Guard, held: &str) -> Option<String> {
        let Access::Needs(demand) = &guard.access else { panic!("demands nothing") };
        let holds = |permission: &str| held.split_ascii_whitespace().any(|held| held == permission);
        let missing: Vec<&str> = demand.nearest(&holds).into_iter().filter(|permission| !holds(permission)).collect();
        assert_eq!(demand.is_met(&holds), missing.is_empty());
        (!missing.is_empty()).then(|| missing.join(" "))
    }

    #[test]
    fn one_all_and_any() {
        assert_eq!(missing(&require("a:x"), "a:x b:x"), None);
        assert_eq!(missing(&require("a:x"), "b:x").as_deref(), Some("a:x"));
        let all = require(all_of(["a:x", "b:x"]));
        assert_eq!(missing(&all, "b:x a:x"), None);
        assert_eq!(missing(&all, "a:x").as_deref(), Some("b:x"));
        assert_eq!(missing(&all, "").as_deref(), Some("a:x b:x"));
        let any = require(any_of(["a:x", "b:x"]));
        assert_eq!(missing(&any, "b:x"), None);
        assert_eq!(missing(&any, "c:x").as_deref(), Some("a:x"));
        let nested = require(any_of([all_of(["a:x", "b:x"]), all_of(["c:x"])]));
        assert_eq!(missing(&nested, "a:x").as_deref(), Some("b:x"));
        assert_eq!(missing(&nested, "c:x"), None);
    }

    #[test]
    fn a_guard_that_makes_no_sense_is_found() {
        assert!(require("notes:read").fault().is_none());
        assert!(require("").fault().is_some());
        assert!(require("a b").fault().is_some());
        assert!(require(any_of::<&str>([])).fault().is_some());
        assert!(require(all_of([any_of(["a:x"]), any_of::<&str>([])])).fault().is_some());
        assert!(in_handler(["notes:*:"]).fault().is_some());
        assert!(public().fault().is_none());
        for (max_age, is_refused) in [(-300, true), (0, true), (1, false)] {
            assert_eq!(authenticated().max_age(Seconds(max_age)).fault().is_some(), is_refused, "{max_age}");
        }
    }

    #[test]
    fn level_and_age_of_the_sign_in_are_both_demanded() {
        let guard = authenticated().acr(["2", "3"]).max_age(Seconds(300));
        let now = Timestamp(1_000);
        assert!(guard.accepts_sign_in(Some("2"), Some(Timestamp(700)), now));
        assert!(!guard.accepts_sign_in(Some("1"), Some(Timestamp(700)), now));
        assert!(!guard.accepts_sign_in(Some("2"), Some(Timestamp(699)), now));
        assert!(!guard.accepts_sign_in(None, Some(Timestamp(700)), now));
        assert!(!guard.accepts_sign_in(Some("3"), None, now));
        assert!(authenticated().accepts_sign_in(None, None, now));
    }

    proptest! {
        #[test]
        fn who_holds_what_is_missing_as_well_is_let_in(held in "[abc]( [abc]){0,2}", any in "[abc]{1,3}", all in "[abc]{1,3}") {
            let texts = |letters: &str| letters.chars().map(|letter| letter.to_string()).collect::<Vec<_>>();
            let (any, all) = (texts(&any), texts(&all));
            let guard = require(all_of([any_of(any.iter().map(String::as_str)), all_of(all.iter().map(String::as_str))]));
            if let Some(more) = missing(&guard, &held) {
                let enough = format!("{held} {more}");
                prop_assert_eq!(missing(&guard, &enough), None);
            }
        }
    }
}
