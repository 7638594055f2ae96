//! `/openapi.json`; that it agrees with the route table is tested beside the code.

use reqwest::Method;

use crate::api::{TestApi, send};
use crate::issuer::Issuer;

#[actix_web::test]
async fn the_document_names_this_api_and_its_issuer() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let answer = send(api.request(Method::GET, "/openapi.json")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], api.url.as_str());
    let discovery = format!("{}/.well-known/openid-configuration", issuer.url);
    assert_eq!(document["components"]["securitySchemes"]["openid"]["openIdConnectUrl"], discovery);
}
