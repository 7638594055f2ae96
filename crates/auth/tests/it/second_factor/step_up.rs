//! Apps that insist on a second factor: by request, by registration, of sessions that began without.

use protocol::ids::SessionId;
use protocol::time::Seconds;
use serde_json::json;
use testkit::browser::Browser;

use super::*;
use crate::on_each_engine;

const LEVEL_TWO: (&str, &str) = ("acr_values", "2");

/// A session by password from before there was a second factor, and its cookie.
async fn signed_in_before(browser: &Browser, app: &TestApp) -> String {
    let page = browser.open(&app.authorize_url("first-party", &[])).await;
    let done = browser.submit(&page, &typed_password()).await;
    assert!(done.answer().contains_key("code"));
    cookie(&done, "countersign_session").expect("a session")
}

fn session_id(cookie: &str) -> SessionId {
    SessionId::parse(cookie.split('.').next().unwrap()).unwrap()
}

#[actix_web::test]
async fn a_step_up_gives_the_session_a_new_secret_and_no_newer_sign_in() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let (signed_in_at, before) = (app.now(), signed_in_before(&browser, &app).await);
        let ends = store::sessions::find(&app.store, &session_id(&before)).await.unwrap().unwrap().expires_at;
        app.clock.advance(Seconds(200));
        let alice = alice(&app).await;
        assert!(is_signed_in(&browser, &app).await, "who does not insist gets what there is");
        let page = browser.open(&app.authorize_url("first-party", &[LEVEL_TWO])).await;
        assert!(page.has_id("totp-page"), "{}", page.body);
        let done = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        let after = cookie(&done, "countersign_session").expect("a new cookie");
        let claims = id_token(&app, &done).await;
        assert_eq!((&claims["acr"], &claims["auth_time"]), (&json!("2"), &json!(signed_in_at.0)));
        assert_eq!(claims["amr"], json!(["pwd", "otp", "mfa"]));
        assert_eq!(session_id(&before), session_id(&after), "the session goes on");
        assert_ne!(before, after);
        assert!(!signs_in(&app, &before).await && signs_in(&app, &after).await);
        assert_eq!(sessions(&app, &alice.user).await, 1);
        let renewed = store::sessions::find(&app.store, &session_id(&after)).await.unwrap().unwrap();
        assert_eq!(renewed.expires_at, ends, "and lives no longer than before");
        let page = browser.get(&app.authorize_url("first-party", &[LEVEL_TWO])).await;
        assert!(page.answer().contains_key("code"), "it is strong enough from now on");
    })
    .await;
}

#[actix_web::test]
async fn a_form_of_a_step_up_counts_for_its_session_only() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        signed_in_before(&browser, &app).await;
        let alice = alice(&app).await;
        let page = browser.open(&app.authorize_url("first-party", &[LEVEL_TWO])).await;
        app.user("bob").await;
        let login = browser.open(&app.authorize_url("first-party", &[("prompt", "login")])).await;
        let login = browser.get(&format!("/login?interaction={}&account=other", interaction(&login))).await;
        assert!(browser.sign_in(&login, "bob").await.answer().contains_key("code"));
        let refused = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        assert_eq!(refused.status, 403, "bob is active by now: {}", refused.body);
    })
    .await;
}

#[actix_web::test]
async fn without_a_page_there_is_no_step_up() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        signed_in_before(&browser, &app).await;
        alice(&app).await;
        let essential = r#"{"id_token":{"acr":{"essential":true,"values":["2"]}}}"#;
        for demand in [LEVEL_TWO, ("claims", essential)] {
            let silent = browser.get(&app.authorize_url("first-party", &[demand, ("prompt", "none")])).await.answer();
            assert_eq!(silent["error"], "login_required", "{demand:?}");
            assert!(browser.open(&app.authorize_url("first-party", &[demand])).await.has_id("totp-page"));
        }
        let unknown = r#"{"id_token":{"acr":{"essential":true,"values":["9"]}}}"#;
        let page = browser.open(&app.authorize_url("first-party", &[("claims", unknown)])).await;
        assert_eq!(page.answer()["error"], "unmet_authentication_requirements");
    })
    .await;
}

#[actix_web::test]
async fn an_essential_acr_is_what_the_app_is_told_in_the_end() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        let essential = r#"{"id_token":{"acr":{"essential":true,"values":["2"]}}}"#;
        let page = after_password(&browser, &app, &[("claims", essential)]).await;
        let done = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        assert_eq!(id_token(&app, &done).await["acr"], "2");
    })
    .await;
}

#[actix_web::test]
async fn an_app_can_be_registered_to_insist() {
    on_each_engine(async |app| {
        app.client("bank", r#"{"consent_policy": "first_party", "minimum_acr": "2"}"#).await;
        let browser = Browser::new(&app);
        signed_in_before(&browser, &app).await;
        let alice = alice(&app).await;
        let silent = browser.get(&app.authorize_url("bank", &[("prompt", "none")])).await.answer();
        assert_eq!(silent["error"], "login_required");
        let page = browser.open(&app.authorize_url("bank", &[("acr_values", "1")])).await;
        assert!(page.has_id("totp-page"), "the request asks for less than the registration: {}", page.body);
        let done = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        assert!(done.answer().contains_key("code"));
    })
    .await;
}

#[actix_web::test]
async fn who_has_to_sign_in_again_proves_both_again() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await.answer();
        app.clock.advance(Seconds(120));
        let request = app.authorize_url("first-party", &[("max_age", "60"), LEVEL_TWO]);
        let login = browser.open(&request).await;
        assert!(login.has_id("login-page"), "{}", login.body);
        // The page of the code is no way around the password.
        assert!(other_way(&browser, &login, "/login/totp").await.has_id("login-page"));
        let page = browser.sign_in(&login, "alice").await;
        assert!(page.has_id("totp-page"), "{}", page.body);
        let proven_at = app.now();
        let done = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        let claims = id_token(&app, &done).await;
        assert_eq!((&claims["auth_time"], &claims["acr"]), (&json!(proven_at.0), &json!("2")));
    })
    .await;
}
