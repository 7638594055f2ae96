//! Issuers that others wrote, and an API of ours that trusts them: npm's oidc-provider.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use jwt::SigningKey;
use protocol::issuer::Issuer;
use protocol::signing::SigningAlgorithm;
use reqwest::Client;
use resource_api::{Caller, KeepFresh, ResourceServer, Routes, Settings, get, layer, require};
use serde_json::{Value, json};
use testkit::browser::plain_http;
use testkit::requests::text;

use crate::node_server::NodeServer;
use crate::other_resource_servers::tokens::{claims_of, with_another_signature};
use crate::real_clients::{private_jwk, program};

const AUDIENCE: &str = "https://api.example.com";
const SECRET: &str = "a-secret-of-the-test";

/// An API that knows nothing of the issuer but its name.
struct Protected {
    url: String,
    _keys: KeepFresh,
}

async fn greet(caller: Caller) -> String {
    format!("Hello, {}", caller.subject())
}

impl Protected {
    fn start(issuer: &str) -> Self {
        let routes = Routes::new()
            .add(get("/greeting", greet).guard(require("notes:read")))
            .add(get("/farewell", greet).guard(require("notes:write")));
        let server = ResourceServer::new(Settings::new(Issuer::parse(issuer).unwrap(), AUDIENCE), routes).unwrap();
        let keys = server.keep_fresh();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let app = move || {
            let server = server.clone();
            App::new().wrap(from_fn(layer)).configure(move |app| server.configure(app))
        };
        let running = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap();
        actix_web::rt::spawn(running.run());
        Self { url, _keys: keys }
    }

    /// Status and body, or the challenge of a refusal.
    async fn ask(&self, path: &str, token: &str) -> (u16, String) {
        let answer = http().get(format!("{}{path}", self.url)).bearer_auth(token).send().await.unwrap();
        let challenge = answer.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), challenge.unwrap_or(answer.text().await.unwrap()))
    }
}

fn http() -> Client {
    plain_http().timeout(Duration::from_secs(30)).build().unwrap()
}

/// Client credentials for a resource (RFC 8707 §2).
async fn token(issuer: &str, resource: &str) -> String {
    let form = [("grant_type", "client_credentials"), ("scope", "notes:read"), ("resource", resource)];
    let request = http().post(format!("{issuer}/token")).basic_auth("machine", Some(SECRET)).form(&form);
    text(&request.send().await.unwrap().json().await.unwrap(), "access_token").to_owned()
}

#[actix_web::test]
async fn oidc_provider_from_npm() {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "oidc-provider") else { return };
    let key = SigningKey::generate(SigningAlgorithm::ES256).unwrap();
    let given =
        json!({ "AUDIENCE": AUDIENCE, "SCOPE": "notes:read", "KEY": private_jwk(&key), "CLIENT_SECRET": SECRET });
    let issuer = NodeServer::start(&node, "oidc-provider.mjs", &given, None).await;
    let api = Protected::start(&issuer.url);
    for alg in SigningAlgorithm::ALL {
        let token = token(&issuer.url, &format!("urn:alg:{alg}")).await;
        assert_eq!(api.ask("/greeting", &token).await, (200, "Hello, machine".to_owned()), "{alg}");
        let (status, challenge) = api.ask("/farewell", &token).await;
        assert!(status == 403 && challenge.contains("insufficient_scope"), "{alg}: {status} {challenge}");
    }
    let good = token(&issuer.url, "urn:alg:ES256").await;
    let signed = |typ, changes: &[(&str, Value)]| {
        let mut claims = claims_of(&good);
        for (name, value) in changes {
            claims[*name] = value.clone();
        }
        key.sign(typ, &claims).unwrap()
    };
    let at = Some("at+jwt");
    assert_eq!(api.ask("/greeting", &signed(at, &[])).await.0, 200, "signed here as there");
    let long_ago = json!(1_700_000_000);
    let stranger = SigningKey::generate(SigningAlgorithm::ES256).unwrap();
    for (what, token, because) in [
        ("for another API", token(&issuer.url, "urn:other:ES256").await, "for another audience"),
        ("opaque", token(&issuer.url, "urn:opaque").await, "an opaque token cannot be read"),
        ("another signature", with_another_signature(&good), "the signature is wrong"),
        ("expired", signed(at, &[("iat", long_ago.clone()), ("exp", long_ago)]), "has expired"),
        ("of another issuer", signed(at, &[("iss", json!("https://other.example"))]), "from another issuer"),
        ("iss with a slash", signed(at, &[("iss", json!(format!("{}/", issuer.url)))]), "from another issuer"),
        ("an ID token", signed(Some("JWT"), &[]), "of another type"),
        ("without type", signed(None, &[]), "of another type"),
        ("by another key", stranger.sign(at, &claims_of(&good)).unwrap(), "no key is known"),
    ] {
        let (status, challenge) = api.ask("/greeting", &token).await;
        let told = challenge.contains("error=\"invalid_token\"") && challenge.contains(because);
        assert!(status == 401 && told, "{what}: {status} {challenge}");
    }
}
