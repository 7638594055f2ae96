//! What a request may say, rule by rule, and what no text can do to the check.

use super::*;
use crate::client::TokenEndpointAuthMethod;
use crate::client::tests::sample;
use proptest::prelude::*;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A request that passes, with `changes` put in; an empty value takes the parameter out.
pub(crate) fn params(changes: &[(&str, &str)]) -> Params {
    let mut pairs = vec![
        ("client_id", "notes"),
        ("redirect_uri", "https://notes.example/callback"),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("state", "af0ifjsldkj"),
        ("nonce", "n-0S6_WzA2Mj"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| name == changed));
    pairs.extend(changes);
    Params::from_pairs(pairs)
}

pub(crate) fn checked(changes: &[(&str, &str)]) -> AuthorizeRequest {
    AuthorizeRequest::check(&params(changes), &sample()).expect("is a good request")
}

fn refused(changes: &[(&str, &str)]) -> (ErrorCode, Option<&'static str>) {
    refused_for(&sample(), changes)
}

fn refused_for(client: &Client, changes: &[(&str, &str)]) -> (ErrorCode, Option<&'static str>) {
    let error = AuthorizeRequest::check(&params(changes), client).expect_err("is a bad request");
    (error.code, error.parameter)
}

#[test]
fn a_good_request_is_read_whole() {
    let request = checked(&[
        ("max_age", "300"),
        ("login_hint", "ada"),
        ("ui_locales", "de en"),
        ("acr_values", "1 2"),
        ("id_token_hint", "a.b.c"),
        ("prompt", "login consent"),
        ("claims", r#"{"userinfo":{"name":{"essential":true}}}"#),
        ("display", "popup"),
        ("extra", "ignored"),
    ]);
    assert_eq!(request.scope.to_string(), "openid profile");
    assert_eq!(request.nonce.as_deref(), Some("n-0S6_WzA2Mj"));
    assert_eq!(request.code_challenge, Challenge::parse(CHALLENGE).ok());
    assert_eq!(request.max_age, Some(Seconds(300)));
    assert_eq!(request.login_hint.as_deref(), Some("ada"));
    assert_eq!(request.ui_locales, ["de", "en"]);
    assert!(request.claims.userinfo["name"].essential);
}

#[test]
fn every_parameter_that_is_sent_twice_is_refused() {
    for name in ["state", "scope", "nonce", "prompt", "code_challenge", "response_type", "unheard_of"] {
        let doubled = params(&[(name, "x"), (name, "x")]);
        let error = AuthorizeRequest::check(&doubled, &sample()).expect_err(name);
        assert_eq!(error.code, ErrorCode::InvalidRequest, "{name}");
    }
}

#[test]
fn only_the_response_type_code_exists() {
    assert_eq!(refused(&[("response_type", "")]), (ErrorCode::InvalidRequest, Some("response_type")));
    for other in ["token", "id_token", "code id_token", "none", "CODE"] {
        let (code, parameter) = refused(&[("response_type", other)]);
        assert_eq!((code, parameter), (ErrorCode::UnsupportedResponseType, Some("response_type")), "{other}");
    }
}

#[test]
fn request_objects_and_inline_registration_are_refused_by_name() {
    assert_eq!(refused(&[("request", "e30.e30.")]).0, ErrorCode::RequestNotSupported);
    assert_eq!(refused(&[("request_uri", "https://a.example/r")]).0, ErrorCode::RequestUriNotSupported);
    assert_eq!(refused(&[("registration", "{}")]).0, ErrorCode::RegistrationNotSupported);
    let inside_the_object = [("request", "e30.e30."), ("response_type", ""), ("scope", "")];
    assert_eq!(refused(&inside_the_object).0, ErrorCode::RequestNotSupported);
}

#[test]
fn a_client_without_the_code_grant_is_refused() {
    let grant_types = vec![GrantType::ClientCredentials];
    let client = Client { grant_types, response_types: Vec::new(), ..sample() };
    assert_eq!(refused_for(&client, &[]).0, ErrorCode::UnauthorizedClient);
}

/// A client that is registered for every response type and needs no challenge.
fn every_response_type() -> Client {
    Client { response_types: ResponseType::ALL.to_vec(), pkce: PkcePolicy::Optional, ..sample() }
}

#[test]
fn every_response_type_is_off_unless_it_is_registered() {
    for kind in ResponseType::ALL.iter().filter(|kind| **kind != ResponseType::Code) {
        let asked = [("response_type", kind.name())];
        assert_eq!(refused(&asked), (ErrorCode::UnsupportedResponseType, Some("response_type")), "{kind}");
        let request = AuthorizeRequest::check(&params(&asked), &every_response_type()).expect("is registered");
        assert_eq!(request.response_type, *kind);
    }
    let only_id_token = Client { response_types: vec![ResponseType::IdToken], ..sample() };
    assert_eq!(refused_for(&only_id_token, &[]), (ErrorCode::UnauthorizedClient, Some("response_type")));
    for unknown in ["token", "none", "code none", "Code"] {
        let refusal = refused_for(&every_response_type(), &[("response_type", unknown)]);
        assert_eq!(refusal, (ErrorCode::UnsupportedResponseType, Some("response_type")), "{unknown}");
    }
}

#[test]
fn a_nonce_is_required_where_an_id_token_comes_from_here() {
    for kind in ResponseType::ALL {
        let changes = [("response_type", kind.name()), ("nonce", "")];
        let outcome = AuthorizeRequest::check(&params(&changes), &every_response_type());
        assert_eq!(outcome.is_err(), kind.has_id_token(), "{kind}");
        if let Err(error) = outcome {
            assert_eq!((error.code, error.parameter), (ErrorCode::InvalidRequest, Some("nonce")));
        }
    }
}

#[test]
fn tokens_never_travel_in_the_query_nor_in_a_mode_that_is_not_registered() {
    for kind in ResponseType::ALL {
        for mode in ResponseMode::ALL {
            let changes = [("response_type", kind.name()), ("response_mode", mode.name())];
            let outcome = AuthorizeRequest::check(&params(&changes), &every_response_type());
            assert_eq!(outcome.is_ok(), kind.allows(*mode), "{kind} {mode}");
        }
    }
    let client = Client { response_modes: vec![ResponseMode::Fragment], ..every_response_type() };
    assert_eq!(refused_for(&client, &[]).1, Some("response_mode"), "the default mode counts too");
}

#[test]
fn every_other_response_type_is_openid_connect_and_never_offline() {
    for kind in ResponseType::ALL.iter().filter(|kind| **kind != ResponseType::Code) {
        let changes = [("response_type", kind.name()), ("scope", "profile")];
        assert_eq!(refused_for(&every_response_type(), &changes).0, ErrorCode::InvalidScope, "{kind}");
        let changes = [("response_type", kind.name()), ("scope", "openid offline_access")];
        let request = AuthorizeRequest::check(&params(&changes), &every_response_type()).expect("is good");
        assert_eq!(request.scope.contains("offline_access"), kind.has_code(), "{kind}");
    }
}

#[test]
fn without_a_code_there_is_nothing_to_bind() {
    let client = Client { pkce: PkcePolicy::Required, ..every_response_type() };
    let nothing = [("code_challenge", ""), ("code_challenge_method", "")];
    for kind in ResponseType::ALL {
        let changes = [&nothing[..], &[("response_type", kind.name())]].concat();
        assert_eq!(AuthorizeRequest::check(&params(&changes), &client).is_err(), kind.has_code(), "{kind}");
    }
}

#[test]
fn pkce_is_required_and_only_s256_counts() {
    let nothing = [("code_challenge", ""), ("code_challenge_method", "")];
    assert_eq!(refused(&nothing), (ErrorCode::InvalidRequest, Some("code_challenge")));
    assert_eq!(refused(&[("code_challenge", "")]).1, Some("code_challenge"), "a method alone");
    for method in ["", "plain", "s256", "S512"] {
        assert_eq!(refused(&[("code_challenge_method", method)]).1, Some("code_challenge_method"), "{method}");
    }
    for challenge in [&CHALLENGE[1..], &format!("{CHALLENGE}A"), &CHALLENGE.replace('-', "+")] {
        assert_eq!(refused(&[("code_challenge", challenge)]).1, Some("code_challenge"), "{challenge}");
    }
}

#[test]
fn only_a_confidential_client_may_be_exempt_from_pkce() {
    let nothing = [("code_challenge", ""), ("code_challenge_method", "")];
    let exempt = Client { pkce: PkcePolicy::Optional, ..sample() };
    let request = AuthorizeRequest::check(&params(&nothing), &exempt).expect("is exempt");
    assert_eq!(request.code_challenge, None);
    let public = Client { token_endpoint_auth_method: TokenEndpointAuthMethod::None, ..exempt };
    assert_eq!(refused_for(&public, &nothing).1, Some("code_challenge"));
}

#[test]
fn a_scope_that_is_missing_or_not_registered_is_named() {
    assert_eq!(refused(&[("scope", "")]), (ErrorCode::InvalidScope, Some("scope")));
    let error = AuthorizeRequest::check(&params(&[("scope", "openid notes:write")]), &sample());
    let error = error.expect_err("is not registered");
    assert_eq!(error.code, ErrorCode::InvalidScope);
    assert!(error.description.contains("notes:write"));
}

#[test]
fn offline_access_is_dropped_for_a_client_without_refresh_tokens() {
    assert!(checked(&[("scope", "openid offline_access")]).scope.contains("offline_access"));
    let client = Client { grant_types: vec![GrantType::AuthorizationCode], ..sample() };
    let request = AuthorizeRequest::check(&params(&[("scope", "openid offline_access")]), &client);
    assert_eq!(request.expect("is reduced").scope.to_string(), "openid");
    assert_eq!(refused_for(&client, &[("scope", "offline_access")]).0, ErrorCode::InvalidScope);
}

#[test]
fn max_age_is_a_plain_number() {
    assert_eq!(checked(&[("max_age", "0")]).max_age, Some(Seconds(0)));
    for bad in ["-1", "+1", "1.5", "ten", "99999999999999999999"] {
        assert_eq!(refused(&[("max_age", bad)]), (ErrorCode::InvalidRequest, Some("max_age")), "{bad}");
    }
}

#[test]
fn the_default_max_age_of_the_client_applies_when_none_is_sent() {
    let client = Client { default_max_age: Some(Seconds(60)), ..sample() };
    let check = |changes: &[_]| AuthorizeRequest::check(&params(changes), &client).expect("is good").max_age;
    assert_eq!(check(&[]), Some(Seconds(60)));
    assert_eq!(check(&[("max_age", "900")]), Some(Seconds(900)));
}

#[test]
fn oversized_values_are_refused_by_name() {
    for (name, limit) in [("state", 2048), ("nonce", 512), ("login_hint", 256)] {
        assert!(AuthorizeRequest::check(&params(&[(name, &"x".repeat(limit))]), &sample()).is_ok(), "{name}");
        assert_eq!(refused(&[(name, &"x".repeat(limit + 1))]).1, Some(name));
    }
    assert_eq!(refused(&[("extra", &"x".repeat(16 * 1024))]).0, ErrorCode::InvalidRequest);
}

#[test]
fn an_unknown_response_mode_is_refused() {
    assert_eq!(refused(&[("response_mode", "query.jwt")]).1, Some("response_mode"));
    assert!(AuthorizeRequest::check(&params(&[("response_mode", "form_post")]), &sample()).is_ok());
}

#[test]
fn a_claim_of_a_scope_that_is_not_registered_is_ignored() {
    let request = checked(&[("claims", r#"{"userinfo":{"email":null,"name":null},"id_token":{"groups":null}}"#)]);
    assert_eq!(request.claims.userinfo.keys().collect::<Vec<_>>(), ["name"]);
    assert!(request.claims.id_token.is_empty());
    assert_eq!(request.asked_scope().to_string(), "openid profile");
}

proptest! {
    #[test]
    fn the_scope_stays_within_what_was_asked_and_what_is_registered(
        asked in "[a-d ]{1,12}",
        registered in "[a-d ]{0,8}",
    ) {
        let client = Client { scope: Scope::parse(&registered).expect("is a scope"), ..sample() };
        if let Ok(request) = AuthorizeRequest::check(&params(&[("scope", &asked)]), &client) {
            prop_assert!(request.scope.is_subset(&Scope::parse(&asked).expect("was read before")));
            prop_assert!(request.scope.is_subset(&client.scope));
            prop_assert!(!request.scope.is_empty());
        }
    }

    #[test]
    fn no_text_makes_the_check_panic(name in "[a-z_]{1,12}", value in "\\PC{0,40}") {
        let _ = AuthorizeRequest::check(&params(&[(&name, &value)]), &sample());
        let _ = AuthorizeRequest::check(&params(&[("claims", &value), ("prompt", &value)]), &sample());
    }
}
