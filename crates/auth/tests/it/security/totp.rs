//! An authenticator app is connected, replaced, removed.

use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use testkit::authenticator::Authenticator;
use testkit::requests::{As, text};

use super::{
    END_OTHERS, PASSKEYS, TOTP, add, connect, events, factors, hidden, phone, send, sessions, shorten_password, shown,
    signed_in, told, with_mail,
};
use crate::on_each_engine;

#[actix_web::test]
async fn the_first_app_brings_codes_and_the_session_has_proven_it() {
    with_mail(async |app| {
        let (browser, _) = signed_in(&app, "/account/security").await;
        let before = sessions(&app).await.remove(0);
        app.clock.advance(Seconds(10));
        let (_, page) = connect(&app, &browser).await;
        assert!(page.has_id("codes-page"), "{}", page.body);
        assert_eq!(shown(&page).len(), 10);
        let after = sessions(&app).await.remove(0);
        assert_eq!((after.acr.as_str(), after.id == before.id, after.auth_time), ("2", true, before.auth_time));
        assert_eq!(after.amr, ["pwd", "otp", "mfa"]);
        assert_ne!(after.secret_hash, before.secret_hash);
        assert_eq!(after.expires_at, before.expires_at);
        assert_eq!(
            (events(&app, SecurityEvent::TotpAdded).await, events(&app, SecurityEvent::RecoveryCodesMade).await),
            (1, 1)
        );
        told(&app, "authenticator").await;
    })
    .await;
}

#[actix_web::test]
async fn a_wrong_code_keeps_the_offer_and_an_old_offer_makes_a_new_one() {
    on_each_engine(async |app| {
        let (browser, page) = signed_in(&app, TOTP).await;
        let offer = hidden(&page, "offer");
        let wrong = send(&browser, &page, TOTP, &[("offer", &offer), ("code", "abc")]).await;
        assert_eq!((wrong.status.as_u16(), hidden(&wrong, "offer")), (422, offer.clone()));
        assert!(wrong.has_id("code-error"));
        let code = phone(&page).code(app.now());
        let foreign = send(&browser, &page, TOTP, &[("offer", "eyJ"), ("code", &code)]).await;
        assert!(foreign.has_id("totp-offer-page") && hidden(&foreign, "offer") != offer, "{}", foreign.body);
        assert_eq!(factors(&app).await, (0, 0));
        let done = send(&browser, &page, TOTP, &[("offer", &offer), ("code", &code)]).await;
        assert_eq!(shown(&done).len(), 10);
        let reloaded = send(&browser, &page, TOTP, &[("offer", &offer), ("code", &code)]).await;
        assert!(reloaded.has_id("account-totp-page") && reloaded.has_id("alert"), "{}", reloaded.body);
        assert!(shown(&reloaded).is_empty());
        assert_eq!(factors(&app).await, (1, 0));
    })
    .await;
}

#[actix_web::test]
async fn another_app_takes_the_place_of_the_first() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, TOTP).await;
        let (old, _) = connect(&app, &browser).await;
        let page = browser.open(&format!("{TOTP}?replace=yes")).await;
        let new = phone(&page);
        let fields = [("offer", hidden(&page, "offer")), ("code", new.code(app.now()))];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let done = send(&browser, &page, TOTP, &fields).await;
        assert!(done.has_id("security-page") && shown(&done).is_empty(), "{}", done.body);
        app.clock.advance(Seconds(30));
        let state = crate::limits::state(&app);
        let user = super::alice(&app).await.id;
        let verdict = auth::totp::verify(&state, &user, &old.code(app.now()), app.now()).await.unwrap();
        assert_eq!(verdict, auth::totp::Verdict::Wrong);
        let verdict = auth::totp::verify(&state, &user, &new.code(app.now()), app.now()).await.unwrap();
        assert_eq!(verdict, auth::totp::Verdict::Proven);
    })
    .await;
}

#[actix_web::test]
async fn removing_it_takes_the_codes_along_and_ends_other_sessions_if_wanted() {
    with_mail(async |app| {
        let (browser, _) = signed_in(&app, TOTP).await;
        let (elsewhere, _) = signed_in(&app, "/account").await;
        connect(&app, &browser).await;
        let page = browser.open(TOTP).await;
        assert!(page.has_id("totp-remove") && page.has_id("end-sessions"), "{}", page.body);
        let remove = format!("{TOTP}/remove");
        let done = send(&browser, &page, &remove, &[]).await;
        assert!(done.has_id("security-page"), "{}", done.body);
        assert_eq!(factors(&app).await, (0, 0));
        let state = crate::limits::state(&app);
        assert_eq!(auth::recovery_codes::left(&state, &super::alice(&app).await.id).await.unwrap(), 0);
        assert!(elsewhere.open("/account").await.has_id("account-page"), "nobody asked to end it");
        assert_eq!(events(&app, SecurityEvent::TotpRemoved).await, 1);
        told(&app, "removed").await;

        connect(&app, &browser).await;
        let code = elsewhere.authorize(&app.authorize_url("first-party", &[])).await["code"].clone();
        let of_app = app.redeem(As::Basic("first-party"), &code, &[]).await.json();
        let page = browser.open(TOTP).await;
        assert!(page.body.contains("and the access that apps got there"), "{}", page.body);
        send(&browser, &page, &remove, &[END_OTHERS]).await;
        assert!(elsewhere.open("/account").await.has_id("login-page"));
        let refused = app.refresh(As::Basic("first-party"), text(&of_app, "refresh_token"), &[]).await;
        assert_eq!(refused.json()["error"], "invalid_grant", "{}", refused.body);
        assert!(browser.open("/account").await.has_id("account-page"));
    })
    .await;
}

#[actix_web::test]
async fn the_last_factor_beside_a_short_password_stays() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, TOTP).await;
        connect(&app, &browser).await;
        shorten_password(&app).await;
        let page = browser.open(TOTP).await;
        assert!(!page.has_id("totp-remove") && page.body.contains("too short"), "{}", page.body);
        let remove = format!("{TOTP}/remove");
        let refused = send(&browser, &page, &remove, &[]).await;
        assert!(refused.has_id("account-totp-page"), "{}", refused.body);
        assert_eq!((factors(&app).await, events(&app, SecurityEvent::TotpRemoved).await), ((1, 0), 0));

        add(&app, &browser, &mut Authenticator::new()).await;
        assert!(send(&browser, &page, &remove, &[]).await.has_id("security-page"), "the passkey is one, too");
        let list = browser.open(PASSKEYS).await;
        let href = list.body.split("href=\"/account/security/passkeys/").nth(1).unwrap().split('"').next().unwrap();
        let one = browser.open(&format!("{PASSKEYS}/{href}")).await;
        assert!(one.body.contains("too short"), "{}", one.body);
        send(&browser, &one, &format!("{PASSKEYS}/{href}/remove"), &[]).await;
        assert_eq!(factors(&app).await, (0, 1), "now the passkey is the last one");
    })
    .await;
}
