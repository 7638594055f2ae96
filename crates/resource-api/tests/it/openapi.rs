//! `/openapi.json`; that it agrees with the route table is tested beside the code.

use reqwest::Method;
use resource_api::Introspection;
use resource_api::signature::Policy;

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

/// A `sub` cannot be guessed: whoever shares has to be told where one stands.
#[actix_web::test]
async fn the_document_says_where_the_sub_of_a_person_comes_from() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let document = send(api.request(Method::GET, "/openapi.json")).await.json();
    let parameter = |path: &str, name: &str| {
        let parameters = document["paths"][path]["put"]["parameters"].as_array().unwrap();
        parameters.iter().find(|parameter| parameter["name"] == name).unwrap().to_string()
    };
    for (path, name) in [
        ("/notes/{id}/shares/{with}", "with"),
        ("/files/{id}/shares/{with}", "with"),
        ("/groups/{id}/members/{sub}", "sub"),
    ] {
        let parameter = parameter(path, name);
        assert!(parameter.contains("GET /me") && !parameter.contains("bob"), "{parameter}");
    }
}

/// One server with few ways to authenticate, one with all that this service can have.
#[actix_web::test]
async fn the_ways_that_are_on_are_described() {
    let issuer = Issuer::start();
    let schemes = async |api: TestApi| {
        let document = send(api.request(Method::GET, "/openapi.json")).await.json();
        let schemes = document["components"]["securitySchemes"].as_object().unwrap().clone();
        let mut names: Vec<String> = schemes.keys().cloned().collect();
        names.sort_unstable();
        (names, schemes)
    };
    let (names, _) = schemes(TestApi::start(&issuer).await).await;
    assert_eq!(names, ["bearer", "dpop", "openid"]);
    let all = TestApi::start_with(&issuer.url, |config| {
        config.settings.introspection = Some(Introspection::with_secret("api", "a secret of the client"));
        config.settings.signatures = Some(Policy::default());
        (config.settings.basic, config.settings.basic_passwords) = (true, true);
        config.settings.client_certificates = true;
    });
    let (names, schemes) = schemes(all.await).await;
    assert_eq!(names, ["apiKey", "apiKeyBearer", "basic", "bearer", "dpop", "openid", "session", "signature"]);
    let cookie = schemes["session"]["name"].as_str().unwrap();
    assert!(!cookie.is_empty());
}
