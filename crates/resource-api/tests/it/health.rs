//! `/livez` and `/readyz`; the way down (issuer unreachable) is in `keys.rs`.

use reqwest::Method;
use serde_json::json;

use crate::api::{TestApi, send};
use crate::issuer::Issuer;

#[actix_web::test]
async fn a_started_api_lives_and_is_ready_when_it_has_keys() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    assert_eq!(send(api.request(Method::GET, "/livez")).await.json(), json!({ "status": "alive" }));
    assert_eq!(api.get("/me", &issuer.token().sign()).await.status, 200);
    assert_eq!(send(api.request(Method::GET, "/readyz")).await.json(), json!({ "status": "ready" }));
}
