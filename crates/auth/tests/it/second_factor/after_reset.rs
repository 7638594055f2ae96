//! What a password was reset by is no second factor beside it: one mailbox, or one sheet of codes, is one factor.

use protocol::login::ResetBy;
use protocol::security_event::SecurityEvent;
use testkit::browser::{Browser, Page};

use super::email_code::app;
use super::*;
use crate::signup::{link, mail_to};

const NEW: &str = "a path of green lanterns";

/// The page that follows the new password.
async fn with_new_password(browser: &Browser, app: &TestApp) -> Page {
    let page = browser.open(&app.authorize_url("first-party", &[])).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", NEW)]).await;
    let page = browser.follow(page).await;
    assert!(page.has_id("totp-page"), "{}", page.body);
    page
}

async fn reset(app: &TestApp, browser: &Browser, page: &Page) {
    assert!(page.has_id("recover-password-page"), "{}", page.body);
    app.clock.advance(Seconds(1));
    assert_eq!(browser.submit(page, &[("new-password", NEW)]).await.status, 303);
}

async fn by_mail(app: &TestApp) {
    let browser = Browser::new(app);
    let page = browser.open("/recover").await;
    browser.submit(&page, &[("username", "alice")]).await;
    let link = link(app, &mail_to(app, "alice@example.test", 1).await, "/recover");
    reset(app, &browser, &browser.open(&link).await).await;
}

async fn by_code(app: &TestApp, code: &str) {
    let browser = Browser::new(app);
    let page = browser.open("/recover/code").await;
    let page = browser.submit(&page, &[("username", "alice"), ("recovery-code", code)]).await;
    reset(app, &browser, &browser.follow(page).await).await;
}

async fn reset_by(app: &TestApp, alice: &Alice) -> Option<ResetBy> {
    store::users::factors(&app.store, &alice.user.id).await.unwrap().reset_by
}

/// Alice, signed in, chooses another password.
async fn choose_another(app: &TestApp, alice: &Alice) {
    let sessions = store::sessions::living_of_user(&app.store, &alice.user.id, app.now()).await.unwrap();
    let how = store::passwords::How::Changed { session: &sessions[0].id, access: store::passwords::Access::GoesOn };
    let phc = auth::passwords::hash_blocking(&app.config.passwords, NEW).unwrap();
    let new = store::passwords::NewPassword { phc, needs_second_factor: false };
    store::passwords::replace(&app.store, &alice.user.id, &new, how, app.now()).await.unwrap();
}

#[actix_web::test]
async fn a_mailbox_that_reset_the_password_is_not_asked_for_a_code_as_well() {
    for database in testkit::database::engines() {
        let app = app(database).await;
        let alice = alice(&app).await;
        by_mail(&app).await;
        assert_eq!(reset_by(&app, &alice).await, Some(ResetBy::Email));
        let browser = Browser::new(&app);
        let page = with_new_password(&browser, &app).await;
        assert!(page.body.contains("/login/recovery-code") && !page.body.contains("/login/email-code"));
        assert!(other_way(&browser, &page, "/login/email-code").await.has_id("totp-page"));
        let mails = store::mails::latest(&app.store, 100).await.unwrap().len();
        let send = [page.hidden_fields(), vec![("send".to_owned(), "yes".to_owned())]].concat();
        assert_eq!(browser.post("/login/email-code", &send).await.status, 303);
        assert_eq!(store::mails::latest(&app.store, 100).await.unwrap().len(), mails, "no code is sent");
        let recovery = other_way(&browser, &page, "/login/recovery-code").await;
        let done = browser.submit(&recovery, &[("recovery-code", &alice.codes[0])]).await;
        assert!(done.answer().contains_key("code"), "another factor counts");
        choose_another(&app, &alice).await;
        assert_eq!(reset_by(&app, &alice).await, None);
        let page = with_new_password(&Browser::new(&app), &app).await;
        assert!(page.body.contains("/login/email-code"), "the owner has shown that it is theirs");
    }
}

#[actix_web::test]
async fn a_sheet_of_codes_that_reset_the_password_is_not_the_second_factor_as_well() {
    for database in testkit::database::engines() {
        let app = app(database).await;
        let alice = alice(&app).await;
        by_code(&app, &alice.codes[0]).await;
        assert_eq!(reset_by(&app, &alice).await, Some(ResetBy::RecoveryCode));
        let browser = Browser::new(&app);
        let page = with_new_password(&browser, &app).await;
        assert!(page.body.contains("/login/email-code") && !page.body.contains("/login/recovery-code"));
        let refused = [page.hidden_fields(), vec![("recovery-code".to_owned(), alice.codes[1].clone())]].concat();
        assert_eq!(browser.post("/login/recovery-code", &refused).await.status, 303);
        assert_eq!(sessions(&app, &alice.user).await, 0);
        assert_eq!(events(&app, &alice.user, SecurityEvent::SignedIn).await, 0);
        let left = store::users::factors(&app.store, &alice.user.id).await.unwrap().recovery_codes;
        assert_eq!(left, 9, "and the code is not used up");
        let done = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
        assert!(done.answer().contains_key("code"), "another factor counts");
    }
}

/// Whoever types codes has the password.
#[actix_web::test]
async fn the_owner_hears_of_the_fifth_wrong_code_of_a_day_once() {
    for database in testkit::database::engines() {
        let app = app(database).await;
        let alice = alice(&app).await;
        let told = async || {
            let mails = store::mails::latest(&app.store, 100).await.unwrap();
            mails.iter().filter(|mail| mail.kind == "second_factor_failed").count()
        };
        let browser = Browser::new(&app);
        let fail = async || {
            let page = after_password(&browser, &app, &[]).await;
            assert_eq!(browser.submit(&page, &[("code", "00")]).await.status, 422);
        };
        for _ in 0..4 {
            fail().await;
        }
        assert_eq!(told().await, 0, "a typing error is no news");
        app.clock.advance(Seconds(300));
        fail().await;
        assert_eq!(told().await, 1);
        for _ in 0..4 {
            fail().await;
        }
        app.clock.advance(Seconds::hours(1));
        fail().await;
        assert_eq!(told().await, 1, "once a day");
        app.clock.advance(Seconds::days(1));
        for _ in 0..5 {
            fail().await;
        }
        assert_eq!(told().await, 2);
        assert!(events(&app, &alice.user, SecurityEvent::SecondFactorFailed).await >= 15);
    }
}
