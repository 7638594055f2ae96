//! The modules about dynamic registration (OpenID Connect Registration, RFC 7591) and about the keys of the server. What
//! `registration-jwks-uri` does is in `code.rs`.

use jwt::RotationPolicy;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};
use testkit::browser::Page;
use testkit::elsewhere::Reply;
use testkit::requests::text;

use super::checks;
use super::client::Module;
use super::suite::{Suite, Variant, code_only, dynamic};

/// The registration with `added` is refused; the addresses below `path` are those of the module.
async fn refused(suite: &Suite, variant: Variant, path: &str, added: &Value) -> Page {
    // The client of this module is another one: what is sent here never becomes a client.
    let module = Module::begin(suite, variant, &json!({})).await;
    let document = Module::registration(variant, &module.base, path, suite, added);
    let page = module.register(&document).await;
    module.end().await;
    assert_eq!(page.status, 400, "{}", page.body);
    assert!(page.header("content-type").starts_with("application/json"));
    page
}

#[actix_web::test]
async fn redirect_uri_regfrag() {
    dynamic()
        .started(async |suite, variant| {
            let added = json!({ "redirect_uris": ["B/callback#foobar"] });
            let error = text(&refused(suite, variant, "", &added).await.json(), "error").to_owned();
            assert!(["invalid_redirect_uri", "invalid_client_metadata"].contains(&error.as_str()), "{error}");
        })
        .await;
}

/// What the login page shows inside `login-page`: an `img`, or a link; nobody signs in.
async fn shown(added: Value, element: &str, attribute: &str) {
    dynamic()
        .adding(added)
        .run(async |module| {
            let page = module.browser.open(&module.url(&module.request(&[]))).await;
            assert!(page.status == 200 && page.url.path().ends_with("/login"), "{}", page.url);
            let (before, inside) = page.body.split_once("id=\"login-page\"").unwrap();
            let is_in = |html: &str| {
                let start = format!("<{element} ");
                let tags = html.split(&start).skip(1).filter_map(|rest| rest.split_once('>'));
                tags.map(|(tag, _)| tag).filter(|tag| tag.contains(attribute)).count()
            };
            assert_eq!((is_in(before), is_in(inside)), (0, 1), "{attribute} in {}", page.body);
        })
        .await;
}

#[actix_web::test]
async fn registration_logo_uri() {
    let logo = "https://suite.test:8443/images/openid.png";
    shown(json!({ "logo_uri": logo }), "img", &format!("src=\"{logo}\"")).await;
}

#[actix_web::test]
async fn registration_policy_uri() {
    let policy = "https://suite.test:8443/login.html";
    shown(json!({ "policy_uri": policy }), "a", &format!("href=\"{policy}\"")).await;
}

#[actix_web::test]
async fn registration_tos_uri() {
    shown(json!({ "tos_uri": "https://openid.net" }), "a", "href=\"https://openid.net").await;
}

#[actix_web::test]
async fn registration_sector_uri() {
    dynamic()
        .started(async |suite, variant| {
            assert!(suite.announces("subject_types_supported", "pairwise"));
            let listed = json!(["https://suite.test:8443/test/sector/callback"]).to_string();
            suite.elsewhere.publish("/sector/redirect_uris.json", Reply::new(listed));
            let added = json!({
                "redirect_uris": ["https://suite.test:8443/test/sector/callback"],
                "subject_type": "pairwise",
                "sector_identifier_uri": suite.elsewhere.url("/sector/redirect_uris.json"),
            });
            let before = suite.elsewhere.count();
            let module = Module::begin(suite, variant, &added).await;
            assert_eq!(suite.elsewhere.count(), before + 1, "it is fetched during the registration");
            module.end().await;
        })
        .await;
}

#[actix_web::test]
async fn registration_sector_bad() {
    dynamic()
        .started(async |suite, variant| {
            let listed = json!(["https://example.com/op"]).to_string();
            suite.elsewhere.publish("/sector/redirect_uris.json", Reply::new(listed));
            let added = json!({ "subject_type": "pairwise", "sector_identifier_uri": "E/redirect_uris.json" });
            let before = suite.elsewhere.count();
            let page = refused(suite, variant, "/sector", &added).await;
            assert_eq!(text(&page.json(), "error"), "invalid_client_metadata");
            assert_eq!(suite.elsewhere.count(), before + 1, "it is fetched during the registration");
        })
        .await;
}

/// The module rests while an outside hand rotates the keys.
#[actix_web::test]
async fn server_rotate_keys() {
    for alg in [Some(SigningAlgorithm::RS256), Some(SigningAlgorithm::ES256), None] {
        for database in testkit::database::engines() {
            let suite = Suite::start(database, |_| {}).await;
            let before = suite.jwks["keys"].as_array().unwrap().clone();
            suite.app.keys.rotate(alg, RotationPolicy::default(), suite.app.now()).unwrap();
            let jwks = suite.get(suite.endpoint("jwks_uri")).await.json();
            checks::jwks(&jwks);
            let after = jwks["keys"].as_array().unwrap();
            assert!(before.iter().all(|key| after.contains(key)), "the old ones are still there, as they were");
            let is_new = |key: &&Value| before.iter().all(|old| old["kid"] != key["kid"]);
            let is_usable = |key: &Value| ["RSA", "EC"].contains(&text(key, "kty"));
            assert!(after.iter().filter(is_new).any(is_usable));
            assert!(
                after
                    .iter()
                    .filter(is_new)
                    .all(|key| before.iter().all(|old| old.get("n").or(old.get("x")) != key.get("n").or(key.get("x"))))
            );
        }
    }
}

/// `oidcc-3rd_party-init-login`: no browser, only what the registration says and says again.
#[actix_web::test]
async fn third_party_init_login() {
    code_only()
        .adding(json!({ "initiate_login_uri": "B/initiate_login" }))
        .run(async |module| {
            let expected = format!("{}/initiate_login", module.base);
            assert_eq!(module.told["initiate_login_uri"], expected);
            let request = module.suite.http.get(text(&module.told, "registration_client_uri"));
            let token = text(&module.told, "registration_access_token");
            let page = Page::read(request.bearer_auth(token).send().await.unwrap()).await;
            assert_eq!(page.status, 200);
            assert!(page.header("content-type").starts_with("application/json"));
            assert_eq!(page.json()["initiate_login_uri"], expected);
        })
        .await;
}

/// `oidcc-3rd_party-init-login-nohttps`
#[actix_web::test]
async fn third_party_init_login_nohttps() {
    code_only()
        .started(async |suite, variant| {
            let added = json!({ "initiate_login_uri": "http://suite.test:8443/test/x/initiate_login" });
            let page = refused(suite, variant, "", &added).await;
            assert_eq!(text(&page.json(), "error"), "invalid_client_metadata");
        })
        .await;
}
