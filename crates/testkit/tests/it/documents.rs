//! Documents that a test reads cannot rot: paths that they name exist, tests that they name exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use auth::text::Locale;

use super::pages_in_a_browser::page_samples::samples_in;

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
    for document in [
        "README.md",
        "docs/ARCHITECTURE.md",
        "docs/spec-matrix.md",
        "docs/conformance/modules.md",
        "docs/pages.md",
        "docs/people.md",
        "docs/limits.md",
        "docs/protect-an-api.md",
        "docs/resource-api.md",
        "CONTRIBUTING.md",
    ] {
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

/// The tests that the rows of a table name in their last column.
fn named_in_rows(document: &str) -> impl Iterator<Item = &str> {
    let rows = document.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    rows.flat_map(|row| quoted(row.rsplit('|').nth(1).expect("a last column")))
}

/// Every `fn` below a directory of sources, and every name that `flows!` makes a test of.
fn functions(directory: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
            functions(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            for line in source.lines() {
                if let Some(rest) = line.split("fn ").nth(1) {
                    names.insert(rest.split(['(', '<']).next().unwrap_or_default().to_owned());
                }
            }
            for flows in source.split("super::flows! {").skip(1) {
                names.extend(flows.lines().skip(1).map(str::trim).take_while(|line| *line != "}").map(str::to_owned));
            }
        }
    }
}

#[test]
fn tests_in_the_spec_matrix_exist() {
    let mut names = BTreeSet::new();
    functions(&root().join("crates"), &mut names);
    let (matrix, mut rows) = (read("docs/spec-matrix.md"), 0);
    for test in named_in_rows(&matrix) {
        let name = test.rsplit("::").next().unwrap_or(test);
        assert!(names.contains(name), "docs/spec-matrix.md names the test {test}, which does not exist");
        rows += 1;
    }
    assert!(rows > 50, "only {rows} tests are named");
}

/// Each check of the resource API has a row, and its tests exist.
#[test]
fn tests_of_the_checks_of_the_resource_api_exist() {
    let mut names = BTreeSet::new();
    for crate_of_ours in ["resource-api", "protocol", "jwt", "auth", "testkit"] {
        functions(&root().join("crates").join(crate_of_ours), &mut names);
    }
    let document = read("docs/resource-api.md");
    let checks = document.split("\n## ").find(|section| section.starts_with("Every check\n")).expect("a section");
    let mut tests = 0;
    for test in named_in_rows(checks) {
        assert!(names.contains(test), "docs/resource-api.md names the test {test}, which does not exist");
        tests += 1;
    }
    assert!(tests > 40, "only {tests} tests are named");
}

/// Each state of each page has a row in `docs/pages.md`, and each test that is named there exists.
#[test]
fn every_sample_of_a_page_stands_in_the_table() {
    let mut tests = BTreeSet::new();
    functions(&root().join("crates"), &mut tests);
    let table = read("docs/pages.md");
    for test in named_in_rows(&table) {
        assert!(tests.contains(test), "docs/pages.md names the test {test}, which does not exist");
    }
    let rows = table.lines().filter(|line| line.starts_with("| ") && line.split('|').count() == 5);
    let states: BTreeSet<&str> =
        rows.flat_map(|row| quoted(row.split('|').nth(2).expect("a column of states"))).collect();
    let samples: Vec<String> = samples_in(Locale::En).into_iter().map(|sample| sample.name).collect();
    for sample in &samples {
        let is_named = states.iter().any(|state| is_pattern_of(state, sample));
        assert!(is_named, "docs/pages.md has no row for the state {sample}");
    }
    for state in states {
        let is_there = samples.iter().any(|sample| is_pattern_of(state, sample));
        assert!(is_there, "docs/pages.md names the state {state}, which has no sample");
    }
}

/// `code-*` stands for all that begin so.
fn is_pattern_of(state: &str, sample: &str) -> bool {
    state.strip_suffix('*').map_or(sample == state, |start| sample.starts_with(start))
}

/// `docs/conformance/modules.md` names a test for each module, by the file that it is in.
#[test]
fn tests_of_the_modules_exist() {
    let (table, mut rows) = (read("docs/conformance/modules.md"), BTreeSet::new());
    for test in named_in_rows(&table) {
        let (file, name) = test.strip_prefix("conformance::").and_then(|test| test.split_once("::")).expect(test);
        let source = read(&format!("crates/auth/tests/it/conformance/{file}.rs"));
        let is_there = source.contains(&format!("#[actix_web::test]\nasync fn {name}()"));
        assert!(is_there, "docs/conformance/modules.md names the test {test}, which does not exist");
        assert!(rows.insert(name), "{name} stands twice");
    }
    assert_eq!(rows.len(), 75, "the plans of tiers A and B have so many different modules");
}
