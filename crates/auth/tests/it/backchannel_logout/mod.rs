//! Clients hear of the end of a session over the back channel (OpenID Connect Back-Channel Logout 1.0, security OA-142): who is
//! told, and what, in `told`; that it is told, and when it is given up, in `outbox`.

mod outbox;
mod told;

use std::time::{Duration, Instant};

use jwt::jwks::JwkSet;
use jwt::verify::Expected;
use protocol::ids::ClientId;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};
use store::Store;
use store::logout_deliveries::Delivery;
use testkit::app::{TestApp, TestOptions};
use testkit::browser::Browser;
use testkit::database::{TestDatabase, engines};
use testkit::elsewhere::{Authority, Elsewhere, Received, Reply};
use testkit::requests::{As, text};
use tokio::time::sleep;

const PATH: &str = "/logout-here";

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
