//! Request objects by reference (OpenID Connect Core §6.2; security OA-133, OA-136): where they may lie, how they are fetched,
//! and that nobody else's address is ever asked.

use futures_util::future::join_all;
use jwt::key::SigningKey;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use serde_json::{Value, json};
use testkit::app::{REDIRECT_URI, TestApp, TestOptions};
use testkit::browser::{Answer, Browser};
use testkit::database::engines;
use testkit::elsewhere::{Authority, Elsewhere, Reply};

use super::request_object::{Signer, unsigned, with_everything};
use crate::on_each_engine;

const PLACE: &str = "/request";

/// A server, and a client of it that leaves its requests elsewhere. Its first registered address has a fragment.
struct Fixture {
    elsewhere: Elsewhere,
    signer: Signer,
}

/// One per engine.
async fn fixtures() -> Vec<Fixture> {
    let mut fixtures = Vec::new();
    let authority = Authority::new();
    for database in engines() {
        let elsewhere = Elsewhere::start(&authority);
        let signer = Signer::new(with_everything(database, &authority, &elsewhere).await).await;
        let metadata = json!({
            "jwks": { "keys": [signer.key.jwk()] },
            "request_uris": [elsewhere.url("/request#gtXVbhCsVdqPDOXeYzTmMCrY0rYjK5VtRyoCxYeMdbI"), elsewhere.url("/missing")],
        });
        signer.app.client("by-reference", &metadata.to_string()).await;
        fixtures.push(Fixture { elsewhere, signer });
    }
    fixtures
}

impl Fixture {
    fn app(&self) -> &TestApp {
        &self.signer.app
    }

    fn object(&self, over: &Value) -> String {
        let mut claims = json!({ "iss": "by-reference" });
        claims.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
        self.signer.object(claims)
    }

    async fn answer(&self, request_uri: &str) -> Answer {
        let url = self.app().authorize_url("by-reference", &[("request_uri", request_uri)]);
        Browser::new(self.app()).get(&url).await.answer()
    }

    async fn error(&self, request_uri: &str) -> String {
        self.answer(request_uri).await["error"].clone()
    }
}

#[actix_web::test]
async fn a_signed_object_is_fetched_whatever_the_fragment_says() {
    for fixture in fixtures().await {
        let reply = Reply::new(fixture.object(&json!({ "state": "inside" })));
        fixture.elsewhere.publish(PLACE, reply.with_header("content-type", "application/jwt"));
        for suffix in ["", "#gtXVbhCsVdqPDOXeYzTmMCrY0rYjK5VtRyoCxYeMdbI", "#no-hash-at-all", "#"] {
            let answer = fixture.answer(&fixture.elsewhere.url(&format!("{PLACE}{suffix}"))).await;
            assert_eq!((answer["error"].as_str(), answer["state"].as_str()), ("login_required", "inside"), "{suffix}");
        }
        let received = fixture.elsewhere.received();
        assert_eq!(received.len(), 4, "nothing is kept");
        for request in received {
            assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", PLACE));
            assert_eq!(request.headers["accept"], "application/oauth-authz-req+jwt, application/jwt");
        }
    }
}

#[actix_web::test]
async fn the_whole_flow_rests_on_what_was_fetched_once() {
    for fixture in fixtures().await {
        fixture.elsewhere.publish(PLACE, Reply::new(format!("{}\n", fixture.object(&json!({ "prompt": null })))));
        let uri = fixture.elsewhere.url(PLACE);
        let url = fixture.app().authorize_url("by-reference", &[("request_uri", &uri)]);
        let browser = Browser::new(fixture.app());
        let login = browser.open(&url).await;
        fixture
            .elsewhere
            .publish(PLACE, Reply::new(fixture.object(&json!({ "redirect_uri": "https://evil.example/" }))));
        fixture.app().clock.advance(Seconds(120));
        let consent = browser.sign_in(&login, "alice").await;
        let page = browser.submit(&consent, &[("decision", "allow")]).await;
        assert!(browser.follow(page).await.answer().contains_key("code"));
        assert_eq!(fixture.elsewhere.count(), 1);
    }
}

#[actix_web::test]
async fn only_registered_https_addresses_are_asked() {
    for fixture in fixtures().await {
        fixture.elsewhere.publish(PLACE, Reply::new(fixture.object(&json!({}))));
        let (url, host) = (fixture.elsewhere.url(PLACE), fixture.elsewhere.host.clone());
        for uri in [
            format!("{url}?x=y"),
            format!("{url}/"),
            format!("{url}/../request"),
            format!("http://{host}{PLACE}"),
            format!("HTTPS://{host}{PLACE}"),
            format!("https://user@{host}{PLACE}"),
            format!("https://{host}/other"),
            "https://127.0.0.1/request".to_owned(),
            "https://169.254.169.254/latest/meta-data".to_owned(),
            "file:///etc/passwd".to_owned(),
            "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c".to_owned(),
            "request".to_owned(),
        ] {
            assert_eq!(fixture.error(&uri).await, "invalid_request_uri", "{uri}");
        }
        // Registered by one client, sent in the name of another.
        let theirs = fixture.app().authorize_url("public", &[("request_uri", &url)]);
        assert_eq!(Browser::new(fixture.app()).get(&theirs).await.answer()["error"], "invalid_request_uri");
        assert_eq!(fixture.elsewhere.count(), 0);
    }
}

#[actix_web::test]
async fn where_it_is_off_every_reference_is_refused() {
    on_each_engine(async |app| {
        app.client("by-reference", r#"{"request_uris": ["https://app.example.com/request"]}"#).await;
        for uri in ["https://app.example.com/request", "urn:ietf:params:oauth:request_uri:x", "x"] {
            let url = app.authorize_url("by-reference", &[("request_uri", uri)]);
            assert_eq!(Browser::new(&app).get(&url).await.answer()["error"], "request_uri_not_supported", "{uri}");
        }
    })
    .await;
}

#[actix_web::test]
async fn what_cannot_be_fetched_is_told_in_one_way() {
    for fixture in fixtures().await {
        let mut told = Vec::new();
        for reply in [
            Reply::status(404),
            Reply::status(500),
            Reply::status(302).with_header("location", "/elsewhere"),
            Reply::new(vec![b'x'; 64 * 1024 + 1]),
            Reply::new("").after(std::time::Duration::from_secs(30)),
        ] {
            fixture.elsewhere.publish(PLACE, reply);
            let answer = fixture.answer(&fixture.elsewhere.url(PLACE)).await;
            assert_eq!(answer["error"], "invalid_request_uri");
            told.push(answer["error_description"].clone());
        }
        told.dedup();
        assert_eq!(told.len(), 1, "the reason would say what there is around the server: {told:?}");
        assert!(fixture.elsewhere.received().iter().all(|request| request.path == PLACE));
        fixture.elsewhere.publish(PLACE, Reply::new(vec![0xff, 0xfe]));
        assert_eq!(fixture.error(&fixture.elsewhere.url(PLACE)).await, "invalid_request_uri");
        for body in ["", "<html></html>", "a.b.c", "{}"] {
            fixture.elsewhere.publish(PLACE, Reply::new(body));
            assert_eq!(fixture.error(&fixture.elsewhere.url(PLACE)).await, "invalid_request_object", "{body}");
        }
    }
}

#[actix_web::test]
async fn an_object_by_reference_is_held_to_the_same_rules() {
    for fixture in fixtures().await {
        let stranger = SigningKey::generate(SigningAlgorithm::ES256).unwrap();
        let sound = fixture.signer.claims(&json!({ "iss": "by-reference" }));
        for (body, expected) in [
            (fixture.object(&json!({ "exp": 1 })), "invalid_request_object"),
            (fixture.object(&json!({ "iss": "public" })), "invalid_request_object"),
            (fixture.object(&json!({ "request_uri": fixture.elsewhere.url(PLACE) })), "invalid_request_object"),
            (stranger.sign(None, &sound).unwrap(), "invalid_request_object"),
            (unsigned(&sound), "request_uri_not_supported"),
        ] {
            fixture.elsewhere.publish(PLACE, Reply::new(body));
            assert_eq!(fixture.error(&fixture.elsewhere.url(PLACE)).await, expected);
        }
        let metadata = json!({ "request_object_signing_alg": "none", "request_uris": [fixture.elsewhere.url(PLACE)] });
        fixture.app().client("unsigned", &metadata.to_string()).await;
        fixture.elsewhere.publish(PLACE, Reply::new(unsigned(&json!({ "prompt": "none" }))));
        let url = fixture.app().authorize_url("unsigned", &[("request_uri", &fixture.elsewhere.url("/request#any"))]);
        assert_eq!(Browser::new(fixture.app()).get(&url).await.answer()["error"], "login_required");
    }
}

/// OpenID Connect Core §10.1.1: a new `kid` is looked for where the client publishes its keys.
#[actix_web::test]
async fn a_client_may_rotate_the_key_that_signs_its_requests() {
    for fixture in fixtures().await {
        let (old, new) = (&fixture.signer.key, SigningKey::generate(SigningAlgorithm::ES256).unwrap());
        let jwks = |key: &SigningKey| Reply::new(json!({ "keys": [key.jwk()] }).to_string());
        let app = fixture.app();
        app.client("rotating", &json!({ "jwks_uri": fixture.elsewhere.url("/jwks") }).to_string()).await;
        let error = async |key: &SigningKey| {
            let object = key.sign(None, &fixture.signer.claims(&json!({ "iss": "rotating" }))).unwrap();
            let url = app.authorize_url("rotating", &[("request", &object)]);
            Browser::new(app).get(&url).await.answer()["error"].clone()
        };
        assert_eq!(error(old).await, "invalid_request_object", "no keys are there");
        app.clock.advance(Seconds(60));
        fixture.elsewhere.publish("/jwks", jwks(old));
        assert_eq!(error(old).await, "login_required");
        app.clock.advance(Seconds(60));
        fixture.elsewhere.publish("/jwks", jwks(&new));
        assert_eq!(error(&new).await, "login_required");
        assert_eq!(error(old).await, "invalid_request_object");
    }
}

/// Who follows a link that can be answered nowhere makes this server ask nobody.
#[actix_web::test]
async fn nothing_is_fetched_before_the_redirect_uri_of_the_query_is_proven() {
    for fixture in fixtures().await {
        fixture.elsewhere.publish(PLACE, Reply::new(fixture.object(&json!({}))));
        let uri = fixture.elsewhere.url(PLACE);
        let url = |redirect_uri: &str| {
            let over = [("request_uri", uri.as_str()), ("redirect_uri", redirect_uri)];
            fixture.app().authorize_url("by-reference", &over)
        };
        let browser = Browser::new(fixture.app());
        let page = browser.get(&url("https://evil.example/callback")).await;
        assert_eq!((page.status.as_u16(), page.location(), page.has_id("error-page")), (400, None, true));
        assert_eq!(fixture.elsewhere.count(), 0);
        let twice = format!("{}&redirect_uri=x", url(REDIRECT_URI));
        assert_eq!(browser.get(&twice).await.status, 400);
        assert_eq!(fixture.elsewhere.count(), 0);
        // The object may say it alone, and then only the object can tell.
        let inside = fixture.object(&json!({ "redirect_uri": REDIRECT_URI }));
        fixture.elsewhere.publish(PLACE, Reply::new(inside));
        assert_eq!(browser.get(&url("")).await.answer()["error"], "login_required");
        assert_eq!(fixture.elsewhere.count(), 1);
    }
}

#[actix_web::test]
async fn a_network_causes_only_so_many_fetches() {
    let authority = Authority::new();
    for database in engines() {
        let elsewhere = Elsewhere::start(&authority);
        let outbound = elsewhere.allowed_by(&authority);
        let config = move |config: &mut auth::config::Config| {
            config.outbound = outbound;
            config.openid.request_uri_parameter_supported = true;
            config.limits.interactions_per_minute = 3;
        };
        let options = TestOptions { config: Box::new(config), ..TestOptions::default() };
        let signer = Signer::new(TestApp::start_with(database, options).await).await;
        let metadata = json!({ "jwks": { "keys": [signer.key.jwk()] }, "request_uris": [elsewhere.url(PLACE)] });
        signer.app.client("by-reference", &metadata.to_string()).await;
        let fixture = Fixture { elsewhere, signer };
        fixture.elsewhere.publish(PLACE, Reply::new(fixture.object(&json!({}))));
        let uri = fixture.elsewhere.url(PLACE);
        for _ in 0..3 {
            assert_eq!(fixture.error(&format!("{uri}/other")).await, "invalid_request_uri", "which fetches nothing");
            assert_eq!(fixture.error(&uri).await, "login_required");
        }
        assert_eq!(fixture.error(&uri).await, "temporarily_unavailable");
        let nowhere = fixture.app().authorize_url("by-reference", &[("request_uri", &uri), ("redirect_uri", "")]);
        let page = Browser::new(fixture.app()).get(&nowhere).await;
        assert_eq!((page.status.as_u16(), page.header("retry-after")), (429, "60"));
        assert_eq!(fixture.elsewhere.count(), 3);
        fixture.app().clock.advance(Seconds(60));
        fixture.elsewhere.publish(PLACE, Reply::new(fixture.object(&json!({}))));
        assert_eq!(fixture.error(&uri).await, "login_required");
    }
}

/// A client whose server is slow is held up by that, and others are not.
#[actix_web::test]
async fn a_slow_client_has_a_few_fetches_at_once() {
    for fixture in fixtures().await {
        let app = fixture.app();
        fixture.elsewhere.publish(PLACE, Reply::new("").after(std::time::Duration::from_secs(30)));
        let url = app.authorize_url("by-reference", &[("request_uri", &fixture.elsewhere.url(PLACE))]);
        let outcomes =
            join_all((0..12).map(async |_| Browser::new(app).get(&url).await.answer()["error"].clone())).await;
        let refused = outcomes.iter().filter(|error| *error == "temporarily_unavailable").count();
        assert_eq!((refused, fixture.elsewhere.count()), (8, 4), "{outcomes:?}");
    }
}
