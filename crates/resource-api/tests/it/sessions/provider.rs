//! A provider of one person that signs in whoever asks: discovery, keys, tokens, introspection. The code of an answer is the
//! `nonce` of its request, so there is nothing to remember. Counts refreshes and keeps every text that nobody else may have.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::web::{self, Data, Form};
use actix_web::{App, HttpResponse, HttpServer};
use resource_api::testkit::{TestIssuer, TestKey, Token};
use serde_json::{Value, json};

use crate::issuer::{AUDIENCE, now};
use crate::people::EVERYTHING;

pub const CLIENT: &str = "front";
pub const SUB: &str = "unmistakable-person";
pub const SID: &str = "unmistakable-session";
pub const NAME: &str = "Unmistakable Name";

pub struct Provider {
    pub url: String,
    state: Data<State>,
}

struct State {
    url: String,
    kit: TestIssuer,
    key: TestKey,
    refreshed: AtomicUsize,
    /// Its session is over, which it tells nobody who does not ask.
    ended: AtomicBool,
    /// It says that no access token is active, and goes on giving out new ones.
    stands_by_none: AtomicBool,
    /// Seconds that the access token of a sign-in lives.
    first_lives: i64,
    issued: Mutex<Vec<String>>,
}

impl Provider {
    pub fn start() -> Self {
        Self::whose_first_token_lives(300)
    }

    pub fn whose_first_token_lives(first_lives: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let kit = TestIssuer::at(&url);
        let state = Data::new(State {
            key: kit.key(),
            kit,
            url: url.clone(),
            refreshed: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            stands_by_none: AtomicBool::new(false),
            first_lives,
            issued: Mutex::default(),
        });
        let shared = state.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/.well-known/openid-configuration", web::get().to(discovery))
                .route("/jwks", web::get().to(jwks))
                .route("/token", web::post().to(token))
                .route("/introspect", web::post().to(introspect))
        });
        actix_web::rt::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        Self { url, state }
    }

    pub fn refreshed(&self) -> usize {
        self.state.refreshed.load(Ordering::SeqCst)
    }

    pub fn end_silently(&self) {
        self.state.ended.store(true, Ordering::SeqCst);
    }

    pub fn stand_by_no_token(&self) {
        self.state.stands_by_none.store(true, Ordering::SeqCst);
    }

    /// Everything that it gave to the front end.
    pub fn issued(&self) -> Vec<String> {
        self.state.issued.lock().unwrap().clone()
    }

    /// OpenID Connect Back-Channel Logout 1.0 §2.4.
    pub fn logout_token(&self, jti: &str, about: Value) -> String {
        let events = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
        let token = self.state.kit.token().typ(Some("logout+jwt")).audience(CLIENT).claim("jti", jti);
        let token = ["sub", "client_id", "scope"].into_iter().fold(token, Token::without);
        let Value::Object(about) = about else { unreachable!("written as an object") };
        about.into_iter().fold(token.claim("events", events), |token, (name, value)| token.claim(&name, value)).sign()
    }
}

impl State {
    fn id_token(&self, nonce: &str) -> String {
        let token = self.kit.token().typ(Some("JWT")).sub(SUB).audience(CLIENT).without("scope");
        token.claim("nonce", nonce).claim("sid", SID).claim("name", NAME).signed_by(self.key.clone()).sign()
    }

    fn access_token(&self, lives: i64) -> String {
        let token = self.kit.token().sub(SUB).client(CLIENT).audience(AUDIENCE).scope(EVERYTHING);
        token.claim("exp", now() + lives).sign()
    }
}

async fn discovery(state: Data<State>) -> HttpResponse {
    let url = &state.url;
    HttpResponse::Ok().json(json!({
        "issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
        "introspection_endpoint": format!("{url}/introspect"), "jwks_uri": format!("{url}/jwks"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

async fn jwks(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "keys": [state.key.jwk()] }))
}

async fn token(state: Data<State>, Form(form): Form<HashMap<String, String>>) -> HttpResponse {
    let mut answer = json!({ "token_type": "Bearer", "scope": EVERYTHING });
    let lives = if form["grant_type"] == "refresh_token" {
        let count = state.refreshed.fetch_add(1, Ordering::SeqCst) + 1;
        actix_web::rt::time::sleep(Duration::from_millis(200)).await;
        // RFC 9700 §4.14.2: one that comes twice was stolen.
        if state.ended.load(Ordering::SeqCst) || form["refresh_token"] != refresh_token(count - 1) {
            return HttpResponse::BadRequest().json(json!({ "error": "invalid_grant" }));
        }
        answer["refresh_token"] = json!(refresh_token(count));
        300
    } else {
        answer["refresh_token"] = json!(refresh_token(0));
        answer["id_token"] = json!(state.id_token(&form["code"]));
        state.first_lives
    };
    (answer["access_token"], answer["expires_in"]) = (json!(state.access_token(lives)), json!(lives));
    let texts = ["access_token", "refresh_token", "id_token"].map(|name| answer[name].as_str().map(str::to_owned));
    state.issued.lock().unwrap().extend(texts.into_iter().flatten());
    HttpResponse::Ok().json(answer)
}

async fn introspect(state: Data<State>) -> HttpResponse {
    if state.ended.load(Ordering::SeqCst) || state.stands_by_none.load(Ordering::SeqCst) {
        return HttpResponse::Ok().json(json!({ "active": false }));
    }
    HttpResponse::Ok().json(json!({
        "active": true, "sub": SUB, "aud": AUDIENCE, "client_id": CLIENT, "scope": EVERYTHING, "exp": now() + 300,
    }))
}

fn refresh_token(count: usize) -> String {
    format!("unmistakable-refresh-token-{count}")
}
