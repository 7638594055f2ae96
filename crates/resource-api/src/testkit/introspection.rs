//! An introspection endpoint (RFC 7662) that says what a test told it to say.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL};
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use crate::config::Introspection;

/// On a loopback port until it is dropped. Needs a Tokio runtime around it. A token that it was not told about is not active.
#[derive(Debug)]
pub struct FakeIntrospection {
    url: String,
    state: Arc<Mutex<State>>,
    server: ServerHandle,
}

/// One question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The header `Authorization`.
    pub authorization: Option<String>,
    /// The parameters of the form.
    pub form: HashMap<String, String>,
}

#[derive(Debug, Default)]
struct State {
    tokens: HashMap<String, Map<String, Value>>,
    asked: Vec<Asked>,
    /// Answers with this status instead.
    status: Option<u16>,
}

impl FakeIntrospection {
    /// Listens on a free port of 127.0.0.1. Panics where there is none.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        let url = format!("http://{}/introspect", listener.local_addr().expect("a bound port"));
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Data::from(Arc::clone(&state));
        let server =
            HttpServer::new(move || App::new().app_data(shared.clone()).route("/introspect", web::post().to(answer)))
                .workers(1)
                .disable_signals()
                .listen(listener)
                .expect("a listener that was bound")
                .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, state, server: handle }
    }

    /// The endpoint.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Settings of an API that asks here.
    pub fn settings(&self) -> Introspection {
        let endpoint = Url::parse(&self.url).expect("a URL that was put together here");
        Introspection { endpoint: Some(endpoint), ..Introspection::with_secret("api", "secret") }
    }

    /// From now on this token is active, and these members are said of it (RFC 7662 §2.2). Panics unless they are an object.
    #[must_use]
    pub fn active(self, token: &str, members: Value) -> Self {
        self.activate(token, members);
        self
    }

    /// The same, later.
    pub fn activate(&self, token: &str, members: Value) {
        let Value::Object(mut members) = members else { panic!("what is said of a token is a JSON object") };
        members.insert("active".to_owned(), json!(true));
        self.state().tokens.insert(token.to_owned(), members);
    }

    /// From now on this token is not active.
    pub fn revoke(&self, token: &str) {
        self.state().tokens.remove(token);
    }

    /// Answers every question with this status, as an issuer in trouble.
    pub fn fail(&self, status: u16) {
        self.state().status = Some(status);
    }

    /// Answers again.
    pub fn recover(&self) {
        self.state().status = None;
    }

    /// Every question so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(request: HttpRequest, body: Bytes, state: Data<Mutex<State>>) -> HttpResponse {
    let authorization = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let form: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    // RFC 7662 §2.1: "the endpoint MUST also require some form of authorization".
    let proved = authorization.is_some() || form.contains_key("client_assertion") || form.contains_key("client_secret");
    let mut state = lock(&state);
    let members = form.get("token").and_then(|token| state.tokens.get(token).cloned());
    state.asked.push(Asked { authorization, form });
    if let Some(status) = state.status {
        return HttpResponse::new(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    }
    if !proved {
        return HttpResponse::Unauthorized().json(json!({ "error": "invalid_client" }));
    }
    let members = members.map_or_else(|| json!({ "active": false }), Value::Object);
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(members)
}

impl Drop for FakeIntrospection {
    fn drop(&mut self) {
        // Stops when the message arrives, whether or not somebody waits.
        drop(self.server.stop(false));
    }
}
