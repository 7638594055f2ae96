//! Browser → login → consent → code → token → resource API → refresh → sign out, on each engine.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use testkit::app::{CLIENT_SECRET, REDIRECT_URI};
use testkit::browser::{Browser, plain_http};
use testkit::database::engines;
use testkit::house::House;
use testkit::requests::{As, text};

const SCOPE: &str = "openid profile offline_access notes:read notes:write";

async fn call(http: &Client, house: &House, token: &str, path: &str) -> (StatusCode, Value) {
    let answer = http.get(format!("{}{path}", house.api_url)).bearer_auth(token).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

#[actix_web::test]
async fn a_person_signs_in_and_an_app_uses_the_api_in_their_name() {
    for database in engines() {
        let house = House::start(database).await;
        let http = plain_http().build().unwrap();
        let tokens = house.app.tokens(As::Basic("confidential"), &[("scope", SCOPE)]).await;
        let token = text(&tokens, "access_token");

        let (status, me) = call(&http, &house, token, "/me").await;
        assert_eq!((status.as_u16(), &me["client_id"]), (200, &json!("confidential")));
        let note = json!({ "title": "Milk", "body": "two litres" });
        let created =
            http.post(format!("{}/notes", house.api_url)).bearer_auth(token).json(&note).send().await.unwrap();
        assert_eq!(created.status(), 201);

        let refreshed = house.app.refresh(As::Basic("confidential"), text(&tokens, "refresh_token"), &[]).await.json();
        let (status, notes) = call(&http, &house, text(&refreshed, "access_token"), "/notes").await;
        assert_eq!(status, 200);
        assert!(notes.to_string().contains("Milk"), "{notes}");

        house.app.user("bob").await;
        let browser = Browser::new(&house.app);
        let login = browser.open(&house.app.authorize_url("first-party", &[("scope", SCOPE)])).await;
        let code = browser.sign_in(&login, "bob").await.answer()["code"].clone();
        let bobs = house.app.redeem(As::Basic("first-party"), &code, &[("redirect_uri", REDIRECT_URI)]).await.json();
        let (_, notes) = call(&http, &house, text(&bobs, "access_token"), "/notes").await;
        assert!(!notes.to_string().contains("Milk"), "a person sees only their own: {notes}");
    }
}

#[actix_web::test]
async fn the_api_refuses_what_is_not_for_it() {
    for database in engines() {
        let house = House::start(database).await;
        let http = plain_http().build().unwrap();
        let only_read = house.app.tokens(As::Public("public"), &[("scope", "openid notes:read")]).await;
        let note = json!({ "title": "No", "body": "" });
        let url = format!("{}/notes", house.api_url);
        let refused = http.post(&url).bearer_auth(text(&only_read, "access_token")).json(&note).send().await.unwrap();
        assert_eq!(refused.status(), 403);
        let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains("insufficient_scope") && challenge.contains("notes:write"), "{challenge}");
        let opaque = house.app.tokens(As::Public("public"), &[("scope", "openid")]).await;
        for token in [text(&only_read, "id_token"), text(&opaque, "access_token"), CLIENT_SECRET] {
            assert_eq!(call(&http, &house, token, "/me").await.0, 401);
        }
    }
}

#[actix_web::test]
async fn the_api_follows_a_rotation_of_the_signing_keys() {
    for database in engines() {
        let house = House::start(database).await;
        let http = plain_http().build().unwrap();
        let machine = async || {
            let tokens = house.app.client_credentials(As::Basic("machine"), &[]).await.json();
            text(&tokens, "access_token").to_owned()
        };
        let before = machine().await;
        assert_eq!(call(&http, &house, &before, "/me").await.0, 200);
        house
            .app
            .keys
            .rotate(
                None,
                jwt::RotationPolicy { announce: protocol::time::Seconds(0), ..Default::default() },
                house.app.now(),
            )
            .unwrap();
        let after = machine().await;
        assert_ne!(jwt::verify::peek(&before).unwrap().kid, jwt::verify::peek(&after).unwrap().kid);
        assert_eq!(call(&http, &house, &after, "/me").await.0, 200, "an unknown kid is looked up");
        assert_eq!(call(&http, &house, &before, "/me").await.0, 200, "the old key stays for the overlap");
    }
}
