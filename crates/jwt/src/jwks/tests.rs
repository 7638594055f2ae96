//! Key sets of others, good and bad, and our own.

use super::*;
use crate::samples::key;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn ed(kid: &str) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": X, "kid": kid })
}

fn parse(keys: &[Value]) -> Result<JwkSet, JwksError> {
    JwkSet::parse(&json!({ "keys": keys }).to_string())
}

fn reason(key: Value) -> KeyRefused {
    let set = parse(&[ed("good"), key]).expect("is a key set");
    assert_eq!((set.keys().len(), set.ignored().len(), set.ignored()[0].position), (1, 1, 1));
    set.ignored()[0].reason
}

#[test]
fn our_own_set_reads_back() {
    let ours = SigningAlgorithm::ALL.iter().map(|alg| key(*alg));
    let set = JwkSet::of(ours.map(|key| (key.jwk().clone(), key.verifying_key().clone())));
    let read = JwkSet::parse(&set.print()).expect("printed by us");
    assert_eq!(read.keys(), set.keys());
    for alg in SigningAlgorithm::ALL {
        let (kid, token) = (key(*alg).kid().as_str(), key(*alg).sign(None, &json!({"a": 1})).expect("signs"));
        assert_eq!(read.find(Some(kid), *alg).expect("is there").kid(), kid);
        assert_eq!(read.verify(&token, &Expected { typ: &[], algorithms: &[*alg] }), Ok(json!({"a": 1})));
    }
}

#[test]
fn what_we_publish_is_public_named_and_bound_to_one_algorithm() {
    for alg in SigningAlgorithm::ALL {
        let Value::Object(jwk) = serde_json::to_value(key(*alg).jwk()).expect("is JSON") else { panic!("an object") };
        let mut members: Vec<&str> = jwk.keys().map(String::as_str).collect();
        members.sort_unstable();
        let expected: &[&str] = match alg {
            SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => &["alg", "e", "kid", "kty", "n", "use"],
            SigningAlgorithm::ES256 | SigningAlgorithm::ES384 => &["alg", "crv", "kid", "kty", "use", "x", "y"],
            SigningAlgorithm::EdDSA => &["alg", "crv", "kid", "kty", "use", "x"],
        };
        assert_eq!(members, expected);
        assert_eq!((jwk["alg"].as_str(), jwk["use"].as_str()), (Some(alg.name()), Some("sig")));
        assert_eq!(jwk["kid"], key(*alg).jwk().thumbprint());
    }
}

#[test]
fn a_set_with_a_secret_in_it_is_refused_as_a_whole() {
    for member in PRIVATE_MEMBERS {
        let mut leaky = ed("a");
        leaky[*member] = json!("AAAA");
        assert_eq!(parse(&[ed("b"), leaky]).expect_err("leaks"), JwksError::PrivateKey { position: 1 }, "{member}");
    }
    assert_eq!(parse(&[json!({"kty":"oct","k":"AAAA"})]).expect_err("leaks"), JwksError::PrivateKey { position: 0 });
}

#[test]
fn keys_that_cannot_serve_are_left_out_with_a_reason() {
    let with = |member: &str, value: Value| {
        let mut key = ed("a");
        key[member] = value;
        key
    };
    assert_eq!(reason(json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA" })), KeyRefused::WrongType);
    assert_eq!(reason(json!({ "kty": "AKP" })), KeyRefused::WrongType);
    assert_eq!(reason(json!({})), KeyRefused::WrongType);
    assert_eq!(reason(json!({ "kty": "EC", "crv": "secp256k1", "x": X, "y": X })), KeyRefused::WrongType);
    assert_eq!(reason(json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" })), KeyRefused::RsaSize { bits: 17 });
    assert_eq!(reason(with("alg", json!("ES256"))), KeyRefused::WrongType);
    assert_eq!(reason(with("alg", json!("HS256"))), KeyRefused::WrongType);
    assert_eq!(reason(with("alg", json!(1))), KeyRefused::WrongType);
    assert_eq!(reason(with("use", json!("enc"))), KeyRefused::WrongType, "Ed25519 signs only");
    assert_eq!(reason(with("use", json!("tls"))), KeyRefused::WrongUse);
    assert_eq!(
        reason(json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "use": "enc" })),
        KeyRefused::RsaSize { bits: 17 }
    );
    assert_eq!(reason(json!({ "kty": "EC", "crv": "P-521", "x": X, "y": X, "use": "sig" })), KeyRefused::WrongType);
    assert_eq!(reason(json!({ "kty": "OKP", "crv": "X25519", "x": X, "use": "sig" })), KeyRefused::WrongType);
    assert_eq!(reason(json!({ "kty": "EC", "crv": "P-256", "x": X, "y": X, "alg": "ECDH-ES" })), KeyRefused::Point);
    assert_eq!(reason(with("key_ops", json!(["sign"]))), KeyRefused::WrongUse);
    assert_eq!(reason(with("kid", json!("k".repeat(129)))), KeyRefused::KeyId);
    assert_eq!(reason(with("x", json!("AAAA"))), KeyRefused::Encoding);
}

fn rsa() -> Value {
    json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode([0xc1; 256]), "e": "AQAB" })
}

fn with(mut key: Value, members: Value) -> Value {
    let Value::Object(members) = members else { panic!("an object") };
    key.as_object_mut().expect("an object").extend(members);
    key
}

fn encryption_kid(keys: &[Value], algorithm: KeyManagementAlgorithm) -> Option<String> {
    let set = parse(keys).expect("is a key set");
    assert!(set.ignored().is_empty(), "{:?}", set.ignored());
    set.encryption_key(algorithm).map(|key| key.kid().expect("has one").to_owned())
}

#[test]
fn a_key_that_does_not_say_what_it_is_for_verifies_and_encrypts() {
    let set = parse(&[with(rsa(), json!({ "kid": "a" }))]).expect("is a key set");
    assert!(set.find(Some("a"), SigningAlgorithm::RS256).is_some());
    assert_eq!(set.encryption_key(KeyManagementAlgorithm::RsaOaep256).expect("is one").kid(), Some("a"));
    assert!(set.encryption_key(KeyManagementAlgorithm::EcdhEs).is_none());
    assert_eq!(set.keys().len(), 1);
}

#[test]
fn a_key_for_encryption_verifies_nothing_and_a_key_for_signatures_encrypts_nothing() {
    let algorithm = KeyManagementAlgorithm::RsaOaep256;
    for members in [json!({ "use": "enc" }), json!({ "alg": "RSA-OAEP-256" })] {
        let set = parse(&[with(rsa(), members)]).expect("is a key set");
        assert!(set.is_empty() && set.encryption_key(algorithm).is_some());
    }
    for members in [json!({ "use": "sig" }), json!({ "alg": "RS256" }), json!({ "key_ops": ["verify"] })] {
        let set = parse(&[with(rsa(), members)]).expect("is a key set");
        assert!(!set.is_empty() && set.encryption_key(algorithm).is_none());
    }
}

#[test]
fn the_first_key_for_encryption_is_preferred_to_one_for_everything() {
    let any = with(rsa(), json!({ "kid": "any" }));
    let first = with(rsa(), json!({ "kid": "first", "use": "enc" }));
    let second = with(rsa(), json!({ "kid": "second", "alg": "RSA-OAEP-256" }));
    let x25519 = json!({
        "kty": "OKP", "crv": "X25519", "kid": "x", "x": "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08",
    });
    let keys = [any, x25519, first, second];
    assert_eq!(encryption_kid(&keys, KeyManagementAlgorithm::RsaOaep256).as_deref(), Some("first"));
    assert_eq!(encryption_kid(&keys, KeyManagementAlgorithm::EcdhEs).as_deref(), Some("x"));
    assert_eq!(encryption_kid(&keys[..2], KeyManagementAlgorithm::RsaOaep256).as_deref(), Some("any"));
}

/// Whoever names a client makes its keys needed, and most of them only to verify.
#[test]
fn keys_to_encrypt_to_are_prepared_when_they_are_needed() {
    let x25519 = |kid: &str, x: String| json!({ "kty": "OKP", "crv": "X25519", "use": "enc", "kid": kid, "x": x });
    let small_order = x25519("small", URL_SAFE_NO_PAD.encode([0; 32]));
    let sound = x25519("sound", "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08".to_owned());
    let set = parse(&[rsa(), small_order, sound]).expect("is a key set");
    let prepared = || set.encryption.iter().map(|key| key.is_prepared()).collect::<Vec<_>>();
    assert_eq!(prepared(), [false; 3]);
    assert_eq!(set.encryption_key(KeyManagementAlgorithm::EcdhEs).expect("is one").kid(), Some("sound"));
    assert_eq!(prepared(), [false, true, true]);
    assert_eq!(set.ignored(), [IgnoredKey { position: 1, reason: KeyRefused::Point }]);
}

#[test]
fn the_curve_of_a_key_without_algorithm_tells_it() {
    for algorithm in [SigningAlgorithm::ES256, SigningAlgorithm::ES384, SigningAlgorithm::EdDSA] {
        let mut jwk = serde_json::to_value(key(algorithm).jwk()).expect("is JSON");
        jwk.as_object_mut().expect("an object").remove("alg");
        let set = parse(&[jwk]).expect("is a key set");
        for other in SigningAlgorithm::ALL {
            assert_eq!(set.find(None, *other).is_some(), *other == algorithm, "{other} of {algorithm}");
        }
    }
}

#[test]
fn documents_that_are_no_key_set_are_refused() {
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#, r#"{"keys":[]}x"#] {
        assert_eq!(JwkSet::parse(text).expect_err("is none"), JwksError::NotAKeySet, "{text}");
    }
    assert_eq!(JwkSet::parse(r#"{"keys":[{"kty":"OKP","kty":"EC"}]}"#).expect_err("is none"), JwksError::NotAKeySet);
    assert!(JwkSet::parse(r#"{"keys":[]}"#).expect("is one").is_empty());
}

#[test]
fn size_and_number_are_bounded() {
    let many = |count: usize| (0..count).map(|number| ed(&format!("k{number}"))).collect::<Vec<_>>();
    assert_eq!(parse(&many(100)).expect("is a key set").keys().len(), 100);
    assert_eq!(parse(&many(101)).expect_err("too many"), JwksError::TooManyKeys);
    assert_eq!(JwkSet::parse(&" ".repeat(MAX_BYTES + 1)).expect_err("too long"), JwksError::TooLong);
}

#[test]
fn key_ids_are_unique_per_algorithm() {
    assert_eq!(parse(&[ed("a"), ed("a")]).expect_err("ambiguous"), JwksError::RepeatedKey { position: 1 });
    let set = parse(&[ed("a"), with(rsa(), json!({ "kid": "a" }))]);
    let set = set.expect("is a key set");
    for algorithm in [SigningAlgorithm::EdDSA, SigningAlgorithm::RS256, SigningAlgorithm::PS256] {
        assert_eq!(set.find(Some("a"), algorithm).expect("is there").algorithm(), algorithm);
    }
}

#[test]
fn a_key_without_a_name_is_found_by_its_thumbprint_or_alone() {
    let nameless = json!({ "kty": "OKP", "crv": "Ed25519", "x": X });
    let set = parse(std::slice::from_ref(&nameless)).expect("is a key set");
    assert!(set.find(Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"), SigningAlgorithm::EdDSA).is_some());
    assert!(set.find(None, SigningAlgorithm::EdDSA).is_some());
    assert!(set.find(Some("other"), SigningAlgorithm::EdDSA).is_none());
    let two = parse(&[nameless, ed("b")]).expect("is a key set");
    assert!(two.find(None, SigningAlgorithm::EdDSA).is_none(), "nobody guesses");
    assert!(two.find(None, SigningAlgorithm::ES256).is_none());
}

#[test]
fn an_rsa_key_without_algorithm_serves_both_of_its_type() {
    let mut jwk = serde_json::to_value(key(SigningAlgorithm::PS256).jwk()).expect("is JSON");
    jwk.as_object_mut().expect("an object").remove("alg");
    let set = parse(&[jwk]).expect("is a key set");
    let token = key(SigningAlgorithm::PS256).sign(None, &json!({})).expect("signs");
    assert!(set.verify::<Value>(&token, &Expected { typ: &[], algorithms: SigningAlgorithm::ALL }).is_ok());
    assert!(set.find(Some(key(SigningAlgorithm::PS256).kid().as_str()), SigningAlgorithm::RS256).is_some());
    assert_eq!(set.keys()[0].algorithm(), None);
}
