//! `countersign serve` and `healthcheck`: starts, is ready, logs, stops; refuses what must not be served.

use std::fs;

use protocol::client::{Client, RegisteredBy};
use protocol::ids::ClientId;
use protocol::signing::MaybeSigned;
use store::{Store, StoreOptions};

use crate::support::{Running, countersign, free_ports, run, succeed};

fn settings(port: u16) -> String {
    format!("[server]\nissuer = \"http://localhost:{port}\"\nlisten = \"127.0.0.1:{port}\"\n[log]\nformat = \"json\"\n")
}

#[tokio::test]
async fn it_serves_is_healthy_and_stops_cleanly() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let port = free_ports();
    fs::write(directory.path().join("countersign.toml"), settings(port)).expect("is written");
    assert_eq!(run(directory.path(), &["healthcheck"]).code, 1, "nobody serves yet");

    let mut server = Running::start(countersign(directory.path(), &["serve"])).listening_on(port);
    let line: serde_json::Value = serde_json::from_str(&server.first_line()).expect("the log is JSON");
    assert_eq!(line["issuer"], format!("http://localhost:{port}"));
    assert_eq!(succeed(directory.path(), &["healthcheck"]).out.trim(), "ready");
    let metadata: serde_json::Value = reqwest::get(format!("http://localhost:{port}/.well-known/openid-configuration"))
        .await
        .expect("answers")
        .json()
        .await
        .expect("is JSON");
    assert_eq!(metadata["issuer"], format!("http://localhost:{port}"));

    let taken = run(directory.path(), &["serve"]);
    assert_eq!(taken.code, 78, "{taken:?}");
    assert!(taken.err.contains("server.listen"), "{taken:?}");
    assert_eq!(server.interrupt(), 0);
}

#[test]
fn an_issuer_with_a_path_is_healthy_below_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let port = free_ports();
    let below = settings(port).replacen(&format!(":{port}\""), &format!(":{port}/tenant/a\""), 1);
    fs::write(directory.path().join("countersign.toml"), below).expect("is written");
    let server = Running::start(countersign(directory.path(), &["serve"])).listening_on(port);
    assert_eq!(succeed(directory.path(), &["healthcheck"]).out.trim(), "ready");
    assert_eq!(server.interrupt(), 0);
}

#[test]
fn an_algorithm_that_nobody_can_sign_with_is_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let at = directory.path();
    let settings = settings(free_ports());
    let file = at.join("countersign.toml");
    fs::write(&file, format!("{settings}[keys]\nalgorithms = [\"RS256\", \"EdDSA\", \"ES256\"]\n"))
        .expect("is written");
    succeed(at, &["api", "add", "https://a.example", "--name", "A", "--scope", "a=Do a", "--signing-alg", "EdDSA"]);
    let opaque = ["--token-format", "opaque", "--signing-alg", "PS256"];
    succeed(at, &[&["api", "add", "https://b.example", "--name", "B", "--scope", "b=Do b"], &opaque[..]].concat());
    let web = ["--client-name", "Web", "--redirect-uri", "https://a.example/cb"];
    let alg = ["--id-token-signed-response-alg", "ES256"];
    succeed(at, &[&["client", "add", "--client-id", "web"], &web[..], &alg[..]].concat());

    fs::write(&file, format!("{settings}[keys]\nalgorithms = [\"RS256\"]\n")).expect("is written");
    for arguments in [&["check", "--database"][..], &["serve"]] {
        let ended = run(at, arguments);
        assert_eq!(ended.code, 78, "{ended:?}");
        let lines: Vec<_> = ended.err.lines().collect();
        assert_eq!(
            lines,
            [
                "API https://a.example: keys.algorithms has no EdDSA, only RS256; choose one of them, or add \"EdDSA\" to \
                 keys.algorithms",
                "client web is registered for more than there is: id_token_signed_response_alg: keys.algorithms has no \
                 ES256, only RS256; choose one of them, or add \"ES256\" to keys.algorithms; switch it on, or register the \
                 client again",
            ],
            "{arguments:?}"
        );
    }

    // A key that exists signs, whether or not new ones would be made.
    succeed(at, &["client", "delete", "web", "--yes"]);
    fs::write(&file, format!("{settings}[keys]\nalgorithms = [\"RS256\", \"ES256\", \"EdDSA\"]\n"))
        .expect("is written");
    succeed(at, &["key", "list"]);
    fs::write(&file, format!("{settings}[keys]\nalgorithms = [\"RS256\"]\n")).expect("is written");
    succeed(at, &["check", "--database"]);
    succeed(at, &[&["client", "add", "--client-id", "again"], &web[..], &alg[..]].concat());
    let unkept = ["--id-token-signed-response-alg", "PS256"];
    let refused = run(at, &[&["client", "add"], &web[..], &unkept[..]].concat());
    assert!(refused.err.starts_with("id_token_signed_response_alg: keys.algorithms has no PS256"), "{refused:?}");
}

/// Whoever may register could keep the server from starting for good.
#[tokio::test]
async fn clients_that_registered_themselves_never_stop_the_start() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let at = directory.path();
    let port = free_ports();
    fs::write(at.join("countersign.toml"), settings(port)).expect("is written");
    let add = ["client", "add", "--client-id", "web", "--client-name", "Web", "--redirect-uri", "https://a.example/cb"];
    succeed(at, &add);
    let url = format!("sqlite://{}", at.join("countersign.db").display());
    let store = Store::open(&url, StoreOptions { pool_size: 1 }).await.expect("a store");
    let web = ClientId::parse("web").expect("is an id");
    let client = store::clients::find(&store, &web).await.expect("is readable").expect("exists");
    for number in 0..2 {
        let id = ClientId::parse(&format!("stranger-{number}")).expect("is an id");
        let id_token_signed_response_alg = MaybeSigned::Unsigned;
        let stranger =
            Client { id, registered_by: RegisteredBy::Dynamic, id_token_signed_response_alg, ..client.clone() };
        store::clients::insert(&store, &stranger).await.expect("is new");
    }
    let mut server = Running::start(countersign(at, &["serve"])).listening_on(port);
    let line: serde_json::Value = serde_json::from_str(&server.first_line()).expect("the log is JSON");
    assert_eq!((&line["level"], &line["clients"]), (&"WARN".into(), &2.into()), "{line}");
    assert_eq!(server.interrupt(), 0);

    let unsigned = Client { id_token_signed_response_alg: MaybeSigned::Unsigned, ..client };
    let _won = store::clients::update(&store, &unsigned).await.expect("is writable");
    store.close().await;
    let refused = run(at, &["serve"]);
    assert_eq!(refused.code, 78, "{refused:?}");
    assert!(refused.err.contains("client web is registered for more than there is"), "{refused:?}");
    assert!(!refused.err.contains("stranger-0 is"), "{refused:?}");
}

#[test]
fn a_person_who_was_added_by_hand_may_be_called_alice() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let port = free_ports();
    fs::write(directory.path().join("countersign.toml"), settings(port)).expect("is written");
    let added = ["user", "add", "alice", "--email", "alice@demo.test", "--email-verified", "--generate"];
    succeed(directory.path(), &added);
    let server = Running::start(countersign(directory.path(), &["serve"])).listening_on(port);
    assert_eq!(server.interrupt(), 0);
}

#[test]
fn demo_accounts_are_never_served() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let port = free_ports();
    let arguments = ["dev", "--json", "--port", &port.to_string(), "--data", "demo"];
    assert_eq!(Running::start(countersign(directory.path(), &arguments)).listening_on(port).interrupt(), 0);
    let refused = run(directory.path(), &["serve", "--config", "demo/countersign.toml"]);
    assert_eq!(refused.code, 78, "{refused:?}");
    assert!(refused.err.contains("was made by `countersign dev`"), "{refused:?}");
    assert!(refused.err.contains("client demo-machine, client demo-api, person alice"), "{refused:?}");
}
