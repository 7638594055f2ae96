//! The routes of `main.rs`, asked with the issuer in this process. `docs/protect-an-api.md` shows it word for word.

use actix_web::test::{TestRequest, call_service, init_service};
use resource_api::testkit::{FakeIntrospection, TestIssuer, json};

use super::*;

const API: &str = "https://api.example";

/// With which status `GET /greeting` is answered to these headers.
async fn ask(settings: &Settings, headers: &[(&str, &str)]) -> u16 {
    let server = ResourceServer::new(settings.clone(), routes()).unwrap();
    let app = init_service(App::new().configure(|app| server.configure(app))).await;
    let request = TestRequest::get().uri("/greeting");
    let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
    call_service(&app, request.to_request()).await.status().as_u16()
}

#[actix_web::test]
async fn a_greeting_needs_a_good_token_with_the_permission() {
    let issuer = TestIssuer::new();
    let settings = issuer.settings(API);
    let good = issuer.token().sub("alice").scope("notes:read");
    for (token, status) in [(good.clone(), 200), (good.clone().scope("notes:write"), 403), (good.expired(), 401)] {
        let authorization = format!("Bearer {}", token.sign());
        assert_eq!(ask(&settings, &[("Authorization", &authorization)]).await, status);
    }
}

#[actix_web::test]
async fn a_token_that_is_bound_to_a_key_needs_a_proof() {
    let issuer = TestIssuer::new();
    let (settings, key) = (issuer.settings(API), issuer.dpop_key());
    let token = issuer.token().scope("notes:read").bound_to(&key).sign();
    let proof = key.proof("GET", "https://api.example/greeting", &token);
    let sent = format!("DPoP {token}");
    assert_eq!(ask(&settings, &[("Authorization", &sent), ("DPoP", &proof)]).await, 200);
    assert_eq!(ask(&settings, &[("Authorization", &format!("Bearer {token}"))]).await, 401);
}

#[actix_web::test]
async fn an_opaque_token_is_asked_about() {
    let said = json!({ "sub": "alice", "aud": API, "scope": "notes:read" });
    let introspection = FakeIntrospection::start().active("opaque", said);
    let settings = Settings { introspection: Some(introspection.settings()), ..TestIssuer::new().settings(API) };
    assert_eq!(ask(&settings, &[("Authorization", "Bearer opaque")]).await, 200);
    introspection.revoke("opaque");
    assert_eq!(ask(&settings, &[("Authorization", "Bearer opaque")]).await, 401);
}
