//! Refreshing (RFC 6749 §6, RFC 9700 §4.14.2, OA-067 to OA-080).

use protocol::client::{Client, GrantType};
use protocol::scope::Scope;
use protocol::time::Seconds;
use store::Won;
use testkit::browser::Browser;
use testkit::requests::{As, text};

use crate::on_each_engine;

const PUBLIC: As<'_> = As::Public("public");

#[actix_web::test]
async fn each_use_rotates_and_keeps_what_was_proven() {
    on_each_engine(async |app| {
        let first = app.tokens(PUBLIC, &[]).await;
        let auth_time = app.now().0;
        app.clock.advance(Seconds(1_000));
        let second = app.refresh(PUBLIC, text(&first, "refresh_token"), &[]).await.json();
        assert_ne!(first["refresh_token"], second["refresh_token"]);
        let id_token: serde_json::Value = jwt::verify::unverified_claims(text(&second, "id_token")).unwrap();
        assert_eq!(id_token["auth_time"], auth_time, "OpenID Connect Core §12.2");
        assert_eq!(id_token["sub"], app.userinfo(text(&second, "access_token")).await.json()["sub"]);
    })
    .await;
}

#[actix_web::test]
async fn a_lost_answer_can_be_asked_for_again() {
    on_each_engine(async |app| {
        let first = app.tokens(PUBLIC, &[]).await;
        let lost = app.refresh(PUBLIC, text(&first, "refresh_token"), &[]).await.json();
        app.clock.advance(Seconds(29));
        let again = app.refresh(PUBLIC, text(&first, "refresh_token"), &[]).await.json();
        assert_eq!(lost["refresh_token"], again["refresh_token"], "one successor, never a second branch");
    })
    .await;
}

#[actix_web::test]
async fn a_copy_used_later_ends_the_family() {
    on_each_engine(async |app| {
        let first = app.tokens(PUBLIC, &[]).await;
        let second = app.refresh(PUBLIC, text(&first, "refresh_token"), &[]).await.json();
        app.clock.advance(Seconds(31));
        let page = app.refresh(PUBLIC, text(&first, "refresh_token"), &[]).await;
        assert_eq!((page.status.as_u16(), text(&page.json(), "error")), (400, "invalid_grant"));
        let page = app.refresh(PUBLIC, text(&second, "refresh_token"), &[]).await;
        assert_eq!(page.json()["error"], "invalid_grant", "the owner has to sign in again, and so has the thief");
        assert_eq!(app.userinfo(text(&second, "access_token")).await.status, 401);
    })
    .await;
}

#[actix_web::test]
async fn guessing_ends_nothing() {
    on_each_engine(async |app| {
        let first = app.tokens(PUBLIC, &[]).await;
        let second = app.refresh(PUBLIC, text(&first, "refresh_token"), &[]).await.json();
        app.clock.advance(Seconds(31));
        let live = text(&second, "refresh_token");
        let mut parts: Vec<&str> = live.split('.').collect();
        parts[1] = "1";
        for wrong in [parts.join("."), live.replace('.', "-"), format!("{live}x"), live[..live.len() - 1].to_owned()] {
            assert_eq!(app.refresh(PUBLIC, &wrong, &[]).await.json()["error"], "invalid_grant", "{wrong}");
        }
        assert_eq!(app.refresh(PUBLIC, live, &[]).await.status, 200);
    })
    .await;
}

#[actix_web::test]
async fn scope_may_be_narrowed_but_not_widened() {
    on_each_engine(async |app| {
        let first = app.tokens(PUBLIC, &[("scope", "openid email offline_access notes:read")]).await;
        let narrow = app.refresh(PUBLIC, text(&first, "refresh_token"), &[("scope", "notes:read")]).await.json();
        assert_eq!(narrow["scope"], "notes:read");
        assert!(narrow.get("id_token").is_none());
        let token = text(&narrow, "refresh_token");
        let page = app.refresh(PUBLIC, token, &[("scope", "notes:read notes:write")]).await;
        assert_eq!(page.json()["error"], "invalid_scope");
        let full = app.refresh(PUBLIC, token, &[]).await.json();
        assert_eq!(
            full["scope"], "openid email offline_access notes:read",
            "the refresh token keeps the original scope"
        );
    })
    .await;
}

#[actix_web::test]
async fn a_refresh_brings_nothing_that_the_client_is_no_longer_registered_for() {
    on_each_engine(async |app| {
        let client = app.client("shrinking", r#"{"token_endpoint_auth_method": "none"}"#).await;
        let shrinking = As::Public("shrinking");
        let asked = r#"{"userinfo": {"phone_number": null}}"#;
        let changes = [("scope", "openid email offline_access"), ("claims", asked)];
        let tokens = app.tokens(shrinking, &changes).await;
        let claims = app.userinfo(text(&tokens, "access_token")).await.json();
        assert_eq!((claims.get("email").is_some(), claims.get("phone_number").is_some()), (true, true));

        let register =
            async |client: &Client| assert_eq!(store::clients::update(&app.store, client).await.unwrap(), Won::Yes);
        let smaller = Client { scope: Scope::parse("openid offline_access").unwrap(), ..client.clone() };
        register(&smaller).await;
        let page = app.refresh(shrinking, text(&tokens, "refresh_token"), &[("scope", "openid email")]).await;
        assert_eq!(page.json()["error"], "invalid_scope");
        let tokens = app.refresh(shrinking, text(&tokens, "refresh_token"), &[]).await.json();
        assert_eq!(tokens["scope"], "openid offline_access");
        let claims = app.userinfo(text(&tokens, "access_token")).await.json();
        assert_eq!((claims.get("email"), claims.get("phone_number")), (None, None));

        let token = text(&tokens, "refresh_token");
        register(&Client { scope: Scope::parse("openid").unwrap(), ..client.clone() }).await;
        assert_eq!(app.refresh(shrinking, token, &[]).await.json()["error"], "invalid_grant", "without offline_access");
        register(&Client { grant_types: vec![GrantType::AuthorizationCode], ..client.clone() }).await;
        assert_eq!(app.refresh(shrinking, token, &[]).await.json()["error"], "unauthorized_client");
        register(&client).await;
        assert_eq!(app.refresh(shrinking, token, &[]).await.status, 200, "the refresh token itself was not used up");
    })
    .await;
}

#[actix_web::test]
async fn a_refresh_token_is_bound_to_its_client() {
    on_each_engine(async |app| {
        let tokens = app.tokens(As::Basic("confidential"), &[]).await;
        let token = text(&tokens, "refresh_token");
        assert_eq!(app.refresh(PUBLIC, token, &[]).await.json()["error"], "invalid_grant");
        assert_eq!(app.refresh(As::Public("confidential"), token, &[]).await.json()["error"], "invalid_client");
        assert_eq!(app.refresh(As::Post("confidential"), token, &[]).await.status, 200);
    })
    .await;
}

#[actix_web::test]
async fn it_ends_when_idle_and_at_its_absolute_deadline() {
    on_each_engine(async |app| {
        let mut tokens = app.tokens(PUBLIC, &[]).await;
        let idle = app.config.tokens.refresh_token_idle;
        for _ in 0..(app.config.tokens.refresh_token_lifetime / (idle - 1)) {
            app.clock.advance(Seconds(idle - 1));
            tokens = app.refresh(PUBLIC, text(&tokens, "refresh_token"), &[]).await.json();
        }
        app.clock.advance(Seconds(idle - 1));
        let page = app.refresh(PUBLIC, text(&tokens, "refresh_token"), &[]).await;
        assert_eq!(page.json()["error"], "invalid_grant", "the absolute deadline is never moved");

        let tokens = app.tokens(PUBLIC, &[]).await;
        app.clock.advance(Seconds(idle));
        assert_eq!(app.refresh(PUBLIC, text(&tokens, "refresh_token"), &[]).await.json()["error"], "invalid_grant");
    })
    .await;
}

#[actix_web::test]
async fn offline_access_outlives_the_session_and_a_disabled_person_does_not() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let code = browser.authorize(&app.authorize_url("public", &[])).await["code"].clone();
        let tokens = app.redeem(PUBLIC, &code, &[]).await.json();
        let page = browser.open("/logout").await;
        browser.submit(&page, &[("decision", "yes")]).await;
        let tokens = app.refresh(PUBLIC, text(&tokens, "refresh_token"), &[]).await.json();
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let _won = store::users::disable(&app.store, &alice.id, app.now()).await.unwrap();
        let page = app.refresh(PUBLIC, text(&tokens, "refresh_token"), &[]).await;
        assert_eq!(page.json()["error"], "invalid_grant");
        assert_eq!(app.userinfo(text(&tokens, "access_token")).await.status, 401);
    })
    .await;
}
