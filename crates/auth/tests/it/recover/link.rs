//! The link by mail, and the one that an administrator hands over.

use std::sync::Arc;

use auth::action_tokens::{self, Order};
use auth::{AppState, totp};
use futures_util::future::join_all;
use protocol::action_token::Purpose;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use store::security_events::of_user;
use testkit::app::{PASSWORD, TestApp};
use testkit::browser::{Browser, plain_http};
use testkit::otp::OtpApp;
use testkit::requests::{As, text};

use super::{ALICE, NEW, ask, opens, sent};
use crate::signup::{link, mail_to, mails_to, page_id, with_mail};

#[actix_web::test]
async fn a_link_sets_a_new_password_and_ends_the_sessions_of_others() {
    with_mail(async |app| {
        let elsewhere = Browser::new(&app);
        elsewhere.authorize(&app.authorize_url("first-party", &[])).await;
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url("first-party", &[])).await;
        let query = login.url.query().unwrap().to_owned();
        let page = browser.open(&format!("/recover?{query}")).await;
        let page = browser.follow(browser.submit(&page, &[("username", " ALICE ")]).await).await;
        assert!(page.has_id("recover-sent-page") && page.body.contains("/continue?interaction="));
        let link = link(&app, &mail_to(&app, ALICE, 1).await, "/recover");

        let page = browser.open(&link).await;
        assert!(page.has_id("recover-password-page") && page.body.contains("Alice Moreau"), "{}", page.body);
        assert!(page.body.contains("autocomplete=\"new-password\"") && page.body.contains("autocomplete=\"username\""));
        for weak in ["short", "alice@example.test"] {
            let refused = browser.submit(&page, &[("new-password", weak)]).await;
            assert!(refused.status == 422 && refused.has_id("new-password-error"), "{weak}");
        }
        app.clock.advance(Seconds(1));
        let done = browser.follow(browser.submit(&page, &[("new-password", NEW)]).await).await;
        assert!(done.has_id("recover-done-page"), "{}", done.body);
        let way = format!("/continue?{query}");
        assert!(done.body.contains(&way), "the sign-in that it began from waits: {}", done.body);
        let login = browser.open(&way).await;
        let arrived = browser.submit(&login, &[("username", "alice"), ("password", NEW)]).await;
        assert!(arrived.answer().contains_key("code"), "{}", arrived.body);

        assert!(opens(&app, PASSWORD).await.is_none() && opens(&app, NEW).await.is_some());
        let there = elsewhere.open(&app.authorize_url("first-party", &[])).await;
        assert!(there.has_id("login-page"), "that session is over");
        let over = browser.open(&link).await;
        assert_eq!((over.status.as_u16(), page_id(&over)), (410, "recover-over-page"));
        assert!(over.body.contains("href=\"/recover\""));
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let log = of_user(&app.store, &alice.id, None, None, 20).await.unwrap();
        assert!(log.iter().any(|entry| entry.kind == SecurityEvent::PasswordReset));
        mail_to(&app, ALICE, 2).await; // its owner is told
    })
    .await;
}

/// RFC 9700 §4.14: whoever knew the password may hold tokens, and those that outlive sessions outlive it no more.
#[actix_web::test]
async fn a_reset_ends_the_access_of_apps_and_forgets_the_other_browsers() {
    with_mail(async |app| {
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let tokens = app.tokens(As::Public("public"), &[("scope", "openid offline_access")]).await;
        let own = Browser::new(&app);
        own.authorize(&app.authorize_url("first-party", &[])).await;
        let known = async || {
            let known = store::known_browsers::list(&app.store, &alice.id, 20).await.unwrap();
            known.into_iter().map(|browser| browser.id).collect::<Vec<_>>()
        };
        let before = known().await;
        assert_eq!(before.len(), 2, "the one that granted the app, and hers");
        app.clock.advance(Seconds(1));
        ask(&app, &own, "alice").await;
        // Before it came word of a browser that was new.
        let page = own.open(&link(&app, &mail_to(&app, ALICE, 2).await, "/recover")).await;
        app.clock.advance(Seconds(1));
        assert_eq!(own.submit(&page, &[("new-password", NEW)]).await.status, 303);
        let refused = app.refresh(As::Public("public"), text(&tokens, "refresh_token"), &[]).await;
        assert_eq!(refused.json()["error"], "invalid_grant", "{}", refused.body);
        let after = known().await;
        assert!(after.len() == 1 && before.contains(&after[0]), "this one stays known: {after:?}");
        let login = own.open(&app.authorize_url("first-party", &[])).await;
        own.submit(&login, &[("username", "alice"), ("password", NEW)]).await;
        assert_eq!(known().await, after);
    })
    .await;
}

#[actix_web::test]
async fn scanners_use_nothing_up_and_get_nothing() {
    with_mail(async |app| {
        let link = sent(&app, &Browser::new(&app)).await;
        let scanner = plain_http().build().unwrap();
        for at in 0..20 {
            let url = app.url(&link);
            let request =
                if at % 2 == 0 { scanner.head(url) } else { scanner.get(url).header("sec-purpose", "prefetch") };
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
            assert!(cookies.iter().all(|cookie| !cookie.to_str().unwrap().contains("session")), "{cookies:?}");
        }
        // In another browser than the one that asked.
        let browser = Browser::new(&app);
        let page = browser.open(&link).await;
        let done = browser.follow(browser.submit(&page, &[("new-password", NEW)]).await).await;
        assert!(done.has_id("recover-done-page") && done.body.contains("href=\"/account\""), "{}", done.body);
        assert!(opens(&app, NEW).await.is_some());
    })
    .await;
}

#[actix_web::test]
async fn of_64_who_use_one_link_one_sets_the_password() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let link = sent(&app, &browser).await;
        let page = browser.open(&link).await;
        let passwords: Vec<_> = (0..64).map(|at| format!("{NEW} number {at}")).collect();
        let answers = join_all(
            passwords.iter().map(|it| async { browser.submit(&page, &[("new-password", it.as_str())]).await }),
        )
        .await;
        let won: Vec<_> = (0..64).filter(|at| answers[*at].status == 303).collect();
        assert_eq!(won.len(), 1, "{:?}", answers.iter().map(|answer| answer.status.as_u16()).collect::<Vec<_>>());
        assert!(opens(&app, &passwords[won[0]]).await.is_some());
        assert!(answers.iter().all(|answer| matches!(answer.status.as_u16(), 303 | 410 | 503)));
    })
    .await;
}

#[actix_web::test]
async fn a_link_is_void_after_half_an_hour_a_new_password_or_a_lock_out() {
    with_mail(async |app| {
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let browser = Browser::new(&app);
        let one = sent(&app, &browser).await;
        let page = browser.open(&one).await;
        app.clock.advance(Seconds::minutes(30));
        assert_eq!(browser.open(&one).await.status, 410);
        assert_eq!(browser.submit(&page, &[("new-password", NEW)]).await.status, 410);

        ask(&app, &browser, ALICE).await;
        let two = link(&app, &mail_to(&app, ALICE, 2).await, "/recover");
        assert_eq!(browser.open(&two).await.status, 200);
        let _won = store::users::disable(&app.store, &alice.id, app.now()).await.unwrap();
        assert_eq!(browser.open(&two).await.status, 410);
        let _won = store::users::enable(&app.store, &alice.id).await.unwrap();
        assert_eq!(browser.open(&two).await.status, 200, "an account as it was");
        let phc = auth::passwords::hash_blocking(&app.config.passwords, NEW).unwrap();
        app.clock.advance(Seconds(1));
        store::passwords::set(&app.store, &alice.id, &phc, app.now()).await.unwrap();
        assert_eq!(browser.open(&two).await.status, 410);
        assert!(opens(&app, PASSWORD).await.is_none() && opens(&app, NEW).await.is_some());
    })
    .await;
}

#[actix_web::test]
async fn only_a_proven_address_of_somebody_who_may_sign_in_is_written_to() {
    with_mail(async |app| {
        let bob = app.user("bob").await;
        let unproven = protocol::user::User { email_verified_at: None, ..bob.clone() };
        let _won = store::users::update(&app.store, &unproven).await.unwrap();
        let carol = app.user("carol").await;
        let _won = store::users::disable(&app.store, &carol.id, app.now()).await.unwrap();
        let browser = Browser::new(&app);
        for name in ["bob", "carol", "nobody", "nobody@example.test", "alice\r\nBcc: eve@example.test"] {
            ask(&app, &browser, name).await;
        }
        ask(&app, &browser, "alice").await;
        mail_to(&app, ALICE, 1).await;
        assert_eq!(store::mailbox::latest(&app.store, 10).await.unwrap().len(), 1);
        let empty = browser.open("/recover").await;
        assert_eq!(browser.submit(&empty, &[("username", "  ")]).await.status, 422);
    })
    .await;
}

#[actix_web::test]
async fn one_name_is_written_to_only_so_often() {
    with_mail(async |app| {
        let (most, browser) = (app.config.limits.mails_per_address, Browser::new(&app));
        for name in ["alice", "nobody"] {
            for _ in 0..most {
                ask(&app, &browser, name).await;
            }
            let page = browser.open("/recover").await;
            let refused = browser.submit(&page, &[("username", name)]).await;
            assert_eq!((refused.status.as_u16(), page_id(&refused)), (429, "recover-page"), "{name}");
        }
        mail_to(&app, ALICE, most as usize).await;
        assert_eq!(mails_to(&app, ALICE).await, most as usize);
    })
    .await;
}

/// Signing up with an address of somebody else, or with one that nobody has, shuts no way back.
#[actix_web::test]
async fn strangers_who_sign_up_with_the_address_shut_no_way_back() {
    with_mail(async |app| {
        let most = app.config.limits.mails_per_address;
        for (address, mails) in [(ALICE, 1), ("nobody@example.test", 0)] {
            let stranger = Browser::new(&app);
            for number in 0..=most {
                let page = stranger.open(&app.authorize_url("first-party", &[("prompt", "create")])).await;
                assert!(page.has_id("signup-page"), "{}", page.body);
                let page = stranger.submit(&page, &[("email", address), ("name", "Eve")]).await;
                assert_eq!(page.status, if number < most { 303 } else { 429 }, "{}", page.body);
                app.clock.advance(Seconds::minutes(2));
            }
            let before = most as usize;
            mail_to(&app, address, before).await;
            ask(&app, &Browser::new(&app), address).await;
            mail_to(&app, address, before + mails).await;
        }
        let all = store::mailbox::latest(&app.store, 50).await.unwrap();
        let start = format!("{}/recover/", app.issuer);
        let links: Vec<_> = all.iter().filter(|mail| mail.text.contains(&start)).collect();
        assert!(links.len() == 1 && links[0].recipient == ALICE, "{links:?}");
        let browser = Browser::new(&app);
        let page = browser.open(&link(&app, links[0], "/recover")).await;
        assert_eq!(browser.submit(&page, &[("new-password", NEW)]).await.status, 303);
        assert!(opens(&app, NEW).await.is_some());
    })
    .await;
}

/// Whoever asks in the place of the owner sends the owner links: there is one that works whenever another is refused.
#[actix_web::test]
async fn while_a_link_is_refused_one_that_was_sent_is_good() {
    with_mail(async |app| {
        let (most, browser) = (app.config.limits.mails_per_address, Browser::new(&app));
        for _ in 0..most {
            ask(&app, &browser, ALICE).await;
        }
        let first = link(&app, &mail_to(&app, ALICE, most as usize).await, "/recover");
        app.clock.advance(Seconds::minutes(30) - Seconds(1));
        let page = browser.open("/recover").await;
        assert_eq!(browser.submit(&page, &[("username", ALICE)]).await.status, 429);
        assert!(browser.open(&first).await.has_id("recover-password-page"));
        app.clock.advance(Seconds(1));
        assert_eq!(browser.open(&first).await.status, 410);
        ask(&app, &browser, ALICE).await;
    })
    .await;
}

fn state(app: &TestApp) -> AppState {
    AppState::with_clock(Arc::clone(&app.config), app.store.clone(), Arc::clone(&app.keys), app.clock.clone()).unwrap()
}

/// ASVS 6.4.3: a reset of the password bypasses no second factor.
#[actix_web::test]
async fn a_reset_never_removes_a_second_factor() {
    with_mail(async |app| {
        let (state, alice) = (state(&app), store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap());
        let offer = totp::offer(&state, &alice, app.now());
        let phone = OtpApp::scan(&offer.uri);
        totp::enrol(&state, &alice.id, &offer.sealed, &phone.code(app.now()), app.now()).await.unwrap();
        let browser = Browser::new(&app);
        let page = browser.open(&sent(&app, &browser).await).await;
        let done = browser.submit(&page, &[("new-password", "zq8#fjordz")]).await;
        assert_eq!(done.status, 303, "beside a second factor it may be shorter: {}", done.body);
        let factors = store::users::factors(&app.store, &alice.id).await.unwrap();
        assert_eq!((factors.passwords, factors.totp), (1, 1));
        let next = opens(&app, "zq8#fjordz").await.expect("the password is right");
        assert!(next.location().is_some_and(|location| location.contains("/login/totp")), "and not enough: {next:?}");
        assert!(store::passwords::needs_second_factor(&app.store, &alice.id).await.unwrap());
    })
    .await;
}

#[actix_web::test]
async fn a_link_of_an_administrator_is_for_who_has_no_address() {
    with_mail(async |app| {
        let bob = app.user("bob").await;
        let bob = protocol::user::User { email: None, email_verified_at: None, ..bob };
        let _won = store::users::update(&app.store, &bob).await.unwrap();
        let order = Order::new(Purpose::AdministratorRecovery).of(&bob);
        let issued = action_tokens::issue_link(&app.store, order, app.now()).await.unwrap();
        let link = format!("/recover/{}", issued.link_token.expose());
        app.clock.advance(Seconds(23 * 3_600));
        let browser = Browser::new(&app);
        let page = browser.open(&link).await;
        assert!(page.has_id("recover-password-page"));
        assert_eq!(browser.submit(&page, &[("new-password", NEW)]).await.status, 303);
        assert_eq!(browser.open(&link).await.status, 410);
    })
    .await;
}

#[actix_web::test]
async fn the_form_belongs_to_the_browser_that_was_shown_it() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let link = sent(&app, &browser).await;
        let page = browser.open(&link).await;
        let mut fields = page.hidden_fields();
        fields.push(("new-password".to_owned(), NEW.to_owned()));
        let other = Browser::new(&app);
        assert_eq!(other.post(&link, &fields).await.status, 400);
        other.open(&link).await;
        assert_eq!(other.post(&link, &fields).await.status, 403);
        assert_eq!(browser.post_with(&link, &fields, ("sec-fetch-site", "cross-site")).await.status, 403);
        assert_eq!(browser.post(&link, &fields).await.status, 303);
    })
    .await;
}

/// W3C, A Well-Known URL for Changing Passwords.
#[actix_web::test]
async fn password_managers_find_the_page_that_changes_a_password() {
    with_mail(async |app| {
        let browser = Browser::new(&app);
        let there = browser.get("/.well-known/change-password").await;
        assert_eq!((there.status.as_u16(), there.location()), (302, Some(app.url("/account/security/password"))));
        let not = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
        assert_eq!(browser.get(not).await.status, 404);
    })
    .await;
}
