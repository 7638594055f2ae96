//! Key sets as issuers should not publish them (RFC 7517, RFC 8725 §3.4 and §3.5), and tokens that their keys would let in.

use aws_lc_rs::digest::{SHA256, digest};
use protocol::signing::SigningAlgorithm;
use resource_api::testkit::TestKey;
use serde_json::{Value, json};

use super::corpus::Verdict::{Accept, Refuse};
use super::corpus::{Corpus, decode, encode, header, join, message, sign};

/// A key of 1024 bits and a token of it that expires in the year 2100, made with another program.
const SHORT_MODULUS: &str = "1aTCJUOXRki6tHdDomM3YgkV35Qv0oOHqKPFuS1gQRia3SNZMk053LcaD6glWRGRiUeyJnSLnQ92Qjbt8_YQPUG_0IMXk5DvcDJkEt-RNha2cUGvmL097wO0_bbF554QUWm-PkS1mdnbnaVFyQrncRBlaRm-hBnld3q0KaQ5EV0";
const SHORT_TOKEN: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6InNob3J0In0.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0Iiwic3ViIjoiYWxpY2UiLCJhdWQiOiJodHRwczovL2FwaS5leGFtcGxlIiwiZXhwIjo0MTAyNDQ0ODAwLCJpYXQiOjE3MDAwMDAwMDAsImp0aSI6InQiLCJjbGllbnRfaWQiOiJhcHAiLCJzY29wZSI6Im5vdGVzOnJlYWQifQ.WkuGMp-_xY4QyGnQeFb2wv7Tf-9wo2Q-uNnQRxDYdUG6xB7L1Y5n6yURWK049n79L2tBAzGGKGDEgvBLemJq5LMbDBHEnfBA6aA1EaLyZn8O9I601HrA9B1AQzltf2WV5MsQyIbK48VIYoGREf-PY-srZy_5OjcsBPvycpNqaD4";

pub(super) fn add(corpus: &mut Corpus) {
    what_is_not_said(corpus);
    what_is_said_wrongly(corpus);
    choices(corpus);
    weak(corpus);
    secret(corpus);
}

fn without(mut jwk: Value, members: &[&str]) -> Value {
    for member in members {
        jwk.as_object_mut().expect("an object").remove(*member);
    }
    jwk
}

fn with(mut jwk: Value, member: &str, value: Value) -> Value {
    jwk[member] = value;
    jwk
}

/// `alg`, `use` and `kid` are optional (RFC 7517 §4).
fn what_is_not_said(corpus: &mut Corpus) {
    let bare: Vec<_> =
        SigningAlgorithm::ALL.iter().map(|alg| without(corpus.key(*alg).jwk(), &["alg", "use"])).collect();
    corpus.publish("without alg and use", bare);
    for algorithm in SigningAlgorithm::ALL {
        let token = corpus.signed_by(&corpus.key(*algorithm));
        corpus.add(
            &format!("key set: {algorithm} and a key without alg and use"),
            "without alg and use",
            token,
            Accept,
        );
    }
    let key = corpus.es256();
    corpus.publish("one without kid", vec![without(key.jwk(), &["kid"])]);
    corpus.add("key set: neither key nor token has a kid", "one without kid", corpus.without_header("kid"), Accept);
    corpus.publish("none", vec![]);
    corpus.add("key set: no key", "none", corpus.token(), Refuse);
}

fn what_is_said_wrongly(corpus: &mut Corpus) {
    let (key, rsa) = (corpus.es256(), corpus.key(SigningAlgorithm::RS256));
    corpus.publish("for encryption", vec![with(key.jwk(), "use", json!("enc"))]);
    corpus.add("key set: a key for encryption", "for encryption", corpus.token(), Refuse);
    corpus.publish("to sign", vec![with(without(key.jwk(), &["use"]), "key_ops", json!(["sign"]))]);
    corpus.add("key set: a key to sign with", "to sign", corpus.token(), Refuse);
    corpus.publish("to verify", vec![with(without(key.jwk(), &["use"]), "key_ops", json!(["verify"]))]);
    corpus.add("key set: a key to verify with", "to verify", corpus.token(), Accept);
    corpus.publish("other alg", vec![with(key.jwk(), "alg", json!("RS256"))]);
    corpus.add("key set: a P-256 key for RS256", "other alg", corpus.token(), Refuse);
    corpus.publish("other family", vec![with(rsa.jwk(), "alg", json!("RS512"))]);
    corpus.add("key set: an RSA key for RS512", "other family", corpus.signed_by(&rsa), Refuse);
    corpus.publish("other curve", vec![with(key.jwk(), "crv", json!("P-384"))]);
    corpus.add("key set: a P-256 key that says P-384", "other curve", corpus.token(), Refuse);
    let (x, y) = (key.jwk()["x"].clone(), key.jwk()["y"].clone());
    corpus.publish("off the curve", vec![with(with(key.jwk(), "x", y), "y", x)]);
    corpus.add("key set: a point that is not on the curve", "off the curve", corpus.token(), Refuse);
    let unknown = json!({ "kty": "AKP", "alg": "ML-DSA-44", "kid": "future", "pub": "AAAA" });
    corpus.publish("a kind that nobody knows", vec![unknown, key.jwk()]);
    corpus.add(
        "key set: a key of a kind that nobody knows, beside",
        "a kind that nobody knows",
        corpus.token(),
        Accept,
    );
}

fn choices(corpus: &mut Corpus) {
    let (key, second) = (corpus.es256(), TestKey::new(SigningAlgorithm::ES256));
    corpus.publish("two", vec![second.jwk(), key.jwk()]);
    corpus.add("key set: two keys, and the token names its own", "two", corpus.token(), Accept);
    corpus.add("key set: two keys, and the token names none", "two", corpus.without_header("kid"), Refuse);
    corpus.add(
        "key set: two keys, and the token names the other",
        "two",
        corpus.with_header("kid", second.kid()),
        Refuse,
    );
    let rsa = with(corpus.key(SigningAlgorithm::RS256).jwk(), "kid", json!(key.kid()));
    corpus.publish("one name for two", vec![rsa, key.jwk()]);
    corpus.add("key set: two keys of two kinds under one name", "one name for two", corpus.token(), Accept);
}

fn weak(corpus: &mut Corpus) {
    let short = json!({ "kty": "RSA", "kid": "short", "use": "sig", "alg": "RS256", "n": SHORT_MODULUS, "e": "AQAB" });
    corpus.publish("1024 bits", vec![short]);
    corpus.add("key set: an RSA key of 1024 bits", "1024 bits", SHORT_TOKEN.to_owned(), Refuse);

    // With the exponent one a signature is its own padded hash: everybody can make it (RFC 8017 §9.2).
    let rsa = with(corpus.key(SigningAlgorithm::RS256).jwk(), "e", json!("AQ"));
    corpus.publish("exponent one", vec![rsa.clone()]);
    let text = header(&corpus.key(SigningAlgorithm::RS256)).to_string();
    let message = message(text, corpus.claims().to_string());
    let modulus = decode(rsa["n"].as_str().expect("an RSA key")).len();
    let token = join(&message, &padded_hash(&message, modulus));
    corpus.add("key set: an RSA key with the exponent one", "exponent one", token, Refuse);

    // The neutral point as key verifies R = neutral and s = 0 for every message.
    let neutral = [&[1][..], &[0; 31]].concat();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "neutral", "alg": "EdDSA", "x": encode(&neutral) });
    corpus.publish("small order", vec![jwk]);
    let text = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "neutral" }).to_string();
    let message = super::corpus::message(text, corpus.claims().to_string());
    let token = join(&message, &[&neutral[..], &[0; 32]].concat());
    corpus.add("key set: an Ed25519 key of small order", "small order", token, Refuse);
}

/// EMSA-PKCS1-v1_5 with SHA-256.
fn padded_hash(message: &str, length: usize) -> Vec<u8> {
    let info = [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
        0x20,
    ];
    let hash = digest(&SHA256, message.as_bytes());
    let padding = vec![0xff; length - 3 - info.len() - 32];
    [&[0, 1][..], &padding, &[0], &info, hash.as_ref()].concat()
}

/// RFC 7517 §9.2: what is published must not be secret.
fn secret(corpus: &mut Corpus) {
    let key = corpus.es256();
    let shared = json!({ "kty": "oct", "kid": "shared", "alg": "HS256", "k": encode([7; 32]) });
    corpus.publish("with a secret", vec![key.jwk(), shared]);
    corpus.add("key set: a shared secret beside", "with a secret", corpus.token(), Refuse);
    let text = json!({ "alg": "HS256", "typ": "at+jwt", "kid": "shared" }).to_string();
    let message = message(text, corpus.claims().to_string());
    let tag =
        aws_lc_rs::hmac::sign(&aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[7; 32]), message.as_bytes());
    corpus.add("key set: a token by the shared secret", "with a secret", join(&message, tag.as_ref()), Refuse);
    let claims = corpus.claims().to_string();
    let private = with(key.jwk(), "d", json!(encode([7; 32])));
    corpus.publish("with a private key", vec![private]);
    corpus.add("key set: a private key", "with a private key", sign(&key, header(&key).to_string(), claims), Refuse);
}
