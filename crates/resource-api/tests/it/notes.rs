//! The notes, on both engines: one body per test, run against SQLite and PostgreSQL.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{TestApi, send};
use crate::database::on_both_engines;
use crate::issuer::Issuer;
use crate::people::{api, person};

#[actix_web::test]
async fn a_note_is_written_read_changed_and_deleted() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let written = alice.post("/notes", &json!({ "title": "Möbel", "body": "a\nb 'c' $1 \u{1F4DD}" })).await;
        assert_eq!(written.status, 201, "{written:?}");
        let note = written.json();
        let path = format!("/notes/{}", note["id"].as_str().unwrap());
        assert_eq!((written.header("location"), written.header("etag")), (path.as_str(), "\"1o\""));
        assert_eq!(note["body"], "a\nb 'c' $1 \u{1F4DD}");
        assert_eq!((&note["owner"], &note["access"]), (&json!("person:alice"), &json!("own")));
        assert_eq!(note["created_at"], note["updated_at"]);
        assert!(note["created_at"].as_str().unwrap().ends_with('Z'));
        let read = alice.get(&path).await;
        assert_eq!((read.json(), read.header("etag")), (note.clone(), "\"1o\""));

        let changed = alice.put(&path, "\"1o\"", &json!({ "title": "Chairs" })).await;
        assert_eq!((changed.status, changed.header("etag")), (200, "\"2o\""), "{changed:?}");
        assert_eq!((&changed.json()["title"], &changed.json()["body"]), (&json!("Chairs"), &json!("")));
        assert_eq!(changed.json()["created_at"], note["created_at"]);
        assert_eq!(alice.get(&path).await.json(), changed.json());

        let deleted = alice.delete(&path).await;
        assert_eq!((deleted.status, deleted.text.as_str(), deleted.header("content-type")), (204, "", ""));
        assert_eq!(alice.get(&path).await.status, 404);
        assert_eq!(alice.delete(&path).await.status, 404);
        assert_eq!(alice.put(&path, "*", &json!({ "title": "t" })).await.status, 404);
    })
    .await;
}

#[actix_web::test]
async fn a_write_says_which_version_it_is_about() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let path = alice.note("first").await;
        let body = json!({ "title": "second" });
        for method in [Method::PUT, Method::DELETE] {
            let answer = send(alice.request(method, &path).json(&body)).await;
            assert_eq!((answer.status, &answer.json()["error"]), (428, &json!("precondition_required")));
        }
        for tag in ["\"2o\"", "W/\"1o\"", "\"1r\"", "\"\""] {
            let answer = alice.put(&path, tag, &body).await;
            assert_eq!((answer.status, &answer.json()["error"]), (412, &json!("precondition_failed")), "{tag}");
        }
        assert_eq!(alice.put(&path, "1o", &body).await.status, 400);
        assert_eq!(alice.put(&path, "\"7x\", \"1o\"", &body).await.status, 200);
        assert_eq!(alice.put(&path, "\"1o\"", &body).await.status, 412);
        let delete = |tag: &'static str| send(alice.request(Method::DELETE, &path).header("if-match", tag));
        assert_eq!(delete("\"1o\"").await.status, 412);
        assert_eq!(delete("\"2o\"").await.status, 204);
    })
    .await;
}

#[actix_web::test]
async fn who_has_the_version_gets_304_without_content() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let (note, file) = (alice.note("t").await, alice.file("abc").await);
        for path in [note, file.clone(), format!("{file}/content")] {
            let get = |tag: &'static str| send(alice.request(Method::GET, &path).header("if-none-match", tag));
            let same = get("\"1o\"").await;
            assert_eq!((same.status, same.text.as_str(), same.header("etag")), (304, "", "\"1o\""), "{path}");
            assert_eq!(get("W/\"1o\"").await.status, 304);
            assert_eq!(get("\"2o\"").await.status, 200);
            let other = send(alice.request(Method::GET, &path).header("if-match", "\"2o\"")).await;
            assert_eq!(other.status, 412);
        }
    })
    .await;
}

#[actix_web::test]
async fn of_many_writers_of_one_version_one_wins() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let path = alice.note("t").await;
        let bodies: Vec<_> = (0..20).map(|number| json!({ "title": format!("{number}") })).collect();
        let answers = join_all(bodies.iter().map(|body| alice.put(&path, "\"1o\"", body))).await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1);
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 412)));
        assert_eq!(alice.get(&path).await.json(), won[0].json());
    })
    .await;
}

/// RFC 9110 §13.1.1: `*` is true while there is anything. Every byte that was charged is given back.
#[actix_web::test]
async fn of_many_writers_of_any_version_all_win() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = TestApi::start_with(&issuer.url, |config| {
            config.database_url = database;
            config.limits.owner_bytes = 1_000;
        });
        let api = api.await;
        let alice = person(&api, &issuer, "alice");
        let path = alice.file("first").await;
        let writes = (1..=40).map(|size| alice.put_content(&path, "*", vec![b'x'; size]));
        let answers = join_all(writes).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        let mut versions: Vec<_> = answers.iter().map(|answer| answer.json()["version"].as_i64().unwrap()).collect();
        versions.sort_unstable();
        assert!(versions.into_iter().eq(2..=41));
        let last = answers.iter().find(|answer| answer.json()["version"] == 41).unwrap();
        assert_eq!(alice.get(&path).await.json(), last.json());
        // Both conditions at once are about a version.
        let both = alice.request(Method::PUT, &format!("{path}/content")).header("if-none-match", "\"41o\"");
        let both = both.header("if-match", "*").header("content-type", "text/plain").body("x");
        assert_eq!(send(both).await.status, 412);
        assert_eq!(alice.delete(&path).await.status, 204);
        assert_eq!(alice.upload("name=a.txt", vec![b'x'; 996]).await.status, 413);
        assert_eq!(alice.upload("name=a.txt", vec![b'x'; 995]).await.status, 201);
    })
    .await;
}

#[actix_web::test]
async fn of_a_deletion_and_writers_at_once_nothing_is_left_halfway() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        for _ in 0..5 {
            let path = alice.file("first").await;
            let content = format!("{path}/content");
            let reads = join_all((0..10).map(|_| alice.get(&content)));
            let writes = join_all((0..5).map(|_| alice.put_content(&path, "*", b"second".to_vec())));
            let (reads, writes, deleted) = tokio::join!(reads, writes, alice.delete(&path));
            for read in &reads {
                let whole = read.status == 404 || (read.status == 200 && ["first", "second"].contains(&&*read.text));
                assert!(whole, "{read:?}");
            }
            assert!(writes.iter().all(|write| matches!(write.status, 200 | 404)), "{writes:?}");
            assert_eq!(deleted.status, 204, "any version is deleted: {deleted:?}");
            assert_eq!(alice.get(&content).await.status, 404);
        }
    })
    .await;
}

#[actix_web::test]
async fn a_note_of_another_person_is_not_there() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let (alice, bob) = (person(&api, &issuer, "alice"), person(&api, &issuer, "bob"));
        let path = alice.note("mine").await;
        let answers = [
            bob.get(&path).await,
            bob.put(&path, "*", &json!({ "title": "his" })).await,
            bob.delete(&path).await,
            api.put(&path, &bob.token, &json!({ "title": "his" })).await,
            api.delete(&path, &bob.token).await,
        ];
        let nothing = bob.get("/notes/AAAAAAAAAAAAAAAAAAAAAA").await;
        for answer in answers {
            assert_eq!((answer.status, &answer.json()["detail"]), (404, &nothing.json()["detail"]));
        }
        assert_eq!(bob.get("/notes").await.json(), json!({ "notes": [] }));
        assert_eq!(alice.get(&path).await.json()["title"], "mine");
    })
    .await;
}

#[actix_web::test]
async fn pages_hold_every_note_once() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let (alice, bob) = (person(&api, &issuer, "alice"), person(&api, &issuer, "bob"));
        let group = alice.group(&["bob"]).await;
        let mut written: Vec<String> = Vec::new();
        for number in 0..7 {
            // Shared with bob twice over: as a person and through a group.
            let path = alice.note("t").await;
            for with in ["person:bob".to_owned(), format!("group:{group}")] {
                assert_eq!(alice.share(&path, &with, if number % 2 == 0 { "read" } else { "write" }).await.status, 204);
            }
            written.push(path.trim_start_matches("/notes/").to_owned());
        }
        written.sort_unstable();
        for reader in [&alice, &bob] {
            let (mut read, mut after, mut pages) = (Vec::new(), String::new(), 0);
            loop {
                let page = reader.get(&format!("/notes?limit=3{after}")).await.json();
                let ids = page["notes"].as_array().unwrap().iter().map(|note| note["id"].as_str().unwrap().to_owned());
                read.extend(ids);
                pages += 1;
                match page.get("next") {
                    Some(Value::String(next)) => after = format!("&after={next}"),
                    _ => break,
                }
            }
            read.sort_unstable();
            assert_eq!((&read, pages), (&written, 3));
            assert!(reader.get("/notes?limit=7").await.json().get("next").is_none());
        }
    })
    .await;
}

#[actix_web::test]
async fn many_write_at_once_and_nothing_is_lost() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let bodies: Vec<_> = (0..64).map(|number| json!({ "title": format!("{number}") })).collect();
        for answer in join_all(bodies.iter().map(|body| alice.post("/notes", body))).await {
            assert_eq!(answer.status, 201, "{answer:?}");
        }
        let page = alice.get("/notes?limit=100").await.json();
        assert_eq!(page["notes"].as_array().unwrap().len(), 64);
    })
    .await;
}

#[actix_web::test]
async fn what_cannot_be_an_id_is_not_found() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        for id in ["1", "%00", "'", "..%2f..", "AAAAAAAAAAAAAAAAAAAAAB", &"A".repeat(3000)] {
            for area in ["notes", "files", "groups"] {
                assert_eq!(alice.get(&format!("/{area}/{id}")).await.status, 404, "{area} {id}");
            }
        }
        for cursor in ["MS4A", "OTk5OTk5OTk5OTk5OTk5OTk5OTkuYQ", "MS4"] {
            assert!(matches!(alice.get(&format!("/notes?after={cursor}")).await.status, 200 | 400), "{cursor}");
        }
    })
    .await;
}
