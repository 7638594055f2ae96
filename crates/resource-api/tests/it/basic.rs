//! `Authorization: Basic` with a user name and an API key (RFC 7617).

use resource_api::Settings;
use serde_json::json;

use crate::api::{Answer, send};
use crate::issuer::Issuer;
use crate::ways::introspection::Endpoint;
use crate::ways::{Service, assert_problem, challenge};

async fn me(service: &Service, user: &str, secret: &str) -> Answer {
    send(service.get("/me").basic_auth(user, Some(secret))).await
}

fn switch_on(settings: &mut Settings, endpoint: &Endpoint) {
    settings.introspection = Some(endpoint.settings());
    settings.basic = true;
}

#[actix_web::test]
async fn over_tls_a_user_name_and_an_api_key_of_that_person_do() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let service = Service::start_with_tls(&issuer, |settings| switch_on(settings, &endpoint));
    let key = endpoint.key(json!({ "client_id": null }));
    let answer = me(&service, "alice", key.expose()).await;
    assert_eq!((answer.status, &answer.json()["kind"]), (200, &json!("ApiKey")), "{answer:?}");
    let refused = [("bob", key.expose()), ("alice", "hunter2"), ("alice", "cs_key_nonsense")];
    for (user, secret) in refused {
        let answer = me(&service, user, secret).await;
        assert_problem(&answer, 401, Some("invalid_token"), "");
        assert!(challenge(&answer, "Basic").ends_with("charset=\"UTF-8\""), "{answer:?}");
    }
    let password = me(&service, "alice", "hunter2").await;
    assert_problem(&password, 401, Some("invalid_token"), "an API key of yours in the place of the password");
    assert!(endpoint.asked().iter().all(|form| form["token"] == key.expose()), "no password is passed on");
    let bound = endpoint.key(json!({ "cnf": { "jkt": "x" } }));
    assert_problem(&me(&service, "alice", bound.expose()).await, 401, Some("invalid_token"), "bound to a key");
    let malformed = service.me("authorization", "Basic nonsense!").await;
    assert_problem(&malformed, 400, Some("invalid_request"), "base64");
    let bare = send(service.get("/me")).await;
    assert_eq!(challenge(&bare, "Basic"), "Basic realm=\"https://notes.example\", charset=\"UTF-8\"");
}

#[actix_web::test]
async fn over_plain_http_it_is_refused_unread() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let key = endpoint.key(json!({}));
    let service = Service::start(&issuer, |settings| {
        switch_on(settings, &endpoint);
        settings.public_url = "https://api.example".to_owned();
    });
    let answer = me(&service, "alice", key.expose()).await;
    assert_problem(
        &answer,
        400,
        Some("invalid_request"),
        "over TLS only; change this password, it was sent in the clear",
    );
    let forged = service.get("/me").basic_auth("alice", Some(key.expose())).header("x-forwarded-proto", "https");
    assert_eq!(send(forged).await.status, 400);
    assert!(endpoint.asked().is_empty());
}

#[actix_web::test]
async fn behind_a_listed_proxy_that_ends_tls_it_is_read() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let key = endpoint.key(json!({}));
    let service = Service::start(&issuer, |settings| {
        switch_on(settings, &endpoint);
        settings.public_url = "https://api.example".to_owned();
        settings.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    });
    assert_eq!(me(&service, "alice", key.expose()).await.status, 200);
}

#[actix_web::test]
async fn it_is_off_by_default() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let key = endpoint.key(json!({}));
    let service = Service::start_with_tls(&issuer, |settings| settings.introspection = Some(endpoint.settings()));
    let answer = me(&service, "alice", key.expose()).await;
    assert_problem(&answer, 401, None, "send an access token");
    assert_eq!(challenge(&answer, "Basic"), "");
    assert!(endpoint.asked().is_empty());
}
