//! Sessions by cookie (`resource_api::bff`) with a real provider: the whole way in and out, and what strangers try.
//! What happens with an issuer that misbehaves is in the crate's own tests.

mod attacks;
mod scene;

use futures_util::future::join_all;
use protocol::ids::UserId;
use protocol::issuer::Issuer;
use protocol::time::Seconds;
use reqwest::StatusCode;
use resource_api::service::{self, Api};
use serde_json::json;
use std::future::pending;
use std::net::TcpListener;
use testkit::browser::{Page, plain_http};

use scene::{COOKIE, OWN, Scene, Wanted, cookie_lines, set_cookie, until};

/// No token leaves the server, whatever is asked.
fn has_no_token(page: &Page) {
    let headers: String = page.headers.values().map(|value| value.to_str().unwrap_or_default()).collect();
    assert!(!page.body.contains("eyJ") && !headers.contains("eyJ"), "{} {headers}", page.body);
}

#[actix_web::test]
async fn a_person_signs_in_uses_the_api_and_signs_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let api_url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let scene = Scene::start_as(Wanted { api: api_url.clone(), ..Wanted::default() }).await;
    let notes = tempfile::tempdir().unwrap();
    let issuer = Issuer::parse(&scene.app.issuer).unwrap();
    let mut config = service::Config::new(issuer, api_url.clone());
    config.database_url = format!("sqlite:{}", notes.path().join("notes.db").display());
    actix_web::rt::spawn(service::run(Api::new(config).await.unwrap(), listener, None, pending()));

    let browser = scene.browser();
    let nobody = browser.get(&scene.url("/bff/me")).await;
    assert_eq!((nobody.status, nobody.location()), (StatusCode::UNAUTHORIZED, None));
    assert_eq!(nobody.header("cache-control"), "no-store");
    assert!(nobody.header("www-authenticate").starts_with("Cookie "));

    let page = scene.sign_in(&browser, "?return_to=/notes?open=3%23top", "alice").await;
    assert_eq!((page.status, page.location().unwrap()), (StatusCode::SEE_OTHER, scene.url("/notes?open=3#top")));
    has_no_token(&page);
    let lines = cookie_lines(&page);
    let session = lines.iter().find(|line| line.starts_with("__Host-bff=")).unwrap();
    assert!(session.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400"), "{session}");
    assert!(
        lines.iter().any(|line| line.starts_with("__Host-bff-sign-in-") && line.contains("Max-Age=0")),
        "{lines:?}"
    );

    let me = browser.get(&scene.url("/bff/me")).await;
    has_no_token(&me);
    let known = me.json();
    assert_eq!((&known["name"], &known["email"]), (&json!("Alice Moreau"), &json!("alice@example.test")));
    assert_eq!(known["expires_at"], json!(scene.app.now().0 + 86_400));
    assert!(known["scope"].as_str().unwrap().contains("notes:read"), "{known}");

    let token = browser.get(&scene.url("/api")).await.json();
    assert_eq!(token["sub"], known["sub"]);
    let http = plain_http().build().unwrap();
    let answer = http.get(format!("{api_url}/me")).bearer_auth(token["token"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{:?}", answer.text().await);

    let out = browser.post(&scene.url("/bff/logout"), &[]).await;
    assert_eq!(out.status, 200, "{}", out.body);
    assert!(cookie_lines(&out).iter().any(|line| line.starts_with("__Host-bff=;") && line.contains("Max-Age=0")));
    assert_eq!(scene.me(&browser).await, 401);
    let end = out.json()["end_session_url"].as_str().unwrap().to_owned();
    let gone = browser.open(&end).await;
    assert_eq!(gone.location().as_deref(), Some(scene.url("/").as_str()), "back at the front end: {}", gone.body);
    assert_eq!(scene.asked("/revoke", None).await, 1, "the refresh token is revoked");
    let again = browser.post(&scene.url("/bff/logout"), &[]).await;
    assert_eq!((again.status.as_u16(), again.json()["end_session_url"].clone()), (200, json!(null)));
}

#[actix_web::test]
async fn a_hundred_requests_at_once_refresh_once_at_the_issuer() {
    let scene = Scene::start().await;
    let (_, cookie) = scene.signed_in().await;
    let token = async || scene.with_cookie("GET", "/api", &cookie).await.json()["token"].clone();
    let first = token().await;
    assert_eq!(token().await, first, "it is fresh");
    scene.app.clock.advance(Seconds(271));
    let tokens = join_all((0..100).map(|_| token())).await;
    assert!(tokens.iter().all(|token| token.is_string() && *token != first && *token == tokens[0]));
    assert_eq!(scene.asked("/token", Some("refresh_token")).await, 1);
    scene.app.clock.advance(Seconds(271));
    assert_ne!(token().await, tokens[0], "the new refresh token is good, too");
    assert_eq!(scene.asked("/token", Some("refresh_token")).await, 2);
}

#[actix_web::test]
async fn the_end_of_the_session_at_the_issuer_ends_it_here() {
    let scene = Scene::start().await;
    let (browser, cookie) = scene.signed_in().await;
    let (_, other) = scene.signed_in().await;
    assert_eq!(scene.with_cookie("GET", "/api", &cookie).await.status, 200);
    let question = browser.open("/logout").await;
    let gone = browser.submit(&question, &[("decision", "yes")]).await;
    assert!(gone.has_id("logged-out-page"), "{}", gone.body);
    until("the logout", async || scene.with_cookie("GET", "/api", &cookie).await.status == 401).await;
    assert_eq!(scene.me(&browser).await, 401);
    assert_eq!(scene.with_cookie("GET", "/api", &other).await.status, 200, "another browser of hers goes on");
}

#[actix_web::test]
async fn a_person_who_is_disabled_is_out_at_the_next_refresh() {
    let scene = Scene::start().await;
    let (browser, cookie) = scene.signed_in().await;
    let sub = browser.get(&scene.url("/bff/me")).await.json()["sub"].as_str().unwrap().to_owned();
    let disabled =
        store::users::disable(&scene.app.store, &UserId::parse(&sub).unwrap(), scene.app.now()).await.unwrap();
    assert_eq!(disabled, store::Won::Yes);
    scene.app.clock.advance(Seconds(271));
    let answer = scene.with_cookie("GET", "/api", &cookie).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"].clone()), (401, json!("session_over")));
    assert_eq!(scene.me(&browser).await, 401);
}

#[actix_web::test]
async fn two_windows_sign_in_side_by_side() {
    let scene = Scene::start().await;
    let browser = scene.browser();
    let first = browser.get(&scene.url("/bff/login?return_to=/one")).await;
    let second = browser.get(&scene.url("/bff/login?return_to=/two")).await;
    let second = scene.onward(&browser, second, "alice").await;
    let first = scene.onward(&browser, first, "alice").await;
    assert_eq!(browser.get(&first).await.location().unwrap(), scene.url("/one"));
    assert_eq!(browser.get(&second).await.location().unwrap(), scene.url("/two"));
    let reloaded = browser.get(&second).await;
    assert_eq!(reloaded.location().unwrap(), scene.url("/"), "whoever reloads the answer is signed in already");
    let mut removed = 0;
    for _ in 0..12 {
        let page = browser.get(&scene.url("/bff/login")).await;
        removed += cookie_lines(&page).iter().filter(|line| line.contains("Max-Age=0")).count();
    }
    assert_eq!(removed, 8, "four are kept, so that the header does not grow too long");
    assert_eq!(scene.me(&browser).await, 200);
}

#[actix_web::test]
async fn a_link_from_elsewhere_does_not_replace_a_session() {
    let scene = Scene::start().await;
    let (browser, _) = scene.signed_in().await;
    let window = |site| [("sec-fetch-site", site), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let link = browser.get(&scene.url("/bff/login?return_to=/notes")).await;
    assert!(link.location().unwrap().starts_with(&scene.app.issuer), "the front end itself may ask anew");
    let (_, cookie) = scene.signed_in().await;
    let cookie = format!("{COOKIE}={cookie}");
    let headers = [&window("cross-site")[..], &[("cookie", cookie.as_str())]].concat();
    let link = scene.raw("GET", "/bff/login?return_to=/notes", &headers).await;
    assert_eq!(link.location().unwrap(), scene.url("/notes"));
    assert!(cookie_lines(&link).is_empty());
    let more = scene.raw("GET", "/bff/login?return_to=/notes&max_age=9", &headers).await;
    assert!(more.location().unwrap().starts_with(&scene.app.issuer), "a step-up is no circle");
    let link = scene.raw("GET", "/bff/login?return_to=/notes", &window("cross-site")).await;
    assert!(link.location().unwrap().starts_with(&scene.app.issuer), "whoever is signed out may follow a link");
    let fetched = [OWN[0], ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];
    assert_eq!(scene.raw("GET", "/bff/login", &fetched).await.status, 403, "it is for windows");
}

#[actix_web::test]
async fn a_front_end_on_plain_loopback_works_without_the_prefix() {
    let scene = Scene::start_as(Wanted { over_tls: false, ..Wanted::default() }).await;
    let browser = scene.old_browser();
    let page = scene.sign_in(&browser, "", "alice").await;
    assert!(set_cookie(&page, "bff").is_some(), "{:?}", cookie_lines(&page));
    assert!(cookie_lines(&page).iter().all(|line| !line.contains("Secure") && line.contains("HttpOnly")));
    assert_eq!(scene.me(&browser).await, 200);
}

#[actix_web::test]
async fn an_issuer_that_is_down_is_told_as_such() {
    let mut scene = Scene::start().await;
    scene.app.stop().await;
    let login = scene.browser().get(&scene.url("/bff/login")).await;
    assert_eq!(login.status, 503, "{}", login.body);
    assert!(login.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert!(cookie_lines(&login).is_empty());
    scene.app.restart().await;
    let browser = scene.browser();
    until("the issuer", async || browser.get(&scene.url("/bff/login")).await.status == 303).await;
    assert_eq!(scene.sign_in(&browser, "", "alice").await.status, 303);
}

#[actix_web::test]
async fn a_page_of_the_front_end_shows_what_went_wrong() {
    let config = |config: &mut resource_api::bff::BffConfig| config.error_path = Some("/oops?a=b".to_owned());
    let scene = Scene::start_as(Wanted { config, ..Wanted::default() }).await;
    let page = scene.browser().get(&scene.url("/bff/callback?code=x&state=0123456789")).await;
    assert_eq!(page.location().unwrap(), scene.url("/oops?a=b&error=sign_in_not_under_way"));
}

#[actix_web::test]
async fn a_front_end_may_ask_for_a_newer_sign_in() {
    let scene = Scene::start().await;
    let (browser, before) = scene.signed_in().await;
    scene.app.clock.advance(Seconds(120));
    let silent = browser.get(&scene.url("/bff/login")).await;
    assert!(!browser.follow(silent).await.has_id("login-page"), "she is signed in at the issuer");
    let asked = browser.get(&scene.url("/bff/login?max_age=60&acr_values=urn:a%20urn:b&return_to=/pay")).await;
    let address = asked.location().unwrap();
    assert!(address.contains("max_age=60") && address.contains("acr_values=urn%3Aa+urn%3Ab"), "{address}");
    let page = browser.follow(asked).await;
    assert!(page.has_id("login-page"), "she proves herself again: {}", page.body);
    let page = browser.sign_in(&page, "alice").await;
    let page = browser.get(&page.location().unwrap()).await;
    assert_eq!(page.location().unwrap(), scene.url("/pay"));
    assert_ne!(set_cookie(&page, COOKIE).unwrap(), before);
    // Whoever takes the parameter out on the way gains nothing.
    scene.app.clock.advance(Seconds(120));
    let asked = browser.get(&scene.url("/bff/login?max_age=60")).await;
    let page = browser.open(&asked.location().unwrap().replace("max_age=60", "x=y")).await;
    let page = browser.get(&page.location().unwrap()).await;
    assert_eq!((page.status.as_u16(), page.json()["error"].clone()), (400, json!("sign_in_failed")));
    for wrong in ["max_age=-1", "max_age=x", "max_age=1&max_age=1", "acr_values=%0a"] {
        assert_eq!(browser.get(&scene.url(&format!("/bff/login?{wrong}"))).await.status, 400, "{wrong}");
    }
}
