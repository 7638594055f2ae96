//! `[seed]`: who is missing is made before the server serves, who is there stays, and what is wrong stops the start.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use protocol::ids::ClientId;
use protocol::registration::ClientMetadata;
use protocol::time::Timestamp;
use serde_json::{Value, json};
use store::{Store, StoreOptions};
use tempfile::TempDir;

use crate::support::{Ended, Running, countersign, free_ports, run, succeed};

const SECRET: &str = "a-secret-of-the-seed-with-43-characters-at-least";

fn job() -> Value {
    json!({
        "client_id": "job", "client_secret": SECRET, "client_name": "Job",
        "grant_types": ["client_credentials"], "scope": "notes:read",
    })
}

fn bob() -> Value {
    json!({ "username": "bob", "password": "a password of bob", "email": "bob@example.org" })
}

/// A directory with settings and both files.
fn installation(port: u16, clients: &Value, users: &Value) -> TempDir {
    let directory = crate::support::installation(&format!(
        "listen = \"127.0.0.1:{port}\"\n[seed]\nclients = \"clients.json\"\nusers = \"users.json\"\n"
    ));
    write(directory.path(), "clients.json", clients);
    write(directory.path(), "users.json", users);
    directory
}

fn write(directory: &Path, name: &str, content: &Value) {
    fs::write(directory.join(name), content.to_string()).expect("is written");
    mode(directory, name, 0o600);
}

fn mode(directory: &Path, name: &str, mode: u32) {
    fs::set_permissions(directory.join(name), Permissions::from_mode(mode)).expect("is set");
}

async fn token(port: u16, secret: &str) -> u16 {
    let form = [("grant_type", "client_credentials"), ("scope", "notes:read")];
    let url = format!("http://localhost:{port}/token");
    let request = reqwest::Client::new().post(url).basic_auth("job", Some(secret)).form(&form);
    let answer = request.send().await.expect("an answer");
    let (status, body) = (answer.status().as_u16(), answer.text().await.expect("a text"));
    assert!(!body.contains("unknown scope"), "{body}");
    status
}

#[tokio::test]
async fn who_is_missing_is_made_once_and_who_is_there_stays() {
    let port = free_ports();
    let directory = installation(port, &json!([job()]), &json!([bob()]));
    let at = directory.path();
    succeed(at, &["api", "add", "https://api.example", "--name", "Notes", "--scope", "notes:read=Read notes"]);
    let server = Running::start(countersign(at, &["serve"])).listening_on(port);
    assert_eq!(token(port, SECRET).await, 200, "the secret of the file is the client's");
    assert_eq!(token(port, "another-secret-that-is-long-enough-to-be-one").await, 401);
    assert_eq!(server.interrupt(), 0);

    succeed(at, &["user", "disable", "bob"]);
    let rotated = succeed(at, &["client", "rotate", "job", "--overlap", "0", "--json"]).json();
    let server = Running::start(countersign(at, &["serve"])).listening_on(port);
    assert_eq!(token(port, SECRET).await, 401, "an administrator ended it");
    assert_eq!(token(port, rotated["client_secret"].as_str().expect("a text")).await, 200);
    assert_eq!(server.interrupt(), 0);
    let people = succeed(at, &["user", "list", "--json"]).json();
    assert_eq!(people.as_array().map(Vec::len), Some(1));
    assert!(people[0]["disabled_at"].is_i64(), "{people}");
}

/// The database has the client, and the person, but the start ended before the second step.
#[tokio::test]
async fn an_interrupted_start_is_completed_by_the_next_one() {
    let port = free_ports();
    let directory = installation(port, &json!([job()]), &json!([]));
    let at = directory.path();
    succeed(at, &["api", "add", "https://api.example", "--name", "Notes", "--scope", "notes:read=Read notes"]);
    let url = format!("sqlite:{}", at.join("countersign.db").display());
    let store = Store::open(&url, StoreOptions { pool_size: 1 }).await.expect("a store");
    let mut metadata = job();
    let members = metadata.as_object_mut().expect("an object");
    members.retain(|member, _| member != "client_id" && member != "client_secret");
    let metadata: ClientMetadata = serde_json::from_value(metadata).expect("metadata");
    let client = metadata.check(ClientId::parse("job").expect("an id"), Timestamp(1)).expect("a client");
    store::clients::insert(&store, &client).await.expect("is new");
    store.close().await;
    let server = Running::start(countersign(at, &["serve"])).listening_on(port);
    assert_eq!(token(port, SECRET).await, 200);
    assert_eq!(server.interrupt(), 0);
}

fn both(directory: &Path) -> [Ended; 2] {
    ["check", "serve"].map(|verb| run(directory, &[verb]))
}

#[test]
fn every_fault_is_told_with_file_entry_and_member_and_nothing_is_made() {
    let clients = json!([
        { "client_id": "a", "client_name": "A", "redirect_uris": ["http://a.example/cb"], "colour": "red", "scope": 7 },
        { "client_name": "B", "redirect_uris": ["https://b.example/cb"], "response_types": ["code token"] },
        { "client_id": "c", "client_name": "C", "client_secret": "short-but-secret", "redirect_uris": ["https://c.example/cb"] },
        { "client_id": "d", "client_name": "D", "client_secret": SECRET, "redirect_uris": ["https://d.example/cb"],
          "token_endpoint_auth_method": "none" },
        7,
        job(), job(),
    ]);
    let users = json!([
        { "username": "a b", "password": 12_345_678, "email": "none", "shoe_size": "44", "address": { "planet": "Mars" } },
        { "password": "short", "phone_number": "call me", "email_verified": true, "groups": "staff" },
        bob(), { "username": "BOB" }, { "username": "eve", "email": "Bob@example.org", "preferred_username": "adam" },
        { "username": "dan\u{ff20}example.org" }, { "username": "dan\u{200b}" },
    ]);
    let directory = installation(free_ports(), &clients, &users);
    for ended in both(directory.path()) {
        assert_eq!(ended.code, 78, "{ended:?}");
        for expected in [
            "clients.json: entry 1 (a), colour: is no member that is known here",
            "clients.json: entry 1 (a), scope: invalid type",
            "clients.json: entry 1 (a), redirect_uris: ",
            "clients.json: entry 2, client_id: is missing",
            "clients.json: entry 2, response_types: openid.response_types_supported has no \"code token\"",
            "clients.json: entry 3 (c), client_secret: needs 43 to 512 characters",
            "clients.json: entry 4 (d), client_secret: is of no use: the client authenticates by none",
            "clients.json: entry 5: is no JSON object",
            "clients.json: entry 7 (job), client_id: stands in an entry before this one",
            "users.json: entry 1 (a b), username: ",
            "users.json: entry 1 (a b), password: is no text",
            "users.json: entry 1 (a b), email: this is no e-mail address",
            "users.json: entry 1 (a b), shoe_size: is no member",
            "users.json: entry 1 (a b), address: unknown field `planet`",
            "users.json: entry 2, username: is missing",
            "users.json: entry 2, password: the password needs at least 15 characters",
            "users.json: entry 2, phone_number: ",
            "users.json: entry 2, email_verified: is true, but there is no email",
            "users.json: entry 2, groups: invalid type",
            "users.json: entry 4 (BOB), username: stands in an entry before this one",
            "users.json: entry 5 (eve), preferred_username: ",
            "users.json: entry 5 (eve), email: stands in an entry before this one",
            "users.json: entry 6 (dan\u{ff20}example.org), username: a user name has letters, digits and ASCII punctuation",
            "users.json: entry 7 (dan\u{200b}), username: a user name has letters, digits and ASCII punctuation",
        ] {
            assert!(ended.err.contains(expected), "no {expected:?} in {}", ended.err);
        }
        for secret in ["short-but-secret", "12345678", SECRET, "a password of bob"] {
            assert!(!ended.err.contains(secret), "{secret:?} in {}", ended.err);
        }
    }
    assert!(!directory.path().join("countersign.db").exists());
}

#[test]
fn files_that_cannot_be_read_stop_the_start() {
    let directory = installation(free_ports(), &json!({}), &json!([]));
    fs::remove_file(directory.path().join("users.json")).expect("is there");
    for ended in both(directory.path()) {
        assert_eq!(ended.code, 78);
        assert!(ended.err.contains("clients.json: is no JSON array: "), "{ended:?}");
        assert!(ended.err.contains("users.json: cannot be read: No such file"), "{ended:?}");
    }
    let (elsewhere, settings) = (tempfile::tempdir().expect("a directory"), directory.path().join("countersign.toml"));
    let ended = run(elsewhere.path(), &["check", "--config", settings.to_str().expect("is UTF-8")]);
    let anchored = directory.path().join("users.json").display().to_string();
    assert!(ended.err.contains(&anchored), "paths start at the settings file: {ended:?}");
}

/// As key files. What everybody knows needs no hiding: the profile of the conformance tests is served as it is checked out.
#[test]
fn files_with_secrets_that_others_can_read_stop_the_start() {
    let directory = installation(free_ports(), &json!([job()]), &json!([bob()]));
    let at = directory.path();
    mode(at, "clients.json", 0o640);
    mode(at, "users.json", 0o604);
    for ended in both(at) {
        assert_eq!(ended.code, 78, "{ended:?}");
        for expected in
            ["clients.json: holds secrets, and others can read it (mode 0640)", "(mode 0604); run chmod 600"]
        {
            assert!(ended.err.contains(expected), "no {expected:?} in {}", ended.err);
        }
    }
    let published = json!({ "username": "alice", "password": "correct horse battery staple" });
    write(at, "users.json", &json!([published, { "username": "eve" }]));
    mode(at, "users.json", 0o644);
    mode(at, "clients.json", 0o600);
    succeed(at, &["check"]);
}

/// As everywhere else: whoever writes the file might be mistaken about whose sector it is.
#[test]
fn a_sector_that_is_not_proven_is_refused() {
    let directory = installation(free_ports(), &json!([]), &json!([]));
    let at = directory.path();
    let client = json!({
        "client_id": "web",
        "client_name": "Web",
        "redirect_uris": ["https://a.example/cb", "https://b.example/cb"],
        "subject_type": "pairwise",
        "sector_identifier_uri": "https://127.0.0.1:8443/sector",
        "token_endpoint_auth_method": "none",
    });
    write(at, "clients.json", &json!([client]));
    for verb in [&["check", "--database"][..], &["serve"]] {
        let ended = run(at, verb);
        assert_eq!(ended.code, 78, "{ended:?}");
        assert!(ended.err.contains("clients.json: entry 1 (web), sector_identifier_uri: "), "{ended:?}");
    }
    assert_eq!(succeed(at, &["client", "list", "--json"]).json(), json!([]));
}

#[test]
fn whose_address_or_id_belongs_to_another_is_refused() {
    let port = free_ports();
    let directory = installation(port, &json!([]), &json!([]));
    let at = directory.path();
    let carol = succeed(at, &["user", "add", "carol", "--email", "bob@example.org", "--json"]).json();
    let mut client = job();
    client["client_id"] = carol["id"].clone();
    write(at, "clients.json", &json!([client]));
    write(at, "users.json", &json!([bob()]));
    for verb in [&["check", "--database"][..], &["serve"]] {
        let ended = run(at, verb);
        assert_eq!(ended.code, 78, "{ended:?}");
        assert!(ended.err.contains("users.json: entry 1 (bob), email: is the address of carol already"), "{ended:?}");
        assert!(ended.err.contains("client_id: is the id of a person"), "{ended:?}");
    }
    assert_eq!(succeed(at, &["client", "list", "--json"]).json(), json!([]));
    assert_eq!(succeed(at, &["user", "list", "--json"]).json().as_array().map(Vec::len), Some(1));
}

fn profile() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance")
}

/// A copy of `docs/conformance` with a certificate where that of the suite belongs.
fn copy_of_the_profile() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for name in ["countersign.toml", "clients.json", "users.json"] {
        fs::copy(profile().join(name), directory.path().join(name)).expect("is copied");
    }
    let suite = rcgen::generate_simple_self_signed(vec!["suite.test".to_owned()]).expect("a pair");
    fs::write(directory.path().join("suite-ca.pem"), suite.cert.pem()).expect("is written");
    directory
}

fn at_port(mut command: Command, issuer: &str, port: u16) -> Command {
    command.env("COUNTERSIGN_SERVER__ISSUER", issuer);
    command.env("COUNTERSIGN_SERVER__LISTEN", format!("127.0.0.1:{port}"));
    command
}

#[test]
fn the_conformance_profile_serves_its_clients_and_its_person() {
    let directory = copy_of_the_profile();
    let at = directory.path();
    let port = free_ports();
    succeed(at, &["check"]);
    let issuer = format!("https://localhost:{port}");
    let server = Running::start(at_port(countersign(at, &["serve"]), &issuer, port)).listening_on(port);
    assert_eq!(server.interrupt(), 0);
    let clients = succeed(at, &["client", "list", "--json"]).json();
    let ids: Vec<_> = clients.as_array().into_iter().flatten().filter_map(|it| it["client_id"].as_str()).collect();
    assert_eq!(ids, ["static-1", "static-2", "static-post"]);
    let alice = &succeed(at, &["user", "list", "--json"]).json()[0];
    let claims =
        ["name", "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website", "gender"];
    let more = ["birthdate", "zoneinfo", "locale", "email", "phone_number", "username"];
    for claim in claims.iter().chain(&more) {
        assert!(alice[claim].as_str().is_some_and(|value| !value.is_empty()), "{claim}: {alice}");
    }
    assert!(alice["address"].is_object(), "{alice}");
}

/// Everybody can read the secrets of the profile.
#[test]
fn published_secrets_are_for_this_machine_only() {
    let directory = copy_of_the_profile();
    let at = directory.path();
    let port = free_ports();
    let public = "https://id.example.com";
    // Calling itself localhost keeps nobody away from a server that listens to all.
    let mut reachable = at_port(countersign(at, &["serve"]), &format!("https://localhost:{port}"), port);
    reachable.env("COUNTERSIGN_SERVER__LISTEN", format!("0.0.0.0:{port}"));
    let ended: Ended = reachable.output().expect("ends").into();
    assert_eq!(ended.code, 78, "{ended:?}");
    assert!(ended.err.contains("entry 1 (static-1), client_secret: it stands in public documents"), "{ended:?}");
    for verb in ["check", "serve"] {
        let ended: Ended = at_port(countersign(at, &[verb]), public, port).output().expect("ends").into();
        assert_eq!(ended.code, 78, "{ended:?}");
        assert!(ended.err.contains("entry 1 (alice), password: it stands in public documents"), "{ended:?}");
        assert!(ended.err.contains("entry 3 (static-post), client_secret: it stands in public documents"), "{ended:?}");
    }

    start_once_as(at, &format!("https://localhost:{port}"), port);
    for file in ["clients.json", "users.json"] {
        write(at, file, &json!([]));
    }
    for id in ["static-1", "static-2", "static-post"] {
        let refused: Ended = at_port(countersign(at, &["serve"]), public, port).output().expect("ends").into();
        assert_eq!(refused.code, 78, "{refused:?}");
        let expected = format!("client {id} has the secret of the conformance tests");
        assert!(refused.err.contains(&expected), "{refused:?}");
        succeed(at, &["client", "delete", id, "--yes"]);
    }
    let refused: Ended = at_port(countersign(at, &["serve"]), public, port).output().expect("ends").into();
    assert_eq!(refused.code, 78, "{refused:?}");
    assert!(refused.err.contains("alice has the password of the conformance tests"), "{refused:?}");
    succeed(at, &["user", "password", "alice", "--generate"]);
    start_once_as(at, public, port);
}

fn start_once_as(directory: &Path, issuer: &str, port: u16) {
    let server = Running::start(at_port(countersign(directory, &["serve"]), issuer, port)).listening_on(port);
    assert_eq!(server.interrupt(), 0);
}
