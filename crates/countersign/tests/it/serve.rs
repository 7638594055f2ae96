//! `countersign serve` and `healthcheck`: starts, is ready, logs, stops; refuses what must not be served.

use std::fs;

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
fn demo_accounts_are_never_served() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let port = free_ports();
    let arguments = ["dev", "--json", "--port", &port.to_string(), "--data", "demo"];
    assert_eq!(Running::start(countersign(directory.path(), &arguments)).listening_on(port).interrupt(), 0);
    let refused = run(directory.path(), &["serve", "--config", "demo/countersign.toml"]);
    assert_eq!(refused.code, 78, "{refused:?}");
    assert!(refused.err.contains("was made by `countersign dev`"), "{refused:?}");
    assert!(refused.err.contains("client demo-machine, person alice"), "{refused:?}");
}
