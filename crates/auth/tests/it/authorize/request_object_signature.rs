//! Who may have made a request object (security OA-102 to OA-112): the algorithms, the keys, and the tricks that a header plays.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use jwt::key::SigningKey;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};
use testkit::app::{CLIENT_SECRET, TestApp};
use testkit::browser::Browser;
use testkit::database::engines;
use testkit::elsewhere::{Authority, Elsewhere, Reply};

use super::request_object::{Signer, laid_over, unsigned, with_everything};
use crate::on_each_engine;

/// With a header as given.
fn crafted(key: &SigningKey, header: &Value, claims: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims));
    let pem = key.to_pkcs8_pem();
    let base64: String = pem.expose().lines().filter(|line| !line.starts_with('-')).collect();
    let secret = EncodingKey::from_ec_der(&STANDARD.decode(base64).unwrap());
    format!("{message}.{}", crypto::sign(message.as_bytes(), &secret, Algorithm::ES256).unwrap())
}

#[actix_web::test]
async fn each_algorithm_that_is_announced_is_accepted() {
    on_each_engine(async |app| {
        let signer = Signer::new(app).await;
        let metadata = Browser::new(&signer.app).get("/.well-known/openid-configuration").await.json();
        let announced = metadata["request_object_signing_alg_values_supported"].as_array().unwrap().clone();
        assert_eq!(announced.len(), SigningAlgorithm::ALL.len(), "{announced:?}");
        for algorithm in SigningAlgorithm::ALL {
            assert!(announced.contains(&json!(algorithm)), "{algorithm}");
            let key = SigningKey::generate(*algorithm).unwrap();
            let id = algorithm.name();
            let metadata = json!({ "jwks": { "keys": [key.jwk()] }, "request_object_signing_alg": algorithm });
            signer.app.client(id, &metadata.to_string()).await;
            let object = key.sign(None, &signer.claims(&json!({ "iss": id }))).unwrap();
            let url = signer.app.authorize_url(id, &[("request", &object)]);
            assert_eq!(Browser::new(&signer.app).get(&url).await.answer()["error"], "login_required", "{algorithm}");
            // Registered for another one: what signs is right, and still it is not what was agreed.
            let other = if *algorithm == SigningAlgorithm::ES256 { "RS256" } else { "ES256" };
            let id = format!("{id}-other");
            let metadata = json!({ "jwks": { "keys": [key.jwk()] }, "request_object_signing_alg": other });
            signer.app.client(&id, &metadata.to_string()).await;
            let object = key.sign(None, &signer.claims(&json!({ "iss": id }))).unwrap();
            let url = signer.app.authorize_url(&id, &[("request", &object)]);
            assert_eq!(Browser::new(&signer.app).get(&url).await.answer()["error"], "invalid_request_object");
        }
    })
    .await;
}

#[actix_web::test]
async fn what_is_not_signed_by_the_client_for_this_purpose_is_refused() {
    on_each_engine(async |app| {
        let signer = Signer::new(app).await;
        let claims = signer.claims(&json!({}));
        let body = claims.to_string();
        let other = signer.claims(&json!({ "scope": "openid email" })).to_string();
        let header = |over: Value| laid_over(json!({ "alg": "ES256", "kid": signer.key.kid().as_str() }), &over);
        assert_eq!(
            signer.error(&crafted(&signer.key, &header(json!({})), &body)).await,
            "login_required",
            "the control"
        );
        let stranger = SigningKey::generate(SigningAlgorithm::ES256).unwrap();
        let sound = signer.object(json!({}));
        let (start, signature) = sound.rsplit_once('.').unwrap();
        let hmac = {
            let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#), URL_SAFE_NO_PAD.encode(&body));
            let secret = EncodingKey::from_secret(CLIENT_SECRET.as_bytes());
            format!("{message}.{}", crypto::sign(message.as_bytes(), &secret, Algorithm::HS256).unwrap())
        };
        let mut refused = vec![
            ("another key", stranger.sign(None, &claims).unwrap()),
            ("another key under the name", crafted(&stranger, &header(json!({})), &body)),
            ("the client secret", hmac),
            ("no signature", format!("{start}.")),
            ("half a signature", format!("{start}.{}", &signature[..signature.len() / 2])),
            (
                "other claims",
                format!("{}.{}.{signature}", start.split('.').next().unwrap(), URL_SAFE_NO_PAD.encode(&other)),
            ),
            ("no token", "a.b.c".to_owned()),
            ("no parts", "nothing".to_owned()),
            ("five parts", "a.b.c.d.e".to_owned()),
            ("many dots", ".".repeat(9_000)),
            ("padding", format!("{sound}=")),
            ("JSON", json!({ "payload": "a", "signatures": [] }).to_string()),
            (
                "a member twice",
                crafted(&signer.key, &header(json!({})), &body.replacen('{', r#"{"prompt":"login","#, 1)),
            ),
            ("no object", crafted(&signer.key, &header(json!({})), "[]")),
            ("an unknown kid", crafted(&signer.key, &header(json!({ "kid": "other" })), &body)),
            ("a kid of SQL", crafted(&signer.key, &header(json!({ "kid": "' OR 1=1 --" })), &body)),
            ("a kid of a path", crafted(&signer.key, &header(json!({ "kid": "../../etc/passwd" })), &body)),
            ("a long kid", crafted(&signer.key, &header(json!({ "kid": "k".repeat(129) })), &body)),
            ("crit", crafted(&signer.key, &header(json!({ "crit": ["exp"] })), &body)),
            ("b64", crafted(&signer.key, &header(json!({ "b64": false })), &body)),
            ("alg in lower case", crafted(&signer.key, &header(json!({ "alg": "es256" })), &body)),
            ("alg of another family", crafted(&signer.key, &header(json!({ "alg": "RS256" })), &body)),
            ("no alg", crafted(&signer.key, &header(json!({ "alg": null })), &body)),
        ];
        for typ in ["client-authentication+jwt", "at+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", ""] {
            refused.push(("typ", crafted(&signer.key, &header(json!({ "typ": typ })), &body)));
        }
        for (what, object) in refused {
            let answer = signer.answer(&object).await;
            assert_eq!(answer["error"], "invalid_request_object", "{what}: {answer:?}");
        }
        for typ in ["JWT", "jwt", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt"] {
            let object = crafted(&signer.key, &header(json!({ "typ": typ })), &body);
            assert_eq!(signer.error(&object).await, "login_required", "{typ}");
        }
    })
    .await;
}

#[actix_web::test]
async fn keys_that_a_header_brings_along_are_not_looked_at() {
    let (authority, stranger) = (Authority::new(), SigningKey::generate(SigningAlgorithm::ES256).unwrap());
    let elsewhere = Elsewhere::start(&authority);
    let keys = json!({ "keys": [stranger.jwk()] });
    elsewhere.publish("/jwks", Reply::new(keys.to_string()));
    for database in engines() {
        let app = with_everything(database, &authority, &elsewhere).await;
        let signer = Signer::new(app).await;
        let body = signer.claims(&json!({})).to_string();
        for kid in [stranger.kid().as_str(), signer.key.kid().as_str()] {
            for trick in [
                json!({ "jwk": stranger.jwk() }),
                json!({ "jku": elsewhere.url("/jwks") }),
                json!({ "x5u": elsewhere.url("/jwks") }),
                json!({ "x5c": ["AAAA"] }),
            ] {
                let header = laid_over(json!({ "alg": "ES256", "kid": kid }), &trick);
                let answer = signer.answer(&crafted(&stranger, &header, &body)).await;
                assert_eq!(answer["error"], "invalid_request_object", "{trick}");
            }
        }
        assert_eq!(elsewhere.count(), 0, "nobody was asked");
    }
}

#[actix_web::test]
async fn an_unsigned_object_is_read_only_where_it_was_agreed() {
    let authority = Authority::new();
    let elsewhere = Elsewhere::start(&authority);
    let sent = async |app: &TestApp, id: &str| {
        let object = unsigned(&json!({ "prompt": "none", "state": "inside" }));
        Browser::new(app).get(&app.authorize_url(id, &[("request", &object)])).await.answer()
    };
    for database in engines() {
        let app = with_everything(database, &authority, &elsewhere).await;
        app.client("unsigned", r#"{"request_object_signing_alg": "none"}"#).await;
        let answer = sent(&app, "unsigned").await;
        assert_eq!((answer["error"].as_str(), answer["state"].as_str()), ("login_required", "inside"));
        assert_eq!(sent(&app, "public").await["error"], "request_not_supported");
        let signer = Signer::new(app).await;
        assert_eq!(signer.error(&unsigned(&signer.claims(&json!({})))).await, "request_not_supported");
        // Whoever agreed on none sends none.
        let metadata = json!({ "request_object_signing_alg": "none", "jwks": { "keys": [signer.key.jwk()] } });
        signer.app.client("both", &metadata.to_string()).await;
        let object = signer.object(json!({ "iss": "both" }));
        let url = signer.app.authorize_url("both", &[("request", &object)]);
        assert_eq!(Browser::new(&signer.app).get(&url).await.answer()["error"], "invalid_request_object");
    }
    on_each_engine(async |app| {
        app.client("unsigned", r#"{"request_object_signing_alg": "none"}"#).await;
        assert_eq!(sent(&app, "unsigned").await["error"], "request_not_supported", "the installation has it off");
    })
    .await;
}
