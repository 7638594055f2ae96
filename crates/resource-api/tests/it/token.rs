//! What stands before every protected route: the credential and the token. Each rule has its own refusal.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::signing::SigningAlgorithm;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{TestApi, send};
use crate::issuer::{AUDIENCE, Issuer, forged, key, now};

#[actix_web::test]
async fn every_algorithm_that_the_issuer_may_use_is_accepted() {
    let issuer = Issuer::start();
    let keys: Vec<_> = SigningAlgorithm::ALL.iter().map(|algorithm| key(*algorithm)).collect();
    issuer.state.keys.lock().unwrap().clone_from(&keys);
    let api = TestApi::start(&issuer).await;
    for key in keys {
        let name = key.algorithm().name();
        let answer = api.get("/me", &issuer.token().signed_by(key).sign()).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }
}

#[actix_web::test]
async fn both_spellings_of_the_type_are_accepted_and_no_other() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    for typ in ["at+jwt", "application/at+jwt", "AT+JWT"] {
        assert_eq!(api.get("/me", &issuer.token().typ(Some(typ)).sign()).await.status, 200, "{typ}");
    }
    for typ in [None, Some("JWT"), Some("logout+jwt"), Some("dpop+jwt"), Some("application/jwt"), Some("")] {
        api.get("/me", &issuer.token().typ(typ).sign()).await.assert_invalid_token("another type");
    }
}

#[actix_web::test]
async fn a_token_of_another_issuer_is_refused_without_asking_anybody() {
    let issuer = Issuer::start();
    let stranger = Issuer::start();
    let api = TestApi::start(&issuer).await;
    assert_eq!(api.get("/me", &issuer.token().sign()).await.status, 200);
    api.get("/me", &stranger.token().sign()).await.assert_invalid_token("another issuer");
    let slash = format!("{}/", issuer.url);
    api.get("/me", &issuer.token().claim("iss", slash).sign()).await.assert_invalid_token("another issuer");
    assert_eq!((stranger.discovery_count(), issuer.jwks_count()), (0, 1));
}

#[actix_web::test]
async fn a_token_for_another_audience_is_refused() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    for aud in [json!("https://other.example"), json!(["https://other.example", issuer.url]), json!([]), json!("")] {
        api.get("/me", &issuer.token().claim("aud", aud).sign()).await.assert_invalid_token("another audience");
    }
    let both = issuer.token().claim("aud", json!([issuer.url, AUDIENCE])).sign();
    assert_eq!(api.get("/me", &both).await.status, 200);
}

#[actix_web::test]
async fn each_required_claim_is_required() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    for claim in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"] {
        let answer = api.get("/me", &issuer.token().without(claim).sign()).await;
        answer.assert_invalid_token(&format!("no claim {claim}"));
        let answer = api.get("/me", &issuer.token().claim(claim, Value::Null).sign()).await;
        answer.assert_invalid_token(&format!("no claim {claim}"));
    }
}

#[actix_web::test]
async fn claims_of_a_wrong_form_are_refused() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let bad = [
        ("exp", json!("tomorrow")),
        ("exp", json!(1e300)),
        ("exp", json!(-1)),
        ("aud", json!({ "a": 1 })),
        ("sub", json!(7)),
        ("sub", json!("")),
        ("sub", json!("al\u{0}ice")),
        ("sub", json!("a".repeat(256))),
        ("scope", json!(["notes:read"])),
        ("scope", json!("notes:read\nnotes:write")),
        ("client_id", json!("a\u{7}b")),
        ("client_id", json!("a".repeat(256))),
        ("client_id", json!(7)),
        ("jti", json!("\u{0}")),
    ];
    for (name, value) in bad {
        let answer = api.get("/me", &issuer.token().claim(name, value.clone()).sign()).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (401, Some("invalid_token")), "{name} {value}");
    }
}

#[actix_web::test]
async fn times_have_thirty_seconds_of_leeway() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let get = |token: String| {
        let api = &api;
        async move { api.get("/me", &token).await }
    };
    assert_eq!(get(issuer.token().claim("exp", now() - 20).sign()).await.status, 200);
    get(issuer.token().claim("exp", now() - 31).sign()).await.assert_invalid_token("expired");
    assert_eq!(get(issuer.token().claim("nbf", now() + 20).sign()).await.status, 200);
    get(issuer.token().claim("nbf", now() + 40).sign()).await.assert_invalid_token("not valid yet");
    assert_eq!(get(issuer.token().claim("iat", now() + 20).sign()).await.status, 200);
    get(issuer.token().claim("iat", now() + 40).sign()).await.assert_invalid_token("issued in the future");
}

/// RFC 7519 §2: a NumericDate may have a fraction, and JSON has several spellings of a number.
#[actix_web::test]
async fn times_may_have_fractions() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    #[expect(clippy::cast_precision_loss, reason = "a time of today")]
    let now = now() as f64;
    for (claim, time) in [("exp", now + 300.75), ("exp", now + 300.0), ("iat", now - 0.5), ("nbf", now - 0.5)] {
        assert_eq!(api.get("/me", &issuer.token().claim(claim, time).sign()).await.status, 200, "{claim} {time}");
    }
    api.get("/me", &issuer.token().claim("exp", now - 40.5).sign()).await.assert_invalid_token("expired");
    api.get("/me", &issuer.token().claim("nbf", Value::Null).sign()).await.assert_invalid_token("claims");
}

#[actix_web::test]
async fn an_id_token_is_no_access_token() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let as_issued = issuer.token().typ(Some("JWT")).claim("aud", "web-app").claim("nonce", "n").without("scope").sign();
    api.get("/me", &as_issued).await.assert_invalid_token("another type");
    api.get("/me", &issuer.token().claim("nonce", "n").sign()).await.assert_invalid_token("ID token");
    api.get("/me", &issuer.token().claim("at_hash", "h").sign()).await.assert_invalid_token("ID token");
}

#[actix_web::test]
async fn a_key_bound_token_is_no_bearer_token() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let bound = issuer.token().claim("cnf", json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" })).sign();
    api.get("/me", &bound).await.assert_invalid_token("bound to a key");
}

#[actix_web::test]
async fn a_wrong_signature_is_refused() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let good = issuer.token().sign();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other = issuer.token().claim("sub", "mallory").sign();
    let (changed, _) = other.rsplit_once('.').unwrap();
    api.get("/me", &format!("{changed}.{signature}")).await.assert_invalid_token("signature is wrong");
    api.get("/me", &format!("{signed}.AAAA")).await.assert_invalid_token("signature is wrong");
    // Same kid, another key.
    let thief = issuer.token().signed_by(key(SigningAlgorithm::ES256)).sign();
    let (_, body) = thief.split_once('.').unwrap();
    let (header, _) = good.split_once('.').unwrap();
    api.get("/me", &format!("{header}.{body}")).await.assert_invalid_token("signature is wrong");
}

#[actix_web::test]
async fn tricks_with_the_header_are_refused() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let with = |change: Value| forged(change, &issuer);
    for alg in ["none", "None", "HS256", "HS512", "es256", "RS512", "ES512", ""] {
        api.get("/me", &with(json!({ "alg": alg }))).await.assert_invalid_token("algorithm");
    }
    // The key is for ES256 only, whatever the header says.
    for alg in ["RS256", "PS256", "ES384", "EdDSA"] {
        api.get("/me", &with(json!({ "alg": alg }))).await.assert_invalid_token("no key is known");
    }
    api.get("/me", &with(json!({ "crit": ["exp"], "exp": 1 }))).await.assert_invalid_token("extension");
    api.get("/me", &with(json!({ "b64": false, "crit": ["b64"] }))).await.assert_invalid_token("extension");
    for kid in ["../../etc/passwd", "' OR 1=1 --", "", "\u{0}"] {
        api.get("/me", &with(json!({ "kid": kid }))).await.assert_invalid_token("no key is known");
    }
    api.get("/me", &with(json!({ "kid": "k".repeat(129) }))).await.assert_invalid_token("header");
    assert_eq!(issuer.jwks_count(), 2, "all unknown keys together caused one fetch");
}

#[actix_web::test]
async fn a_key_in_the_token_or_at_an_address_in_it_is_never_used() {
    let issuer = Issuer::start();
    let attacker = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let jwk = serde_json::to_value(attacker.key().jwk()).unwrap();
    for (member, value) in [
        ("jwk", jwk),
        ("jku", json!(format!("{}/jwks", attacker.url))),
        ("x5u", json!(format!("{}/jwks", attacker.url))),
        ("x5c", json!(["MIIB"])),
    ] {
        let token = forged(json!({ "kid": attacker.key().kid(), member: value }), &issuer);
        api.get("/me", &token).await.assert_invalid_token("no key is known");
    }
    assert_eq!((attacker.jwks_count(), attacker.discovery_count()), (0, 0));
}

#[actix_web::test]
async fn without_kid_the_choice_must_be_unambiguous() {
    let issuer = Issuer::start();
    let two = [key(SigningAlgorithm::ES256), key(SigningAlgorithm::ES256)];
    issuer.state.keys.lock().unwrap().extend(two);
    let api = TestApi::start(&issuer).await;
    let token = forged(json!({ "kid": null }), &issuer);
    api.get("/me", &token).await.assert_invalid_token("no key is known");
    assert_eq!(issuer.jwks_count(), 1, "no name, nothing to look for");
}

#[actix_web::test]
async fn what_is_no_token_is_refused() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let good = issuer.token().sign();
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","alg":"none","typ":"at+jwt"}"#);
    let cases = [
        "opaque".to_owned(),
        "..".to_owned(),
        "a.b".to_owned(),
        format!("{good}.x"),
        format!("{good}="),
        good.replacen('.', "..", 1),
        "a.b.c.d.e".to_owned(),
        format!("{header}.e30.AAAA"),
        ".".repeat(5000),
    ];
    for token in cases {
        let answer = api.get("/me", &token).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (401, Some("invalid_token")), "{token}");
    }
}

#[actix_web::test]
async fn an_oversized_token_is_refused_before_it_is_decoded() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let fat = issuer.token().claim("padding", "p".repeat(7000)).sign();
    assert!(fat.len() > 8 * 1024);
    api.get("/me", &fat).await.assert_invalid_token("longer than 8 KiB");
    assert_eq!(api.get("/me", &issuer.token().claim("padding", "p".repeat(4000)).sign()).await.status, 200);
}

#[actix_web::test]
async fn two_credentials_are_one_too_many() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let token = issuer.token().sign();
    let twice = api.request(Method::GET, "/me").bearer_auth(&token).bearer_auth(&token);
    let in_url = api.request(Method::GET, &format!("/me?access_token={token}")).bearer_auth(&token);
    let mixed = api.request(Method::GET, "/me").basic_auth("a", Some("b")).bearer_auth(&token);
    for request in [twice, in_url, mixed] {
        let answer = send(request).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("invalid_request")), "{answer:?}");
        assert!(answer.challenge().contains("error=\"invalid_request\""));
    }
}

#[actix_web::test]
async fn a_token_in_url_form_or_cookie_is_not_read() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    let token = issuer.token().sign();
    let in_url = api.request(Method::GET, &format!("/me?access_token={token}"));
    let in_form = api.request(Method::POST, "/notes").form(&[("access_token", &token)]);
    let in_cookie = api.request(Method::GET, "/me").header("cookie", format!("access_token={token}"));
    for request in [in_url, in_form, in_cookie] {
        let answer = send(request).await;
        assert_eq!(answer.status, 401);
        assert!(!answer.challenge().contains("error"), "{}", answer.challenge());
        assert!(!answer.text.contains(&token));
    }
}

#[actix_web::test]
async fn another_scheme_gets_a_bare_challenge_and_a_malformed_header_is_named() {
    let issuer = Issuer::start();
    let api = TestApi::start(&issuer).await;
    for header in ["Basic YWxpY2U6cHc=", "DPoP abc.def.ghi", "Negotiate"] {
        let answer = send(api.request(Method::GET, "/me").header("authorization", header)).await;
        assert_eq!((answer.status, answer.challenge()), (401, api.bare_challenge("").as_str()), "{header}");
    }
    for header in ["Bearer", "Bearer a b", "Bearer a,b", "Bearer \"a\""] {
        let answer = send(api.request(Method::GET, "/me").header("authorization", header)).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("invalid_request")), "{header}");
    }
}
