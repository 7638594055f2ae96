//! The program `countersign-resource-api`: its environment, its start and its end.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use reqwest::Client;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-resource-api"));
    command.env_clear().stderr(Stdio::piped());
    command
}

#[test]
fn what_is_missing_or_wrong_is_told_at_once() {
    let output = program().env("COUNTERSIGN_API_CA_FILE", "no-such-file").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    for name in ["COUNTERSIGN_API_ISSUER", "COUNTERSIGN_API_AUDIENCE", "COUNTERSIGN_API_CA_FILE"] {
        assert!(told.contains(name), "{told}");
    }
}

#[cfg(unix)]
#[actix_web::test]
async fn it_starts_without_the_issuer_and_ends_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = program()
        .current_dir(&directory)
        .env("COUNTERSIGN_API_ISSUER", "http://127.0.0.1:1")
        .env("COUNTERSIGN_API_AUDIENCE", "http://127.0.0.1:2")
        .env("COUNTERSIGN_API_LISTEN", "127.0.0.1:0")
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = log.find(|line| line.contains("listening on ")).unwrap();
    let address = line.split("listening on ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let http = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    assert_eq!(http.get(format!("{address}/livez")).send().await.unwrap().status(), 200);
    assert_eq!(http.get(format!("{address}/readyz")).send().await.unwrap().status(), 503);
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
