//! `countersign key …`: the life of signing keys, changed by hand.

use crate::support::{installation, succeed};

fn stages(keys: &serde_json::Value) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut stages: Vec<_> =
        keys.as_array().into_iter().flatten().map(|key| (text(&key["alg"]), text(&key["stage"]))).collect();
    stages.sort();
    stages
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(alg, stage)| ((*alg).to_owned(), (*stage).to_owned())).collect()
}

#[test]
fn a_rotation_announces_and_an_emergency_replaces() {
    let directory = installation("");
    let at = directory.path();
    let first = succeed(at, &["key", "list", "--json"]).json();
    assert_eq!(stages(&first), pairs(&[("ES256", "active"), ("RS256", "active")]));

    succeed(at, &["key", "rotate", "--alg", "ES256"]);
    let announced = succeed(at, &["key", "list", "--json"]).json();
    assert_eq!(stages(&announced), pairs(&[("ES256", "active"), ("ES256", "announced"), ("RS256", "active")]));
    assert!(succeed(at, &["key", "list"]).out.contains("signs from"));

    succeed(at, &["key", "rotate", "--now"]);
    let replaced = succeed(at, &["key", "list", "--json"]).json();
    assert_eq!(stages(&replaced), pairs(&[("ES256", "active"), ("RS256", "active")]));
    let kids = |keys: &serde_json::Value| keys.to_string();
    assert!(
        replaced.as_array().into_iter().flatten().all(|key| !kids(&first).contains(key["kid"].as_str().unwrap_or("?")))
    );
}
