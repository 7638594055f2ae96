//! `prompt`, `max_age`, `id_token_hint`, `login_hint`, `ui_locales`: obeyed, not just accepted (OpenID Connect Core §3.1.2.1).

use protocol::time::Seconds;
use testkit::app::TestApp;
use testkit::browser::Browser;
use testkit::requests::{As, text};

use crate::on_each_engine;

/// A browser in which alice is signed in and has consented to `public`.
async fn signed_in(app: &TestApp) -> Browser {
    let browser = Browser::new(app);
    let answer = browser.authorize(&app.authorize_url("public", &[])).await;
    assert!(answer.contains_key("code"), "{answer:?}");
    browser
}

async fn id_token(app: &TestApp, client: As<'_>, code: &str) -> serde_json::Value {
    let page = app.redeem(client, code, &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    jwt::verify::unverified_claims(text(&page.json(), "id_token")).unwrap()
}

#[actix_web::test]
async fn single_sign_on_needs_no_page() {
    on_each_engine(async |app| {
        let browser = signed_in(&app).await;
        let page = browser.get(&app.authorize_url("public", &[])).await;
        assert!(page.answer().contains_key("code"));
        let page = browser.get(&app.authorize_url("first-party", &[])).await;
        assert!(page.answer().contains_key("code"), "one login for many apps");
        let page = browser.get(&app.authorize_url("public", &[("prompt", "none")])).await;
        assert!(page.answer().contains_key("code"));
    })
    .await;
}

#[actix_web::test]
async fn prompt_none_says_what_is_missing_and_shows_nothing() {
    on_each_engine(async |app| {
        let none = [("prompt", "none")];
        let page = Browser::new(&app).get(&app.authorize_url("public", &none)).await;
        assert_eq!(page.answer()["error"], "login_required");
        let browser = signed_in(&app).await;
        let page = browser.get(&app.authorize_url("confidential", &none)).await;
        assert_eq!(page.answer()["error"], "consent_required");
        let page = browser.get(&app.authorize_url("public", &[("prompt", "none"), ("scope", "openid groups")])).await;
        assert_eq!(page.answer()["error"], "consent_required", "a new scope needs a new consent");
    })
    .await;
}

#[actix_web::test]
async fn prompt_login_asks_again_and_moves_auth_time() {
    on_each_engine(async |app| {
        let browser = signed_in(&app).await;
        let first = app.now();
        app.clock.advance(Seconds(100));
        let page = browser.open(&app.authorize_url("public", &[("prompt", "login")])).await;
        assert!(page.has_id("login-page"));
        let answer = browser.sign_in(&page, "alice").await.answer();
        let claims = id_token(&app, As::Public("public"), &answer["code"]).await;
        assert_eq!(claims["auth_time"].as_i64().unwrap(), first.0 + 100);
    })
    .await;
}

#[actix_web::test]
async fn max_age_asks_again_only_when_the_login_is_older() {
    on_each_engine(async |app| {
        let browser = signed_in(&app).await;
        app.clock.advance(Seconds(100));
        let page = browser.get(&app.authorize_url("public", &[("max_age", "100")])).await;
        let claims = id_token(&app, As::Public("public"), &page.answer()["code"]).await;
        assert!(claims["auth_time"].is_i64());
        let page = browser.open(&app.authorize_url("public", &[("max_age", "99")])).await;
        assert!(page.has_id("login-page"));
        let page = browser.get(&app.authorize_url("public", &[("max_age", "99"), ("prompt", "none")])).await;
        assert_eq!(page.answer()["error"], "login_required");
        let page = browser.open(&app.authorize_url("public", &[("max_age", "0")])).await;
        assert!(page.has_id("login-page"), "0 is the same as prompt=login");
    })
    .await;
}

#[actix_web::test]
async fn prompt_consent_asks_again() {
    on_each_engine(async |app| {
        let browser = signed_in(&app).await;
        let page = browser.open(&app.authorize_url("public", &[("prompt", "consent")])).await;
        assert!(page.has_id("consent-page"));
        let page = browser.submit(&page, &[("decision", "allow")]).await;
        assert!(page.answer().contains_key("code"));
        let page = browser.open(&app.authorize_url("first-party", &[("prompt", "consent")])).await;
        assert!(page.has_id("consent-page"), "even where the page is normally skipped");
    })
    .await;
}

#[actix_web::test]
async fn select_account_asks_which_and_offers_another() {
    on_each_engine(async |app| {
        app.user("bob").await;
        let browser = signed_in(&app).await;
        let url = app.authorize_url("first-party", &[("prompt", "select_account")]);
        let page = browser.open(&url).await;
        assert!(page.has_id("select-account-page"), "{}", page.body);
        let account = page.button("account").unwrap();
        let done = browser.submit(&page, &[("account", &account)]).await;
        assert!(browser.follow(done).await.answer().contains_key("code"));
        let page = browser.open(&url).await;
        let page = browser.submit(&page, &[("decision", "other")]).await;
        let page = browser.follow(page).await;
        assert!(page.has_id("login-page"), "{}", page.body);
        let answer = browser.sign_in(&page, "bob").await.answer();
        let tokens = app.redeem(As::Basic("first-party"), &answer["code"], &[]).await.json();
        let userinfo = app.userinfo(text(&tokens, "access_token")).await.json();
        assert_eq!(userinfo["preferred_username"], "bob");
    })
    .await;
}

#[actix_web::test]
async fn id_token_hint_insists_on_its_person() {
    on_each_engine(async |app| {
        app.user("bob").await;
        let tokens = app.tokens(As::Public("public"), &[]).await;
        let hint = text(&tokens, "id_token");
        let browser = signed_in(&app).await;
        let page = browser.get(&app.authorize_url("public", &[("prompt", "none"), ("id_token_hint", hint)])).await;
        assert!(page.answer().contains_key("code"));

        let other = Browser::new(&app);
        let login = other.open(&app.authorize_url("first-party", &[])).await;
        other.sign_in(&login, "bob").await;
        let page = other.get(&app.authorize_url("public", &[("prompt", "none"), ("id_token_hint", hint)])).await;
        assert_eq!(page.answer()["error"], "login_required");
        let page = other.open(&app.authorize_url("first-party", &[("id_token_hint", hint)])).await;
        assert!(page.has_id("login-page"));
        let answer = other.sign_in(&page, "bob").await.answer();
        assert_eq!(answer["error"], "login_required", "never a token for a different person");
    })
    .await;
}

#[actix_web::test]
async fn login_hint_fills_the_form_and_ui_locales_choose_the_language() {
    on_each_engine(async |app| {
        let page = Browser::new(&app).open(&app.authorize_url("public", &[("login_hint", "carol@example.test")])).await;
        assert!(page.body.contains("value=\"carol@example.test\""));
        assert!(page.body.contains("<html lang=\"en\""));
        let page = Browser::new(&app).open(&app.authorize_url("public", &[("ui_locales", "fr de-CH en")])).await;
        assert!(page.body.contains("<html lang=\"de\""));
    })
    .await;
}
