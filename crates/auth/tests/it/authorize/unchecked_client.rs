//! Errors for clients that registered themselves (security OA-020, RFC 9700 §4.11.2): before somebody is signed in, the person
//! chooses whether to go there.

use auth::config::{Config, RedirectErrors};
use serde_json::json;
use testkit::app::{REDIRECT_URI, TestApp};
use testkit::browser::{Browser, Page};
use testkit::requests::text;

use crate::registration::{on_each, open, register};

fn by_default(config: &mut Config) {
    let before = config.registration.redirect_errors;
    open(config);
    config.registration.redirect_errors = before;
}

async fn registered(app: &TestApp) -> String {
    let all = json!({ "response_types": ["code", "id_token"], "grant_types": ["authorization_code", "implicit"] });
    text(&register(app, all).await, "client_id").to_owned()
}

/// Requests that are refused at once, by everything that refuses.
fn refused(app: &TestApp, id: &str) -> Vec<(&'static str, String)> {
    let url = |changes: &[(&str, &str)]| app.authorize_url(id, changes);
    vec![
        ("login_required", url(&[("prompt", "none"), ("scope", "openid")])),
        ("invalid_scope", url(&[("scope", "openid nobody:knows")])),
        ("invalid_request", url(&[("code_challenge", "short")])),
        ("invalid_request", url(&[("scope", "openid"), ("id_token_hint", "a.b.c")])),
        ("invalid_request_object", url(&[("request", "a.b.c")])),
        ("unsupported_response_type", url(&[("response_type", "token")])),
    ]
}

fn held(page: &Page, error: &str) -> bool {
    page.status == 400 && page.location().is_none() && page.has_id("error-page") && page.body.contains(error)
}

/// The address that the page offers.
fn onward(page: &Page) -> String {
    let link = page.body.split("<a id=\"onward\" href=\"").nth(1).unwrap_or_else(|| panic!("no link: {}", page.body));
    link.split('"').next().unwrap().replace("&#38;", "&")
}

#[actix_web::test]
async fn a_stranger_cannot_make_this_server_send_anybody_anywhere() {
    on_each(by_default, async |app| {
        let id = registered(&app).await;
        for (error, url) in refused(&app, &id) {
            let page = Browser::new(&app).get(&url).await;
            assert!(held(&page, error), "{error}: {} {:?} {}", page.status, page.location(), page.body);
            let address = onward(&page);
            assert!(address.starts_with(&format!("{REDIRECT_URI}?error={error}&")), "{address}");
            assert!(address.contains("&state=") && address.contains("&iss="), "the answer is whole: {address}");
            assert!(page.body.contains("app.example.com</strong>"), "the person sees the host: {}", page.body);
            assert!(page.body.contains("rel=\"noreferrer\""));
        }
    })
    .await;
}

#[actix_web::test]
async fn in_a_fragment_the_answer_stays_in_the_fragment_and_a_form_waits_for_its_button() {
    on_each(by_default, async |app| {
        let id = registered(&app).await;
        let url = app.authorize_url(&id, &[("response_type", "id_token"), ("prompt", "none"), ("scope", "openid")]);
        let page = Browser::new(&app).get(&url).await;
        assert!(onward(&page).starts_with(&format!("{REDIRECT_URI}#error=login_required&")), "{}", page.body);
        let policy = page.header("content-security-policy").to_owned();
        assert!(policy.ends_with("form-action 'self'"), "{policy}");
        let url = app.authorize_url(&id, &[("response_mode", "form_post"), ("prompt", "none"), ("scope", "openid")]);
        let page = Browser::new(&app).get(&url).await;
        assert!(held(&page, "login_required"), "{}", page.body);
        assert_eq!(page.form_action(), REDIRECT_URI);
        assert!(page.hidden_fields().contains(&("error".to_owned(), "login_required".to_owned())));
        assert!(!page.body.contains("form_post.js"), "nothing sends it but the person");
        assert!(!page.header("content-security-policy").contains("form-action"));
    })
    .await;
}

/// A scheme may be spelled like somebody's host.
#[actix_web::test]
async fn a_scheme_is_shown_as_a_scheme() {
    on_each(by_default, async |app| {
        let native = json!({
            "application_type": "native",
            "token_endpoint_auth_method": "none",
            "redirect_uris": ["com.example.notes:/cb"],
        });
        let told = register(&app, native).await;
        let id = text(&told, "client_id");
        let changes = [("prompt", "none"), ("scope", "openid"), ("redirect_uri", "com.example.notes:/cb")];
        let page = Browser::new(&app).get(&app.authorize_url(id, &changes)).await;
        assert!(onward(&page).starts_with("com.example.notes:/cb?error=login_required&"), "{}", page.body);
        assert!(page.body.contains(">com.example.notes:</strong>"), "{}", page.body);
    })
    .await;
}

#[actix_web::test]
async fn who_is_signed_in_and_whom_an_administrator_vouches_for_are_sent_at_once() {
    on_each(by_default, async |app| {
        let id = registered(&app).await;
        let browser = Browser::new(&app);
        browser.authorize(&app.authorize_url("public", &[("scope", "openid")])).await;
        for (error, url) in refused(&app, &id) {
            let error = if error == "login_required" { "consent_required" } else { error };
            assert_eq!(browser.get(&url).await.answer()["error"], error, "{url}");
        }
        for (error, url) in refused(&app, "public") {
            assert_eq!(Browser::new(&app).get(&url).await.answer()["error"], error, "{url}");
        }
    })
    .await;
}

#[actix_web::test]
async fn who_refuses_is_signed_in_and_goes_back() {
    on_each(by_default, async |app| {
        let id = registered(&app).await;
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url(&id, &[("scope", "openid")])).await;
        let consent = browser.sign_in(&login, "alice").await;
        let denied = browser.submit(&consent, &[("decision", "deny")]).await;
        assert_eq!(denied.answer()["error"], "access_denied");
    })
    .await;
}

#[actix_web::test]
async fn the_conformance_profile_redirects_always() {
    fn always(config: &mut Config) {
        open(config);
        config.registration.redirect_errors = RedirectErrors::Always;
    }
    on_each(always, async |app| {
        let id = registered(&app).await;
        for (error, url) in refused(&app, &id) {
            assert_eq!(Browser::new(&app).get(&url).await.answer()["error"], error, "{url}");
        }
    })
    .await;
}
