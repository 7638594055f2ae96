//! `countersign client …`: what is registered is there, and secrets are shown once.

use std::fs;

use crate::support::{installation, run, run_with_input, succeed};

#[test]
fn a_client_is_added_listed_shown_rotated_and_deleted() {
    let directory = installation("");
    let at = directory.path();
    let added = succeed(
        at,
        &[
            "client",
            "add",
            "--json",
            "--client-id",
            "wiki",
            "--client-name",
            "Wiki",
            "--redirect-uri",
            "https://wiki.example/cb",
            "--grant-type",
            "authorization_code",
            "--grant-type",
            "refresh_token",
            "--scope",
            "openid email offline_access",
        ],
    )
    .json();
    assert_eq!(added["client_id"], "wiki");
    assert_eq!(added["client_secret"].as_str().map(str::len), Some(43));

    let listed = succeed(at, &["client", "list"]).out;
    assert!(listed.contains("wiki") && listed.contains("client_secret_basic"), "{listed}");
    let shown = succeed(at, &["client", "show", "wiki", "--json"]).json();
    assert_eq!(shown["redirect_uris"][0], "https://wiki.example/cb");
    assert_eq!(shown["scope"], "openid email offline_access");
    assert!(shown.get("client_secret").is_none());

    let rotated = succeed(at, &["client", "rotate", "wiki", "--overlap", "60", "--json"]).json();
    assert_ne!(rotated["client_secret"], added["client_secret"]);
    assert!(rotated["old_secrets_end_at"].is_i64());

    assert_eq!(run(at, &["client", "delete", "wiki"]).code, 2, "nobody is there to be asked");
    succeed(at, &["client", "delete", "wiki", "--yes"]);
    let gone = run(at, &["client", "show", "wiki"]);
    assert_eq!((gone.code, gone.err.trim()), (1, "there is no client wiki; `countersign client list` shows all"));
}

#[test]
fn passwords_are_checked_for_a_client_only_where_that_is_allowed() {
    let directory = installation("");
    let at = directory.path();
    let add = ["client", "add", "--client-id", "api", "--client-name", "API", "--grant-type", "client_credentials"];
    succeed(at, &add);
    let shown = || succeed(at, &["client", "show", "api", "--json"]).json();
    let before = shown();
    assert_eq!(before.get("password_check_scope"), None, "off unless it is allowed");
    let set = succeed(at, &["client", "passwords", "api", "--scope", "notes:read notes:write"]);
    assert!(set.out.contains("such callers may notes:read notes:write"), "{}", set.out);
    assert_eq!(shown()["password_check_scope"], "notes:read notes:write");
    assert_eq!(run(at, &["client", "passwords", "api"]).code, 2, "a scope or --none");
    for scope in ["", "openid"] {
        let refused = run(at, &["client", "passwords", "api", "--scope", scope]);
        assert!(refused.code == 1 && refused.err.contains("password_check_scope"), "{refused:?}");
    }
    succeed(at, &["client", "passwords", "api", "--none"]);
    assert_eq!(shown(), before, "nothing else has changed");
    let more = ["--client-id", "other", "--client-name", "X", "--grant-type", "client_credentials"];
    let more = [&["client", "add", "--json", "--password-check-scope", "a"][..], &more].concat();
    assert_eq!(succeed(at, &more).json()["password_check_scope"], "a");
}

#[test]
fn a_public_client_has_no_secret() {
    let directory = installation("");
    let at = directory.path();
    let add = [
        "client",
        "add",
        "--client-id",
        "spa",
        "--client-name",
        "App",
        "--redirect-uri",
        "https://a.example/cb",
        "--token-endpoint-auth-method",
        "none",
    ];
    assert!(!succeed(at, &add).out.contains("client_secret"));
    assert_eq!(run(at, &["client", "rotate", "spa"]).err.trim(), "client spa has no secret: it uses none");
    assert_eq!(run(at, &add).err.trim(), "client spa exists already");
}

#[test]
fn metadata_comes_from_a_file_or_standard_input_and_flags_override_it() {
    let directory = installation("");
    let at = directory.path();
    let metadata = r#"{"client_name": "Job", "grant_types": ["client_credentials"], "scope": "notes:read"}"#;
    fs::write(at.join("job.json"), metadata).expect("is written");
    let added =
        succeed(at, &["client", "add", "--metadata", "job.json", "--client-name", "Night job", "--json"]).json();
    assert_eq!(added["client_name"], "Night job");
    assert_eq!(added["grant_types"][0], "client_credentials");
    let piped = run_with_input(at, &["client", "add", "--metadata", "-", "--json"], metadata);
    assert_eq!(piped.json()["client_name"], "Job");
}

#[test]
fn every_fault_of_the_metadata_is_named() {
    let directory = installation("");
    let at = directory.path();
    let metadata = r#"{"client_name": "X", "redirect_uris": ["http://a.example/cb"], "application_type": "spa"}"#;
    fs::write(at.join("x.json"), metadata).expect("is written");
    let ended = run(at, &["client", "add", "--metadata", "x.json"]);
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("application_type: ") && ended.err.contains("redirect_uris: "), "{ended:?}");
    fs::write(at.join("x.json"), r#"{"redirect_uri": "x"}"#).expect("is written");
    let ended = run(at, &["client", "add", "--metadata", "x.json"]);
    assert!(ended.err.contains("unknown field `redirect_uri`"), "{ended:?}");
    let ended = run(at, &["client", "add", "--client-name", "X", "--application-type", "spa"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("[possible values: web, native]"), "{ended:?}");
}

#[test]
fn an_algorithm_without_a_key_is_refused_before_anything_is_written() {
    let directory = installation("");
    let at = directory.path();
    let refused = run(
        at,
        &[
            "client",
            "add",
            "--client-name",
            "X",
            "--redirect-uri",
            "https://x.example/cb",
            "--id-token-signed-response-alg",
            "EdDSA",
        ],
    );
    assert_eq!(refused.code, 1);
    assert!(refused.err.starts_with("id_token_signed_response_alg: keys.algorithms has no EdDSA"), "{refused:?}");
    assert_eq!(succeed(at, &["client", "list", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn a_client_never_has_the_id_of_a_person() {
    let directory = installation("");
    let at = directory.path();
    let alice = succeed(at, &["user", "add", "alice", "--json"]).json();
    let id = alice["id"].as_str().expect("a text");
    let add = ["client", "add", "--client-name", "X", "--redirect-uri", "https://x.example/cb", "--client-id", id];
    let refused = run(at, &add);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("is the id of a person"), "{refused:?}");
    assert_eq!(succeed(at, &["client", "list", "--json"]).json(), serde_json::json!([]));
}
