//! `Authorization: Basic` with a user name and an API key or a password (RFC 7617).

use resource_api::Settings;
use serde_json::{Value, json};

use crate::api::{Answer, send};
use crate::issuer::Issuer;
use crate::ways::introspection::Endpoint;
use crate::ways::{Service, assert_problem, challenge};

/// What our issuer says of somebody with a password.
fn one_factor() -> Value {
    json!({ "client_id": null, "acr": "1", "amr": ["pwd"], "scope": "notes:read" })
}

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

fn with_passwords(settings: &mut Settings, endpoint: &Endpoint) {
    switch_on(settings, endpoint);
    settings.basic_passwords = true;
}

#[actix_web::test]
async fn where_it_is_switched_on_a_password_is_asked_about_and_its_owner_may_what_the_issuer_says() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    endpoint.knows_password("open: sesame", one_factor());
    let service = Service::start_with_tls(&issuer, |settings| with_passwords(settings, &endpoint));
    for _ in 0..2 {
        let answer = me(&service, "alice", "open: sesame").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let expected = json!({
            "sub": "alice", "kind": "Password", "client_id": null, "issuer": issuer.url, "permissions": ["notes:read"],
        });
        assert_eq!(answer.json(), expected);
    }
    let asked = json!({
        "purpose": "http_basic", "username": "alice", "password": "open: sesame", "caller_address": "127.0.0.1",
    });
    assert_eq!(json!(endpoint.asked()), json!([asked]), "once in ten seconds, and with the caller's address");
    let missing =
        send(service.request(reqwest::Method::POST, "/notes").basic_auth("alice", Some("open: sesame"))).await;
    assert_problem(&missing, 403, Some("insufficient_scope"), "notes:write");

    let wrong = me(&service, "alice", "open sesame").await;
    let unknown = me(&service, "nobody", "open: sesame").await;
    for answer in [&wrong, &unknown] {
        assert_problem(answer, 401, Some("invalid_token"), "an API key works in its place");
        assert_eq!(challenge(answer, "Basic"), "Basic realm=\"https://notes.example\", charset=\"UTF-8\"");
    }
    assert_eq!(wrong.json()["detail"], unknown.json()["detail"]);
    let key = endpoint.key(json!({}));
    assert_eq!(me(&service, "alice", key.expose()).await.json()["kind"], "ApiKey", "keys go on as before");
    assert!(endpoint.asked().iter().all(|form| form.get("password").is_none_or(|text| text != key.expose())));
}

#[actix_web::test]
async fn what_is_told_of_a_password_is_checked_like_everything_else() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let service = Service::start_with_tls(&issuer, |settings| with_passwords(settings, &endpoint));
    let wrong = [
        json!({ "aud": "https://other.example" }),
        json!({ "iss": "https://other.example" }),
        json!({ "exp": 1 }),
        json!({ "cnf": { "jkt": "x" } }),
        json!({ "sub": null, "client_id": null }),
    ];
    for (number, change) in wrong.into_iter().enumerate() {
        let secret = format!("secret {number}");
        endpoint.knows_password(&secret, change);
        assert_problem(&me(&service, "alice", &secret).await, 401, Some("invalid_token"), "");
    }
}

#[actix_web::test]
async fn too_many_wrong_passwords_are_told_to_who_sent_them_and_to_nobody_else() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    endpoint.knows_password("right", one_factor());
    let service = Service::start_with_tls(&issuer, |settings| with_passwords(settings, &endpoint));
    assert_eq!(me(&service, "alice", "right").await.status, 200);
    endpoint.tries_are_used_up_for(300);
    for number in 0..12 {
        let answer = me(&service, "alice", &format!("guess {number}")).await;
        assert_problem(&answer, 429, Some("too_many_requests"), "this one was not looked at");
        assert_eq!((answer.header("retry-after"), challenge(&answer, "Basic")), ("300", String::new()));
    }
    assert_eq!(me(&service, "alice", "right").await.status, 200, "what was said a moment ago counts");
    let key = endpoint.key(json!({}));
    assert_eq!(me(&service, "alice", key.expose()).await.status, 200, "guesses close nothing else");
}

#[actix_web::test]
async fn nobody_is_turned_away_for_a_password_while_the_issuer_is_silent() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    endpoint.knows_password("right", one_factor());
    let service = Service::start_with_tls(&issuer, |settings| with_passwords(settings, &endpoint));
    for status in [400, 503] {
        endpoint.fail_with(status);
        let answer = me(&service, "alice", "right").await;
        assert_problem(&answer, 503, Some("temporarily_unavailable"), "");
        assert!(!answer.header("retry-after").is_empty() && challenge(&answer, "Basic").is_empty(), "{answer:?}");
    }
    // However often that was: keys have a door of their own.
    for number in 0..12 {
        assert_eq!(me(&service, "alice", &format!("guess {number}")).await.status, 503);
    }
    endpoint.fail_with(200);
    let key = endpoint.key(json!({}));
    assert_eq!(me(&service, "alice", key.expose()).await.status, 200);
}

#[actix_web::test]
async fn over_plain_http_a_password_is_refused_unread_and_unasked() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    endpoint.knows_password("right", one_factor());
    let service = Service::start(&issuer, |settings| {
        with_passwords(settings, &endpoint);
        settings.public_url = "https://api.example".to_owned();
    });
    let answer = me(&service, "alice", "right").await;
    assert_problem(&answer, 400, Some("invalid_request"), "change this password, it was sent in the clear");
    assert!(endpoint.asked().is_empty());
}
