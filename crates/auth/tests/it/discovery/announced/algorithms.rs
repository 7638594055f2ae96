//! What answers are signed and encrypted with, and what clients sign their requests with.
//!
//! That what is encrypted can be read again is shown with the libraries of others in `testkit/tests/it/encryption.rs`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt::jwks::JwkSet;
use jwt::verify::Expected;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};
use testkit::browser::Browser;
use testkit::elsewhere::Reply;
use testkit::requests::text;

use super::{Announced, key, parts};

/// Every `alg` of RFC 7518 §3.1 and its successors.
const JWS: &[&str] = &[
    "none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
    "ES256K", "EdDSA", "Ed25519", "Ed448",
];
const JWE_ALG: &[&str] = &[
    "RSA1_5",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "RSA-OAEP-512",
    "A128KW",
    "A256KW",
    "dir",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A256KW",
    "A128GCMKW",
    "A256GCMKW",
    "PBES2-HS256+A128KW",
];
const JWE_ENC: &[&str] = &["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"];

/// The claims of a token that this server signed with this algorithm.
async fn verified(server: &Announced, jwt: &str, algorithm: &str) -> Value {
    let algorithm = SigningAlgorithm::parse(algorithm).expect("an algorithm of ours");
    let jwks = JwkSet::parse(&Browser::new(&server.app).get("/jwks").await.body).unwrap();
    // Whether the type is right is shown where the kinds of tokens are told apart.
    jwks.verify(jwt, &Expected { typ: &[], algorithms: &[algorithm] }).unwrap()
}

pub(super) async fn id_token_signatures(server: &Announced) {
    let member = "id_token_signing_alg_values_supported";
    for algorithm in server.values(member) {
        let client = server.client(json!({ "id_token_signed_response_alg": algorithm })).await;
        let tokens = server.tokens(&client, &[]).await;
        let id_token = text(&tokens, "id_token");
        assert_eq!(parts(id_token).0["alg"], algorithm);
        match algorithm {
            "none" => assert!(id_token.ends_with('.')),
            signed => assert_eq!(verified(server, id_token, signed).await["aud"], client),
        }
    }
    for algorithm in server.unannounced(member, JWS) {
        assert!(!server.can_be(json!({ "id_token_signed_response_alg": algorithm })).await, "{algorithm}");
    }
}

pub(super) async fn userinfo_signatures(server: &Announced) {
    let member = "userinfo_signing_alg_values_supported";
    for algorithm in server.values(member) {
        let client = server.client(json!({ "userinfo_signed_response_alg": algorithm })).await;
        let tokens = server.tokens(&client, &[]).await;
        let page = server.app.userinfo(text(&tokens, "access_token")).await;
        match algorithm {
            // What is sent without this member: JSON, never an unsigned JWT.
            "none" => {
                assert!(page.header("content-type").starts_with("application/json"));
                assert!(page.json()["sub"].is_string());
            }
            signed => {
                assert_eq!(page.header("content-type"), "application/jwt");
                assert_eq!(verified(server, &page.body, signed).await["aud"], client);
            }
        }
    }
    for algorithm in server.unannounced(member, JWS) {
        assert!(!server.can_be(json!({ "userinfo_signed_response_alg": algorithm })).await, "{algorithm}");
    }
}

/// Keys that a client wants to be written to.
fn encryption_keys() -> Value {
    let keys = [SigningAlgorithm::RS256, SigningAlgorithm::ES256].map(|algorithm| {
        let mut jwk = serde_json::to_value(key(algorithm).jwk()).unwrap();
        jwk["use"] = json!("enc");
        jwk.as_object_mut().unwrap().remove("alg");
        jwk
    });
    json!({ "keys": keys })
}

/// Each `alg` with each `enc`, of ID tokens or of UserInfo.
pub(super) async fn encryption(server: &Announced, alg_member: &str) {
    let what = alg_member.split("_encryption").next().unwrap();
    let enc_member = format!("{what}_encryption_enc_values_supported");
    let wish = |alg: &str, enc: &str| {
        json!({
            format!("{what}_encrypted_response_alg"): alg,
            format!("{what}_encrypted_response_enc"): enc,
            "jwks": encryption_keys(),
        })
    };
    let (algs, encs) = (server.values(alg_member), server.values(&enc_member));
    for alg in &algs {
        for enc in &encs {
            assert!(server.can_be(wish(alg, enc)).await, "{alg} {enc}");
            let tokens = server.tokens(&server.client(wish(alg, enc)).await, &[]).await;
            let jwe = match what {
                "id_token" => text(&tokens, "id_token").to_owned(),
                _ => server.app.userinfo(text(&tokens, "access_token")).await.body,
            };
            let header = jwe.split('.').next().map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
            let header: Value = serde_json::from_slice(&header).unwrap();
            assert_eq!((jwe.split('.').count(), text(&header, "alg"), text(&header, "enc")), (5, *alg, *enc));
        }
    }
    for alg in server.unannounced(alg_member, JWE_ALG) {
        assert!(!server.can_be(wish(alg, encs[0])).await, "{alg}");
    }
    for enc in server.unannounced(&enc_member, JWE_ENC) {
        assert!(!server.can_be(wish(algs[0], enc)).await, "{enc}");
    }
}

/// A request object whose acceptance shows at once: it asks for silence, and nobody is signed in.
fn object(server: &Announced, client: &str, algorithm: &str) -> String {
    let now = server.app.now().0;
    let claims = json!({ "iss": client, "aud": server.app.issuer, "exp": now + 60, "nbf": now, "prompt": "none", "jti": client });
    match SigningAlgorithm::parse(algorithm) {
        Some(known) => key(known).sign(Some("oauth-authz-req+jwt"), &claims).unwrap(),
        None => {
            let header = URL_SAFE_NO_PAD.encode(json!({ "alg": algorithm }).to_string());
            let signature = if algorithm == "none" { "" } else { "AAAA" };
            format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()))
        }
    }
}

fn signing_keys() -> Value {
    let keys: Vec<_> = SigningAlgorithm::ALL.iter().map(|algorithm| json!(key(*algorithm).jwk())).collect();
    json!({ "keys": keys })
}

pub(super) async fn request_objects(server: &Announced) {
    assert!(server.is_on("request_parameter_supported"));
    let member = "request_object_signing_alg_values_supported";
    for algorithm in server.values(member) {
        let wish = json!({ "request_object_signing_alg": algorithm, "jwks": signing_keys() });
        let client = server.client(wish).await;
        let object = object(server, &client, algorithm);
        assert_eq!(server.error(&client, &[("request", &object)]).await, "login_required", "{algorithm}");
    }
    let client = server.client(json!({ "jwks": signing_keys() })).await;
    for algorithm in server.unannounced(member, JWS) {
        let object = object(server, &client, algorithm);
        let error = server.error(&client, &[("request", &object)]).await;
        assert!(["invalid_request_object", "request_not_supported"].contains(&error.as_str()), "{algorithm}: {error}");
        let wish = json!({ "request_object_signing_alg": algorithm, "jwks": signing_keys() });
        assert!(!server.can_be(wish).await, "{algorithm}");
    }
}

pub(super) async fn request_uris(server: &Announced, member: &str) {
    let path = format!("/request/{}", server.id());
    let uri = server.elsewhere.url(&path);
    assert_eq!(server.can_be(json!({ "request_uris": [uri] })).await, server.is_on("request_uri_parameter_supported"));
    let client = server.client(json!({ "request_uris": [uri], "jwks": signing_keys() })).await;
    server.elsewhere.publish(&path, Reply::new(object(server, &client, "RS256")));
    let error = server.error(&client, &[("request_uri", &uri)]).await;
    let other = server.error(&client, &[("request_uri", &server.elsewhere.url("/other"))]).await;
    if server.is_on(member) {
        assert_eq!((error.as_str(), other.as_str()), ("login_required", "invalid_request_uri"));
    } else {
        assert_eq!((error.as_str(), other.as_str()), ("request_uri_not_supported", "request_uri_not_supported"));
        assert_eq!(server.elsewhere.received().iter().filter(|received| received.path == path).count(), 0);
    }
}
