//! The modules of the logout plans (OpenID Connect RP-Initiated, Front-Channel and Back-Channel Logout 1.0): `code` and
//! `client_secret_basic`.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::browser::Page;
use testkit::elsewhere::Reply;
use testkit::requests::text;
use url::Url;

use super::checks;
use super::client::{Module, Outcome};
use super::keys::{encoded, long_state, signed};
use super::prompts::nothing_comes_silently;
use super::suite::{Runs, code_only};

/// Longer and more hostile than a client should draw it.
const STATE: &str = "0a\"<>\\{}|^%#&=?/:@!$'()*,[]`~-._%41%2520";

fn post_logout(module: &Module<'_>) -> String {
    format!("{}/post_logout_redirect", module.base)
}

fn runs() -> Runs {
    code_only().adding(json!({ "post_logout_redirect_uris": ["B/post_logout_redirect"] }))
}

async fn signed_in(module: &Module<'_>) -> Outcome {
    module.flow(&[("state", &long_state())]).await
}

/// Opens the end of session with these parameters, and says yes where the person is asked.
async fn log_out(module: &Module<'_>, parameters: &[(&str, &str)]) -> Page {
    let mut url = Url::parse(module.suite.endpoint("end_session_endpoint")).unwrap();
    url.query_pairs_mut().extend_pairs(parameters);
    let page = module.browser.open(url.as_str()).await;
    if !page.has_id("logout-yes") {
        return page;
    }
    assert!(page.has_id("logout-no") && page.url.path().ends_with("/logout"), "{}", page.body);
    let page = module.browser.submit(&page, &[("decision", "yes")]).await;
    module.browser.follow(page).await
}

/// The browser is back at the client, which gets its state and nothing else.
fn is_back(module: &Module<'_>, location: &str, state: Option<&str>) {
    let url = Url::parse(location).unwrap();
    assert!(location.starts_with(&post_logout(module)), "{location}");
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let expected: Vec<_> = state.map(|state| ("state".to_owned(), state.to_owned())).into_iter().collect();
    assert_eq!((query, url.fragment()), (expected, None));
}

#[actix_web::test]
async fn rp_initiated_logout() {
    runs()
        .run(async |module| {
            let hint = signed_in(module).await.id_token().jwt.clone();
            let uri = post_logout(module);
            let parameters = [("id_token_hint", &*hint), ("post_logout_redirect_uri", &*uri), ("state", STATE)];
            let page = log_out(module, &parameters).await;
            is_back(module, &page.location().unwrap(), Some(STATE));
            nothing_comes_silently(module).await;
        })
        .await;
}

#[actix_web::test]
async fn rp_initiated_logout_no_state() {
    runs()
        .run(async |module| {
            let hint = signed_in(module).await.id_token().jwt.clone();
            let uri = post_logout(module);
            let page = log_out(module, &[("id_token_hint", &hint), ("post_logout_redirect_uri", &uri)]).await;
            is_back(module, &page.location().unwrap(), None);
            nothing_comes_silently(module).await;
        })
        .await;
}

/// The person ends at one of these pages of the server, and the client is not called.
async fn stays(pages: &'static [&'static str], request: fn(&Module<'_>, &str) -> Vec<(&'static str, String)>) {
    runs()
        .run(async |module| {
            let hint = signed_in(module).await.id_token().jwt.clone();
            let request = request(module, &hint);
            let request: Vec<_> = request.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let page = log_out(module, &request).await;
            assert_eq!(page.location(), None);
            assert!(pages.iter().any(|id| page.has_id(id)), "{}", page.body);
            assert!(!page.body.contains("http-equiv=\"refresh\""), "{}", page.body);
        })
        .await;
}

const ERROR_OR_GOODBYE: &[&str] = &["error-page", "logged-out-page"];
const GOODBYE: &[&str] = &["logged-out-page"];

fn full(hint: String, uri: String) -> Vec<(&'static str, String)> {
    vec![("id_token_hint", hint), ("post_logout_redirect_uri", uri), ("state", STATE.to_owned())]
}

#[actix_web::test]
async fn rp_initiated_logout_bad_post_logout_redirect_uri() {
    stays(ERROR_OR_GOODBYE, |module, hint| {
        full(hint.to_owned(), format!("{}/bad_post_logout_redirect_uri", module.base))
    })
    .await;
}

#[actix_web::test]
async fn rp_initiated_logout_query_added_to_post_logout_redirect_uri() {
    stays(ERROR_OR_GOODBYE, |module, hint| full(hint.to_owned(), format!("{}?foo=bar", post_logout(module)))).await;
}

#[actix_web::test]
async fn rp_initiated_logout_modified_id_token_hint() {
    stays(ERROR_OR_GOODBYE, |module, hint| {
        let claims = hint.split('.').nth(1).unwrap();
        full(format!("{}.{claims}.", encoded(&json!({ "alg": "none" }))), post_logout(module))
    })
    .await;
}

/// Signed by the client itself.
#[actix_web::test]
async fn rp_initiated_logout_bad_id_token_hint() {
    stays(ERROR_OR_GOODBYE, |module, _| {
        let now = module.suite.app.now().0;
        let claims = json!({
            "iss": module.client_id(), "aud": module.suite.app.issuer, "sub": "SubjectID", "iat": now, "exp": now + 300,
        });
        full(signed(&claims), post_logout(module))
    })
    .await;
}

#[actix_web::test]
async fn rp_initiated_logout_no_id_token_hint() {
    stays(ERROR_OR_GOODBYE, |module, _| full(String::new(), post_logout(module)).split_off(1)).await;
}

#[actix_web::test]
async fn rp_initiated_logout_no_params() {
    stays(GOODBYE, |_, _| Vec::new()).await;
}

#[actix_web::test]
async fn rp_initiated_logout_no_post_logout_redirect_uri() {
    stays(GOODBYE, |_, hint| vec![("id_token_hint", hint.to_owned()), ("state", STATE.to_owned())]).await;
}

#[actix_web::test]
async fn rp_initiated_logout_only_state() {
    stays(GOODBYE, |_, _| vec![("state", STATE.to_owned())]).await;
}

#[actix_web::test]
async fn frontchannel_rp_initiated_logout() {
    code_only()
        .adding(json!({
            "post_logout_redirect_uris": ["B/post_logout_redirect"],
            "frontchannel_logout_uri": "B/frontchannel_logout",
            "frontchannel_logout_session_required": true,
        }))
        .run(async |module| {
            let outcome = signed_in(module).await;
            let sid = text(&outcome.id_token().claims, "sid").to_owned();
            let uri = post_logout(module);
            let hint = &*outcome.id_token().jwt;
            let parameters = [("id_token_hint", hint), ("post_logout_redirect_uri", &*uri), ("state", STATE)];
            let page = log_out(module, &parameters).await;
            let frames: Vec<_> = page.body.split("<iframe src=\"").skip(1).map(until_quote).collect();
            assert_eq!(frames.len(), 1, "{}", page.body);
            let frame = Url::parse(&frames[0]).unwrap();
            assert!(frame.as_str().starts_with(&format!("{}/frontchannel_logout?", module.base)), "{frame}");
            let mut told: Vec<(String, String)> = frame.query_pairs().into_owned().collect();
            told.sort();
            assert_eq!(told, [("iss".to_owned(), module.suite.app.issuer.clone()), ("sid".to_owned(), sid)]);
            // By itself: a script takes the link, and without scripts the page moves on.
            let onward = until_quote(page.body.split("id=\"onward\" href=\"").nth(1).unwrap());
            is_back(module, &onward, Some(STATE));
            let refresh = page.body.split("http-equiv=\"refresh\" content=\"").nth(1).map(until_quote).unwrap();
            assert_eq!(refresh.split_once(";url=").map(|(_, url)| url), Some(&*onward));
            assert!(page.body.contains("frontchannel_logout"), "{}", page.body);
            nothing_comes_silently(module).await;
        })
        .await;
}

/// An attribute up to its end, its character references decoded.
fn until_quote(rest: &str) -> String {
    let mut value = rest.split('"').next().unwrap().to_owned();
    for (reference, character) in [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")] {
        value = value.replace(reference, character);
    }
    value
}

#[actix_web::test]
async fn backchannel_rp_initiated_logout() {
    code_only()
        .adding(json!({
            "post_logout_redirect_uris": ["B/post_logout_redirect"],
            "backchannel_logout_uri": "E/backchannel_logout",
            "backchannel_logout_session_required": true,
        }))
        .run(async |module| {
            let path = format!("{}/backchannel_logout", module.path);
            module.suite.elsewhere.publish(&path, Reply::new("").with_header("cache-control", "no-store"));
            let outcome = signed_in(module).await;
            let uri = post_logout(module);
            let hint = &*outcome.id_token().jwt;
            let parameters = [("id_token_hint", hint), ("post_logout_redirect_uri", &*uri), ("state", STATE)];
            let page = log_out(module, &parameters).await;
            is_back(module, &page.location().unwrap(), Some(STATE));
            is_a_logout_token(module, &notice(module, &path).await, &outcome);
            nothing_comes_silently(module).await;
        })
        .await;
}

/// The form that the client was sent; it comes by itself, soon.
async fn notice(module: &Module<'_>, path: &str) -> String {
    let mut tries = 0;
    loop {
        if let Some(received) = module.suite.elsewhere.received().into_iter().find(|received| received.path == path) {
            assert_eq!(
                (received.method.as_str(), &*received.headers["content-type"]),
                ("POST", "application/x-www-form-urlencoded")
            );
            return received.body;
        }
        tries += 1;
        assert!(tries < 1_000, "nobody was told");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_a_logout_token(module: &Module<'_>, body: &str, outcome: &Outcome) {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    assert_eq!((form.len(), form[0].0.as_str()), (1, "logout_token"));
    let claims = checks::verified(&module.suite.jwks, &form[0].1).claims;
    assert_eq!((text(&claims, "iss"), text(&claims, "aud")), (module.suite.app.issuer.as_str(), module.client_id()));
    assert!((claims["iat"].as_i64().unwrap() - module.suite.app.now().0).abs() <= 300);
    assert!(!text(&claims, "jti").is_empty());
    assert_eq!(claims["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    assert!(claims.get("nonce").is_none());
    let id_token = &outcome.id_token().claims;
    let same = |name: &str| claims.get(name).map(|value: &Value| value == &id_token[name]);
    assert_eq!((same("sub"), same("sid")), (Some(true), Some(true)), "{claims}");
}
