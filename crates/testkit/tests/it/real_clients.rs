//! Libraries of other languages, and a real browser, against the running house. The programs are in `testkit/clients/`; what
//! they need is prepared by `cargo xtask test`, which names it in the environment. Without it each test says that it is left out.

use std::process::Stdio;

use serde_json::{Value, json};
use testkit::app::{CLIENT_SECRET, PASSWORD, REDIRECT_URI};
use testkit::database::TestDatabase;
use testkit::house::House;
use tokio::process::Command;

pub(crate) const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients");

/// The program named by a variable; with `CI=true` it must be there.
pub(crate) fn program(variable: &str, what: &str) -> Option<String> {
    let named = std::env::var(variable).ok().filter(|path| !path.is_empty());
    if named.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{variable} is not set: {what} would be left out");
        println!("{variable} is not set: {what} is left out");
    }
    named
}

async fn run(program: &str, script: &str, house: &House, key: &Value) {
    let directory = tempfile::tempdir().unwrap();
    let jwk = directory.path().join("client.jwk.json");
    std::fs::write(&jwk, key.to_string()).unwrap();
    let parameters = json!({
        "ISSUER": house.app.issuer,
        "USERNAME": "alice",
        "PASSWORD": PASSWORD,
        "REDIRECT_URI": REDIRECT_URI,
        "CLIENT_ID": "public",
        "CONFIDENTIAL_CLIENT_ID": "confidential",
        "CONFIDENTIAL_CLIENT_SECRET": CLIENT_SECRET,
        "POST_LOGOUT_REDIRECT_URI": "https://app.example.com/signed-out",
        "MACHINE_CLIENT_ID": "machine",
        "MACHINE_CLIENT_SECRET": CLIENT_SECRET,
        "KEY_CLIENT_ID": "key-client",
        "KEY_CLIENT_JWK": jwk,
        "API_URL": house.api_url,
        "DEMO_APP_URL": house.demo_app_url,
        "DEMO_CLIENT_ID": "demo-web",
    });
    let output = Command::new(program)
        .arg(format!("{CLIENTS}/{script}"))
        .arg(parameters.to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let (said, erred) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success(), "{script}\n{said}\n{erred}");
    assert!(
        said.lines().filter(|line| line.starts_with("ok ")).count() >= 5,
        "{script} checked next to nothing:\n{said}"
    );
}

/// A house with a client that authenticates by `private_key_jwt`, and that client's private key as JWK.
async fn house() -> (House, Value) {
    let house = House::start(TestDatabase::sqlite()).await;
    let (private, public) = key_pair();
    let metadata = json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["client_credentials"],
        "redirect_uris": [],
        "post_logout_redirect_uris": [],
        "scope": "notes:read notes:write",
        "jwks": { "keys": [public] },
    });
    house.app.client("key-client", &metadata.to_string()).await;
    (house, private)
}

/// A fresh P-256 key as JWK, private and public.
fn key_pair() -> (Value, Value) {
    let key = jwt::SigningKey::generate(protocol::signing::SigningAlgorithm::ES256).unwrap();
    (private_jwk(&key), serde_json::to_value(key.jwk()).unwrap())
}

/// A P-256 key as JWK, with its private part.
pub(crate) fn private_jwk(key: &jwt::SigningKey) -> Value {
    let mut private = serde_json::to_value(key.jwk()).unwrap();
    private["d"] = json!(private_part(key.to_pkcs8_pem().expose()));
    private
}

/// The 32 bytes of the private scalar: in PKCS#8 of a P-256 key they follow the octets `02 01 01 04 20` (RFC 5915 §3).
fn private_part(pem: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(body).unwrap();
    let at = der.windows(5).position(|octets| octets == [2, 1, 1, 4, 0x20]).expect("an EC private key") + 5;
    URL_SAFE_NO_PAD.encode(&der[at..at + 32])
}

#[actix_web::test]
async fn openid_client_from_npm() {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "openid-client") else { return };
    let (house, key) = house().await;
    run(&node, "javascript/openid-client.mjs", &house, &key).await;
}

#[actix_web::test]
async fn oauth4webapi_from_npm() {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "oauth4webapi") else { return };
    let (house, key) = house().await;
    run(&node, "javascript/oauth4webapi.mjs", &house, &key).await;
}

#[actix_web::test]
async fn authlib_from_pypi() {
    let Some(python) = program("COUNTERSIGN_TEST_PYTHON", "Authlib") else { return };
    let (house, key) = house().await;
    run(&python, "python/authlib_client.py", &house, &key).await;
}

#[actix_web::test]
async fn chromium_through_the_demo_app() {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "the browser") else { return };
    let Some(_chromium) = program("COUNTERSIGN_TEST_CHROMIUM", "the browser") else { return };
    let (house, key) = house().await;
    run(&node, "javascript/demo-app.mjs", &house, &key).await;
}
