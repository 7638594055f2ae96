//! `countersign client logouts`, and the outbox of back-channel logout through `kill -9`: what was to be told is told when a
//! server is there again.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::app::PASSWORD;
use testkit::browser::Browser;
use testkit::elsewhere::{Authority, Elsewhere, Reply};
use testkit::requests::challenge;
use tokio::task::LocalSet;

use crate::support::{Running, countersign, free_ports, installation, run_with_input, succeed};

const CALLBACK: &str = "https://wiki.example/callback";

fn settings(port: u16, authority: &Authority, elsewhere: &Elsewhere) -> String {
    format!(
        "[server]\nissuer = \"http://localhost:{port}\"\nlisten = \"127.0.0.1:{port}\"\n[log]\nlevel = \"error\"\n\
         [outbound]\nextra_ca = \"{}\"\nallowed_private_addresses = [\"{}\"]\n",
        authority.file().display(),
        elsewhere.host
    )
}

fn add_client(at: &Path, id: &str, logout_uri: &str) {
    let metadata = serde_json::json!({
        "client_name": "Wiki",
        "token_endpoint_auth_method": "none",
        "consent_policy": "first_party",
        "redirect_uris": [CALLBACK],
        "scope": "openid",
        "backchannel_logout_uri": logout_uri,
    });
    let added = run_with_input(at, &["client", "add", "--client-id", id, "--metadata", "-"], &metadata.to_string());
    assert_eq!(added.code, 0, "{added:?}");
}

/// A browser that is signed in to the client.
async fn signed_in(port: u16, client: &str) -> Browser {
    let issuer = format!("http://localhost:{port}");
    let browser = Browser::at(&issuer);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("code_challenge", &challenge()),
        ("code_challenge_method", "S256"),
    ]);
    let login = browser.open(&format!("{issuer}/authorize?{}", query.finish())).await;
    let page = browser.submit(&login, &[("username", "alice"), ("password", PASSWORD)]).await;
    let page = browser.follow(page).await;
    assert!(page.location().is_some_and(|location| location.starts_with(CALLBACK)), "{page:?}");
    browser
}

/// Waits until the one logout of the client is as wanted.
async fn logout(at: &Path, client: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let shown = succeed(at, &["client", "logouts", client, "--json"]).json();
        if wanted(&shown[0]) {
            return shown[0].clone();
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{shown}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_logout_outlives_the_server_that_was_to_tell_of_it() {
    LocalSet::new().run_until(outlives()).await;
}

async fn outlives() {
    let authority = Authority::new();
    let elsewhere = Elsewhere::start(&authority);
    elsewhere.publish("/out", Reply::status(503));
    let (directory, port) = (tempfile::tempdir().unwrap(), free_ports());
    let at = directory.path();
    fs::write(at.join("countersign.toml"), settings(port, &authority, &elsewhere)).unwrap();
    add_client(at, "wiki", &elsewhere.url("/out"));
    assert_eq!(run_with_input(at, &["user", "add", "alice", "--password-stdin"], PASSWORD).code, 0);
    let server = || Running::start(countersign(at, &["serve"])).listening_on(port);

    let mut running = server();
    let browser = signed_in(port, "wiki").await;
    let question = browser.open("/logout").await;
    assert!(browser.submit(&question, &[("decision", "yes")]).await.has_id("logged-out-page"));
    let waiting = logout(at, "wiki", |logout| logout["last_error"].is_string()).await;
    drop(running); // kill -9
    assert_eq!(waiting["state"], "waiting");
    elsewhere.publish("/out", Reply::new(""));
    running = server();
    let told = logout(at, "wiki", |logout| logout["state"] == "delivered").await;
    assert!(told["tries"].as_i64() >= Some(2) && told.get("last_error").is_none(), "{told}");
    let shown = succeed(at, &["client", "logouts", "wiki"]).out;
    assert!(shown.contains("LAST ERROR") && shown.contains("delivered"), "{shown}");

    // Another one is ended from the command line while nobody serves.
    add_client(at, "other", &elsewhere.url("/other"));
    elsewhere.publish("/other", Reply::status(204));
    signed_in(port, "other").await;
    drop(running);
    succeed(at, &["user", "disable", "alice"]);
    let waiting = logout(at, "other", Value::is_object).await;
    assert_eq!((&waiting["state"], &waiting["tries"]), (&"waiting".into(), &0.into()));
    let _running = server();
    logout(at, "other", |logout| logout["state"] == "delivered").await;
}

#[test]
fn a_client_without_logouts_says_why() {
    let directory = installation("");
    let at = directory.path();
    add_client(at, "told", "https://wiki.example/out");
    let silent = ["client", "add", "--client-id", "silent", "--client-name", "S", "--redirect-uri", CALLBACK];
    succeed(at, &silent);
    let shown = |id| succeed(at, &["client", "logouts", id]).out.trim().to_owned();
    assert_eq!(shown("silent"), "client silent registered no backchannel_logout_uri");
    assert_eq!(shown("told"), "no session that client told was signed in to has ended within the last week");
    assert_eq!(succeed(at, &["client", "logouts", "told", "--json"]).json(), serde_json::json!([]));
}
