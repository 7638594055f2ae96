//! An issuer in this process: discovery and key set over HTTP on a loopback port, tokens on demand. Counts what it is asked.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt::key::SigningKey;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};
use tokio::net::TcpSocket;

pub const AUDIENCE: &str = "https://notes.example";

pub struct Issuer {
    pub url: String,
    pub state: Arc<State>,
}

pub struct State {
    pub discovery_count: AtomicUsize,
    pub jwks_count: AtomicUsize,
    pub keys: Mutex<Vec<Arc<SigningKey>>>,
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
        Self { url, state }
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

    pub fn key(&self) -> Arc<SigningKey> {
        Arc::clone(&self.state.keys.lock().unwrap()[0])
    }

    /// Replaces all keys by a new one.
    pub fn rotate(&self) {
        *self.state.keys.lock().unwrap() = vec![key(SigningAlgorithm::ES256)];
    }

    /// A good token of alice's with both permissions.
    pub fn token(&self) -> Token {
        let now = now();
        let claims = json!({
            "iss": self.url, "sub": "alice", "aud": AUDIENCE, "exp": now + 300, "iat": now, "jti": "grant-1.token-1",
            "client_id": "web-app", "scope": "openid notes:read notes:write",
        });
        let Value::Object(claims) = claims else { unreachable!("written as an object") };
        Token { key: self.key(), typ: Some("at+jwt".to_owned()), claims: claims.into_iter().collect() }
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

pub struct Token {
    key: Arc<SigningKey>,
    typ: Option<String>,
    claims: BTreeMap<String, Value>,
}

impl Token {
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name).expect("the claim was there");
        self
    }

    pub fn typ(mut self, typ: Option<&str>) -> Self {
        self.typ = typ.map(str::to_owned);
        self
    }

    pub fn signed_by(mut self, key: Arc<SigningKey>) -> Self {
        self.key = key;
        self
    }

    pub fn sign(&self) -> String {
        self.key.sign(self.typ.as_deref(), &self.claims).unwrap()
    }

    pub fn claims(&self) -> &BTreeMap<String, Value> {
        &self.claims
    }
}

/// A good token with another header and a signature by nobody. A header member that is null is left out.
pub fn forged(header: Value, issuer: &Issuer) -> String {
    let mut members = json!({ "alg": "ES256", "typ": "at+jwt", "kid": issuer.key().kid() });
    let Value::Object(change) = header else { unreachable!("written as an object") };
    for (name, value) in change {
        members[name] = value;
    }
    let members: BTreeMap<_, _> = members.as_object().unwrap().iter().filter(|(_, value)| !value.is_null()).collect();
    let part = |json: serde_json::Result<Vec<u8>>| URL_SAFE_NO_PAD.encode(json.unwrap());
    let token = issuer.token();
    format!("{}.{}.AAAA", part(serde_json::to_vec(&members)), part(serde_json::to_vec(&token.claims)))
}

pub fn key(algorithm: SigningAlgorithm) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(algorithm).unwrap())
}

pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

async fn discovery(state: Data<State>) -> HttpResponse {
    state.discovery_count.fetch_add(1, Ordering::SeqCst);
    let answers = state.answers.lock().unwrap().clone();
    actix_web::rt::time::sleep(answers.delay).await;
    status(&answers).json(json!({ "issuer": answers.issuer, "jwks_uri": answers.jwks_uri }))
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
    let keys: Vec<_> = state.keys.lock().unwrap().iter().map(|key| key.jwk().clone()).collect();
    response.json(json!({ "keys": keys }))
}

fn status(answers: &Answers) -> actix_web::HttpResponseBuilder {
    HttpResponse::build(actix_web::http::StatusCode::from_u16(answers.status).unwrap())
}
