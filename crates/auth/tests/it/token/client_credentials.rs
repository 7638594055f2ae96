//! A client for itself (RFC 6749 §4.4, OA-061 to OA-063).

use testkit::app::API;
use testkit::requests::{As, text};

use crate::on_each_engine;

#[actix_web::test]
async fn a_machine_gets_a_token_for_its_api_and_nothing_else() {
    on_each_engine(async |app| {
        let page = app.client_credentials(As::Basic("machine"), &[("scope", "notes:read")]).await;
        assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, "no-store"));
        assert_eq!(page.header("pragma"), "no-cache");
        let tokens = page.json();
        assert!(tokens.get("refresh_token").is_none() && tokens.get("id_token").is_none());
        let claims: serde_json::Value = jwt::verify::unverified_claims(text(&tokens, "access_token")).unwrap();
        assert_eq!((&claims["sub"], &claims["aud"]), (&"machine".into(), &API.into()));
        assert_eq!(app.userinfo(text(&tokens, "access_token")).await.status, 401, "it is nobody's");
    })
    .await;
}

#[actix_web::test]
async fn scope_is_what_the_client_is_registered_for() {
    on_each_engine(async |app| {
        let page = app.client_credentials(As::Post("machine"), &[]).await;
        assert_eq!(page.json()["scope"], "notes:read notes:write", "all of it by default");
        for scope in ["admin", "openid", "notes:read profile"] {
            let page = app.client_credentials(As::Basic("machine"), &[("scope", scope)]).await;
            assert_eq!(page.json()["error"], "invalid_scope", "{scope}");
        }
    })
    .await;
}

#[actix_web::test]
async fn grant_types_are_those_registered() {
    on_each_engine(async |app| {
        let page = app.client_credentials(As::Basic("confidential"), &[]).await;
        assert_eq!(page.json()["error"], "unauthorized_client");
        for grant_type in ["password", "implicit", "urn:ietf:params:oauth:grant-type:saml2-bearer"] {
            let page = app.client_credentials(As::Basic("machine"), &[("grant_type", grant_type)]).await;
            assert_eq!((page.status.as_u16(), text(&page.json(), "error")), (400, "unsupported_grant_type"));
        }
        let page = app.client_credentials(As::Basic("machine"), &[("grant_type", "")]).await;
        assert_eq!(page.json()["error"], "invalid_request");
    })
    .await;
}
