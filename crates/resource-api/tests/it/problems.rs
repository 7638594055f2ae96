//! Every refusal is a problem document with a trace id, whatever went wrong and wherever.

use reqwest::Method;
use serde_json::json;

use crate::api::{Answer, TestApi, send};
use crate::issuer::Issuer;

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let problem = answer.json();
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["status"], status);
    assert_eq!(problem["error"], error, "{problem}");
    assert!(problem["title"].is_string() && problem["detail"].is_string());
    assert_eq!(problem["trace_id"], answer.header("x-trace-id"));
}

#[actix_web::test]
async fn every_answer_has_its_own_trace_id() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let mine = "00000000000000000000000000000000";
    let mut seen = std::collections::HashSet::new();
    for path in ["/livez", "/me", "/nowhere", "/openapi.json"] {
        let answer = send(api.request(Method::GET, path).header("x-trace-id", mine)).await;
        let trace = answer.header("x-trace-id");
        assert!(trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit()), "{trace}");
        assert!(trace != mine && seen.insert(trace.to_owned()));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[actix_web::test]
async fn an_unknown_path_and_a_wrong_method_are_told_apart() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    for path in ["/", "/nowhere", "/notes/", "/notes/a/b", "/ME"] {
        assert_problem(&send(api.request(Method::GET, path)).await, 404, "not_found");
    }
    let answer = send(api.request(Method::PATCH, "/notes")).await;
    assert_problem(&answer, 405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET, POST, HEAD, OPTIONS");
    let answer = send(api.request(Method::OPTIONS, "/notes/x")).await;
    assert_eq!((answer.status, answer.header("allow")), (204, "GET, PUT, DELETE, HEAD, OPTIONS"));
}

#[actix_web::test]
async fn a_missing_permission_is_403_with_the_scope_that_would_do() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let reader = issuer.token().claim("scope", "notes:read").sign();
    let answer = api.post("/notes", &reader, &json!({ "title": "t" })).await;
    assert_problem(&answer, 403, "insufficient_scope");
    assert!(
        answer.challenge().contains("error=\"insufficient_scope\"")
            && answer.challenge().contains(", scope=\"notes:write\"")
    );
    let writer = issuer.token().claim("scope", "notes:write notes:reader Notes:read").sign();
    let answer = api.get("/notes", &writer).await;
    assert_problem(&answer, 403, "insufficient_scope");
    assert!(answer.challenge().contains(", scope=\"notes:read\""));
}

#[actix_web::test]
async fn the_bare_challenge_names_the_scope_of_the_route() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let answer = send(api.request(Method::DELETE, "/notes/x")).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.challenge(), api.bare_challenge(", scope=\"notes:write\""));
}

#[actix_web::test]
async fn a_bad_body_is_named() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let token = issuer.token().sign();
    let post = |content_type: &'static str, body: String| {
        let request = api.request(Method::POST, "/notes").bearer_auth(&token).header("content-type", content_type);
        send(request.body(body))
    };
    let json_type = "application/json; charset=utf-8";
    for body in [
        "",
        "{",
        "null",
        "[]",
        "\"t\"",
        "{\"title\":7}",
        "{}",
        "{\"title\":\"t\"}x",
        "{\"title\":\"t\",\"title\":\"t\"}",
    ] {
        assert_problem(&post(json_type, body.to_owned()).await, 400, "invalid_body");
    }
    let unknown = post(json_type, json!({ "title": "t", "owner": "bob" }).to_string()).await;
    assert_problem(&unknown, 400, "invalid_body");
    assert!(unknown.json()["detail"].as_str().unwrap().contains("unknown field `owner`"));
    for title in ["", " ", "a\nb", "\u{0}", &"t".repeat(201)] {
        let answer = post(json_type, json!({ "title": title }).to_string()).await;
        assert_problem(&answer, 400, "invalid_body");
        assert!(answer.json()["detail"].as_str().unwrap().starts_with("title"));
    }
    assert_problem(&post(json_type, json!({ "title": "t", "body": "\u{0}" }).to_string()).await, 400, "invalid_body");
    assert_problem(&post(json_type, "[".repeat(60_000)).await, 400, "invalid_body");
    for wrong in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        assert_problem(&post(wrong, "{}".to_owned()).await, 415, "unsupported_media_type");
    }
    assert_problem(&post(json_type, " ".repeat(65_537)).await, 413, "content_too_large");
}

#[actix_web::test]
async fn a_body_without_a_length_is_cut_at_the_same_size() {
    use std::io::{Read as _, Write as _};
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let token = issuer.token().sign();
    let address = api.url.strip_prefix("http://").unwrap().to_owned();
    let head = format!(
        "POST /notes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let answer = actix_web::rt::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
        for _ in 0..17 {
            stream.write_all(chunk.as_bytes()).unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    });
    assert_eq!(answer.await.unwrap(), "HTTP/1.1 413");
}

#[actix_web::test]
async fn a_compressed_body_is_refused() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let request = api.request(Method::POST, "/notes").bearer_auth(issuer.token().sign()).json(&json!({ "title": "t" }));
    assert_problem(&send(request.header("content-encoding", "gzip")).await, 415, "unsupported_media_type");
}

#[actix_web::test]
async fn a_bad_query_is_named() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let token = issuer.token().sign();
    for query in ["limit=0", "limit=101", "limit=ten", "limit=1&limit=2", "after=x", "offset=3"] {
        assert_problem(&api.get(&format!("/notes?{query}"), &token).await, 400, "invalid_query");
    }
}

#[actix_web::test]
async fn who_may_not_write_is_told_before_the_body_is_read() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let request = api.request(Method::POST, "/notes").header("content-type", "text/plain").body("nonsense");
    assert_eq!(send(request).await.status, 401);
}
