//! Groups when several people act at once, and what a new member hears. What lists say is in `shares.rs`.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::api::send;
use crate::database::{commit, hold, on_both_engines, run};
use crate::events::Stream;
use crate::issuer::Issuer;
use crate::people::{api, person};

#[actix_web::test]
async fn who_joins_hears_of_what_happens_from_then_on() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let (alice, bob) = (person(&api, &issuer, "alice"), person(&api, &issuer, "bob"));
        let group = alice.group(&[]).await;
        let member = format!("/groups/{group}/members/bob");
        let ours = async |title: &str| alice.post("/notes", &json!({ "title": title, "group": group })).await;
        let note = ours("before bob").await.header("location").to_owned();
        let private = alice.note("alice's").await;
        alice.share(&private, &format!("group:{group}"), "read").await;
        for _ in 0..2 {
            send(alice.request(Method::PUT, &member)).await;
            // Twice is as good as once.
            send(alice.request(Method::PUT, &member)).await;
            alice.put(&note, "*", &json!({ "title": "with bob" })).await;
            alice.put(&private, "*", &json!({ "title": "with bob" })).await;
            alice.delete(&member).await;
            alice.put(&note, "*", &json!({ "title": "without bob" })).await;
        }
        send(alice.request(Method::PUT, &member)).await;
        let mut stream = Stream::open_with(&bob, Some("0")).await;
        // What they missed as a member of before they may not see any more.
        for what in ["group joined", "group left", "group joined", "group left", "group joined"] {
            assert_eq!(stream.soon().await.what(), what);
        }
        alice.put(&note, "*", &json!({ "title": "with bob" })).await;
        alice.put(&private, "*", &json!({ "title": "with bob" })).await;
        for what in ["note changed", "note changed"] {
            assert_eq!(stream.soon().await.what(), what);
        }
        assert!(stream.is_silent().await);
        // Who was there from the start missed nothing.
        let mut stream = Stream::open_with(&alice, Some("0")).await;
        assert_eq!(stream.soon().await.what(), "group created");
        assert_eq!(stream.soon().await.what(), "note created");
    })
    .await;
}

#[actix_web::test]
async fn a_group_that_is_deleted_meanwhile_is_not_there() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let alice = person(&api, &issuer, "alice");
        for (method, path) in [(Method::PUT, "/members/bob"), (Method::DELETE, "")] {
            let id = alice.group(&[]).await;
            let gone = format!("DELETE FROM groups WHERE id = '{id}'; DELETE FROM members WHERE group_id = '{id}'");
            let held = hold(&database, gone).await;
            let request = alice.request(method, &format!("/groups/{id}{path}"));
            let (answer, ()) = tokio::join!(send(request), commit(held));
            assert_eq!((answer.status, &answer.json()["error"]), (404, &json!("not_found")), "{answer:?}");
        }
        let id = alice.group(&[]).await;
        run(&database, format!("UPDATE groups SET members = 1000 WHERE id = '{id}'")).await;
        let full = send(alice.request(Method::PUT, &format!("/groups/{id}/members/bob"))).await;
        assert_eq!((full.status, &full.json()["error"]), (409, &json!("conflict")));
    })
    .await;
}

/// Who belongs to a group is asked when it comes to their turn, not when they began to wait.
#[actix_web::test]
async fn who_is_removed_while_they_wait_writes_and_shares_nothing() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let (alice, bob) = (person(&api, &issuer, "alice"), person(&api, &issuer, "bob"));
        let removed = |id: &str| {
            format!(
                "UPDATE groups SET members = members - 1 WHERE id = '{id}'; UPDATE items SET version = version;
                 DELETE FROM members WHERE group_id = '{id}' AND member = 'p:bob'"
            )
        };
        let id = alice.group(&["bob"]).await;
        let body = json!({ "title": "t", "group": id });
        let held = hold(&database, removed(&id)).await;
        let (answer, ()) = tokio::join!(bob.post("/notes", &body), commit(held));
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_body")), "{answer:?}");

        send(alice.request(Method::PUT, &format!("/groups/{id}/members/bob"))).await;
        let ours = bob.post("/notes", &body).await.header("location").to_owned();
        let held = hold(&database, removed(&id)).await;
        let (answer, ()) = tokio::join!(bob.share(&ours, "person:eve", "read"), commit(held));
        assert_eq!(answer.status, 404, "{answer:?}");
        assert_eq!(alice.get(&format!("{ours}/shares")).await.json(), json!({ "shares": [] }));
    })
    .await;
}

#[actix_web::test]
async fn nobody_owns_more_than_a_hundred_groups_however_many_they_make_at_once() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let (one, two) = (api(&issuer, &database).await, api(&issuer, &database).await);
        let (here, there) = (person(&one, &issuer, "alice"), person(&two, &issuer, "alice"));
        let ninety_nine = "INSERT INTO groups (id, owner, name, members, items, created_at)
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
            SELECT 'group' || i, 'p:alice', 'g', 1, 0, 1 FROM n";
        run(&database, ninety_nine.to_owned()).await;
        let body = json!({ "name": "one more" });
        let makers = (0..10).map(|number| if number % 2 == 0 { &here } else { &there });
        let answers = join_all(makers.map(|alice| alice.post("/groups", &body))).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409, 409, 409]);
        assert_eq!(
            here.get("/groups").await.json()["groups"].as_array().unwrap().len(),
            1,
            "the others have no member"
        );
    })
    .await;
}
