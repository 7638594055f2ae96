//! `countersign tail` and `countersign explain`: the cause of a refusal, found by its number.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::browser::Browser;

use crate::house::House;
use crate::support::{countersign, installation, run, succeed};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Redeems a code that never was; the trace id of the refusal.
fn refused(house: &House) -> String {
    runtime().block_on(async {
        let page = house.redeem(&Browser::at(&house.issuer), "nonsense").await;
        assert_eq!(page.status, 400, "{}", page.body);
        page.header("x-trace-id").to_owned()
    })
}

/// The log is written beside the requests.
fn explained(house: &House, trace_id: &str) -> Value {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let ended = run(&house.path, &["explain", trace_id, "--json"]);
        match ended.code {
            0 => return ended.json(),
            _ => assert!(Instant::now() < until, "{ended:?}"),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_refusal_is_explained_by_its_number() {
    let house = House::new();
    let trace_id = refused(&house);
    let explained = explained(&house, &trace_id);
    assert_eq!((&explained["client_id"], &explained["endpoint"]), (&json!("demo-web"), &json!("/token")));
    assert_eq!((&explained["error"], &explained["status"]), (&json!("invalid_grant"), &json!(400)));
    assert_eq!(explained["cause"], "the code does not have the form of ours");
    assert!(explained["parameters"].as_array().is_some_and(|sent| sent.contains(&json!(["code", "present"]))));
    assert!(explained["fixes"].as_array().is_some_and(|fixes| fixes.len() > 1));
    let uri = format!("{}/errors/invalid_grant?trace_id={trace_id}", house.issuer);
    assert_eq!(explained["error_uri"], uri.as_str());

    let text = succeed(&house.path, &["explain", &trace_id.to_uppercase()]).out;
    for part in
        ["client    demo-web", "cause     the code does not have the form", "fix       - ", &uri, "code=present"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("nonsense"), "the code itself is nowhere: {text}");

    let tail = succeed(&house.path, &["tail", "--client", "demo-web", "--errors"]).out;
    let expected = "400  POST /token       invalid_grant: the code does not have the form of ours  ";
    assert!(tail.contains(&format!("{expected}{trace_id}")), "{tail}");
    let tail = succeed(&house.path, &["tail", "--client", "demo-web", "--json", "-n", "1"]).json();
    assert_eq!(tail[0]["trace_id"], trace_id.as_str());
    assert_eq!(succeed(&house.path, &["tail", "--unknown", "--json"]).json(), json!([]));
}

#[test]
fn a_tail_goes_on_while_requests_come() {
    let house = House::new();
    let first = refused(&house);
    explained(&house, &first);
    let mut command = countersign(&house.path, &["tail", "--client", "demo-web", "--follow", "--json"]);
    let mut program = command.stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut lines = BufReader::new(program.stdout.take().expect("is piped")).lines();
    let mut next = || -> Value {
        let line = lines.next().expect("it goes on").expect("is text");
        serde_json::from_str(&line).expect("one object per line")
    };
    assert_eq!(next()["trace_id"], first.as_str());
    for _ in 0..3 {
        let trace_id = refused(&house);
        assert_eq!(next()["trace_id"], trace_id.as_str(), "each once, in order");
    }
    program.kill().expect("it runs");
    program.wait().expect("it ended");
}

#[test]
fn what_is_not_there_is_said_to_be_not_there() {
    let directory = installation("");
    let at = directory.path();
    let unknown = run(at, &["explain", "0123456789abcdef0123456789abcdef"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("the last 500 exchanges of each client are kept"), "{unknown:?}");
    assert_eq!(run(at, &["explain", "0123"]).code, 2);
    let unknown = run(at, &["tail", "--client", "nobody"]);
    assert_eq!((unknown.code, unknown.err.trim()), (1, "no client is registered with the id nobody"));
    assert_eq!(run(at, &["tail"]).code, 2);
    let add =
        ["client", "add", "--client-id", "app", "--client-name", "App", "--redirect-uri", "https://app.example.com/cb"];
    succeed(at, &add);
    assert_eq!(succeed(at, &["tail", "--client", "app"]).out.trim(), "");
}
