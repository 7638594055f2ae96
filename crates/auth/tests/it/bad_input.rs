//! Wrong, oversized, contradictory input: a clear refusal with a trace id; nothing answers 500.

use reqwest::Method;
use testkit::browser::{Browser, plain_http};

use crate::on_each_engine;

#[actix_web::test]
async fn bodies_are_forms_of_limited_size() {
    on_each_engine(async |app| {
        let http = plain_http().build().unwrap();
        for path in ["/token", "/introspect", "/revoke"] {
            let post = |kind: &str, body: String| {
                http.post(app.url(path)).header("content-type", kind.to_owned()).body(body).send()
            };
            let form = "application/x-www-form-urlencoded";
            let json = post("application/json", "{}".to_owned()).await.unwrap();
            assert_eq!(json.status(), 415, "{path}");
            let trace = json.headers()["x-trace-id"].to_str().unwrap().to_owned();
            let body: serde_json::Value = json.json().await.unwrap();
            assert_eq!(
                (body["error"].as_str().unwrap(), body["trace_id"].as_str().unwrap()),
                ("invalid_request", trace.as_str())
            );
            let large = post(form, format!("a={}", "x".repeat(70_000))).await.unwrap();
            assert_eq!(large.status(), 413, "{path}");
            let many = vec!["p=1"; 100].join("&");
            assert_eq!(post(form, many).await.unwrap().status(), 400, "{path}");
            for broken in ["a=%zz", "a=%ff", "grant_type=x&grant_type=y", "a=%00"] {
                let answer = post(form, broken.to_owned()).await.unwrap();
                assert!([400, 401].contains(&answer.status().as_u16()), "{path} {broken}");
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn token_parameters_are_never_read_from_the_query() {
    on_each_engine(async |app| {
        let http = plain_http().build().unwrap();
        let url = app.url(&format!(
            "/token?grant_type=client_credentials&client_id=machine&client_secret={}",
            testkit::app::CLIENT_SECRET
        ));
        let answer = http.post(url).header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        assert_eq!(answer.status(), 401);
    })
    .await;
}

#[actix_web::test]
async fn wrong_methods_say_which_are_right() {
    on_each_engine(async |app| {
        let http = plain_http().build().unwrap();
        for (path, allow) in [
            ("/token", "POST"),
            ("/jwks", "GET, HEAD, OPTIONS"),
            ("/authorize", "GET, POST"),
            ("/userinfo", "GET, POST"),
        ] {
            let answer = http.request(Method::DELETE, app.url(path)).send().await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.headers()["allow"].to_str().unwrap()), (405, allow), "{path}");
        }
    })
    .await;
}

#[actix_web::test]
async fn unknown_paths_are_a_page_and_health_has_no_body() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let page = browser.get("/nowhere").await;
        assert_eq!((page.status.as_u16(), page.has_id("error-page")), (404, true));
        assert_eq!(page.header("x-trace-id").len(), 32);
        assert!(page.body.contains(page.header("x-trace-id")), "the number on the page is the one in the log");
        for path in ["/livez", "/readyz"] {
            let page = browser.get(path).await;
            assert_eq!((page.status.as_u16(), page.body.as_str(), page.header("content-type")), (200, "", ""));
        }
    })
    .await;
}

#[actix_web::test]
async fn hostile_values_never_cause_a_server_error() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let hostile = [
            "\0",
            "\r\nX: y",
            "%",
            "'; DROP TABLE users; --",
            "<svg onload=alert(1)>",
            "\u{202e}",
            "𝔘",
            "-1",
            "[]",
            "{}",
        ];
        let names = [
            "client_id",
            "redirect_uri",
            "response_type",
            "response_mode",
            "scope",
            "state",
            "nonce",
            "prompt",
            "max_age",
            "login_hint",
            "id_token_hint",
            "acr_values",
            "ui_locales",
            "claims",
            "code_challenge",
            "display",
        ];
        for name in names {
            for value in hostile {
                let page = browser.get(&app.authorize_url("public", &[(name, value)])).await;
                assert!(page.status.as_u16() < 500, "{name} = {value:?}: {}", page.status);
                assert!(!page.body.contains("<svg onload"), "{name}");
            }
        }
        for path in ["/login", "/consent", "/select-account", "/logout"] {
            for value in hostile {
                let page = browser
                    .get(&format!("{path}?interaction={}&id_token_hint={}", urlencode(value), urlencode(value)))
                    .await;
                assert!(page.status.as_u16() < 500, "{path} {value:?}: {}", page.status);
                let form = ["interaction", "csrf", "decision", "username", "password", "logout"]
                    .map(|name| (name.to_owned(), value.to_owned()));
                let page = browser.post(path, &form).await;
                assert!(page.status.as_u16() < 500, "{path} {value:?}: {}", page.status);
            }
        }
    })
    .await;
}

fn urlencode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[actix_web::test]
async fn a_long_password_is_refused_before_hashing() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("public", &[])).await;
        let page = browser.submit(&page, &[("username", "alice"), ("password", &"x".repeat(1_025))]).await;
        assert_eq!(page.status, 400);
        let page = browser.open(&app.authorize_url("public", &[])).await;
        let page = browser.submit(&page, &[("username", &"x".repeat(321)), ("password", "x")]).await;
        assert_eq!(page.status, 400);
    })
    .await;
}

#[actix_web::test]
async fn every_answer_has_the_headers_that_protect_it() {
    on_each_engine(async |app| {
        let http = plain_http().build().unwrap();
        for path in
            ["/token", "/userinfo", "/jwks", "/.well-known/openid-configuration", "/livez", "/nowhere", "/logout"]
        {
            let answer = http.get(app.url(path)).send().await.unwrap();
            assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
            assert_eq!(answer.headers()["referrer-policy"], "no-referrer", "{path}");
            assert_eq!(answer.headers().get_all("x-content-type-options").iter().count(), 1, "{path}");
        }
    })
    .await;
}

#[actix_web::test]
async fn one_network_cannot_begin_sign_ins_without_end() {
    for database in testkit::database::engines() {
        let options = testkit::app::TestOptions {
            config: Box::new(|config| config.limits.interactions_per_minute = 3),
            ..Default::default()
        };
        let app = testkit::app::TestApp::start_with(database, options).await;
        let browser = Browser::new(&app);
        for _ in 0..3 {
            assert_eq!(browser.get(&app.authorize_url("public", &[])).await.status, 303);
        }
        let page = browser.get(&app.authorize_url("public", &[])).await;
        assert_eq!((page.status.as_u16(), page.has_id("error-page")), (429, true));
        assert!(page.header("retry-after").parse::<i64>().unwrap() > 0);
    }
}
