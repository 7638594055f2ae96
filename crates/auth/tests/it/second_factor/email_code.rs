//! `/login/email-code`: sent when it is asked for, to the proven address, for this sign-in and this person.

use std::time::{Duration, Instant};

use auth::config::MailTransport;
use protocol::time::Seconds;
use serde_json::json;
use testkit::browser::{Browser, Page};
use testkit::database::{TestDatabase, engines};

use super::*;
use crate::on_each_engine;

pub(super) async fn app(database: TestDatabase) -> TestApp {
    configured(database, |config| {
        config.mail.transport = MailTransport::Mailbox;
        "accounts@example.com".clone_into(&mut config.mail.from);
        config.second_factor.email_code = true;
        config.limits.mails_per_address = 10;
    })
    .await
}

/// Up to the page that offers to send a code.
async fn arrive(browser: &Browser, app: &TestApp) -> Page {
    let page = after_password(browser, app, &[]).await;
    let page = other_way(browser, &page, "/login/email-code").await;
    assert!(page.has_id("email-code-page"), "{}", page.body);
    page
}

async fn send(browser: &Browser, page: &Page) -> Page {
    let page = browser.submit(page, &[]).await;
    browser.follow(page).await
}

/// The codes that were mailed, the latest first, once there are so many.
pub(super) async fn codes(app: &TestApp, many: usize) -> Vec<String> {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let mails = store::mailbox::latest(&app.store, 100).await.unwrap();
        let texts = mails.iter().map(|mail| mail.text.as_str());
        let codes: Vec<String> = texts.filter_map(code_in).collect();
        if codes.len() >= many {
            return codes;
        }
        assert!(Instant::now() < until, "{} of {many} codes arrived", codes.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn code_in(mail: &str) -> Option<String> {
    let lines = mail.lines().map(|line| line.chars().filter(|c| !c.is_whitespace()).collect::<String>());
    lines.into_iter().find(|line| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit()))
}

fn other_than(code: &str) -> &'static str {
    if code == "00000000" { "11111111" } else { "00000000" }
}

#[actix_web::test]
async fn a_code_is_sent_by_the_form_only_and_signs_in_once() {
    for database in engines() {
        let app = app(database).await;
        alice(&app).await;
        let browser = Browser::new(&app);
        let page = arrive(&browser, &app).await;
        assert!(page.body.contains("a…@example.test") && !page.body.contains("alice@example.test"), "{}", page.body);
        browser.get(page.url.as_str()).await;
        assert!(store::mails::latest(&app.store, 10).await.unwrap().is_empty(), "opening the page sends nothing");
        let sent = send(&browser, &page).await;
        assert!(sent.has_id("code") && !sent.has_id("email-code-send"), "{}", sent.body);
        let code = codes(&app, 1).await.remove(0);
        assert_eq!(browser.submit(&sent, &[("code", other_than(&code))]).await.status, 422);
        let typed = format!("{} {}", &code[..4], &code[4..]);
        let done = browser.submit(&sent, &[("code", &typed)]).await;
        assert_eq!(id_token(&app, &done).await["amr"], json!(["pwd", "otp", "mfa"]));
        assert_eq!(store::mails::latest(&app.store, 10).await.unwrap().len(), 1);
    }
}

#[actix_web::test]
async fn the_next_code_comes_after_half_a_minute_and_replaces_the_one_before() {
    for database in engines() {
        let app = app(database).await;
        alice(&app).await;
        let browser = Browser::new(&app);
        let page = arrive(&browser, &app).await;
        let sent = send(&browser, &page).await;
        send(&browser, &page).await;
        let first = codes(&app, 1).await.remove(0);
        assert_eq!(store::mails::latest(&app.store, 10).await.unwrap().len(), 1, "not twice in a row");
        app.clock.advance(Seconds(30));
        let again = send(&browser, &page).await;
        let second = codes(&app, 2).await.remove(0);
        if first != second {
            assert_eq!(browser.submit(&sent, &[("code", &first)]).await.status, 422);
        }
        assert!(browser.submit(&again, &[("code", &second)]).await.answer().contains_key("code"));
    }
}

#[actix_web::test]
async fn a_code_is_for_one_sign_in_one_person_and_ten_minutes() {
    for database in engines() {
        let app = app(database).await;
        let bob = app.user("bob").await;
        let (_, state) = (alice(&app).await, state(&app));
        phone(&state, &app, &bob).await;
        let first = Browser::new(&app);
        let page = arrive(&first, &app).await;
        send(&first, &page).await;
        let code = codes(&app, 1).await.remove(0);
        let second = Browser::new(&app);
        let other = arrive(&second, &app).await;
        app.clock.advance(Seconds(1)); // the mailbox is sorted by seconds
        let other = send(&second, &other).await;
        assert_eq!(second.submit(&other, &[("code", &code)]).await.status, 422, "of another sign-in");
        // Somebody else goes on in the same interaction with the code that alice got.
        let login = first.get(&format!("/login?interaction={}&account=other", interaction(&page))).await;
        assert!(first.sign_in(&login, "bob").await.has_id("totp-page"));
        let as_bob = other_way(&first, &page, "/login/email-code").await;
        assert!(!as_bob.has_id("code"), "nothing was sent to bob");
        let fields = [as_bob.hidden_fields(), vec![("code".to_owned(), code.clone())]].concat();
        let fields: Vec<_> = fields.into_iter().filter(|(name, _)| name != "send").collect();
        assert_eq!(first.post("/login/email-code", &fields).await.status, 422);
        assert_eq!(sessions(&app, &bob).await, 0);
        // Too late.
        let third = Browser::new(&app);
        let page = arrive(&third, &app).await;
        app.clock.advance(Seconds(400));
        let page = after_password_again(&third, &page).await;
        let page = send(&third, &page).await;
        let code = codes(&app, 3).await.remove(0);
        app.clock.advance(Seconds(600));
        let late = third.submit(&page, &[("code", &code)]).await;
        assert_eq!(late.status, 422, "{}", late.body);
    }
}

/// The same interaction, the password typed once more.
async fn after_password_again(browser: &Browser, page: &Page) -> Page {
    let login = browser.get(&format!("/login?interaction={}&account=other", interaction(page))).await;
    let page = browser.sign_in(&login, "alice").await;
    other_way(browser, &page, "/login/email-code").await
}

/// Strangers can ask for mail to her address as often as they are let.
#[actix_web::test]
async fn what_strangers_ask_for_keeps_nobody_from_a_code() {
    for database in engines() {
        let app = app(database).await;
        alice(&app).await;
        let stranger = Browser::new(&app);
        for _ in 0..=app.config.limits.mails_per_address {
            let page = stranger.open("/recover").await;
            stranger.submit(&page, &[("username", "alice@example.test")]).await;
        }
        let page = stranger.open("/recover").await;
        assert_eq!(stranger.submit(&page, &[("username", "alice@example.test")]).await.status, 429);
        let browser = Browser::new(&app);
        let sent = send(&browser, &arrive(&browser, &app).await).await;
        assert!(sent.has_id("code"), "{}", sent.body);
        let code = codes(&app, 1).await.remove(0);
        assert!(browser.submit(&sent, &[("code", &code)]).await.answer().contains_key("code"));
    }
}

#[actix_web::test]
async fn whoever_knows_the_password_gets_so_many_codes_in_an_hour() {
    for database in engines() {
        let app = app(database).await;
        alice(&app).await;
        let browser = Browser::new(&app);
        for number in 0..=app.config.limits.mails_per_address {
            app.clock.advance(Seconds(30));
            let page = arrive(&browser, &app).await;
            let sent = browser.submit(&page, &[]).await;
            let expected = if number < app.config.limits.mails_per_address { 303 } else { 429 };
            assert_eq!(sent.status, expected, "{number}");
        }
    }
}

#[actix_web::test]
async fn where_the_settings_do_not_allow_it_there_is_no_such_way() {
    on_each_engine(async |app| {
        alice(&app).await;
        let browser = Browser::new(&app);
        let page = after_password(&browser, &app, &[]).await;
        assert!(!page.body.contains("/login/email-code"));
        assert!(other_way(&browser, &page, "/login/email-code").await.has_id("totp-page"));
        let send = [page.hidden_fields(), vec![("send".to_owned(), "yes".to_owned())]].concat();
        assert_eq!(browser.post("/login/email-code", &send).await.status, 303);
        assert!(store::mails::latest(&app.store, 10).await.unwrap().is_empty());
    })
    .await;
}
