//! The price of being right: every rule about an access token, beside the bare signature check of the same token.
//!
//! `cargo bench -p resource-api`. Compare the two columns of one algorithm within one run; figures of different runs say little.
//! `signature` is the least that anybody can do: the same bytes, the same prepared key, the signature already decoded. `validate`
//! begins with the text of the token and ends when the identity is dropped. The allocations that are counted beside it are the
//! claims as they were written and the texts of the identity (`subject`, `client_id`, `scope`, `acr`); counting them costs a little time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use divan::{AllocProfiler, Bencher, black_box};
use futures_util::FutureExt as _;
use jwt::JwkSet;
use resource_api::testkit::{SigningAlgorithm, TestIssuer, TestKey, now};
use resource_api::{ResourceServer, Routes};
use serde_json::json;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const AUDIENCE: &str = "https://api.example";
const ALGORITHMS: [SigningAlgorithm; 3] = [SigningAlgorithm::RS256, SigningAlgorithm::ES256, SigningAlgorithm::EdDSA];

fn main() {
    divan::main();
}

/// An API that trusts an issuer, a token of it as ours makes them, and the key that signed it.
fn case(algorithm: SigningAlgorithm) -> (ResourceServer, TestKey, String) {
    let (issuer, key) = (TestIssuer::new(), TestKey::new(algorithm));
    issuer.publish(std::slice::from_ref(&key));
    let server = ResourceServer::new(issuer.settings(AUDIENCE), Routes::new()).expect("starts");
    let token = issuer.token().sub("b3f1c2d4e5f60718").client("web-app").scope("notes:read notes:write");
    let token = token.acr("2").auth_time(now()).signed_by(key.clone()).sign();
    (server, key, token)
}

#[divan::bench(args = ALGORITHMS)]
fn signature(bencher: Bencher<'_, '_>, algorithm: SigningAlgorithm) {
    let (_, key, token) = case(algorithm);
    let set = JwkSet::parse(&json!({ "keys": [key.jwk()] }).to_string()).expect("is a key set");
    let public = set.find(Some(key.kid()), algorithm).expect("has the key");
    let (signed, signature) = token.rsplit_once('.').expect("has three parts");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("is base64url");
    bencher.bench_local(|| assert!(public.verifies(black_box(signed.as_bytes()), &signature)));
}

#[divan::bench(args = ALGORITHMS)]
fn validate(bencher: Bencher<'_, '_>, algorithm: SigningAlgorithm) {
    let (server, _, token) = case(algorithm);
    bencher.bench_local(|| {
        let identity = server.validate(black_box(&token)).now_or_never().expect("waits for nobody");
        drop(black_box(identity.expect("is valid")));
    });
}
