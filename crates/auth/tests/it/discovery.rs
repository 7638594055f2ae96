//! The documents: the same at both addresses, true, cacheable, open to browser apps.

mod announced;

use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};
use testkit::app::{TestApp, TestOptions};
use testkit::browser::{Browser, plain_http};

use crate::on_each_engine;

#[actix_web::test]
async fn both_addresses_have_the_same_document() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let openid = browser.get("/.well-known/openid-configuration").await;
        let oauth = browser.get("/.well-known/oauth-authorization-server").await;
        assert_eq!(openid.body, oauth.body);
        assert_eq!(openid.header("content-type"), "application/json");
        assert_eq!(openid.header("access-control-allow-origin"), "*");
        assert!(openid.header("cache-control").contains("max-age=300"));
        assert!(openid.body.len() < 6_000, "{} bytes", openid.body.len());
        let metadata = openid.json();
        assert_eq!(metadata["issuer"], app.issuer);
        assert_eq!(metadata["jwks_uri"], app.url("/jwks"));
        assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
        assert_eq!(metadata["request_uri_parameter_supported"], false, "the default would be true");
        assert!(metadata["scopes_supported"].as_array().unwrap().contains(&json!("notes:read")));
    })
    .await;
}

#[actix_web::test]
async fn every_announced_endpoint_is_there() {
    on_each_engine(async |app| {
        let metadata = Browser::new(&app).get("/.well-known/openid-configuration").await.json();
        let http = plain_http().build().unwrap();
        let endpoints =
            metadata.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
        let mut count = 0;
        for (name, url) in endpoints {
            let status = http.get(url.as_str().unwrap()).send().await.unwrap().status();
            assert_ne!(status, 404, "{name}");
            count += 1;
        }
        assert_eq!(count, 7);
    })
    .await;
}

#[actix_web::test]
async fn the_forged_host_changes_nothing() {
    on_each_engine(async |app| {
        let http = plain_http().build().unwrap();
        let url = app.url("/.well-known/openid-configuration");
        let forged =
            http.get(&url).header("host", "evil.test").header("x-forwarded-host", "evil.test").send().await.unwrap();
        let document: Value = forged.json().await.unwrap();
        assert_eq!(document["issuer"], app.issuer);
    })
    .await;
}

#[actix_web::test]
async fn the_key_set_has_public_members_only() {
    on_each_engine(async |app| {
        let page = Browser::new(&app).get("/jwks").await;
        assert_eq!(page.header("access-control-allow-origin"), "*");
        let keys = page.json()["keys"].as_array().unwrap().clone();
        assert_eq!(keys.len(), SigningAlgorithm::ALL.len(), "one per algorithm");
        for key in keys {
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(key.get(private).is_none(), "{private}");
            }
            for needed in ["kid", "alg", "kty"] {
                assert!(key[needed].is_string(), "{needed}");
            }
            assert_eq!(key["use"], "sig");
        }
    })
    .await;
}

#[actix_web::test]
async fn an_unchanged_document_is_not_sent_again() {
    on_each_engine(async |app| {
        let http = plain_http().build().unwrap();
        for path in ["/jwks", "/.well-known/openid-configuration"] {
            let first = http.get(app.url(path)).send().await.unwrap();
            let etag = first.headers()["etag"].clone();
            let again = http.get(app.url(path)).header("if-none-match", etag).send().await.unwrap();
            assert_eq!(again.status(), 304);
            assert!(again.headers().get("content-type").is_none());
            let head = http.head(app.url(path)).send().await.unwrap();
            assert_eq!(head.status(), 200);
        }
    })
    .await;
}

#[actix_web::test]
async fn a_rotated_key_is_announced_before_it_signs() {
    on_each_engine(async |app| {
        let kids = async || -> usize { Browser::new(&app).get("/jwks").await.json()["keys"].as_array().unwrap().len() };
        let before = kids().await;
        let policy = jwt::RotationPolicy::default();
        app.keys.rotate(Some(SigningAlgorithm::ES256), policy, app.now()).unwrap();
        assert_eq!(kids().await, before + 1);
        app.clock.advance(policy.announce + policy.overlap);
        assert_eq!(kids().await, before, "the old one is gone after the overlap");
    })
    .await;
}

#[actix_web::test]
async fn the_key_set_is_kept_no_longer_than_a_new_key_is_announced() {
    for (announce, expected) in [(3_600, "public, max-age=300"), (60, "public, max-age=58"), (0, "public, max-age=0")] {
        for database in testkit::database::engines() {
            let config = Box::new(move |config: &mut auth::config::Config| config.keys.announce = announce);
            let app = TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await;
            let browser = Browser::new(&app);
            assert_eq!(browser.get("/jwks").await.header("cache-control"), expected);
            assert_eq!(
                browser.get("/.well-known/openid-configuration").await.header("cache-control"),
                "public, max-age=300"
            );
        }
    }
}

#[actix_web::test]
async fn an_issuer_with_a_path_has_everything_below_it() {
    for database in testkit::database::engines() {
        let options = TestOptions { path: "/tenant", ..TestOptions::default() };
        let app = TestApp::start_with(database, options).await;
        let origin = app.issuer.trim_end_matches("/tenant").to_owned();
        let browser = Browser::new(&app);
        for document in [
            app.url("/.well-known/openid-configuration"),
            app.url("/.well-known/oauth-authorization-server"),
            format!("{origin}/.well-known/oauth-authorization-server/tenant"),
            format!("{origin}/.well-known/openid-configuration/tenant"),
        ] {
            assert_eq!(browser.get(&document).await.json()["issuer"], app.issuer, "{document}");
        }
        let answer = browser.authorize(&app.authorize_url("public", &[])).await;
        assert!(answer.contains_key("code"), "{answer:?}");
        let login = Browser::new(&app).open(&app.authorize_url("public", &[])).await;
        let style =
            login.body.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert_eq!(browser.get(&format!("{origin}{style}")).await.status, 200, "{style}");
    }
}
