//! What is enough to pass all guards of a line together: `scope`, `acr_values` and `max_age` of challenges (RFC 6750 §3, RFC 9470 §3).
//!
//! Whoever asks the issuer for exactly that is let in, whichever guard it was that refused. Whether a caller passes is decided in
//! `authenticate.rs`; what one guard demands is in `guard.rs`.

use protocol::time::Seconds;

use crate::access::guard::{Access, Demand, Guard};

/// A sign-in that every guard accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SignIn<'g> {
    /// Levels, each of which will do. Empty: any.
    pub acr_values: Vec<&'g str>,
    pub max_age: Option<Seconds>,
}

/// Whether what `holds` says yes to is what all guards demand. What a handler asks for itself is not known here.
pub(crate) fn is_met(guards: &[Guard], holds: &impl Fn(&str) -> bool) -> bool {
    demands(guards).all(|demand| demand.is_met(holds))
}

/// Permissions that are enough for all guards, the ones that are held among them: of `any_of` the alternative of which least is missing,
/// of equals the first. Nothing of them can be left out. No permission counts for another here, however wide it reaches.
pub(crate) fn nearest<'g>(guards: &'g [Guard], holds: &impl Fn(&str) -> bool) -> Vec<&'g str> {
    let mut way = Vec::new();
    for permission in demands(guards).flat_map(|demand| demand.nearest(holds)) {
        add(&mut way, permission);
    }
    // Another guard may demand what makes the choice of an `any_of` needless. What is missing is spared first.
    let mut spare = way.clone();
    spare.sort_by_key(|permission| holds(permission));
    for permission in spare {
        let without: Vec<&str> = way.iter().copied().filter(|other| *other != permission).collect();
        if is_met(guards, &|other| without.contains(&other)) {
            way = without;
        }
    }
    way
}

/// The same for whoever holds nothing, with every permission that a handler may ask for.
pub(crate) fn for_anybody(guards: &[Guard]) -> Vec<&str> {
    let mut way = nearest(guards, &|_| false);
    for guard in guards {
        if let Access::InHandler(may_ask) = &guard.access {
            for permission in may_ask {
                add(&mut way, permission);
            }
        }
    }
    way
}

/// The levels that all guards accept, and the shortest of their ages. `None`: no level is accepted by all.
pub(crate) fn sign_in(guards: &[Guard]) -> Option<SignIn<'_>> {
    let mut levels = guards.iter().map(|guard| &guard.acr_values).filter(|values| !values.is_empty());
    let mut acr_values: Vec<&str> = levels.next().into_iter().flatten().map(String::as_str).collect();
    let any_will_do = acr_values.is_empty();
    for others in levels {
        acr_values.retain(|value| others.iter().any(|other| other == value));
    }
    let max_age = guards.iter().filter_map(|guard| guard.max_age).min();
    (any_will_do || !acr_values.is_empty()).then_some(SignIn { acr_values, max_age })
}

fn demands(guards: &[Guard]) -> impl Iterator<Item = &Demand> {
    guards.iter().filter_map(|guard| match &guard.access {
        Access::Needs(demand) => Some(demand),
        _ => None,
    })
}

fn add<'g>(way: &mut Vec<&'g str>, permission: &'g str) {
    if !way.contains(&permission) {
        way.push(permission);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::guard::{IntoDemand, all_of, any_of, authenticated, in_handler, optional, require};
    use proptest::prelude::*;

    fn either<D: IntoDemand>(demands: impl IntoIterator<Item = D>) -> Guard {
        require(any_of(demands))
    }

    fn of(guards: &[Guard], held: &str) -> String {
        nearest(guards, &|permission| held.split(' ').any(|held| held == permission)).join(" ")
    }

    #[test]
    fn what_is_enough_is_one_way_through_all_guards() {
        let nested = || either([all_of(["a:x", "b:x"]), all_of(["c:x"])]);
        let table: [(&[Guard], &str, &str); 16] = [
            (&[authenticated()], "", ""),
            (&[require("a:x")], "", "a:x"),
            (&[require("a:x"), require("b:x")], "", "a:x b:x"),
            // Those that are held are named as well: the scope that is necessary, not the rest of it.
            (&[require("a:x"), require("b:x")], "a:x", "a:x b:x"),
            (&[require(all_of(["a:x", "b:x"])), require("a:x")], "", "a:x b:x"),
            (&[either(["a:x", "b:x"])], "", "a:x"),
            (&[either(["a:x", "b:x"])], "b:x", "b:x"),
            (&[nested()], "", "c:x"),
            (&[nested()], "b:x", "a:x b:x"),
            (&[nested()], "b:x a:x", "a:x b:x"),
            (&[either(["a:x", "b:x"]), require("b:x")], "", "b:x"),
            (&[require("b:x"), either(["a:x", "b:x"])], "", "b:x"),
            (&[either(["a:x", "b:x"]), require("b:x")], "a:x", "b:x"),
            (&[either(["a:x", "b:x"]), either(["b:x", "c:x"])], "", "b:x"),
            (&[optional(), require("a:x")], "", "a:x"),
            (&[in_handler(["b:x"]), require("a:x")], "", "a:x"),
        ];
        for (guards, held, expected) in table {
            assert_eq!(of(guards, held), expected, "{guards:?} {held}");
        }
        let guards = [in_handler(["b:x", "a:x"]), require("a:x"), in_handler(["c:x"])];
        assert_eq!(for_anybody(&guards), ["a:x", "b:x", "c:x"]);
    }

    #[test]
    fn a_sign_in_is_enough_for_all_guards() {
        let guards = [
            authenticated().acr(["1", "2", "3"]).max_age(Seconds(600)),
            require("a:x").max_age(Seconds(300)),
            authenticated().acr(["3", "2"]),
        ];
        let enough = SignIn { acr_values: vec!["2", "3"], max_age: Some(Seconds(300)) };
        assert_eq!(sign_in(&guards), Some(enough));
        assert_eq!(sign_in(&[authenticated()]), Some(SignIn::default()));
        assert_eq!(sign_in(&[authenticated().acr(["1"]), authenticated().acr(["2"])]), None);
    }

    /// Of letters: each alternative of each `any_of`, each `any_of` of each guard.
    fn made_of(guards: &[Vec<String>]) -> Vec<Guard> {
        let alternatives = |any: &String| any.chars().map(|letter| letter.to_string()).collect::<Vec<_>>();
        let guard = |anys: &Vec<String>| {
            require(all_of(anys.iter().map(|any| any_of(alternatives(any).iter().map(String::as_str)))))
        };
        guards.iter().map(guard).collect()
    }

    proptest! {
        #[test]
        fn who_holds_what_is_named_and_nothing_else_is_let_in(
            guards in proptest::collection::vec(proptest::collection::vec("[abcd]{1,3}", 1..3), 1..4), held in "[abcd]{0,2}",
        ) {
            let guards = made_of(&guards);
            let way = nearest(&guards, &|permission| held.contains(permission));
            prop_assert!(is_met(&guards, &|permission| way.contains(&permission)), "{:?} {:?}", guards, way);
            for spared in &way {
                let rest = |permission: &str| permission != *spared && way.contains(&permission);
                prop_assert!(!is_met(&guards, &rest), "{:?} {:?} without {}", guards, way, spared);
            }
            let all_held = is_met(&guards, &|permission| held.contains(permission));
            prop_assert_eq!(all_held, way.iter().all(|permission| held.contains(permission)));
        }
    }
}
