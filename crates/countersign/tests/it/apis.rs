//! `countersign api …`: protected APIs, and what keeps their tokens verifiable.

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Ended, installation, run, succeed};

const NOTES: &str = "https://notes.example";
const ADD: [&str; 7] = ["api", "add", NOTES, "--name", "Notes", "--scope", "notes:read=Read your notes"];

/// `api add` with these flags is refused, and nothing is written.
fn refused(directory: &TempDir, flags: &[&str]) -> Ended {
    let ended = run(directory.path(), &[&ADD, flags].concat());
    assert_eq!(ended.code, 1, "{ended:?}");
    assert_eq!(succeed(directory.path(), &["api", "list", "--json"]).json(), json!([]));
    ended
}

#[test]
fn an_api_is_added_listed_and_deleted() {
    let directory = installation("");
    let at = directory.path();
    succeed(at, &ADD);
    assert_eq!(run(at, &ADD).code, 1, "a scope belongs to one API");
    let listed = succeed(at, &["api", "list", "--json"]).json();
    assert_eq!(listed[0]["identifier"], NOTES);
    assert_eq!(listed[0]["scopes"][0]["description"], "Read your notes");
    succeed(at, &["api", "delete", NOTES]);
    assert_eq!(run(at, &["api", "delete", NOTES]).code, 1);
}

#[test]
fn a_signed_token_needs_a_key_that_outlives_it() {
    let directory =
        installation("[keys]\nalgorithms = [\"RS256\"]\noverlap = 3600\n[tokens]\naccess_token_lifetime = 300\n");
    let without_key = refused(&directory, &[]).err;
    assert!(without_key.starts_with("--signing-alg: keys.algorithms has no ES256, only RS256;"), "{without_key}");
    let too_long = refused(&directory, &["--signing-alg", "RS256", "--lifetime", "3601"]).err;
    for part in ["--lifetime: 3601 s", "keys.overlap (3600 s)", "at least 3601", "tokens.access_token_lifetime"] {
        assert!(too_long.contains(part), "{too_long}");
    }
    let sound = [&ADD[..], &["--signing-alg", "RS256", "--lifetime", "3600"]].concat();
    succeed(directory.path(), &sound);
}

#[test]
fn an_opaque_token_needs_no_key() {
    let directory = installation("[keys]\nalgorithms = [\"RS256\"]\noverlap = 3600\n");
    let add = [&ADD[..], &["--token-format", "opaque", "--lifetime", "7200"]].concat();
    assert_eq!(succeed(directory.path(), &[&add[..], &["--json"]].concat()).json()["access_token_lifetime"], 7200);
}

#[test]
fn the_resource_server_is_a_client_that_exists() {
    let directory = installation("");
    let at = directory.path();
    let nobody = "there is no client notes-api; `countersign client list` shows all";
    assert_eq!(refused(&directory, &["--resource-server", "notes-api"]).err.trim(), nobody);

    succeed(at, &ADD);
    let set = ["api", "set-resource-server", NOTES, "notes-api", "--json"];
    assert_eq!(run(at, &set[..4]).err.trim(), nobody);
    let client = ["client", "add", "--client-id", "notes-api", "--client-name", "Notes API"];
    succeed(at, &[&client[..], &["--grant-type", "client_credentials"]].concat());
    assert_eq!(succeed(at, &set).json(), json!({ "identifier": NOTES, "resource_server": "notes-api" }));
    assert!(run(at, &["api", "set-resource-server", "https://x", "--none"]).err.contains("there is no API https://x"));
    succeed(at, &["api", "set-resource-server", NOTES, "--none"]);
    assert_eq!(run(at, &["api", "set-resource-server", NOTES]).code, 2, "a client or --none");
    assert_eq!(run(at, &["api", "set-resource-server", NOTES, "notes-api", "--none"]).code, 2, "not both");
}

#[test]
fn a_scope_of_the_issuer_belongs_to_no_api() {
    let directory = installation("");
    for scope in protocol::scope::STANDARD {
        let ended =
            run(directory.path(), &["api", "add", NOTES, "--name", "Notes", "--scope", &format!("{scope}=Read")]);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.err.contains(&format!("{scope} belongs to the issuer itself")), "{ended:?}");
    }
    assert_eq!(succeed(directory.path(), &["api", "list", "--json"]).json(), json!([]));
}
