//! What the program shows at `/metrics`: real requests, counted under labels that hold nothing of a token.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use protocol::time::Timestamp;
use reqwest::Client;
use resource_api::signature::{Message, PublicUrl, Signer, shared_key};
use serde_json::json;
use url::Url;

use crate::api::send;
use crate::issuer::{AUDIENCE, Issuer, now};
use crate::ways::introspection::{CLIENT_SECRET, Endpoint};

/// The program, asking one issuer, with a listener for measurements.
struct Program {
    child: Child,
    api: String,
    metrics: String,
    http: Client,
}

impl Program {
    fn start(issuer: &Issuer, directory: &tempfile::TempDir) -> Self {
        Self::start_with(issuer, directory, &[])
    }

    fn start_with(issuer: &Issuer, directory: &tempfile::TempDir, more: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign-resource-api"))
            .env_clear()
            .current_dir(directory)
            .env("COUNTERSIGN_API_ISSUER", &issuer.url)
            .env("COUNTERSIGN_API_AUDIENCE", AUDIENCE)
            .env("COUNTERSIGN_API_LISTEN", "127.0.0.1:0")
            .env("COUNTERSIGN_API_METRICS_LISTEN", "127.0.0.1:0")
            .envs(more.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut after = |words: &str| {
            let line = log.find(|line| line.contains(words)).unwrap();
            line.split(words).nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
        };
        let (metrics, api) = (after("measurements on "), after("listening on "));
        let http = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        // Read to the end, so that the program can go on writing.
        std::thread::spawn(move || log.count());
        Self { child, api, metrics, http }
    }

    async fn me(&self, authorization: &str) -> u16 {
        let request = self.http.get(format!("{}/me", self.api)).header("Authorization", authorization);
        request.send().await.unwrap().status().as_u16()
    }

    async fn text(&self) -> String {
        self.http.get(&self.metrics).send().await.unwrap().text().await.unwrap()
    }

    /// The value of one line, which is there.
    async fn value(&self, line: &str) -> String {
        let text = self.text().await;
        let found = text.lines().find_map(|found| found.strip_prefix(line));
        found.unwrap_or_else(|| panic!("{line} in\n{text}")).trim().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[actix_web::test]
async fn requests_are_counted_by_issuer_outcome_reason_and_scheme() {
    let (issuer, directory) = (Issuer::start(), tempfile::tempdir().unwrap());
    let program = Program::start(&issuer, &directory);
    let (good, stranger) = (issuer.token(), "https://stranger.example");
    let expired = good.clone().expired().sign();
    let requests = [
        (format!("Bearer {}", good.sign()), 200),
        (format!("bearer {}", good.sign()), 200),
        (format!("Bearer {expired}"), 401),
        (format!("Bearer {}", good.clone().issuer(stranger).sign()), 401),
        (format!("Bearer {}", good.clone().audience("https://other.example").sign()), 401),
        (format!("DPoP {}", good.sign()), 401),
        ("Bearer a secret".to_owned(), 400),
        ("Bearer opaque-token".to_owned(), 401),
        ("Digest a-secret".to_owned(), 401),
    ];
    for (authorization, status) in &requests {
        assert_eq!(program.me(authorization).await, *status, "{authorization}");
    }
    let no_scope = good.clone().scope("openid").sign();
    let answer = program.http.get(format!("{}/notes", program.api)).bearer_auth(&no_scope).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let url = issuer.url.as_str();
    for (issuer, outcome, reason, scheme, count) in [
        (url, "accepted", "none", "bearer", "2"),
        (url, "refused", "expired", "bearer", "1"),
        (url, "refused", "audience", "bearer", "1"),
        (url, "forbidden", "insufficient_scope", "bearer", "1"),
        ("none", "refused", "issuer", "bearer", "1"),
        ("none", "refused", "opaque", "bearer", "1"),
        ("none", "refused", "unknown_scheme", "none", "1"),
        ("none", "refused", "invalid_request", "none", "1"),
        (url, "refused", "binding", "dpop", "1"),
    ] {
        let labels = format!("issuer=\"{issuer}\",outcome=\"{outcome}\",reason=\"{reason}\",scheme=\"{scheme}\"");
        assert_eq!(program.value(&format!("rs_auth_total{{{labels}}}")).await, count, "{labels}");
    }
    let timed = program.value("rs_auth_duration_seconds_count{outcome=\"accepted\",scheme=\"bearer\"}").await;
    assert_eq!(timed, "2");
    let text = program.text().await;
    for secret in [stranger, "secret", "opaque-token", "alice", "web-app", &good.sign()[..20], &expired[..20]] {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
}

#[actix_web::test]
async fn a_signed_request_is_accepted_once_its_body_was_looked_at() {
    let (issuer, endpoint, directory) = (Issuer::start(), Endpoint::start(), tempfile::tempdir().unwrap());
    let asks = [
        ("COUNTERSIGN_API_CLIENT_ID", "notes-api"),
        ("COUNTERSIGN_API_CLIENT_SECRET", CLIENT_SECRET),
        ("COUNTERSIGN_API_INTROSPECTION_URL", &endpoint.url),
        ("COUNTERSIGN_API_SIGNATURES", "true"),
    ];
    let program = Program::start_with(&issuer, &directory, &asks);
    let key = endpoint.signing_key(json!({}));
    let (url, secret) = (PublicUrl::new(&Url::parse(AUDIENCE).unwrap()).unwrap(), shared_key(key.expose()));
    let message = Message { method: "POST", target: "/notes", fields: &[("content-type", b"application/json")] };
    let body = br#"{"title":"A","body":"B"}"#;
    for (nonce, sent, status) in [("1", &b"{}"[..], 401), ("2", body, 201)] {
        let signer = Signer { key_id: &key.id, key: &secret, created: Timestamp(now()), nonce };
        let signed = signer.sign(&url, &message, body).unwrap();
        let request = program.http.post(format!("{}/notes", program.api)).header("host", "notes.example");
        let request = request.header("content-type", "application/json");
        let request = signed.iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = send(request.body(sent)).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    for (outcome, reason) in [("refused", "invalid_signature"), ("accepted", "none")] {
        let url = issuer.url.as_str();
        let labels = format!("issuer=\"{url}\",outcome=\"{outcome}\",reason=\"{reason}\",scheme=\"signature\"");
        assert_eq!(program.value(&format!("rs_auth_total{{{labels}}}")).await, "1", "{labels}");
    }
}

#[actix_web::test]
async fn fetches_of_keys_are_timed_and_their_age_is_told() {
    let (issuer, directory) = (Issuer::start(), tempfile::tempdir().unwrap());
    let program = Program::start(&issuer, &directory);
    let age = format!("rs_jwks_age_seconds{{issuer=\"{}\"}}", issuer.url);
    assert_eq!(program.me(&format!("Bearer {}", issuer.token().sign())).await, 200);
    let fetched = format!("rs_jwks_fetch_duration_seconds_count{{issuer=\"{}\",outcome=\"fetched\"}}", issuer.url);
    assert_eq!(program.value(&fetched).await, "1");
    for _ in 0..200 {
        if program.text().await.contains(&age) {
            break;
        }
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
    let seconds: f64 = program.value(&age).await.parse().unwrap();
    assert!((0.0..60.0).contains(&seconds));
}
