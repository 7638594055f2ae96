//! Who may do what with what: every route about one thing, every method, every kind of caller. The list of routes is that of
//! `/openapi.json`, so a new one that nobody thought of here fails the tests.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Answer, TestApi, send};
use crate::database::on_both_engines;
use crate::issuer::Issuer;
use crate::people::{Person, api, person, with_scope};

/// How somebody came to an item, and what each step of [`STEPS`] answers then.
const CALLERS: &[(&str, [u16; 7])] = &[
    ("owner", [200, 200, 200, 200, 204, 204, 204]),
    ("reads", [200, 200, 403, 403, 403, 403, 403]),
    ("writes", [200, 200, 200, 403, 403, 403, 403]),
    ("reads through a group", [200, 200, 403, 403, 403, 403, 403]),
    ("writes through a group", [200, 200, 200, 403, 403, 403, 403]),
    ("reads, and writes through a group", [200, 200, 200, 403, 403, 403, 403]),
    ("is a member of the group that owns", [200, 200, 200, 200, 204, 204, 204]),
    ("was a reader", [404; 7]),
    ("was a member of the group that owns", [404; 7]),
    ("stranger", [404; 7]),
    ("owner without the permission", [403; 7]),
    ("nobody", [401; 7]),
];

/// In this order, so that the last one may destroy the item. Notes have no content.
const STEPS: [(&str, &str); 7] = [
    ("GET", ""),
    ("GET", "/content"),
    ("PUT", "replace"),
    ("GET", "/shares"),
    ("PUT", "/shares/{with}"),
    ("DELETE", "/shares/{with}"),
    ("DELETE", ""),
];

fn template(area: &str, (method, rest): (&str, &str)) -> Option<(String, String)> {
    let rest = match (area, rest) {
        ("notes", "/content") => return None,
        ("notes", "replace") => "",
        ("files", "replace") => "/content",
        (_, rest) => rest,
    };
    Some((method.to_owned(), format!("/{area}/{{id}}{rest}")))
}

/// A body that is right for every route.
async fn ask(api: &TestApi, token: Option<&str>, method: &str, path: &str) -> Answer {
    let mut request = api.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if method != "GET" {
        request = request.header("if-match", "*");
    }
    if method == "PUT" {
        let body = if path.contains("/shares/") { json!({ "access": "read" }) } else { json!({ "title": "t" }) };
        request = request.json(&body);
    }
    send(request).await
}

async fn prepare(owner: &Person<'_>, caller: &str, area: &str) -> String {
    let group = owner.group(&["carol"]).await;
    let owned = caller.contains("group that owns");
    let path = match (area, owned) {
        ("notes", false) => owner.note("t").await,
        ("files", false) => owner.file("t").await,
        ("notes", true) => {
            owner.post("/notes", &json!({ "title": "t", "group": group })).await.header("location").to_owned()
        }
        (_, _) => owner.upload(&format!("name=a&group={group}"), b"t".to_vec()).await.header("location").to_owned(),
    };
    assert!(path.starts_with(&format!("/{area}/")), "{path}");
    let group = format!("group:{group}");
    let shares: &[(&str, &str)] = match caller {
        "reads" | "was a reader" => &[("person:carol", "read")],
        "writes" => &[("person:carol", "write")],
        "reads through a group" => &[(&group, "read")],
        "writes through a group" => &[(&group, "write")],
        "reads, and writes through a group" => &[("person:carol", "read"), (&group, "write")],
        _ => &[],
    };
    for (with, access) in shares {
        assert_eq!(owner.share(&path, with, access).await.status, 204);
    }
    if caller.starts_with("was") {
        let taken = if owned {
            format!("/groups/{}/members/carol", group.trim_start_matches("group:"))
        } else {
            format!("{path}/shares/person:carol")
        };
        assert_eq!(owner.delete(&taken).await.status, 204);
    }
    path
}

#[actix_web::test]
async fn everybody_may_what_they_may_with_notes_and_files_and_nothing_more() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let owner = person(&api, &issuer, "alice");
        let carol = person(&api, &issuer, "carol").token;
        for area in ["notes", "files"] {
            for (caller, expected) in CALLERS {
                let path = prepare(&owner, caller, area).await;
                let without = with_scope(
                    &api,
                    &issuer,
                    "alice",
                    &format!(
                        "openid groups:write {}",
                        if area == "notes" { "files:read files:write" } else { "notes:read notes:write" }
                    ),
                );
                let token = match *caller {
                    "owner" => Some(&*owner.token),
                    "owner without the permission" => Some(&*without.token),
                    "nobody" => None,
                    _ => Some(&*carol),
                };
                for (step, expected) in STEPS.iter().zip(expected) {
                    let Some((method, template)) = template(area, *step) else { continue };
                    let path = path.trim_start_matches(&format!("/{area}/"));
                    let path = template.replace("{id}", path).replace("{with}", "person:dave");
                    let answer = ask(&api, token, &method, &path).await;
                    assert_eq!(answer.status, *expected, "{caller}: {method} {template}: {answer:?}");
                }
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn everybody_may_what_they_may_with_groups_and_nothing_more() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let (owner, member) = (person(&api, &issuer, "alice"), person(&api, &issuer, "carol"));
        let (stranger, without) =
            (person(&api, &issuer, "eve"), with_scope(&api, &issuer, "alice", "notes:read notes:write"));
        let callers: [(Option<&Person<'_>>, [u16; 6]); 5] = [
            (Some(&member), [200, 200, 403, 403, 403, 204]),
            (Some(&stranger), [404, 404, 404, 404, 404, 404]),
            (Some(&without), [403; 6]),
            (None, [401; 6]),
            (Some(&owner), [200, 200, 204, 204, 204, 404]),
        ];
        for (caller, expected) in callers {
            let id = owner.group(&["carol", "dave"]).await;
            let steps = [
                ("GET", format!("/groups/{id}")),
                ("GET", format!("/groups/{id}/members")),
                ("PUT", format!("/groups/{id}/members/erin")),
                ("DELETE", format!("/groups/{id}/members/dave")),
                ("DELETE", format!("/groups/{id}")),
                // Members may leave; the group of the owner is gone by now.
                ("DELETE", format!("/groups/{id}/members/carol")),
            ];
            for ((method, path), expected) in steps.iter().zip(expected) {
                let answer = ask(&api, caller.map(|caller| &*caller.token), method, path).await;
                assert_eq!(answer.status, expected, "{method} {path}: {answer:?}");
            }
        }
    })
    .await;
}

/// Method and path of every operation about one thing.
async fn operations(api: &TestApi) -> BTreeSet<(String, String)> {
    let document = send(api.request(Method::GET, "/openapi.json")).await.json();
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.contains("{id}")) {
        for method in item.as_object().unwrap().keys() {
            operations.insert((method.to_ascii_uppercase(), path.clone()));
        }
    }
    operations
}

#[actix_web::test]
async fn the_matrix_holds_every_operation_about_one_thing() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let mut here: BTreeSet<_> =
        ["notes", "files"].iter().flat_map(|area| STEPS.iter().filter_map(|step| template(area, *step))).collect();
    for (method, path) in [
        ("GET", "/groups/{id}"),
        ("GET", "/groups/{id}/members"),
        ("PUT", "/groups/{id}/members/{sub}"),
        ("DELETE", "/groups/{id}/members/{sub}"),
        ("DELETE", "/groups/{id}"),
    ] {
        here.insert((method.to_owned(), path.to_owned()));
    }
    assert_eq!(operations(&api).await, here);
}

#[actix_web::test]
async fn every_id_of_one_person_is_404_for_another() {
    on_both_engines(async |database| {
        let issuer = Issuer::start();
        let api = api(&issuer, &database).await;
        let (alice, bob) = (person(&api, &issuer, "alice"), person(&api, &issuer, "bob"));
        let group = alice.group(&["carol"]).await;
        let mut ids = vec![group.clone(), "AAAAAAAAAAAAAAAAAAAAAA".to_owned()];
        for path in [alice.note("t").await, alice.file("t").await] {
            ids.push(path.rsplit('/').next().unwrap().to_owned());
        }
        let operations = operations(&api).await;
        let mut said = BTreeSet::new();
        for (method, path) in &operations {
            for id in &ids {
                let path = path.replace("{id}", id).replace("{with}", "person:bob").replace("{sub}", "bob");
                let answer = ask(&api, Some(&bob.token), method, &path).await;
                assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
                said.insert(answer.json()["detail"].to_string());
            }
        }
        assert_eq!(said.len(), 1, "what is there and what is not looks the same: {said:?}");
        // Nor does a group tell that it is there by what can be put into it or shared with it.
        let mine = bob.note("t").await;
        for group in [&group, "AAAAAAAAAAAAAAAAAAAAAA", "x"] {
            let put = bob.post("/notes", &json!({ "title": "t", "group": group })).await;
            said.insert(format!("{} {}", put.status, put.json()["detail"]));
            let upload = bob.upload(&format!("name=a&group={group}"), Vec::new()).await;
            said.insert(format!("{} {}", upload.status, upload.json()["detail"]));
        }
        assert_eq!(said.len(), 2, "{said:?}");
        for group in [&group, "AAAAAAAAAAAAAAAAAAAAAA"] {
            let share = bob.share(&mine, &format!("group:{group}"), "read").await;
            said.insert(format!("{} {}", share.status, share.json()["detail"]));
        }
        assert_eq!(said.len(), 3, "{said:?}");
        // One's own ids are not there either under the name of something else.
        for (area, id) in [("notes", &ids[3]), ("files", &ids[2]), ("groups", &ids[2]), ("notes", &ids[0])] {
            assert_eq!(alice.get(&format!("/{area}/{id}")).await.status, 404, "{area}");
        }
        for list in ["/notes", "/files", "/groups"] {
            let rows = bob.get(list).await.json();
            let rows: &Value = rows.as_object().unwrap().values().next().unwrap();
            assert!(rows.as_array().unwrap().len() <= usize::from(list == "/notes"), "{rows}");
        }
    })
    .await;
}
