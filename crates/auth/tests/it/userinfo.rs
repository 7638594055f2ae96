//! `/userinfo` (OpenID Connect Core §5.3): claims by scope and by the `claims` parameter; RFC 6750 challenges.

use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use serde_json::json;
use testkit::browser::plain_http;
use testkit::requests::{As, text};

use crate::on_each_engine;

const PUBLIC: As<'_> = As::Public("public");

#[actix_web::test]
async fn scope_decides_what_is_told() {
    on_each_engine(async |app| {
        let tokens = app.tokens(PUBLIC, &[("scope", "openid")]).await;
        let claims = app.userinfo(text(&tokens, "access_token")).await.json();
        assert_eq!(claims.as_object().unwrap().len(), 1, "only sub: {claims}");
        let tokens = app.tokens(PUBLIC, &[("scope", "openid profile email phone groups")]).await;
        let claims = app.userinfo(text(&tokens, "access_token")).await.json();
        assert_eq!(claims["name"], "Alice Moreau");
        assert_eq!((&claims["email"], &claims["email_verified"]), (&json!("alice@example.test"), &json!(true)));
        assert_eq!((&claims["groups"], &claims["phone_number_verified"]), (&json!(["staff"]), &json!(false)));
        assert!(claims["updated_at"].is_i64());
    })
    .await;
}

#[actix_web::test]
async fn the_claims_parameter_adds_single_claims() {
    on_each_engine(async |app| {
        let asked = r#"{"userinfo": {"email": null}, "id_token": {"name": {"essential": true}}}"#;
        let tokens = app.tokens(PUBLIC, &[("scope", "openid"), ("claims", asked)]).await;
        let claims = app.userinfo(text(&tokens, "access_token")).await.json();
        assert_eq!(claims["email"], "alice@example.test");
        assert!(claims.get("name").is_none());
        let id_token: serde_json::Value = jwt::verify::unverified_claims(text(&tokens, "id_token")).unwrap();
        assert_eq!(id_token["name"], "Alice Moreau");
    })
    .await;
}

#[actix_web::test]
async fn the_token_may_come_in_header_or_body_but_not_both() {
    on_each_engine(async |app| {
        let tokens = app.tokens(PUBLIC, &[]).await;
        let token = text(&tokens, "access_token");
        let http = plain_http().build().unwrap();
        let url = app.url("/userinfo");
        let form = [("access_token", token)];
        assert_eq!(http.get(&url).bearer_auth(token).send().await.unwrap().status(), 200);
        assert_eq!(http.post(&url).bearer_auth(token).send().await.unwrap().status(), 200);
        assert_eq!(http.post(&url).form(&form).send().await.unwrap().status(), 200);
        assert_eq!(http.post(&url).bearer_auth(token).form(&form).send().await.unwrap().status(), 400);
        let answer = http.get(format!("{url}?access_token={token}")).send().await.unwrap();
        assert_eq!(answer.status(), 401, "never in the query (RFC 9700 §4.3.2)");
    })
    .await;
}

#[actix_web::test]
async fn without_a_token_the_challenge_is_bare_and_a_bad_token_has_its_error() {
    on_each_engine(async |app| {
        let http = plain_http().build().unwrap();
        let answer = http.get(app.url("/userinfo")).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap().to_owned();
        assert_eq!(challenge, format!("Bearer realm=\"{}\"", app.issuer));
        for token in ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", &"x".repeat(9_000)] {
            let page = app.userinfo(token).await;
            assert_eq!(page.status, 401);
            assert!(page.header("www-authenticate").contains("error=\"invalid_token\""));
        }
    })
    .await;
}

#[actix_web::test]
async fn an_expired_token_an_id_token_and_a_token_for_an_api_alone_are_refused() {
    on_each_engine(async |app| {
        let tokens = app.tokens(PUBLIC, &[]).await;
        assert_eq!(app.userinfo(text(&tokens, "id_token")).await.status, 401);
        let api = app.tokens(PUBLIC, &[("scope", "notes:read")]).await;
        assert_eq!(app.userinfo(text(&api, "access_token")).await.status, 401);
        app.clock.advance(Seconds(600));
        assert_eq!(app.userinfo(text(&tokens, "access_token")).await.status, 401);
    })
    .await;
}

/// A client that asks for encryption and has no key for it must mend that itself: it is told so, and nothing fails here.
#[actix_web::test]
async fn without_a_key_to_encrypt_to_the_client_is_told_to_publish_one() {
    on_each_engine(async |app| {
        let key = jwt::SigningKey::generate(SigningAlgorithm::ES256).unwrap();
        let metadata = |member: &str| {
            json!({
                "consent_policy": "first_party",
                "jwks": { "keys": [key.jwk()] },
                format!("{member}_encrypted_response_alg"): "RSA-OAEP-256",
            })
            .to_string()
        };
        for (client, member) in [("wants-id-token", "id_token"), ("wants-userinfo", "userinfo")] {
            app.client(client, &metadata(member)).await;
        }
        let code = app.code("wants-id-token", &[]).await;
        for _ in 0..2 {
            let page = app.redeem(As::Basic("wants-id-token"), &code, &[]).await;
            assert_eq!((page.status.as_u16(), &page.json()["error"]), (400, &json!("invalid_request")));
            assert!(text(&page.json(), "error_description").contains("RSA-OAEP-256"), "the code is not used up either");
        }
        let tokens = app.tokens(As::Basic("wants-userinfo"), &[]).await;
        let page = app.userinfo(text(&tokens, "access_token")).await;
        assert_eq!((page.status.as_u16(), &page.json()["error"]), (400, &json!("invalid_request")));
    })
    .await;
}
