//! The modules about request objects (OpenID Connect Core §6). The profile announces no `none`, so the suite skips those that send
//! unsigned ones; they run here with the switch on, and their client says at registration what it will send, which the suite's
//! does not: this server reads unsigned objects only from clients that are registered for them.

use auth::config::Config;
use serde_json::{Value, json};
use testkit::elsewhere::Reply;

use super::client::{Module, Request, Round};
use super::keys::{encoded, random, signed};
use super::suite::{Suite, Variant, core, dynamic, everywhere};

fn unsigned_ones(config: &mut Config) {
    config.openid.unsigned_request_objects = true;
}

fn none() -> Value {
    json!({ "request_object_signing_alg": "none" })
}

fn skipped(module: &Module<'_>) {
    assert!(!module.suite.announces("request_object_signing_alg_values_supported", "none"));
}

fn claims(module: &Module<'_>, request: &Request) -> Value {
    let mut claims = serde_json::to_value(request).unwrap();
    claims["iss"] = json!(module.client_id());
    claims["aud"] = json!(module.suite.app.issuer);
    claims
}

fn unsigned(claims: &Value) -> String {
    format!("{}.{}.", encoded(&json!({ "alg": "none" })), encoded(claims))
}

/// Only what OAuth 2.0 demands stands beside the object; state and nonce are in it.
async fn beside(module: &Module<'_>, request: Request, parameter: (&str, &str)) -> Round {
    let mut changes = vec![("state", ""), ("nonce", ""), parameter];
    changes.extend(request.get("response_mode").map(|_| ("response_mode", "")));
    let round = module.open(&changes).await;
    Round { request, ..round }
}

/// A client with an object at a registered address, whose fragment is no hash of anything.
async fn by_reference(suite: &Suite, variant: Variant, alg: &str) {
    let path = format!("/requesturi/{}", random(64));
    let added = json!({ "request_uris": [format!("E{path}#{}", random(43))], "request_object_signing_alg": alg });
    let module = Module::begin(suite, variant, &added).await;
    let request = module.request(&[]);
    let object = match alg {
        "none" => unsigned(&claims(&module, &request)),
        _ => signed(&claims(&module, &request)),
    };
    let reply = Reply::new(object).with_header("content-type", "application/jwt");
    suite.elsewhere.publish(&format!("{}{path}", module.path), reply);
    let uri = module.told["request_uris"][0].as_str().unwrap();
    let round = beside(&module, request, ("request_uri", uri)).await;
    module.finish(&round).await;
    module.end().await;
}

#[actix_web::test]
async fn request_uri_signed_rs256() {
    dynamic()
        .started(async |suite, variant| {
            assert_eq!(suite.metadata["request_uri_parameter_supported"], true);
            assert!(suite.announces("request_object_signing_alg_values_supported", "RS256"));
            by_reference(suite, variant, "RS256").await;
        })
        .await;
}

#[actix_web::test]
async fn request_uri_unsigned() {
    dynamic().run(async |module| skipped(module)).await;
    dynamic().with(unsigned_ones).started(async |suite, variant| by_reference(suite, variant, "none").await).await;
}

#[actix_web::test]
async fn request_uri_unsigned_supported_correctly_or_rejected_as_unsupported() {
    core().run(async |module| skipped(module)).await;
    core().with(unsigned_ones).started(async |suite, variant| by_reference(suite, variant, "none").await).await;
}

#[actix_web::test]
async fn unsigned_request_object_supported_correctly_or_rejected_as_unsupported() {
    core().run(async |module| skipped(module)).await;
    core()
        .with(unsigned_ones)
        .adding(none())
        .run(async |module| {
            let request = module.request(&[]);
            let object = unsigned(&claims(module, &request));
            let round = beside(module, request, ("request", &object)).await;
            module.finish(&round).await;
        })
        .await;
}

/// The good redirect URI is in the object, a bad one beside it: the answer goes to the good one, or nowhere.
#[actix_web::test]
async fn ensure_request_object_with_redirect_uri() {
    everywhere().run(async |module| skipped(module)).await;
    everywhere()
        .with(unsigned_ones)
        .adding(none())
        .run(async |module| {
            let request = module.request(&[]);
            let object = unsigned(&claims(module, &request));
            let bad = format!("{}/callback_invalid", module.base);
            let round = module.open(&[("request", &object), ("redirect_uri", &bad)]).await;
            module.finish(&Round { request, ..round }).await;
        })
        .await;
}

/// What the suite would be told if it did not look at the metadata first.
#[actix_web::test]
async fn who_sends_an_unsigned_object_all_the_same_is_told_that_it_is_not_supported() {
    core()
        .run(async |module| {
            let request = module.request(&[]);
            let round = module.open(&[("request", &unsigned(&claims(module, &request)))]).await;
            assert_eq!(module.error(&round), "request_not_supported");
        })
        .await;
}
