//! Signing out elsewhere.

use protocol::ids::SessionId;
use testkit::requests::{As, text};

use super::{send, signed_in};
use crate::on_each_engine;

#[actix_web::test]
async fn one_other_session_ends_with_what_rests_on_it() {
    on_each_engine(async |app| {
        let (phone, _) = signed_in(&app, "alice", "/account").await;
        let scope = [("scope", "openid")];
        let code = phone.get(&app.authorize_url("first-party", &scope)).await.answer()["code"].clone();
        let tokens = app.redeem(As::Basic("first-party"), &code, &[]).await.json();
        app.clock.advance(protocol::time::Seconds(60));
        let (browser, page) = signed_in(&app, "alice", "/account/sessions").await;
        assert_eq!(page.body.matches("this device").count(), 1);
        assert!(page.body.find("this device") < page.body.find("name=\"session\""), "this one stands on top");
        assert!(page.body.contains("Test first-party") && page.body.contains("password"), "{}", page.body);
        let id = value_of_first_button(&page.body);
        let done = send(&browser, &page, "/account/sessions", &[("session", &id)]).await;
        assert!(done.has_id("sessions-page") && done.body.contains("That device is signed out."), "{}", done.body);
        assert!(phone.open("/account").await.has_id("login-page"));
        assert!(browser.get("/account").await.has_id("account-page"));
        assert_eq!(app.userinfo(text(&tokens, "access_token")).await.status, 401, "the app is out as well");
        let again = send(&browser, &page, "/account/sessions", &[("session", &id)]).await;
        assert!(again.body.contains("signed out already"), "{}", again.body);
    })
    .await;
}

fn value_of_first_button(html: &str) -> String {
    let after = html.split("name=\"session\" value=\"").nth(1).expect("a button");
    after.split('"').next().expect("a value").to_owned()
}

#[actix_web::test]
async fn all_others_end_and_this_one_stays() {
    on_each_engine(async |app| {
        let mut others = Vec::new();
        for _ in 0..3 {
            others.push(signed_in(&app, "alice", "/account").await.0);
        }
        let (browser, page) = signed_in(&app, "alice", "/account/sessions").await;
        let done = send(&browser, &page, "/account/sessions", &[("session", "others")]).await;
        assert!(done.body.contains("You are signed in on this device only."), "{}", done.body);
        for other in others {
            assert!(other.open("/account").await.has_id("login-page"));
        }
    })
    .await;
}

#[actix_web::test]
async fn the_ninth_device_is_signed_out_from_the_second_page() {
    on_each_engine(async |app| {
        let mut others = Vec::new();
        for _ in 0..8 {
            others.push(signed_in(&app, "alice", "/account").await.0);
            app.clock.advance(protocol::time::Seconds(60));
        }
        let (browser, page) = signed_in(&app, "alice", "/account/sessions").await;
        assert_eq!(page.body.matches("name=\"session\" value=").count(), 6 + 1, "{}", page.body);
        assert!(page.body.contains("href=\"/account/sessions?from=7\""), "{}", page.body);
        let page = browser.get("/account/sessions?from=7").await;
        assert!(
            !page.body.contains("this device") && page.body.contains("href=\"/account/sessions\""),
            "{}",
            page.body
        );
        assert_eq!(page.body.matches("name=\"session\" value=").count(), 2 + 1, "two, and the button for all others");
        // The one that was not used for longest stands last.
        let ninth = page.body.split("name=\"session\" value=\"").nth(2).and_then(|rest| rest.split('"').next());
        let done = send(&browser, &page, "/account/sessions", &[("session", ninth.expect("a button"))]).await;
        assert!(done.body.contains("That device is signed out."), "{}", done.body);
        for (index, other) in others.iter().enumerate() {
            let page = other.open("/account").await;
            assert_eq!(page.has_id("login-page"), index == 0, "{index}");
        }
        for beyond in ["8", "9", "99999999999999999999", "-1", "x"] {
            let page = browser.get(&format!("/account/sessions?from={beyond}")).await;
            assert!(page.body.contains("this device"), "{beyond}: there is nothing, so it is the beginning");
        }
        let page = browser.get("/account/sessions?from=7").await;
        let done = send(&browser, &page, "/account/sessions", &[("session", "others")]).await;
        assert!(done.body.contains("You are signed in on this device only."), "{}", done.body);
    })
    .await;
}

#[actix_web::test]
async fn the_session_of_somebody_else_is_out_of_reach() {
    on_each_engine(async |app| {
        let bob = app.user("bob").await;
        let (browser_of_bob, _) = signed_in(&app, "bob", "/account").await;
        let sessions = store::sessions::living_of_user(&app.store, &bob.id, app.now()).await.unwrap();
        let (browser, page) = signed_in(&app, "alice", "/account/sessions").await;
        for id in [sessions[0].id.as_str(), "nobody", "a b", ""] {
            browser.post("/account/sessions", &super::form(&page, &[("session", id)])).await;
        }
        assert!(browser_of_bob.get("/account").await.has_id("account-page"));
        let found =
            store::sessions::find(&app.store, &SessionId::parse(sessions[0].id.as_str()).unwrap()).await.unwrap();
        assert_eq!(found.unwrap().ended_at, None);
        let mine = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let mine = store::sessions::living_of_user(&app.store, &mine.id, app.now()).await.unwrap();
        browser.post("/account/sessions", &super::form(&page, &[("session", mine[0].id.as_str())])).await;
        assert!(browser.get("/account").await.has_id("account-page"), "this one ends by the button above");
    })
    .await;
}

#[actix_web::test]
async fn locking_down_ends_the_others_and_leads_on() {
    on_each_engine(async |app| {
        let (other, _) = signed_in(&app, "alice", "/account").await;
        let (browser, page) = signed_in(&app, "alice", "/account/lock-down").await;
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let known = async || store::known_browsers::list(&app.store, &alice.id, 20).await.unwrap();
        assert_eq!(known().await.len(), 2);
        let done = send(&browser, &page, "/account/lock-down", &[]).await;
        assert_eq!(known().await.len(), 1, "the one of the intruder is known no more");
        assert!(done.has_id("lock-down-page") && done.body.contains("nobody else is signed in"), "{}", done.body);
        assert!(done.body.contains("/account/security/password") && done.body.contains("/account/apps"));
        let again = browser.open("/account").await;
        assert!(again.has_id("account-page"));
        let login = other.open("/account").await;
        assert!(login.has_id("login-page"));
        other.sign_in(&login, "alice").await;
        assert_eq!(known().await.len(), 2, "it is a new one");
    })
    .await;
}
