//! Browsers that are spared the second factor: for a while, by the person's wish, and never against the wish of an app.

use std::sync::Arc;

use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use serde_json::json;
use testkit::browser::Browser;
use testkit::database::engines;

use super::*;
use crate::on_each_engine;

const AGAIN: (&str, &str) = ("prompt", "login");

async fn trusted(browser: &Browser, app: &TestApp, alice: &Alice) {
    let page = after_password(browser, app, &[]).await;
    assert!(page.has_id("remember"), "{}", page.body);
    let done = browser.submit(&page, &[("code", &alice.phone.code(app.now())), TRUST]).await;
    assert!(done.answer().contains_key("code"));
    app.clock.advance(Seconds(30));
}

#[actix_web::test]
async fn it_spares_our_question_and_not_that_of_an_app() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        trusted(&browser, &app, &alice).await;
        assert_eq!(events(&app, &alice.user, SecurityEvent::BrowserRemembered).await, 1);
        let done = after_password(&browser, &app, &[AGAIN]).await;
        let claims = id_token(&app, &done).await;
        assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["pwd"]), &json!("1")), "no factor is made up");
        assert!(after_password(&browser, &app, &[AGAIN, ("acr_values", "2")]).await.has_id("totp-page"));
        assert!(after_password(&Browser::new(&app), &app, &[]).await.has_id("totp-page"), "another browser");
        app.clock.advance(Seconds(app.config.second_factor.remember_browser));
        assert!(after_password(&browser, &app, &[]).await.has_id("totp-page"), "the time is over");
    })
    .await;
}

#[actix_web::test]
async fn it_is_over_with_a_new_password_and_does_not_help_to_set_one() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        trusted(&browser, &app, &alice).await;
        let _won = store::users::require_password_change(&app.store, &alice.user.id, app.now()).await.unwrap();
        let page = after_password(&browser, &app, &[AGAIN]).await;
        assert!(page.has_id("totp-page"), "a password alone sets no other one: {}", page.body);
        let page = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        let page = browser.follow(page).await;
        let new = "plum tundra violin lake";
        assert!(browser.submit(&page, &[("new-password", new)]).await.answer().contains_key("code"));
        let login = browser.open(&app.authorize_url("first-party", &[AGAIN])).await;
        let page = browser.submit(&login, &[("username", "alice"), ("password", new)]).await;
        assert!(browser.follow(page).await.has_id("totp-page"), "not remembered any more");
    })
    .await;
}

#[actix_web::test]
async fn where_the_settings_say_so_no_browser_is() {
    for database in engines() {
        let app = configured(database, |config| config.second_factor.remember_browser = 0).await;
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        assert!(!page.has_id("remember"));
        browser.submit(&page, &[("code", &alice.phone.code(app.now())), TRUST]).await.answer();
        assert!(after_password(&browser, &app, &[AGAIN]).await.has_id("totp-page"));
    }
}

/// An operator who allows less means the browsers of before, too.
#[actix_web::test]
async fn what_the_settings_allow_later_counts_for_browsers_that_were_remembered_before() {
    for (later, spared) in [(0, 0), (86_400, 0), (30 * 86_400, 1)] {
        for database in engines() {
            let mut app = configured(database, |_| {}).await;
            let alice = alice(&app).await;
            let browser = Browser::new(&app);
            trusted(&browser, &app, &alice).await;
            let mut config = Config::clone(&app.config);
            config.second_factor.remember_browser = later;
            app.config = Arc::new(config);
            app.restart().await;
            let console = browser.open("/account/security").await;
            assert_eq!(
                console.body.matches("name=\"browser\" value=").count(),
                2 * spared,
                "{later}: {}",
                console.body
            );
            let page = after_password(&browser, &app, &[AGAIN]).await;
            assert_eq!(page.has_id("totp-page"), spared == 0, "{later}: {}", page.body);
            // The rest of the time of before is no new time.
            app.clock.advance(Seconds::days(30) - Seconds(3_600));
            let page = after_password(&browser, &app, &[AGAIN]).await;
            assert_eq!(page.has_id("totp-page"), spared == 0, "{later}: {}", page.body);
        }
    }
}

#[actix_web::test]
async fn a_code_from_paper_makes_no_browser_trusted() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        let page = other_way(&browser, &page, "/login/recovery-code").await;
        assert!(!page.has_id("remember"), "{}", page.body);
        let done = browser.submit(&page, &[("recovery-code", &alice.codes[0]), TRUST]).await;
        assert!(done.answer().contains_key("code"), "{}", done.body);
        assert_eq!(events(&app, &alice.user, SecurityEvent::BrowserRemembered).await, 0);
        assert!(after_password(&browser, &app, &[AGAIN]).await.has_id("totp-page"), "it is asked again");
    })
    .await;
}
