//! Another password.

use protocol::security_event::SecurityEvent;
use testkit::app::PASSWORD;
use testkit::authenticator::Authenticator;
use testkit::browser::Browser;
use testkit::requests::{As, text};

use super::{PASSWORD_PAGE, add, alice, connect, events, send, sessions, signed_in, told, with_mail};
use crate::on_each_engine;

const NEW: &str = "three green apples in a row";

fn fields<'a>(current: &'a str, new: &'a str) -> [(&'a str, &'a str); 2] {
    [("current-password", current), ("new-password", new)]
}

async fn signs_in(app: &testkit::app::TestApp, password: &str) -> bool {
    let browser = Browser::new(app);
    let login = browser.open("/account").await;
    let page = browser.submit(&login, &[("username", "alice"), ("password", password)]).await;
    !browser.follow(page).await.has_id("login-page")
}

#[actix_web::test]
async fn the_new_one_counts_others_are_signed_out_and_the_owner_hears_of_it() {
    with_mail(async |app| {
        let (browser, page) = signed_in(&app, PASSWORD_PAGE).await;
        let (elsewhere, _) = signed_in(&app, "/account").await;
        let done = send(&browser, &page, PASSWORD_PAGE, &fields(PASSWORD, NEW)).await;
        assert!(done.has_id("security-page"), "{}", done.body);
        assert!(elsewhere.open("/account").await.has_id("login-page"));
        assert!(browser.get("/account").await.has_id("account-page"));
        assert_eq!((signs_in(&app, PASSWORD).await, signs_in(&app, NEW).await), (false, true));
        assert_eq!(events(&app, SecurityEvent::PasswordChanged).await, 1);
        told(&app, "password").await;
    })
    .await;
}

#[actix_web::test]
async fn apps_lose_what_they_may_do_in_the_absence_of_the_owner_if_that_is_asked_for() {
    on_each_engine(async |app| {
        let (browser, page) = signed_in(&app, PASSWORD_PAGE).await;
        assert!(page.body.contains("name=\"end-access\" value=\"yes\" checked"), "{}", page.body);
        let mut password = PASSWORD;
        for (ticked, new, refreshed) in [(false, NEW, 200), (true, "two yellow pears in a bowl", 400)] {
            let answer = browser.authorize(&app.authorize_url("public", &[])).await;
            let tokens = app.redeem(As::Public("public"), &answer["code"], &[]).await.json();
            let page = browser.open(PASSWORD_PAGE).await;
            let mut sent = fields(password, new).to_vec();
            sent.extend(ticked.then_some(("end-access", "yes")));
            assert!(send(&browser, &page, PASSWORD_PAGE, &sent).await.has_id("security-page"));
            let answer = app.refresh(As::Public("public"), text(&tokens, "refresh_token"), &[]).await;
            assert_eq!(answer.status, refreshed, "{}", answer.body);
            password = new;
        }
    })
    .await;
}

#[actix_web::test]
async fn nothing_changes_without_the_current_one_or_with_a_weak_one() {
    on_each_engine(async |app| {
        let (browser, page) = signed_in(&app, PASSWORD_PAGE).await;
        let long = "x".repeat(2000);
        for (current, new, id) in [
            ("", NEW, "current-password-error"),
            ("wrong", NEW, "current-password-error"),
            (&long, NEW, "current-password-error"),
            (PASSWORD, "short", "new-password-error"),
            (PASSWORD, "", "new-password-error"),
            (PASSWORD, "passwordpassword", "new-password-error"),
            (PASSWORD, PASSWORD, "new-password-error"),
        ] {
            let refused = send(&browser, &page, PASSWORD_PAGE, &fields(current, new)).await;
            assert_eq!(refused.status, 422, "{current:.9} {new}");
            assert!(refused.has_id(id), "{current:.9} {new}: {}", refused.body);
        }
        let missing = send(&browser, &page, PASSWORD_PAGE, &[("new-password", NEW)]).await;
        assert!(missing.has_id("current-password-error"));
        assert!(signs_in(&app, PASSWORD).await);
        assert_eq!(events(&app, SecurityEvent::PasswordChanged).await, 0);
    })
    .await;
}

#[actix_web::test]
async fn guesses_at_the_current_one_are_counted() {
    on_each_engine(async |app| {
        let (browser, page) = signed_in(&app, PASSWORD_PAGE).await;
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(send(&browser, &page, PASSWORD_PAGE, &fields("wrong", NEW)).await.status.as_u16());
        }
        assert_eq!((statuses[0], *statuses.last().unwrap()), (422, 429), "{statuses:?}");
        let right = send(&browser, &page, PASSWORD_PAGE, &fields(PASSWORD, NEW)).await;
        assert_eq!(right.status, 429);
        assert!(!right.header("retry-after").is_empty());
    })
    .await;
}

#[actix_web::test]
async fn beside_a_second_factor_a_shorter_one_will_do_and_is_marked() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, PASSWORD_PAGE).await;
        connect(&app, &browser).await;
        let page = browser.open(PASSWORD_PAGE).await;
        let done = send(&browser, &page, PASSWORD_PAGE, &fields(PASSWORD, "kdw92-xq")).await;
        assert!(done.has_id("security-page"), "{}", done.body);
        assert!(store::passwords::needs_second_factor(&app.store, &alice(&app).await.id).await.unwrap());
        assert_eq!(sessions(&app).await.len(), 1);
    })
    .await;
}

#[actix_web::test]
async fn password_managers_find_the_page() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, "/account").await;
        assert!(browser.open("/.well-known/change-password").await.has_id("account-password-page"));
    })
    .await;
}

#[actix_web::test]
async fn a_passkey_does_not_spare_the_current_password() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, PASSWORD_PAGE).await;
        add(&app, &browser, &mut Authenticator::new()).await;
        let page = browser.open(PASSWORD_PAGE).await;
        let refused = send(&browser, &page, PASSWORD_PAGE, &[("new-password", NEW)]).await;
        assert!(refused.status == 422 && refused.has_id("current-password-error"), "{}", refused.body);
    })
    .await;
}
