//! A recovery code in the place of a mail.

use std::sync::Arc;

use auth::config::Config;
use auth::{AppState, recovery_codes};
use futures_util::future::join_all;
use protocol::time::Seconds;
use testkit::app::{PASSWORD, TestApp};
use testkit::browser::{Browser, Page};

use super::{ALICE, NEW, opens};
use crate::signup::{mail_to, page_id, with_mail, with_settings};

async fn codes(app: &TestApp) -> Vec<String> {
    let (config, keys) = (Arc::clone(&app.config), Arc::clone(&app.keys));
    let state = AppState::with_clock(config, app.store.clone(), keys, app.clock.clone()).unwrap();
    let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
    recovery_codes::make_first(&state, &alice.id, app.now()).await.unwrap().unwrap()
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

/// By network, whatever the name: strangers elsewhere can try as long as they like, and the owner gets in all the same.
#[actix_web::test]
async fn tries_are_limited_and_keep_nobody_from_signing_in() {
    let settings = |config: &mut Config| {
        config.limits.failed_passkeys_per_network = 30;
        config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap(), "::1/128".parse().unwrap()];
    };
    with_settings(settings, async |app| {
        let (codes, browser) = (codes(&app).await, Browser::new(&app));
        let from = async |peer: &str, name: &str, code: &str| {
            let page = browser.open("/recover/code").await;
            let typed = [("username", name), ("recovery-code", code)];
            let typed = typed.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let form = [page.hidden_fields(), typed.to_vec()].concat();
            browser.post_with("/recover/code", &form, ("x-forwarded-for", peer)).await
        };
        let wrong = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV";
        for at in 0..30 {
            let name = if at % 3 == 0 { "nobody" } else { "alice" };
            assert_eq!(from("192.0.2.7", name, wrong).await.status, 422);
        }
        let refused = from("192.0.2.7", "alice", &codes[0]).await;
        assert_eq!((refused.status.as_u16(), page_id(&refused)), (429, "recover-code-page"));
        assert!(opens(&app, PASSWORD).await.is_some());
        assert_eq!(from("198.51.100.7", "alice", &codes[0]).await.status, 303);
    })
    .await;
}
