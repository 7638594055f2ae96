//! What apps may do, and the end of it.

use testkit::requests::{As, text};

use super::{send, signed_in};
use crate::on_each_engine;

#[actix_web::test]
async fn an_app_is_shown_with_what_it_may_do_and_loses_it() {
    on_each_engine(async |app| {
        let tokens = app.tokens(As::Public("public"), &[("scope", "openid email offline_access notes:read")]).await;
        let (browser, page) = signed_in(&app, "alice", "/account/apps").await;
        for words in ["Test public", "app.example.com", "Use notes:read", "also while you are away", "Last used: Today"]
        {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        let done = send(&browser, &page, "/account/apps", &[("client", "public")]).await;
        assert!(done.body.contains("Access is removed.") && !done.body.contains("Test public"), "{}", done.body);
        let refused = app.refresh(As::Public("public"), text(&tokens, "refresh_token"), &[]).await;
        assert_eq!(refused.json()["error"], "invalid_grant");
        let asked = browser.open(&app.authorize_url("public", &[])).await;
        assert!(asked.has_id("consent-page"), "the yes of before is forgotten");
        let log = browser.get("/account/log").await;
        assert!(log.body.contains("App allowed") && log.body.contains("Access of an app removed"), "{}", log.body);
        let again = send(&browser, &page, "/account/apps", &[("client", "public")]).await;
        assert!(again.body.contains("had no access any more"), "{}", again.body);
    })
    .await;
}

#[actix_web::test]
async fn an_app_of_the_operator_can_be_cut_off_too() {
    on_each_engine(async |app| {
        let tokens = app.tokens(As::Basic("first-party"), &[]).await;
        let (browser, page) = signed_in(&app, "alice", "/account/apps").await;
        assert!(page.body.contains("Test first-party"), "{}", page.body);
        send(&browser, &page, "/account/apps", &[("client", "first-party")]).await;
        let refused = app.refresh(As::Basic("first-party"), text(&tokens, "refresh_token"), &[]).await;
        assert_eq!(refused.status, 400);
    })
    .await;
}

#[actix_web::test]
async fn what_somebody_else_allowed_stays() {
    on_each_engine(async |app| {
        app.user("bob").await;
        let tokens = app.tokens(As::Public("public"), &[]).await;
        let (bob, page) = signed_in(&app, "bob", "/account/apps").await;
        assert!(page.body.contains("No app is connected"), "{}", page.body);
        send(&bob, &page, "/account/apps", &[("client", "public")]).await;
        let page = app.refresh(As::Public("public"), text(&tokens, "refresh_token"), &[]).await;
        assert_eq!(page.status, 200);
    })
    .await;
}

#[actix_web::test]
async fn a_long_list_has_pages() {
    on_each_engine(async |app| {
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        for number in 0..12 {
            let client = app.client(&format!("app-{number}"), "{}").await;
            let scope = protocol::scope::Scope::parse("openid").unwrap();
            store::consents::remember(&app.store, &alice.id, &client.id, &scope, app.now()).await.unwrap();
        }
        let (browser, mut page) = signed_in(&app, "alice", "/account/apps").await;
        let mut shown = 0;
        loop {
            shown += page.body.matches("name=\"client\"").count();
            let Some(next) = page.body.split("?from=").nth(1).and_then(|rest| rest.split('"').next()) else { break };
            page = browser.get(&format!("/account/apps?from={next}")).await;
        }
        assert_eq!(shown, 12);
        assert!(browser.get("/account/apps?from=99999999999999999999").await.has_id("apps-page"));
    })
    .await;
}
