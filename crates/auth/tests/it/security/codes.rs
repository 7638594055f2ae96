//! Recovery codes: shown once, the new ones instead of the old.

use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use store::Won;

use super::{CODES, alice, connect, events, form, hidden, send, shown, signed_in, told, with_mail};
use crate::on_each_engine;

#[actix_web::test]
async fn new_ones_void_those_of_before_and_are_shown_once() {
    with_mail(async |app| {
        let (browser, _) = signed_in(&app, CODES).await;
        let (_, page) = connect(&app, &browser).await;
        let old = shown(&page);
        let page = browser.open(CODES).await;
        let fields = [("shown_at", hidden(&page, "shown_at"))];
        let fields = [(fields[0].0, fields[0].1.as_str())];
        let made = browser.post(CODES, &form(&page, &fields)).await;
        let new = shown(&made);
        assert_eq!(new.len(), 10);
        assert!(made.header("cache-control").contains("no-store"));
        let again = send(&browser, &page, CODES, &fields).await;
        assert!(shown(&again).is_empty() && again.has_id("alert"), "{}", again.body);
        assert!(!new.iter().chain(&old).any(|code| browser_has(&again.body, code)));
        let (state, user) = (crate::limits::state(&app), alice(&app).await.id);
        assert_eq!(auth::recovery_codes::use_one(&state, &user, &old[0], app.now()).await.unwrap(), Won::No);
        assert_eq!(auth::recovery_codes::use_one(&state, &user, &new[0], app.now()).await.unwrap(), Won::Yes);
        assert!(browser.open(CODES).await.body.contains("Left: 9"));
        assert_eq!(events(&app, SecurityEvent::RecoveryCodesMade).await, 2);
        told(&app, "recovery codes").await;
    })
    .await;
}

fn browser_has(body: &str, code: &str) -> bool {
    body.contains(code)
}

#[actix_web::test]
async fn without_a_second_factor_there_are_none() {
    on_each_engine(async |app| {
        let (browser, page) = signed_in(&app, CODES).await;
        assert!(!page.has_id("codes-submit"), "{}", page.body);
        let made = send(&browser, &page, CODES, &[("shown_at", "99999999999")]).await;
        assert!(made.has_id("account-codes-page") && shown(&made).is_empty());
        assert_eq!(browser.post(CODES, &form(&page, &[])).await.status, 400, "no time is named");
    })
    .await;
}

/// Of many that ask at once, one makes codes; nobody is left with a page of void ones.
#[actix_web::test]
async fn of_many_who_ask_one_is_shown_codes_and_they_work() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, CODES).await;
        connect(&app, &browser).await;
        app.clock.advance(Seconds(1));
        let page = browser.open(CODES).await;
        let shown_at = hidden(&page, "shown_at");
        let tries = (0..6).map(|_| async { browser.post(CODES, &form(&page, &[("shown_at", &shown_at)])).await });
        let pages = futures_util::future::join_all(tries).await;
        let made: Vec<_> = pages.iter().map(shown).filter(|codes| !codes.is_empty()).collect();
        assert_eq!(made.len(), 1);
        let (state, user) = (crate::limits::state(&app), alice(&app).await.id);
        assert_eq!(auth::recovery_codes::use_one(&state, &user, &made[0][9], app.now()).await.unwrap(), Won::Yes);
    })
    .await;
}
