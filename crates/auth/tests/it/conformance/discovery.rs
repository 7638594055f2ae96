//! The modules that read the metadata (OpenID Connect Discovery §3 and §4, RFC 8414 §2).

use protocol::authorize::response_type::ResponseType;
use serde_json::{Value, json};
use testkit::requests::text;

use super::checks;
use super::suite::{Suite, code_only};

/// `json-schemas/rfc8414/oauth_authorization_server_metadata.json` of the suite, as far as we could ever come near it.
const KNOWN: &str = "acr_values_supported authorization_endpoint authorization_response_iss_parameter_supported \
    backchannel_logout_session_supported backchannel_logout_supported check_session_iframe claim_types_supported \
    claims_locales_supported claims_parameter_supported claims_supported code_challenge_methods_supported \
    display_values_supported end_session_endpoint frontchannel_logout_session_supported frontchannel_logout_supported \
    grant_types_supported id_token_encryption_alg_values_supported id_token_encryption_enc_values_supported \
    id_token_signing_alg_values_supported introspection_endpoint introspection_endpoint_auth_methods_supported \
    introspection_endpoint_auth_signing_alg_values_supported issuer jwks_uri op_policy_uri op_tos_uri \
    prompt_values_supported pushed_authorization_request_endpoint registration_endpoint \
    request_object_encryption_alg_values_supported request_object_encryption_enc_values_supported \
    request_object_signing_alg_values_supported request_parameter_supported request_uri_parameter_supported \
    require_pushed_authorization_requests require_request_uri_registration require_signed_request_object \
    response_modes_supported response_types_supported revocation_endpoint revocation_endpoint_auth_methods_supported \
    revocation_endpoint_auth_signing_alg_values_supported scopes_supported service_documentation \
    subject_types_supported token_endpoint token_endpoint_auth_methods_supported \
    token_endpoint_auth_signing_alg_values_supported ui_locales_supported userinfo_encryption_alg_values_supported \
    userinfo_encryption_enc_values_supported userinfo_endpoint userinfo_signing_alg_values_supported";

async fn with_a_server(test: impl AsyncFn(&Suite)) {
    code_only().started(async |suite, _| test(suite).await).await;
}

fn endpoints_are_https(suite: &Suite) {
    let members = suite.metadata.as_object().unwrap();
    for name in members.keys().filter(|name| name.ends_with("_endpoint") || *name == "jwks_uri") {
        checks::https(&suite.metadata, name);
    }
}

fn texts<'a>(suite: &'a Suite, member: &str) -> Vec<&'a str> {
    let list = suite.metadata[member].as_array().unwrap_or_else(|| panic!("no {member}"));
    list.iter().map(|value| value.as_str().expect("a list of texts")).collect()
}

/// The config plan wants a response type of OpenID Connect, the dynamic plans want three of them; both are here.
#[actix_web::test]
async fn discovery_endpoint_verification() {
    with_a_server(async |suite| {
        let url = suite.app.url("/.well-known/openid-configuration");
        let page = suite.get(&url).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "application/json"));
        assert!(url.starts_with("https://"));
        assert_eq!(text(&suite.metadata, "issuer"), url.trim_end_matches("/.well-known/openid-configuration"));
        endpoints_are_https(suite);
        for (name, value) in suite.metadata.as_object().unwrap() {
            assert!(KNOWN.split(' ').any(|known| known == name), "{name} is unknown to the suite");
            let fits = match name.as_str() {
                "request_parameter_supported" | "claims_parameter_supported" => value.is_boolean(),
                list if list.ends_with("_supported") && value.is_array() => {
                    value.as_array().unwrap().iter().all(Value::is_string)
                }
                _ => value.is_boolean() || value.is_string(),
            };
            assert!(fits, "{name}: {value}");
        }
        for (list, demanded) in [
            ("response_types_supported", vec!["code", "id_token", "id_token token"]),
            ("subject_types_supported", vec!["public", "pairwise"]),
            ("id_token_signing_alg_values_supported", vec!["RS256"]),
            ("userinfo_signing_alg_values_supported", vec!["RS256"]),
            ("request_object_signing_alg_values_supported", vec!["RS256"]),
            ("grant_types_supported", vec!["authorization_code", "implicit", "refresh_token"]),
            ("scopes_supported", vec!["openid", "profile", "email", "address", "phone", "offline_access"]),
            ("claims_supported", vec!["sub", "name", "email"]),
            ("code_challenge_methods_supported", vec!["S256"]),
        ] {
            let announced = texts(suite, list);
            assert!(demanded.iter().all(|value| announced.contains(value)), "{list}: {announced:?}");
        }
        // RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ).
        let is_scope = |scope: &&str| scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E));
        assert!(texts(suite, "scopes_supported").iter().all(is_scope));
        // BCP 47 in canonical case: no region or script here, so a language of two letters.
        let is_language = |tag: &&str| tag.len() == 2 && tag.bytes().all(|byte| byte.is_ascii_lowercase());
        assert!(texts(suite, "ui_locales_supported").iter().all(is_language));
        assert_eq!(suite.metadata["request_uri_parameter_supported"], json!(true), "the dynamic plans demand it");
        assert!(!suite.jwks["keys"].as_array().unwrap().is_empty());
    })
    .await;
}

#[actix_web::test]
async fn rp_initiated_logout_discovery_endpoint_verification() {
    with_a_server(async |suite| {
        endpoints_are_https(suite);
        suite.endpoint("end_session_endpoint");
    })
    .await;
}

async fn logout_is_announced(channel: &'static str) {
    with_a_server(async |suite| {
        endpoints_are_https(suite);
        suite.endpoint("end_session_endpoint");
        for member in ["supported", "session_supported"] {
            assert_eq!(suite.metadata[format!("{channel}_logout_{member}")], true);
        }
    })
    .await;
}

#[actix_web::test]
async fn frontchannel_logout_discovery_endpoint_verification() {
    logout_is_announced("frontchannel").await;
}

#[actix_web::test]
async fn backchannel_logout_discovery_endpoint_verification() {
    logout_is_announced("backchannel").await;
}

/// What `suite.rs` switches on is what the profile switches on, for which the suite itself was run.
#[actix_web::test]
async fn the_settings_are_those_of_the_profile() {
    let file = include_str!("../../../../../docs/conformance/countersign.toml");
    let section = |name: &str| {
        let section = file.split(&format!("[{name}]\n")).nth(1).unwrap().split("\n[").next().unwrap().to_owned();
        section.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let openid = section("openid");
    let kinds: Vec<_> = ResponseType::ALL.iter().map(|kind| format!("\"{kind}\"")).collect();
    assert!(openid.contains(&format!("response_types_supported = [ {}, ]", kinds.join(", "))), "{openid}");
    assert!(openid.ends_with("request_uri_parameter_supported = true frontchannel_logout = true"), "{openid}");
    let registration =
        r#"access = "open" pkce_policy = "optional" per_address_per_hour = 0 redirect_errors = "always""#;
    assert_eq!(section("registration"), registration);
}
