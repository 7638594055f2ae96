//! When a session ends by itself: not used for a time, or an age beyond all use, each with and without *keep me signed in*.

use std::time::Duration;

use auth::config::Config;
use protocol::time::Seconds;
use testkit::app::{PASSWORD, TestApp, TestOptions};
use testkit::browser::Browser;
use testkit::database::engines;

/// Four times of which none is another one.
const IDLE: i64 = 1_000;
const LIFETIME: i64 = 2_500;
const KEEP_IDLE: i64 = 6_000;
const KEEP_LIFETIME: i64 = 14_000;

async fn with_four_times<F: Future<Output = ()>>(test: impl Fn(TestApp) -> F) {
    for database in engines() {
        let config = Box::new(|config: &mut Config| {
            config.sessions.idle = IDLE;
            config.sessions.lifetime = LIFETIME;
            config.sessions.keep_idle = KEEP_IDLE;
            config.sessions.keep_lifetime = KEEP_LIFETIME;
        });
        test(TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await).await;
    }
}

async fn signed_in(app: &TestApp, keep: &[(&str, &str)]) -> Browser {
    let browser = Browser::new(app);
    let login = browser.open("/account").await;
    let typed = [&[("username", "alice"), ("password", PASSWORD)], keep].concat();
    let page = browser.submit(&login, &typed).await;
    assert!(browser.follow(page).await.has_id("account-page"));
    browser
}

async fn lives(browser: &Browser) -> bool {
    let page = browser.open("/account").await;
    assert!(page.has_id("account-page") != page.has_id("login-page"), "{}", page.body);
    page.has_id("account-page")
}

/// Uses the only session there is, and waits for the note of that, which is written off the request's path.
async fn used(app: &TestApp, browser: &Browser) {
    assert!(lives(browser).await, "at {}", app.now());
    let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
    for _ in 0..200 {
        let sessions = store::sessions::living_of_user(&app.store, &alice.id, app.now()).await.unwrap();
        if sessions.iter().any(|session| session.last_seen_at == app.now()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the use of the session was not noted");
}

#[actix_web::test]
async fn each_kind_of_session_has_its_own_two_ends() {
    with_four_times(async |app| {
        for (keep, idle, lifetime) in [(&[][..], IDLE, LIFETIME), (&[("keep", "yes")][..], KEEP_IDLE, KEEP_LIFETIME)] {
            let browser = signed_in(&app, keep).await;
            app.clock.advance(Seconds(idle));
            assert!(!lives(&browser).await, "{keep:?}: over when it was not used for {idle} s");

            let browser = signed_in(&app, keep).await;
            let mut age = 0;
            while age + idle - 1 < lifetime - 1 {
                app.clock.advance(Seconds(idle - 1));
                age += idle - 1;
                used(&app, &browser).await;
            }
            app.clock.advance(Seconds(lifetime - 1 - age));
            assert!(lives(&browser).await, "{keep:?}: one second before its end");
            app.clock.advance(Seconds(1));
            assert!(!lives(&browser).await, "{keep:?}: over after {lifetime} s, however much it is used");
        }
    })
    .await;
}
