//! Pages of clients that the browser loads after a logout (OpenID Connect Front-Channel Logout 1.0, security OA-143): off unless
//! switched on, and then for exactly the clients of the session. What a real browser makes of it is in `testkit/tests`.

use protocol::time::Seconds;
use serde_json::{Value, json};
use testkit::app::{TestApp, TestOptions};
use testkit::browser::{Browser, Page};
use testkit::database::{TestDatabase, engines};
use testkit::requests::{As, text};
use url::Url;
use url::form_urlencoded::byte_serialize;

const FRONT: &str = "https://app.example.com/front?a=b";
const SIGNED_OUT: &str = "https://app.example.com/signed-out";

async fn switched_on(database: TestDatabase) -> TestApp {
    let config = Box::new(|config: &mut auth::config::Config| config.openid.frontchannel_logout = true);
    let app = TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await;
    register(&app).await;
    app
}

/// `front` and `too` want to be told, `told` over the back channel only.
async fn register(app: &TestApp) {
    let client = |uri: &str| {
        json!({ "token_endpoint_auth_method": "none", "consent_policy": "first_party",
        "frontchannel_logout_uri": uri, "frontchannel_logout_session_required": true })
    };
    app.client("front", &client(FRONT).to_string()).await;
    app.client("too", &client("https://app.example.com/too").to_string()).await;
    let back =
        json!({ "token_endpoint_auth_method": "none", "backchannel_logout_uri": "https://app.example.com/back" });
    app.client("told", &back.to_string()).await;
}

async fn sign_in(app: &TestApp, browser: &Browser, client: &str) -> String {
    let code = browser.authorize(&app.authorize_url(client, &[("scope", "openid")])).await["code"].clone();
    text(&app.redeem(As::Public(client), &code, &[]).await.json(), "id_token").to_owned()
}

fn sid(id_token: &str) -> String {
    use base64::Engine as _;
    let part = id_token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    text(&serde_json::from_slice::<Value>(&bytes).unwrap(), "sid").to_owned()
}

fn frames(page: &Page) -> Vec<Url> {
    let sources = page.body.split("<iframe src=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    sources.map(|source| Url::parse(&source.replace("&#38;", "&")).unwrap()).collect()
}

fn logout(id_token: &str, more: &str) -> String {
    format!("/logout?id_token_hint={id_token}{more}")
}

fn and_back() -> String {
    format!("&state=s1&post_logout_redirect_uri={}", byte_serialize(SIGNED_OUT.as_bytes()).collect::<String>())
}

#[actix_web::test]
async fn each_client_of_the_session_is_loaded_with_issuer_and_session_and_then_it_goes_on() {
    for database in engines() {
        let app = switched_on(database).await;
        let browser = Browser::new(&app);
        let earlier = sign_in(&app, &browser, "front").await;
        app.clock.advance(Seconds(1));
        browser.authorize(&app.authorize_url("public", &[])).await;
        sign_in(&app, &browser, "told").await;
        let id_token = sign_in(&app, &browser, "too").await;
        let page = browser.get(&logout(&id_token, &and_back())).await;
        assert!(page.status == 200 && page.has_id("frontchannel-logout-page"), "{}", page.body);
        let asked = |path: &str, own: &str, id_token: &str| {
            let issuer: String = byte_serialize(app.issuer.as_bytes()).collect();
            Url::parse(&format!("https://app.example.com{path}?{own}iss={issuer}&sid={}", sid(id_token))).unwrap()
        };
        assert_eq!(frames(&page), [asked("/too", "", &id_token), asked("/front", "a=b&", &earlier)]);
        let policy = page.header("content-security-policy");
        assert!(policy.ends_with("; frame-src https://app.example.com"), "{policy}");
        assert!(page.body.contains(&format!("<a id=\"onward\" href=\"{SIGNED_OUT}?state=s1\">")), "{}", page.body);
        let refresh = format!("<noscript><meta http-equiv=\"refresh\" content=\"3;url={SIGNED_OUT}?state=s1\">");
        assert!(page.body.contains(&refresh), "{}", page.body);
        assert!(browser.open(&app.authorize_url("front", &[])).await.has_id("login-page"), "the session ended before");
    }
}

/// One page has room for fifty: those of the latest sign-ins.
#[actix_web::test]
async fn of_many_clients_the_latest_are_loaded() {
    for database in engines() {
        let app = switched_on(database).await;
        let browser = Browser::new(&app);
        sign_in(&app, &browser, "front").await;
        for number in 0..50 {
            app.clock.advance(Seconds(1));
            let (id, uri) = (format!("c{number:02}"), format!("https://app.example.com/{number}"));
            let metadata = json!({ "consent_policy": "first_party", "frontchannel_logout_uri": uri });
            app.client(&id, &metadata.to_string()).await;
            browser.authorize(&app.authorize_url(&id, &[("scope", "openid")])).await;
        }
        app.clock.advance(Seconds(1));
        let id_token = sign_in(&app, &browser, "too").await;
        let page = browser.get(&logout(&id_token, "")).await;
        let loaded: Vec<_> = frames(&page).iter().map(|url| url.path().to_owned()).collect();
        let latest: Vec<_> = ["/too".to_owned()].into_iter().chain((1..50).rev().map(|n| format!("/{n}"))).collect();
        assert_eq!(loaded, latest);
    }
}

#[actix_web::test]
async fn without_an_address_the_logged_out_page_has_the_frames() {
    let app = switched_on(TestDatabase::sqlite()).await;
    let browser = Browser::new(&app);
    let id_token = sign_in(&app, &browser, "front").await;
    let page = browser.get(&logout(&id_token, "")).await;
    assert!(page.has_id("logged-out-page") && !page.has_id("onward"), "{}", page.body);
    assert_eq!(frames(&page).len(), 1);
    let again = browser.get(&logout(&id_token, "")).await;
    assert!(again.has_id("logged-out-page") && frames(&again).is_empty(), "there is nothing left to end");
}

#[actix_web::test]
async fn after_the_question_the_frames_come_too() {
    let app = switched_on(TestDatabase::sqlite()).await;
    let browser = Browser::new(&app);
    sign_in(&app, &browser, "front").await;
    let question = browser.open("/logout").await;
    assert!(question.has_id("logout-yes") && frames(&question).is_empty());
    let page = browser.submit(&question, &[("decision", "yes")]).await;
    assert!(page.has_id("logged-out-page"));
    assert_eq!(frames(&page).len(), 1);
}

#[actix_web::test]
async fn a_session_without_such_clients_ends_as_ever() {
    let app = switched_on(TestDatabase::sqlite()).await;
    let browser = Browser::new(&app);
    let id_token = sign_in(&app, &browser, "public").await;
    let page = browser.get(&logout(&id_token, &and_back())).await;
    assert_eq!(page.location().unwrap(), format!("{SIGNED_OUT}?state=s1"));
}

#[actix_web::test]
async fn a_disabled_client_is_not_loaded() {
    let app = switched_on(TestDatabase::sqlite()).await;
    let browser = Browser::new(&app);
    let front = app.client("leaving", r#"{"frontchannel_logout_uri": "https://app.example.com/leaving"}"#).await;
    browser.authorize(&app.authorize_url("leaving", &[])).await;
    let id_token = sign_in(&app, &browser, "front").await;
    let _won = store::clients::disable(&app.store, &front.id, app.now()).await.unwrap();
    let page = browser.get(&logout(&id_token, "")).await;
    assert_eq!(frames(&page).iter().map(Url::path).collect::<Vec<_>>(), ["/front"]);
}

#[actix_web::test]
async fn a_session_that_went_on_after_a_new_proof_keeps_its_clients() {
    let app = switched_on(TestDatabase::sqlite()).await;
    let browser = Browser::new(&app);
    sign_in(&app, &browser, "front").await;
    app.clock.advance(Seconds::minutes(30));
    let again = browser.open(&app.authorize_url("public", &[("prompt", "login")])).await;
    browser.sign_in(&again, "alice").await;
    let question = browser.open("/logout").await;
    let page = browser.submit(&question, &[("decision", "yes")]).await;
    assert_eq!(frames(&page).len(), 1, "{}", page.body);
}

#[actix_web::test]
async fn it_is_off_unless_it_is_switched_on() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    register(&app).await;
    let browser = Browser::new(&app);
    let id_token = sign_in(&app, &browser, "front").await;
    let page = browser.get(&logout(&id_token, &and_back())).await;
    assert_eq!(page.location().unwrap(), format!("{SIGNED_OUT}?state=s1"));
    let discovery = browser.get("/.well-known/openid-configuration").await.json();
    assert_eq!(discovery["frontchannel_logout_supported"], false);
    assert_eq!(discovery["backchannel_logout_supported"], true);
}
