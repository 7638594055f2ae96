//! Clients hear of the end of a session over the back channel (OpenID Connect Back-Channel Logout 1.0, security OA-142): what
//! they are told, that they are told, and when it is given up.

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::AppState;
use futures_util::future::join_all;
use jwt::jwks::JwkSet;
use jwt::verify::Expected;
use protocol::ids::{ClientId, SessionId, UserId};
use protocol::logout::backchannel::DeliveryState;
use protocol::secret::TokenHash;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use serde_json::{Value, json};
use store::Store;
use store::logout_deliveries::Delivery;
use store::session_clients::SessionClient;
use store::sessions::Session;
use testkit::app::{TestApp, TestOptions};
use testkit::browser::Browser;
use testkit::database::{TestDatabase, engines};
use testkit::elsewhere::{Authority, Elsewhere, Received, Reply};
use testkit::requests::{As, text};
use tokio::time::sleep;

const PATH: &str = "/logout-here";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A server of ours that may ask another one, where clients want to be told.
struct Scene {
    app: TestApp,
    elsewhere: Elsewhere,
    _authority: Authority,
}

async fn scene(database: TestDatabase) -> Scene {
    let authority = Authority::new();
    let elsewhere = Elsewhere::start(&authority);
    elsewhere.publish(PATH, Reply::new(""));
    let outbound = elsewhere.allowed_by(&authority);
    let config: Box<dyn FnOnce(&mut _) + Send> = Box::new(|config: &mut auth::config::Config| {
        config.outbound = outbound;
        config.openid.unsigned_id_tokens = true;
    });
    let app = TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await;
    let scene = Scene { app, elsewhere, _authority: authority };
    scene.client("told", json!({})).await;
    scene
}

async fn on_each_engine<F: Future<Output = ()>>(test: impl Fn(Scene) -> F) {
    for database in engines() {
        test(scene(database).await).await;
    }
}

impl Scene {
    /// A public client that wants to be told, with `metadata` laid over.
    async fn client(&self, id: &str, metadata: Value) {
        let mut all = json!({
            "token_endpoint_auth_method": "none",
            "consent_policy": "first_party",
            "backchannel_logout_uri": self.elsewhere.url(PATH),
        });
        for (name, value) in metadata.as_object().unwrap() {
            all[name] = value.clone();
        }
        self.app.client(id, &all.to_string()).await;
    }

    /// Signs alice in to a client and gives its ID token.
    async fn sign_in(&self, browser: &Browser, client: &str) -> String {
        let code = browser.authorize(&self.app.authorize_url(client, &[("scope", "openid")])).await["code"].clone();
        let tokens = self.app.redeem(As::Public(client), &code, &[]).await.json();
        text(&tokens, "id_token").to_owned()
    }

    async fn sign_out(&self, browser: &Browser, id_token: &str) {
        let page = browser.get(&format!("/logout?id_token_hint={id_token}")).await;
        assert!(page.has_id("logged-out-page"), "{}", page.body);
    }

    /// Waits until so many notices have arrived.
    async fn told(&self, count: usize) -> Vec<Received> {
        until(&format!("{count} notices"), async || self.elsewhere.count() >= count).await;
        self.elsewhere.received()
    }

    async fn deliveries(&self, client: &str) -> Vec<Delivery> {
        deliveries(&self.app.store, client).await
    }

    /// Waits until the one delivery for the client is as wanted.
    async fn delivery(&self, client: &str, wanted: impl Fn(&Delivery) -> bool) -> Delivery {
        until("the delivery", async || self.deliveries(client).await.iter().any(&wanted)).await;
        self.deliveries(client).await.swap_remove(0)
    }

    async fn claims(&self, request: &Received, algorithm: SigningAlgorithm) -> Value {
        verified(&self.app, request, algorithm).await
    }
}

async fn deliveries(store: &Store, client: &str) -> Vec<Delivery> {
    store::logout_deliveries::of_client(store, &ClientId::parse(client).unwrap(), 1_000).await.unwrap()
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(20), "{what} did not come");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The only member of a form.
fn logout_token(request: &Received) -> String {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
    assert_eq!(form.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["logout_token"]);
    form[0].1.clone()
}

/// The claims of a logout token, verified with the keys that this server publishes.
async fn verified(app: &TestApp, request: &Received, algorithm: SigningAlgorithm) -> Value {
    let jwks = JwkSet::parse(&Browser::new(app).get("/jwks").await.body).unwrap();
    let expected = Expected { typ: &["logout+jwt"], algorithms: &[algorithm] };
    jwks.verify(&logout_token(request), &expected).unwrap()
}

fn payload(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn header(token: &str) -> Value {
    payload(&format!(".{}", token.split('.').next().unwrap()))
}

#[actix_web::test]
async fn a_client_hears_of_a_logout_once_with_a_token_of_exactly_these_claims() {
    on_each_engine(async |scene| {
        let browser = Browser::new(&scene.app);
        let id_token = scene.sign_in(&browser, "told").await;
        scene.sign_out(&browser, &id_token).await;
        let [request] = &scene.told(1).await[..] else { panic!("told twice") };
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", PATH));
        assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
        let mut claims = scene.claims(request, SigningAlgorithm::RS256).await;
        let jti = claims["jti"].take();
        assert!(jti.as_str().is_some_and(|jti| jti.len() >= 20), "{jti}");
        let (id_token, now) = (payload(&id_token), scene.app.now().0);
        let expected = json!({
            "iss": scene.app.issuer, "aud": "told", "sub": id_token["sub"], "sid": id_token["sid"], "iat": now,
            "exp": now + 120, "jti": null, "events": { EVENT: {} },
        });
        assert_eq!(claims, expected);
        let delivery = scene.delivery("told", |delivery| delivery.state == DeliveryState::Delivered).await;
        assert_eq!((delivery.tries, delivery.due_at, delivery.last_error), (1, None, None));
        scene.app.clock.advance(Seconds::hours(2));
        sleep(Duration::from_millis(1_500)).await;
        assert_eq!(scene.elsewhere.count(), 1);
    })
    .await;
}

#[actix_web::test]
async fn only_clients_of_the_session_that_registered_for_it_are_told() {
    on_each_engine(async |scene| {
        scene.client("too", json!({ "backchannel_logout_uri": scene.elsewhere.url("/too") })).await;
        scene.client("never", json!({ "backchannel_logout_uri": scene.elsewhere.url("/never") })).await;
        scene.elsewhere.publish("/too", Reply::status(204));
        let browser = Browser::new(&scene.app);
        scene.sign_in(&browser, "told").await;
        browser.authorize(&scene.app.authorize_url("first-party", &[])).await;
        let id_token = scene.sign_in(&browser, "too").await;
        scene.sign_in(&Browser::new(&scene.app), "never").await;
        scene.sign_out(&browser, &id_token).await;
        scene.told(2).await;
        scene.delivery("too", |delivery| delivery.state == DeliveryState::Delivered).await;
        let mut paths: Vec<_> = scene.elsewhere.received().into_iter().map(|request| request.path).collect();
        paths.sort();
        assert_eq!(paths, [PATH, "/too"]);
    })
    .await;
}

#[actix_web::test]
async fn the_token_is_signed_and_names_the_person_as_the_client_knows_them() {
    for (id, metadata, algorithm) in [
        ("es", json!({ "id_token_signed_response_alg": "ES256" }), SigningAlgorithm::ES256),
        ("pairwise", json!({ "subject_type": "pairwise" }), SigningAlgorithm::RS256),
    ] {
        let scene = scene(TestDatabase::sqlite()).await;
        scene.client(id, metadata).await;
        let browser = Browser::new(&scene.app);
        let id_token = scene.sign_in(&browser, id).await;
        scene.sign_out(&browser, &id_token).await;
        let claims = scene.claims(&scene.told(1).await[0], algorithm).await;
        assert_eq!(claims["sub"], payload(&id_token)["sub"], "{id}");
    }
}

#[actix_web::test]
async fn a_client_without_signatures_gets_a_signed_logout_token() {
    let scene = scene(TestDatabase::sqlite()).await;
    scene.client("unsigned", json!({ "id_token_signed_response_alg": "none" })).await;
    let browser = Browser::new(&scene.app);
    let unsigned = scene.sign_in(&browser, "unsigned").await;
    assert_eq!(header(&unsigned)["alg"], "none");
    let id_token = scene.sign_in(&browser, "told").await;
    scene.sign_out(&browser, &id_token).await;
    for request in scene.told(2).await {
        scene.claims(&request, SigningAlgorithm::RS256).await;
    }
}

#[actix_web::test]
async fn a_client_with_encrypted_id_tokens_gets_an_encrypted_logout_token() {
    let scene = scene(TestDatabase::sqlite()).await;
    let key = jwt::key::SigningKey::generate(SigningAlgorithm::ES256).unwrap();
    let mut jwk = serde_json::to_value(key.jwk()).unwrap();
    (jwk["use"], jwk["alg"]) = (json!("enc"), json!("ECDH-ES"));
    let metadata = json!({
        "id_token_encrypted_response_alg": "ECDH-ES",
        "id_token_encrypted_response_enc": "A256GCM",
        "jwks": { "keys": [jwk] },
    });
    scene.client("sealed", metadata).await;
    let browser = Browser::new(&scene.app);
    scene.sign_in(&browser, "sealed").await;
    let id_token = scene.sign_in(&browser, "told").await;
    scene.sign_out(&browser, &id_token).await;
    let tokens: Vec<String> = scene.told(2).await.iter().map(logout_token).collect();
    let sealed = tokens.iter().find(|token| token.split('.').count() == 5).expect("one is encrypted");
    let header = header(sealed);
    assert_eq!((&header["alg"], &header["enc"], &header["cty"]), (&json!("ECDH-ES"), &json!("A256GCM"), &json!("JWT")));
}

#[actix_web::test]
async fn a_failure_is_tried_again_with_a_new_token() {
    on_each_engine(async |scene| {
        scene.elsewhere.publish(PATH, Reply::status(500));
        let browser = Browser::new(&scene.app);
        let id_token = scene.sign_in(&browser, "told").await;
        scene.sign_out(&browser, &id_token).await;
        let waiting = scene.delivery("told", |delivery| delivery.last_error.is_some()).await;
        assert_eq!((waiting.state, waiting.tries), (DeliveryState::Waiting, 1));
        assert_eq!(waiting.due_at, Some(scene.app.now() + Seconds(1)));
        assert!(waiting.last_error.unwrap().ends_with("answered with status 500"));
        scene.elsewhere.publish(PATH, Reply::status(204));
        scene.app.clock.advance(Seconds(1));
        let delivered = scene.delivery("told", |delivery| delivery.state == DeliveryState::Delivered).await;
        assert_eq!((delivered.tries, delivered.last_error), (2, None));
        let mut ids = HashSet::new();
        for request in scene.told(2).await {
            let claims = scene.claims(&request, SigningAlgorithm::RS256).await;
            ids.insert(claims["jti"].to_string());
        }
        assert_eq!(ids.len(), 2, "each token is made anew");
    })
    .await;
}

#[actix_web::test]
async fn a_client_that_refuses_is_not_asked_for_ever() {
    let scene = scene(TestDatabase::sqlite()).await;
    scene.elsewhere.publish(PATH, Reply::status(400));
    let browser = Browser::new(&scene.app);
    let id_token = scene.sign_in(&browser, "told").await;
    scene.sign_out(&browser, &id_token).await;
    for tries in 1..=3 {
        scene.delivery("told", |delivery| delivery.tries == tries && delivery.last_error.is_some()).await;
        scene.delivery("told", |delivery| delivery.due_at.is_none_or(|at| at <= scene.app.now() + Seconds(5))).await;
        scene.app.clock.advance(Seconds(5));
    }
    let refused = scene.delivery("told", |delivery| delivery.state != DeliveryState::Waiting).await;
    assert_eq!((refused.state, refused.tries, refused.due_at), (DeliveryState::Refused, 3, None));
    assert!(refused.last_error.unwrap().ends_with("answered with status 400"));
}

#[actix_web::test]
async fn after_a_day_it_is_given_up() {
    let scene = scene(TestDatabase::sqlite()).await;
    scene.elsewhere.publish(PATH, Reply::status(503));
    let browser = Browser::new(&scene.app);
    let id_token = scene.sign_in(&browser, "told").await;
    scene.sign_out(&browser, &id_token).await;
    scene.delivery("told", |delivery| delivery.last_error.is_some()).await;
    scene.app.clock.advance(Seconds::hours(24));
    let given_up = scene.delivery("told", |delivery| delivery.state != DeliveryState::Waiting).await;
    assert_eq!((given_up.state, given_up.tries, given_up.due_at), (DeliveryState::GivenUp, 2, None));
}

#[actix_web::test]
async fn a_client_that_went_away_is_given_up_at_once() {
    let scene = scene(TestDatabase::sqlite()).await;
    scene.elsewhere.publish(PATH, Reply::status(503));
    let browser = Browser::new(&scene.app);
    let id_token = scene.sign_in(&browser, "told").await;
    scene.sign_out(&browser, &id_token).await;
    scene.delivery("told", |delivery| delivery.last_error.is_some()).await;
    let told = ClientId::parse("told").unwrap();
    let _won = store::clients::delete(&scene.app.store, &told, scene.app.now()).await.unwrap();
    scene.app.clock.advance(Seconds(1));
    let given_up = scene.delivery("told", |delivery| delivery.state != DeliveryState::Waiting).await;
    assert_eq!(given_up.last_error.as_deref(), Some("the client is deleted"));
    assert_eq!(given_up.state, DeliveryState::GivenUp);
}

#[actix_web::test]
async fn a_client_on_a_private_address_is_never_asked() {
    let scene = scene(TestDatabase::sqlite()).await;
    let address = scene.elsewhere.url(PATH).replace("localhost", "127.0.0.1");
    scene.client("private", json!({ "backchannel_logout_uri": address })).await;
    let browser = Browser::new(&scene.app);
    let id_token = scene.sign_in(&browser, "private").await;
    scene.sign_out(&browser, &id_token).await;
    let refused = scene.delivery("private", |delivery| delivery.last_error.is_some()).await;
    assert!(refused.last_error.unwrap().contains("loopback"));
    assert_eq!(scene.elsewhere.count(), 0);
}

#[actix_web::test]
async fn what_waits_is_sent_after_a_restart() {
    on_each_engine(async |mut scene| {
        scene.elsewhere.publish(PATH, Reply::status(503));
        let browser = Browser::new(&scene.app);
        let id_token = scene.sign_in(&browser, "told").await;
        scene.sign_out(&browser, &id_token).await;
        scene.delivery("told", |delivery| delivery.last_error.is_some()).await;
        scene.app.stop().await;
        scene.elsewhere.publish(PATH, Reply::new(""));
        scene.app.clock.advance(Seconds::hours(1));
        scene.app.restart().await;
        let delivered = scene.delivery("told", |delivery| delivery.state == DeliveryState::Delivered).await;
        assert_eq!(delivered.tries, 2);
        assert_eq!(scene.elsewhere.count(), 2);
    })
    .await;
}

/// The session ended in another process, and this one is not even there.
#[actix_web::test]
async fn a_logout_while_no_server_runs_is_told_when_one_comes() {
    on_each_engine(async |mut scene| {
        let browser = Browser::new(&scene.app);
        let id_token = payload(&scene.sign_in(&browser, "told").await);
        let user = UserId::parse(text(&id_token, "sub")).unwrap();
        scene.app.stop().await;
        let store = scene.app.database.open().await;
        assert_eq!(store::sessions::end_all_of_user(&store, &user, scene.app.now()).await.unwrap(), 1);
        store.close().await;
        assert_eq!(scene.elsewhere.count(), 0);
        scene.app.restart().await;
        let claims = scene.claims(&scene.told(1).await[0], SigningAlgorithm::RS256).await;
        assert_eq!((&claims["sub"], &claims["sid"]), (&id_token["sub"], &id_token["sid"]));
    })
    .await;
}

/// A server takes a delivery up and dies: the next one sends it when the lease is over, and not before.
#[actix_web::test]
async fn a_server_that_dies_in_the_middle_leaves_its_delivery_to_the_next() {
    on_each_engine(async |mut scene| {
        let browser = Browser::new(&scene.app);
        let id_token = payload(&scene.sign_in(&browser, "told").await);
        let session = SessionId::parse(text(&id_token, "sid")).unwrap();
        scene.app.stop().await;
        let (store, now) = (scene.app.database.open().await, scene.app.now());
        let _won = store::sessions::end(&store, &session, now).await.unwrap();
        let delivery = deliveries(&store, "told").await.swap_remove(0);
        let _won = store::logout_deliveries::lease(&store, &delivery, now, now + Seconds(90)).await.unwrap();
        store.close().await;
        scene.app.restart().await;
        sleep(Duration::from_millis(1_500)).await;
        assert_eq!(scene.elsewhere.count(), 0, "another server may still be at it");
        scene.app.clock.advance(Seconds(90));
        scene.told(1).await;
        let delivered = scene.delivery("told", |delivery| delivery.state == DeliveryState::Delivered).await;
        assert_eq!(delivered.tries, 2);
    })
    .await;
}

#[actix_web::test]
async fn a_person_who_is_signed_out_everywhere_is_signed_out_of_every_session() {
    on_each_engine(async |scene| {
        let mut expected = HashSet::new();
        let mut user = None;
        for _ in 0..2 {
            let id_token = payload(&scene.sign_in(&Browser::new(&scene.app), "told").await);
            user = Some(UserId::parse(text(&id_token, "sub")).unwrap());
            expected.insert(id_token["sid"].to_string());
        }
        let _won = store::users::disable(&scene.app.store, &user.unwrap(), scene.app.now()).await.unwrap();
        let mut told = HashSet::new();
        for request in scene.told(2).await {
            told.insert(scene.claims(&request, SigningAlgorithm::RS256).await["sid"].to_string());
        }
        assert_eq!((told, expected.len()), (expected, 2));
    })
    .await;
}

#[actix_web::test]
async fn a_slow_client_holds_up_nobody_else() {
    let scene = scene(TestDatabase::sqlite()).await;
    scene.client("slow", json!({ "backchannel_logout_uri": scene.elsewhere.url("/slow") })).await;
    scene.elsewhere.publish("/slow", Reply::new("").after(Duration::from_secs(60)));
    let sessions = sessions(&scene, 40, &["slow"]).await;
    join_all(sessions.iter().map(|id| store::sessions::end(&scene.app.store, id, scene.app.now()))).await;
    until("the slow one is asked", async || scene.elsewhere.count() > 0).await;
    let began = Instant::now();
    let browser = Browser::new(&scene.app);
    let id_token = scene.sign_in(&browser, "told").await;
    scene.sign_out(&browser, &id_token).await;
    scene.delivery("told", |delivery| delivery.state == DeliveryState::Delivered).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let slow = scene.elsewhere.received().iter().filter(|request| request.path == "/slow").count();
    assert!(slow <= 8, "a client that does not answer was asked {slow} times");
}

/// Two servers on one database, fifty people who sign out at once: each client hears of each of them once.
#[actix_web::test]
async fn fifty_logouts_at_once_are_told_once_each_by_two_servers() {
    on_each_engine(async |scene| {
        let second = second_server(&scene).await;
        let sessions = sessions(&scene, 50, &["told"]).await;
        let now = scene.app.now();
        let stores = [&scene.app.store, &second];
        let ends = sessions.iter().zip(stores.iter().cycle()).map(|(id, store)| store::sessions::end(store, id, now));
        assert!(join_all(ends).await.iter().all(Result::is_ok));
        let delivered = async || {
            let all = scene.deliveries("told").await;
            all.iter().filter(|delivery| delivery.state == DeliveryState::Delivered).count() == 50
        };
        until("all deliveries", delivered).await;
        sleep(Duration::from_millis(1_500)).await;
        let mut told = HashSet::new();
        let received = scene.elsewhere.received();
        for request in &received {
            told.insert(text(&payload(&logout_token(request)), "sid").to_owned());
        }
        assert_eq!((received.len(), told.len()), (50, 50));
        assert!(scene.deliveries("told").await.iter().all(|delivery| delivery.tries == 1));
    })
    .await;
}

/// Sessions of somebody who is signed in to these clients.
async fn sessions(scene: &Scene, count: usize, clients: &[&str]) -> Vec<SessionId> {
    let (store, now) = (&scene.app.store, scene.app.now());
    let mut ids = Vec::new();
    for number in 0..count {
        let session = Session {
            id: SessionId::parse(&format!("session{number}")).unwrap(),
            secret_hash: TokenHash::of(b"secret"),
            user_id: UserId::parse("somebody").unwrap(),
            auth_time: now,
            acr: "1".to_owned(),
            amr: vec!["pwd".to_owned()],
            created_at: now,
            last_seen_at: now,
            idle_expires_at: now + Seconds::hours(1),
            expires_at: now + Seconds::days(1),
            ended_at: None,
        };
        store::sessions::insert(store, &session).await.unwrap();
        for client in clients {
            let entry = SessionClient {
                session_id: session.id.clone(),
                client_id: ClientId::parse(client).unwrap(),
                expires_at: session.expires_at,
            };
            let _won = store::session_clients::sign_in(store, &entry, None).await.unwrap();
        }
        ids.push(session.id);
    }
    ids
}

/// Another server of the same installation; its store lives as long as the test.
async fn second_server(scene: &Scene) -> Store {
    let app = &scene.app;
    let store = app.database.open().await;
    let state =
        AppState::with_clock(Arc::clone(&app.config), store.clone(), Arc::clone(&app.keys), app.clock.clone()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    actix_web::rt::spawn(auth::run(state, listener, None, std::future::pending()));
    store
}
