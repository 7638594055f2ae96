//! Browser apps: the configured origins may call and read every answer, nobody else.

use reqwest::{Method, RequestBuilder};
use resource_api::Introspection;
use resource_api::signature::Policy;

use crate::api::{Answer, TestApi, send};
use crate::issuer::Issuer;
use crate::ways::Service;

const APP: &str = "https://app.example";

async fn api(issuer: &Issuer) -> TestApi {
    TestApi::start_with(&issuer.url, |config| config.settings.allowed_origins = vec![APP.to_owned()]).await
}

fn listed(answer: &Answer, name: &str) -> Vec<String> {
    answer.header(name).split(", ").map(str::to_owned).collect()
}

#[actix_web::test]
async fn errors_carry_the_same_headers_as_answers() {
    let issuer = Issuer::start();
    let api = api(&issuer).await;
    let good = api.request(Method::GET, "/me").bearer_auth(issuer.token().sign());
    let bad = api.request(Method::GET, "/me").bearer_auth("x");
    let nowhere = api.request(Method::GET, "/nowhere");
    let weak = api.request(Method::GET, "/notes").bearer_auth(issuer.token().claim("scope", "").sign());
    let wrong_method = api.request(Method::PATCH, "/me");
    let odd = api.request(Method::GET, "/notes?limit=x").bearer_auth(issuer.token().sign());
    let bodiless = api.request(Method::POST, "/notes").bearer_auth(issuer.token().sign());
    let all = [(good, 200), (bad, 401), (nowhere, 404), (weak, 403), (wrong_method, 405), (odd, 400), (bodiless, 415)];
    for (request, status) in all {
        let answer = send(request.header("origin", APP)).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), APP);
        assert_eq!(answer.header("vary"), "Origin");
        let exposed = listed(&answer, "access-control-expose-headers");
        for name in ["WWW-Authenticate", "DPoP-Nonce", "ETag", "Location", "Retry-After", "X-Trace-Id"] {
            assert!(exposed.contains(&name.to_owned()), "{name}: {exposed:?}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
}

#[actix_web::test]
async fn a_preflight_needs_no_token() {
    let issuer = Issuer::start();
    let api = api(&issuer).await;
    let preflight = |origin: &str| {
        let request = api.request(Method::OPTIONS, "/notes/x").header("origin", origin);
        send(
            request
                .header("access-control-request-method", "PUT")
                .header("access-control-request-headers", "authorization"),
        )
    };
    let answer = preflight(APP).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(answer.header("access-control-allow-origin"), APP);
    assert!(answer.header("access-control-allow-methods").contains("PUT"));
    assert!(answer.header("access-control-allow-headers").contains("Authorization"));
    assert_eq!(answer.header("content-type"), "");
    assert_eq!(answer.header("x-trace-id").len(), 32);
    for stranger in ["https://evil.example", "null", "https://app.example.evil.example", "http://app.example"] {
        let answer = preflight(stranger).await;
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{answer:?}");
        assert_eq!(answer.header("vary"), "Origin");
    }
}

#[actix_web::test]
async fn nobody_is_allowed_by_default() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let answer = send(api.request(Method::GET, "/livez").header("origin", APP)).await;
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    assert_eq!(answer.header("vary"), "");
}

/// What a way to authenticate needs is allowed where that way is on; then come those of the settings and of the example service.
#[actix_web::test]
async fn the_headers_of_each_way_that_is_on_may_be_sent() {
    let issuer = Issuer::start();
    let allowed = async |asked: RequestBuilder| {
        let asked = asked.header("origin", APP).header("access-control-request-method", "POST");
        listed(&send(asked).await, "access-control-allow-headers")
    };
    let notes = |api: &TestApi| api.request(Method::OPTIONS, "/notes");
    let always = ["Authorization", "Content-Type", "If-Match", "If-None-Match"];
    let service = ["Idempotency-Key", "Last-Event-ID"];
    let dpop = ["DPoP"];
    let more = ["X-API-Key", "Signature", "Signature-Input", "Content-Digest"];
    let stranger = Service::start(&issuer, |settings| settings.allowed_origins = vec![APP.to_owned()]);
    assert_eq!(allowed(stranger.request(Method::OPTIONS, "/notes")).await, [&always[..], &dpop].concat());
    let few = api(&issuer).await;
    assert_eq!(allowed(notes(&few)).await, [&always[..], &dpop, &service].concat());
    let all = TestApi::start_with(&issuer.url, |config| {
        config.settings.allowed_origins = vec![APP.to_owned()];
        config.settings.allowed_headers = vec!["X-Mine".to_owned()];
        config.settings.introspection = Some(Introspection::with_secret("api", "s"));
        config.settings.signatures = Some(Policy::default());
    });
    assert_eq!(allowed(notes(&all.await)).await, [&always[..], &dpop, &more, &["X-Mine"], &service].concat());
}
