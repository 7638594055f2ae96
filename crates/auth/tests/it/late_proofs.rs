//! Proofs that come too late: a password that is replaced while it is verified, a session that ends while it is stepped up, a sign-in
//! that was left lying.

use auth::recovery_codes;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use store::passwords::{How, NewPassword};
use testkit::app::{PASSWORD, TestApp, TestOptions};
use testkit::browser::{Browser, Page};
use testkit::database::{TestDatabase, engines};

use crate::limits::state;
use crate::on_each_engine;
use crate::second_factor::alice;

const LEVEL_TWO: (&str, &str) = ("acr_values", "2");

/// One password is verified at a time, and nobody is refused for want of patience or for guessing.
async fn slow(database: TestDatabase) -> TestApp {
    let config = Box::new(|config: &mut auth::config::Config| {
        (config.passwords.threads, config.passwords.max_wait_ms, config.passwords.memory_kib) = (1, 60_000, 131_072);
        (config.limits.failed_logins_per_account, config.limits.failed_codes_in_five_minutes) = (100, 100);
    });
    TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await
}

fn interaction(page: &Page) -> String {
    page.hidden_fields().into_iter().find(|(name, _)| name == "interaction").expect("a step").1
}

fn begins_a_session(page: &Page) -> bool {
    let mut cookies = page.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    cookies.any(|cookie| cookie.starts_with("countersign_session="))
}

async fn living(app: &TestApp, name: &str) -> usize {
    let user = store::users::find_by_login(&app.store, name).await.unwrap().unwrap();
    store::sessions::living_of_user(&app.store, &user.id, app.now()).await.unwrap().len()
}

/// They all read the hash; while they wait for their turn the password is replaced, or the account disabled.
#[actix_web::test]
async fn no_session_begins_with_a_password_that_is_replaced_or_whose_owner_is_disabled_while_it_is_verified() {
    for (disable, database) in [false, true].into_iter().flat_map(|it| engines().into_iter().map(move |db| (it, db))) {
        let app = slow(database).await;
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let mut pages = Vec::new();
        for _ in 0..6 {
            let browser = Browser::new(&app);
            let page = browser.open(&app.authorize_url("first-party", &[])).await;
            pages.push((browser, page));
        }
        let typed = [("username", "alice"), ("password", PASSWORD)];
        let mut answers: FuturesUnordered<_> =
            pages.iter().map(|(browser, page)| browser.submit(page, &typed)).collect();
        let first = answers.next().await.expect("six");
        assert!(first.answer().contains_key("code"));
        if disable {
            let _won = store::users::disable(&app.store, &alice.id, app.now()).await.unwrap();
        } else {
            let new = NewPassword { phc: "$argon2id$another".to_owned(), needs_second_factor: false };
            store::passwords::replace(&app.store, &alice.id, &new, How::Forced, app.now()).await.unwrap();
        }
        let others: Vec<Page> = answers.collect().await;
        assert_eq!(living(&app, "alice").await, 0, "disable: {disable}");
        let last = others.last().expect("five");
        assert!(last.has_id("error-page") && !begins_a_session(last), "{}", last.body);
    }
}

/// Several tabs step up the same session at once, each with a code of its own. What loses must not begin a session in its place.
#[actix_web::test]
async fn a_step_up_that_comes_too_late_begins_no_session() {
    for database in engines() {
        let app = slow(database).await;
        let browser = Browser::new(&app);
        browser.authorize(&app.authorize_url("first-party", &[])).await;
        let alice = alice(&app).await;
        let codes = &alice.codes;
        let page = browser.open(&app.authorize_url("first-party", &[LEVEL_TWO])).await;
        let page = browser.open(&format!("/login/recovery-code?interaction={}", interaction(&page))).await;
        assert!(page.has_id("recovery-code-page"), "{}", page.body);
        let typed: Vec<_> = codes.iter().map(|code| [("recovery-code", code.as_str())]).collect();
        let answers = join_all(typed.iter().map(|typed| browser.submit(&page, typed))).await;
        assert_eq!(answers.iter().filter(|page| begins_a_session(page)).count(), 1);
        assert_eq!(living(&app, "alice").await, 1);
    }
}

/// The page was made for alice, after a password that she typed on it counted no more: it rests on her session.
#[actix_web::test]
async fn a_form_after_a_sign_in_that_was_left_lying_counts_for_the_session_it_rests_on() {
    on_each_engine(async |app| {
        for (somebody_else, status) in [(true, 403), (false, 303)] {
            let browser = Browser::new(&app);
            browser.authorize(&app.authorize_url("first-party", &[])).await;
            let alice = alice(&app).await;
            let page = browser.open(&app.authorize_url("first-party", &[LEVEL_TWO])).await;
            let id = interaction(&page);
            let login = browser.get(&format!("/login?interaction={id}&account=other")).await;
            assert!(browser.sign_in(&login, "alice").await.has_id("totp-page"));
            app.clock.advance(Seconds::minutes(11));
            let page = browser.open(&format!("/login/totp?interaction={id}")).await;
            assert!(page.has_id("totp-page"), "{}", page.body);
            if somebody_else {
                app.user("bob").await;
                let login = browser.open(&app.authorize_url("first-party", &[("prompt", "login")])).await;
                let login = browser.get(&format!("/login?interaction={}&account=other", interaction(&login))).await;
                assert!(browser.sign_in(&login, "bob").await.answer().contains_key("code"));
            }
            let answer = browser.submit(&page, &[("code", &alice.phone.code(app.now()))]).await;
            assert_eq!(answer.status, status, "{}", answer.body);
            let _won = auth::totp::remove(&state(&app), &alice.user.id).await.unwrap();
            recovery_codes::remove_all(&state(&app), &alice.user.id).await.unwrap();
        }
    })
    .await;
}

#[actix_web::test]
async fn one_person_has_room_for_fifty_sessions_and_the_one_not_used_for_longest_goes() {
    on_each_engine(async |app| {
        let first = Browser::new(&app);
        first.authorize(&app.authorize_url("first-party", &[])).await;
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let one = store::sessions::living_of_user(&app.store, &alice.id, app.now()).await.unwrap().remove(0);
        for number in 1..50 {
            let id = protocol::ids::SessionId::parse(&format!("s{number}")).unwrap();
            // Number 7 is the one.
            let last_seen_at = if number == 7 { one.last_seen_at - Seconds(1) } else { one.last_seen_at };
            let session = store::sessions::Session { id, last_seen_at, ..one.clone() };
            let _won = store::sessions::insert(&app.store, &session, None).await.unwrap();
        }
        assert_eq!(living(&app, "alice").await, 50);
        Browser::new(&app).authorize(&app.authorize_url("first-party", &[])).await;
        let left = store::sessions::living_of_user(&app.store, &alice.id, app.now()).await.unwrap();
        assert_eq!((left.len(), left.iter().any(|session| session.id.as_str() == "s7")), (50, false));
        let kind = Some(SecurityEvent::SessionEnded);
        let log = store::security_events::of_user(&app.store, &alice.id, kind, None, 10).await.unwrap();
        assert_eq!(log.iter().map(|entry| &entry.details["ended"]).collect::<Vec<_>>(), ["s7"]);
    })
    .await;
}
