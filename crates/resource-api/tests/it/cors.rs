//! Browser apps: the configured origins may call and read every answer, nobody else.

use reqwest::Method;

use crate::api::{TestApi, send};
use crate::issuer::Issuer;

const APP: &str = "https://app.example";

async fn api(issuer: &Issuer) -> TestApi {
    TestApi::start_with(&issuer.url, |config| config.settings.allowed_origins = vec![APP.to_owned()]).await
}

#[actix_web::test]
async fn errors_carry_the_same_headers_as_answers() {
    let issuer = Issuer::start();
    let api = api(&issuer).await;
    let good = api.request(Method::GET, "/me").bearer_auth(issuer.token().sign());
    let bad = api.request(Method::GET, "/me").bearer_auth("x");
    let nowhere = api.request(Method::GET, "/nowhere");
    for (request, status) in [(good, 200), (bad, 401), (nowhere, 404)] {
        let answer = send(request.header("origin", APP)).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), APP);
        assert_eq!(answer.header("vary"), "Origin");
        for name in ["WWW-Authenticate", "Retry-After", "X-Trace-Id"] {
            assert!(answer.header("access-control-expose-headers").contains(name));
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
