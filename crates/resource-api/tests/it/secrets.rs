//! No credential of any kind is in the log, at any level: each way is used with a text that stands nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use resource_api::dpop::{DpopConfig, NonceMode};
use resource_api::signature::{Message, Policy, PublicUrl, Signer, shared_key};
use serde_json::json;
use url::Url;

use crate::api::send;
use crate::issuer::{Issuer, now};
use crate::logs::LOG;
use crate::ways::Service;
use crate::ways::holder::{Holder, me};
use crate::ways::introspection::{CLIENT_SECRET, Endpoint};

struct Ways {
    issuer: Issuer,
    endpoint: Endpoint,
    service: Service,
}

fn start() -> Ways {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let service = Service::start(&issuer, |settings| {
        settings.introspection = Some(endpoint.settings());
        (settings.basic, settings.basic_passwords) = (true, true);
        settings.signatures = Some(Policy::default());
    });
    Ways { issuer, endpoint, service }
}

#[track_caller]
fn assert_unlogged(secrets: &[&str]) {
    for secret in secrets {
        assert_eq!(LOG.lines_with(secret), Vec::<String>::new());
    }
}

#[actix_web::test]
async fn no_proof_and_no_bound_token_is_in_the_log() {
    let _log = &*LOG;
    let Ways { issuer, service, .. } = start();
    let holder = Holder::new();
    let token = holder.token(&issuer);
    let url = format!("{}/me", service.url);
    let proof = holder.proof_with("GET", &url, &token, json!({ "jti": "unmistakable-proof" }));
    let statuses = [
        me(&service, &token, &[&proof]).await.status,
        me(&service, &token, &[&proof]).await.status,
        me(&service, &token, &["unmistakable-proof.x.y"]).await.status,
        service.me_as(&token).await.status,
    ];
    assert_eq!(statuses, [200, 401, 401, 401]);
    let dpop = Some(DpopConfig { nonce: NonceMode::Required, ..DpopConfig::default() });
    let careful = Service::start(&issuer, |settings| settings.dpop = dpop);
    let nonce = holder.me(&careful, &token).await.header("dpop-nonce").to_owned();
    assert!(!nonce.is_empty());
    let signature = |text: &str| text.rsplit('.').next().unwrap().to_owned();
    assert_unlogged(&[&token, &signature(&token), &proof, &signature(&proof), "unmistakable-proof", &nonce]);
}

#[actix_web::test]
async fn no_opaque_token_no_api_key_and_no_password_is_in_the_log() {
    let _log = &*LOG;
    let Ways { endpoint, service, .. } = start();
    endpoint.knows("unmistakable-opaque", json!({ "username": "unmistakable-name" }));
    let key = endpoint.key(json!({}));
    let (user, password) = ("unmistakable-user", "unmistakable-password");
    let good = STANDARD.encode(format!("alice:{}", key.expose()));
    let bad = STANDARD.encode(format!("{user}:{password}"));
    let statuses = [
        service.me_as("unmistakable-opaque").await.status,
        service.me_as("unmistakable-opaque-unknown").await.status,
        service.me("x-api-key", key.expose()).await.status,
        service.me("x-api-key", "unmistakable-key").await.status,
        service.me("authorization", &format!("Basic {good}")).await.status,
        service.me("authorization", &format!("Basic {bad}")).await.status,
        service.me("authorization", &format!("Basic {}", &bad[1..])).await.status,
    ];
    assert_eq!(statuses, [200, 401, 200, 401, 200, 401, 400]);
    endpoint.fail_with(500);
    assert_eq!(service.me_as("unmistakable-opaque-unanswered").await.status, 503);
    let secret = &key.expose()[24..];
    let of_client = STANDARD.encode(format!("notes-api:{CLIENT_SECRET}"));
    assert_unlogged(&["unmistakable", secret, &good, &bad, CLIENT_SECRET, &of_client]);
}

#[actix_web::test]
async fn no_signature_and_no_signing_key_is_in_the_log() {
    let _log = &*LOG;
    let Ways { endpoint, service, .. } = start();
    let key = endpoint.signing_key(json!({}));
    let secret = shared_key(key.expose());
    let url = PublicUrl::new(&Url::parse(&service.url).unwrap()).unwrap();
    let nonce = format!("unmistakable-nonce-{}", now());
    let signer = Signer { key_id: &key.id, key: &secret, created: protocol::time::Timestamp(now()), nonce: &nonce };
    let target = "/me?note=unmistakable-query";
    let signed = signer.sign(&url, &Message { method: "GET", target, fields: &[] }, b"").unwrap();
    let ask = |path: &str, method| {
        send(signed.iter().fold(service.request(method, path), |request, (name, value)| request.header(name, value)))
    };
    let statuses = [
        ask("/me?note=unmistakable-other", Method::GET).await.status,
        ask(target, Method::GET).await.status,
        ask(target, Method::GET).await.status,
    ];
    assert_eq!(statuses, [401, 200, 401]);
    let octets = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret.expose());
    assert_unlogged(&[&signed.signature, &signed.signature[5..], &key.expose()[24..], &octets, "unmistakable-query"]);
    assert_unlogged(&["unmistakable-other"]);
}

#[actix_web::test]
async fn no_certificate_of_a_request_is_in_the_log() {
    let _log = &*LOG;
    let issuer = Issuer::start();
    let service = Service::start(&issuer, |settings| settings.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]);
    let token = issuer.token().claim("cnf", json!({ "x5t#S256": "unmistakable-thumbprint" })).sign();
    let header = ":unmistakableCertificate:";
    let answer = send(service.get("/me").bearer_auth(&token).header("client-cert", header)).await;
    assert_eq!(answer.status, 400);
    assert_unlogged(&[&token, "unmistakable-thumbprint", "unmistakableCertificate"]);
}
