//! What a stranger gets, what is ignored, what is refused; and as a property: never more than the policy.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::authorize::response_type::ResponseType;
use crate::client::{PkcePolicy, TokenEndpointAuthMethod};
use crate::feature::Feature;
use crate::registration::offered::Offered;
use crate::scope::Scope;
use crate::signing::{MaybeSigned, SigningAlgorithm};

const NOW: Timestamp = Timestamp(1_700_000_000);
const EVERY_FEATURE: &[Feature] = &[
    Feature::Registration,
    Feature::RequestUri,
    Feature::UnsignedRequestObjects,
    Feature::UnsignedIdTokens,
    Feature::FrontchannelLogout,
];

fn scope() -> Scope {
    Scope::parse("openid profile email offline_access").expect("is a scope")
}

fn policy(scope: &Scope) -> Policy<'_> {
    Policy {
        offered: Offered {
            response_types: &[ResponseType::Code],
            signing_algorithms: &[SigningAlgorithm::RS256, SigningAlgorithm::ES256],
            features: &[],
        },
        grant_types: &[GrantType::AuthorizationCode, GrantType::Implicit, GrantType::RefreshToken],
        scope,
        pkce: PkcePolicy::Required,
        destinations: Destinations { hosts: &[], schemes: &[] },
    }
}

fn id() -> ClientId {
    ClientId::parse("made-by-us").expect("is an id")
}

fn document(extra: Value) -> Map<String, Value> {
    let mut document = Map::from_iter([("redirect_uris".to_owned(), json!(["https://app.example/cb"]))]);
    let Value::Object(extra) = extra else { panic!("not an object: {extra}") };
    document.extend(extra);
    document
}

fn register(extra: Value) -> Result<Client, OAuthError> {
    check(document(extra), id(), NOW, &policy(&scope()))
}

fn with<'a>(extra: Value, change: impl FnOnce(&mut Policy<'a>)) -> Result<Client, OAuthError> {
    let scope = scope();
    let mut changed = Policy { ..policy(Box::leak(Box::new(scope))) };
    change(&mut changed);
    check(document(extra), id(), NOW, &changed)
}

#[track_caller]
fn refused(outcome: Result<Client, OAuthError>, code: ErrorCode, member: &str) {
    let error = outcome.expect_err(member);
    assert_eq!(error.code, code, "{error}");
    assert!(error.sentence().contains(member), "{error}");
}

#[track_caller]
fn refused_metadata(extra: Value, member: &str) {
    refused(register(extra), ErrorCode::InvalidClientMetadata, member);
}

#[test]
fn a_redirect_uri_is_enough() {
    let client = register(json!({})).expect("is sound");
    assert_eq!(client.name, "app.example");
    assert_eq!(client.token_endpoint_auth_method, TokenEndpointAuthMethod::ClientSecretBasic);
    assert_eq!(client.scope.to_string(), "openid profile email", "offline_access needs the refresh_token grant");
    assert_eq!((client.consent, client.pkce), (ConsentPolicy::Ask, PkcePolicy::Required));
    assert_eq!(client.registered_by, RegisteredBy::Dynamic);
    let grants = json!({ "grant_types": ["authorization_code", "refresh_token"] });
    assert_eq!(register(grants).expect("is sound").scope, scope());
}

#[test]
fn what_means_nothing_here_is_ignored() {
    let client = register(json!({
        "client_name": "App",
        "client_name#de": "Bank",
        "made_up": { "a": [1] },
        "consent_policy": "first_party",
        "pkce_policy": 7,
        "scope_claims": "id_token",
        "token_endpoint_auth_signing_alg": "HS256",
        "request_uris": ["https://app.example/request"],
        "frontchannel_logout_uri": "https://app.example/logout",
        "frontchannel_logout_session_required": true,
        "default_max_age": null,
        "tos_uri": null,
        "grant_types": ["authorization_code", "implicit"],
        "dpop_bound_access_tokens": false,
    }));
    let client = client.expect("is sound");
    assert_eq!(client.name, "App");
    assert_eq!((client.consent, client.pkce), (ConsentPolicy::Ask, PkcePolicy::Required));
    assert_eq!(client.scope_claims, ScopeClaims::UserInfo);
    assert_eq!(client.token_endpoint_auth_signing_alg, None);
    assert!(client.request_uris.is_empty() && client.frontchannel_logout.is_none());
    assert_eq!(client.grant_types, [GrantType::AuthorizationCode]);
}

#[test]
fn what_is_switched_on_is_honoured() {
    let members = json!({
        "request_uris": ["https://app.example/request"],
        "request_object_signing_alg": "none",
        "id_token_signed_response_alg": "none",
        "frontchannel_logout_uri": "https://app.example/logout",
    });
    let client = with(members, |policy| policy.offered.features = EVERY_FEATURE).expect("is sound");
    assert_eq!(client.request_uris, ["https://app.example/request"]);
    assert_eq!(client.request_object_signing_alg, Some(MaybeSigned::Unsigned));
    assert_eq!(client.id_token_signed_response_alg, MaybeSigned::Unsigned);
    assert!(client.frontchannel_logout.is_some());
    let client = with(json!({}), |policy| policy.pkce = PkcePolicy::Optional).expect("is sound");
    assert_eq!(client.pkce, PkcePolicy::Optional);
    let public = json!({ "token_endpoint_auth_method": "none" });
    let client = with(public, |policy| policy.pkce = PkcePolicy::Optional).expect("is sound");
    assert_eq!(client.pkce, PkcePolicy::Required);
}

#[test]
fn protection_that_is_not_here_is_refused_with_the_reason() {
    for (member, _) in UNAVAILABLE {
        refused_metadata(json!({ *member: "x" }), member);
    }
    for (member, _) in UNAVAILABLE_SWITCHES {
        refused_metadata(json!({ *member: true }), member);
        refused_metadata(json!({ *member: "true" }), member);
        assert!(register(json!({ *member: false })).is_ok());
    }
    refused_metadata(json!({ "token_endpoint_auth_method": "tls_client_auth" }), "token_endpoint_auth_method");
    // What belongs to a method or an algorithm that the client does not ask for does not apply to it.
    for member in
        ["tls_client_auth_subject_dn", "request_object_encryption_enc", "authorization_encrypted_response_enc"]
    {
        assert!(register(json!({ member: "x" })).is_ok(), "{member}");
    }
    refused_metadata(json!({ "subject_type": "hidden" }), "subject_type");
}

#[test]
fn the_policy_narrows_what_a_client_can_be() {
    refused_metadata(json!({ "response_types": ["id_token"] }), "response_types");
    refused_metadata(json!({ "grant_types": ["authorization_code", "client_credentials"] }), "grant_types");
    refused_metadata(json!({ "scope": "openid notes:write" }), "notes:write");
    refused_metadata(json!({ "id_token_signed_response_alg": "EdDSA" }), "id_token_signed_response_alg");
    refused_metadata(json!({ "userinfo_signed_response_alg": "PS256" }), "userinfo_signed_response_alg");
    refused_metadata(json!({ "id_token_signed_response_alg": "none" }), "id_token_signed_response_alg");
    refused_metadata(json!({ "request_object_signing_alg": "none" }), "request_object_signing_alg");
    refused_metadata(json!({ "logo_uri": "https://bank.example/logo.png" }), "logo_uri");
    refused_metadata(json!({ "initiate_login_uri": "http://localhost/login" }), "initiate_login_uri");
    for member in ["policy_uri", "tos_uri", "client_uri"] {
        assert!(register(json!({ member: "https://openid.net/" })).is_ok(), "{member} may be anywhere");
    }
    assert!(register(json!({ "logo_uri": "https://app.example:8443/logo.png" })).is_ok());
}

#[test]
fn redirect_hosts_are_exact_names() {
    let hosts = ["app.example".to_owned()];
    let limited = |uri: &str| with(json!({ "redirect_uris": [uri] }), |policy| policy.destinations.hosts = &hosts);
    assert!(limited("https://app.example:8443/cb").is_ok());
    for uri in ["https://sub.app.example/cb", "https://app.example.evil.example/cb", "https://evil.example/app.example"]
    {
        refused(limited(uri), ErrorCode::InvalidRedirectUri, "redirect_uris");
    }
    let bye = json!({ "post_logout_redirect_uris": ["https://evil.example/"] });
    let bye = with(bye, |policy| policy.destinations.hosts = &hosts);
    refused(bye, ErrorCode::InvalidClientMetadata, "post_logout_redirect_uris");
}

#[test]
fn a_scheme_is_not_the_host_that_it_is_spelled_like() {
    let native = |uri: &str, more: Value| {
        let mut document = json!({ "application_type": "native", "redirect_uris": [uri] });
        document.as_object_mut().expect("is an object").extend(more.as_object().cloned().unwrap_or_default());
        document
    };
    let (hosts, schemes) = (["bank.example".to_owned()], ["com.example.app".to_owned()]);
    let only_hosts = Destinations { hosts: &hosts, schemes: &[] };
    let only_schemes = Destinations { hosts: &[], schemes: &schemes };
    let both = Destinations { hosts: &hosts, schemes: &schemes };
    for (uri, destinations, expected) in [
        ("bank.example:/cb", only_hosts, false),
        ("https://bank.example/cb", only_hosts, true),
        ("https://com.example.app/cb", only_schemes, false),
        ("com.example.app:/cb", only_schemes, true),
        ("http://127.0.0.1/cb", only_schemes, false),
        ("bank.example:/cb", both, false),
        ("https://com.example.app/cb", both, false),
        ("com.example.app:/cb", both, true),
        ("https://bank.example/cb", both, true),
    ] {
        let outcome = with(native(uri, json!({})), |policy| policy.destinations = destinations);
        assert_eq!(outcome.is_ok(), expected, "{uri} {destinations:?} {outcome:?}");
    }
    let logo = json!({ "logo_uri": "https://bank.example/logo.png" });
    refused_metadata(native("bank.example:/cb", logo), "logo_uri");
}

#[test]
fn a_signature_without_keys_is_not_registered() {
    let alg = |more: Value| register(more).expect("is sound").request_object_signing_alg;
    assert_eq!(alg(json!({ "request_object_signing_alg": "RS256" })), None);
    let keys = json!({ "request_object_signing_alg": "RS256", "jwks_uri": "https://app.example/jwks" });
    assert_eq!(alg(keys), Some(MaybeSigned::Signed(SigningAlgorithm::RS256)));
}

#[test]
fn wrong_redirect_uris_have_their_own_code() {
    for uris in
        [json!([]), json!(["https://app.example/#x"]), json!("https://app.example/"), json!(["http://a.example/"])]
    {
        refused(register(json!({ "redirect_uris": uris })), ErrorCode::InvalidRedirectUri, "redirect_uris");
    }
    let both = register(json!({ "redirect_uris": ["http://a.example/"], "subject_type": 7, "jwks": { "keys": [] } }));
    let error = both.expect_err("is wrong");
    assert_eq!((error.code, error.parameter), (ErrorCode::InvalidClientMetadata, None));
    for member in ["redirect_uris", "subject_type", "jwks"] {
        assert!(error.description.contains(member), "all at once: {error}");
    }
}

#[test]
fn every_member_of_a_wrong_json_type_is_named() {
    for member in MEMBERS.iter().filter(|member| !OF_THE_ADMINISTRATOR.contains(member)) {
        let outcome = with(json!({ *member: { "a": [true] } }), |policy| policy.offered.features = EVERY_FEATURE);
        let error = outcome.expect_err(member);
        assert!(error.sentence().contains(member), "{error}");
    }
}

#[test]
fn no_software_statement_is_believed() {
    let unapproved = register(json!({ "software_statement": "e30.e30.AA" }));
    refused(unapproved, ErrorCode::UnapprovedSoftwareStatement, "software_statement");
    for nonsense in [json!("e30"), json!({}), json!(true)] {
        let invalid = register(json!({ "software_statement": nonsense }));
        refused(invalid, ErrorCode::InvalidSoftwareStatement, "software_statement");
    }
}

#[test]
fn the_suite_registers_for_each_response_type() {
    for kind in ResponseType::ALL {
        let grants: Vec<_> = [("code", "authorization_code"), ("token", "implicit")]
            .iter()
            .filter(|(part, _)| kind.name().contains(part))
            .map(|(_, grant)| *grant)
            .collect();
        let members = json!({ "grant_types": grants, "response_types": [kind.name()] });
        let client = with(members, |policy| policy.offered.response_types = ResponseType::ALL).expect("is sound");
        assert_eq!(client.response_types, [*kind]);
        assert!(client.has_secret());
    }
}

#[test]
fn an_update_says_who_it_is_and_repeats_nothing_of_the_answer() {
    let update = |document: Value| check_update(document.as_object().expect("is an object"), &id());
    assert!(update(json!({ "client_id": "made-by-us" })).expect("is sound").secret.is_none());
    let claimed = update(json!({ "client_id": "made-by-us", "client_secret": "s" })).expect("is sound");
    assert_eq!(claimed.secret.expect("was sent").expose(), "s");
    for (document, member) in [
        (json!({}), "client_id"),
        (json!({ "client_id": "other" }), "client_id"),
        (json!({ "client_id": "made-by-us", "registration_access_token": "x" }), "registration_access_token"),
        (json!({ "client_id": "made-by-us", "registration_client_uri": "x" }), "registration_client_uri"),
        (json!({ "client_id": "made-by-us", "client_secret_expires_at": 0 }), "client_secret_expires_at"),
        (json!({ "client_id": "made-by-us", "client_id_issued_at": 0 }), "client_id_issued_at"),
        (json!({ "client_id": "made-by-us", "client_secret": 1 }), "client_secret"),
    ] {
        let error = update(document).expect_err(member);
        assert_eq!((error.code, error.parameter), (ErrorCode::InvalidClientMetadata, Some(member)));
    }
}

/// Values that such members really have, and nonsense.
fn value() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "first_party",
        "optional",
        "id_token",
        "code",
        "authorization_code",
        "implicit",
        "refresh_token",
        "client_credentials",
        "none",
        "client_secret_basic",
        "private_key_jwt",
        "openid",
        "openid notes:write",
        "admin",
        "RS256",
        "EdDSA",
        "native",
        "web",
        "pairwise",
        "https://app.example/cb",
        "com.example.app:/cb",
        "App",
    ]);
    prop_oneof![
        8 => words.clone().prop_map(Value::from),
        4 => prop::collection::vec(words, 0..4).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => "\\PC{0,8}".prop_map(Value::from),
        1 => Just(json!({ "keys": [{ "kty": "RSA", "n": "AA", "e": "AQAB" }] })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nobody_registers_more_than_the_policy(
        members in prop::collection::hash_map(prop::sample::select(MEMBERS.to_vec()), value(), 0..6),
        strange in "[a-z_#]{0,12}",
        all: bool,
    ) {
        let mut document: Map<_, _> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        document.entry("redirect_uris").or_insert(json!(["https://app.example/cb"]));
        document.entry(strange).or_insert(json!("x"));
        let scope = scope();
        let mut policy = policy(&scope);
        policy.offered.features = if all { EVERY_FEATURE } else { &[] };
        if let Ok(client) = check(document, id(), NOW, &policy) {
            prop_assert_eq!((client.consent, client.pkce), (ConsentPolicy::Ask, PkcePolicy::Required));
            prop_assert_eq!(client.scope_claims, ScopeClaims::UserInfo);
            prop_assert_eq!(client.registered_by, RegisteredBy::Dynamic);
            prop_assert!(client.scope.is_subset(&scope), "{}", client.scope);
            prop_assert!(client.grant_types.iter().all(|grant| policy.grant_types.contains(grant)));
            prop_assert!(client.response_types.iter().all(|kind| policy.offered.response_types.contains(kind)));
            prop_assert!(!client.name.trim().is_empty());
            prop_assert_eq!((client.disabled_at, &client.id), (None, &id()));
        }
    }
}
