//! Sessions of the page in the service's database, over HTTP: they outlive the process, are shared by instances, and end where the
//! issuer ends them. The store by itself is tested beside it (`service/sessions/tests.rs`).

mod provider;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use protocol::secret::SecretString;
use protocol::time::Seconds;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::api::{Answer, TestApi, send};
use crate::database::{on_both_engines, run};

use provider::{CLIENT, NAME, Provider, SID, SUB};

const BELIEVED: Duration = Duration::from_secs(2);

/// A database, the file of the keys, and a provider: what stays when an instance goes.
struct Place<'p> {
    provider: &'p Provider,
    database: String,
    directory: TempDir,
}

impl<'p> Place<'p> {
    fn new(provider: &'p Provider, database: &str) -> Self {
        let place = Self { provider, database: database.to_owned(), directory: tempfile::tempdir().unwrap() };
        place.keys(&[1]);
        place
    }

    fn key_file(&self) -> PathBuf {
        self.directory.path().join("keys")
    }

    /// These keys are in the file from now on.
    fn keys(&self, keys: &[u8]) {
        let lines: Vec<_> = keys.iter().map(|byte| URL_SAFE_NO_PAD.encode([*byte; 32])).collect();
        private(&self.key_file(), &lines.join("\n"));
    }

    async fn instance(&self) -> Instance {
        let key_file = self.key_file();
        Instance::start(self.provider, &self.database, Some(key_file)).await
    }
}

struct Instance {
    api: TestApi,
    /// Follows nothing.
    raw: Client,
}

impl Instance {
    async fn start(provider: &Provider, database: &str, key_file: Option<PathBuf>) -> Self {
        let api = TestApi::start_with(&provider.url, |config| {
            config.database_url = database.to_owned();
            config.authenticate_as(CLIENT, SecretString::new("a secret".to_owned()));
            let limits = &mut config.settings.introspection.as_mut().unwrap().limits;
            (limits.positive, limits.negative) = (Seconds(2), Seconds(1));
            config.limits.stream_believes = BELIEVED;
            config.session_key_file = key_file;
        })
        .await;
        let raw = Client::builder().no_proxy().tls_certs_only([]).redirect(Policy::none()).build().unwrap();
        Self { api, raw }
    }

    fn request(&self, path: &str, cookie: &str) -> RequestBuilder {
        let request = self.raw.get(format!("{}{path}", self.api.url)).header("sec-fetch-site", "same-origin");
        request.header("cookie", format!("bff={cookie}"))
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        send(self.request(path, cookie)).await
    }

    /// The cookie of a sign-in that is under way, and the path that the issuer sends the browser back to.
    async fn login(&self) -> (String, String) {
        let answer = send(self.raw.get(format!("{}/bff/login", self.api.url))).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let address = Url::parse(answer.header("location")).unwrap();
        let of = |name: &str| address.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        let path = format!("/bff/callback?code={}&state={}", of("nonce"), of("state"));
        (cookie(&answer, "bff-sign-in-"), path)
    }

    async fn callback(&self, (cookie, path): (String, String)) -> Answer {
        send(self.raw.get(format!("{}{path}", self.api.url)).header("cookie", cookie)).await
    }

    /// The value of the session cookie.
    async fn sign_in(&self) -> String {
        let answer = self.callback(self.login().await).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        cookie(&answer, "bff=").split_once('=').unwrap().1.to_owned()
    }

    async fn log_out(&self, token: &str) -> Answer {
        let request = self.api.request(Method::POST, "/bff/backchannel-logout");
        let form = format!("logout_token={token}");
        send(request.header("content-type", "application/x-www-form-urlencoded").body(form)).await
    }
}

/// `name=value`.
fn cookie(answer: &Answer, start: &str) -> String {
    let lines = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    let mut values = lines.filter(|line| line.starts_with(start)).map(|line| line.split(';').next().unwrap());
    values.find(|pair| !pair.ends_with('=')).unwrap_or_else(|| panic!("no {start}: {answer:?}")).to_owned()
}

fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[track_caller]
fn assert_signed_out(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("session_over")), "{answer:?}");
    assert!(answer.header("set-cookie").contains("Max-Age=0"), "{answer:?}");
}

#[actix_web::test]
async fn a_session_and_a_sign_in_that_is_under_way_outlive_the_process() {
    on_both_engines(async |database| {
        let provider = Provider::start();
        let place = Place::new(&provider, &database);
        let first = place.instance().await;
        let (session, under_way) = (first.sign_in().await, first.login().await);
        assert_eq!(first.get("/notes", &session).await.status, 200);
        drop(first);
        let second = place.instance().await;
        assert_eq!(second.get("/notes", &session).await.status, 200);
        let me = second.get("/bff/me", &session).await;
        assert_eq!((me.status, &me.json()["name"]), (200, &json!(NAME)));
        assert_eq!(second.callback(under_way).await.status, 303);
    })
    .await;
}

#[actix_web::test]
async fn two_instances_refresh_once() {
    on_both_engines(async |database| {
        let provider = Provider::whose_first_token_lives(4);
        let place = Place::new(&provider, &database);
        let (one, other) = (place.instance().await, place.instance().await);
        let session = one.sign_in().await;
        tokio::time::sleep(Duration::from_millis(2_200)).await;
        assert_eq!(provider.refreshed(), 0);
        let asked = (0..32).map(|number| if number % 2 == 0 { &one } else { &other });
        let answers = join_all(asked.map(|instance| instance.get("/notes", &session))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        assert_eq!(provider.refreshed(), 1);
    })
    .await;
}

#[actix_web::test]
async fn the_issuer_ends_a_session_at_whichever_instance_it_tells() {
    on_both_engines(async |database| {
        let provider = Provider::start();
        let place = Place::new(&provider, &database);
        let (one, other) = (place.instance().await, place.instance().await);
        for (jti, about) in [("1", json!({ "sid": SID })), ("2", json!({ "sub": SUB }))] {
            let (session, token) = (one.sign_in().await, provider.logout_token(jti, about));
            // A logout token means what began before; it counts whole seconds.
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            let under_way = one.login().await;
            assert_eq!(other.get("/notes", &session).await.status, 200);
            assert_eq!(other.log_out(&token).await.status, 200);
            assert_signed_out(&one.get("/notes", &session).await);
            assert_signed_out(&one.get("/bff/me", &session).await);
            let replayed = one.log_out(&token).await;
            assert_eq!(replayed.status, 400, "{replayed:?}");
            if jti == "1" {
                let late = one.callback(under_way).await;
                assert!(late.header("location").contains("error="), "the same sid: {late:?}");
                run(&database, "DELETE FROM bff_logouts WHERE id LIKE 's:%'".to_owned()).await;
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn a_foreign_key_or_a_changed_row_means_signed_out() {
    on_both_engines(async |database| {
        let provider = Provider::start();
        let place = Place::new(&provider, &database);
        let session = place.instance().await.sign_in().await;
        place.keys(&[2]);
        let foreign = place.instance().await;
        assert_signed_out(&foreign.get("/notes", &session).await);
        assert_signed_out(&foreign.get("/bff/me", &session).await);
        place.keys(&[2, 1]);
        let rotated = place.instance().await;
        assert_eq!(rotated.get("/notes", &session).await.status, 200, "the old key opens");
        run(&database, "UPDATE bff_sessions SET sealed = 'A' || substr(sealed, 2)".to_owned()).await;
        assert_eq!(rotated.get("/notes", &session).await.status, 200, "nothing was changed");
        run(&database, "UPDATE bff_sessions SET sealed = substr(sealed, 2)".to_owned()).await;
        assert_signed_out(&rotated.get("/notes", &session).await);
        let again = rotated.sign_in().await;
        assert_eq!(rotated.get("/notes", &again).await.status, 200);
    })
    .await;
}

#[actix_web::test]
async fn nothing_of_a_session_can_be_read_in_the_files_of_the_database() {
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::start();
    let instance = Instance::start(&provider, &crate::api::sqlite_in(&directory), None).await;
    let session = instance.sign_in().await;
    assert_eq!(instance.get("/bff/me", &session).await.status, 200);
    let mut hidden = provider.issued();
    assert_eq!(hidden.len(), 3, "{hidden:?}");
    hidden.extend(hidden.clone().iter().flat_map(|token| token.split('.').map(str::to_owned).collect::<Vec<_>>()));
    hidden.extend([SUB, SID, NAME, session.as_str()].map(str::to_owned));
    let mut names = Vec::new();
    for entry in fs::read_dir(&directory).unwrap() {
        let entry = entry.unwrap();
        let bytes = fs::read(entry.path()).unwrap();
        for text in &hidden {
            let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!found, "{text} stands in {:?}", entry.file_name());
        }
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&entry.metadata().unwrap().permissions()) & 0o077, 0);
        names.push(entry.file_name().into_string().unwrap());
    }
    assert!(names.contains(&"notes.db.session-keys".to_owned()) && names.contains(&"notes.db".to_owned()), "{names:?}");
    let key = fs::read_to_string(directory.path().join("notes.db.session-keys")).unwrap();
    assert_eq!(key.trim_end().len(), 43);
}

/// Reads a stream to its end.
async fn end_of_stream(request: RequestBuilder) -> String {
    let mut response = request.header("accept", "text/event-stream").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut text = String::new();
    while let Some(piece) = response.chunk().await.unwrap() {
        text += str::from_utf8(&piece).unwrap();
    }
    text
}

#[actix_web::test]
async fn the_stream_of_an_ended_session_is_over_in_time() {
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::start();
    let place = Place::new(&provider, &crate::api::sqlite_in(&directory));
    let instance = place.instance().await;
    let in_time = BELIEVED + Duration::from_millis(1_500);
    // Told over the back channel, and not told at all.
    let about: [Option<Value>; 2] = [Some(json!({ "sub": SUB })), None];
    for about in about {
        let session = instance.sign_in().await;
        assert_eq!(instance.get("/notes", &session).await.status, 200);
        let ended = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            match about {
                Some(about) => assert_eq!(instance.log_out(&provider.logout_token("1", about)).await.status, 200),
                None => provider.end_silently(),
            }
            Instant::now()
        };
        let (text, ended) = tokio::join!(end_of_stream(instance.request("/events", &session)), ended);
        assert!(text.ends_with("event: come_back\ndata: {}\n\n"), "{text}");
        assert!(ended.elapsed() < in_time, "{:?}", ended.elapsed());
        let again = instance.get("/events", &session).await;
        assert_signed_out(&again);
        assert_signed_out(&instance.get("/bff/me", &session).await);
        // Whoever signs in afterwards is another session.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
}

#[actix_web::test]
async fn nobody_is_signed_in_with_tokens_that_the_api_refuses() {
    let directory = tempfile::tempdir().unwrap();
    let provider = Provider::start();
    let place = Place::new(&provider, &crate::api::sqlite_in(&directory));
    let instance = place.instance().await;
    let session = instance.sign_in().await;
    provider.stand_by_no_token();
    assert_eq!(instance.get("/bff/me", &session).await.status, 200, "another token was had for it");
    assert_eq!(provider.refreshed(), 1);
    assert_signed_out(&instance.get("/bff/me", &session).await);
    assert_eq!(provider.refreshed(), 1, "once a minute");
}

#[actix_web::test]
async fn each_refusal_below_bff_is_a_problem_with_the_trace_id() {
    let provider = Provider::start();
    let directory = tempfile::tempdir().unwrap();
    let place = Place::new(&provider, &format!("sqlite:{}", directory.path().join("notes.db").display()));
    let instance = place.instance().await;
    for (method, path, status, error) in [
        (Method::GET, "/bff/me", 401, "session_over"),
        (Method::GET, "/bff/login?return_to=//elsewhere.example", 400, "invalid_request"),
        (Method::POST, "/bff/logout", 403, "csrf"),
        (Method::POST, "/notes", 403, "csrf"),
        (Method::POST, "/bff/backchannel-logout", 400, "invalid_request"),
        (Method::POST, "/bff/me", 405, "method_not_allowed"),
        (Method::GET, "/bff/logout", 405, "method_not_allowed"),
    ] {
        let answer = send(instance.api.request(method, path).header("cookie", "bff=x")).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "application/problem+json"), "{answer:?}");
        let problem = answer.json();
        assert_eq!(problem["error"], error, "{answer:?}");
        assert_eq!(problem["trace_id"], answer.header("x-trace-id"), "{answer:?}");
        assert_eq!(answer.headers.contains_key("allow"), status == 405, "{answer:?}");
        assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401, "{answer:?}");
        assert_eq!(answer.headers.contains_key("set-cookie"), status == 401, "the dead cookie goes: {answer:?}");
    }
}
