//! The tricks that tokens play, each correctly signed where it matters, so that one thing only can be the reason.

use super::*;
use crate::samples::{key, signed};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::json;

const ES256: Expected<'_> = Expected { typ: &[], algorithms: &[SigningAlgorithm::ES256] };
const PAYLOAD: &str = r#"{"sub":"alice"}"#;

fn check(token: &str, expected: &Expected<'_>) -> Result<Value, VerifyError> {
    verify(token, key(SigningAlgorithm::ES256).verifying_key(), expected)
}

fn with_header(header: &str) -> Result<Value, VerifyError> {
    check(&signed(key(SigningAlgorithm::ES256), header, PAYLOAD), &ES256)
}

#[test]
fn a_signed_token_gives_its_claims() {
    assert_eq!(with_header(r#"{"alg":"ES256"}"#), Ok(json!({ "sub": "alice" })));
    assert_eq!(with_header("{ \"alg\" : \"ES256\",\n\"cty\":\"x\",\"typ\":\"JWT\" }"), Ok(json!({ "sub": "alice" })));
}

/// Each header is correctly signed, so only the header can be the reason.
#[test]
fn headers_that_play_tricks_are_refused() {
    use VerifyError::{Algorithm, Critical, Header, TooLong};
    let long_kid = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, "k".repeat(129));
    let long_header = format!(r#"{{"alg":"ES256","x":"{}"}}"#, "x".repeat(7000));
    for (header, reason) in [
        (r#"{"alg":"none"}"#, Algorithm),
        (r#"{"alg":"None"}"#, Algorithm),
        (r#"{"alg":"nOnE"}"#, Algorithm),
        (r#"{"alg":""}"#, Algorithm),
        (r#"{"alg":"HS256"}"#, Algorithm),
        (r#"{"alg":"es256"}"#, Algorithm),
        (r#"{"alg":"ES256 "}"#, Algorithm),
        (r#"{"alg":"ES256K"}"#, Algorithm),
        (r#"{"alg":"ES384"}"#, Algorithm),
        (r#"{"alg":"ES512"}"#, Algorithm),
        (r#"{"alg":"RS256"}"#, Algorithm),
        (r#"{"alg":["ES256"]}"#, Algorithm),
        (r#"{"alg":null}"#, Algorithm),
        (r#"{"alg":1}"#, Algorithm),
        (r#"{"typ":"JWT"}"#, Algorithm),
        (r#"{"ALG":"ES256"}"#, Algorithm),
        ("{}", Algorithm),
        (r#"{"alg":"ES256","alg":"ES256"}"#, Header),
        (r#"{"alg":"none","alg":"ES256"}"#, Header),
        (r#"{"alg":"ES256","\u0061lg":"none"}"#, Header),
        (r#"{"alg":"ES256","kid":"a","kid":"b"}"#, Header),
        (r#"{"alg":"ES256","jwk":{"kty":"EC","kty":"oct"}}"#, Header),
        (r#"{"alg":"ES256","kid":1}"#, Header),
        (r#"{"alg":"ES256","kid":null}"#, Header),
        (r#"{"alg":"ES256","typ":["at+jwt"]}"#, Header),
        (r#"{"alg":"ES256"}x"#, Header),
        (r#"{"alg":"ES256"}{}"#, Header),
        (r#"["ES256"]"#, Header),
        (r#""ES256""#, Header),
        ("\u{feff}{\"alg\":\"ES256\"}", Header),
        (r#"{"alg":"ES256",}"#, Header),
        ("{'alg':'ES256'}", Header),
        (r#"{"alg":"ES256","crit":[]}"#, Critical),
        (r#"{"alg":"ES256","crit":["exp"],"exp":1}"#, Critical),
        (r#"{"alg":"ES256","crit":["b64"],"b64":false}"#, Critical),
        (r#"{"alg":"ES256","crit":null}"#, Critical),
        (r#"{"alg":"ES256","b64":false}"#, Critical),
        (&long_kid, Header),
        (&long_header, TooLong),
    ] {
        assert_eq!(with_header(header), Err(reason), "{}", &header[..header.len().min(80)]);
    }
}

#[test]
fn keys_in_the_header_are_never_used() {
    let other = SigningAlgorithm::EdDSA;
    let jwk = serde_json::to_string(key(other).jwk()).expect("is JSON");
    let header = format!(r#"{{"alg":"EdDSA","jwk":{jwk},"jku":"http://127.0.0.1:1/k","x5u":"http://127.0.0.1:1/c"}}"#);
    let token = signed(key(other), &header, PAYLOAD);
    let expected = Expected { typ: &[], algorithms: SigningAlgorithm::ALL };
    assert_eq!(check(&token, &expected), Err(VerifyError::KeyAlgorithm));
    assert_eq!(verify_with::<Value>(&token, &expected, |_| None), Err(VerifyError::UnknownKey));
}

#[test]
fn only_the_compact_form_with_three_parts_is_a_token() {
    use VerifyError::{Encoding, NotThreeParts, TooLong};
    let good = signed(key(SigningAlgorithm::ES256), r#"{"alg":"ES256"}"#, PAYLOAD);
    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    for (token, reason) in [
        (String::new(), NotThreeParts),
        ("..".to_owned(), NotThreeParts),
        (header.to_owned(), NotThreeParts),
        (format!("{header}.{payload}"), NotThreeParts),
        (format!("{header}.{payload}."), NotThreeParts),
        (format!("{header}..{signature}"), NotThreeParts),
        (format!("{good}.{signature}"), NotThreeParts),
        (format!("{header}.{payload}.{signature}.x.y"), NotThreeParts),
        (format!("{good}="), Encoding),
        (format!("{good} "), Encoding),
        (format!(" {good}"), Encoding),
        (format!("{good}\n"), Encoding),
        (format!("{header}=.{payload}.{signature}"), Encoding),
        (format!("{header}.{payload}.{}", signature.replace(['-', '_'], "+") + "+"), Encoding),
        (
            format!("{{\"protected\":\"{header}\",\"payload\":\"{payload}\",\"signature\":\"{signature}\"}}"),
            NotThreeParts,
        ),
        (".".repeat(10 * 1024 * 1024), TooLong),
        (format!("{header}.{}.{signature}", "A".repeat(MAX_TOKEN)), TooLong),
    ] {
        assert_eq!(check(&token, &ES256), Err(reason), "{}", &token[..token.len().min(80)]);
    }
}

#[test]
fn a_second_spelling_of_a_signature_is_refused() {
    // 64 bytes leave four spare bits in the last character.
    let good = signed(key(SigningAlgorithm::ES256), r#"{"alg":"ES256"}"#, PAYLOAD);
    let respelled = (b'A'..=b'z').filter(u8::is_ascii_alphanumeric).map(char::from);
    let accepted = respelled.filter(|last| check(&format!("{}{last}", &good[..good.len() - 1]), &ES256).is_ok());
    assert!(accepted.count() <= 1);
}

/// RFC 7518 §3.4: R and S as two numbers of the full size of a coordinate, one after the other. Each between 1 and the order of
/// the curve less 1; a verifier that forgets that takes a signature of zeros for any message (CVE-2022-21449).
#[test]
fn ecdsa_signatures_are_two_numbers_within_range() {
    let p256 = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let p384 = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973";
    for (algorithm, order) in [(SigningAlgorithm::ES256, p256), (SigningAlgorithm::ES384, p384)] {
        let order: Vec<u8> = (0..order.len() / 2)
            .map(|at| u8::from_str_radix(&order[2 * at..2 * at + 2], 16).expect("is hex"))
            .collect();
        let size = order.len();
        let good = signed(key(algorithm), &json!({ "alg": algorithm }).to_string(), PAYLOAD);
        let (message, signature) = good.rsplit_once('.').expect("has three parts");
        let signature = decode(signature).expect("made by us");
        let (r, s) = signature.split_at(size);
        let mut one = vec![0; size];
        one[size - 1] = 1;
        let (zero, ones) = (vec![0; size], vec![0xff; size]);
        let der = |number: &[u8]| {
            let sign: &[u8] = if number[0] >= 0x80 { &[0] } else { &[] };
            [&[2, u8::try_from(sign.len() + number.len()).expect("is short")], sign, number].concat()
        };
        let der = [der(r), der(s)].concat();
        let check = |signature: &[u8]| {
            let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
            verify::<Value>(&token, key(algorithm).verifying_key(), &Expected { typ: &[], algorithms: &[algorithm] })
        };
        assert!(check(&signature).is_ok());
        for bad in [
            [&zero[..], &zero].concat(),
            [&one[..], &zero].concat(),
            [&zero[..], &one].concat(),
            [&one[..], &one].concat(),
            [&order[..], &order].concat(),
            [&ones[..], &ones].concat(),
            [r, &zero].concat(),
            [&zero[..], s].concat(),
            [r, &order].concat(),
            [&order[..], s].concat(),
            [s, r].concat(),
            [r, s, s].concat(),
            [&[0], r, &[0], s].concat(),
            [&[0, 0], r, s].concat(),
            [&r[1..], &s[1..]].concat(),
            r.to_vec(),
            [&[0x30, u8::try_from(der.len()).expect("is short")], &der[..]].concat(),
        ] {
            assert_eq!(check(&bad), Err(VerifyError::Signature), "{algorithm} {bad:02x?}");
        }
    }
}

#[test]
fn claims_are_one_object_with_each_member_once() {
    for payload in [r#"{"sub":"a","sub":"b"}"#, r#"{"a":{"b":1,"b":2}}"#, "[]", "1", "null", r#""text""#, "{}{}", "{"] {
        let token = signed(key(SigningAlgorithm::ES256), r#"{"alg":"ES256"}"#, payload);
        assert_eq!(check(&token, &ES256), Err(VerifyError::Claims), "{payload}");
    }
}

#[test]
fn the_type_is_a_media_type_and_separates_tokens() {
    let at_jwt = Expected { typ: &["at+jwt"], ..ES256 };
    let typ = |typ: &str| {
        check(&signed(key(SigningAlgorithm::ES256), &json!({"alg":"ES256","typ":typ}).to_string(), PAYLOAD), &at_jwt)
    };
    for good in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+jwt"] {
        assert!(typ(good).is_ok(), "{good}");
    }
    for bad in
        ["JWT", "", "at+jwt ", "application/", "text/at+jwt", "application/application/at+jwt", "äpplication/at+jwt"]
    {
        assert_eq!(typ(bad), Err(VerifyError::Type), "{bad}");
    }
    let untyped = signed(key(SigningAlgorithm::ES256), r#"{"alg":"ES256"}"#, PAYLOAD);
    assert_eq!(check(&untyped, &at_jwt), Err(VerifyError::Type));
}

#[test]
fn an_algorithm_outside_of_the_list_is_refused_though_the_signature_holds() {
    let token = signed(key(SigningAlgorithm::ES256), r#"{"alg":"ES256"}"#, PAYLOAD);
    let others = Expected { typ: &[], algorithms: &[SigningAlgorithm::RS256, SigningAlgorithm::EdDSA] };
    assert_eq!(check(&token, &others), Err(VerifyError::Algorithm));
    assert_eq!(check(&token, &Expected { typ: &[], algorithms: &[] }), Err(VerifyError::Algorithm));
}

#[test]
fn one_rsa_key_cannot_serve_two_algorithms() {
    let rs256 = key(SigningAlgorithm::RS256);
    let expected = Expected { typ: &[], algorithms: SigningAlgorithm::ALL };
    let token = signed(rs256, r#"{"alg":"PS256"}"#, PAYLOAD);
    assert_eq!(verify::<Value>(&token, rs256.verifying_key(), &expected), Err(VerifyError::KeyAlgorithm));
}

#[test]
fn one_curve_cannot_serve_for_the_other() {
    let expected = Expected { typ: &[], algorithms: SigningAlgorithm::ALL };
    for (one, other) in [("ES256", SigningAlgorithm::ES384), ("ES384", SigningAlgorithm::ES256)] {
        let token = signed(key(other), &json!({ "alg": one }).to_string(), PAYLOAD);
        assert_eq!(verify::<Value>(&token, key(other).verifying_key(), &expected), Err(VerifyError::KeyAlgorithm));
        let named = SigningAlgorithm::parse(one).expect("is one");
        assert_eq!(verify::<Value>(&token, key(named).verifying_key(), &expected), Err(VerifyError::Signature));
    }
}

#[test]
fn the_new_name_of_eddsa_is_understood() {
    let token = signed(key(SigningAlgorithm::EdDSA), r#"{"alg":"Ed25519"}"#, PAYLOAD);
    let expected = Expected { typ: &[], algorithms: &[SigningAlgorithm::EdDSA] };
    assert!(verify::<Value>(&token, key(SigningAlgorithm::EdDSA).verifying_key(), &expected).is_ok());
}

#[test]
fn peeking_needs_no_key_and_proves_nothing() {
    let token = signed(key(SigningAlgorithm::ES256), r#"{"alg":"ES256","kid":"k","typ":"JWT"}"#, PAYLOAD);
    let header = Header { alg: SigningAlgorithm::ES256, kid: Some("k".to_owned()), typ: Some("JWT".to_owned()) };
    assert_eq!(peek(&token), Ok(header));
    assert_eq!(unverified_claims::<Value>(&token), Ok(json!({ "sub": "alice" })));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_passes(token in "[A-Za-z0-9_.=-]{0,200}|.{0,60}") {
        prop_assert!(check(&token, &ES256).is_err());
        let _ = (peek(&token), unverified_claims::<Value>(&token));
    }

    #[test]
    fn no_header_or_payload_makes_it_panic(header: Vec<u8>, payload: Vec<u8>) {
        let token = format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        prop_assert!(check(&token, &ES256).is_err());
        let _ = unverified_claims::<Value>(&token);
    }
}
