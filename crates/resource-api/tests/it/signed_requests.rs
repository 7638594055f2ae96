//! Requests that are signed with an API key (RFC 9421, RFC 9530).

use std::collections::HashMap;

use futures_util::future::join_all;
use protocol::api_key::ApiKey;
use protocol::time::Timestamp;
use reqwest::{Method, RequestBuilder};
use resource_api::signature::{Message, Policy, PublicUrl, Signer, content_digest, shared_key};
use serde_json::json;
use url::Url;

use crate::api::{Answer, send};
use crate::issuer::{Issuer, now};
use crate::ways::introspection::{Endpoint, draw};
use crate::ways::{Service, assert_problem, challenge};

const TYPE: &str = "text/plain";

/// What the client signs.
#[derive(Clone)]
struct Plan {
    method: Method,
    target: String,
    body: &'static str,
    created: i64,
    nonce: String,
}

fn plan(method: Method, target: &str, body: &'static str) -> Plan {
    let nonce = u64::from_le_bytes(jwt::random::bytes()).to_string();
    Plan { method, target: target.to_owned(), body, created: now(), nonce }
}

/// No scheme of a challenge speaks of signatures, so the error is in the body alone.
#[track_caller]
fn assert_refused(answer: &Answer, sentence: &str) {
    assert_problem(answer, 401, Some("invalid_signature"), sentence);
    assert!(challenge(answer, "Bearer").starts_with("Bearer realm=") && !answer.challenge().contains("error"));
}

fn start() -> (Issuer, Endpoint, Service) {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let service = Service::start(&issuer, |settings| {
        settings.introspection = Some(endpoint.settings());
        settings.signatures = Some(Policy::default());
    });
    (issuer, endpoint, service)
}

impl Plan {
    fn fields(&self, service: &Service, key: &ApiKey) -> HashMap<&'static str, String> {
        let url = PublicUrl::new(&Url::parse(&service.url).unwrap()).unwrap();
        let secret = shared_key(key.expose());
        let signer = Signer { key_id: &key.id, key: &secret, created: Timestamp(self.created), nonce: &self.nonce };
        let content_type = [("content-type", TYPE.as_bytes())];
        let fields = if self.body.is_empty() { &[][..] } else { &content_type[..] };
        let message = Message { method: self.method.as_str(), target: &self.target, fields };
        let signed = signer.sign(&url, &message, self.body.as_bytes()).unwrap();
        signed.iter().map(|(name, value)| (name, value.to_owned())).collect()
    }

    /// The request with the fields of a signature, perhaps of another one.
    fn send_with(&self, service: &Service, fields: &HashMap<&'static str, String>) -> RequestBuilder {
        let mut request = service.request(self.method.clone(), &self.target);
        if !self.body.is_empty() {
            request = request.header("content-type", TYPE).body(self.body);
        }
        fields.iter().fold(request, |request, (name, value)| request.header(*name, value))
    }

    fn signed(&self, service: &Service, key: &ApiKey) -> RequestBuilder {
        self.send_with(service, &self.fields(service, key))
    }
}

#[actix_web::test]
async fn a_signed_request_is_served_with_its_body() {
    let (_issuer, endpoint, service) = start();
    let key = endpoint.signing_key(json!({ "client_id": null }));
    let answer = send(plan(Method::GET, "/me?b=2&a=%C3%A4", "").signed(&service, &key)).await;
    assert_eq!((answer.status, &answer.json()["kind"]), (200, &json!("SignedRequest")), "{answer:?}");
    assert_eq!(answer.json()["sub"], "alice");
    let answer = send(plan(Method::POST, "/notes", "the body of a note").signed(&service, &key)).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "the body of a note"));
    assert_eq!(endpoint.asked().len(), 1);
    assert_eq!(endpoint.asked()[0]["token"], format!("cs_key_{}", key.id), "the secret never travels");
    assert_eq!(endpoint.asked()[0]["purpose"], "http_message_signature");
}

#[actix_web::test]
async fn whatever_is_changed_on_the_way_is_noticed() {
    let (_issuer, endpoint, service) = start();
    let key = endpoint.signing_key(json!({}));
    let get = plan(Method::GET, "/me?a=1", "");
    let post = plan(Method::POST, "/notes", "the body");
    let changed = [
        (get.clone(), Plan { target: "/me?a=2".to_owned(), ..get.clone() }, "does not fit"),
        (get.clone(), Plan { target: "/me".to_owned(), ..get.clone() }, ""),
        (get.clone(), Plan { target: "/notes?a=1".to_owned(), ..get.clone() }, "does not fit"),
        (get.clone(), Plan { method: Method::HEAD, ..get.clone() }, ""),
        (post.clone(), Plan { body: "another one", ..post.clone() }, "Content-Digest does not fit"),
        (post.clone(), Plan { body: "", ..post.clone() }, ""),
    ];
    for (signed, sent, sentence) in changed {
        let answer = send(sent.send_with(&service, &signed.fields(&service, &key))).await;
        if sent.method == Method::HEAD {
            assert_eq!(answer.status, 401);
        } else {
            assert!([400, 401].contains(&answer.status), "{answer:?}");
            let error = if answer.status == 400 { "invalid_request" } else { "invalid_signature" };
            assert_problem(&answer, answer.status, Some(error), sentence);
        }
    }
    let other_type = plan(Method::POST, "/notes", "the body");
    let fields = other_type.fields(&service, &key);
    let request =
        fields.iter().fold(service.request(Method::POST, "/notes"), |r, (name, value)| r.header(*name, value));
    let answer = send(request.header("content-type", "text/html").body("the body")).await;
    assert_refused(&answer, "does not fit");
    let get = plan(Method::GET, "/me", "");
    let answer = send(get.signed(&service, &key).header("host", "other.example")).await;
    assert_refused(&answer, "Host");
    assert_eq!(send(plan(Method::GET, "/me", "").signed(&service, &key)).await.status, 200);
}

#[actix_web::test]
async fn a_signature_is_young_and_counts_once() {
    let (_issuer, endpoint, service) = start();
    let key = endpoint.signing_key(json!({}));
    let once = plan(Method::GET, "/me", "");
    assert_eq!(send(once.signed(&service, &key)).await.status, 200);
    assert_refused(&send(once.signed(&service, &key)).await, "used before");
    let old = Plan { created: now() - 301, ..plan(Method::GET, "/me", "") };
    assert_refused(&send(old.signed(&service, &key)).await, "created");
    let early = Plan { created: now() + 60, ..plan(Method::GET, "/me", "") };
    assert_refused(&send(early.signed(&service, &key)).await, "created");
}

#[actix_web::test]
async fn of_many_identical_requests_one_passes() {
    let (_issuer, endpoint, service) = start();
    let key = endpoint.signing_key(json!({}));
    let fields = plan(Method::GET, "/me", "");
    let signed = fields.fields(&service, &key);
    let answers = join_all((0..64).map(|_| send(fields.send_with(&service, &signed)))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.json()["error"] == "invalid_signature").count(), 63);
    assert_eq!(endpoint.asked().len(), 1);
}

#[actix_web::test]
async fn a_key_that_is_unknown_or_may_not_sign_is_refused_alike() {
    let (_issuer, endpoint, service) = start();
    let may_not = endpoint.signing_key(json!({ "signing_key": null }));
    for key in [draw(), may_not] {
        let answer = send(plan(Method::GET, "/me", "").signed(&service, &key)).await;
        assert_refused(&answer, "no such key, or it may not sign");
    }
    let (real, other) = (endpoint.signing_key(json!({})), draw());
    let forged = ApiKey::assemble(real.id.as_str(), &other.expose()[24..56]).unwrap();
    let answer = send(plan(Method::GET, "/me", "").signed(&service, &forged)).await;
    assert_refused(&answer, "does not fit");
    endpoint.fail_with(500);
    let key = endpoint.signing_key(json!({}));
    let answer = send(plan(Method::GET, "/me", "").signed(&service, &key)).await;
    assert_problem(&answer, 503, Some("temporarily_unavailable"), "cannot be reached");
    assert!(!answer.header("retry-after").is_empty());
}

#[actix_web::test]
async fn the_rules_of_the_key_hold_for_signatures() {
    let (_issuer, endpoint, service) = start();
    let refused = [
        json!({ "aud": "https://other.example" }),
        json!({ "allowed_networks": ["203.0.113.0/24"] }),
        json!({ "cnf": { "jkt": "x" } }),
        json!({ "cnf": { "x5t#S256": "x" } }),
    ];
    for change in refused {
        let key = endpoint.signing_key(change.clone());
        let answer = send(plan(Method::GET, "/me", "").signed(&service, &key)).await;
        assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("invalid_token")), "{change}: {answer:?}");
    }
    let reader = endpoint.signing_key(json!({ "scope": "notes:read" }));
    let answer = send(plan(Method::POST, "/notes", "x").signed(&service, &reader)).await;
    assert_problem(&answer, 403, Some("insufficient_scope"), "notes:write");
}

#[actix_web::test]
async fn a_body_is_covered_by_its_digest_and_of_a_bounded_size() {
    let (_issuer, endpoint, service) = start();
    let key = endpoint.signing_key(json!({}));
    let without = plan(Method::POST, "/notes", "").fields(&service, &key);
    let sent = Plan { body: "the body", ..plan(Method::POST, "/notes", "") };
    let answer = send(sent.send_with(&service, &without)).await;
    assert_refused(&answer, "has to cover");
    let without = plan(Method::POST, "/notes", "").fields(&service, &key);
    let answer = send(sent.send_with(&service, &without).header("content-digest", content_digest(b"the body"))).await;
    assert_refused(&answer, "has to cover");
    let largest: &'static str = "x".repeat(1024 * 1024).leak();
    let too_large: &'static str = "x".repeat(1024 * 1024 + 1).leak();
    let answer = send(plan(Method::POST, "/notes", too_large).signed(&service, &key)).await;
    assert_problem(&answer, 413, Some("content_too_large"), "1048576");
    assert_eq!(answer.challenge(), "", "no credential would make it smaller");
    // The handler takes a quarter of that; the library lets it through.
    let answer = send(plan(Method::POST, "/notes", largest).signed(&service, &key)).await;
    assert_problem(&answer, 413, Some("content_too_large"), "the body is too large");
    let incomplete = plan(Method::GET, "/me", "");
    let mut fields = incomplete.fields(&service, &key);
    fields.remove("signature");
    let answer = send(incomplete.send_with(&service, &fields)).await;
    assert_problem(&answer, 400, Some("invalid_request"), "Signature");
}

#[actix_web::test]
async fn switched_off_a_signature_means_nothing() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let service = Service::start(&issuer, |settings| settings.introspection = Some(endpoint.settings()));
    let key = endpoint.signing_key(json!({}));
    let answer = send(plan(Method::GET, "/me", "").signed(&service, &key)).await;
    assert_problem(&answer, 401, None, "send an access token");
    let beside = plan(Method::GET, "/me", "").signed(&service, &key).bearer_auth(issuer.token().sign());
    assert_eq!(send(beside).await.status, 200);
}
