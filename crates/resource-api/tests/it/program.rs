//! The program `countersign-resource-api`: its environment, its start and its end.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};

use reqwest::Client;
use tempfile::TempDir;

/// Runs until it is asked to stop, or dropped.
pub struct Running {
    /// Scheme, host and port.
    pub address: String,
    child: Child,
    /// What it logs: a pipe that nobody holds would end the program.
    _log: BufReader<ChildStderr>,
}

pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-resource-api"));
    command.env_clear().stderr(Stdio::piped());
    command
}

impl Running {
    /// On a free port, with its database in this directory.
    pub fn start(directory: &TempDir, variables: &[(&str, &str)]) -> Self {
        let mut command = program();
        for (name, value) in variables {
            command.env(format!("COUNTERSIGN_API_{name}"), value);
        }
        let listening = command.current_dir(directory).env("COUNTERSIGN_API_LISTEN", "127.0.0.1:0");
        let mut child = listening.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let line = log.by_ref().lines().map(Result::unwrap).find(|line| line.contains("listening on ")).unwrap();
        let address = line.split("listening on ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        Self { address, child, _log: log }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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
    let settings = [("ISSUER", "http://127.0.0.1:1"), ("AUDIENCE", "http://127.0.0.1:2")];
    let mut program = Running::start(&directory, &settings);
    let address = &program.address;
    let http = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    assert_eq!(http.get(format!("{address}/livez")).send().await.unwrap().status(), 200);
    assert_eq!(http.get(format!("{address}/readyz")).send().await.unwrap().status(), 503);
    assert!(Command::new("kill").arg(program.child.id().to_string()).status().unwrap().success());
    assert_eq!(program.child.wait().unwrap().code(), Some(0));
}
