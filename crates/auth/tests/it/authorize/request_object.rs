//! Request objects by value (OpenID Connect Core §6.1, RFC 9101; security OA-026, OA-027, OA-147): what they may say, what it means
//! beside the query, and that it is obeyed to the end.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt::key::SigningKey;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use serde_json::{Value, json};
use testkit::app::{REDIRECT_URI, TestApp, TestOptions};
use testkit::browser::{Answer, Browser, Page};
use testkit::database::TestDatabase;
use testkit::elsewhere::{Authority, Elsewhere};
use testkit::requests::{As, STATE, text};

use crate::on_each_engine;

/// A client that signs its requests.
pub(super) struct Signer {
    pub(super) app: TestApp,
    pub(super) key: SigningKey,
}

/// Lays `over` over `claims`; null takes a claim away.
pub(super) fn laid_over(mut claims: Value, over: &Value) -> Value {
    for (name, value) in over.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

impl Signer {
    /// With the client `jar`, whose key is in its registration.
    pub(super) async fn new(app: TestApp) -> Self {
        let key = SigningKey::generate(SigningAlgorithm::ES256).unwrap();
        app.client("jar", &json!({ "jwks": { "keys": [key.jwk()] } }).to_string()).await;
        Self { app, key }
    }

    /// What a sound object says: `prompt=none` makes its acceptance visible at once.
    pub(super) fn claims(&self, over: &Value) -> Value {
        let now = self.app.now().0;
        let claims = json!({ "iss": "jar", "aud": self.app.issuer, "exp": now + 60, "nbf": now, "prompt": "none" });
        laid_over(claims, over)
    }

    pub(super) fn object(&self, over: Value) -> String {
        self.key.sign(Some("oauth-authz-req+jwt"), &self.claims(&over)).unwrap()
    }

    pub(super) async fn send(&self, object: &str) -> Page {
        Browser::new(&self.app).get(&self.app.authorize_url("jar", &[("request", object)])).await
    }

    /// The answer that the client gets, which carries what every answer must.
    pub(super) async fn answer(&self, object: &str) -> Answer {
        let answer = self.send(object).await.answer();
        assert_eq!((answer["iss"].as_str(), answer["state"].as_str()), (self.app.issuer.as_str(), STATE), "{answer:?}");
        answer
    }

    pub(super) async fn error(&self, object: &str) -> String {
        self.answer(object).await["error"].clone()
    }
}

pub(super) fn unsigned(claims: &Value) -> String {
    let encoded = |part: String| URL_SAFE_NO_PAD.encode(part);
    format!("{}.{}.", encoded(json!({ "alg": "none" }).to_string()), encoded(claims.to_string()))
}

/// A server with everything switched on, which may ask `elsewhere`.
pub(super) async fn with_everything(database: TestDatabase, authority: &Authority, elsewhere: &Elsewhere) -> TestApp {
    let outbound = elsewhere.allowed_by(authority);
    let config = move |config: &mut auth::config::Config| {
        config.outbound = outbound;
        config.openid.request_uri_parameter_supported = true;
        config.openid.unsigned_request_objects = true;
    };
    TestApp::start_with(database, TestOptions { config: Box::new(config), ..TestOptions::default() }).await
}

#[actix_web::test]
async fn the_object_supersedes_the_query_and_what_it_does_not_say_stays() {
    on_each_engine(async |app| {
        let signer = Signer::new(app).await;
        let object = signer.object(json!({
            "client_id": "jar",
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": "openid email",
            "state": "state of the object",
            "prompt": null,
        }));
        let outside = [
            ("request", object.as_str()),
            ("redirect_uri", "https://evil.example/callback"),
            ("scope", "openid profile"),
            ("state", "state of the query"),
        ];
        let url = signer.app.authorize_url("jar", &outside);
        let answer = Browser::new(&signer.app).authorize(&url).await;
        assert_eq!(answer["state"], "state of the object");
        let tokens = signer.app.redeem(As::Basic("jar"), &answer["code"], &[]).await.json();
        assert_eq!(tokens["scope"], "openid email");
        let claims: Value = jwt::verify::unverified_claims(text(&tokens, "id_token")).unwrap();
        assert_eq!(claims["nonce"], testkit::requests::NONCE, "which only the query says");
    })
    .await;
}

#[actix_web::test]
async fn each_wrong_claim_is_refused() {
    on_each_engine(async |app| {
        let signer = Signer::new(app).await;
        let (now, issuer) = (signer.app.now().0, signer.app.issuer.clone());
        for over in [
            json!({}),
            json!({ "iss": null, "aud": null, "exp": null, "nbf": null }),
            json!({ "aud": ["https://other.example", issuer], "iat": now + 20, "nbf": now + 20 }),
            json!({ "jti": "one", "sub": "alice", "client_id": "jar", "response_type": "code" }),
            json!({ "unknown": ["what", "it", "means"], "max_age": 3 }),
        ] {
            assert_eq!(signer.error(&signer.object(over.clone())).await, "login_required", "{over}");
        }
        for over in [
            json!({ "iss": "public" }),
            json!({ "iss": issuer }),
            json!({ "aud": "https://other.example" }),
            json!({ "aud": ["https://other.example"] }),
            json!({ "aud": format!("{issuer}/token") }),
            json!({ "aud": format!("{issuer}/") }),
            json!({ "exp": now }),
            json!({ "exp": now - 3_600 }),
            json!({ "exp": "soon" }),
            json!({ "nbf": now + 120 }),
            json!({ "iat": now + 120 }),
            json!({ "sub": "jar" }),
            json!({ "client_id": "public" }),
            json!({ "response_type": "code id_token" }),
            json!({ "request": "a.b.c" }),
            json!({ "request_uri": "https://app.example.com/request" }),
            json!({ "scope": ["openid", "email"] }),
            json!({ "redirect_uri": [REDIRECT_URI] }),
            json!({ "prompt": { "none": true } }),
            json!({ "state": "a\u{0}b" }),
        ] {
            let answer = signer.answer(&signer.object(over.clone())).await;
            assert_eq!(answer["error"], "invalid_request_object", "{over} {answer:?}");
        }
        // What is wrong with the request that results is told as it always is.
        for (over, expected) in [
            (json!({ "scope": "openid admin" }), "invalid_scope"),
            (json!({ "prompt": "none login" }), "invalid_request"),
            (json!({ "max_age": -1 }), "invalid_request"),
            (json!({ "max_age": 1.5 }), "invalid_request"),
            (json!({ "claims": "{" }), "invalid_request"),
            (json!({ "registration": { "client_name": "x" } }), "registration_not_supported"),
        ] {
            assert_eq!(signer.error(&signer.object(over.clone())).await, expected, "{over}");
        }
    })
    .await;
}

#[actix_web::test]
async fn what_stands_in_an_object_is_obeyed_to_the_end() {
    on_each_engine(async |app| {
        let signer = Signer::new(app).await;
        let browser = Browser::new(&signer.app);
        let with = |over: Value| {
            let object = signer.object(laid_over(json!({ "prompt": null }), &over));
            signer.app.authorize_url("jar", &[("request", &object)])
        };
        let asked = json!({ "claims": { "id_token": { "email": { "essential": true } } }, "login_hint": "alice" });
        let login = browser.open(&with(asked)).await;
        assert!(login.body.contains("value=\"alice\""), "login_hint");
        let consent = browser.sign_in(&login, "alice").await;
        let page = browser.submit(&consent, &[("decision", "allow")]).await;
        let page = browser.follow(page).await;
        let tokens = signer.app.redeem(As::Basic("jar"), &page.answer()["code"], &[]).await.json();
        let claims: Value = jwt::verify::unverified_claims(text(&tokens, "id_token")).unwrap();
        assert_eq!(claims["email"], "alice@example.test");
        let first = claims["auth_time"].as_i64().unwrap();

        signer.app.clock.advance(Seconds(100));
        assert!(browser.get(&with(json!({ "max_age": 100 }))).await.answer().contains_key("code"));
        assert!(browser.open(&with(json!({ "max_age": 99 }))).await.has_id("login-page"));
        let login = browser.open(&with(json!({ "prompt": "login" }))).await;
        let answer = browser.sign_in(&login, "alice").await.answer();
        let tokens = signer.app.redeem(As::Basic("jar"), &answer["code"], &[]).await.json();
        let claims: Value = jwt::verify::unverified_claims(text(&tokens, "id_token")).unwrap();
        assert_eq!(claims["auth_time"].as_i64().unwrap(), first + 100);
        // What the query adds to weaken the object has no effect.
        let object = signer.object(json!({ "prompt": "login" }));
        let url = signer.app.authorize_url("jar", &[("request", &object), ("prompt", "none"), ("max_age", "100000")]);
        assert!(browser.open(&url).await.has_id("login-page"));
    })
    .await;
}

/// The object is looked at when it arrives; how long a person then takes to sign in is another matter.
#[actix_web::test]
async fn a_sign_in_may_outlast_the_object_that_began_it() {
    on_each_engine(async |app| {
        let signer = Signer::new(app).await;
        let browser = Browser::new(&signer.app);
        let object = signer.object(json!({ "prompt": "consent" }));
        let url = signer.app.authorize_url("jar", &[("request", &object)]);
        let login = browser.open(&url).await;
        signer.app.clock.advance(Seconds(120));
        let consent = browser.sign_in(&login, "alice").await;
        assert!(consent.has_id("consent-page"), "the prompt of the object is remembered: {}", consent.body);
        signer.app.clock.advance(Seconds(120));
        let page = browser.submit(&consent, &[("decision", "allow")]).await;
        assert!(browser.follow(page).await.answer().contains_key("code"));
        assert_eq!(browser.get(&url).await.answer()["error"], "invalid_request_object", "it has expired all the same");
    })
    .await;
}

#[actix_web::test]
async fn the_query_around_an_object_names_the_client_and_repeats_nothing() {
    on_each_engine(async |app| {
        let signer = Signer::new(app).await;
        let browser = Browser::new(&signer.app);
        let object = signer.object(json!({ "response_type": "code", "client_id": "jar", "prompt": "none" }));
        let url = |changes: &[(&str, &str)]| {
            let mut all = vec![("request", object.as_str())];
            all.extend(changes);
            signer.app.authorize_url("jar", &all)
        };
        let in_the_object_alone = url(&[("response_type", "")]);
        assert_eq!(browser.get(&in_the_object_alone).await.answer()["error"], "login_required", "RFC 9101 allows it");
        assert_eq!(browser.get(&url(&[("client_id", "")])).await.status, 400);
        let twice = format!("{}&request=a.b.c", url(&[]));
        assert_eq!(browser.get(&twice).await.answer()["error"], "invalid_request");
        // A repetition that the object would hide.
        let twice = format!("{}&prompt=none&prompt=none", url(&[]));
        assert_eq!(browser.get(&twice).await.answer()["error"], "invalid_request");
        let both = url(&[("request_uri", "https://app.example.com/request")]);
        assert_eq!(browser.get(&both).await.answer()["error"], "invalid_request");
    })
    .await;
}

#[actix_web::test]
async fn without_a_proven_redirect_uri_the_person_is_told_and_nobody_else() {
    on_each_engine(async |app| {
        let signer = Signer::new(app).await;
        let browser = Browser::new(&signer.app);
        let page_of = async |object: &str, redirect_uri: &str| {
            let page = browser
                .get(&signer.app.authorize_url("jar", &[("request", object), ("redirect_uri", redirect_uri)]))
                .await;
            assert_eq!((page.status.as_u16(), page.location()), (400, None), "{}", page.body);
            assert!(page.has_id("error-page"));
        };
        page_of("a.b.c", "https://evil.example/callback").await;
        page_of("a.b.c", "").await;
        page_of(&signer.object(json!({ "exp": 1 })), "https://evil.example/callback").await;
        let evil = json!({ "redirect_uri": "https://evil.example/callback" });
        page_of(&signer.object(evil.clone()), REDIRECT_URI).await;
        page_of(&signer.object(evil), "").await;
        page_of(&signer.object(json!({ "redirect_uri": "" })), REDIRECT_URI).await;
        page_of(&signer.object(json!({})), "https://evil.example/callback").await;
    })
    .await;
}

#[actix_web::test]
async fn a_long_object_may_be_posted_and_a_longer_one_is_refused() {
    on_each_engine(async |app| {
        let signer = Signer::new(app).await;
        let posted = async |filling: usize| {
            let object = signer.object(json!({ "filling": "x".repeat(filling) }));
            let url = signer.app.authorize_url("jar", &[("request", &object)]);
            let query = url.split_once('?').unwrap().1;
            let form: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let browser = Browser::new(&signer.app);
            let page = browser.post("/authorize", &form).await;
            match page.status.as_u16() {
                303 => Some(browser.follow(page).await.answer()["error"].clone()),
                status => {
                    assert!(status == 400 && page.has_id("error-page"), "{status}");
                    None
                }
            }
        };
        assert_eq!(posted(0).await.as_deref(), Some("login_required"));
        assert_eq!(posted(11_000).await.as_deref(), Some("login_required"));
        assert_eq!(posted(12_000).await, None, "more than 16 KiB with the query, which no address has to hold");
        assert_eq!(posted(30_000).await, None);
    })
    .await;
}
