//! The rooms together, beside an issuer that does as it is told: when tokens are renewed, how often the issuer is asked, and
//! what is answered when it is not there. The whole flow with a real provider is `crates/testkit/tests/it/bff.rs`.

#![allow(clippy::disallowed_methods, reason = "the HTTP client of a test")]

mod doubt;
mod id_tokens;

use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::AtomicU16;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use actix_web::web::Bytes;
use actix_web::{App, HttpResponse, HttpServer};
use futures_util::future::join_all;
use protocol::issuer::Issuer;
use serde_json::{Value, json};

use super::*;
use crate::bff::session::SessionId;
use crate::bff::session::tests::{NOW, sample};

const OUR_ORIGIN: &str = "http://localhost:9";

/// An issuer with discovery, keys and a token endpoint.
struct Fake {
    url: String,
    shared: Data<Shared>,
}

#[derive(Default)]
struct Shared {
    url: Mutex<String>,
    discovered: AtomicI64,
    refreshed: AtomicI64,
    revoked: AtomicI64,
    /// What the token endpoint answers; 0 is 200 with new tokens.
    status: AtomicU16,
    error: Mutex<&'static str>,
    id_token: Mutex<Option<String>>,
    keys: Mutex<Vec<Value>>,
}

impl Fake {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let shared = Data::new(Shared { url: Mutex::new(url.clone()), ..Shared::default() });
        let served = shared.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(served.clone())
                .route("/.well-known/openid-configuration", web::get().to(discovery))
                .route("/jwks", web::get().to(jwks))
                .route("/token", web::post().to(token))
                .route("/revoke", web::post().to(revoke))
        });
        actix_web::rt::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
        Self { url, shared }
    }

    fn answers(&self, status: u16, error: &'static str) {
        self.shared.status.store(status, Ordering::SeqCst);
        *self.shared.error.lock().unwrap() = error;
    }

    fn refreshed(&self) -> i64 {
        self.shared.refreshed.load(Ordering::SeqCst)
    }
}

async fn discovery(shared: Data<Shared>) -> HttpResponse {
    shared.discovered.fetch_add(1, Ordering::SeqCst);
    actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    let url = shared.url.lock().unwrap().clone();
    HttpResponse::Ok().json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "revocation_endpoint": format!("{url}/revoke"),
        "jwks_uri": format!("{url}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

async fn jwks(shared: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "keys": *shared.keys.lock().unwrap() }))
}

async fn token(shared: Data<Shared>, body: Bytes) -> HttpResponse {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    assert!(form.contains(&("grant_type".to_owned(), "refresh_token".to_owned())), "{form:?}");
    let count = shared.refreshed.fetch_add(1, Ordering::SeqCst) + 1;
    actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    match shared.status.load(Ordering::SeqCst) {
        0 => {
            let mut answer = json!({
                "access_token": format!("access {count}"), "token_type": "Bearer", "expires_in": 300,
                "refresh_token": format!("refresh {count}"),
            });
            if let Some(id_token) = shared.id_token.lock().unwrap().clone() {
                answer["id_token"] = id_token.into();
            }
            HttpResponse::Ok().json(answer)
        }
        status => {
            let error: Value = json!({ "error": *shared.error.lock().unwrap() });
            HttpResponse::build(StatusCode::from_u16(status).unwrap()).json(error)
        }
    }
}

async fn revoke(shared: Data<Shared>) -> HttpResponse {
    shared.revoked.fetch_add(1, Ordering::SeqCst);
    HttpResponse::Ok().finish()
}

/// A front end's sessions with a clock that the test moves.
struct Scene {
    bff: Bff,
    store: Arc<MemoryStore>,
    clock: Arc<AtomicI64>,
}

fn scene_at(issuer: &str) -> Scene {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(AtomicI64::new(NOW.0));
    let bff = another(issuer, &store, &clock);
    Scene { bff, store, clock }
}

/// One more server beside the same store.
fn another(issuer: &str, store: &Arc<MemoryStore>, clock: &Arc<AtomicI64>) -> Bff {
    let config = BffConfig::new(Issuer::parse(issuer).unwrap(), "front", OUR_ORIGIN);
    let (clock, store) = (Arc::clone(clock), Arc::clone(store));
    let now = Arc::new(move || Timestamp(clock.load(Ordering::SeqCst)));
    Bff::with_clock(config, store, now).unwrap()
}

impl Scene {
    /// A session as `change` makes it, and a request with its cookie.
    async fn session(&self, change: impl FnOnce(&mut StoredSession)) -> (SessionKey, HttpRequest) {
        let id = SessionId::new();
        let mut session = sample("ada", Some("s1"));
        change(&mut session);
        self.store.insert(id.key(), session).await.unwrap();
        (id.key(), request(id.expose()))
    }

    fn later(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }
}

fn request(cookie: &str) -> HttpRequest {
    TestRequest::get().insert_header(("cookie", format!("bff={cookie}"))).to_http_request()
}

#[actix_web::test]
async fn a_session_is_found_by_its_cookie_alone() {
    let scene = scene_at("http://localhost:1");
    let (_, request) = scene.session(|_| {}).await;
    let session = scene.bff.session(&request).await.unwrap().unwrap();
    assert_eq!((session.sub.as_str(), session.access_token.expose()), ("ada", "an access token"));
    let nobody = TestRequest::get().to_http_request();
    assert!(scene.bff.session(&nobody).await.unwrap().is_none() && !scene.bff.is_presented(&nobody));
    for cookie in ["", "x", SessionId::new().expose()] {
        let request = self::request(cookie);
        assert_eq!(scene.bff.session(&request).await.unwrap_err(), BffError::SessionOver, "{cookie}");
        assert!(scene.bff.is_presented(&request));
    }
    let key_as_cookie = scene.session(|_| {}).await.0;
    assert!(scene.bff.session(&self::request(key_as_cookie.as_str())).await.is_err(), "the store's key opens nothing");
}

#[actix_web::test]
async fn a_forged_request_is_refused_before_anything_is_looked_up() {
    let scene = scene_at("http://localhost:1");
    let id = SessionId::new();
    let post = |headers: &[(&'static str, &'static str)]| {
        let request = TestRequest::post().insert_header(("cookie", format!("bff={}", id.expose())));
        headers.iter().fold(request, |request, header| request.insert_header(*header)).to_http_request()
    };
    let forged = scene.bff.session(&post(&[("sec-fetch-site", "cross-site"), ("x-csrf", "1")])).await.unwrap_err();
    assert_eq!((forged, forged.status()), (BffError::Csrf(CsrfRefusal::AnotherSite), 403));
    let ours = scene.bff.session(&post(&[("sec-fetch-site", "same-origin"), ("x-csrf", "1")])).await.unwrap_err();
    assert_eq!((ours, ours.status()), (BffError::SessionOver, 401), "the cookie is unknown");
}

#[actix_web::test]
async fn a_session_ends_when_it_is_idle_and_in_any_case() {
    let scene = scene_at("http://localhost:1");
    let lasting = |session: &mut StoredSession| {
        session.tokens.refresh_at = NOW + Seconds::days(9);
        session.idle_ends_at = NOW + Seconds::hours(1);
    };
    let (key, unused) = scene.session(lasting).await;
    let (_, used) = scene.session(lasting).await;
    for _ in 0..24 {
        scene.later(3_599);
        let answer = scene.bff.session(&used).await;
        assert!(answer.is_ok(), "each use moves the idle end: {answer:?}");
    }
    assert_eq!(scene.bff.session(&unused).await.unwrap_err(), BffError::SessionOver);
    assert!(scene.store.load(&key).await.unwrap().is_none(), "it is taken out");
    scene.later(24);
    assert_eq!(scene.bff.session(&used).await.unwrap_err(), BffError::SessionOver, "24 hours are over");
}

#[actix_web::test]
async fn an_open_event_stream_is_no_use() {
    let scene = scene_at("http://localhost:1");
    let (key, _) = scene.session(|session| session.tokens.refresh_at = NOW + Seconds::days(9)).await;
    let id = SessionId::new();
    let kept = scene.store.remove(&key).await.unwrap().unwrap();
    scene.store.insert(id.key(), kept).await.unwrap();
    let cookie = ("cookie", format!("bff={}", id.expose()));
    let stream = TestRequest::get().insert_header(cookie).insert_header(("accept", "text/event-stream"));
    let stream = stream.to_http_request();
    for _ in 0..6 {
        scene.later(599);
        assert!(scene.bff.session(&stream).await.is_ok());
    }
    scene.later(6);
    assert_eq!(scene.bff.session(&stream).await.unwrap_err(), BffError::SessionOver, "an hour of nothing else");
}

#[actix_web::test]
async fn a_hundred_requests_cause_one_refresh() {
    let fake = Fake::start();
    let scene = scene_at(&fake.url);
    let (key, request) = scene.session(|_| {}).await;
    scene.later(271);
    let answers = join_all((0..100).map(|_| scene.bff.session(&request))).await;
    for answer in answers {
        assert_eq!(answer.unwrap().unwrap().access_token.expose(), "access 1");
    }
    assert_eq!(fake.refreshed(), 1);
    let kept = scene.store.load(&key).await.unwrap().unwrap();
    assert_eq!(kept.tokens.refresh_token.unwrap().expose(), "refresh 1");
    assert_eq!(kept.refreshing_until, None);
    assert!(scene.bff.0.flights.is_empty());
}

#[actix_web::test]
async fn servers_that_share_a_store_ask_once() {
    let fake = Fake::start();
    let scene = scene_at(&fake.url);
    let servers: Vec<_> = (0..4).map(|_| another(&fake.url, &scene.store, &scene.clock)).collect();
    let (_, request) = scene.session(|_| {}).await;
    scene.later(271);
    let answers = join_all(servers.iter().flat_map(|bff| (0..25).map(|_| bff.session(&request)))).await;
    for answer in answers {
        assert_eq!(answer.unwrap().unwrap().access_token.expose(), "access 1");
    }
    assert_eq!(fake.refreshed(), 1);
}

#[actix_web::test]
async fn a_refresh_goes_on_when_the_browser_hangs_up() {
    let fake = Fake::start();
    let scene = scene_at(&fake.url);
    let (key, request) = scene.session(|_| {}).await;
    scene.later(271);
    let hung_up = tokio::time::timeout(Duration::from_millis(80), scene.bff.session(&request)).await;
    assert!(hung_up.is_err(), "it had no time");
    tokio::time::sleep(Duration::from_millis(400)).await;
    let kept = scene.store.load(&key).await.unwrap().unwrap();
    assert_eq!(kept.tokens.refresh_token.unwrap().expose(), "refresh 1");
    assert_eq!(fake.refreshed(), 1);
}

#[actix_web::test]
async fn an_invalid_grant_ends_the_session() {
    let fake = Fake::start();
    let scene = scene_at(&fake.url);
    let (key, request) = scene.session(|_| {}).await;
    fake.answers(400, "invalid_grant");
    scene.later(271);
    assert_eq!(scene.bff.session(&request).await.unwrap_err(), BffError::SessionOver);
    assert!(scene.store.load(&key).await.unwrap().is_none());
}

#[actix_web::test]
async fn other_failures_keep_the_session() {
    for (status, error) in
        [(503, "temporarily_unavailable"), (500, "x"), (401, "invalid_client"), (400, "invalid_request")]
    {
        let fake = Fake::start();
        let scene = scene_at(&fake.url);
        let (key, request) = scene.session(|_| {}).await;
        fake.answers(status, error);
        scene.later(271);
        let still = scene.bff.session(&request).await.unwrap().unwrap();
        assert_eq!(still.access_token.expose(), "an access token", "it lives for 29 seconds yet");
        scene.later(29);
        let refused = scene.bff.session(&request).await.unwrap_err();
        assert_eq!(refused.status(), 503, "{status} {error}");
        assert!(refused.retry_after().is_some_and(|after| after.0 >= 1));
        assert!(scene.store.load(&key).await.unwrap().is_some());
        fake.answers(0, "");
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        let renewed = scene.bff.session(&request).await.unwrap().unwrap();
        assert!(renewed.access_token.expose().starts_with("access "), "it is back");
    }
}

#[actix_web::test]
async fn an_issuer_that_is_down_is_a_503_and_asked_once_for_all() {
    // Nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    drop(listener);
    let scene = scene_at(&url);
    let (key, request) = scene.session(|_| {}).await;
    scene.later(300);
    for answer in join_all((0..20).map(|_| scene.bff.session(&request))).await {
        let error = answer.unwrap_err();
        assert!(
            matches!(error, BffError::IssuerUnavailable { retry_after } if (1..=3).contains(&retry_after.0)),
            "{error:?}"
        );
    }
    assert!(scene.store.load(&key).await.unwrap().is_some());
}

#[actix_web::test]
async fn discovery_happens_once_for_all_who_need_it() {
    let fake = Fake::start();
    let scene = scene_at(&fake.url);
    assert_eq!(fake.shared.discovered.load(Ordering::SeqCst), 0, "not before it is needed");
    let known = join_all((0..50).map(|_| scene.bff.0.provider.known())).await;
    assert!(known.iter().all(Result::is_ok));
    assert_eq!(fake.shared.discovered.load(Ordering::SeqCst), 1);
    scene.bff.0.provider.renewed().await.unwrap();
    assert_eq!(
        fake.shared.discovered.load(Ordering::SeqCst),
        1,
        "an unknown key is looked up every 30 seconds at most"
    );
}

#[actix_web::test]
async fn another_issuers_description_is_not_believed() {
    let fake = Fake::start();
    "http://localhost:1".clone_into(&mut fake.shared.url.lock().unwrap());
    let scene = scene_at(&fake.url);
    let known = join_all((0..20).map(|_| scene.bff.0.provider.known())).await;
    assert!(known.iter().all(Result::is_err));
    assert_eq!(fake.shared.discovered.load(Ordering::SeqCst), 1, "after a failure nobody asks for a while");
}

#[actix_web::test]
async fn without_a_refresh_token_the_session_lives_as_long_as_its_access_token() {
    let scene = scene_at("http://localhost:1");
    let (key, request) = scene.session(|session| session.tokens.refresh_token = None).await;
    scene.later(299);
    assert!(scene.bff.session(&request).await.is_ok());
    scene.later(1);
    assert_eq!(scene.bff.session(&request).await.unwrap_err(), BffError::SessionOver);
    assert!(scene.store.load(&key).await.unwrap().is_none());
}

#[actix_web::test]
async fn a_logout_wins_over_a_refresh_that_is_under_way() {
    let fake = Fake::start();
    let scene = scene_at(&fake.url);
    let (key, request) = scene.session(|_| {}).await;
    scene.later(271);
    let (answer, ()) = tokio::join!(scene.bff.session(&request), async {
        while fake.refreshed() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        scene.store.remove(&key).await.unwrap();
    });
    assert_eq!(answer.unwrap_err(), BffError::SessionOver);
    assert!(scene.store.load(&key).await.unwrap().is_none(), "it does not come back");
    assert_eq!(fake.shared.revoked.load(Ordering::SeqCst), 1, "the new refresh token is nobody's");
}
