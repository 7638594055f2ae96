//! The discovery document (OpenID Connect Discovery §3, RFC 8414 §2) and the paths that it and the route table share.
//!
//! Every list is taken from the type or table that the code itself dispatches on, so nothing is announced that is not
//! there and nothing that is there is forgotten. One struct serves both well-known addresses.

use serde::Serialize;

use crate::authorize::callback::ResponseMode;
use crate::authorize::prompt::{ACR_VALUES, PromptValue};
use crate::authorize::request::{CODE_CHALLENGE_METHODS, RESPONSE_TYPES};
use crate::claims::CLAIMS_SUPPORTED;
use crate::client::{GrantType, TokenEndpointAuthMethod};
use crate::issuer::Issuer;
use crate::signing::SigningAlgorithm;

/// Where each endpoint is, below the issuer.
pub mod paths {
    pub const AUTHORIZE: &str = "/authorize";
    pub const LOGIN: &str = "/login";
    pub const CONSENT: &str = "/consent";
    pub const LOGOUT: &str = "/logout";
    pub const TOKEN: &str = "/token";
    pub const USERINFO: &str = "/userinfo";
    pub const INTROSPECT: &str = "/introspect";
    pub const REVOKE: &str = "/revoke";
    pub const JWKS: &str = "/jwks";
    pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
    pub const OAUTH_AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
    pub const LIVEZ: &str = "/livez";
    pub const READYZ: &str = "/readyz";
}

/// What depends on the installation: everything else follows from the code.
#[derive(Clone, Debug)]
pub struct Published<'a> {
    pub issuer: &'a Issuer,
    /// The algorithms that there is an active key for.
    pub signing_algorithms: &'a [SigningAlgorithm],
    /// The scopes that may be known to everybody.
    pub scopes: Vec<String>,
    /// The languages of the pages, as BCP 47 tags.
    pub ui_locales: &'a [&'a str],
}

/// The document. Its members have the names of the registry of RFC 8414 §7.1.
#[expect(clippy::struct_excessive_bools, reason = "the document is a list of yes and no, and nobody branches on it")]
#[derive(Clone, Debug, Serialize)]
pub struct Metadata {
    pub issuer: String,
    #[serde(flatten)]
    pub endpoints: Endpoints,
    pub scopes_supported: Vec<String>,
    pub response_types_supported: &'static [&'static str],
    pub response_modes_supported: &'static [ResponseMode],
    pub grant_types_supported: &'static [GrantType],
    pub subject_types_supported: &'static [&'static str],
    pub id_token_signing_alg_values_supported: Vec<SigningAlgorithm>,
    pub token_endpoint_auth_methods_supported: &'static [TokenEndpointAuthMethod],
    pub token_endpoint_auth_signing_alg_values_supported: &'static [SigningAlgorithm],
    pub introspection_endpoint_auth_methods_supported: Vec<TokenEndpointAuthMethod>,
    pub introspection_endpoint_auth_signing_alg_values_supported: &'static [SigningAlgorithm],
    pub revocation_endpoint_auth_methods_supported: &'static [TokenEndpointAuthMethod],
    pub revocation_endpoint_auth_signing_alg_values_supported: &'static [SigningAlgorithm],
    pub code_challenge_methods_supported: &'static [&'static str],
    pub acr_values_supported: &'static [&'static str],
    pub prompt_values_supported: &'static [PromptValue],
    pub display_values_supported: &'static [&'static str],
    pub claim_types_supported: &'static [&'static str],
    pub claims_supported: &'static [&'static str],
    pub ui_locales_supported: Vec<String>,
    pub claims_parameter_supported: bool,
    pub request_parameter_supported: bool,
    pub request_uri_parameter_supported: bool,
    pub authorization_response_iss_parameter_supported: bool,
}

/// The addresses in the document.
#[derive(Clone, Debug, Serialize)]
pub struct Endpoints {
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub userinfo_endpoint: String,
    pub jwks_uri: String,
    pub introspection_endpoint: String,
    pub revocation_endpoint: String,
    pub end_session_endpoint: String,
}

impl Metadata {
    pub fn of(published: &Published) -> Self {
        let issuer = published.issuer;
        let signing: Vec<_> = in_preference(published.signing_algorithms);
        Self {
            // Discovery §4.3: "The issuer value returned MUST be identical to the Issuer URL that was used as the
            // prefix".
            issuer: issuer.as_str().to_owned(),
            endpoints: Endpoints::of(issuer),
            // Discovery §3: "The server MUST support the openid scope value."
            scopes_supported: published.scopes.clone(),
            response_types_supported: RESPONSE_TYPES,
            response_modes_supported: ResponseMode::ALL,
            grant_types_supported: GrantType::ALL,
            subject_types_supported: &["public"],
            // Discovery §3: "The algorithm RS256 MUST be included."
            id_token_signing_alg_values_supported: signing,
            token_endpoint_auth_methods_supported: TokenEndpointAuthMethod::ALL,
            // Discovery §3, of the same member for the token endpoint: "The value none MUST NOT be used."
            token_endpoint_auth_signing_alg_values_supported: SigningAlgorithm::ALL,
            introspection_endpoint_auth_methods_supported: confidential_methods(),
            introspection_endpoint_auth_signing_alg_values_supported: SigningAlgorithm::ALL,
            revocation_endpoint_auth_methods_supported: TokenEndpointAuthMethod::ALL,
            revocation_endpoint_auth_signing_alg_values_supported: SigningAlgorithm::ALL,
            code_challenge_methods_supported: CODE_CHALLENGE_METHODS,
            acr_values_supported: ACR_VALUES,
            prompt_values_supported: PromptValue::ALL,
            display_values_supported: &["page"],
            claim_types_supported: &["normal"],
            claims_supported: CLAIMS_SUPPORTED,
            ui_locales_supported: published.ui_locales.iter().map(|&tag| tag.to_owned()).collect(),
            claims_parameter_supported: true,
            request_parameter_supported: false,
            // Discovery §3: "If omitted, the default value is true", so it is said.
            request_uri_parameter_supported: false,
            // RFC 9207 §2.3: "The server MUST indicate its support for the iss parameter by setting the metadata
            // parameter authorization_response_iss_parameter_supported, defined in Section 3, to true."
            authorization_response_iss_parameter_supported: true,
        }
    }
}

impl Endpoints {
    fn of(issuer: &Issuer) -> Self {
        Self {
            authorization_endpoint: issuer.endpoint(paths::AUTHORIZE),
            token_endpoint: issuer.endpoint(paths::TOKEN),
            userinfo_endpoint: issuer.endpoint(paths::USERINFO),
            jwks_uri: issuer.endpoint(paths::JWKS),
            introspection_endpoint: issuer.endpoint(paths::INTROSPECT),
            revocation_endpoint: issuer.endpoint(paths::REVOKE),
            end_session_endpoint: issuer.endpoint(paths::LOGOUT),
        }
    }
}

/// RFC 7662 §2.1: "To prevent token scanning attacks, the endpoint MUST also require some form of authorization".
fn confidential_methods() -> Vec<TokenEndpointAuthMethod> {
    TokenEndpointAuthMethod::ALL.iter().copied().filter(|method| *method != TokenEndpointAuthMethod::None).collect()
}

fn in_preference(active: &[SigningAlgorithm]) -> Vec<SigningAlgorithm> {
    SigningAlgorithm::ALL.iter().copied().filter(|algorithm| active.contains(algorithm)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn document(signing_algorithms: &[SigningAlgorithm]) -> Value {
        let issuer = Issuer::parse("https://issuer.example/tenant").expect("is an issuer");
        let scopes = vec!["openid".to_owned(), "notes:read".to_owned()];
        let published = Published { issuer: &issuer, signing_algorithms, scopes, ui_locales: &["en", "de"] };
        serde_json::to_value(Metadata::of(&published)).expect("is plain data")
    }

    #[test]
    fn every_address_begins_with_the_issuer() {
        let document = document(&[SigningAlgorithm::RS256]);
        assert_eq!(document["issuer"], "https://issuer.example/tenant");
        let members = document.as_object().expect("is an object");
        let addresses: Vec<_> =
            members.iter().filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri").collect();
        assert_eq!(addresses.len(), 7);
        for (name, address) in addresses {
            assert!(address.as_str().is_some_and(|uri| uri.starts_with("https://issuer.example/tenant/")), "{name}");
        }
        assert_eq!(document["end_session_endpoint"], "https://issuer.example/tenant/logout");
    }

    #[test]
    fn exactly_what_exists_is_announced() {
        let document = document(&[SigningAlgorithm::ES256, SigningAlgorithm::RS256]);
        let methods = json!(["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]);
        let confidential = json!(["client_secret_basic", "client_secret_post", "private_key_jwt"]);
        for (name, expected) in [
            ("scopes_supported", json!(["openid", "notes:read"])),
            ("response_types_supported", json!(["code"])),
            ("response_modes_supported", json!(["query", "fragment", "form_post"])),
            ("grant_types_supported", json!(["authorization_code", "refresh_token", "client_credentials"])),
            ("subject_types_supported", json!(["public"])),
            ("id_token_signing_alg_values_supported", json!(["RS256", "ES256"])),
            ("token_endpoint_auth_methods_supported", methods.clone()),
            ("token_endpoint_auth_signing_alg_values_supported", json!(["RS256", "PS256", "ES256", "EdDSA"])),
            ("introspection_endpoint_auth_methods_supported", confidential),
            ("revocation_endpoint_auth_methods_supported", methods),
            ("code_challenge_methods_supported", json!(["S256"])),
            ("acr_values_supported", json!(["1"])),
            ("prompt_values_supported", json!(["none", "login", "consent", "select_account"])),
            ("display_values_supported", json!(["page"])),
            ("claim_types_supported", json!(["normal"])),
            ("ui_locales_supported", json!(["en", "de"])),
            ("claims_parameter_supported", json!(true)),
            ("request_parameter_supported", json!(false)),
            ("request_uri_parameter_supported", json!(false)),
            ("authorization_response_iss_parameter_supported", json!(true)),
        ] {
            assert_eq!(document[name], expected, "{name}");
        }
    }

    #[test]
    fn no_weak_algorithm_is_announced_anywhere() {
        let text = document(SigningAlgorithm::ALL).to_string();
        for weak in ["\"HS256\"", "\"plain\"", "\"token\"", "\"implicit\"", "\"password\"", "null"] {
            assert!(!text.contains(weak), "{weak}");
        }
    }

    #[test]
    fn the_document_stays_small() {
        assert!(document(SigningAlgorithm::ALL).to_string().len() < 6 * 1024);
    }
}
