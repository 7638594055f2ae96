//! Documents that a test reads cannot rot: paths that they name exist, tests that they name exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn paths_in_the_documents_exist() {
    for document in ["README.md", "docs/ARCHITECTURE.md", "docs/spec-matrix.md", "CONTRIBUTING.md"] {
        let text = read(document);
        let paths = quoted(&text).filter(|word| {
            ["crates/", "docs/", "templates/", "migrations/", "bench/", "keys/"]
                .iter()
                .any(|start| word.starts_with(start))
                && !word.contains(['{', '*', ' ', '<', '…'])
        });
        for path in paths {
            assert!(root().join(path).exists(), "{document} names {path}");
        }
    }
}

/// Every `fn` below a directory of sources.
fn functions(directory: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
            functions(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            for line in fs::read_to_string(&path).unwrap().lines() {
                if let Some(rest) = line.split("fn ").nth(1) {
                    names.insert(rest.split(['(', '<']).next().unwrap_or_default().to_owned());
                }
            }
        }
    }
}

#[test]
fn tests_in_the_spec_matrix_exist() {
    let mut names = BTreeSet::new();
    functions(&root().join("crates"), &mut names);
    let matrix = read("docs/spec-matrix.md");
    let mut rows = 0;
    for row in matrix.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let tests = row.rsplit('|').nth(1).expect("a last column");
        for test in quoted(tests) {
            let name = test.rsplit("::").next().unwrap_or(test);
            assert!(names.contains(name), "docs/spec-matrix.md names the test {test}, which does not exist");
            rows += 1;
        }
    }
    assert!(rows > 50, "only {rows} tests are named");
}
