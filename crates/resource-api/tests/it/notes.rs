//! The notes, on both engines: one body per test, run against SQLite and PostgreSQL.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::api::TestApi;
use crate::database::on_both_engines;
use crate::issuer::Issuer;

async fn api(issuer: &Issuer, database: &str) -> TestApi {
    TestApi::start_with(&issuer.url, |config| config.database_url = String::from(database)).await
}

/// Where the new note is.
async fn write(api: &TestApi, token: &str, title: &str) -> String {
    let written = api.post("/notes", token, &json!({ "title": title })).await;
    assert_eq!(written.status, 201, "{written:?}");
    written.header("location").to_owned()
}

#[actix_web::test]
async fn a_note_is_written_read_changed_and_deleted() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let token = issuer.token().sign();
        let written = api.post("/notes", &token, &json!({ "title": "Möbel", "body": "a\nb 'c' $1 \u{1F4DD}" })).await;
        assert_eq!(written.status, 201, "{written:?}");
        let note = written.json();
        let path = format!("/notes/{}", note["id"].as_str().unwrap());
        assert_eq!(written.header("location"), path);
        assert_eq!(note["body"], "a\nb 'c' $1 \u{1F4DD}");
        assert_eq!(note["created_at"], note["updated_at"]);
        assert!(note["created_at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(api.get(&path, &token).await.json(), note);

        let changed = api.put(&path, &token, &json!({ "title": "Chairs" })).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        assert_eq!((&changed.json()["title"], &changed.json()["body"]), (&json!("Chairs"), &json!("")));
        assert_eq!(changed.json()["created_at"], note["created_at"]);
        assert_eq!(api.get(&path, &token).await.json(), changed.json());

        let deleted = api.delete(&path, &token).await;
        assert_eq!((deleted.status, deleted.text.as_str(), deleted.header("content-type")), (204, "", ""));
        assert_eq!(api.get(&path, &token).await.status, 404);
        assert_eq!(api.delete(&path, &token).await.status, 404);
        assert_eq!(api.put(&path, &token, &json!({ "title": "t" })).await.status, 404);
    })
    .await;
}

#[actix_web::test]
async fn a_note_of_another_person_is_not_there() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let (alice, bob) = (issuer.token().sign(), issuer.token().claim("sub", "bob").sign());
        let path = write(&api, &alice, "mine").await;
        let answers = [
            api.get(&path, &bob).await,
            api.put(&path, &bob, &json!({ "title": "his" })).await,
            api.delete(&path, &bob).await,
        ];
        let nothing = api.get("/notes/AAAAAAAAAAAAAAAAAAAAAA", &bob).await;
        for answer in answers {
            assert_eq!((answer.status, &answer.json()["detail"]), (404, &nothing.json()["detail"]));
        }
        assert_eq!(api.get("/notes", &bob).await.json(), json!({ "notes": [] }));
        assert_eq!(api.get(&path, &alice).await.json()["title"], "mine");
    })
    .await;
}

#[actix_web::test]
async fn pages_hold_every_note_once() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let token = issuer.token().sign();
        let mut written: Vec<String> = Vec::new();
        for _ in 0..7 {
            written.push(write(&api, &token, "t").await.trim_start_matches("/notes/").to_owned());
        }
        let (mut read, mut after, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = api.get(&format!("/notes?limit=3{after}"), &token).await.json();
            let ids = page["notes"].as_array().unwrap().iter().map(|note| note["id"].as_str().unwrap().to_owned());
            read.extend(ids);
            pages += 1;
            match page.get("next") {
                Some(Value::String(next)) => after = format!("&after={next}"),
                _ => break,
            }
        }
        written.sort_unstable();
        read.sort_unstable();
        assert_eq!((read, pages), (written, 3));
        assert!(api.get("/notes?limit=7", &token).await.json().get("next").is_none());
    })
    .await;
}

#[actix_web::test]
async fn many_write_at_once_and_nothing_is_lost() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let token = issuer.token().sign();
        let bodies: Vec<_> = (0..64).map(|number| json!({ "title": format!("{number}") })).collect();
        for answer in join_all(bodies.iter().map(|body| api.post("/notes", &token, body))).await {
            assert_eq!(answer.status, 201, "{answer:?}");
        }
        let page = api.get("/notes?limit=100", &token).await.json();
        assert_eq!(page["notes"].as_array().unwrap().len(), 64);
    })
    .await;
}

#[actix_web::test]
async fn what_cannot_be_an_id_is_not_found() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let token = issuer.token().sign();
        for id in ["1", "%00", "'", "..%2f..", "AAAAAAAAAAAAAAAAAAAAAB", &"A".repeat(3000)] {
            assert_eq!(api.get(&format!("/notes/{id}"), &token).await.status, 404, "{id}");
        }
    })
    .await;
}
