//! Redeeming a code (RFC 6749 §4.1.3, OA-037 to OA-045).

use protocol::ids::{ClientId, UserId};
use protocol::secret::AuthorizationCode;
use protocol::time::Seconds;
use serde_json::json;
use testkit::app::{API, REDIRECT_URI};
use testkit::browser::Browser;
use testkit::requests::{As, NONCE, text};

use crate::on_each_engine;

#[actix_web::test]
async fn a_code_becomes_tokens() {
    on_each_engine(async |app| {
        let tokens = app.tokens(As::Basic("confidential"), &[]).await;
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["scope"], "openid profile email offline_access");
        assert_eq!(tokens["expires_in"], 600);
        let id_token: serde_json::Value = jwt::verify::unverified_claims(text(&tokens, "id_token")).unwrap();
        assert_eq!(id_token["iss"], app.issuer);
        assert_eq!(id_token["aud"], "confidential");
        assert_eq!(id_token["nonce"], NONCE);
        assert_eq!((&id_token["acr"], &id_token["amr"]), (&json!("1"), &json!(["pwd"])));
        assert_eq!(id_token["auth_time"], app.now().0);
        assert_eq!(id_token["exp"], app.now().0 + 600);
        assert!(id_token.get("email").is_none(), "scope claims are at UserInfo unless the client asks otherwise");
    })
    .await;
}

#[actix_web::test]
async fn the_row_of_a_sign_in_is_kept_as_long_as_a_token_of_it_can_live() {
    on_each_engine(async |app| {
        app.client("no-refresh", r#"{"grant_types": ["authorization_code"]}"#).await;
        let tokens = &app.config.tokens;
        let short = tokens.authorization_code_lifetime + 86_400;
        for (client, scope, expected) in [
            ("public", "openid", short),
            ("public", "openid offline_access", tokens.refresh_token_lifetime),
            ("no-refresh", "openid offline_access", short),
        ] {
            let code = app.code(client, &[("scope", scope)]).await;
            let code = AuthorizationCode::parse(&code).unwrap();
            let grant = store::grants::find(&app.store, &code.id).await.unwrap().unwrap();
            assert_eq!(grant.expires_at.since(grant.created_at), Seconds(expected), "{client} {scope}");
        }
    })
    .await;
}

#[actix_web::test]
async fn a_client_can_have_its_claims_in_the_id_token() {
    on_each_engine(async |app| {
        app.client("reads-id-token", r#"{"scope_claims": "id_token", "id_token_signed_response_alg": "EdDSA"}"#).await;
        let tokens = app.tokens(As::Basic("reads-id-token"), &[("scope", "openid email groups")]).await;
        let id_token: serde_json::Value = jwt::verify::unverified_claims(text(&tokens, "id_token")).unwrap();
        assert_eq!(id_token["email"], "alice@example.test");
        assert_eq!(id_token["email_verified"], true);
        assert_eq!(id_token["groups"], json!(["staff"]));
    })
    .await;
}

#[actix_web::test]
async fn scopes_of_an_api_make_a_jwt_for_that_api() {
    on_each_engine(async |app| {
        let tokens = app.tokens(As::Public("public"), &[("scope", "openid notes:read")]).await;
        let token = text(&tokens, "access_token");
        let header = jwt::verify::peek(token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        let claims: serde_json::Value = jwt::verify::unverified_claims(token).unwrap();
        assert_eq!(claims["aud"], json!([API, app.issuer]));
        assert_eq!((&claims["client_id"], &claims["scope"]), (&json!("public"), &json!("openid notes:read")));
        for claim in ["iss", "sub", "exp", "iat", "jti"] {
            assert!(claims.get(claim).is_some(), "RFC 9068 §2.2 {claim}");
        }
        assert_eq!(tokens["expires_in"], 300, "the API's own lifetime");

        let opaque = app.tokens(As::Public("public"), &[("scope", "openid")]).await;
        assert!(!text(&opaque, "access_token").contains('.'), "without an API the token is sealed");
    })
    .await;
}

#[actix_web::test]
async fn a_wrong_request_is_refused_and_leaves_the_code_usable() {
    on_each_engine(async |app| {
        let code = app.code("public", &[]).await;
        let other_verifier = "another-verifier-of-at-least-forty-three-chars-";
        let wrong: &[&[(&str, &str)]] = &[
            &[("code_verifier", "")],
            &[("code_verifier", other_verifier)],
            &[("code_verifier", "short")],
            &[("redirect_uri", "https://app.example.com/other")],
            &[("code", "")],
            &[("code", "abc")],
        ];
        for changes in wrong {
            let page = app.redeem(As::Public("public"), &code, changes).await;
            assert_eq!(page.status, 400, "{changes:?}");
            let error = page.json();
            assert!(["invalid_grant", "invalid_request"].contains(&text(&error, "error")), "{changes:?} {error}");
            assert_eq!(text(&error, "trace_id"), page.header("x-trace-id"));
        }
        let page = app.redeem(As::Basic("confidential"), &code, &[]).await;
        assert_eq!(page.json()["error"], "invalid_grant", "bound to its client");
        let page = app.redeem(As::Public("public"), &code, &[]).await;
        assert_eq!(page.status, 200, "{}", page.body);
    })
    .await;
}

#[actix_web::test]
async fn a_code_is_redeemed_once_and_a_valid_replay_ends_the_grant() {
    on_each_engine(async |app| {
        let code = app.code("public", &[]).await;
        let tokens = app.redeem(As::Public("public"), &code, &[]).await.json();
        // An invalid second attempt revokes nothing (OA-043).
        let page = app.redeem(As::Public("public"), &code, &[("code_verifier", "")]).await;
        assert_eq!(page.json()["error"], "invalid_grant");
        assert_eq!(app.userinfo(text(&tokens, "access_token")).await.status, 200);
        let page = app.redeem(As::Public("public"), &code, &[]).await;
        assert_eq!(page.json()["error"], "invalid_grant");
        assert_eq!(app.userinfo(text(&tokens, "access_token")).await.status, 401);
        let page = app.refresh(As::Public("public"), text(&tokens, "refresh_token"), &[]).await;
        assert_eq!(page.json()["error"], "invalid_grant");
    })
    .await;
}

#[actix_web::test]
async fn a_code_expires() {
    on_each_engine(async |app| {
        let code = app.code("public", &[]).await;
        app.clock.advance(Seconds(60));
        assert_eq!(app.redeem(As::Public("public"), &code, &[]).await.json()["error"], "invalid_grant");
    })
    .await;
}

#[actix_web::test]
async fn a_code_of_a_disabled_person_client_or_ended_session_is_refused() {
    on_each_engine(async |app| {
        let code = app.code("public", &[]).await;
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let _won = store::users::disable(&app.store, &alice.id, app.now()).await.unwrap();
        assert_eq!(app.redeem(As::Public("public"), &code, &[]).await.json()["error"], "invalid_grant");
        let _won = store::users::enable(&app.store, &alice.id).await.unwrap();

        let browser = Browser::new(&app);
        let code = browser.authorize(&app.authorize_url("public", &[])).await["code"].clone();
        let page = browser.open("/logout").await;
        browser.submit(&page, &[("decision", "yes")]).await;
        assert_eq!(app.redeem(As::Public("public"), &code, &[]).await.json()["error"], "invalid_grant");

        let code = app.code("public", &[]).await;
        let client = ClientId::parse("public").unwrap();
        let _won = store::clients::disable(&app.store, &client, app.now()).await.unwrap();
        assert_eq!(app.redeem(As::Public("public"), &code, &[]).await.json()["error"], "invalid_client");
    })
    .await;
}

#[actix_web::test]
async fn codes_are_not_guessed_from_their_parts() {
    on_each_engine(async |app| {
        let code = app.code("public", &[]).await;
        let (id, secret) = code.split_once('.').unwrap();
        let other = app.code("public", &[]).await;
        let (_, other_secret) = other.split_once('.').unwrap();
        for wrong in [format!("{id}.{other_secret}"), format!("{id}."), id.to_owned(), format!("{id}.{}", &secret[1..])]
        {
            let page = app.redeem(As::Public("public"), &wrong, &[]).await;
            assert_eq!(page.json()["error"], "invalid_grant", "{wrong}");
        }
        assert_eq!(app.redeem(As::Public("public"), &code, &[("redirect_uri", REDIRECT_URI)]).await.status, 200);
        assert!(UserId::parse(id).is_ok());
    })
    .await;
}
