//! Files: bytes come back as they were, browsers are told to save them, and nobody keeps more than they may.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{TestApi, send};
use crate::database::{on_both_engines, run};
use crate::issuer::Issuer;
use crate::people::{Person, api, person};

#[actix_web::test]
async fn a_file_comes_back_byte_for_byte_and_is_never_shown() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(1024 * 1024).collect();
        let upload = alice.request(Method::POST, "/files?name=R%C3%A4te%20%221%22.html");
        let upload = send(upload.header("content-type", "Text/HTML; charset=utf-8").body(bytes.clone())).await;
        assert_eq!((upload.status, upload.header("etag")), (201, "\"1o\""), "{upload:?}");
        let file = upload.json();
        assert_eq!(
            (&file["name"], &file["media_type"], &file["size"]),
            (&json!("Räte \"1\".html"), &json!("text/html"), &json!(1_048_576))
        );
        let path = upload.header("location").to_owned();
        assert_eq!(alice.get(&path).await.json(), file);
        assert_eq!(alice.get("/files").await.json()["files"], json!([file]));

        let content = alice.request(Method::GET, &format!("{path}/content")).send().await.unwrap();
        let header = |name: &str| content.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/html");
        assert_eq!(
            header("content-disposition"),
            "attachment; filename=\"R_te _1_.html\"; filename*=UTF-8''R%C3%A4te%20%221%22.html"
        );
        assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox; frame-ancestors 'none'");
        assert_eq!(
            (header("x-content-type-options"), header("cache-control")),
            ("nosniff".to_owned(), "no-store".to_owned())
        );
        assert_eq!((header("accept-ranges"), header("etag")), ("none".to_owned(), "\"1o\"".to_owned()));
        assert_eq!(content.bytes().await.unwrap(), bytes);
        let head = send(alice.request(Method::HEAD, &format!("{path}/content"))).await;
        assert_eq!((head.status, head.text.as_str(), head.header("content-length")), (200, "", "1048576"));

        let replaced = alice.put_content(&path, "\"1o\"", Vec::new()).await;
        assert_eq!((replaced.status, replaced.header("etag")), (200, "\"2o\""), "{replaced:?}");
        let now = replaced.json();
        assert_eq!((&now["size"], &now["name"], &now["media_type"]), (&json!(0), &file["name"], &json!("text/plain")));
        assert_eq!(alice.get(&format!("{path}/content")).await.text, "");
        assert_eq!(alice.delete(&path).await.status, 204);
        for gone in [path.clone(), format!("{path}/content")] {
            assert_eq!(alice.get(&gone).await.status, 404);
        }
    })
    .await;
}

/// Shown by a file whose bytes are not there to be read.
#[actix_web::test]
async fn what_is_known_already_or_only_described_is_not_read() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let content = format!("{}/content", alice.file("twelve bytes").await);
        run(&database, "DELETE FROM contents".to_owned()).await;
        let ask =
            |method, name: &'static str, tag: &'static str| send(alice.request(method, &content).header(name, tag));
        assert_eq!(ask(Method::GET, "if-none-match", "\"1o\"").await.status, 304);
        assert_eq!(ask(Method::GET, "if-match", "\"2o\"").await.status, 412);
        let head = ask(Method::HEAD, "if-none-match", "\"2o\"").await;
        assert_eq!(
            (head.status, head.header("content-length"), head.header("etag")),
            (200, "12", "\"1o\""),
            "{head:?}"
        );
        assert_eq!((head.header("content-type"), head.header("accept-ranges")), ("text/plain", "none"));
        assert_eq!(ask(Method::HEAD, "if-none-match", "\"1o\"").await.status, 304);
        assert_eq!(alice.get(&content).await.status, 404);
    })
    .await;
}

#[actix_web::test]
async fn a_bad_upload_is_named() {
    let issuer = Issuer::start();
    let api = TestApi::start_with(&issuer.url, |config| config.limits.file_bytes = 1000).await;
    let alice = person(&api, &issuer, "alice");
    for query in [
        "",
        "name=",
        "name=a%2Fb",
        "name=..",
        "name=a%00",
        "name=a%0A",
        "name=a&name=b",
        "name=a&x=1",
        "name=a%E2%80%AEb",
    ] {
        let answer = alice.upload(query, b"x".to_vec()).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_query")), "{query}");
    }
    assert_eq!(alice.upload("name=a&group=x", b"x".to_vec()).await.status, 400);
    let upload = |media_type: Option<&'static str>, more: Option<(&'static str, &'static str)>, bytes: usize| {
        let mut request = alice.request(Method::POST, "/files?name=a").body(vec![b'x'; bytes]);
        for (name, value) in media_type.map(|value| ("content-type", value)).into_iter().chain(more) {
            request = request.header(name, value);
        }
        send(request)
    };
    for media_type in
        [None, Some("text"), Some("multipart/form-data; boundary=x"), Some("application/x-www-form-urlencoded")]
    {
        assert_eq!(upload(media_type, None, 1).await.status, 415, "{media_type:?}");
    }
    let plain = Some("text/plain");
    assert_eq!(upload(plain, Some(("content-encoding", "gzip")), 1).await.status, 415);
    assert_eq!(upload(plain, Some(("content-range", "bytes 0-0/2")), 1).await.status, 400);
    let large = upload(plain, None, 1001).await;
    assert_eq!((large.status, &large.json()["error"]), (413, &json!("content_too_large")));
    assert_eq!(upload(plain, None, 1000).await.status, 201);
}

/// Bytes of all files of the caller, with their names (`a.txt`).
async fn kept(person: &Person<'_>) -> i64 {
    let page = person.get("/files?limit=100").await.json();
    page["files"].as_array().unwrap().iter().map(|file: &Value| file["size"].as_i64().unwrap() + 5).sum()
}

#[actix_web::test]
async fn twenty_uploads_at_once_never_exceed_the_quota() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let change = |config: &mut resource_api::service::Config| {
            config.database_url.clone_from(&database);
            config.limits.owner_bytes = 10_500;
        };
        let one = TestApi::start_with(&issuer.url, change).await;
        let two = TestApi::start_with(&issuer.url, change).await;
        let (here, there) = (person(&one, &issuer, "alice"), person(&two, &issuer, "alice"));
        let sent = (0..20).map(|number| if number % 2 == 0 { &here } else { &there });
        let answers = join_all(sent.map(|alice| alice.upload("name=a.txt", vec![b'x'; 995]))).await;
        let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 413).collect();
        assert_eq!((answers.iter().filter(|answer| answer.status == 201).count(), refused.len()), (10, 10));
        assert!(refused.iter().all(|answer| answer.json()["error"] == "quota_exceeded"));
        assert_eq!(kept(&here).await, 10_000);
        // Notes count too, and so does what a file becomes; what is deleted counts no more.
        assert_eq!(here.post("/notes", &json!({ "title": "t", "body": "x".repeat(500) })).await.status, 413);
        let path = answers.iter().find(|answer| answer.status == 201).unwrap().header("location");
        assert_eq!(here.put_content(path, "*", vec![b'x'; 1496]).await.status, 413);
        assert_eq!(here.put_content(path, "*", vec![b'x'; 1495]).await.status, 200);
        assert_eq!(there.post("/notes", &json!({ "title": "t" })).await.status, 413);
        assert_eq!(kept(&there).await, 10_500);
    })
    .await;
}

#[actix_web::test]
async fn deleted_and_shrunk_files_make_room_and_each_owner_has_their_own() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = TestApi::start_with(&issuer.url, |config| {
            config.database_url = String::from(&database);
            config.limits.owner_bytes = 1_000;
        })
        .await;
        let (alice, bob) = (person(&api, &issuer, "alice"), person(&api, &issuer, "bob"));
        let group = alice.group(&["bob"]).await;
        let first = alice.upload("name=a.txt", vec![b'x'; 995]).await;
        assert_eq!(first.status, 201);
        assert_eq!(alice.upload("name=b", Vec::new()).await.status, 413);
        assert_eq!(bob.upload("name=b.txt", vec![b'x'; 995]).await.status, 201);
        let of_group = format!("name=c.txt&group={group}");
        let shared = bob.upload(&of_group, vec![b'x'; 995]).await;
        assert_eq!((shared.status, &shared.json()["owner"]), (201, &json!(format!("group:{group}"))));
        assert_eq!(alice.upload(&of_group, Vec::new()).await.status, 413);
        // Whoever writes, it counts for the owner.
        assert_eq!(alice.share(first.header("location"), "person:bob", "write").await.status, 204);
        assert_eq!(bob.put_content(first.header("location"), "*", b"x".to_vec()).await.status, 200);
        assert_eq!(alice.upload("name=d.txt", vec![b'x'; 989]).await.status, 201);
        assert_eq!(alice.delete(shared.header("location")).await.status, 204);
        assert_eq!(alice.upload(&of_group, vec![b'x'; 995]).await.status, 201);
    })
    .await;
}
