//! CORS for browser apps: known origins, errors too; nothing on pages (experience of every single-page app).

use reqwest::Method;
use testkit::app::TestApp;
use testkit::browser::plain_http;

use crate::on_each_engine;

async fn call(app: &TestApp, method: Method, path: &str, origin: &str, body: &str) -> reqwest::Response {
    let http = plain_http().build().unwrap();
    let mut request = http.request(method.clone(), app.url(path)).header("origin", origin);
    if method == Method::OPTIONS {
        request = request.header("access-control-request-method", "POST");
    } else {
        request = request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned());
    }
    request.send().await.unwrap()
}

fn allowed(response: &reqwest::Response) -> &str {
    response.headers().get("access-control-allow-origin").map_or("", |value| value.to_str().unwrap())
}

#[actix_web::test]
async fn a_registered_origin_is_answered_on_errors_too() {
    on_each_engine(async |app| {
        let origin = "https://app.example.com";
        for path in ["/token", "/revoke", "/userinfo"] {
            let preflight = call(&app, Method::OPTIONS, path, origin, "").await;
            assert_eq!((preflight.status().as_u16(), allowed(&preflight)), (204, origin), "{path}");
            assert!(preflight.headers()["access-control-allow-headers"].to_str().unwrap().contains("Authorization"));
            let refused = call(&app, Method::POST, path, origin, "client_id=public").await;
            assert!(refused.status().is_client_error());
            assert_eq!(allowed(&refused), origin, "{path}");
            assert_eq!(refused.headers()["access-control-allow-credentials"], "true");
            assert!(refused.headers()["access-control-expose-headers"].to_str().unwrap().contains("X-Trace-Id"));
        }
    })
    .await;
}

#[actix_web::test]
async fn an_unknown_origin_is_not() {
    on_each_engine(async |app| {
        for origin in ["https://evil.test", "null", "https://app.example.com.evil.test", "http://app.example.com"] {
            for method in [Method::OPTIONS, Method::POST] {
                assert_eq!(allowed(&call(&app, method, "/token", origin, "client_id=public").await), "", "{origin}");
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn an_origin_of_another_client_learns_no_more_after_authentication() {
    on_each_engine(async |app| {
        app.client(
            "other",
            r#"{"token_endpoint_auth_method": "none", "redirect_uris": ["https://other.example.com/cb"]}"#,
        )
        .await;
        let body = "client_id=public&grant_type=refresh_token&refresh_token=x";
        let answer = call(&app, Method::POST, "/token", "https://other.example.com", body).await;
        assert_eq!((answer.status().as_u16(), allowed(&answer)), (400, ""));
    })
    .await;
}

#[actix_web::test]
async fn pages_and_introspection_have_none() {
    on_each_engine(async |app| {
        for path in ["/authorize", "/login", "/logout", "/introspect"] {
            let answer = call(&app, Method::OPTIONS, path, "https://app.example.com", "").await;
            assert_eq!((answer.status().as_u16(), allowed(&answer)), (405, ""), "{path}");
        }
    })
    .await;
}

#[actix_web::test]
async fn public_documents_are_open_to_everybody_preflight_included() {
    on_each_engine(async |app| {
        for path in ["/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
            let preflight = call(&app, Method::OPTIONS, path, "https://anywhere.example", "").await;
            assert_eq!((preflight.status().as_u16(), allowed(&preflight)), (204, "*"), "{path}");
        }
    })
    .await;
}
