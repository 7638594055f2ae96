//! What each scope and each `claims` parameter opens, and what stays closed.

use super::*;
use crate::ids::UserId;
use crate::user::{Address, Profile};
use proptest::prelude::*;
use serde_json::json;

fn user() -> User {
    let address = Address { country: Some("England".to_owned()), ..Address::default() };
    User {
        email: Some("ada@example.org".to_owned()),
        email_verified_at: Some(Timestamp(5)),
        phone_number: Some("+441234".to_owned()),
        phone_number_verified_at: None,
        profile: Profile {
            name: Some("Ada Lovelace".to_owned()),
            nickname: Some(String::new()),
            address: Some(address),
            ..Profile::default()
        },
        groups: Vec::new(),
        updated_at: Timestamp(2),
        ..User::new(UserId::parse("u1").expect("is an id"), "ada", Timestamp(1))
    }
}

fn scope(text: &str) -> Scope {
    Scope::parse(text).expect("is a scope")
}

fn userinfo(of: &str, request: &ClaimsRequest) -> Value {
    userinfo_claims(&user(), "u1", &scope(of), request).into()
}

fn request(json: &str) -> ClaimsRequest {
    ClaimsRequest::parse(json).expect("is a claims parameter")
}

#[test]
fn each_scope_opens_its_own_claims() {
    let none = ClaimsRequest::default();
    assert_eq!(userinfo("openid", &none), json!({"sub": "u1"}));
    let profile = json!({"sub": "u1", "name": "Ada Lovelace", "preferred_username": "ada", "updated_at": 2});
    assert_eq!(userinfo("openid profile", &none), profile);
    let email = json!({"sub": "u1", "email": "ada@example.org", "email_verified": true});
    assert_eq!(userinfo("openid email", &none), email);
    let phone = json!({"sub": "u1", "phone_number": "+441234", "phone_number_verified": false});
    assert_eq!(userinfo("openid phone", &none), phone);
    assert_eq!(userinfo("openid address", &none), json!({"sub": "u1", "address": {"country": "England"}}));
    assert_eq!(userinfo("openid groups", &none), json!({"sub": "u1", "groups": []}));
}

#[test]
fn what_a_person_does_not_have_is_left_out() {
    let bare = User { email: None, phone_number: None, profile: Profile::default(), ..user() };
    let all = scope("openid profile email address phone");
    let claims = Value::from(userinfo_claims(&bare, "u1", &all, &ClaimsRequest::default()));
    assert_eq!(claims, json!({"sub": "u1", "preferred_username": "ada", "updated_at": 2}));
}

#[test]
fn a_claim_asked_by_name_comes_where_it_was_asked() {
    let request = request(r#"{"userinfo":{"name":{"essential":true}},"id_token":{"email":null}}"#);
    assert_eq!(userinfo("openid", &request), json!({"sub": "u1", "name": "Ada Lovelace"}));
    let in_id_token = id_token_scope_claims(&user(), &scope("openid profile"), &request, ScopeClaims::UserInfo);
    assert_eq!(Value::from(in_id_token), json!({"email": "ada@example.org"}));
}

#[test]
fn a_switch_puts_the_scope_claims_into_the_id_token_too() {
    let none = ClaimsRequest::default();
    let claims = |policy| Value::from(id_token_scope_claims(&user(), &scope("openid groups"), &none, policy));
    assert_eq!(claims(ScopeClaims::UserInfo), json!({}));
    assert_eq!(claims(ScopeClaims::IdTokenToo), json!({"groups": []}));
}

#[test]
fn protocol_claims_are_never_made_here() {
    let request = request(r#"{"id_token":{"sub":{"value":"u2"},"auth_time":{"essential":true},"iss":null}}"#);
    assert!(id_token_scope_claims(&user(), &scope("openid"), &request, ScopeClaims::IdTokenToo).is_empty());
    assert!(request.allows_sub("u2") && !request.allows_sub("u1"));
}

#[test]
fn contradictory_subjects_fit_nobody() {
    let request = request(r#"{"id_token":{"sub":{"value":"u1"}},"userinfo":{"sub":{"value":"u2"}}}"#);
    assert!(["u1", "u2", ""].iter().all(|sub| !request.allows_sub(sub)));
}

#[test]
fn one_of_several_subjects_is_enough() {
    let request = request(r#"{"id_token":{"sub":{"values":["u1","u2"]}}}"#);
    assert!(request.allows_sub("u1") && request.allows_sub("u2") && !request.allows_sub("u3"));
    assert!(self::request(r#"{"id_token":{"sub":{"essential":true}}}"#).allows_sub("u3"), "no value, no condition");
}

#[test]
fn an_essential_level_is_a_condition_only_with_values() {
    let acr = |json: &str| request(json).essential_acr().map(|values| values.join(" "));
    assert_eq!(acr(r#"{"id_token":{"acr":{"essential":true,"values":["2","1"]}}}"#).as_deref(), Some("2 1"));
    assert_eq!(acr(r#"{"id_token":{"acr":{"essential":true,"value":"2"}}}"#).as_deref(), Some("2"));
    assert_eq!(acr(r#"{"id_token":{"acr":{"essential":true,"values":[7]}}}"#).as_deref(), Some(""));
    assert_eq!(acr(r#"{"id_token":{"acr":{"essential":true}}}"#), None);
    assert_eq!(acr(r#"{"id_token":{"acr":{"values":["2"]}}}"#), None);
}

#[test]
fn unknown_claims_and_members_are_ignored() {
    let request = request(r#"{"userinfo":{"shoe_size":null,"name#de":null},"id_token":null,"other":1}"#);
    assert!(request.is_empty());
    let with_extra = ClaimsRequest::parse(r#"{"userinfo":{"name":{"purpose":"greeting"}}}"#).expect("is ignored");
    assert_eq!(with_extra.userinfo["name"], Demand::default());
}

#[test]
fn what_is_not_a_claims_parameter_is_refused() {
    let deep = format!("{{\"userinfo\":{{\"name\":{{\"value\":{}{}}}}}}}", "[".repeat(4), "]".repeat(4));
    let big = format!("{{\"x\":\"{}\"}}", "x".repeat(JSON_LIMIT));
    let bad = ["", "[]", "1", "{", r#"{"userinfo":1}"#, r#"{"userinfo":{"name":true}}"#, &deep, &big];
    for json in bad.into_iter().chain([r#"{"id_token":{"acr":{"essential":"yes"}}}"#, &"[".repeat(500)]) {
        let error = ClaimsRequest::parse(json).expect_err("is bad");
        assert_eq!((error.code, error.parameter), (ErrorCode::InvalidRequest, Some("claims")), "{json}");
    }
}

#[test]
fn every_supported_claim_is_listed_once() {
    let mut names = CLAIMS_SUPPORTED.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CLAIMS_SUPPORTED.len());
    assert!(names.contains(&"sub") && names.contains(&"groups") && !names.contains(&""));
}

#[test]
fn claims_belong_to_the_scopes_that_open_them() {
    let request = request(r#"{"userinfo":{"email":null,"sub":null},"id_token":{"acr":null,"groups":null}}"#);
    assert_eq!(request.scopes(), scope("email groups"));
    let within = request.within(&scope("openid email"));
    assert_eq!(within.scopes(), scope("email"));
    assert!(within.id_token.contains_key("acr") && within.userinfo.contains_key("sub"));
}

fn any_demand() -> impl Strategy<Value = Value> {
    let value = || prop::sample::select(vec![json!("1"), json!("2"), json!(7), json!({"a": [1]})]);
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(|essential| json!({ "essential": essential })),
        value().prop_map(|value| json!({ "value": value })),
        (any::<bool>(), value(), value())
            .prop_map(|(essential, a, b)| json!({ "essential": essential, "values": [a, b] })),
    ]
}

proptest! {
    #[test]
    fn a_kept_request_reads_back(
        userinfo in proptest::collection::btree_map(prop::sample::select(CLAIMS_SUPPORTED), any_demand(), 0..6),
        id_token in proptest::collection::btree_map(prop::sample::select(CLAIMS_SUPPORTED), any_demand(), 0..6),
    ) {
        let request = request(&json!({ "userinfo": userinfo, "id_token": id_token }).to_string());
        let kept = serde_json::to_string(&request).expect("is plain data");
        prop_assert_eq!(serde_json::from_str::<ClaimsRequest>(&kept).expect("kept by us"), request);
    }

    #[test]
    fn no_claim_leaves_without_its_scope_or_its_name(asked in "(openid|profile|email|phone| ){0,6}") {
        let asked = scope(&asked.replace("openid", " openid ").replace("email", " email "));
        let claims = userinfo_claims(&user(), "u1", &asked, &ClaimsRequest::default());
        for name in claims.keys().filter(|name| *name != "sub") {
            prop_assert!(personal_scope(name).is_some_and(|scope| asked.contains(scope)), "{}", name);
        }
    }
}
