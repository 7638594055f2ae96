//! `/login/totp`: what a code proves, and when it proves nothing.

use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use serde_json::json;
use testkit::browser::Browser;

use super::*;
use crate::on_each_engine;

#[actix_web::test]
async fn a_password_and_a_code_sign_in_and_the_app_is_told_both() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        assert!(page.has_id("totp-page") && page.has_id("ways-title"), "{}", page.body);
        assert_eq!(cookie(&page, "countersign_session"), None);
        assert!(!is_signed_in(&browser, &app).await, "a password alone is not enough");
        let proven_at = app.now();
        app.clock.advance(Seconds(60));
        let done = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        let claims = id_token(&app, &done).await;
        assert_eq!(claims["amr"], json!(["pwd", "otp", "mfa"]));
        assert_eq!((&claims["acr"], &claims["auth_time"]), (&json!("2"), &json!(proven_at.0)));
        assert!(is_signed_in(&browser, &app).await);
        assert_eq!(events(&app, &alice.user, SecurityEvent::SignedIn).await, 1);
    })
    .await;
}

#[actix_web::test]
async fn wrong_used_and_late_codes_are_refused_and_noted() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let code = alice.phone.code(app.now());
        let first = Browser::new(&app);
        let page = after_password(&first, &app, &[]).await;
        assert!(first.submit(&page, &[("code", &code)]).await.answer().contains_key("code"));
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        let used = browser.submit(&page, &[("code", &code)]).await;
        assert_eq!(used.status, 422);
        assert!(used.body.contains("was used already") && used.body.contains("role=\"alert\""), "{}", used.body);
        for wrong in ["000000", "", "12345", "abcdef", "1234567"] {
            if wrong == alice.phone.code(app.now()) {
                continue;
            }
            let refused = browser.submit(&page, &[("code", wrong)]).await;
            assert!(matches!(refused.status.as_u16(), 422 | 429), "{wrong}: {}", refused.status);
            assert!(
                !refused.body.contains(&format!("value=\"{wrong}\"")) || wrong.is_empty(),
                "a code is not sent back"
            );
        }
        assert!(events(&app, &alice.user, SecurityEvent::SecondFactorFailed).await >= 4);
        app.clock.advance(Seconds(300));
        let late = alice.phone.code(app.now());
        app.clock.advance(Seconds(90));
        let page = after_password(&browser, &app, &[]).await;
        let refused = browser.submit(&page, &[("code", &late)]).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert!(!is_signed_in(&browser, &app).await);
    })
    .await;
}

#[actix_web::test]
async fn after_too_many_wrong_codes_one_has_to_wait_and_is_told_how_long() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        for _ in 0..app.config.limits.failed_codes_in_five_minutes {
            assert_eq!(browser.submit(&page, &[("code", "00")]).await.status, 422);
        }
        let right = alice.phone.code(app.now());
        let throttled = browser.submit(&page, &[("code", &right)]).await;
        assert_eq!(throttled.status, 429);
        let wait: i64 = throttled.header("retry-after").parse().unwrap();
        assert!(throttled.body.contains("data-countdown"), "{}", throttled.body);
        app.clock.advance(Seconds(wait));
        let done = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        assert!(done.answer().contains_key("code"));
    })
    .await;
}

#[actix_web::test]
async fn what_waits_for_a_code_belongs_to_the_browser_that_typed_the_password() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        let thief = Browser::new(&app);
        assert!(thief.get(page.url.as_str()).await.has_id("error-page"));
        thief.open(&app.authorize_url("first-party", &[])).await; // it has a cookie of its own now
        assert!(thief.get(page.url.as_str()).await.has_id("error-page"));
        let stolen = thief.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        assert!(stolen.has_id("error-page"), "{}", stolen.body);
        assert_eq!(sessions(&app, &alice.user).await, 0);
        assert!(browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await.answer().contains_key("code"));
    })
    .await;
}

#[actix_web::test]
async fn a_form_of_another_site_is_refused() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        let code = ("code".to_owned(), alice.phone.code(app.now()));
        let fields: Vec<_> = page.hidden_fields().into_iter().chain([code]).collect();
        let without: Vec<_> = fields.iter().filter(|(name, _)| name != "csrf").cloned().collect();
        assert_eq!(browser.post("/login/totp", &without).await.status, 403);
        let foreign = browser.post_with("/login/totp", &fields, ("sec-fetch-site", "cross-site")).await;
        assert_eq!((foreign.status.as_u16(), sessions(&app, &alice.user).await), (403, 0));
        assert_eq!(browser.post("/login/totp", &fields).await.status, 303, "and used nothing up");
    })
    .await;
}

#[actix_web::test]
async fn a_password_that_was_proven_counts_for_ten_minutes() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        for (after, arrives) in [(600, true), (601, false)] {
            let browser = Browser::new(&app);
            let page = after_password(&browser, &app, &[]).await;
            app.clock.advance(Seconds(after));
            let page = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
            let page = browser.follow(page).await;
            assert_eq!(page.location().is_some_and(|location| location.contains("code=")), arrives, "{after}");
            assert_eq!(page.has_id("login-page"), !arrives, "{after}: {}", page.body);
        }
    })
    .await;
}

#[actix_web::test]
async fn what_changed_meanwhile_counts() {
    on_each_engine(async |app| {
        let alice = alice(&app).await;
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        app.clock.advance(Seconds(1));
        let phc = auth::passwords::hash_blocking(&app.config.passwords, PASSWORD).unwrap();
        store::passwords::set(&app.store, &alice.user.id, &phc, app.now()).await.unwrap();
        let changed = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        assert!(browser.follow(changed).await.has_id("login-page"), "the password that was proven is no more");
        let page = after_password(&browser, &app, &[]).await;
        let _won = store::users::disable(&app.store, &alice.user.id, app.now()).await.unwrap();
        app.clock.advance(Seconds(30));
        let disabled = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        assert!(browser.follow(disabled).await.has_id("login-page"));
        assert_eq!(sessions(&app, &alice.user).await, 0);
    })
    .await;
}
