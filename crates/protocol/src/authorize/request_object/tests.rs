use super::*;
use crate::authorize::request::AuthorizeRequest;
use crate::authorize::request::tests::params as sound;
use crate::client::tests::sample;
use crate::signing::SigningAlgorithm;
use proptest::prelude::*;
use serde_json::json;

const NOW: Timestamp = Timestamp(1_700_000_000);
const ISSUER: &str = "https://issuer.example";
const EVERYTHING: &[Feature] = &[Feature::RequestUri, Feature::UnsignedRequestObjects];

fn query(pairs: &[(&str, &str)]) -> Params {
    let mut all = vec![("client_id", "notes"), ("response_type", "code")];
    all.retain(|(name, _)| !pairs.iter().any(|(other, _)| name == other));
    all.extend(pairs);
    Params::from_pairs(all)
}

fn assembled(query: &Params, claims: Value) -> Result<Params, OAuthError> {
    let issuer = Issuer::parse(ISSUER).expect("is an issuer");
    let Value::Object(claims) = claims else { panic!("an object") };
    assemble(query, claims, &Expected { client: &sample(), issuer: &issuer, now: NOW })
}

fn refusal(claims: Value) -> String {
    let error = assembled(&query(&[]), claims).expect_err("is refused");
    assert_eq!(error.code, ErrorCode::InvalidRequestObject);
    error.description.into_owned()
}

fn get<'p>(params: &'p Params, name: &'static str) -> Option<&'p str> {
    params.get(name).expect("comes once")
}

#[test]
fn a_query_without_an_object_has_none() {
    for pairs in [&[][..], &[("request", "")], &[("request_uri", ""), ("request", "")]] {
        assert_eq!(presented(&query(pairs), &sample(), EVERYTHING), Ok(None), "{pairs:?}");
    }
}

#[test]
fn an_object_comes_by_value_or_by_reference_and_not_both() {
    let client = Client { request_uris: vec!["https://notes.example/request".to_owned()], ..sample() };
    let by_value = query(&[("request", "a.b.c")]);
    assert_eq!(presented(&by_value, &client, &[]), Ok(Some(Presented::ByValue("a.b.c"))));
    let by_reference = query(&[("request_uri", "https://notes.example/request")]);
    let place = Presented::ByReference("https://notes.example/request");
    assert_eq!(presented(&by_reference, &client, EVERYTHING), Ok(Some(place)));
    let off = presented(&by_reference, &client, &[]).expect_err("is off");
    assert_eq!(off.code, ErrorCode::RequestUriNotSupported);
    let both = query(&[("request", "a.b.c"), ("request_uri", "https://notes.example/request")]);
    assert_eq!(presented(&both, &client, EVERYTHING).expect_err("both").code, ErrorCode::InvalidRequest);
}

#[test]
fn only_registered_places_are_asked_whatever_their_fragment() {
    let registered = ["https://notes.example/request#hash", "https://notes.example/other"];
    let client = Client { request_uris: registered.map(str::to_owned).into(), ..sample() };
    for (uri, expected) in [
        ("https://notes.example/request#hash", Some("https://notes.example/request")),
        ("https://notes.example/request#another", Some("https://notes.example/request")),
        ("https://notes.example/request", Some("https://notes.example/request")),
        ("https://notes.example/other#added", Some("https://notes.example/other")),
        ("https://notes.example/request?x", None),
        ("https://notes.example/request/", None),
        ("https://notes.example/Request", None),
        ("https://notes.example:443/request", None),
        ("https://NOTES.example/request", None),
        ("https://notes.example/a/../request", None),
        ("https://notes.example/%72equest", None),
        ("https://notes.example@evil.example/request", None),
        ("https://evil.example/#https://notes.example/request", None),
        ("http://notes.example/request", None),
        ("HTTPS://notes.example/request", None),
        ("file:///etc/passwd", None),
        ("urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c", None),
        ("URN:x", None),
        ("#hash", None),
        ("é", None),
    ] {
        let query = query(&[("request_uri", uri)]);
        let found = presented(&query, &client, EVERYTHING);
        match expected {
            Some(place) => assert_eq!(found, Ok(Some(Presented::ByReference(place))), "{uri}"),
            None => {
                let error = found.expect_err(uri);
                assert_eq!((error.code, error.parameter), (ErrorCode::InvalidRequestUri, Some("request_uri")), "{uri}");
            }
        }
    }
    assert!(presented(&query(&[("request_uri", "https://notes.example/other")]), &sample(), EVERYTHING).is_err());
}

#[test]
fn the_query_around_an_object_is_sound() {
    let refused =
        |pairs: &[(&str, &str)]| presented(&query(pairs), &sample(), EVERYTHING).expect_err("is refused").parameter;
    assert_eq!(refused(&[("request", "a.b.c"), ("client_id", "")]), Some("client_id"));
    assert_eq!(refused(&[("request", "a.b.c"), ("prompt", "none"), ("prompt", "login")]), Some("prompt"));
    assert_eq!(refused(&[("request", "a.b.c"), ("request", "a.b.c")]), Some("request"));
    assert!(presented(&query(&[("request", &"x".repeat(16 * 1024))]), &sample(), EVERYTHING).is_err());
}

#[test]
fn the_algorithm_is_the_registered_one_and_none_only_where_it_is_meant() {
    use ErrorCode::{InvalidRequestObject, RequestNotSupported, RequestUriNotSupported};
    let (value, place) = (Presented::ByValue("a.b.c"), Presented::ByReference("https://notes.example/r"));
    let (rs, es) = (MaybeSigned::Signed(SigningAlgorithm::RS256), MaybeSigned::Signed(SigningAlgorithm::ES256));
    let none = MaybeSigned::Unsigned;
    for (presented, registered, algorithm, switched_on, expected) in [
        (value, None, rs, &[][..], Ok(())),
        (value, None, es, &[], Ok(())),
        (value, Some(rs), rs, &[], Ok(())),
        (value, Some(rs), es, &[], Err(InvalidRequestObject)),
        (value, Some(rs), none, EVERYTHING, Err(InvalidRequestObject)),
        (value, Some(none), rs, EVERYTHING, Err(InvalidRequestObject)),
        (value, Some(none), none, EVERYTHING, Ok(())),
        (place, Some(none), none, EVERYTHING, Ok(())),
        (value, Some(none), none, &[], Err(RequestNotSupported)),
        (value, None, none, EVERYTHING, Err(RequestNotSupported)),
        (place, None, none, EVERYTHING, Err(RequestUriNotSupported)),
    ] {
        let client = Client { request_object_signing_alg: registered, ..sample() };
        let found = check_algorithm(presented, algorithm, &client, switched_on).map_err(|error| error.code);
        assert_eq!(found, expected, "{presented:?} {registered:?} {algorithm}");
    }
}

#[test]
fn the_object_is_from_the_client_and_for_this_server() {
    for claims in [
        json!({}),
        json!({ "iss": "notes", "aud": ISSUER }),
        json!({ "aud": ["https://other.example", ISSUER], "sub": "alice" }),
    ] {
        assert!(assembled(&query(&[]), claims.clone()).is_ok(), "{claims}");
    }
    for claims in [
        json!({ "iss": "other" }),
        json!({ "iss": ISSUER }),
        json!({ "iss": ["notes"] }),
        json!({ "iss": null }),
        json!({ "iss": "" }),
        json!({ "aud": "https://issuer.example/" }),
        json!({ "aud": "https://issuer.example/token" }),
        json!({ "aud": [] }),
        json!({ "aud": null }),
        json!({ "aud": { "https://issuer.example": 1 } }),
        json!({ "sub": "notes" }),
    ] {
        assert!(!refusal(claims.clone()).is_empty(), "{claims}");
    }
}

#[test]
fn times_hold_at_their_boundaries() {
    let now = NOW.0;
    for (claims, expected) in [
        (json!({ "exp": now + 1 }), true),
        (json!({ "exp": now }), false),
        (json!({ "exp": now - 1 }), false),
        (json!({ "exp": i64::MAX }), true),
        (json!({ "exp": i64::MIN }), false),
        (json!({ "exp": 1_700_000_001.5 }), true),
        (json!({ "exp": "1800000000" }), false),
        (json!({ "exp": null }), false),
        (json!({ "exp": 1e300 }), false),
        (json!({ "nbf": now + 30 }), true),
        (json!({ "nbf": now + 31 }), false),
        (json!({ "nbf": now - 1_000_000 }), true),
        (json!({ "iat": now + 30 }), true),
        (json!({ "iat": now + 31 }), false),
        (json!({ "iat": [now] }), false),
    ] {
        assert_eq!(assembled(&query(&[]), claims.clone()).is_ok(), expected, "{claims}");
    }
}

#[test]
fn members_become_parameters_by_their_json_type() {
    let claims = json!({
        "redirect_uri": "https://notes.example/callback",
        "max_age": 300,
        "claims": { "userinfo": { "email": { "essential": true } } },
        "flag": true,
        "list": ["of", "no", "meaning"],
        "nothing": null,
        "ui_locales": "de\u{0308} en",
    });
    let whole = assembled(&query(&[("state", "s")]), claims).expect("is sound");
    assert_eq!(get(&whole, "max_age"), Some("300"));
    assert_eq!(get(&whole, "claims"), Some(r#"{"userinfo":{"email":{"essential":true}}}"#));
    assert_eq!(get(&whole, "flag"), Some("true"));
    assert_eq!(get(&whole, "ui_locales"), Some("de\u{0308} en"));
    assert_eq!((get(&whole, "list"), get(&whole, "nothing")), (None, None));
    assert_eq!(get(&whole, "state"), Some("s"));
}

#[test]
fn a_known_parameter_of_another_type_is_refused_by_name() {
    for (name, value) in [
        ("scope", json!(["openid"])),
        ("redirect_uri", json!(["https://notes.example/callback"])),
        ("prompt", json!({ "login": true })),
        ("state", json!(null)),
        ("claims", json!(["email"])),
        ("claims", json!(null)),
        ("response_mode", json!([])),
    ] {
        let error = assembled(&query(&[]), json!({ name: value.clone() })).expect_err("is refused");
        assert_eq!((error.code, error.parameter), (ErrorCode::InvalidRequestObject, Some(name)), "{value}");
    }
}

#[test]
fn an_object_does_not_hold_another_and_stays_within_the_limits_of_a_query() {
    assert!(refusal(json!({ "request": "a.b.c" })).contains("must not hold"));
    assert!(refusal(json!({ "request_uri": "https://notes.example/r" })).contains("must not hold"));
    assert!(refusal(json!({ "request": null })).contains("must not hold"));
    assert!(refusal(json!({ "state": "a\u{0}b" })).contains("U+0000"));
    let many: Map<String, Value> = (0..65).map(|n| (format!("p{n}"), json!(n))).collect();
    assert!(refusal(Value::Object(many)).contains("64"));
}

#[test]
fn client_id_and_response_type_are_the_same_on_both_sides() {
    assert!(refusal(json!({ "client_id": "other" })).contains("client_id"));
    assert!(refusal(json!({ "client_id": "" })).contains("client_id"));
    assert!(refusal(json!({ "response_type": "id_token" })).contains("response_type"));
    assert!(assembled(&query(&[]), json!({ "client_id": "notes", "response_type": "code" })).is_ok());
    let hybrid = query(&[("response_type", "code id_token")]);
    assert!(assembled(&hybrid, json!({ "response_type": "id_token code" })).is_ok());
    assert!(assembled(&query(&[("response_type", "x")]), json!({ "response_type": "y" })).is_err());
}

#[test]
fn an_assembled_request_is_checked_like_any_other() {
    let outside = sound(&[("redirect_uri", "https://evil.example/"), ("scope", "openid"), ("request", "a.b.c")]);
    let inside = json!({ "redirect_uri": "https://notes.example/callback", "scope": "openid profile", "max_age": 7 });
    let whole = assembled(&outside, inside).expect("is sound");
    let request = AuthorizeRequest::check(&whole, &sample()).expect("is sound");
    assert_eq!(request.redirect_uri, "https://notes.example/callback");
    assert_eq!((request.scope.to_string().as_str(), request.max_age), ("openid profile", Some(Seconds(7))));
    let whole = assembled(&sound(&[]), json!({ "registration": { "client_name": "x" } })).expect("is sound");
    let error = AuthorizeRequest::check(&whole, &sample()).expect_err("is refused");
    assert_eq!(error.code, ErrorCode::RegistrationNotSupported);
}

/// RFC 9700 §2.1 holds inside of an object too: the corpus decides.
#[test]
fn a_redirect_uri_inside_an_object_meets_the_same_matcher() {
    crate::redirect_uri::corpus::each_comparison(|client, presented, expected| {
        let claims = json!({ "redirect_uri": presented });
        let outside = query(&[("redirect_uri", "https://app.example/cb")]);
        let issuer = Issuer::parse(ISSUER).expect("is an issuer");
        let Value::Object(claims) = claims else { panic!("an object") };
        let whole = assemble(&outside, claims, &Expected { client, issuer: &issuer, now: NOW });
        let callback = whole.and_then(|whole| crate::authorize::callback::Callback::resolve(client, &whole));
        assert_eq!(callback.is_ok(), expected.at_authorization(), "{presented:?}");
        if let Ok(callback) = callback {
            assert_eq!(callback.redirect_uri(), presented);
        }
    });
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[ -~é]{0,12}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ]
}

proptest! {
    /// OA-026: the object wins, what only the query says stays, and nothing that speaks of the object leaks.
    #[test]
    fn the_object_supersedes_the_query_and_nothing_leaks(
        outside in prop::collection::btree_map("[a-e]", "[ -~]{1,8}", 0..5),
        inside in prop::collection::btree_map("[a-e]", value(), 0..5),
    ) {
        let mut pairs: Vec<(&str, &str)> = outside.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        pairs.extend([("request", "a.b.c"), ("iss", "from the query")]);
        let mut claims: Map<String, Value> = inside.clone().into_iter().collect();
        claims.extend([
            ("iss".to_owned(), json!("notes")),
            ("aud".to_owned(), json!(ISSUER)),
            ("exp".to_owned(), json!(NOW.0 + 60)),
            ("nbf".to_owned(), json!(NOW.0)),
            ("iat".to_owned(), json!(NOW.0)),
            ("jti".to_owned(), json!("j")),
            ("sub".to_owned(), json!("alice")),
        ]);
        let whole = assembled(&query(&pairs), Value::Object(claims)).expect("is sound");
        prop_assert!(whole.refuse_duplicates().is_ok());
        for (name, text) in whole.pairs() {
            prop_assert!(!CARRIERS.contains(&name));
            match (inside.get(name), outside.get(name)) {
                (Some(Value::String(held)), _) => prop_assert_eq!(text, held),
                (Some(other), _) => prop_assert_eq!(text, other.to_string()),
                (None, Some(held)) => prop_assert_eq!(text, held),
                (None, None) => prop_assert!(["client_id", "response_type", "iss"].contains(&name), "{}", name),
            }
            prop_assert!(name != "iss" || text == "from the query");
        }
        let expected = outside.keys().chain(inside.keys()).collect::<std::collections::BTreeSet<_>>().len();
        prop_assert_eq!(whole.pairs().count(), expected + 3);
    }

    #[test]
    fn no_object_makes_it_panic(name in "[a-z_]{0,14}", text: String, number: f64) {
        for value in [json!(text), json!(number), json!([text]), json!({ "a": number })] {
            for query in [query(&[]), query(&[("redirect_uri", "x")])] {
                let _ = assembled(&query, json!({ &name: value.clone(), "exp": value }));
            }
        }
    }
}
