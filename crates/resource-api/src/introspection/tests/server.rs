//! An introspection endpoint on loopback that counts what it is asked and can be bent. It lives in a thread of its own, so that
//! tests can ask it from several.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use futures_util::stream;
use protocol::secret::SecretString;
use reqwest::{Client, redirect};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::introspection::{ClientCredentials, Introspector, Limits};

pub(crate) struct Server {
    pub(crate) endpoint: Url,
    state: Arc<State>,
}

struct State {
    answers: Mutex<Answers>,
    asked: Mutex<Vec<Asked>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// How the endpoint behaves; tests bend a field.
#[derive(Clone)]
pub(crate) struct Answers {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
    pub(crate) delay: Duration,
}

#[derive(Clone)]
pub(crate) enum Body {
    Json(Value),
    Text(String),
    /// Ends in the middle.
    Cut,
    /// A space every 20 ms, for ever.
    Drip,
}

/// One question as it arrived.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: String,
    pub(crate) accept: String,
    pub(crate) form: BTreeMap<String, String>,
}

/// As `outbound.rs` makes it.
pub(crate) fn client() -> Client {
    #[allow(clippy::disallowed_methods, reason = "a test; the crate's client is made in outbound.rs")]
    let builder = Client::builder();
    builder.no_proxy().redirect(redirect::Policy::none()).tls_certs_only([]).build().unwrap()
}

pub(crate) fn credentials() -> ClientCredentials {
    ClientCredentials::SecretBasic { client_id: "api".into(), client_secret: SecretString::new("se:cret/ü".into()) }
}

impl Server {
    /// Says of every token that it is active.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Url::parse(&format!("http://{}/introspect", listener.local_addr().unwrap())).unwrap();
        let body = Body::Json(json!({ "active": true, "sub": "ada", "username": "ada" }));
        let answers = Answers { status: 200, headers: Vec::new(), body, delay: Duration::ZERO };
        let state = Arc::new(State {
            answers: Mutex::new(answers),
            asked: Mutex::default(),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        });
        let shared = Data::from(Arc::clone(&state));
        std::thread::spawn(move || {
            let app = move || App::new().app_data(shared.clone()).default_service(web::to(answer));
            let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap();
            actix_web::rt::System::new().block_on(server.run()).unwrap();
        });
        Self { endpoint, state }
    }

    pub(crate) fn introspector(&self, limits: Limits) -> Introspector {
        Introspector::new(client(), self.endpoint.clone(), credentials(), limits).unwrap()
    }

    pub(crate) fn bend(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut self.state.answers.lock().unwrap());
    }

    pub(crate) fn says(&self, body: Value) {
        self.bend(|answers| answers.body = Body::Json(body));
    }

    pub(crate) fn count(&self) -> usize {
        self.state.asked.lock().unwrap().len()
    }

    pub(crate) fn last(&self) -> Asked {
        self.state.asked.lock().unwrap().last().unwrap().clone()
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.state.most_at_once.load(Ordering::SeqCst)
    }
}

async fn answer(state: Data<State>, http: HttpRequest, body: Bytes) -> HttpResponse {
    let header = |name: &str| http.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    state.asked.lock().unwrap().push(Asked {
        method: http.method().to_string(),
        authorization: header("Authorization"),
        content_type: header("Content-Type").unwrap_or_default(),
        accept: header("Accept").unwrap_or_default(),
        form: form_urlencoded::parse(&body).into_owned().collect(),
    });
    let at_once = state.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    state.most_at_once.fetch_max(at_once, Ordering::SeqCst);
    let answers = state.answers.lock().unwrap().clone();
    actix_web::rt::time::sleep(answers.delay).await;
    state.at_once.fetch_sub(1, Ordering::SeqCst);
    let mut response = HttpResponse::build(StatusCode::from_u16(answers.status).unwrap());
    response.content_type("application/json");
    for header in answers.headers {
        response.insert_header(header);
    }
    match answers.body {
        Body::Json(value) => response.body(value.to_string()),
        Body::Text(text) => response.body(text),
        Body::Cut => {
            let parts = [Ok(Bytes::from_static(b"{\"active\":true")), Err(std::io::Error::other("cut"))];
            response.streaming(stream::iter(parts))
        }
        Body::Drip => response.streaming(stream::unfold((), |()| async {
            actix_web::rt::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
        })),
    }
}
