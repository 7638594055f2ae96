//! Requests as no client of ours writes them, sent as bytes: whatever comes, the answer is no 5xx, and every error is a problem document
//! (RFC 9457) with its trace id. What is no HTTP is answered before it gets a trace id: 400 without a body, and the connection ends.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{TestApi, send};
use crate::database::on_both_engines;
use crate::issuer::Issuer;
use crate::people::{Person, api, person};

/// The answer to one request on a connection of its own.
struct Raw {
    status: u16,
    /// In small letters.
    head: String,
    body: Vec<u8>,
}

/// `lines` stand behind the request line and the token, each with its end.
async fn raw(person: &Person<'_>, start: &str, lines: &[u8], body: &[u8]) -> Raw {
    let address = person.api.url.strip_prefix("http://").unwrap().to_owned();
    let head = format!("{start} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n", person.token);
    let request = [head.as_bytes(), b"connection: close\r\n", lines, b"\r\n", body].concat();
    actix_web::rt::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // The server may end the connection before it has read everything.
        let _ = stream.write_all(&request);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        parse(&answer)
    })
    .await
    .unwrap()
}

fn parse(answer: &[u8]) -> Raw {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer");
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    Raw { status: head[9..12].parse().unwrap(), head, body: answer[end + 4..].to_vec() }
}

impl Raw {
    fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default()
    }

    #[track_caller]
    fn assert_told(&self, statuses: &[u16], asked: &str) {
        assert!(statuses.contains(&self.status), "{asked}: {}", self.head);
        assert_eq!(self.header("x-trace-id").len(), 32, "{asked}: {}", self.head);
        if self.status >= 400 {
            assert_eq!(self.header("content-type"), "application/problem+json", "{asked}");
            assert_eq!(self.header("cache-control"), "no-store", "{asked}");
            let problem: Value = serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{asked}: {error}"));
            assert_eq!((&problem["status"], &problem["type"]), (&json!(self.status), &json!("about:blank")), "{asked}");
            assert_eq!(problem["trace_id"], self.header("x-trace-id"), "{asked}");
            assert!(problem["error"].is_string() && problem["detail"].is_string(), "{asked}: {problem}");
        }
    }
}

async fn note(person: &Person<'_>) -> String {
    let made = person.post("/notes", &json!({ "title": "t" })).await;
    made.header("location").to_owned()
}

#[actix_web::test]
async fn a_path_or_query_that_makes_no_sense_is_refused_readably() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let note = note(&alice).await;
        let group = alice.post("/groups", &json!({ "name": "g" })).await.header("location").to_owned();
        let long = "A".repeat(6000);
        let ids = ["%00", "%FF%FE", "%", "%zz", "%2e%2e", "..", "%2F", "%E2%82", "%0A", &long, "a;b=c", "%u0000"];
        for id in ids {
            for path in [format!("/notes/{id}"), format!("/files/{id}/content"), format!("/groups/{id}/members")] {
                raw(&alice, &format!("GET {path}"), b"", b"").await.assert_told(&[400, 404], &path);
            }
            for path in [format!("{note}/shares/person:{id}"), format!("{note}/shares/group:{id}")] {
                let told = raw(&alice, &format!("DELETE {path}"), b"", b"").await;
                told.assert_told(&[204, 400, 404], &path);
            }
            let path = format!("{group}/members/{id}");
            raw(&alice, &format!("PUT {path}"), b"", b"").await.assert_told(&[204, 400, 404, 409], &path);
            let path = format!("/files?name={id}");
            let lines = b"content-type: text/plain\r\ncontent-length: 1\r\n";
            raw(&alice, &format!("POST {path}"), lines, b"x").await.assert_told(&[201, 400], &path);
        }
        let queries = [
            "limit=%FF",
            "limit=+1",
            "limit=99999999999999999999",
            "after=%00",
            "after=%FF",
            "&&&",
            "=",
            "limit",
            "%00=1",
        ];
        let long_after = format!("after={long}");
        for query in queries.into_iter().chain([long_after.as_str()]) {
            for path in ["/notes", "/files", "/groups", "/events"] {
                let asked = format!("GET {path}?{query}");
                if !(path == "/events" || query == "&&&") {
                    raw(&alice, &asked, b"", b"").await.assert_told(&[400], &asked);
                }
            }
        }
        for path in [
            "//notes",
            "/notes//shares",
            "/./notes",
            "/notes/../me",
            "/notes%2Fx",
            "*",
            "notes",
            "http://a.example/notes/x",
        ] {
            raw(&alice, &format!("GET {path}"), b"", b"").await.assert_told(&[404], path);
        }
    })
    .await;
}

#[actix_web::test]
async fn a_cursor_that_nobody_gave_finds_nothing_or_is_refused() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let texts =
            ["0.", "0.x", "9223372036854775807.x", "9223372036854775808.x", "-1.x", "0.\u{0}", ".", "x.0", "1.\u{e4}"];
        let encoded: Vec<String> = texts.iter().map(|text| URL_SAFE_NO_PAD.encode(text)).collect();
        for after in texts.iter().map(ToString::to_string).chain(encoded) {
            for path in ["/notes", "/files", "/groups"] {
                let after: String = url::form_urlencoded::byte_serialize(after.as_bytes()).collect();
                let answer = alice.get(&format!("{path}?after={after}")).await;
                assert!([200, 400].contains(&answer.status), "{after:?}: {answer:?}");
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn a_header_that_makes_no_sense_is_refused_readably() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let alice = person(&api, &issuer, "alice");
    let note = note(&alice).await;
    let values: [&[u8]; 12] = [
        b"",
        b"\"",
        b"\"\xff\"",
        b"\xff",
        b"\"a\" \"b\"",
        b"*, \"a\"",
        b"W/",
        b"\"a\";q=1",
        b"\"\t\"",
        b",,,",
        b"()",
        b"?1",
    ];
    let long = [b"\"", "a".repeat(20_000).as_bytes(), b"\""].concat();
    for value in values.into_iter().chain([long.as_slice()]) {
        let shown = String::from_utf8_lossy(value);
        let line = |name: &str| {
            [name.as_bytes(), b": ", value, b"\r\ncontent-type: application/json\r\ncontent-length: 13\r\n"].concat()
        };
        let body = b"{\"title\":\"t\"}";
        let put = raw(&alice, &format!("PUT {note}"), &line("if-match"), body).await;
        put.assert_told(&[400, 412], &format!("If-Match: {shown}"));
        let read = raw(&alice, &format!("GET {note}"), &line("if-none-match"), body).await;
        read.assert_told(&[200, 400], &format!("If-None-Match: {shown}"));
        let made = raw(&alice, "POST /notes", &line("idempotency-key"), body).await;
        made.assert_told(&[400], &format!("Idempotency-Key: {shown}"));
        let typed = [b"content-type: ", value, b"\r\ncontent-length: 1\r\n"].concat();
        for path in ["/notes", "/files?name=n"] {
            raw(&alice, &format!("POST {path}"), &typed, b"x")
                .await
                .assert_told(&[415], &format!("Content-Type: {shown}"));
        }
        let since = [b"last-event-id: ", value, b"\r\n"].concat();
        let stream = send(alice.request(Method::HEAD, "/events").header("last-event-id", value)).await;
        assert!([200, 400].contains(&stream.status), "{shown}: {stream:?}");
        if !value.is_empty() {
            raw(&alice, "GET /events", &since, b"").await.assert_told(&[400], &format!("Last-Event-ID: {shown}"));
        }
    }
    let twice =
        b"idempotency-key: \"a\"\r\nidempotency-key: \"a\"\r\ncontent-type: application/json\r\ncontent-length: 2\r\n";
    raw(&alice, "POST /notes", twice, b"{}").await.assert_told(&[400], "two keys");
    for (lines, statuses) in [
        (&b"authorization: Bearer x\r\n"[..], [400]),
        (b"x-api-key: \xff\r\n", [200]),
        (b"cookie: \xff=\xff; __Host-session\r\n", [200]),
        (b"dpop: \xff\r\n", [200]),
        (b"origin: \xff\r\n", [200]),
        (b"range: bytes=0-1\r\n", [200]),
        (b"accept: nothing\r\naccept-encoding: *;q=0\r\n", [200]),
        (b"x-http-method-override: DELETE\r\n", [200]),
    ] {
        raw(&alice, "GET /me", lines, b"").await.assert_told(&statuses, &String::from_utf8_lossy(lines));
    }
}

#[actix_web::test]
async fn a_body_that_makes_no_sense_is_refused_readably() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let deep = [b"{\"title\":", "[".repeat(30_000).as_bytes()].concat();
        let bodies: [&[u8]; 14] = [
            b"\xff\xfe",
            b"{\"title\":\"\xff\"}",
            b"\xef\xbb\xbf{\"title\":\"t\"}",
            b"{\"title\":\"\\ud800\"}",
            b"{\"title\":\"\\u0000\"}",
            b"{\"title\":\"t\",\"body\":\"\\u0000\"}",
            b"{\"title\":\"t\",\"group\":\"\\u0000\"}",
            b"{\"title\":1e999}",
            b"{\"title\":true}",
            b"{\"title\":null}",
            b"{\"title\":{\"title\":\"t\"}}",
            b"{\"\\u0000\":1}",
            b"{\"title\":\"t\"}\x00",
            &deep,
        ];
        for body in bodies {
            let lines = format!("content-type: application/json\r\nif-match: *\r\ncontent-length: {}\r\n", body.len());
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]);
            let note = note(&alice).await;
            for start in
                ["POST /notes", &format!("PUT {note}"), "POST /groups", &format!("PUT {note}/shares/person:bob")]
            {
                raw(&alice, start, lines.as_bytes(), body).await.assert_told(&[400], &format!("{start} {shown}"));
            }
        }
        let short = b"content-type: application/json\r\ncontent-length: 20\r\n";
        let huge = b"content-type: application/json\r\ncontent-length: 99999999999\r\n";
        raw(&alice, "POST /notes", huge, b"{}").await.assert_told(&[413], "huge");
        raw(&alice, "POST /files?name=n", &huge.map(|byte| if byte == b'a' { b'b' } else { byte }), b"")
            .await
            .assert_told(&[413, 415], "huge");
        let ended = raw(&alice, "POST /notes", short, b"{}").await;
        ended.assert_told(&[400], "ended early");
        let chunked = b"content-type: application/json\r\ntransfer-encoding: chunked\r\n";
        raw(&alice, "POST /notes", chunked, b"zz\r\n{}\r\n0\r\n\r\n").await.assert_told(&[400], "chunks that are none");
    })
    .await;
}

#[actix_web::test]
async fn every_path_answers_to_its_methods_alone_and_to_head_as_to_get() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let alice = person(&api, &issuer, "alice");
    let document = send(api.request(Method::GET, "/openapi.json")).await.json();
    let paths = document["paths"].as_object().unwrap().iter();
    for (template, item) in paths.filter(|(template, _)| *template != "/events") {
        let path =
            template.replace("{id}", "AAAAAAAAAAAAAAAAAAAAAA").replace("{with}", "person:bob").replace("{sub}", "bob");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get", "LONG-METHOD-NAME"] {
            if item.get(method.to_ascii_lowercase()).is_none() || method == "get" {
                let told = raw(&alice, &format!("{method} {path}"), b"", b"").await;
                told.assert_told(&[405], &format!("{method} {path}"));
                assert!(told.header("allow").contains("options"), "{}", told.head);
            }
        }
        if item.get("get").is_some() {
            let (get, head) = (
                raw(&alice, &format!("GET {path}"), b"", b"").await,
                raw(&alice, &format!("HEAD {path}"), b"", b"").await,
            );
            assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
            for name in ["content-type", "cache-control", "etag", "www-authenticate"] {
                assert_eq!(head.header(name), get.header(name), "{name} {path}");
            }
        }
    }
}

/// RFC 9112 §2.2: nothing of it reaches a handler.
#[actix_web::test]
async fn what_is_no_http_is_400_and_ends_the_connection() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let alice = person(&api, &issuer, "alice");
    for (start, lines) in [
        ("GET /me\u{0}", &b""[..]),
        ("GET /m e", b""),
        ("GET /notes/\u{e4}", b""),
        ("GET /me", b"x: a\0b\r\n"),
        ("GET /me", b"no colon\r\n"),
        ("POST /notes", b"content-length: -1\r\n"),
        ("POST /notes", b"content-length: 1\r\ncontent-length: 2\r\n"),
        ("POST /notes", b"content-length: 1\r\ntransfer-encoding: chunked\r\n"),
        ("POST /notes", b"transfer-encoding: gzip, chunked, x\r\n"),
    ] {
        let told = raw(&alice, start, lines, b"").await;
        assert_eq!(
            (told.status, told.body.len()),
            (400, 0),
            "{start} {}: {}",
            String::from_utf8_lossy(lines),
            told.head
        );
    }
}

#[actix_web::test]
async fn a_hundred_at_once_with_one_key_make_one_note() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let body = json!({ "title": "t" });
        let answers = join_all((0..100).map(|_| alice.post_once("/notes", "\"k\"", &body))).await;
        assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)), "{answers:?}");
        let notes = alice.get("/notes").await.json();
        assert_eq!(notes["notes"].as_array().map(Vec::len), Some(1));
    })
    .await;
}
