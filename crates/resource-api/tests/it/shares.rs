//! Sharing and groups beyond the matrix of `access.rs`: what lists say, what is refused, what ends at once.

use futures_util::future::join_all;
use serde_json::json;

use crate::database::{commit, hold, on_both_engines};
use crate::issuer::Issuer;
use crate::people::{api, person};

#[actix_web::test]
async fn a_share_is_given_changed_listed_and_taken() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let (alice, bob) = (person(&api, &issuer, "alice"), person(&api, &issuer, "bob"));
        let (path, group) = (alice.note("t").await, alice.group(&[]).await);
        let shares = format!("{path}/shares");
        assert_eq!(alice.get(&shares).await.json(), json!({ "shares": [] }));
        alice.share(&path, &format!("group:{group}"), "write").await;
        alice.share(&path, "person:bob", "write").await;
        let read = bob.get(&path).await;
        assert_eq!((&read.json()["access"], read.header("etag")), (&json!("write"), "\"1w\""));
        alice.share(&path, "person:bob", "read").await;
        let read = bob.get(&path).await;
        assert_eq!((&read.json()["access"], read.header("etag")), (&json!("read"), "\"1r\""));
        assert_eq!(bob.get("/notes").await.json()["notes"], json!([read.json()]));
        assert_eq!(
            alice.get(&shares).await.json()["shares"],
            json!([{ "with": format!("group:{group}"), "access": "write" }, { "with": "person:bob", "access": "read" }])
        );
        // Twice is as good as once.
        for _ in 0..2 {
            assert_eq!(alice.delete(&format!("{shares}/person:bob")).await.status, 204);
            assert_eq!(bob.get(&path).await.status, 404);
        }
    })
    .await;
}

#[actix_web::test]
async fn nobody_has_to_keep_what_was_shared_with_them() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let (alice, bob) = (person(&api, &issuer, "alice"), person(&api, &issuer, "bob"));
        let path = alice.file("t").await;
        alice.share(&path, "person:bob", "write").await;
        assert_eq!(bob.delete(&format!("{path}/shares/person:bob")).await.status, 204);
        assert_eq!(bob.get(&path).await.status, 404);
        assert_eq!(bob.delete(&format!("{path}/shares/person:bob")).await.status, 404);
        // An owner stays one.
        assert_eq!(alice.delete(&format!("{path}/shares/person:alice")).await.status, 204);
        assert_eq!(alice.get(&path).await.json()["access"], "own");
    })
    .await;
}

/// Who may write is asked when the write comes to its turn, not when it began to wait.
#[actix_web::test]
async fn what_is_taken_while_a_write_waits_is_not_written() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let (alice, bob) = (person(&api, &issuer, "alice"), person(&api, &issuer, "bob"));
        for tag in ["\"1w\"", "*"] {
            let path = alice.note("hers").await;
            alice.share(&path, "person:bob", "write").await;
            let id = path.trim_start_matches("/notes/");
            let taken = format!(
                "UPDATE items SET version = version WHERE id = '{id}';
                 DELETE FROM access_list WHERE item = '{id}' AND principal = 'p:bob'"
            );
            let held = hold(&database, taken).await;
            let body = json!({ "title": "his" });
            let (answer, ()) = tokio::join!(bob.put(&path, tag, &body), commit(held));
            assert_eq!(answer.status, 404, "{tag}: {answer:?}");
            assert_eq!(alice.get(&path).await.json()["title"], "hers");
        }
    })
    .await;
}

#[actix_web::test]
async fn what_cannot_be_shared_is_named() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let path = alice.note("t").await;
        for with in ["bob", "role:x", "person:", "person:a%00", "group:x", "group:AAAAAAAAAAAAAAAAAAAAAA"] {
            let answer = alice.share(&path, with, "read").await;
            assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_path")), "{with}");
        }
        assert_eq!(alice.share(&path, "person:alice", "read").await.status, 409);
        for access in ["own", "", "Read"] {
            assert_eq!(alice.share(&path, "person:bob", access).await.status, 400, "{access}");
        }
        // A sub may hold nearly anything.
        let strange = person(&api, &issuer, "a/b c:d|e%é");
        assert_eq!(alice.share(&path, "person:a%2Fb%20c:d%7Ce%25%C3%A9", "read").await.status, 204);
        assert_eq!(strange.get(&path).await.status, 200);
        assert_eq!(alice.get(&format!("{path}/shares")).await.json()["shares"][0]["with"], "person:a/b c:d|e%é");
    })
    .await;
}

#[actix_web::test]
async fn something_is_shared_with_a_hundred_and_no_more_however_many_come_at_once() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        let path = alice.note("t").await;
        for number in 0..95 {
            assert_eq!(alice.share(&path, &format!("person:p{number}"), "read").await.status, 204);
        }
        let names: Vec<_> = (0..10).map(|number| format!("person:q{number}")).collect();
        let answers = join_all(names.iter().map(|name| alice.share(&path, name, "read"))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 5);
        assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), 5);
        assert_eq!(alice.share(&path, "person:p7", "write").await.status, 204);
    })
    .await;
}

#[actix_web::test]
async fn a_group_is_made_listed_left_and_deleted_when_it_owns_nothing() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let (alice, bob) = (person(&api, &issuer, "alice"), person(&api, &issuer, "bob"));
        let id = alice.group(&["bob", "bob", "carol"]).await;
        let group = format!("/groups/{id}");
        let shown = bob.get(&group).await.json();
        assert_eq!((&shown["owner"], &shown["members"], &shown["name"]), (&json!("alice"), &json!(3), &json!("g")));
        assert_eq!(bob.get("/groups").await.json()["groups"], json!([shown]));
        let mut members: Vec<String> = Vec::new();
        let mut page = bob.get(&format!("{group}/members?limit=2")).await.json();
        loop {
            let subs =
                page["members"].as_array().unwrap().iter().map(|member| member["sub"].as_str().unwrap().to_owned());
            members.extend(subs);
            let Some(next) = page.get("next").map(|next| next.as_str().unwrap().to_owned()) else { break };
            page = bob.get(&format!("{group}/members?limit=2&after={next}")).await.json();
        }
        members.sort_unstable();
        assert_eq!(members, ["alice", "bob", "carol"]);

        let note = bob.post("/notes", &json!({ "title": "ours", "group": id })).await;
        let (note, private) = (note.header("location").to_owned(), bob.note("bob's").await);
        assert_eq!(bob.share(&private, &format!("group:{id}"), "read").await.status, 204);
        assert_eq!(
            (alice.get(&private).await.status, alice.get(&note).await.json()["access"].clone()),
            (200, json!("own"))
        );
        assert_eq!(alice.delete(&format!("{group}/members/alice")).await.status, 409);
        assert_eq!(bob.delete(&format!("{group}/members/carol")).await.status, 403);
        assert_eq!(bob.delete(&format!("{group}/members/bob")).await.status, 204);
        assert_eq!((bob.get(&group).await.status, bob.get(&note).await.status), (404, 404));
        assert_eq!(alice.get(&group).await.json()["members"], 2);

        let full = alice.delete(&group).await;
        assert_eq!((full.status, &full.json()["error"]), (409, &json!("conflict")));
        assert_eq!(alice.get(&private).await.status, 200, "a deletion that was refused changed nothing");
        assert_eq!(alice.delete(&note).await.status, 204);
        assert_eq!(alice.delete(&group).await.status, 204);
        assert_eq!((alice.get(&group).await.status, alice.get(&private).await.status), (404, 404));
        assert_eq!(bob.get(&format!("{private}/shares")).await.json(), json!({ "shares": [] }));
        assert_eq!(bob.get("/groups").await.json(), json!({ "groups": [] }));
    })
    .await;
}

#[actix_web::test]
async fn a_group_that_is_deleted_while_things_are_put_into_it_keeps_nothing() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let (one, two) = (api(&issuer, &database).await, api(&issuer, &database).await);
        let (alice, bob) = (person(&one, &issuer, "alice"), person(&two, &issuer, "bob"));
        for _ in 0..5 {
            let id = alice.group(&["bob"]).await;
            let body = json!({ "title": "t", "group": id });
            let group = format!("/groups/{id}");
            let writes = join_all((0..6).map(|_| bob.post("/notes", &body)));
            let (writes, deleted) = tokio::join!(writes, alice.delete(&group));
            let written = writes.iter().filter(|answer| answer.status == 201).count();
            assert!(writes.iter().all(|answer| matches!(answer.status, 201 | 400)), "{writes:?}");
            match deleted.status {
                204 => assert_eq!(written, 0),
                409 => assert!(written > 0),
                _ => panic!("{deleted:?}"),
            }
        }
    })
    .await;
}
