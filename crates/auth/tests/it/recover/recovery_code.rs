//! A recovery code in the place of a mail.

use std::sync::Arc;

use auth::{AppState, recovery_codes};
use futures_util::future::join_all;
use protocol::time::Seconds;
use testkit::app::{PASSWORD, TestApp};
use testkit::browser::{Browser, Page};

use super::{ALICE, NEW, opens};
use crate::signup::{mail_to, page_id, with_mail};

async fn codes(app: &TestApp) -> Vec<String> {
    let (config, keys) = (Arc::clone(&app.config), Arc::clone(&app.keys));
    let state = AppState::with_clock(config, app.store.clone(), keys, app.clock.clone()).unwrap();
    let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
    recovery_codes::make(&state, &alice.id, app.now()).await.unwrap()
}

async fn send(browser: &Browser, name: &str, code: &str) -> Page {
    let page = browser.open("/recover/code").await;
    browser.submit(&page, &[("username", name), ("recovery-code", code)]).await
}

#[actix_web::test]
async fn a_code_becomes_a_link_and_is_used_up() {
    with_mail(async |app| {
        let (codes, browser) = (codes(&app).await, Browser::new(&app));
        let page = send(&browser, "ALICE@example.test", &codes[0].to_lowercase().replace('-', " ")).await;
        let page = browser.follow(page).await;
        assert!(page.has_id("recover-password-page"), "{}", page.body);
        app.clock.advance(Seconds(1));
        assert_eq!(browser.submit(&page, &[("new-password", NEW)]).await.status, 303);
        assert!(opens(&app, PASSWORD).await.is_none() && opens(&app, NEW).await.is_some());
        let again = send(&browser, "alice", &codes[0]).await;
        assert_eq!((again.status.as_u16(), page_id(&again)), (422, "recover-code-page"));
        mail_to(&app, ALICE, 2).await; // a code was used; the password was changed
        assert_eq!(send(&browser, "nobody", &codes[1]).await.status, 422);
        assert_eq!(send(&browser, "alice", &codes[1]).await.status, 303, "the others are good");
    })
    .await;
}

#[actix_web::test]
async fn of_32_who_use_one_code_one_goes_on() {
    with_mail(async |app| {
        let codes = codes(&app).await;
        let browser = Browser::new(&app);
        let page = browser.open("/recover/code").await;
        let typed = [("username", "alice"), ("recovery-code", codes[0].as_str())];
        let answers = join_all((0..32).map(|_| browser.submit(&page, &typed))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 303).count(), 1, "{answers:?}");
    })
    .await;
}

/// Strangers can try here as long as they like: the owner signs in all the same.
#[actix_web::test]
async fn tries_are_limited_and_keep_nobody_from_signing_in() {
    with_mail(async |app| {
        let (codes, browser) = (codes(&app).await, Browser::new(&app));
        let wrong = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV";
        for name in ["alice", "nobody"] {
            for _ in 0..app.config.limits.failed_codes_in_five_minutes {
                assert_eq!(send(&browser, name, wrong).await.status, 422);
            }
            let refused = send(&browser, name, wrong).await;
            assert_eq!((refused.status.as_u16(), page_id(&refused)), (429, "recover-code-page"));
        }
        assert!(opens(&app, PASSWORD).await.is_some());
        app.clock.advance(Seconds(300));
        assert_eq!(send(&browser, "alice", &codes[0]).await.status, 303);
    })
    .await;
}
