//! The arrows between the crates, as `docs/ARCHITECTURE.md` draws them, read from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Each crate and the crates of ours that it may name outside of its tests.
const ARROWS: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("jwt", &["protocol"]),
    ("store", &["protocol"]),
    ("auth", &["jwt", "protocol", "store"]),
    ("resource-api", &["jwt", "protocol"]),
    ("demo-app", &[]),
    ("countersign", &["auth", "demo-app", "jwt", "protocol", "resource-api", "store"]),
    ("testkit", &["auth", "demo-app", "jwt", "protocol", "resource-api", "store"]),
    ("xtask", &[]),
    ("bench", &[]),
];

/// What a pure crate never sees, not even indirectly.
const FORBIDDEN_BELOW_PROTOCOL: &[&str] =
    &["tokio", "actix-web", "sqlx", "reqwest", "rand", "getrandom", "time", "aws-lc-rs", "tracing"];

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version=1",
            "--offline",
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The normal (not dev, not build) dependencies of each package, by id.
fn arrows(metadata: &Value) -> BTreeMap<String, Vec<String>> {
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let normal = |dependency: &&Value| {
        let kinds = dependency["dep_kinds"].as_array().expect("kinds");
        kinds.iter().any(|kind| kind["kind"].is_null())
    };
    nodes
        .iter()
        .map(|node| {
            let to = node["deps"].as_array().expect("deps").iter().filter(normal);
            let to = to.map(|dependency| dependency["pkg"].as_str().expect("an id").to_owned());
            (node["id"].as_str().expect("an id").to_owned(), to.collect())
        })
        .collect()
}

fn names(metadata: &Value) -> BTreeMap<String, String> {
    let packages = metadata["packages"].as_array().expect("packages");
    let name =
        |package: &Value| (package["id"].as_str().unwrap().to_owned(), package["name"].as_str().unwrap().to_owned());
    packages.iter().map(name).collect()
}

#[test]
fn only_the_drawn_arrows_exist() {
    let metadata = metadata();
    let (arrows, names) = (arrows(&metadata), names(&metadata));
    let ours: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let members: BTreeSet<&str> = metadata["workspace_members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| names[id.as_str().unwrap()].as_str())
        .collect();
    assert_eq!(members, ours, "a new crate is drawn here and in docs/ARCHITECTURE.md");
    for (from, allowed) in ARROWS {
        let id = names.iter().find(|(_, name)| name == from).expect("a member").0;
        let actual = arrows[id].iter().map(|to| names[to].as_str()).filter(|to| ours.contains(to));
        for to in actual {
            assert!(allowed.contains(&to), "{from} must not depend on {to}");
        }
    }
}

#[test]
fn protocol_stays_pure() {
    let metadata = metadata();
    let (arrows, names) = (arrows(&metadata), names(&metadata));
    let mut open: Vec<&String> = names.iter().filter(|(_, name)| *name == "protocol").map(|(id, _)| id).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            assert!(!FORBIDDEN_BELOW_PROTOCOL.contains(&names[id].as_str()), "protocol sees {}", names[id]);
            open.extend(&arrows[id]);
        }
    }
    assert!(seen.len() > 5);
}
