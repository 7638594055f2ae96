//! An introspection endpoint that says what a test told it (RFC 7662), and remembers what it was asked.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use protocol::api_key::{ALPHABET, ApiKey, ID_LENGTH, SECRET_LENGTH};
use resource_api::Introspection;
use resource_api::signature::shared_key;
use serde_json::{Value, json};
use url::Url;

use crate::issuer::{AUDIENCE, now};

pub const CLIENT_SECRET: &str = "unmistakable-client-secret";

pub struct Endpoint {
    pub url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    known: HashMap<String, Value>,
    asked: Vec<HashMap<String, String>>,
    /// Of `Authorization`.
    authorized: Vec<String>,
    status: u16,
    /// Too many wrong passwords; for so many seconds.
    guessed: Option<u32>,
}

impl Endpoint {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/introspect", listener.local_addr().unwrap());
        let state =
            State { known: HashMap::new(), asked: Vec::new(), authorized: Vec::new(), status: 200, guessed: None };
        let state = Arc::new(Mutex::new(state));
        let shared = Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || {
            App::new().app_data(shared.clone()).route("/introspect", web::post().to(introspect))
        });
        actix_web::rt::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        Self { url, state }
    }

    pub fn settings(&self) -> Introspection {
        let endpoint = Some(Url::parse(&self.url).unwrap());
        Introspection { endpoint, ..Introspection::with_secret("notes-api", CLIENT_SECRET) }
    }

    /// Says from now on that `token` is active and alice's; members of `change` that are null are left out.
    pub fn knows(&self, token: &str, change: Value) {
        let mut answer = json!({
            "active": true, "sub": "alice", "username": "alice", "aud": AUDIENCE, "client_id": "web-app",
            "scope": "notes:read notes:write", "exp": now() + 300,
        });
        let Value::Object(change) = change else { unreachable!("written as an object") };
        for (name, value) in change {
            answer[name] = value;
        }
        self.state.lock().unwrap().known.insert(token.to_owned(), answer);
    }

    /// An API key of alice's.
    pub fn key(&self, change: Value) -> ApiKey {
        let key = draw();
        self.knows(key.expose(), change);
        key
    }

    /// The same, that may sign.
    pub fn signing_key(&self, mut change: Value) -> ApiKey {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let key = draw();
        if change.get("signing_key").is_none() {
            change["signing_key"] = json!(URL_SAFE_NO_PAD.encode(shared_key(key.expose()).expose()));
        }
        self.knows(&format!("cs_key_{}", key.id), change);
        key
    }

    pub fn forget(&self, token: &str) {
        self.state.lock().unwrap().known.remove(token);
    }

    /// Says from now on that alice has this password.
    pub fn knows_password(&self, secret: &str, change: Value) {
        self.knows(&password("alice", secret), change);
    }

    pub fn tries_are_used_up_for(&self, seconds: u32) {
        self.state.lock().unwrap().guessed = Some(seconds);
    }

    pub fn fail_with(&self, status: u16) {
        self.state.lock().unwrap().status = status;
    }

    pub fn asked(&self) -> Vec<HashMap<String, String>> {
        self.state.lock().unwrap().asked.clone()
    }

    pub fn authorized(&self) -> Vec<String> {
        self.state.lock().unwrap().authorized.clone()
    }
}

fn password(user: &str, secret: &str) -> String {
    format!("{user}\0{secret}")
}

/// A key that nobody knows.
pub fn draw() -> ApiKey {
    let text =
        |length| (0..length).map(|_| char::from(ALPHABET[usize::from(jwt::random::bytes::<1>()[0]) % 62])).collect();
    let (id, secret): (String, String) = (text(ID_LENGTH), text(SECRET_LENGTH));
    ApiKey::assemble(&id, &secret).unwrap()
}

async fn introspect(
    request: HttpRequest,
    state: Data<Mutex<State>>,
    Form(form): Form<HashMap<String, String>>,
) -> HttpResponse {
    let mut state = state.lock().unwrap();
    let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    state.authorized.push(authorization.unwrap_or_default().to_owned());
    if let (Some(seconds), true) = (state.guessed, form.contains_key("password")) {
        return HttpResponse::TooManyRequests().insert_header(("retry-after", seconds)).finish();
    }
    let asked = form.get("token").cloned().unwrap_or_else(|| password(&form["username"], &form["password"]));
    let answer = state.known.get(&asked).cloned().unwrap_or_else(|| json!({ "active": false }));
    state.asked.push(form);
    HttpResponse::build(StatusCode::from_u16(state.status).unwrap()).json(answer)
}
