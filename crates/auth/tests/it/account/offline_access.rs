//! What becomes of offline access: an ordinary sign-out leaves it alone, and an owner who signs a device out from elsewhere has its apps
//! out as well.

use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use testkit::app::{PASSWORD, TestApp};
use testkit::browser::{Browser, Page};
use testkit::requests::{As, text};

use super::send;
use crate::on_each_engine;

const APP: As<'_> = As::Basic("first-party");
const SESSIONS: &str = "/account/sessions";

/// A refresh token of an app that was given offline access in the session of this browser.
async fn given(app: &TestApp, browser: &Browser) -> String {
    let code = browser.authorize(&app.authorize_url("first-party", &[])).await["code"].clone();
    text(&app.redeem(APP, &code, &[]).await.json(), "refresh_token").to_owned()
}

/// Whether it is good; the token to go on with.
async fn refreshed(app: &TestApp, token: &str) -> Option<String> {
    let answer = app.refresh(APP, token, &[]).await;
    match answer.status.as_u16() {
        200 => Some(text(&answer.json(), "refresh_token").to_owned()),
        _ => {
            assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &"invalid_grant".into()));
            None
        }
    }
}

/// Three devices of Alice, each with the token of its app; she has signed out of the third, where it goes on.
struct Devices {
    here: (Browser, String),
    phone: String,
    over: String,
}

async fn devices(app: &TestApp) -> Devices {
    let (phone, over, here) = (Browser::new(app), Browser::new(app), Browser::new(app));
    let phone = given(app, &phone).await;
    let token = given(app, &over).await;
    let page = over.open("/account").await;
    send(&over, &page, "/account/sign-out", &[]).await;
    assert!(over.open("/account").await.has_id("login-page"));
    let over = refreshed(app, &token).await.expect("a sign-out leaves offline access alone");
    app.clock.advance(Seconds(10));
    let token = given(app, &here).await;
    Devices { here: (here, token), phone, over }
}

impl Devices {
    /// Which of them are good: here, on the phone, where she signed out.
    async fn good(&self, app: &TestApp) -> [bool; 3] {
        let mut good = [false; 3];
        for (good, token) in good.iter_mut().zip([&self.here.1, &self.phone, &self.over]) {
            *good = refreshed(app, token).await.is_some();
        }
        good
    }

    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.here.0.open(path).await;
        send(&self.here.0, &page, path, fields).await
    }
}

#[actix_web::test]
async fn a_device_that_is_signed_out_takes_its_apps_along() {
    on_each_engine(async |app| {
        let devices = devices(&app).await;
        let page = devices.here.0.open(SESSIONS).await;
        let listed = page.body.split("name=\"session\" value=\"").nth(1).expect("a button");
        let phone = listed.split('"').next().expect("a value");
        assert_eq!(page.body.matches("Apps: Test first-party").count(), 2, "{}", page.body);
        let done = devices.send(SESSIONS, &[("session", phone)]).await;
        assert!(done.body.contains("That device is signed out."), "{}", done.body);
        assert_eq!(devices.good(&app).await, [true, false, true]);
    })
    .await;
}

#[actix_web::test]
async fn whoever_signs_all_others_out_keeps_what_was_given_here_and_nothing_else() {
    on_each_engine(async |app| {
        for (path, fields, says) in [
            (SESSIONS, &[("session", "others")][..], "You are signed in on this device only."),
            ("/account/lock-down", &[], "nobody else is signed in"),
        ] {
            let devices = devices(&app).await;
            let done = devices.send(path, fields).await;
            assert!(done.body.contains(says), "{}", done.body);
            assert_eq!(devices.good(&app).await, [true, false, false], "{path}");
        }
    })
    .await;
}

/// Somebody else may have signed out again, or their session may be over.
#[actix_web::test]
async fn a_lock_down_ends_what_came_from_sessions_that_are_over_although_there_is_none_to_end() {
    on_each_engine(async |app| {
        let devices = devices(&app).await;
        assert!(devices.send("/account/lock-down", &[]).await.body.contains("nobody else is signed in"));
        let events = async || {
            let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
            let all = store::security_events::of_user(&app.store, &alice.id, None, None, 50).await.unwrap();
            all.iter().filter(|entry| entry.kind == SecurityEvent::OtherSessionsEnded).count()
        };
        assert_eq!(events().await, 1);
        let intruder = Browser::new(&app);
        let token = given(&app, &intruder).await;
        let page = intruder.open("/account").await;
        send(&intruder, &page, "/account/sign-out", &[]).await;
        devices.send("/account/lock-down", &[]).await;
        assert_eq!(refreshed(&app, &token).await, None);
        assert_eq!(events().await, 2);
        devices.send("/account/lock-down", &[]).await;
        assert_eq!(events().await, 2, "there was nothing to end");
        assert!(refreshed(&app, &devices.here.1).await.is_some());
    })
    .await;
}

#[actix_web::test]
async fn a_new_password_signs_the_apps_of_other_devices_out_even_where_all_the_rest_goes_on() {
    for (end, good) in [(None, [true, false, true]), (Some(("end-access", "yes")), [false, false, false])] {
        on_each_engine(async |app| {
            let (devices, path) = (devices(&app).await, "/account/security/password");
            let fields = [("current-password", PASSWORD), ("new-password", "three green apples in a row")];
            let fields: Vec<_> = fields.into_iter().chain(end).collect();
            assert!(devices.send(path, &fields).await.has_id("security-page"));
            assert_eq!(devices.good(&app).await, good, "{end:?}");
        })
        .await;
    }
}
