//! Opaque access tokens: what the issuer says of them decides (RFC 7662), and nothing else does when it says nothing.

use std::net::TcpListener;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use protocol::issuer::Issuer as IssuerUrl;
use resource_api::{Introspection, ResourceServer, Routes, Settings, TrustedIssuer};
use serde_json::json;
use url::Url;

use crate::api::{Answer, send};
use crate::issuer::{AUDIENCE, Issuer, now};
use crate::logs::LOG;
use crate::ways::holder::Holder;
use crate::ways::introspection::{CLIENT_SECRET, Endpoint};
use crate::ways::{Service, assert_challenged, assert_problem};

fn start() -> (Issuer, Endpoint, Service) {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let service = Service::start(&issuer, |settings| settings.introspection = Some(endpoint.settings()));
    (issuer, endpoint, service)
}

#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_problem(answer, 503, Some("temporarily_unavailable"), "cannot be reached");
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1), "{answer:?}");
    assert_eq!(answer.challenge(), "");
}

#[actix_web::test]
async fn an_active_token_of_this_api_is_accepted() {
    let (issuer, endpoint, service) = start();
    endpoint.knows("opaque-token", json!({}));
    let answer = service.me_as("opaque-token").await;
    let found = json!({
        "sub": "alice", "kind": "OpaqueToken", "client_id": "web-app", "issuer": issuer.url,
        "permissions": ["notes:read", "notes:write"],
    });
    assert_eq!((answer.status, answer.json()), (200, found), "{answer:?}");
    assert_eq!(endpoint.asked()[0]["token"], "opaque-token");
    let basic = format!("Basic {}", STANDARD.encode(format!("notes-api:{CLIENT_SECRET}")));
    assert_eq!(endpoint.authorized(), [basic]);
    let machine = json!({ "sub": "web-app", "scope": null, "exp": null, "username": null });
    endpoint.knows("of-a-machine", machine);
    let answer = service.me_as("of-a-machine").await;
    assert_eq!((answer.status, &answer.json()["sub"]), (200, &json!("web-app")), "{answer:?}");
    let answer = send(service.get("/notes").bearer_auth("of-a-machine")).await;
    assert_problem(&answer, 403, Some("insufficient_scope"), "notes:read");
}

#[actix_web::test]
async fn what_is_not_active_or_not_for_this_api_is_refused() {
    let (issuer, endpoint, service) = start();
    let refused = [
        (json!({ "active": false }), "active"),
        (json!({ "aud": "https://other.example" }), "aud"),
        (json!({ "aud": [format!("{AUDIENCE}/"), AUDIENCE.to_uppercase()] }), "aud"),
        (json!({ "aud": null }), "aud"),
        (json!({ "iss": "https://other.example" }), "issuer"),
        (json!({ "exp": now() - 1 }), "active"),
        (json!({ "nbf": now() + 300 }), "active"),
        // Not the client in its place: somebody may be called as it is (RFC 9068 §5).
        (json!({ "sub": null }), "sub"),
        (json!({ "cnf": { "kid": "y", "jku": "x" } }), "bound in a way"),
        (json!({ "cnf": { "osc": {} } }), "bound in a way"),
        (json!({ "cnf": { "jkt": "x" } }), "bound to a key"),
        (json!({ "cnf": { "x5t#S256": "x" } }), "client certificate"),
    ];
    for (at, (change, sentence)) in refused.into_iter().enumerate() {
        let token = format!("token-{at}");
        endpoint.knows(&token, change.clone());
        assert_challenged(&service.me_as(&token).await, "Bearer", "invalid_token", sentence);
    }
    assert_challenged(&service.me_as("nobody-knows-it").await, "Bearer", "invalid_token", "active");
    endpoint.knows("among-others", json!({ "aud": ["https://other.example", AUDIENCE], "iss": issuer.url }));
    assert_eq!(service.me_as("among-others").await.status, 200);
}

#[actix_web::test]
async fn an_opaque_token_can_be_bound_to_a_key() {
    let (_issuer, endpoint, service) = start();
    let (holder, thief) = (Holder::new(), Holder::new());
    endpoint.knows("bound-token", json!({ "cnf": { "jkt": holder.jkt() } }));
    assert_eq!(holder.me(&service, "bound-token").await.status, 200);
    assert_challenged(&thief.me(&service, "bound-token").await, "DPoP", "invalid_token", "another key");
    assert_challenged(&service.me_as("bound-token").await, "Bearer", "invalid_token", "bound to a key");
    endpoint.knows("plain-token", json!({}));
    assert_challenged(&holder.me(&service, "plain-token").await, "DPoP", "invalid_token", "not bound");
}

#[actix_web::test]
async fn nobody_is_let_in_or_turned_away_while_the_issuer_is_silent() {
    let issuer = Issuer::start();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = Some(Url::parse(&format!("http://{gone}/introspect")).unwrap());
    let introspection = Introspection { endpoint, ..Introspection::with_secret("notes-api", CLIENT_SECRET) };
    let service = Service::start(&issuer, |settings| settings.introspection = Some(introspection));
    for _ in 0..8 {
        assert_unavailable(&service.me_as("opaque-token").await);
    }
    let tokens: Vec<String> = (0..64).map(|at| format!("opaque-{at}")).collect();
    let answers = join_all(tokens.iter().map(|token| service.me_as(token))).await;
    answers.iter().for_each(assert_unavailable);
    assert_eq!(service.me_as(&issuer.token().sign()).await.status, 200, "JWTs need no question");
}

#[actix_web::test]
async fn an_answer_that_makes_no_sense_is_no_answer() {
    let (_issuer, endpoint, service) = start();
    for status in [401, 403, 429, 500, 302] {
        endpoint.fail_with(status);
        assert_unavailable(&service.me_as(&format!("opaque-{status}")).await);
    }
    let (_issuer, endpoint, service) = start();
    for (at, change) in
        [json!({ "active": "true" }), json!({ "cnf": "x" }), json!({ "exp": "soon" })].into_iter().enumerate()
    {
        endpoint.knows(&format!("strange-{at}"), change);
        assert_unavailable(&service.me_as(&format!("strange-{at}")).await);
    }
}

#[actix_web::test]
async fn the_discovery_document_says_where_to_ask() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    issuer.bend(|answers| answers.introspection_endpoint = Some(endpoint.url.clone()));
    endpoint.knows("opaque-token", json!({}));
    let introspection = Some(Introspection::with_secret("notes-api", CLIENT_SECRET));
    let service = Service::start(&issuer, |settings| settings.introspection = introspection);
    assert_eq!(service.me_as("opaque-token").await.status, 200, "the first request waits for the document");
}

#[actix_web::test]
async fn an_issuer_that_does_not_say_where_to_ask_is_told_to_the_operator() {
    let log = &*LOG;
    let issuer = Issuer::start();
    let introspection = Some(Introspection::with_secret("notes-api", CLIENT_SECRET));
    let service = Service::start(&issuer, |settings| settings.introspection = introspection);
    let answer = service.me_as("opaque-token").await;
    assert_unavailable(&answer);
    assert_eq!(answer.header("retry-after"), "60");
    let lines = log.lines_with("names no introspection endpoint");
    assert!(lines.iter().any(|line| line.contains(&issuer.url)), "{lines:?}");
}

#[actix_web::test]
async fn an_api_that_cannot_ask_says_so() {
    let issuer = Issuer::start();
    let service = Service::start(&issuer, |_| {});
    let answer = service.me_as("opaque-token").await;
    assert_challenged(&answer, "Bearer", "invalid_token", "an opaque token cannot be read here; send a JWT");
}

#[actix_web::test]
async fn many_requests_with_one_token_are_one_question() {
    let (_issuer, endpoint, service) = start();
    endpoint.knows("opaque-token", json!({}));
    let answers = join_all((0..64).map(|_| service.me_as("opaque-token"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(endpoint.asked().len(), 1);
}

fn every_token(endpoint: &Endpoint) -> Introspection {
    Introspection { every_token: true, ..endpoint.settings() }
}

/// A token is shown to nobody but its issuer, who could use it.
#[actix_web::test]
async fn a_token_of_another_issuer_is_not_shown_to_the_one_that_is_asked() {
    let (issuer, second, endpoint) = (Issuer::start(), Issuer::start(), Endpoint::start());
    let service = Service::start(&issuer, |settings| {
        settings.introspection = Some(every_token(&endpoint));
        settings.issuers.push(TrustedIssuer::new(IssuerUrl::parse(&second.url).unwrap()));
    });
    let (first, other) = (issuer.token().sign(), second.token().sign());
    assert_eq!(service.me_as(&other).await.status, 200);
    assert_eq!(endpoint.asked().len(), 0);
    assert_challenged(&service.me_as(&first).await, "Bearer", "invalid_token", "active");
    assert_eq!(endpoint.asked()[0]["token"], first);
}

/// What comes another way than in a header is judged alike.
#[actix_web::test]
async fn a_token_from_a_message_is_asked_about_as_any_other() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let mut settings = Settings::new(IssuerUrl::parse(&issuer.url).unwrap(), AUDIENCE);
    settings.introspection = Some(every_token(&endpoint));
    let server = ResourceServer::new(settings, Routes::new()).unwrap();
    let _keys = server.keep_fresh();
    let (good, revoked) = (issuer.token().sign(), issuer.token().claim("jti", "another").sign());
    endpoint.knows(&good, json!({ "iss": issuer.url }));
    assert_eq!(server.validate(&good).await.unwrap().subject, "alice");
    assert_eq!(server.validate(&revoked).await.unwrap_err().status(), 401);
}
