//! Guessing: every try is counted before it is evaluated, in the database, for the account whatever its name; and nobody is
//! locked out of a browser that is known, or of a passkey, by what strangers do.

use std::net::IpAddr;
use std::sync::Arc;

use auth::AppState;
use auth::limits::{self, Asker, Reserved, Throttled};
use futures_util::future::join_all;
use protocol::action_token::Purpose;
use protocol::ids::{KnownBrowserId, UserId};
use protocol::time::Seconds;
use protocol::user::User;
use testkit::app::{PASSWORD, TestApp, TestOptions};
use testkit::browser::{Browser, Page};
use testkit::database::engines;

use crate::on_each_engine;

const GUESSES: usize = 200;

/// The server's own view of the database that it shares with `app`.
pub(crate) fn state(app: &TestApp) -> AppState {
    let (config, keys) = (Arc::clone(&app.config), Arc::clone(&app.keys));
    AppState::with_clock(config, app.store.clone(), keys, app.clock.clone()).expect("a state")
}

fn options() -> TestOptions {
    TestOptions { config: Box::new(|config| config.passwords.max_wait_ms = 60_000), ..TestOptions::default() }
}

fn typed<'a>(username: &'a str, password: &'a str) -> [(&'a str, &'a str); 2] {
    [("username", username), ("password", password)]
}

async fn login_page(browser: &Browser, app: &TestApp) -> Page {
    browser.open(&app.authorize_url("first-party", &[("prompt", "login")])).await
}

fn count(pages: &[Page], status: u16) -> usize {
    pages.iter().filter(|page| page.status == status).count()
}

#[actix_web::test]
async fn of_200_parallel_guesses_at_one_account_only_the_free_ones_are_evaluated() {
    for database in engines() {
        let mut app = TestApp::start_with(database, options()).await;
        let free = app.config.limits.failed_logins_per_account as usize;
        let browser = Browser::new(&app);
        let page = login_page(&browser, &app).await;
        // One person has several names, each of them several spellings; nobody has the last one.
        for names in [
            ["alice", " ALICE ", "alice@example.test", "Alice@Example.TEST"],
            ["nobody", "Nobody", "NOBODY", " nobody"],
        ] {
            let guesses = names.iter().cycle().take(GUESSES).map(|name| {
                let (browser, page) = (&browser, &page);
                async move { browser.submit(page, &typed(name, "wrong")).await }
            });
            let pages = join_all(guesses).await;
            assert_eq!((count(&pages, 422), count(&pages, 429)), (free, GUESSES - free), "{names:?}");
        }
        app.restart().await;
        let right = browser.submit(&page, &typed("alice", PASSWORD)).await;
        assert_eq!(right.status, 429, "a restart forgets nothing");
        app.clock.advance(Seconds(right.header("retry-after").parse().unwrap()));
        assert_eq!(browser.submit(&page, &typed("alice", PASSWORD)).await.status, 303);
        let again = browser.submit(&login_page(&browser, &app).await, &typed("alice", "wrong")).await;
        assert_eq!(again.status, 422, "a success begins afresh");
    }
}

#[actix_web::test]
async fn strangers_do_not_lock_a_known_browser_out_nor_does_it_let_them_in() {
    on_each_engine(async |app| {
        let known = Browser::new(&app);
        known.authorize(&app.authorize_url("first-party", &[])).await;
        let stranger = Browser::new(&app);
        let page = login_page(&stranger, &app).await;
        while stranger.submit(&page, &typed("alice", "wrong")).await.status == 422 {}
        assert_eq!(stranger.submit(&page, &typed("alice", PASSWORD)).await.status, 429);

        let own = login_page(&known, &app).await;
        assert_eq!(known.submit(&own, &typed("alice", "a typing error")).await.status, 422);
        assert_eq!(known.submit(&own, &typed("alice@example.test", PASSWORD)).await.status, 303);
        assert_eq!(stranger.submit(&page, &typed("alice", PASSWORD)).await.status, 429, "a lane of its own");

        // The lane is no open door either, and leads to this account only.
        let own = login_page(&known, &app).await;
        let mut evaluated = 0;
        while known.submit(&own, &typed("alice", "wrong")).await.status == 422 {
            evaluated += 1;
        }
        assert_eq!(evaluated, app.config.limits.failed_logins_per_account);
        app.user("bob").await;
        for _ in 0..app.config.limits.failed_logins_per_account {
            assert_eq!(stranger.submit(&page, &typed("bob", "wrong")).await.status, 422);
        }
        assert_eq!(known.submit(&own, &typed("bob", PASSWORD)).await.status, 429);
    })
    .await;
}

fn peer(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

async fn guess(state: &AppState, user: &User, from: &str) -> Result<Reserved, Throttled> {
    let asker = Asker { name: &user.username, account: Some(&user.id), known: None, peer: peer(from) };
    limits::password(state, asker, state.now()).await.expect("the database answers")
}

/// Reserves and fails until it is refused; tells how often that went.
async fn exhaust(mut reserve: impl AsyncFnMut() -> Result<Reserved, Throttled>) -> u32 {
    for went in 0..100_000 {
        match reserve().await {
            Ok(reserved) => reserved.failed(),
            Err(Throttled { .. }) => return went,
        }
    }
    panic!("there is no limit")
}

fn throttled(outcome: Result<Reserved, Throttled>) -> Option<i64> {
    outcome.err().map(|Throttled { retry_after }| retry_after.0)
}

#[actix_web::test]
async fn a_hundred_wrong_passwords_in_a_row_close_an_account_until_it_has_a_new_one() {
    on_each_engine(async |app| {
        let (state, alice) = (state(&app), app.user("alice2").await);
        let mut evaluated = 0;
        let closed = loop {
            // From everywhere and by any spelling, so that nothing but the counter of the account is in the way.
            let (name, from) = (format!("name {evaluated}"), peer(&format!("192.0.{evaluated}.7")));
            let asker = Asker { name: &name, account: Some(&alice.id), known: None, peer: from };
            match limits::password(&state, asker, state.now()).await.expect("the database answers") {
                Ok(reserved) => {
                    reserved.failed();
                    evaluated += 1;
                }
                Err(Throttled { retry_after }) if retry_after > Seconds(60) => break retry_after,
                Err(Throttled { retry_after }) => app.clock.advance(retry_after),
            }
        };
        let limits = &app.config.limits;
        assert_eq!((evaluated, closed), (limits.failed_logins_in_a_row, Seconds(limits.failed_logins_lock)));
        assert!(
            limits::passkey(&state, peer("192.0.2.7"), state.now()).await.unwrap().is_ok(),
            "a passkey is not a guess"
        );
        assert!(guess(&state, &alice, "198.51.100.7").await.is_err());
        limits::password_was_replaced(&state.store, state.keys.secrets(), &alice, None).await.unwrap();
        assert!(guess(&state, &alice, "198.51.100.7").await.is_ok());
    })
    .await;
}

/// NIST SP 800-63B-4 §3.2.2 counts failures in a row, however long that row takes.
#[actix_web::test]
async fn whoever_is_patient_meets_the_same_hundred() {
    on_each_engine(async |app| {
        let (state, alice) = (state(&app), app.user("alice2").await);
        let (limits, known) = (&app.config.limits, KnownBrowserId::parse("a-browser").unwrap());
        let patient = Seconds(limits.failed_logins_window + 60);
        for known in [None, Some(&known)] {
            let mut evaluated = 0;
            let stopped = loop {
                let asker = Asker { name: "alice2", account: Some(&alice.id), known, peer: peer("192.0.2.7") };
                match limits::password(&state, asker, state.now()).await.expect("the database answers") {
                    Ok(reserved) => reserved.failed(),
                    Err(Throttled { retry_after }) => break retry_after,
                }
                evaluated += 1;
                assert!(evaluated <= 200, "there is no end");
                app.clock.advance(patient);
            };
            assert_eq!(evaluated, limits.failed_logins_in_a_row, "{known:?}");
            assert!(stopped > Seconds(limits.failed_logins_lock / 2), "{stopped:?}");
        }
        let mut evaluated = 0;
        while let Ok(reserved) = limits::second_factor(&state, &alice.id, None, state.now()).await.unwrap() {
            reserved.failed();
            evaluated += 1;
            assert!(evaluated <= 200, "there is no end");
            app.clock.advance(Seconds::minutes(10));
        }
        assert_eq!(evaluated, limits.failed_codes_in_a_row);
        app.clock.advance(Seconds(limits.failed_logins_lock));
        let code = limits::second_factor(&state, &alice.id, None, state.now()).await.unwrap();
        code.expect("the lock is over").succeeded(&state).await;
    })
    .await;
}

/// Somebody who has reset their password signs in with it, whatever strangers typed.
#[actix_web::test]
async fn a_new_password_frees_each_name_of_the_account_and_the_browser_that_it_was_set_in() {
    on_each_engine(async |app| {
        let (state, alice) = (state(&app), app.user("alice2").await);
        let known = KnownBrowserId::parse("a-browser").unwrap();
        let email = alice.email.clone().unwrap();
        let guess = async |name: &str, account: &UserId, known: Option<&KnownBrowserId>| {
            let asker = Asker { name, account: Some(account), known, peer: peer("192.0.2.7") };
            limits::password(&state, asker, state.now()).await.expect("the database answers")
        };
        for name in ["alice2", email.as_str()] {
            // As if each time the name were of somebody else, so that nothing but the counter of the name is in the way.
            let mut number = 0;
            let evaluated = exhaust(async || {
                number += 1;
                guess(name, &UserId::parse(&format!("u{number}")).unwrap(), None).await
            });
            assert_eq!(evaluated.await, app.config.limits.failed_logins_per_name);
            assert!(guess(name, &alice.id, None).await.is_err(), "{name}");
        }
        exhaust(async || guess("alice2", &alice.id, Some(&known)).await).await;
        limits::password_was_replaced(&state.store, state.keys.secrets(), &alice, Some(&known)).await.unwrap();
        for (name, known) in [("alice2", None), (email.as_str(), None), ("alice2", Some(&known))] {
            assert!(guess(name, &alice.id, known).await.is_ok(), "{name} {known:?}");
        }
    })
    .await;
}

#[actix_web::test]
async fn one_network_guesses_so_often_whatever_the_names_and_its_neighbours_a_little_more() {
    for database in engines() {
        let options = TestOptions {
            config: Box::new(|config| {
                config.limits.failed_logins_per_network = 10;
                config.limits.failed_logins_per_wide_network = 15;
                config.limits.failed_logins_in_all = 20;
            }),
            ..TestOptions::default()
        };
        let app = TestApp::start_with(database, options).await;
        let state = state(&app);
        let spray = async |from: &str| {
            let mut number = 0;
            exhaust(async || {
                number += 1;
                let name = format!("{from} {number}");
                let asker = Asker { name: &name, account: None, known: None, peer: peer(from) };
                limits::password(&state, asker, state.now()).await.expect("the database answers")
            })
            .await
        };
        assert_eq!(spray("192.0.2.7").await, 10);
        assert_eq!(spray("::ffff:192.0.2.7").await, 0, "the same in other clothes");
        assert_eq!(spray("192.0.2.8").await, 5, "what is left for the /24");
        assert_eq!(spray("2001:db8::1").await, 5, "what is left for all");
        app.clock.advance(Seconds(app.config.limits.failed_logins_window));
        assert_eq!(spray("2001:db8::1").await, 10);
        assert_eq!(spray("2001:db8::ffff:1").await, 0, "the same /64");
    }
}

#[actix_web::test]
async fn what_succeeds_or_is_not_evaluated_is_charged_to_no_network() {
    on_each_engine(async |app| {
        let (state, alice) = (state(&app), app.user("alice2").await);
        for _ in 0..150 {
            guess(&state, &alice, "192.0.2.7").await.expect("is free").succeeded(&state).await;
            guess(&state, &alice, "192.0.2.7").await.expect("is free").not_evaluated(&state).await;
        }
    })
    .await;
}

#[actix_web::test]
async fn codes_of_every_kind_share_the_counters_of_the_account() {
    on_each_engine(async |app| {
        let (state, alice) = (state(&app), app.user("alice2").await);
        let code = async || limits::second_factor(&state, &alice.id, None, state.now()).await.expect("answers");
        for _ in 0..30 {
            code().await.expect("is free").succeeded(&state).await;
        }
        assert_eq!(exhaust(code).await, 5);
        assert_eq!(throttled(code().await), Some(300));
        app.clock.advance(Seconds(300));
        assert_eq!(exhaust(code).await, 5, "ten in an hour");
        assert_eq!(throttled(code().await), Some(3_300));
        app.clock.advance(Seconds(3_299));
        assert_eq!(throttled(code().await), Some(1));
        app.clock.advance(Seconds(1));
        assert_eq!(exhaust(code).await, 5);
    })
    .await;
}

/// A stranger who asks for other mails to an address takes no share of its owner's way back; and no link is refused while none is good.
#[actix_web::test]
async fn links_to_a_new_password_are_counted_by_themselves_and_for_as_long_as_one_is_good() {
    on_each_engine(async |app| {
        let state = state(&app);
        let (from, lifetime) = (peer("192.0.2.7"), Purpose::Recover.lifetime());
        let mail = async || limits::mail(&state, "ada@example.org", from, state.now()).await.expect("answers");
        let link = async |name: &str| limits::recovery_mail(&state, name, from, state.now()).await.expect("answers");
        assert_eq!(exhaust(mail).await, 3);
        assert_eq!(exhaust(async || link("ada@example.org").await).await, 3);
        assert_eq!(throttled(link(" Ada@Example.ORG").await), Some(lifetime.0));
        link("ada").await.expect("another name").failed();
        app.clock.advance(lifetime - Seconds(1));
        assert_eq!(throttled(link("ada@example.org").await), Some(1));
        app.clock.advance(Seconds(1));
        link("ada@example.org").await.expect("the links are no longer good").failed();
        assert_eq!(throttled(mail().await), Some(3_600 - lifetime.0));
    })
    .await;
}

#[actix_web::test]
async fn mails_and_sign_ups_are_so_many_in_an_hour() {
    on_each_engine(async |app| {
        let state = state(&app);
        let mail = async |to: &str, from: &str| {
            limits::mail(&state, to, peer(from), state.now()).await.expect("the database answers")
        };
        let (one, other) = ("192.0.2.7", "198.51.100.7");
        assert_eq!(exhaust(async || mail("ada@example.org", one).await).await, 3);
        assert_eq!(throttled(mail("ada@example.org", other).await), Some(3_600), "from wherever it is asked for");
        assert_eq!(throttled(mail(" Ada@Example.ORG", other).await), Some(3_600), "and however it is written");
        let mut number = 0;
        let to_anybody = async || {
            number += 1;
            mail(&format!("{number}@example.org"), one).await
        };
        assert_eq!(exhaust(to_anybody).await, 7, "what is left of ten for the network");
        assert_eq!(throttled(mail("bob@example.org", other).await), None);
        let sign_up = async || limits::sign_up(&state, peer(one), state.now()).await.expect("the database answers");
        assert_eq!(exhaust(sign_up).await, 5);
        // From one address after another of a wide network.
        let (mut mails, mut sign_ups) = (0, 0);
        for number in 0..100 {
            let from = format!("2001:db8:7:{number:x}::1");
            mails += exhaust(async || mail(&format!("{}-{number}@example.net", random_name()), &from).await).await;
            let peer = peer(&from);
            let sign_up = async || limits::sign_up(&state, peer, state.now()).await.expect("the database answers");
            sign_ups += exhaust(sign_up).await;
        }
        assert_eq!((mails, sign_ups), (100, 50));
    })
    .await;
}

fn random_name() -> String {
    auth::random::short()
}

/// OWASP ASVS 6.1.1 asks for these numbers in the documentation.
#[test]
fn the_documented_limits_are_those_of_the_settings() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/limits.md");
    let page = std::fs::read_to_string(page).expect("is there");
    let defaults = serde_json::to_value(auth::config::LimitsConfig::default()).expect("is plain data");
    for (key, default) in defaults.as_object().expect("a section") {
        if ["failed_", "mails_", "signups_", "interactions_"].iter().any(|start| key.starts_with(start)) {
            assert!(page.contains(&format!("| `{key}` | {default} |\n")), "{key} = {default}");
        }
    }
}
