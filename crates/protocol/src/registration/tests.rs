//! Single members, members together, and both directions as a property.

use super::*;
use crate::authorize::response_type::{ResponseMode, ResponseType};
use crate::client::{ApplicationType, ConsentPolicy, GrantType, PkcePolicy, TokenEndpointAuthMethod};
use crate::signing::{MaybeSigned, SigningAlgorithm};
use proptest::prelude::*;
use serde_json::json;

const NOW: Timestamp = Timestamp(1_700_000_000);

fn check(metadata: Value) -> Result<Client, Vec<Problem>> {
    let metadata: ClientMetadata = serde_json::from_value(metadata).expect("has known members");
    metadata.check(ClientId::parse("notes").expect("is an id"), NOW)
}

fn members(metadata: Value) -> Vec<&'static str> {
    check(metadata).expect_err("has problems").iter().map(|problem| problem.member).collect()
}

fn web(extra: Value) -> Value {
    let mut metadata = json!({ "client_name": "Notes", "redirect_uris": ["https://notes.example/cb"] });
    for (name, value) in extra.as_object().expect("is an object") {
        metadata[name] = value.clone();
    }
    metadata
}

fn keys() -> Value {
    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "AA" }] })
}

#[test]
fn a_response_type_brings_its_grants_and_a_grant_its_response_type() {
    let client = check(web(json!({ "response_types": ["token id_token code"] }))).expect("is sound");
    assert_eq!(client.response_types, [ResponseType::CodeIdTokenToken]);
    assert_eq!(client.grant_types, [GrantType::AuthorizationCode, GrantType::Implicit]);
    let client = check(web(json!({ "response_types": ["id_token"] }))).expect("is sound");
    assert_eq!((client.grant_types, client.scope.to_string().as_str()), (vec![GrantType::Implicit], "openid"));
}

#[test]
fn what_does_not_belong_to_the_client_is_ignored() {
    let client = check(web(json!({ "token_endpoint_auth_signing_alg": "anything" }))).expect("is sound");
    assert_eq!(client.token_endpoint_auth_signing_alg, None);
    let client = check(web(json!({ "userinfo_signed_response_alg": "none" }))).expect("is sound");
    assert_eq!(client.userinfo_signed_response_alg, None);
    assert!(check(web(json!({ "id_token_signed_response_alg": "none" }))).is_ok(), "with code only");
}

#[test]
fn an_encryption_without_enc_has_the_default_of_the_specification() {
    let client = check(web(json!({ "jwks": keys(), "id_token_encrypted_response_alg": "RSA-OAEP-256" })));
    let encryption = client.expect("is sound").id_token_encryption.expect("is asked for");
    assert_eq!(encryption.enc.name(), "A128CBC-HS256");
}

/// The corpus decides what may be registered, for sign-in and for sign-out alike.
#[test]
fn the_corpus_decides_which_redirect_uris_are_registered() {
    for (uri, expected) in crate::redirect_uri::corpus::REGISTRATIONS {
        for application_type in ApplicationType::ALL {
            let kind = json!({ "client_name": "Notes", "application_type": application_type });
            let (mut sign_in, mut sign_out) = (kind.clone(), kind);
            sign_in["redirect_uris"] = json!([uri]);
            sign_out["redirect_uris"] = json!(["https://notes.example/cb"]);
            sign_out["post_logout_redirect_uris"] = json!([uri]);
            for metadata in [sign_in, sign_out] {
                let registered = check(metadata);
                assert_eq!(
                    registered.is_ok(),
                    expected.allows(*application_type),
                    "{application_type} {uri:?}: {registered:?}"
                );
            }
        }
    }
}

#[test]
fn defaults_are_those_of_the_rfc() {
    let client = check(web(json!({}))).expect("is sound");
    assert_eq!(client.application_type, ApplicationType::Web);
    assert_eq!(client.token_endpoint_auth_method, TokenEndpointAuthMethod::ClientSecretBasic);
    assert_eq!(client.grant_types, [GrantType::AuthorizationCode]);
    assert_eq!(client.id_token_signed_response_alg, MaybeSigned::Signed(SigningAlgorithm::RS256));
    assert_eq!((client.response_types, client.response_modes), (vec![ResponseType::Code], ResponseMode::ALL.to_vec()));
    assert_eq!((client.consent, client.pkce), (ConsentPolicy::Ask, PkcePolicy::Required));
    assert_eq!((client.scope.to_string().as_str(), client.created_at), ("openid", NOW));
}

#[test]
fn a_native_client_is_public_by_default_and_keeps_no_secret() {
    let native = |method: Option<&str>| {
        web(json!({
            "application_type": "native",
            "token_endpoint_auth_method": method,
            "redirect_uris": ["com.example.app:/cb", "http://127.0.0.1/cb"],
        }))
    };
    let client = check(native(None)).expect("is sound");
    assert_eq!(client.token_endpoint_auth_method, TokenEndpointAuthMethod::None);
    assert_eq!(members(native(Some("client_secret_post"))), ["token_endpoint_auth_method"]);
}

#[test]
fn every_problem_is_named_at_once() {
    let found = members(json!({
        "client_name": " ",
        "application_type": "spa",
        "grant_types": ["authorization_code", "password"],
        "response_types": ["token"],
        "redirect_uris": ["http://notes.example/cb", "https://notes.example/cb#x"],
        "scope": "a\"b",
        "default_max_age": -1,
        "logo_uri": "javascript:x",
    }));
    let expected = [
        "client_name",
        "application_type",
        "response_types",
        "grant_types",
        "scope",
        "redirect_uris",
        "redirect_uris",
        "default_max_age",
        "logo_uri",
    ];
    assert_eq!(found, expected);
}

#[test]
fn contradictions_are_refused() {
    for (extra, member) in [
        (json!({ "redirect_uris": [] }), "redirect_uris"),
        (json!({ "redirect_uris": ["https://a.example/", "https://a.example/"] }), "redirect_uris"),
        (json!({ "grant_types": [] }), "grant_types"),
        (json!({ "grant_types": ["refresh_token"] }), "grant_types"),
        (json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "none" }), "grant_types"),
        (json!({ "pkce_policy": "optional", "token_endpoint_auth_method": "none" }), "pkce_policy"),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), "jwks"),
        (json!({ "response_types": ["code", "token"] }), "response_types"),
        (json!({ "response_types": [] }), "response_types"),
        (json!({ "response_types": ["code"], "grant_types": ["client_credentials"] }), "response_types"),
        (json!({ "id_token_signed_response_alg": "HS256" }), "id_token_signed_response_alg"),
        (
            json!({ "id_token_signed_response_alg": "none", "response_types": ["code", "code id_token"] }),
            "id_token_signed_response_alg",
        ),
        (json!({ "response_types": ["code id_token"], "grant_types": ["authorization_code"] }), "response_types"),
        (json!({ "response_types": ["code"], "grant_types": ["authorization_code", "implicit"] }), "response_types"),
        (json!({ "response_types": ["id_token"], "response_modes": ["query"] }), "response_modes"),
        (json!({ "response_modes": [] }), "response_modes"),
        (json!({ "response_types": ["id_token"], "redirect_uris": ["https://localhost/cb"] }), "redirect_uris"),
        (json!({ "response_types": ["id_token"], "redirect_uris": ["http://127.0.0.1/cb"] }), "redirect_uris"),
        (
            json!({ "subject_type": "pairwise", "redirect_uris": ["https://a.example/", "https://b.example/"] }),
            "sector_identifier_uri",
        ),
        (json!({ "sector_identifier_uri": "http://127.0.0.1/uris" }), "sector_identifier_uri"),
        (json!({ "jwks_uri": "http://notes.example/jwks" }), "jwks_uri"),
        (json!({ "jwks": keys(), "jwks_uri": "https://notes.example/jwks" }), "jwks_uri"),
        (json!({ "id_token_encrypted_response_alg": "ECDH-ES" }), "jwks"),
        (json!({ "userinfo_encrypted_response_enc": "A128GCM" }), "userinfo_encrypted_response_enc"),
        (json!({ "request_uris": ["http://notes.example/request.jwt"] }), "request_uris"),
        (json!({ "frontchannel_logout_uri": "https://other.example/out" }), "frontchannel_logout_uri"),
        (json!({ "frontchannel_logout_uri": "https://notes.example:8443/out" }), "frontchannel_logout_uri"),
        (json!({ "backchannel_logout_uri": "http://notes.example/out" }), "backchannel_logout_uri"),
        (json!({ "initiate_login_uri": "http://notes.example/login" }), "initiate_login_uri"),
        (json!({ "software_id": "" }), "software_id"),
        (json!({ "contacts": ["a\u{202e}b"] }), "contacts"),
    ] {
        assert_eq!(members(web(extra.clone())), [member], "{extra}");
    }
}

#[test]
fn a_machine_needs_no_redirect_uri() {
    let client = check(json!({ "client_name": "Job", "grant_types": ["client_credentials"], "scope": "notes:read" }));
    assert_eq!(client.expect("is sound").scope.to_string(), "notes:read");
}

#[test]
fn fifty_redirect_uris_are_the_limit() {
    let uris = |count: usize| (0..count).map(|n| format!("https://notes.example/{n}")).collect::<Vec<_>>();
    assert!(check(web(json!({ "redirect_uris": uris(50) }))).is_ok());
    assert_eq!(members(web(json!({ "redirect_uris": uris(51) }))), ["redirect_uris"]);
}

#[test]
fn unknown_members_are_refused() {
    assert!(serde_json::from_value::<ClientMetadata>(json!({ "redirect_uri": "https://notes.example" })).is_err());
}

proptest! {
    /// Printing a client as metadata and reading it again gives the same client.
    #[test]
    fn both_directions_agree(
        native: bool,
        method in proptest::sample::select(TokenEndpointAuthMethod::ALL),
        alg in proptest::sample::select(SigningAlgorithm::ALL),
        response_types in proptest::sample::subsequence(ResponseType::ALL, 0..=6),
        refresh: bool,
        paths in proptest::collection::btree_set("[a-z]{1,5}", 1..4),
        age in proptest::option::of(0i64..1000),
    ) {
        let has = |word: fn(ResponseType) -> bool| response_types.iter().any(|kind| word(*kind));
        let mut grants = vec![];
        grants.extend(has(ResponseType::has_code).then_some("authorization_code"));
        grants.extend(has(|kind| kind.has_id_token() || kind.has_token()).then_some("implicit"));
        grants.extend((refresh && has(ResponseType::has_code)).then_some("refresh_token"));
        grants.extend(grants.is_empty().then_some("client_credentials"));
        let uris: Vec<_> = paths.iter().map(|path| format!("https://notes.example/{path}")).collect();
        let metadata = json!({
            "client_name": "Notes",
            "application_type": if native { "native" } else { "web" },
            "token_endpoint_auth_method": method,
            "grant_types": grants,
            "redirect_uris": uris,
            "post_logout_redirect_uris": uris,
            "scope": "openid notes:read",
            "id_token_signed_response_alg": alg,
            "response_types": response_types,
            "subject_type": if age.is_some() { "pairwise" } else { "public" },
            "id_token_encrypted_response_alg": "ECDH-ES",
            "userinfo_signed_response_alg": alg,
            "userinfo_encrypted_response_alg": "RSA-OAEP-256",
            "userinfo_encrypted_response_enc": "A256GCM",
            "request_object_signing_alg": alg,
            "request_uris": ["https://notes.example/request#hash"],
            "token_endpoint_auth_signing_alg": if method.name() == "client_secret_jwt" { "HS256" } else { alg.name() },
            "frontchannel_logout_uri": "https://notes.example/front",
            "frontchannel_logout_session_required": native,
            "backchannel_logout_uri": "https://notes.example/back",
            "require_auth_time": native,
            "default_acr_values": ["1"],
            "contacts": ["ada@notes.example"],
            "software_id": "notes",
            "jwks": keys(),
            "client_uri": "https://notes.example",
            "default_max_age": age,
        });
        if let Ok(client) = check(metadata) {
            let again = ClientMetadata::from(&client).check(client.id.clone(), client.created_at);
            prop_assert_eq!(again, Ok(client));
        }
    }
}
