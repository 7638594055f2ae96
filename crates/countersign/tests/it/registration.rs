//! `countersign registration token …`, and what `client add` shares with clients that register themselves.

use serde_json::json;

use crate::support::{installation, run, succeed};

#[test]
fn a_token_is_made_shown_once_listed_and_revoked() {
    let directory = installation("\n[registration]\naccess = \"initial_access_token\"\n");
    let at = directory.path();
    let create = ["registration", "token", "create", "--uses", "3", "--expires-in", "3600", "--note", "build server"];
    let made = succeed(at, &[&create[..], &["--json"]].concat());
    assert_eq!(made.err, "");
    let made = made.json();
    let (id, token) = (made["id"].as_str().expect("a text"), made["initial_access_token"].as_str().expect("a text"));
    assert_eq!(token.strip_prefix(id).map(str::len), Some(44), "the id, a dot, 256 bits");
    assert_eq!((&made["uses_left"], &made["note"]), (&json!(3), &json!("build server")));

    let shown = succeed(at, &["registration", "token", "create"]).out;
    assert!(shown.contains("shown this once; 1 uses until "), "{shown}");
    let listed = succeed(at, &["registration", "token", "list"]).out;
    assert!(listed.contains(id) && listed.contains("build server") && !listed.contains(token), "{listed}");
    let all = succeed(at, &["registration", "token", "list", "--json"]).json();
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    assert!(!all.to_string().contains("initial_access_token"));

    succeed(at, &["registration", "token", "revoke", id]);
    let again = run(at, &["registration", "token", "revoke", id]);
    assert_eq!(again.code, 1);
    assert!(again.err.starts_with(&format!("there is no token {id};")), "{again:?}");
    assert_eq!(run(at, &["registration", "token", "create", "--uses", "0"]).code, 2);
}

#[test]
fn a_token_that_nobody_can_use_is_made_with_a_hint() {
    let directory = installation("");
    let made = succeed(directory.path(), &["registration", "token", "create"]);
    assert!(made.err.contains("registration.access is \"off\""), "{made:?}");
}

#[test]
fn the_secret_of_a_mac_is_long_and_kept_encrypted_through_its_rotation() {
    let directory = installation("");
    let at = directory.path();
    let add = [
        "client",
        "add",
        "--client-id",
        "mac",
        "--client-name",
        "Mac",
        "--redirect-uri",
        "https://mac.example/cb",
        "--token-endpoint-auth-method",
        "client_secret_jwt",
        "--json",
    ];
    let secret = |ended: crate::support::Ended| ended.json()["client_secret"].as_str().map(str::len);
    assert_eq!(secret(succeed(at, &add)), Some(86));
    assert_eq!(secret(succeed(at, &["client", "rotate", "mac", "--json"])), Some(86));
    let shown = succeed(at, &["client", "show", "mac", "--json"]).json();
    assert_eq!(shown["registered_by"], "administrator");
}

#[test]
fn a_sector_identifier_that_cannot_be_fetched_is_refused_with_the_whole_reason() {
    let directory = installation("");
    let at = directory.path();
    let metadata = json!({
        "client_name": "X",
        "redirect_uris": ["https://x.example/cb"],
        "subject_type": "pairwise",
        "sector_identifier_uri": "https://127.0.0.1:8443/sector",
    });
    std::fs::write(at.join("x.json"), metadata.to_string()).expect("is written");
    let refused = run(at, &["client", "add", "--metadata", "x.json"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.starts_with("the sector_identifier_uri: "), "{refused:?}");
    assert!(refused.err.contains("127.0.0.1 is loopback"), "{refused:?}");
    assert_eq!(succeed(at, &["client", "list", "--json"]).json(), json!([]));
}
