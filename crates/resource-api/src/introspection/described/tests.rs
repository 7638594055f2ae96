use proptest::prelude::*;
use serde_json::json;

use super::*;

/// An active credential of these members.
pub(in super::super) fn active(mut members: Value) -> Described {
    members["active"] = json!(true);
    Described::read(members.to_string().as_bytes()).expect("is understood").expect("is active")
}

fn refused(mut members: Value) -> NotUnderstood {
    members["active"] = json!(true);
    Described::read(members.to_string().as_bytes()).expect_err("is not understood")
}

#[test]
fn the_members_of_the_rfc_are_read() {
    let described = active(json!({
        "client_id": "l238j323ds-23ij4", "username": "jdoe", "scope": "read write  dolphin",
        "sub": "Z5O3upPC88QrAjx00dis", "aud": "https://protected.example.net/resource",
        "iss": "https://server.example.com/", "exp": 1_419_356_238, "iat": 1_419_350_238.5, "nbf": 1_419_350_000,
        "extension_field": "twenty-seven", "token_type": "DPoP", "jti": "j", "auth_time": 1_419_350_000, "acr": "2",
        "cnf": { "jkt": "thumb", "x5t#S256": "print" }, "permissions": ["notes:read", "*"],
        "allowed_networks": ["192.0.2.0/24"],
        "signing_key": URL_SAFE_NO_PAD.encode([7; 32]),
    }));
    assert_eq!(described.client_id.as_deref(), Some("l238j323ds-23ij4"));
    assert_eq!(described.username.as_deref(), Some("jdoe"));
    assert_eq!(described.scope.as_deref(), Some("read write  dolphin"));
    assert_eq!(described.sub.as_deref(), Some("Z5O3upPC88QrAjx00dis"));
    assert_eq!(described.aud, ["https://protected.example.net/resource"]);
    assert_eq!(described.iss.as_deref(), Some("https://server.example.com/"));
    assert_eq!((described.exp, described.iat), (Some(Timestamp(1_419_356_238)), Some(Timestamp(1_419_350_238))));
    assert_eq!((described.nbf, described.auth_time), (Some(Timestamp(1_419_350_000)), Some(Timestamp(1_419_350_000))));
    assert_eq!((described.token_type.as_deref(), described.jti.as_deref()), (Some("DPoP"), Some("j")));
    assert_eq!(described.acr.as_deref(), Some("2"));
    let bound = Confirmation { jkt: Some("thumb".into()), x5t_s256: Some("print".into()), others: Vec::new() };
    assert_eq!(described.cnf, Some(bound));
    assert_eq!(described.permissions, ["notes:read", "*"]);
    assert_eq!(described.allowed_networks, ["192.0.2.0/24"]);
    assert_eq!(described.signing_key.as_ref().map(Secret::expose), Some(&[7; 32]));
    assert_eq!(Value::from(described.rest), json!({ "extension_field": "twenty-seven" }));
}

#[test]
fn active_is_a_boolean_and_nothing_else() {
    assert!(matches!(Described::read(br#"{"active":false,"exp":"never"}"#), Ok(None)));
    for body in [r#"{"active":"true"}"#, r#"{"active":1}"#, r#"{"active":null}"#, "{}", r#"{"Active":true}"#] {
        assert_eq!(Described::read(body.as_bytes()).expect_err(body), NotUnderstood::Active, "{body}");
    }
}

#[test]
fn an_answer_is_one_object_with_each_member_once() {
    for body in
        ["", "null", "true", "[]", "[{\"active\":true}]", r#"{"active":true}{"#, r#"{"active":false,"active":true}"#]
    {
        assert_eq!(Described::read(body.as_bytes()).expect_err(body), NotUnderstood::NotOneObject, "{body}");
    }
}

#[test]
fn a_member_of_the_wrong_type_is_never_taken_for_absent() {
    for name in ["scope", "client_id", "username", "token_type", "sub", "iss", "jti", "acr", "signing_key"] {
        assert_eq!(refused(json!({ name: 1 })), NotUnderstood::Member(name));
        assert_eq!(refused(json!({ name: ["a"] })), NotUnderstood::Member(name));
    }
    for name in ["exp", "iat", "nbf", "auth_time"] {
        assert_eq!(refused(json!({ name: "1700000000" })), NotUnderstood::Member(name));
        assert_eq!(refused(json!({ name: 1e300 })), NotUnderstood::Member(name));
    }
    for aud in [json!(1), json!([1]), json!(["a", null]), json!({}), json!(vec!["a"; MAX_AUDIENCES + 1])] {
        assert_eq!(refused(json!({ "aud": aud })), NotUnderstood::Member("aud"));
    }
    for cnf in [json!("thumb"), json!([]), json!({}), json!({ "jkt": 1 }), json!({ "x5t#S256": null })] {
        assert_eq!(refused(json!({ "cnf": cnf })), NotUnderstood::Member("cnf"));
    }
    for networks in [json!("192.0.2.0/24"), json!([]), json!([1]), json!({})] {
        assert_eq!(refused(json!({ "allowed_networks": networks })), NotUnderstood::Member("allowed_networks"));
    }
    for key in ["", "AAAA", "not base64url!"] {
        assert_eq!(refused(json!({ "signing_key": key })), NotUnderstood::Member("signing_key"));
    }
}

#[test]
fn null_is_absent() {
    let none = active(json!({ "scope": null, "exp": null, "aud": null, "cnf": null, "signing_key": null }));
    assert!(none.scope.is_none());
    assert!(none.scope.is_none() && none.exp.is_none() && none.aud.is_empty() && none.cnf.is_none());
}

#[test]
fn an_unknown_binding_stays_a_binding() {
    let cnf = active(json!({ "cnf": { "kid": "k", "jwk": {} } })).cnf.expect("is bound");
    assert_eq!(cnf, Confirmation { jkt: None, x5t_s256: None, others: vec!["jwk".into(), "kid".into()] });
}

#[test]
fn permissions_of_another_form_permit_nothing() {
    for permissions in [json!([{ "rsid": "1", "scopes": ["view"] }]), json!("notes:read"), json!([""]), json!([1])] {
        let described = active(json!({ "permissions": permissions }));
        assert!(described.permissions.is_empty());
        assert_eq!(described.rest.get("permissions"), Some(&permissions));
    }
    assert_eq!(refused(json!({ "permissions": vec!["a"; 257] })), NotUnderstood::Member("permissions"));
}

#[test]
fn the_rest_is_bounded() {
    assert_eq!(active(json!({ "more": "x".repeat(MAX_REST - 20) })).rest.len(), 1);
    assert_eq!(refused(json!({ "more": "x".repeat(MAX_REST) })), NotUnderstood::TooMuch);
}

#[test]
fn what_has_ended_or_has_not_begun_is_not_in_force() {
    const NOW: Timestamp = Timestamp(1_700_000_000);
    for (name, seconds, expected) in [
        ("exp", 1, true),
        ("exp", 0, false),
        ("exp", -1, false),
        ("nbf", 0, true),
        ("nbf", 30, true),
        ("nbf", 31, false),
    ] {
        assert_eq!(active(json!({ name: NOW.0 + seconds })).is_in_force(NOW), expected, "{name} {seconds}");
    }
    assert!(active(json!({})).is_in_force(NOW));
    assert!(
        !active(json!({ "exp": i64::MIN })).is_in_force(NOW) && !active(json!({ "nbf": i64::MAX })).is_in_force(NOW)
    );
}

#[test]
fn debug_output_shows_no_secret_and_no_unknown_value() {
    let key = URL_SAFE_NO_PAD.encode([7; 32]);
    let shown = format!("{:?}", active(json!({ "signing_key": key, "more": "hidden", "jti": "handle" })));
    assert!(!shown.contains(&key) && !shown.contains("hidden") && !shown.contains("handle"), "{shown}");
    assert!(!shown.contains("7, 7"), "{shown}");
}

proptest! {
    #[test]
    fn no_body_makes_the_reader_panic(body: Vec<u8>, text: String) {
        let _ = (Described::read(&body), Described::read(text.as_bytes()));
        let _ = Described::read(format!(r#"{{"active":true,{text}}}"#).as_bytes());
    }

    #[test]
    fn only_true_is_active(value in "(true|false|\"true\"|\"\"|0|1|null|\\[\\]|\\{\\}|\\[true\\])") {
        let read = Described::read(format!(r#"{{"sub":"ada","active":{value}}}"#).as_bytes());
        prop_assert_eq!(matches!(read, Ok(Some(_))), value == "true");
        prop_assert_eq!(matches!(read, Ok(None)), value == "false");
    }
}
