//! `countersign api-key …`: made and shown once, listed, replaced, revoked.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{installation, run, succeed};

const NOTES: &str = "https://notes.example";

/// An API with two scopes, and alice.
fn with_an_api(extra: &str) -> TempDir {
    let directory = installation(extra);
    let at = directory.path();
    let scopes = ["--scope", "notes:read=Read your notes", "--scope", "notes:write=Change your notes"];
    succeed(at, &[&["api", "add", NOTES, "--name", "Notes"][..], &scopes].concat());
    succeed(at, &["user", "add", "alice", "--email", "alice@example.com", "--email-verified", "--generate"]);
    directory
}

fn create<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    [&["api-key", "create", "alice", "--api", NOTES][..], flags].concat()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}"))
}

#[test]
fn a_key_is_made_shown_once_and_listed() {
    let directory = with_an_api("[mail]\ntransport = \"mailbox\"\nfrom = \"accounts@example.com\"\n");
    let at = directory.path();
    let flags = ["--permission", "notes:*", "--permission", "read", "--network", "10.0.0.0/8", "--name", " Back\tup "];
    let made = succeed(at, &create(&[&flags[..], &["--allow-signing", "--json"]].concat())).json();
    let (id, key) = (text(&made, "id"), text(&made, "api_key"));
    assert!(key.starts_with(&format!("cs_key_{id}_")) && key.len() == 62, "{made}");
    assert_eq!((text(&made, "user"), text(&made, "name"), text(&made, "standing")), ("alice", "Back up", "active"));
    assert_eq!(made["permissions"], json!(["notes:*", "read"]));
    assert_eq!((&made["allowed_networks"], &made["signing"]), (&json!(["10.0.0.0/8"]), &json!(true)));
    let lives = made["expires_at"].as_i64().unwrap() - made["created_at"].as_i64().unwrap();
    assert_eq!(lives, 90 * 86_400);
    let sent = succeed(at, &["mail", "log", "--json"]).out;
    assert!(sent.contains("api_key_created"), "its owner hears of it: {sent}");

    let made = succeed(at, &create(&["--permission", "notes:read", "--expires", "12h"]));
    assert!(made.err.contains("nobody can ask about keys of https://notes.example yet"), "{made:?}");
    let shown = made.out;
    assert!(shown.contains("(shown this once)") && shown.contains("permissions  notes:read\n"), "{shown}");
    for list in [&["api-key", "list", "alice"][..], &["api-key", "list", "--all"], &["api-key", "show", id]] {
        let listed = succeed(at, list).out;
        assert!(listed.contains(id) && listed.contains("alice") && !listed.contains(key), "{listed}");
        let all = succeed(at, &[list, &["--json"]].concat());
        assert!(!all.out.contains("api_key") && !all.out.contains(key), "{all:?}");
    }
    assert_eq!(succeed(at, &["api-key", "list", "alice", "--json"]).json().as_array().map(Vec::len), Some(2));
    assert_eq!(run(at, &["api-key", "list"]).code, 2, "whose?");
    assert_eq!(run(at, &["api-key", "list", "bob"]).code, 1);
}

#[test]
fn what_makes_no_sense_is_refused_with_the_flag_and_the_reason() {
    let directory = with_an_api("");
    let at = directory.path();
    let refused = |flags: &[&str], reason: &str| {
        let ended = run(at, &create(&[flags, &["--permission", "notes:read"]].concat()));
        assert!(ended.code != 0 && ended.err.contains(reason), "{ended:?}");
    };
    refused(&["--permission", "note:read"], "--permission: `note:read` covers no scope of this API");
    refused(&["--permission", "notes:"], "--permission: `notes:` is no permission");
    refused(
        &["--network", "10.1.2.3/8"],
        "--network: `10.1.2.3/8` has bits behind its prefix; did you mean 10.0.0.0/8?",
    );
    refused(&["--expires", "366d"], "--expires: a key lives at least a minute and at most 31536000 seconds");
    refused(&["--expires", "never"], "--expires: a key has to end");
    refused(&["--expires", "soon"], "write it as 90d, 12h, 30m, or in seconds");
    refused(&["--name", " "], "--name: the name is empty");
    let elsewhere = ["api-key", "create", "alice", "--api", "https://x.example", "--permission", "read"];
    assert!(run(at, &elsewhere).err.contains("there is no API https://x.example"));
    assert!(
        run(at, &["api-key", "create", "bob", "--api", NOTES, "--permission", "read"]).err.contains("nobody named")
    );
    assert_eq!(succeed(at, &["api-key", "list", "--all", "--json"]).json(), json!([]));
}

#[test]
fn a_key_need_not_end_where_the_settings_say_so() {
    let directory = with_an_api("[api_keys]\nlongest_lifetime = 0\n");
    let made = succeed(directory.path(), &create(&["--permission", "*", "--expires", "never", "--json"])).json();
    assert_eq!(made["expires_at"], Value::Null);
    let endless = succeed(directory.path(), &["api-key", "show", text(&made, "id")]).out;
    assert!(endless.contains("expires      never\n"), "{endless}");
}

#[test]
fn a_key_is_replaced_once_and_revoked_once() {
    let directory = with_an_api("");
    let at = directory.path();
    let made = succeed(at, &create(&["--permission", "notes:read", "--json"])).json();
    let id = text(&made, "id");
    assert_eq!(run(at, &["api-key", "rotate", id, "--overlap", "8d"]).code, 2);
    let next = succeed(at, &["api-key", "rotate", &format!("cs_key_{id}"), "--overlap", "1d", "--json"]).json();
    let (next_id, key) = (text(&next, "id"), text(&next, "api_key"));
    assert!(key.starts_with(&format!("cs_key_{next_id}_")) && next_id != id, "{next}");
    let again = run(at, &["api-key", "rotate", id]);
    assert!(again.code == 1 && again.err.contains(&format!("was replaced by {next_id}")), "{again:?}");
    let old = succeed(at, &["api-key", "show", id, "--json"]).json();
    assert_eq!((text(&old, "standing"), text(&old, "replaced_by")), ("replaced", next_id));

    assert_eq!(succeed(at, &["api-key", "revoke", id, "--json"]).json(), json!({ "id": id, "revoked": true }));
    assert!(run(at, &["api-key", "revoke", id]).err.contains("has ended already"));
    assert_eq!(text(&succeed(at, &["api-key", "show", id, "--json"]).json(), "standing"), "revoked");
    let unknown = run(at, &["api-key", "show", "0000000000000000"]);
    assert!(unknown.code == 1 && unknown.err.starts_with("there is no API key 0000000000000000;"), "{unknown:?}");
    let whole = run(at, &["api-key", "show", key]);
    assert_eq!(whole.code, 2, "{whole:?}");
}
