//! The matrix of logout tokens: the right ones, and each rule broken alone.

use std::sync::OnceLock;

use jwt::key::SigningKey;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const ISSUER: &str = "https://id.example";
const ME: &str = "front";
const NOW: i64 = 1_800_000_000;

fn key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(SigningAlgorithm::ES256).unwrap())
}

fn keys() -> JwkSet {
    JwkSet::parse(&json!({ "keys": [key().jwk()] }).to_string()).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": ME, "iat": NOW, "exp": NOW + 120, "jti": "j1", "sub": "ada", "sid": "s1",
        "events": { EVENT: {} },
    })
}

/// With `change` laid over; `null` takes a member away, except for `nonce`.
fn with(change: &Value) -> Value {
    let mut all = claims();
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() && name != "nonce" {
            all.as_object_mut().unwrap().remove(name);
        } else {
            all[name] = value.clone();
        }
    }
    all
}

fn judge(token: &str) -> Result<LogoutNotice, NotALogout> {
    check(token, &keys(), Context { issuer: ISSUER, client_id: ME, now: Timestamp(NOW) })
}

fn judged(change: &Value) -> Result<LogoutNotice, NotALogout> {
    judge(&key().sign(Some(TYP), &with(change)).unwrap())
}

#[test]
fn a_right_token_names_a_session_a_person_or_both() {
    let notice = judged(&json!({})).unwrap();
    assert_eq!((notice.sid.as_deref(), notice.sub.as_deref()), (Some("s1"), Some("ada")));
    assert!(!notice.jti_hash.contains("j1") && notice.remember_until >= Timestamp(NOW + 120));
    assert_eq!(judged(&json!({ "sub": null })).unwrap().sub, None);
    assert_eq!(judged(&json!({ "sid": null })).unwrap().sid, None);
    for change in [
        json!({ "aud": [ME] }),
        json!({ "events": { EVENT: { "more": 1 }, "other": {} } }),
        json!({ "unknown": true }),
        json!({ "exp": NOW - 59 }),
        json!({ "iat": NOW + 60 }),
        json!({ "iat": NOW - 100_000, "exp": NOW + 100_000 }),
    ] {
        assert!(judged(&change).is_ok(), "{change}");
    }
    for typ in ["logout+jwt", "application/logout+jwt", "LOGOUT+JWT"] {
        assert!(judge(&key().sign(Some(typ), &claims()).unwrap()).is_ok(), "{typ}");
    }
}

#[test]
fn each_broken_rule_has_its_reason() {
    use NotALogout::{Claim, Jwt, NoEvent, Nobody, Nonce, OtherAudience};
    for (change, reason) in [
        (json!({ "iss": null }), Claim("iss")),
        (json!({ "iss": "https://id.example/" }), Jwt(VerifyError::Issuer)),
        (json!({ "iss": 1 }), Jwt(VerifyError::Claims)),
        (json!({ "aud": null }), Claim("aud")),
        (json!({ "aud": "other" }), Jwt(VerifyError::Audience)),
        (json!({ "aud": [] }), Jwt(VerifyError::Audience)),
        (json!({ "aud": [ME, "other"] }), OtherAudience),
        (json!({ "iat": null }), Claim("iat")),
        (json!({ "iat": NOW + 61 }), Jwt(VerifyError::IssuedInFuture)),
        (json!({ "iat": "now" }), Jwt(VerifyError::Claims)),
        (json!({ "exp": null }), Jwt(VerifyError::NoExpiry)),
        (json!({ "exp": NOW - 60 }), Jwt(VerifyError::Expired)),
        (json!({ "nbf": NOW + 61 }), Jwt(VerifyError::NotYetValid)),
        (json!({ "jti": null }), Claim("jti")),
        (json!({ "jti": "" }), Claim("jti")),
        (json!({ "sub": null, "sid": null }), Nobody),
        (json!({ "sub": "" }), Claim("sub")),
        (json!({ "sid": 7 }), Claim("sid")),
        (json!({ "events": null }), NoEvent),
        (json!({ "events": {} }), NoEvent),
        (json!({ "events": { EVENT: null } }), NoEvent),
        (json!({ "events": { EVENT: [] } }), NoEvent),
        (json!({ "events": { EVENT: "yes" } }), NoEvent),
        (json!({ "events": [EVENT] }), Jwt(VerifyError::Claims)),
        (json!({ "nonce": "n" }), Nonce),
        (json!({ "nonce": null }), Nonce),
        (json!({ "nonce": "" }), Nonce),
    ] {
        assert_eq!(judged(&change), Err(reason), "{change}");
    }
}

#[test]
fn other_tokens_of_the_issuer_are_no_logout_tokens() {
    for typ in [None, Some("JWT"), Some("at+jwt"), Some("logout"), Some("secevent+jwt")] {
        let token = key().sign(typ, &claims()).unwrap();
        assert_eq!(judge(&token), Err(VerifyError::Type.into()), "{typ:?}");
    }
}

#[test]
fn only_the_issuers_signature_counts() {
    let stranger = SigningKey::generate(SigningAlgorithm::ES256).unwrap();
    let token = stranger.sign(Some(TYP), &claims()).unwrap();
    assert_eq!(judge(&token), Err(VerifyError::UnknownKey.into()));
    let good = key().sign(Some(TYP), &claims()).unwrap();
    let (signed, _) = good.rsplit_once('.').unwrap();
    let (_, foreign) = token.rsplit_once('.').unwrap();
    assert_eq!(judge(&format!("{signed}.{foreign}")), Err(VerifyError::Signature.into()));
    let unsigned = jwt::unsecured::unsigned_id_token(&claims()).unwrap();
    assert!(judge(&unsigned).is_err() && judge(&format!("{unsigned}AA")).is_err());
    assert_eq!(judge(&"a".repeat(MAX_TOKEN + 1)), Err(VerifyError::TooLong.into()));
}

#[test]
fn nothing_is_fetched_for_another_issuers_token() {
    let token = |claims: &Value| key().sign(Some(TYP), claims).unwrap();
    assert!(claims_issuer(&token(&claims()), ISSUER));
    assert!(!claims_issuer(&token(&with(&json!({ "iss": "https://evil.example" }))), ISSUER));
    assert!(!claims_issuer(&token(&with(&json!({ "iss": null }))), ISSUER));
    assert!(!claims_issuer("garbage", ISSUER));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(token in "[ -~]{0,200}") {
        prop_assert!(judge(&token).is_err());
        let _ = claims_issuer(&token, ISSUER);
    }

    #[test]
    fn what_passes_is_for_us_now_and_about_somebody(
        exp in NOW - 200..NOW + 200, iat in NOW - 200..NOW + 200, mine: bool, sub: bool, sid: bool, nonce: bool,
    ) {
        let mut change = json!({ "exp": exp, "iat": iat, "aud": if mine { ME } else { "other" } });
        if !sub { change["sub"] = Value::Null; }
        if !sid { change["sid"] = Value::Null; }
        if nonce { change["nonce"] = "n".into(); }
        let passes = mine && (sub || sid) && !nonce && exp > NOW - 60 && iat <= NOW + 60;
        prop_assert_eq!(judged(&change).is_ok(), passes);
    }
}
