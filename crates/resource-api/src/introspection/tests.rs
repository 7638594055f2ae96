//! The rules of one question and its answer. Sharing and bounds are in `tests/sharing.rs`, times and the breaker in `tests/times.rs`.

use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};

use self::server::{Body, Server, client};
use super::*;

pub(super) mod server;
mod sharing;
mod times;

const NOW: Timestamp = Timestamp(1_700_000_000);
const AGAIN_IN_A_SECOND: NotDescribed = NotDescribed::Unavailable { retry_after: Seconds(1) };

fn api_key() -> String {
    numbered_key(0)
}

fn numbered_key(number: usize) -> String {
    ApiKey::assemble(&format!("{number:016}"), "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345").unwrap().expose().to_owned()
}

/// Asks about a token that nobody has asked about, with a short time-out.
async fn ask(server: &Server) -> Outcome {
    let limits = Limits { timeout: Duration::from_secs(1), ..Limits::default() };
    server.introspector(limits).introspect("opaque", NOW).await
}

#[actix_web::test]
async fn the_question_is_the_one_of_the_rfc() {
    let server = Server::start();
    let introspector = server.introspector(Limits::default());
    let described = introspector.introspect("a+b/c=", NOW).await.unwrap();
    assert_eq!(described.sub.as_deref(), Some("ada"));
    let asked = server.last();
    assert_eq!((asked.method.as_str(), asked.content_type.as_str()), ("POST", "application/x-www-form-urlencoded"));
    assert_eq!(asked.accept, "application/json");
    assert_eq!(json!(asked.form), json!({ "token": "a+b/c=" }));
    // "api:" and the form-encoded secret "se:cret/ü".
    assert_eq!(asked.authorization.as_deref(), Some("Basic YXBpOnNlJTNBY3JldCUyRiVDMyVCQw=="));
}

#[actix_web::test]
async fn a_private_key_proves_each_question_anew() {
    let server = Server::start();
    let key = Arc::new(jwt::key::SigningKey::generate(SigningAlgorithm::ES256).unwrap());
    let audience = "https://auth.example".to_owned();
    let credentials = ClientCredentials::PrivateKeyJwt { client_id: "api".into(), key, audience };
    let introspector = Introspector::new(client(), server.endpoint.clone(), credentials, Limits::default()).unwrap();
    let mut assertions = Vec::new();
    for token in ["a", "b"] {
        introspector.introspect(token, NOW).await.unwrap();
        let asked = server.last();
        assert_eq!(asked.authorization, None);
        assert_eq!(asked.form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        assertions.push(asked.form["client_assertion"].clone());
    }
    assert_ne!(assertions[0], assertions[1]);
    assert!(assertions.iter().all(|assertion| assertion.split('.').count() == 3));
}

#[actix_web::test]
async fn only_a_readable_answer_that_says_active_is_accepted() {
    let server = Server::start();
    assert!(ask(&server).await.is_ok());
    server.says(json!({ "active": false, "sub": "ada" }));
    assert_eq!(ask(&server).await.unwrap_err(), NotDescribed::Inactive);
    let unreadable: [Value; 8] = [
        json!({ "active": "true" }),
        json!({ "active": 1 }),
        json!({ "active": null }),
        json!({ "sub": "ada" }),
        json!([{ "active": true }]),
        json!({ "active": true, "exp": "tomorrow" }),
        json!({ "active": true, "aud": 7 }),
        json!({ "active": true, "cnf": "none" }),
    ];
    for body in unreadable {
        server.says(body.clone());
        assert_eq!(ask(&server).await.unwrap_err(), AGAIN_IN_A_SECOND, "{body}");
    }
    for text in ["", "<html>", "active=true", r#"{"active":true}}"#, r#"{"active":false,"active":true}"#] {
        server.bend(|answers| answers.body = Body::Text(text.to_owned()));
        assert_eq!(ask(&server).await.unwrap_err(), AGAIN_IN_A_SECOND, "{text}");
    }
}

#[actix_web::test]
async fn an_active_token_that_has_ended_or_not_begun_is_inactive() {
    let server = Server::start();
    for (member, seconds, expected) in [
        ("exp", 60, true),
        ("exp", 0, false),
        ("exp", -1, false),
        ("nbf", 0, true),
        ("nbf", 31, false),
        ("nbf", 3_600, false),
    ] {
        server.says(json!({ "active": true, member: NOW.0 + seconds }));
        let found = ask(&server).await;
        assert_eq!(found.as_ref().err(), (!expected).then_some(&NotDescribed::Inactive), "{member} {seconds}");
    }
}

#[actix_web::test]
async fn every_status_but_200_is_no_answer() {
    let server = Server::start();
    for status in [201, 202, 204, 206, 301, 302, 303, 307, 308, 400, 401, 403, 404, 429, 500, 502, 503] {
        server.bend(|answers| answers.status = status);
        assert_eq!(ask(&server).await.unwrap_err(), AGAIN_IN_A_SECOND, "{status}");
    }
}

#[actix_web::test]
async fn a_redirect_leads_the_token_nowhere() {
    let (server, elsewhere) = (Server::start(), Server::start());
    let location = elsewhere.endpoint.to_string();
    for status in [301, 302, 303, 307, 308] {
        server.bend(|answers| {
            answers.status = status;
            answers.headers = vec![("Location", location.clone())];
        });
        assert_eq!(ask(&server).await.unwrap_err(), AGAIN_IN_A_SECOND);
    }
    assert_eq!((server.count(), elsewhere.count()), (5, 0));
}

/// Even where somebody hands in a client that follows redirects.
#[actix_web::test]
async fn an_answer_from_elsewhere_is_not_believed() {
    let (server, elsewhere) = (Server::start(), Server::start());
    server.bend(|answers| {
        answers.status = 307;
        answers.headers = vec![("Location", elsewhere.endpoint.to_string())];
    });
    #[allow(clippy::disallowed_methods, reason = "the wrong client is what this test is about")]
    let http = Client::builder().no_proxy().build().unwrap();
    let limits = Limits::default();
    let introspector = Introspector::new(http, server.endpoint.clone(), server::credentials(), limits).unwrap();
    assert_eq!(introspector.introspect("opaque", NOW).await.unwrap_err(), AGAIN_IN_A_SECOND);
}

#[actix_web::test]
async fn the_content_type_is_json() {
    let server = Server::start();
    for (value, expected) in [
        ("application/json", true),
        ("Application/JSON; charset=utf-8", true),
        ("text/html", false),
        ("application/jwt", false),
        ("application/json5", false),
        ("application/token-introspection+jwt", false),
        ("", false),
    ] {
        server.bend(|answers| answers.headers = vec![("Content-Type", value.to_owned())]);
        assert_eq!(ask(&server).await.err(), (!expected).then_some(AGAIN_IN_A_SECOND), "{value}");
    }
}

#[actix_web::test]
async fn an_answer_has_at_most_64_kib() {
    let server = Server::start();
    let answer = r#"{"active":true}"#;
    for (length, expected) in [(64 * 1024, true), (64 * 1024 + 1, false), (1024 * 1024, false)] {
        server.bend(|answers| answers.body = Body::Text(format!("{answer}{}", " ".repeat(length - answer.len()))));
        assert_eq!(ask(&server).await.is_ok(), expected, "{length}");
    }
}

#[actix_web::test]
async fn an_endpoint_that_hangs_drips_or_breaks_off_is_given_up() {
    let server = Server::start();
    for body in [Body::Cut, Body::Drip] {
        server.bend(|answers| answers.body = body);
        let began = Instant::now();
        assert_eq!(ask(&server).await.unwrap_err(), AGAIN_IN_A_SECOND);
        assert!(began.elapsed() < Duration::from_millis(2_900));
    }
    server.bend(|answers| answers.delay = Duration::from_mins(1));
    let began = Instant::now();
    assert_eq!(ask(&server).await.unwrap_err(), AGAIN_IN_A_SECOND);
    assert!(began.elapsed() < Duration::from_millis(2_900));
}

#[actix_web::test]
async fn nobody_there_is_no_answer() {
    let server = Server::start();
    let mut endpoint = server.endpoint.clone();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    endpoint.set_port(Some(free)).unwrap();
    let introspector = Introspector::new(client(), endpoint, server::credentials(), Limits::default()).unwrap();
    assert_eq!(introspector.introspect("opaque", NOW).await.unwrap_err(), AGAIN_IN_A_SECOND);
}

#[actix_web::test]
async fn the_wait_that_the_issuer_asks_for_is_handed_on() {
    let server = Server::start();
    server.bend(|answers| {
        answers.status = 429;
        answers.headers = vec![("Retry-After", "17".to_owned())];
    });
    assert_eq!(ask(&server).await.unwrap_err(), NotDescribed::Unavailable { retry_after: Seconds(17) });
}

#[actix_web::test]
async fn what_cannot_be_a_credential_is_refused_without_asking() {
    let server = Server::start();
    let introspector = server.introspector(Limits::default());
    let key = api_key();
    let long = "x".repeat(MAX_TOKEN + 1);
    for token in
        ["", "tab\tinside", "ünicode", "cs_key_", &key[..61], &format!("{key}x"), &key.replace('A', "B"), &long]
    {
        assert_eq!(introspector.introspect(token, NOW).await.unwrap_err(), NotDescribed::Inactive, "{token}");
        assert_eq!(introspector.introspect_for("ada", token, NOW).await.unwrap_err(), NotDescribed::Inactive);
    }
    assert_eq!(server.count(), 0);
    assert!(introspector.introspect(&long[1..], NOW).await.is_ok());
    assert!(introspector.introspect(&key, NOW).await.is_ok());
    assert_eq!(json!(server.last().form), json!({ "token": key, "token_type_hint": "api_key" }));
}

#[actix_web::test]
async fn a_key_counts_only_for_its_owner() {
    let server = Server::start();
    let introspector = server.introspector(Limits::default());
    let key = api_key();
    assert_eq!(introspector.introspect_for("ada", &key, NOW).await.unwrap().sub.as_deref(), Some("ada"));
    assert!(introspector.introspect_for(" ADA ", &key, NOW).await.is_ok(), "as at the login form");
    for user in ["", "bob", "ada2", "ad", "*"] {
        assert_eq!(introspector.introspect_for(user, &key, NOW).await.unwrap_err(), NotDescribed::Inactive, "{user}");
    }
    assert!(introspector.introspect_for("ada", &key, NOW).await.is_ok(), "a wrong name is not held against the key");
    assert_eq!(introspector.introspect_for("ada", "opaque", NOW).await.unwrap_err(), NotDescribed::Inactive);
    assert_eq!(server.count(), 1);
    for (number, username) in [(1, json!(null)), (2, json!("")), (3, json!(" "))] {
        server.says(json!({ "active": true, "sub": "ada", "username": username }));
        for user in ["", "ada", " "] {
            let found = introspector.introspect_for(user, &numbered_key(number), NOW).await;
            assert_eq!(found.unwrap_err(), NotDescribed::Inactive, "{username} {user:?}");
        }
    }
}

#[actix_web::test]
async fn the_id_of_a_key_is_no_credential() {
    let server = Server::start();
    let introspector = server.introspector(Limits::default());
    let id = ApiKey::parse(&api_key()).unwrap().id;
    let signing_key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    server.says(json!({ "active": true, "sub": "ada", "signing_key": signing_key }));
    let unproven = introspector.introspect_key_id(&id, NOW).await.unwrap();
    assert_eq!(unproven.signing_key(), Some(&[7; 32]));
    assert_eq!(unproven.proven().sub.as_deref(), Some("ada"));
    let named = format!("cs_key_{id}");
    assert_eq!(json!(server.last().form), json!({ "token": named, "purpose": "http_message_signature" }));
    server.says(json!({ "active": false }));
    let as_token = introspector.introspect(id.as_str(), NOW).await;
    assert_eq!(as_token.unwrap_err(), NotDescribed::Inactive, "and finds nothing that was said about the key");
    let as_key = introspector.introspect(&named, NOW).await;
    assert_eq!(as_key.unwrap_err(), NotDescribed::Inactive);
    assert_eq!((server.count(), server.last().form.contains_key("purpose")), (2, false));
}

#[actix_web::test]
async fn a_password_is_asked_about_with_its_user_and_a_key_never_as_a_password() {
    let server = Server::start();
    let introspector = server.introspector(Limits::default());
    let presented = |user: &str, secret: &str| basic::Presented {
        user: user.to_owned(),
        secret: protocol::secret::SecretString::new(secret.to_owned()),
    };
    assert!(introspector.check_password(&presented("ada", "p&w"), None, NOW).await.is_ok());
    assert_eq!(json!(server.last().form), json!({ "purpose": "http_basic", "username": "ada", "password": "p&w" }));
    server.says(json!({ "active": false }));
    for wrong in [presented("ada", "p&x"), presented("bob", "p&w"), presented("ada", &api_key())] {
        assert_eq!(introspector.check_password(&wrong, None, NOW).await.unwrap_err(), NotDescribed::Inactive);
    }
    assert_eq!(server.count(), 3);
}

#[actix_web::test]
async fn debug_output_shows_no_secret() {
    let server = Server::start();
    let introspector = server.introspector(Limits::default());
    introspector.introspect("opaque", NOW).await.unwrap();
    let shown = format!("{introspector:?}");
    assert!(shown.contains("SecretBasic(api)"), "{shown}");
    assert!(!shown.contains("se:cret") && !shown.contains("opaque"), "{shown}");
}

#[actix_web::test]
async fn the_log_names_the_cause_and_nothing_that_was_asked_about() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    // While there is only one subscriber in the process, tracing asks that of the thread which comes to a line first, and other
    // tests have none. With two it asks both.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let server = Server::start();
    let introspector = server.introspector(Limits::default());
    server.bend(|answers| answers.status = 503);
    let key = api_key();
    for secret in ["opaque-1", "opaque-2", &key] {
        assert!(introspector.introspect(secret, NOW).await.is_err());
    }
    server.bend(|answers| answers.status = 200);
    server.says(json!({ "active": true, "sub": "ada", "exp": "opaque-4" }));
    assert!(introspector.introspect("opaque-3", NOW).await.is_err());
    let text = log.text();
    assert!(text.contains("503 Service Unavailable") && text.contains("the member exp"), "{text}");
    assert!(!text.contains("opaque-") && !text.contains(&key) && !text.contains("se:cret"), "{text}");
    assert!(!text.contains("YXBpOnNlJ"), "{text}");
}

#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
