//! `/introspect` (RFC 7662, OA-087 to OA-089).

use protocol::ids::ClientId;
use protocol::time::Seconds;
use serde_json::json;
use testkit::app::API;
use testkit::requests::{As, text};

use crate::on_each_engine;

const CONFIDENTIAL: As<'_> = As::Basic("confidential");
const INACTIVE: &str = r#"{"active":false}"#;

#[actix_web::test]
async fn the_owner_learns_about_its_tokens() {
    on_each_engine(async |app| {
        let tokens = app.tokens(CONFIDENTIAL, &[]).await;
        let answer = app.introspect(CONFIDENTIAL, text(&tokens, "access_token")).await.json();
        assert_eq!(answer["active"], true);
        assert_eq!((&answer["client_id"], &answer["token_type"]), (&json!("confidential"), &json!("Bearer")));
        assert_eq!(answer["username"], "alice");
        let answer = app.introspect(CONFIDENTIAL, text(&tokens, "refresh_token")).await.json();
        assert_eq!((&answer["active"], &answer["scope"]), (&json!(true), &tokens["scope"]));
        app.clock.advance(Seconds(600));
        assert_eq!(app.introspect(CONFIDENTIAL, text(&tokens, "access_token")).await.body, INACTIVE);
    })
    .await;
}

#[actix_web::test]
async fn a_stranger_learns_nothing() {
    on_each_engine(async |app| {
        let tokens = app.tokens(CONFIDENTIAL, &[("scope", "openid offline_access notes:read")]).await;
        for token in [text(&tokens, "access_token"), text(&tokens, "refresh_token"), "nonsense"] {
            assert_eq!(app.introspect(As::Basic("machine"), token).await.body, INACTIVE);
        }
        let page = app.introspect(As::Public("public"), text(&tokens, "access_token")).await;
        assert_eq!((page.status.as_u16(), text(&page.json(), "error")), (401, "invalid_client"));
    })
    .await;
}

#[actix_web::test]
async fn the_resource_server_of_the_audience_learns_about_the_token() {
    on_each_engine(async |app| {
        let machine = ClientId::parse("machine").unwrap();
        let _set = store::apis::set_resource_server(&app.store, API, Some(&machine)).await.unwrap();
        let tokens = app.tokens(CONFIDENTIAL, &[("scope", "openid notes:read")]).await;
        let answer = app.introspect(As::Basic("machine"), text(&tokens, "access_token")).await.json();
        assert_eq!(answer["active"], true);
        let opaque = app.tokens(CONFIDENTIAL, &[("scope", "openid")]).await;
        assert_eq!(app.introspect(As::Basic("machine"), text(&opaque, "access_token")).await.body, INACTIVE);
    })
    .await;
}

#[actix_web::test]
async fn every_level_of_revocation_is_honoured() {
    on_each_engine(async |app| {
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let token = async || text(&app.tokens(CONFIDENTIAL, &[]).await, "access_token").to_owned();
        let inactive = async |token: &str| app.introspect(CONFIDENTIAL, token).await.body == INACTIVE;

        let one = token().await;
        let other = token().await;
        app.revoke(CONFIDENTIAL, &one).await;
        assert!(inactive(&one).await, "the token");
        assert!(!inactive(&other).await, "and no other");

        let _won = store::users::disable(&app.store, &alice.id, app.now()).await.unwrap();
        assert!(inactive(&other).await, "the person");
        let _won = store::users::enable(&app.store, &alice.id).await.unwrap();

        let third = token().await;
        let grant = jwt_grant(&app, &third).await;
        let _won = store::grants::end(&app.store, &grant, protocol::grant::state::EndReason::Revoked, app.now())
            .await
            .unwrap();
        assert!(inactive(&third).await, "the grant");
    })
    .await;
}

async fn jwt_grant(app: &testkit::app::TestApp, token: &str) -> protocol::ids::GrantId {
    let answer = app.introspect(CONFIDENTIAL, token).await.json();
    let jti = text(&answer, "jti");
    protocol::ids::GrantId::parse(jti.split('.').next().unwrap()).unwrap()
}
