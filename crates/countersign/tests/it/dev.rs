//! `countersign dev`: a token at once, secrets once, and everything kept.

use std::collections::BTreeSet;
use std::process::Command;

use protocol::client::Client;
use protocol::ids::ClientId;
use protocol::scope::Scope;
use serde_json::Value;
use store::{Store, StoreOptions};
use testkit::browser::Browser;

use crate::house::House;
use crate::support::{Ended, Running, countersign, free_ports, installation, run, succeed};

fn start(directory: &std::path::Path, arguments: &[&str]) -> (Running, Value) {
    let mut dev = Running::start(countersign(directory, &[&["dev", "--json"], arguments].concat()));
    let block = serde_json::from_str(&dev.first_line()).expect("the block is JSON");
    (dev, block)
}

async fn token(block: &Value, secret: &str) -> reqwest::Response {
    let issuer = block["issuer"].as_str().expect("a text");
    let form = [("grant_type", "client_credentials"), ("scope", "notes:read")];
    let request = reqwest::Client::new().post(format!("{issuer}/token")).basic_auth("demo-machine", Some(secret));
    request.form(&form).send().await.expect("answers")
}

async fn kids(block: &Value) -> Vec<String> {
    let url = format!("{}/jwks", block["issuer"].as_str().expect("a text"));
    let jwks: Value = reqwest::get(url).await.expect("answers").json().await.expect("is JSON");
    let kid = |key: &Value| key["kid"].as_str().unwrap_or_default().to_owned();
    jwks["keys"].as_array().into_iter().flatten().map(kid).collect()
}

#[tokio::test]
async fn one_command_gives_a_token_and_a_restart_keeps_everything() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let port = free_ports().to_string();
    let (dev, block) = start(directory.path(), &["--port", &port]);
    assert_eq!(block["new"], true);
    let secret = block["machine_client"]["client_secret"].as_str().expect("is shown once").to_owned();
    assert!(block["person"]["password"].is_string());
    let answer = token(&block, &secret).await;
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.expect("is JSON");
    let access_token = answer["access_token"].as_str().expect("a token");
    assert_eq!(succeed(directory.path(), &["token", "inspect", "--json", access_token]).json()["verdict"], "valid");

    let notes = reqwest::Client::new().get(format!("{}/notes", block["api"].as_str().expect("a text")));
    assert_eq!(notes.bearer_auth(access_token).send().await.expect("answers").status(), 200);
    let app = reqwest::get(block["app"].as_str().expect("a text")).await.expect("answers");
    assert_eq!(app.status(), 200);
    let before = kids(&block).await;
    assert_eq!(dev.interrupt(), 0, "Ctrl-C ends it cleanly");

    let (dev, block) = start(directory.path(), &[]);
    assert_eq!(block["new"], false);
    assert!(block["machine_client"].get("client_secret").is_none() && block["person"].get("password").is_none());
    assert_eq!(kids(&block).await, before);
    assert_eq!(token(&block, &secret).await.status(), 200, "the secret of the first start still works");
    let rotated = succeed(directory.path(), &["client", "rotate", "demo-machine", "--overlap", "0", "--json"]).json();
    let fresh = rotated["client_secret"].as_str().expect("is shown once");
    assert_eq!(token(&block, fresh).await.status(), 200);
    assert_eq!(token(&block, &secret).await.status(), 401, "the old one has ended");
    assert_eq!(dev.interrupt(), 0);
}

#[tokio::test]
async fn clients_of_an_older_version_get_the_scopes_of_today_and_changed_ones_are_left_alone() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let port = free_ports().to_string();
    assert_eq!(start(directory.path(), &["--port", &port]).0.interrupt(), 0);
    let database = directory.path().join("countersign-data/countersign.db");
    let store = Store::open(&format!("sqlite:{}", database.display()), StoreOptions { pool_size: 1 }).await;
    let store = store.expect("a store");
    let api = "notes:read notes:write files:read files:write groups:read groups:write";
    let former = format!("openid profile offline_access {api}");
    for (id, scope) in [("demo-machine", "notes:read notes:write"), ("demo-api", &former), ("demo-web", "openid")] {
        let client = store::clients::find(&store, &ClientId::parse(id).expect("an id")).await.expect("is readable");
        let client = Client { scope: Scope::parse(scope).expect("a scope"), ..client.expect("is there") };
        let _won = store::clients::update(&store, &client).await.expect("is writable");
    }
    store.close().await;
    let (dev, _) = start(directory.path(), &[]);
    let page = format!("openid profile {api}");
    for (id, scope) in [("demo-machine", api), ("demo-api", &page), ("demo-web", "openid")] {
        let shown = succeed(directory.path(), &["client", "show", id, "--json"]).json();
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(words(shown["scope"].as_str().expect("a text")), words(scope), "{id}");
    }
    assert_eq!(dev.interrupt(), 0);
}

#[test]
fn the_block_fits_a_terminal_and_its_first_command_prints_a_token() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let port = free_ports();
    let arguments = ["dev", "--port", &port.to_string()];
    let out = directory.path().join("out");
    let mut command = countersign(directory.path(), &arguments);
    command.stdout(std::fs::File::create(&out).expect("a file"));
    let dev = Running::keep_output(command).listening_on(port);
    let block = read_until(&out, "Ctrl-C");
    let program = env!("CARGO_BIN_EXE_countersign");
    for line in block.lines().filter(|line| !line.contains(program)) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(!block.contains('\u{1b}'), "no colours without a terminal");
    for scope in ["notes:read", "files:write", "groups:write"] {
        assert!(block.contains(scope), "{scope}: {block}");
    }
    assert!(block.contains(&format!("http://localhost:{}/app", port + 1)), "{block}");
    assert!(block.contains(&format!("http://localhost:{port}/account/api-keys")), "{block}");
    let from = block.find("TOKEN=$(curl").expect("a command to paste");
    let until = block.find("         2)").expect("a second step");
    let call = &block[until..block.find("         4)").expect("a fourth step")];
    let call = &call[call.find("curl -s").expect("a call to the API")..];
    if Command::new("curl").arg("--version").output().is_ok() {
        let pasted = format!("{}\n{call}", &block[from..until]);
        let pasted: Ended = Command::new("sh").args(["-c", &pasted]).output().expect("a shell").into();
        assert!(pasted.out.starts_with("ey") && pasted.out.ends_with("{\"notes\":[]}"), "{pasted:?}");
    }
    assert_eq!(dev.interrupt(), 0);
}

#[tokio::test]
async fn pages_say_that_this_is_development_and_show_registered_addresses() {
    let mut house = House::new();
    let browser = Browser::at(&house.issuer);
    let login = browser.open(&house.authorize_url()).await;
    assert!(login.has_id("login-page") && login.body.contains("class=\"devbar\""), "{}", login.body);

    let registered = std::mem::replace(&mut house.redirect_uri, "http://localhost:1/callbakc".to_owned());
    let error = browser.open(&house.authorize_url()).await;
    assert!(error.has_id("error-page") && error.body.contains("class=\"devbar\""), "{}", error.body);
    let shown = error.body.split_once("class=\"diff\"").expect("the two addresses").1.replace("<mark>", "");
    let shown = shown.replace("</mark>", "");
    assert!(shown.contains(&registered) && shown.contains(&house.redirect_uri), "{shown}");
}

fn read_until(file: &std::path::Path, mark: &str) -> String {
    for _ in 0..500 {
        let text = std::fs::read_to_string(file).expect("is readable");
        if text.contains(mark) {
            return text;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("`{mark}` was not printed");
}

#[test]
fn another_port_for_kept_data_is_refused_with_the_way_out() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let port = free_ports();
    let arguments = ["--port", &port.to_string()];
    let (dev, _) = start(directory.path(), &arguments);
    let busy = run(directory.path(), &["dev", "--data", "other", "--port", &port.to_string()]);
    assert_eq!(busy.code, 1);
    assert!(busy.err.contains("--port") && !directory.path().join("other").exists(), "{busy:?}");
    assert_eq!(dev.interrupt(), 0);
    let refused = run(directory.path(), &["dev", "--port", "1"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains(&format!("--port {port}")), "{refused:?}");
}

#[test]
fn it_is_for_this_machine_only() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let port = free_ports().to_string();
    for (variable, value) in [
        ("COUNTERSIGN_SERVER__LISTEN", "0.0.0.0:8080"),
        ("COUNTERSIGN_SERVER__ISSUER", "http://localhost:9"),
        ("COUNTERSIGN_DATABASE__URL_FILE", "url"),
        ("COUNTERSIGN_KEYS__DIRECTORY", "real-keys"),
        ("COUNTERSIGN_CONFIG", "real.toml"),
    ] {
        let mut command = countersign(directory.path(), &["dev", "--port", &port]);
        let ended: Ended = command.env(variable, value).output().expect("starts").into();
        let told = "`countersign dev` chooses this itself; unset the variable, or use `countersign serve`";
        assert_eq!((ended.code, ended.err), (78, format!("{variable}: {told}\n")));
    }
    assert_eq!(std::fs::read_dir(directory.path()).expect("is readable").count(), 0, "nothing was made");
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let directory = installation("");
    let port = free_ports().to_string();
    let ended = run(directory.path(), &["dev", "--port", &port, "--data", "countersign.toml/demo"]);
    assert_eq!(ended.code, 1);
    assert!(ended.err.starts_with("countersign.toml/demo cannot be made: "), "{ended:?}");
}

#[tokio::test]
async fn the_trace_id_of_an_error_is_in_the_log_and_secrets_are_not() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let log = directory.path().join("log");
    let port = free_ports().to_string();
    let mut command = countersign(directory.path(), &["dev", "--json", "--port", &port]);
    command.stderr(std::fs::File::create(&log).expect("a file"));
    let mut dev = Running::start(command);
    let block: Value = serde_json::from_str(&dev.first_line()).expect("the block is JSON");
    let secret = block["machine_client"]["client_secret"].as_str().expect("is shown once");
    assert_eq!(token(&block, secret).await.status(), 200);
    let refused = token(&block, "wrong-secret").await;
    assert_eq!(refused.status(), 401);
    let refused: Value = refused.json().await.expect("is JSON");
    let trace = refused["trace_id"].as_str().expect("a trace id");
    let text = read_until(&log, trace);
    let password = block["person"]["password"].as_str().expect("is shown once");
    assert!(!text.contains(secret) && !text.contains(password) && !text.contains("wrong-secret"), "{text}");
    assert_eq!(dev.interrupt(), 0);
}
