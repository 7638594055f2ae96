//! The logout plans of the OpenID Foundation's conformance suite, one test per module and named after it: what the module
//! sends, and what it wants to see. What lies behind is in `logout.rs`, `frontchannel_logout.rs` and `backchannel_logout.rs`.

use testkit::app::{TestApp, TestOptions};
use testkit::browser::{Browser, Page};
use testkit::database::TestDatabase;
use testkit::requests::{As, text};
use url::form_urlencoded::Serializer;

const SIGNED_OUT: &str = "https://app.example.com/signed-out";
/// As long as the suite's.
const STATE: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\
                     0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZabcd";

struct Module {
    app: TestApp,
    browser: Browser,
    id_token: String,
}

/// Each module signs in first, from an empty cookie jar.
async fn module() -> Module {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let browser = Browser::new(&app);
    let code = browser.authorize(&app.authorize_url("first-party", &[("scope", "openid")])).await["code"].clone();
    let tokens = app.redeem(As::Basic("first-party"), &code, &[]).await.json();
    Module { app, browser, id_token: text(&tokens, "id_token").to_owned() }
}

impl Module {
    /// What the suite's browser sees in the end: it says yes when it is asked.
    async fn logout(&self, query: &[(&str, &str)]) -> Page {
        let query = Serializer::new(String::new()).extend_pairs(query).finish();
        let page = self.browser.get(&format!("/logout?{query}")).await;
        if page.has_id("logout-yes") { self.browser.submit(&page, &[("decision", "yes")]).await } else { page }
    }

    /// The redirect is there, and `prompt=none` finds nobody afterwards.
    async fn went_to(&self, page: Page, expected: &str) {
        assert_eq!(page.location().as_deref(), Some(expected), "{}", page.body);
        let silent = self.app.authorize_url("first-party", &[("prompt", "none"), ("scope", "openid")]);
        assert_eq!(self.browser.get(&silent).await.answer()["error"], "login_required");
    }
}

fn stayed(page: &Page, ids: &[&str]) {
    assert_eq!(page.location(), None);
    assert!(ids.iter().any(|id| page.has_id(id)), "{}", page.body);
}

const REFUSED: &[&str] = &["error-page", "logged-out-page"];
const LOGGED_OUT: &[&str] = &["logged-out-page"];

#[actix_web::test]
async fn oidcc_rp_initiated_logout() {
    let module = module().await;
    let hint = module.id_token.as_str();
    let query = [("id_token_hint", hint), ("post_logout_redirect_uri", SIGNED_OUT), ("state", STATE)];
    let page = module.logout(&query).await;
    module.went_to(page, &format!("{SIGNED_OUT}?state={STATE}")).await;
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_no_state() {
    let module = module().await;
    let page = module.logout(&[("id_token_hint", &module.id_token), ("post_logout_redirect_uri", SIGNED_OUT)]).await;
    module.went_to(page, SIGNED_OUT).await;
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_bad_id_token_hint() {
    let module = module().await;
    let hint = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL290aGVyLmV4YW1wbGUifQ.c2ln";
    let query = [("id_token_hint", hint), ("post_logout_redirect_uri", SIGNED_OUT), ("state", STATE)];
    stayed(&module.logout(&query).await, REFUSED);
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_modified_id_token_hint() {
    let module = module().await;
    let claims = module.id_token.split('.').nth(1).unwrap();
    let hint = format!("eyJhbGciOiJub25lIn0.{claims}.");
    let query = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", SIGNED_OUT), ("state", STATE)];
    stayed(&module.logout(&query).await, REFUSED);
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_no_id_token_hint() {
    let module = module().await;
    stayed(&module.logout(&[("post_logout_redirect_uri", SIGNED_OUT), ("state", STATE)]).await, REFUSED);
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri() {
    let module = module().await;
    let bad = "https://app.example.com/signed-out/0123456789";
    let query = [("id_token_hint", module.id_token.as_str()), ("post_logout_redirect_uri", bad), ("state", STATE)];
    stayed(&module.logout(&query).await, &["error-page"]);
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri() {
    let module = module().await;
    let bad = "https://app.example.com/signed-out?extra=1";
    let query = [("id_token_hint", module.id_token.as_str()), ("post_logout_redirect_uri", bad), ("state", STATE)];
    stayed(&module.logout(&query).await, &["error-page"]);
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri() {
    let module = module().await;
    stayed(&module.logout(&[("id_token_hint", &module.id_token), ("state", STATE)]).await, LOGGED_OUT);
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_no_params() {
    stayed(&module().await.logout(&[]).await, LOGGED_OUT);
}

#[actix_web::test]
async fn oidcc_rp_initiated_logout_only_state() {
    stayed(&module().await.logout(&[("state", STATE)]).await, LOGGED_OUT);
}

/// With `oidcc-…-discovery-endpoint-verification` of the three logout plans.
#[actix_web::test]
async fn oidcc_logout_discovery_endpoint_verification() {
    let config = Box::new(|config: &mut auth::config::Config| config.openid.frontchannel_logout = true);
    let app = TestApp::start_with(TestDatabase::sqlite(), TestOptions { config, ..TestOptions::default() }).await;
    let document = Browser::new(&app).get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["end_session_endpoint"], app.url("/logout"));
    for channel in ["frontchannel", "backchannel"] {
        assert_eq!(document[format!("{channel}_logout_supported")], true);
        assert_eq!(document[format!("{channel}_logout_session_supported")], true);
    }
}
