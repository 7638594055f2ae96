//! `Authorization: Basic` with a password, from the caller through the API to the issuer and back (RFC 7617, RFC 7662).

use std::time::Duration;

use protocol::ids::ClientId;
use protocol::scope::Scope;
use protocol::security_event::SecurityEvent;
use reqwest::Response;
use serde_json::{Value, json};
use testkit::app::PASSWORD;
use testkit::browser::plain_http;
use testkit::database::engines;
use testkit::house::{API_CLIENT, House};

async fn ask(house: &House, user: &str, password: &str) -> Response {
    let http = plain_http().build().unwrap();
    http.get(format!("{}/notes", house.api_url)).basic_auth(user, Some(password)).send().await.unwrap()
}

async fn status(house: &House, user: &str, password: &str) -> u16 {
    ask(house, user, password).await.status().as_u16()
}

async fn allow(house: &House, scope: Option<&str>) {
    let store = &house.app.store;
    let mut client = store::clients::find(store, &ClientId::parse(API_CLIENT).unwrap()).await.unwrap().unwrap();
    client.password_check_scope = scope.map(|scope| Scope::parse(scope).unwrap());
    let _won = store::clients::update(store, &client).await.unwrap();
}

async fn house(database: testkit::database::TestDatabase) -> House {
    House::start_with(database, |config| {
        (config.settings.basic, config.settings.basic_passwords) = (true, true);
    })
    .await
}

#[actix_web::test]
async fn a_password_opens_what_both_sides_allow_and_nothing_when_either_does_not() {
    for database in engines() {
        let house = house(database).await;
        let refused = ask(&house, "alice", PASSWORD).await;
        assert_eq!(refused.status(), 503, "the issuer does not allow it: no fault of the person");
        allow(&house, Some("notes:read")).await;
        let http = plain_http().build().unwrap();
        let me = http.get(format!("{}/me", house.api_url)).basic_auth("alice@example.test", Some(PASSWORD));
        let me: Value = me.send().await.unwrap().json().await.unwrap();
        let alice = store::users::find_by_login(&house.app.store, "alice").await.unwrap().unwrap();
        assert_eq!((&me["sub"], &me["scope"]), (&json!(alice.id), &json!("notes:read")), "{me}");
        assert_eq!(status(&house, "alice", PASSWORD).await, 200);
        let note = http.post(format!("{}/notes", house.api_url)).basic_auth("alice", Some(PASSWORD));
        let note = note.json(&json!({ "title": "No", "body": "" })).send().await.unwrap();
        assert_eq!(note.status(), 403, "notes:write was not allowed");
        for (user, password) in [("alice", "wrong"), ("nobody", PASSWORD)] {
            let answer = ask(&house, user, password).await;
            assert_eq!(answer.status(), 401);
            let challenges: Vec<_> = answer.headers().get_all("www-authenticate").iter().collect();
            assert!(challenges.iter().any(|it| it.to_str().unwrap().starts_with("Basic realm=")), "{challenges:?}");
        }
        let kind = Some(SecurityEvent::SignedIn);
        let log = store::security_events::of_user(&house.app.store, &alice.id, kind, None, 9).await.unwrap();
        assert_eq!(log.len(), 1, "{log:?}");
        assert_eq!(log[0].origin.address.as_deref(), Some("127.0.0.1"), "the caller's");
    }
}

#[actix_web::test]
async fn guesses_end_in_429_and_a_disabled_person_is_out_within_ten_seconds() {
    for database in engines() {
        let house = house(database).await;
        allow(&house, Some("notes:read")).await;
        let bob = house.app.user("bob").await;
        assert_eq!(status(&house, "bob", PASSWORD).await, 200);
        let mut guesses = Vec::new();
        for number in 0..=house.app.config.limits.failed_logins_per_account {
            guesses.push(ask(&house, "alice", &format!("guess {number}")).await);
        }
        let last = guesses.pop().unwrap();
        assert!(guesses.iter().all(|guess| guess.status() == 401), "{guesses:?}");
        assert_eq!(last.status(), 429);
        assert!(last.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
        let problem: Value = last.json().await.unwrap();
        assert_eq!(problem["error"], "too_many_requests");
        let _won = store::users::disable(&house.app.store, &bob.id, house.app.now()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10_500)).await;
        assert_eq!(status(&house, "bob", PASSWORD).await, 401);
    }
}
