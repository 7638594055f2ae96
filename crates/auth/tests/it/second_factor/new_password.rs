//! `/login/new-password`: in the middle of a sign-in, after everything is proven, before there is a session.

use protocol::security_event::SecurityEvent;
use testkit::browser::{Browser, Page};

use super::*;
use crate::on_each_engine;

const NEW: &str = "plum tundra violin lake";

/// Up to the page; somebody without a second factor.
async fn arrive(browser: &Browser, app: &TestApp) -> Page {
    let user = of_name(app, "alice").await;
    let _won = store::users::require_password_change(&app.store, &user.id, app.now()).await.unwrap();
    let page = after_password(browser, app, &[("prompt", "login")]).await;
    assert!(page.has_id("new-password-page"), "{}", page.body);
    page
}

#[actix_web::test]
async fn the_session_begins_when_the_new_password_is_set_and_all_others_are_over() {
    on_each_engine(async |mut app| {
        let elsewhere = Browser::new(&app);
        elsewhere.authorize(&app.authorize_url("first-party", &[])).await;
        let browser = Browser::new(&app);
        let page = arrive(&browser, &app).await;
        assert!(!is_signed_in(&browser, &app).await && page.body.contains("value=\"alice\""));
        for (weak, why) in [("short", "at least"), (PASSWORD, "you have now"), ("passwordpassword", "attackers")] {
            let refused = browser.submit(&page, &[("new-password", weak)]).await;
            assert_eq!(refused.status, 422, "{weak}");
            assert!(
                refused.body.contains(why) && !refused.body.contains(&format!("value=\"{weak}\"")),
                "{}",
                refused.body
            );
        }
        assert!(is_signed_in(&elsewhere, &app).await);
        app.restart().await;
        let page = browser.get(page.url.as_str()).await;
        assert!(page.has_id("new-password-page"), "a restart loses nothing: {}", page.body);
        let done = browser.submit(&page, &[("new-password", NEW)]).await;
        assert!(done.answer().contains_key("code"));
        assert!(is_signed_in(&browser, &app).await && !is_signed_in(&elsewhere, &app).await);
        let user = of_name(&app, "alice").await;
        assert_eq!(events(&app, &user, SecurityEvent::PasswordChanged).await, 1);
        for (password, status) in [(PASSWORD, 422), (NEW, 303)] {
            let other = Browser::new(&app);
            let login = other.open(&app.authorize_url("first-party", &[])).await;
            let page = other.submit(&login, &[("username", "alice"), ("password", password)]).await;
            assert_eq!(page.status, status, "{password}");
        }
    })
    .await;
}

#[actix_web::test]
async fn it_comes_after_the_second_factor_and_is_no_page_for_a_session() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        let done = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        assert!(done.answer().contains_key("code"));
        app.clock.advance(Seconds(30));
        let _won = store::users::require_password_change(&app.store, &alice.user.id, app.now()).await.unwrap();
        // Signed in, but asked to sign in again: the session proves nothing here.
        let login = browser.open(&app.authorize_url("first-party", &[("prompt", "login")])).await;
        assert!(other_way(&browser, &login, "/login/new-password").await.has_id("login-page"));
        let page = browser.sign_in(&login, "alice").await;
        assert!(page.has_id("totp-page"));
        assert!(other_way(&browser, &page, "/login/new-password").await.has_id("totp-page"), "not yet");
        let fields = [page.hidden_fields(), vec![("new-password".to_owned(), NEW.to_owned())]].concat();
        let refused = browser.post("/login/new-password", &fields).await;
        assert!(browser.follow(refused).await.has_id("totp-page"));
        let page = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        let page = browser.follow(page).await;
        assert!(page.has_id("new-password-page"), "{}", page.body);
        assert!(other_way(&browser, &page, "/login/totp").await.has_id("new-password-page"));
        let done = browser.submit(&page, &[("new-password", NEW)]).await;
        assert_eq!(id_token(&app, &done).await["acr"], "2");
    })
    .await;
}

#[actix_web::test]
async fn of_a_double_click_one_sets_it_and_its_session_lives() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let page = arrive(&browser, &app).await;
        let typed = [("new-password", NEW)];
        let both = futures_util::future::join_all((0..8).map(|_| browser.submit(&page, &typed))).await;
        let user = of_name(&app, "alice").await;
        assert_eq!(events(&app, &user, SecurityEvent::PasswordChanged).await, 1);
        let codes = both.iter().filter(|page| page.location().is_some_and(|to| to.contains("code="))).count();
        assert_eq!((codes, sessions(&app, &user).await), (1, 1));
        let cookies: Vec<_> = both.iter().filter_map(|page| cookie(page, "countersign_session")).collect();
        assert_eq!(cookies.len(), 1);
        assert!(signs_in(&app, &cookies[0]).await);
    })
    .await;
}
