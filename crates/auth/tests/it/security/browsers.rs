//! Browsers that are spared the second factor, and how that ends.

use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use testkit::app::{PASSWORD, TestApp};
use testkit::browser::{Browser, Page};
use testkit::otp::OtpApp;

use super::{SECURITY, TOTP, alice, connect, events, send, signed_in};
use crate::on_each_engine;

/// Signs in with a code and asks to be remembered.
async fn remembered(app: &TestApp, phone: &OtpApp) -> Browser {
    let browser = Browser::new(app);
    let login = browser.open("/account").await;
    let page = browser.sign_in(&login, "alice").await;
    assert!(page.has_id("totp-page"), "{}", page.body);
    let code = phone.code(app.now());
    let page = browser.submit(&page, &[("code", &code), ("remember", "yes")]).await;
    assert!(browser.follow(page).await.has_id("account-page"));
    app.clock.advance(Seconds(30));
    browser
}

async fn again(browser: &Browser) -> Page {
    let page = browser.open("/account").await;
    send(browser, &page, "/account/sign-out", &[]).await;
    let login = browser.open("/account").await;
    let page = browser.submit(&login, &[("username", "alice"), ("password", PASSWORD)]).await;
    browser.follow(page).await
}

fn browser_ids(page: &Page) -> Vec<String> {
    let buttons = page.body.split("name=\"browser\" value=\"").skip(1);
    buttons.map(|rest| rest.split('"').next().unwrap().to_owned()).filter(|id| id != "all").collect()
}

#[actix_web::test]
async fn one_or_all_are_forgotten_and_asked_again() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, SECURITY).await;
        let (phone, _) = connect(&app, &browser).await;
        let (first, second) = (remembered(&app, &phone).await, remembered(&app, &phone).await);
        assert!(again(&first).await.has_id("account-page"), "it is spared");
        let page = browser.open(SECURITY).await;
        let ids = browser_ids(&page);
        assert_eq!(ids.len(), 2, "{}", page.body);
        let page = send(&browser, &page, SECURITY, &[("browser", &ids[0])]).await;
        assert_eq!(browser_ids(&page).len(), 1);
        let page = send(&browser, &page, SECURITY, &[("browser", "nobody")]).await;
        assert_eq!(browser_ids(&page).len(), 1);
        let page = send(&browser, &page, SECURITY, &[("browser", "all")]).await;
        assert!(browser_ids(&page).is_empty());
        for forgotten in [first, second] {
            assert!(again(&forgotten).await.has_id("totp-page"));
        }
        assert_eq!(events(&app, SecurityEvent::BrowserForgotten).await, 2);
    })
    .await;
}

#[actix_web::test]
async fn the_sixth_is_forgotten_from_the_second_page() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, SECURITY).await;
        let (phone, _) = connect(&app, &browser).await;
        let mut all = Vec::new();
        for _ in 0..6 {
            all.push(remembered(&app, &phone).await);
        }
        let page = browser.open(SECURITY).await;
        assert_eq!(browser_ids(&page).len(), 5, "{}", page.body);
        assert!(page.body.contains("href=\"/account/security?from=5#browsers\""), "{}", page.body);
        let page = browser.open("/account/security?from=5").await;
        let ids = browser_ids(&page);
        assert_eq!(ids.len(), 1, "{}", page.body);
        assert!(page.body.contains("id=\"browsers\"") && page.body.contains("href=\"/account/security#browsers\""));
        let page = send(&browser, &page, SECURITY, &[("browser", &ids[0])]).await;
        assert_eq!(browser_ids(&page).len(), 5);
        assert!(!page.body.contains("?from="), "{}", page.body);
        assert!(again(&all[0]).await.has_id("totp-page"), "the one that was not seen for longest");
        assert!(again(&all[1]).await.has_id("account-page"));
    })
    .await;
}

#[actix_web::test]
async fn removing_a_factor_forgets_them() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, SECURITY).await;
        let (phone, _) = connect(&app, &browser).await;
        remembered(&app, &phone).await;
        let page = browser.open(TOTP).await;
        send(&browser, &page, &format!("{TOTP}/remove"), &[]).await;
        let state = crate::limits::state(&app);
        let known = auth::known_browsers::list(&state, &alice(&app).await.id, app.now()).await.unwrap();
        assert!(!known.is_empty() && known.iter().all(|browser| !browser.is_remembered(app.now())));
    })
    .await;
}
