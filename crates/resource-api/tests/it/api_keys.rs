//! API keys as bearer tokens and in `X-API-Key`.

use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use serde_json::json;

use crate::api::{Answer, send};
use crate::issuer::{Issuer, now};
use crate::ways::holder::Holder;
use crate::ways::introspection::{Endpoint, draw};
use crate::ways::{Service, assert_challenged, assert_problem, challenge};

fn start(proxy: Option<&str>) -> (Issuer, Endpoint, Service) {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let service = Service::start(&issuer, |settings| {
        settings.introspection = Some(endpoint.settings());
        settings.trusted_proxies = proxy.map(|proxy| proxy.parse().unwrap()).into_iter().collect();
    });
    (issuer, endpoint, service)
}

async fn from(service: &Service, key: &str, forwarded: &str) -> Answer {
    send(service.get("/me").header("x-api-key", key).header("x-forwarded-for", forwarded)).await
}

#[actix_web::test]
async fn a_key_is_sent_in_either_header() {
    let (_issuer, endpoint, service) = start(None);
    let key = endpoint.key(json!({ "client_id": null, "scope": "notes:read" }));
    for answer in [service.me_as(key.expose()).await, service.me("x-api-key", key.expose()).await] {
        assert_eq!((answer.status, &answer.json()["kind"]), (200, &json!("ApiKey")), "{answer:?}");
        assert_eq!((&answer.json()["sub"], &answer.json()["client_id"]), (&json!("alice"), &json!(null)));
    }
    assert_eq!(endpoint.asked().len(), 1, "the second was answered from memory");
    assert_eq!(endpoint.asked()[0]["token_type_hint"], "api_key");
    let write = send(service.request(reqwest::Method::POST, "/notes").header("x-api-key", key.expose())).await;
    assert_problem(&write, 403, Some("insufficient_scope"), "notes:write");
    assert_eq!(send(service.get("/notes").header("x-api-key", key.expose())).await.status, 200);
}

#[actix_web::test]
async fn what_is_no_key_is_refused_without_a_question() {
    let (issuer, endpoint, service) = start(None);
    let key = draw();
    let mut mistyped = key.expose().to_owned();
    let last = if mistyped.pop() == Some('0') { '1' } else { '0' };
    mistyped.push(last);
    for text in [mistyped.as_str(), "cs_key_", &key.expose()[..40], &format!("{}x", key.expose())] {
        assert_challenged(&service.me_as(text).await, "Bearer", "invalid_token", "typing mistake");
        assert_challenged(&service.me("x-api-key", text).await, "Bearer", "invalid_token", "typing mistake");
    }
    for text in ["some-other-key", &issuer.token().sign()] {
        assert_challenged(&service.me("x-api-key", text).await, "Bearer", "invalid_token", "begins with cs_key_");
    }
    assert_problem(&service.me("x-api-key", "two words").await, 400, Some("invalid_request"), "X-API-Key: cs_key_");
    assert_problem(&service.me("x-api-key", "").await, 400, Some("invalid_request"), "X-API-Key: cs_key_");
    assert_eq!(endpoint.asked().len(), 0);
    assert_challenged(&service.me("x-api-key", key.expose()).await, "Bearer", "invalid_token", "active");
    assert_eq!(endpoint.asked().len(), 1);
}

#[actix_web::test]
async fn a_revoked_key_is_refused_within_ten_seconds() {
    let (_issuer, endpoint, service) = start(None);
    let key = endpoint.key(json!({}));
    assert_eq!(service.me("x-api-key", key.expose()).await.status, 200);
    endpoint.forget(key.expose());
    let revoked = Instant::now();
    loop {
        let answer = service.me("x-api-key", key.expose()).await;
        if answer.status == 401 {
            break;
        }
        assert!(revoked.elapsed() < Duration::from_millis(10_500), "{answer:?}");
        sleep(Duration::from_millis(200)).await;
    }
}

#[actix_web::test]
async fn a_key_ends_when_it_says() {
    let (_issuer, endpoint, service) = start(None);
    let key = endpoint.key(json!({ "exp": now() + 2 }));
    assert_eq!(service.me("x-api-key", key.expose()).await.status, 200);
    sleep(Duration::from_millis(2_100)).await;
    assert_challenged(&service.me("x-api-key", key.expose()).await, "Bearer", "invalid_token", "active");
    let dead = endpoint.key(json!({ "exp": now() - 1 }));
    assert_challenged(&service.me("x-api-key", dead.expose()).await, "Bearer", "invalid_token", "active");
}

#[actix_web::test]
async fn a_key_is_good_in_its_networks_only() {
    let (_issuer, endpoint, service) = start(None);
    let here = endpoint.key(json!({ "allowed_networks": ["10.0.0.0/8", "127.0.0.0/8"] }));
    assert_eq!(service.me("x-api-key", here.expose()).await.status, 200);
    let elsewhere = endpoint.key(json!({ "allowed_networks": ["203.0.113.0/24"] }));
    assert_challenged(&service.me("x-api-key", elsewhere.expose()).await, "Bearer", "invalid_token", "network");
    let forged = from(&service, elsewhere.expose(), "203.0.113.9").await;
    assert_challenged(&forged, "Bearer", "invalid_token", "network");
    let unreadable = endpoint.key(json!({ "allowed_networks": ["127.0.0.0/8", "everywhere"] }));
    assert_eq!(service.me("x-api-key", unreadable.expose()).await.status, 401, "a list that cannot be read");
}

#[actix_web::test]
async fn a_listed_proxy_says_from_where_a_request_came() {
    let (_issuer, endpoint, service) = start(Some("127.0.0.1/32"));
    let key = endpoint.key(json!({ "allowed_networks": ["203.0.113.0/24"] }));
    assert_eq!(from(&service, key.expose(), "203.0.113.9").await.status, 200);
    assert_eq!(from(&service, key.expose(), "198.51.100.1, 203.0.113.9").await.status, 200);
    for forged in ["203.0.113.9, 198.51.100.1", "198.51.100.1", "nonsense", ""] {
        let answer = from(&service, key.expose(), forged).await;
        assert_challenged(&answer, "Bearer", "invalid_token", "network");
    }
    assert_eq!(service.me("x-api-key", key.expose()).await.status, 401, "the proxy itself");
    let (_issuer, endpoint, service) = start(Some("10.0.0.0/8"));
    let key = endpoint.key(json!({ "allowed_networks": ["203.0.113.0/24"] }));
    assert_eq!(from(&service, key.expose(), "203.0.113.9").await.status, 401, "a stranger");
}

/// What the issuer binds to a key is bound to it, whatever kind of credential it is.
#[actix_web::test]
async fn a_key_that_is_bound_needs_its_proof() {
    let (_issuer, endpoint, service) = start(None);
    let holder = Holder::new();
    let key = endpoint.key(json!({ "cnf": { "jkt": holder.jkt() } }));
    assert_challenged(&service.me("x-api-key", key.expose()).await, "Bearer", "invalid_token", "bound to a key");
    assert_challenged(&service.me_as(key.expose()).await, "Bearer", "invalid_token", "bound to a key");
    assert_eq!(holder.me(&service, key.expose()).await.status, 200);
    let key = endpoint.key(json!({ "cnf": { "x5t#S256": "x" } }));
    assert_challenged(&service.me("x-api-key", key.expose()).await, "Bearer", "invalid_token", "certificate");
}

#[actix_web::test]
async fn without_introspection_the_header_means_nothing() {
    let issuer = Issuer::start();
    let service = Service::start(&issuer, |_| {});
    let answer = service.me("x-api-key", draw().expose()).await;
    assert_problem(&answer, 401, None, "send an access token");
    assert!(!challenge(&answer, "Bearer").contains("error"));
    assert_challenged(&service.me_as(draw().expose()).await, "Bearer", "invalid_token", "opaque");
}
