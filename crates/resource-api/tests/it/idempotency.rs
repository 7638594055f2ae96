//! `Idempotency-Key`: the same request once more makes nothing more.

use futures_util::future::join_all;
use serde_json::json;

use crate::api::send;
use crate::database::{on_both_engines, run};
use crate::issuer::Issuer;
use crate::people::{Person, api, person};

async fn count(person: &Person<'_>) -> usize {
    person.get("/notes?limit=100").await.json()["notes"].as_array().unwrap().len()
}

#[actix_web::test]
async fn the_same_request_gets_the_same_answer_and_makes_one_note() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let body = json!({ "title": "t", "body": "b" });
        let first = alice.post_once("/notes", "\"k\"", &body).await;
        assert_eq!(first.status, 201);
        let again = alice.post_once("/notes", "\"k\"", &json!({ "body": "b", "title": "t" })).await;
        assert_eq!((again.status, &again.text), (201, &first.text));
        for header in ["location", "etag"] {
            assert_eq!(again.header(header), first.header(header));
        }
        // Whatever became of the note.
        assert_eq!(alice.put(first.header("location"), "*", &json!({ "title": "other" })).await.status, 200);
        assert_eq!(alice.post_once("/notes", "\"k\"", &body).await.text, first.text);
        assert_eq!(alice.delete(first.header("location")).await.status, 204);
        assert_eq!(alice.post_once("/notes", "\"k\"", &body).await.text, first.text);
        assert_eq!(count(&alice).await, 0);
        assert_ne!(alice.post_once("/notes", "\"l\"", &body).await.text, first.text);
        assert_eq!(count(&alice).await, 1);
    })
    .await;
}

#[actix_web::test]
async fn another_request_with_the_key_is_422_and_the_key_of_another_person_is_another() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let (alice, bob) = (person(&api, &issuer, "alice"), person(&api, &issuer, "bob"));
        let first = alice.post_once("/notes", "\"k\"", &json!({ "title": "t" })).await;
        let other = alice.post_once("/notes", "\"k\"", &json!({ "title": "other" })).await;
        assert_eq!((other.status, &other.json()["error"]), (422, &json!("idempotency_key_reused")));
        assert_eq!(alice.post_once("/groups", "\"k\"", &json!({ "name": "t" })).await.status, 422);
        let bobs = bob.post_once("/notes", "\"k\"", &json!({ "title": "t" })).await;
        assert_eq!(bobs.status, 201);
        assert_ne!(bobs.json()["id"], first.json()["id"]);
        assert_eq!((count(&alice).await, count(&bob).await), (1, 1));
    })
    .await;
}

#[actix_web::test]
async fn files_and_groups_are_made_once_too() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let groups = [
            alice.post_once("/groups", "\"g\"", &json!({ "name": "t" })).await,
            alice.post_once("/groups", "\"g\"", &json!({ "name": "t" })).await,
        ];
        assert_eq!((groups[0].status, &groups[0].text), (201, &groups[1].text));
        let upload = |name: &'static str, bytes: &'static str, media_type: &'static str| {
            let request = alice.request(reqwest::Method::POST, &format!("/files?name={name}"));
            send(request.header("idempotency-key", "\"f\"").header("content-type", media_type).body(bytes))
        };
        let first = upload("a", "b", "text/plain").await;
        assert_eq!(first.status, 201, "{first:?}");
        assert_eq!(upload("a", "b", "text/plain").await.text, first.text);
        for (name, bytes, media_type) in [("b", "b", "text/plain"), ("a", "c", "text/plain"), ("a", "b", "text/html")] {
            assert_eq!(upload(name, bytes, media_type).await.status, 422, "{name} {bytes} {media_type}");
        }
        assert_eq!(alice.get("/files").await.json()["files"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[actix_web::test]
async fn twenty_at_once_in_two_processes_make_one_note() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let (one, two) = (api(&issuer, &database).await, api(&issuer, &database).await);
        let (here, there) = (person(&one, &issuer, "alice"), person(&two, &issuer, "alice"));
        let body = json!({ "title": "t" });
        let sent = (0..20).map(|number| if number % 2 == 0 { &here } else { &there });
        let answers = join_all(sent.map(|alice| alice.post_once("/notes", "\"race\"", &body))).await;
        let mut made: Vec<&str> = Vec::new();
        for answer in &answers {
            match answer.status {
                201 => made.push(&answer.text),
                409 => assert_eq!(
                    (answer.json()["error"].as_str(), answer.header("retry-after")),
                    (Some("request_in_progress"), "1")
                ),
                _ => panic!("{answer:?}"),
            }
        }
        assert!(!made.is_empty() && made.iter().all(|text| *text == made[0]), "{made:?}");
        assert_eq!(count(&here).await, 1);
        assert_eq!(there.post_once("/notes", "\"race\"", &body).await.text, made[0]);
    })
    .await;
}

#[actix_web::test]
async fn a_key_is_forgotten_after_24_hours_and_by_requests_that_failed() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        assert_eq!(alice.post_once("/notes", "\"k\"", &json!({ "title": "" })).await.status, 400);
        let nowhere = json!({ "title": "t", "group": "AAAAAAAAAAAAAAAAAAAAAA" });
        assert_eq!(alice.post_once("/notes", "\"k\"", &nowhere).await.status, 400);
        let first = alice.post_once("/notes", "\"k\"", &json!({ "title": "t" })).await;
        assert_eq!(first.status, 201);
        let age =
            |seconds: u32| run(&database, format!("UPDATE idempotency_keys SET created_at = created_at - {seconds}"));
        age(86_000).await;
        assert_eq!(alice.post_once("/notes", "\"k\"", &json!({ "title": "other" })).await.status, 422);
        age(400).await;
        let second = alice.post_once("/notes", "\"k\"", &json!({ "title": "other" })).await;
        assert_eq!(second.status, 201);
        assert_ne!(second.json()["id"], first.json()["id"]);
        assert_eq!(alice.post_once("/notes", "\"k\"", &json!({ "title": "other" })).await.text, second.text);
    })
    .await;
}

#[actix_web::test]
async fn what_is_no_key_is_named() {
    let issuer = Issuer::start();
    let api = crate::api::TestApi::start(&issuer).await;
    let alice = person(&api, &issuer, "alice");
    for key in ["", "k", "\"", "\"\"", "\"a\"b", "\"a\";x", &format!("\"{}\"", "a".repeat(129))] {
        let answer = alice.post_once("/notes", key, &json!({ "title": "t" })).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_header")), "{key}");
    }
    let twice = alice.request(reqwest::Method::POST, "/notes").json(&json!({ "title": "t" }));
    let twice = twice.header("idempotency-key", "\"a\"").header("idempotency-key", "\"a\"");
    assert_eq!(send(twice).await.status, 400);
    assert_eq!(count(&alice).await, 0);
}
