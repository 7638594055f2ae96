use actix_web::http::header::{HeaderMap, RETRY_AFTER};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, test};
use jwt::jwks::JwkSet;
use jwt::verify::Expected;
use protocol::secret::TokenHash;
use protocol::time::Seconds;
use serde_json::{Value, json};

use super::*;
use crate::{Caller, ResourceServer, Routes, get, require};

const API: &str = "https://api.example";

async fn greet(caller: Caller) -> String {
    format!("Hello, {} at {}", caller.subject(), caller.client_id().unwrap_or_default())
}

fn server(issuer: &TestIssuer) -> ResourceServer {
    let guard = require("greeting:read").acr(["2"]).max_age(Seconds::minutes(5));
    ResourceServer::new(issuer.settings(API), Routes::new().add(get("/greeting", greet).guard(guard))).unwrap()
}

/// Status, body and headers of the answer to `GET /greeting`.
async fn ask(server: &ResourceServer, token: &str) -> (u16, String, HeaderMap) {
    let app = init_service(App::new().configure(|app| server.configure(app))).await;
    let request = TestRequest::get().uri("/greeting").insert_header(("Authorization", format!("Bearer {token}")));
    let answer = test::call_service(&app, request.to_request()).await;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = test::read_body(answer).await;
    (status, String::from_utf8(body.to_vec()).unwrap(), headers)
}

fn good(issuer: &TestIssuer) -> Token {
    issuer.token().sub("alice").client("web").scope("greeting:read").acr("2").auth_time(now())
}

#[actix_web::test]
async fn a_good_token_is_accepted_and_each_bend_is_refused() {
    let issuer = TestIssuer::new();
    let server = server(&issuer);
    let (status, body, _) = ask(&server, &good(&issuer).sign()).await;
    assert_eq!((status, body.as_str()), (200, "Hello, alice at web"));
    for (sentence, bent) in [
        ("expired", good(&issuer).expired()),
        ("not valid yet", good(&issuer).not_yet_valid()),
        ("another audience", good(&issuer).audience("https://other.example")),
        ("another issuer", good(&issuer).issuer("https://other.example")),
        ("another type", good(&issuer).typ(Some("JWT"))),
        ("another type", good(&issuer).typ(None)),
        ("no key is known", good(&issuer).signed_by(issuer.other_key())),
        ("signature is wrong", good(&issuer).signed_by(issuer.other_key()).header("kid", issuer.key().kid())),
        ("no claim jti", good(&issuer).without("jti")),
        ("bound to a key", good(&issuer).bound_to(&issuer.dpop_key())),
        ("stronger or more recent", good(&issuer).acr("1")),
        ("stronger or more recent", good(&issuer).auth_time(now() - 3600)),
    ] {
        let (status, body, _) = ask(&server, &bent.sign()).await;
        assert_eq!(status, 401, "{body}");
        assert!(body.contains(sentence), "{sentence}: {body}");
    }
    assert_eq!(ask(&server, &good(&issuer).scope("other:read").sign()).await.0, 403);
}

#[actix_web::test]
async fn what_the_issuer_publishes_is_seen_at_once() {
    let issuer = TestIssuer::new();
    let server = server(&issuer);
    let old = good(&issuer);
    issuer.rotate();
    assert_eq!(ask(&server, &old.sign()).await.0, 401);
    assert_eq!(ask(&server, &good(&issuer).sign()).await.0, 200);
    for algorithm in SigningAlgorithm::ALL {
        issuer.publish(&[TestKey::new(*algorithm)]);
        assert_eq!(ask(&server, &good(&issuer).sign()).await.0, 200, "{algorithm:?}");
    }
    assert!(issuer.publish_document("[]").is_err());
    assert_eq!(ask(&server, &good(&issuer).sign()).await.0, 200, "the keys before are still there");
}

#[actix_web::test]
async fn an_issuer_that_vanished_is_503_until_it_is_back() {
    let issuer = TestIssuer::new();
    let server = server(&issuer);
    let _keys = server.keep_fresh();
    issuer.vanish();
    let (status, body, headers) = ask(&server, &good(&issuer).sign()).await;
    assert_eq!((status, headers.get(RETRY_AFTER).unwrap().to_str().unwrap()), (503, "1"), "{body}");
    assert!(server.ready().is_err());
    issuer.rotate();
    assert_eq!(ask(&server, &good(&issuer).sign()).await.0, 200);
    assert!(server.ready().is_ok());
}

#[actix_web::test]
async fn an_api_may_trust_several() {
    let (one, two) = (TestIssuer::new(), TestIssuer::at("https://two.test"));
    let mut settings = one.settings(API);
    settings.issuers.push(two.trusted());
    let server =
        ResourceServer::new(settings, Routes::new().add(get("/greeting", greet).guard(require("a:b")))).unwrap();
    for token in [one.token(), two.token().audience(API)] {
        assert_eq!(ask(&server, &token.scope("a:b").sign()).await.0, 200);
    }
    assert_eq!(ask(&server, &two.token().audience(API).issuer(one.url()).sign()).await.0, 401);
}

/// Header and claims, after the signature was verified with the key of the header.
fn read(proof: &str) -> (Value, Value) {
    use base64::Engine as _;
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(proof.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    let mut jwk = header["jwk"].clone();
    jwk["alg"] = header["alg"].clone();
    let keys = JwkSet::parse(&json!({ "keys": [jwk] }).to_string()).unwrap();
    let expected = Expected { typ: &["dpop+jwt"], algorithms: SigningAlgorithm::ALL };
    let claims = keys.verify(proof, &expected).unwrap();
    assert_eq!(keys.keys()[0].thumbprint(), keys.keys()[0].kid());
    (header, claims)
}

/// RFC 9449 §4.2: the members that a proof must have.
#[actix_web::test]
async fn a_proof_has_what_the_rfc_demands() {
    for algorithm in SigningAlgorithm::ALL {
        let key = DpopKey::with(*algorithm);
        let proof =
            key.proof("GET", "https://api.example/notes?limit=3#top", "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
        let (header, claims) = read(&proof);
        assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!(algorithm.name())));
        for member in ["d", "kid", "use", "alg"] {
            assert!(header["jwk"].get(member).is_none(), "{member}");
        }
        assert_eq!((&claims["htm"], &claims["htu"]), (&json!("GET"), &json!("https://api.example/notes")));
        // The hash of this token stands in the example of RFC 9449 §7.1.
        assert_eq!(claims["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        assert!(claims["iat"].as_i64().unwrap() <= now());
        assert_eq!(jwk_thumbprint(&header["jwk"]), key.thumbprint());
    }
    let key = DpopKey::new();
    let jti = |proof: &str| read(proof).1["jti"].clone();
    assert_ne!(jti(&key.proof("GET", API, "t")), jti(&key.proof("GET", API, "t")));
}

/// RFC 7638 §3: the members of the key alone, in lexicographic order, which is that of `serde_json`'s map.
fn jwk_thumbprint(jwk: &Value) -> String {
    TokenHash::of(jwk.to_string().as_bytes()).as_str().to_owned()
}

#[actix_web::test]
async fn a_proof_can_be_bent() {
    let key = DpopKey::new();
    let bent = key.request("POST", API).nonce("n").claim("iat", 1).without("jti").header("typ", "JWT");
    let (_, claims) = bent.sign().split_once('.').map(|(header, rest)| (header.to_owned(), rest.to_owned())).unwrap();
    assert!(!claims.is_empty());
    let (_, claims) = read(&key.request("POST", API).nonce("n").claim("iat", 1).without("jti").sign());
    assert_eq!(claims, json!({ "htm": "POST", "htu": API, "iat": 1, "nonce": "n" }));
}

#[actix_web::test]
async fn introspection_says_what_it_was_told() {
    let endpoint = FakeIntrospection::start().active("opaque", json!({ "sub": "alice", "scope": "greeting:read" }));
    let ask = |token: &'static str| introspect(endpoint.url().to_owned(), token, Some("secret"));
    let active = json!({ "active": true, "sub": "alice", "scope": "greeting:read" });
    assert_eq!(ask("opaque").await, (200, active.clone()));
    assert_eq!(ask("other").await, (200, json!({ "active": false })));
    // RFC 7662 §2.1: nobody is told anything without proving who they are.
    assert_eq!(introspect(endpoint.url().to_owned(), "opaque", None).await.0, 401);
    endpoint.fail(503);
    assert_eq!(ask("opaque").await.0, 503);
    endpoint.recover();
    endpoint.revoke("opaque");
    assert_eq!(ask("opaque").await, (200, json!({ "active": false })));
    endpoint.activate("opaque", json!({ "sub": "bob" }));
    assert_eq!(ask("opaque").await.1["sub"], "bob");
    let asked = endpoint.asked();
    assert_eq!((asked.len(), asked[0].form["token"].as_str()), (6, "opaque"));
    assert!(asked[0].authorization.as_deref().is_some_and(|header| header.starts_with("Basic ")));
    let gone = endpoint.url().to_owned();
    drop(endpoint);
    for _ in 0..100 {
        if http().get(&gone).send().await.is_err() {
            return;
        }
        actix_web::rt::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the endpoint ends with its value");
}

#[expect(clippy::disallowed_methods, reason = "a client of the test, which asks loopback only")]
fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

async fn introspect(url: String, token: &str, secret: Option<&str>) -> (u16, Value) {
    let request = http().post(url).form(&[("token", token)]);
    let request = match secret {
        Some(secret) => request.basic_auth("api", Some(secret)),
        None => request,
    };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}
