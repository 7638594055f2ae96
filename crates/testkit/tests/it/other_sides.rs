//! Each half of ours with somebody else's other half: our access tokens before the API library of another, and the access tokens
//! of another issuer before ours.

use std::process::Stdio;

use actix_web::App;
use actix_web::http::header::AUTHORIZATION;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use auth::clock::Clock;
use protocol::issuer::Issuer;
use protocol::signing::SigningAlgorithm;
use resource_api::{Caller, ResourceServer, Routes, Settings, get, require};
use serde_json::{Value, json};
use testkit::app::{API, TestApp, TestOptions};
use testkit::database::TestDatabase;
use testkit::requests::{As, text};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::real_clients::{CLIENTS, program};

const AUDIENCE: &str = "https://api.example";

/// By the clock of the system, which the other side reads too.
async fn issuer() -> TestApp {
    TestApp::start_with(TestDatabase::sqlite(), TestOptions { clock: Clock::System, ..TestOptions::default() }).await
}

#[actix_web::test]
async fn express_oauth2_jwt_bearer_accepts_our_access_tokens() {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "express-oauth2-jwt-bearer") else { return };
    let app = issuer().await;
    let person = app.tokens(As::Basic("confidential"), &[("scope", "openid notes:read")]).await;
    let person_id = id_of(text(&person, "access_token"));
    let grant = [("grant_type", "client_credentials"), ("scope", "notes:read")];
    let grant = grant.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let machine = app.post("/token", As::Basic("machine"), &grant).await.json();
    let writes = app.tokens(As::Basic("confidential"), &[("scope", "openid notes:write")]).await;
    let nothing = app.tokens(As::Basic("confidential"), &[("scope", "openid")]).await;
    let sample = |name: &str, token: &str, status: u16| json!({ "name": name, "token": token, "status": status });
    let mut tokens = vec![
        sample("a person's token", text(&person, "access_token"), 200),
        sample("a machine's token", text(&machine, "access_token"), 200),
        sample("a token with another scope", text(&writes, "access_token"), 403),
        sample("a token that is for no API", text(&nothing, "access_token"), 401),
        sample("an ID token", text(&person, "id_token"), 401),
        sample("a token with another signature", &signed_otherwise(&person, &machine), 401),
    ];
    tokens[0]["sub"] = json!(person_id);
    tokens[1]["sub"] = json!("machine");
    let given = json!({ "ISSUER": app.issuer, "AUDIENCE": API, "TOKENS": tokens });
    let output = Command::new(node)
        .arg(format!("{CLIENTS}/javascript/express-oauth2-jwt-bearer.mjs"))
        .arg(given.to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let (said, erred) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success(), "{said}\n{erred}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), tokens.len(), "{said}");
}

/// `sub` of a token that nobody checks here.
fn id_of(token: &str) -> String {
    let claims: Value = jwt::verify::unverified_claims(token).unwrap();
    claims["sub"].as_str().unwrap().to_owned()
}

fn signed_otherwise(one: &Value, other: &Value) -> String {
    let (message, _) = text(one, "access_token").rsplit_once('.').unwrap();
    let (_, signature) = text(other, "access_token").rsplit_once('.').unwrap();
    format!("{message}.{signature}")
}

async fn hello(caller: Caller) -> String {
    format!("{} at {}", caller.subject(), caller.client_id().unwrap_or_default())
}

#[actix_web::test]
async fn the_access_tokens_of_oidc_provider_are_accepted() {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "oidc-provider") else { return };
    let algorithms: Vec<_> = SigningAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
    let given = json!({ "AUDIENCE": AUDIENCE, "ALGORITHMS": algorithms });
    let mut provider = Command::new(node)
        .arg(format!("{CLIENTS}/javascript/oidc-provider.mjs"))
        .arg(given.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(provider.stdout.take().unwrap()).lines();
    let said: Value = serde_json::from_str(&said.next_line().await.unwrap().expect("a line")).unwrap();

    // Issuer and audience are enough: the keys come by discovery.
    let settings = Settings::new(Issuer::parse(text(&said, "issuer")).unwrap(), AUDIENCE);
    let routes = |permission: &str| Routes::new().add(get("/", hello).guard(require(permission)));
    let server = ResourceServer::new(settings.clone(), routes("notes:read")).unwrap();
    let _keys = server.keep_fresh();
    for algorithm in &algorithms {
        let answer = ask(&server, text(&said["tokens"], algorithm)).await;
        assert_eq!(answer, (200, "machine at machine".to_owned()), "{algorithm}");
    }
    let (status, body) = ask(&server, text(&said, "other")).await;
    assert_eq!(status, 401);
    assert!(body.contains("another audience"), "{body}");
    let server = ResourceServer::new(settings, routes("notes:write")).unwrap();
    let _keys = server.keep_fresh();
    assert_eq!(ask(&server, text(&said["tokens"], algorithms[0])).await.0, 403);
}

async fn ask(server: &ResourceServer, token: &str) -> (u16, String) {
    let app = init_service(App::new().configure(|app| server.configure(app))).await;
    let request = TestRequest::get().insert_header((AUTHORIZATION, format!("Bearer {token}"))).to_request();
    let answer = call_service(&app, request).await;
    (answer.status().as_u16(), String::from_utf8(read_body(answer).await.to_vec()).unwrap())
}
