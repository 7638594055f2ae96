//! `GET /me`.

use reqwest::Method;
use serde_json::json;

use crate::api::{TestApi, send};
use crate::issuer::Issuer;

#[actix_web::test]
async fn any_valid_token_shows_who_is_calling() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let answer = api.get("/me", &issuer.token().claim("scope", "openid").sign()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json(), json!({ "sub": "alice", "client_id": "web-app", "scope": "openid" }));
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[actix_web::test]
async fn a_machine_is_its_own_subject_and_may_have_no_scope() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let token = issuer.token().claim("sub", "batch").claim("client_id", "batch").without("scope").sign();
    assert_eq!(api.get("/me", &token).await.json(), json!({ "sub": "batch", "client_id": "batch", "scope": "" }));
}

#[actix_web::test]
async fn without_a_token_there_is_a_bare_challenge() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let answer = send(api.request(Method::GET, "/me")).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.challenge(), api.bare_challenge(""));
    assert!(answer.json().get("error").is_none());
}

#[actix_web::test]
async fn head_is_get_without_content() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let answer = send(api.request(Method::HEAD, "/me").bearer_auth(issuer.token().sign())).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    assert_eq!(send(api.request(Method::HEAD, "/me")).await.status, 401);
}
