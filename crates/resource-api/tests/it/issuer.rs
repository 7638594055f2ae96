//! An issuer in this process: discovery and key set over HTTP on a loopback port, tokens on demand. Counts what it is asked.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use protocol::signing::SigningAlgorithm;
pub use resource_api::testkit::Token;
pub use resource_api::testkit::now;
use resource_api::testkit::{TestIssuer, TestKey};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

pub const AUDIENCE: &str = "https://notes.example";

pub struct Issuer {
    pub url: String,
    kit: TestIssuer,
    pub state: Arc<State>,
}

pub struct State {
    pub discovery_count: AtomicUsize,
    pub jwks_count: AtomicUsize,
    pub keys: Mutex<Vec<TestKey>>,
    pub answers: Mutex<Answers>,
}

/// How the issuer behaves; tests bend one field.
#[derive(Clone)]
pub struct Answers {
    pub issuer: String,
    pub jwks_uri: String,
    pub cache_control: &'static str,
    pub delay: Duration,
    pub status: u16,
    pub jwks: Option<String>,
    pub introspection_endpoint: Option<String>,
}

impl Issuer {
    /// An issuer with one ES256 key.
    pub fn start() -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub fn listen(listener: TcpListener) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self::serve(url, listener, None)
    }

    /// An issuer at an https address.
    pub fn start_with_tls(tls: rustls::ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        Self::serve(url, listener, Some(tls))
    }

    fn serve(url: String, listener: TcpListener, tls: Option<rustls::ServerConfig>) -> Self {
        let state = Arc::new(State {
            discovery_count: AtomicUsize::new(0),
            jwks_count: AtomicUsize::new(0),
            keys: Mutex::new(vec![key(SigningAlgorithm::ES256)]),
            answers: Mutex::new(Answers {
                issuer: url.clone(),
                jwks_uri: format!("{url}/jwks"),
                cache_control: "public, max-age=3600",
                delay: Duration::ZERO,
                status: 200,
                jwks: None,
                introspection_endpoint: None,
            }),
        });
        let shared = Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/.well-known/openid-configuration", web::get().to(discovery))
                .route("/jwks", web::get().to(jwks))
        });
        let server = server.workers(1).disable_signals();
        let server = match tls {
            Some(tls) => server.listen_rustls_0_23(listener, tls).unwrap(),
            None => server.listen(listener).unwrap(),
        };
        actix_web::rt::spawn(server.run());
        Self { kit: TestIssuer::at(&url), url, state }
    }

    pub fn bend(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut self.state.answers.lock().unwrap());
    }

    pub fn jwks_count(&self) -> usize {
        self.state.jwks_count.load(Ordering::SeqCst)
    }

    pub fn discovery_count(&self) -> usize {
        self.state.discovery_count.load(Ordering::SeqCst)
    }

    pub fn key(&self) -> TestKey {
        self.state.keys.lock().unwrap()[0].clone()
    }

    /// Replaces all keys by a new one.
    pub fn rotate(&self) {
        *self.state.keys.lock().unwrap() = vec![key(SigningAlgorithm::ES256)];
    }

    /// A good token of alice's with both permissions.
    pub fn token(&self) -> Token {
        let token = self.kit.token().sub("alice").client("web-app").audience(AUDIENCE);
        token.scope("openid notes:read notes:write").signed_by(self.key())
    }
}

/// A port that refuses connections until an issuer listens there, and that nobody else gets meanwhile.
pub struct Reserved(TcpSocket);

impl Reserved {
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self(socket)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    pub fn listen(self) -> Issuer {
        Issuer::listen(self.0.listen(64).unwrap().into_std().unwrap())
    }
}

/// A good token with another header. A member that is null is left out.
pub fn forged(header: Value, issuer: &Issuer) -> String {
    let Value::Object(members) = header else { unreachable!("written as an object") };
    members.into_iter().fold(issuer.token(), |token, (name, value)| token.header(&name, value)).sign()
}

pub fn key(algorithm: SigningAlgorithm) -> TestKey {
    TestKey::new(algorithm)
}

async fn discovery(state: Data<State>) -> HttpResponse {
    state.discovery_count.fetch_add(1, Ordering::SeqCst);
    let answers = state.answers.lock().unwrap().clone();
    actix_web::rt::time::sleep(answers.delay).await;
    let mut document = json!({
        "issuer": answers.issuer, "jwks_uri": answers.jwks_uri,
        // For those who sign people in there.
        "authorization_endpoint": answers.jwks_uri.replace("/jwks", "/authorize"),
        "token_endpoint": answers.jwks_uri.replace("/jwks", "/token"), "response_types_supported": ["code"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
    });
    if let Some(endpoint) = &answers.introspection_endpoint {
        document["introspection_endpoint"] = json!(endpoint);
    }
    status(&answers).json(document)
}

async fn jwks(state: Data<State>) -> HttpResponse {
    state.jwks_count.fetch_add(1, Ordering::SeqCst);
    let answers = state.answers.lock().unwrap().clone();
    actix_web::rt::time::sleep(answers.delay).await;
    let mut response = status(&answers);
    response.insert_header(("Cache-Control", answers.cache_control));
    if let Some(document) = answers.jwks {
        return response.body(document);
    }
    let keys: Vec<_> = state.keys.lock().unwrap().iter().map(TestKey::jwk).collect();
    response.json(json!({ "keys": keys }))
}

fn status(answers: &Answers) -> actix_web::HttpResponseBuilder {
    HttpResponse::build(actix_web::http::StatusCode::from_u16(answers.status).unwrap())
}
