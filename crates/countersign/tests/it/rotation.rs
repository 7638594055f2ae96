//! Keys and client secrets replaced on the command line while the server serves.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::support::{Running, countersign, free_ports, installation, succeed};

const PATIENCE: Duration = Duration::from_secs(15);
/// Seconds.
const OVERLAP: u64 = 4;

struct Server {
    directory: TempDir,
    issuer: String,
    _running: Running,
}

impl Server {
    fn start() -> Self {
        let port = free_ports();
        let directory = installation(&format!("listen = \"127.0.0.1:{port}\"\n[log]\nlevel = \"error\"\n"));
        let running = Running::start(countersign(directory.path(), &["serve"])).listening_on(port);
        Self { directory, issuer: format!("http://localhost:{port}"), _running: running }
    }

    fn at(&self) -> &Path {
        self.directory.path()
    }

    async fn keys(&self) -> Vec<Value> {
        let answer = reqwest::get(format!("{}/jwks", self.issuer)).await.expect("an answer");
        let set: Value = answer.json().await.expect("JSON");
        set["keys"].as_array().expect("keys").clone()
    }
}

#[tokio::test]
async fn a_serving_process_shows_a_new_key_within_seconds_and_the_old_one_unchanged() {
    let server = Server::start();
    let before = server.keys().await;
    succeed(server.at(), &["key", "rotate", "--alg", "RS256"]);
    let until = Instant::now() + PATIENCE;
    let after = loop {
        let keys = server.keys().await;
        if keys.len() > before.len() {
            break keys;
        }
        assert!(Instant::now() < until, "the new key is not shown");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(before.iter().all(|key| after.contains(key)), "the same to the last member");
    let new: Vec<_> = after.iter().filter(|key| !before.contains(key)).collect();
    assert_eq!((new.len(), new[0]["kty"].as_str(), new[0]["use"].as_str()), (1, Some("RSA"), Some("sig")));
    assert!(before.iter().all(|old| old["kid"] != new[0]["kid"] && old["n"] != new[0]["n"]));
}

/// Answers of the token endpoint by status, for one secret.
async fn ask(issuer: &str, secret: &str) -> u16 {
    let form = [("grant_type", "client_credentials"), ("scope", "notes:read")];
    let request = reqwest::Client::new().post(format!("{issuer}/token")).basic_auth("job", Some(secret)).form(&form);
    request.send().await.expect("an answer").status().as_u16()
}

fn secret(json: &Value) -> String {
    json["client_secret"].as_str().expect("a secret").to_owned()
}

/// Asks with both secrets without a pause, until told to stop: how often each status came.
fn load(issuer: &str, secrets: &[String; 2], stop: &Arc<AtomicBool>) -> JoinSet<BTreeMap<(usize, u16), usize>> {
    let mut tasks = JoinSet::new();
    for which in [0, 1, 0, 1] {
        let (issuer, secret, stop) = (issuer.to_owned(), secrets[which].clone(), Arc::clone(stop));
        tasks.spawn(async move {
            let mut seen = BTreeMap::new();
            while !stop.load(Ordering::Relaxed) {
                *seen.entry((which, ask(&issuer, &secret).await)).or_default() += 1;
            }
            seen
        });
    }
    tasks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_client_secrets_are_valid_side_by_side_and_then_the_old_one_is_not() {
    let server = Server::start();
    let at = server.at();
    succeed(at, &["api", "add", "https://api.example", "--name", "Notes", "--scope", "notes:read=Read notes"]);
    let add = ["client", "add", "--client-id", "job", "--client-name", "Job", "--grant-type", "client_credentials"];
    let old = secret(&succeed(at, &[&add[..], &["--scope", "notes:read", "--json"]].concat()).json());
    assert_eq!(ask(&server.issuer, &old).await, 200);

    let rotated = succeed(at, &["client", "rotate", "job", "--overlap", &OVERLAP.to_string(), "--json"]).json();
    let started = Instant::now();
    let secrets = [old, secret(&rotated)];
    let stop = Arc::new(AtomicBool::new(false));
    let tasks = load(&server.issuer, &secrets, &stop);
    tokio::time::sleep(Duration::from_secs(OVERLAP - 2)).await;
    stop.store(true, Ordering::Relaxed);
    let during = tasks.join_all().await;
    assert!(started.elapsed() < Duration::from_secs(OVERLAP - 1), "this machine is too slow for the test");
    let answers: Vec<_> = during.into_iter().flatten().collect();
    assert!(answers.iter().all(|((_, status), _)| *status == 200), "both are good: {answers:?}");
    assert_eq!(answers.len(), 4, "everybody was answered: {answers:?}");

    let until = started + PATIENCE;
    while ask(&server.issuer, &secrets[0]).await != 401 {
        assert!(Instant::now() < until, "the old secret does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(started.elapsed() >= Duration::from_secs(OVERLAP - 1), "not before its time");
    assert_eq!(ask(&server.issuer, &secrets[1]).await, 200, "the new one stays");
}
