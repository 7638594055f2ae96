//! The discovery document (OpenID Connect Discovery §3, RFC 8414 §2) and the paths that it and the route table share.
//!
//! Every list is taken from the type or table that the code itself dispatches on, so nothing is announced that is not
//! there and nothing that is there is forgotten. One struct serves both well-known addresses.

use serde::Serialize;

use crate::authorize::prompt::PromptValue;
use crate::authorize::request::CODE_CHALLENGE_METHODS;
use crate::authorize::response_type::{ResponseMode, ResponseType};
use crate::claims::CLAIMS_SUPPORTED;
use crate::client::{GrantType, SubjectType, TokenEndpointAuthMethod};
use crate::encryption::{ContentEncryption, KeyManagementAlgorithm};
use crate::feature::Feature;
use crate::issuer::Issuer;
use crate::login::Level;
use crate::signing::{AssertionAlgorithm, MaybeSigned, SigningAlgorithm};

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
    pub const REGISTER: &str = "/register";
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
    pub response_types: &'a [ResponseType],
    /// What is off unless the installation switches it on.
    pub features: &'a [Feature],
}

/// The document. Its members have the names of the registry of RFC 8414 §7.1.
#[expect(clippy::struct_excessive_bools, reason = "the document is a list of yes and no, and nobody branches on it")]
#[derive(Clone, Debug, Serialize)]
pub struct Metadata {
    pub issuer: String,
    #[serde(flatten)]
    pub endpoints: Endpoints,
    pub scopes_supported: Vec<String>,
    pub response_types_supported: Vec<ResponseType>,
    pub response_modes_supported: &'static [ResponseMode],
    pub grant_types_supported: Vec<GrantType>,
    pub subject_types_supported: &'static [SubjectType],
    #[serde(flatten)]
    pub algorithms: Algorithms,
    pub token_endpoint_auth_methods_supported: &'static [TokenEndpointAuthMethod],
    pub introspection_endpoint_auth_methods_supported: Vec<TokenEndpointAuthMethod>,
    pub revocation_endpoint_auth_methods_supported: &'static [TokenEndpointAuthMethod],
    pub code_challenge_methods_supported: &'static [&'static str],
    pub acr_values_supported: &'static [Level],
    pub prompt_values_supported: Vec<PromptValue>,
    pub display_values_supported: &'static [&'static str],
    pub claim_types_supported: &'static [&'static str],
    pub claims_supported: &'static [&'static str],
    pub ui_locales_supported: Vec<String>,
    pub claims_parameter_supported: bool,
    pub request_parameter_supported: bool,
    pub request_uri_parameter_supported: bool,
    pub require_request_uri_registration: bool,
    pub authorization_response_iss_parameter_supported: bool,
    pub frontchannel_logout_supported: bool,
    pub frontchannel_logout_session_supported: bool,
    pub backchannel_logout_supported: bool,
    pub backchannel_logout_session_supported: bool,
}

/// The addresses in the document.
#[derive(Clone, Debug, Serialize)]
pub struct Endpoints {
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub userinfo_endpoint: String,
    pub jwks_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<String>,
    pub introspection_endpoint: String,
    pub revocation_endpoint: String,
    pub end_session_endpoint: String,
}

/// What answers may be signed and encrypted with, and what clients may sign with.
#[derive(Clone, Debug, Serialize)]
pub struct Algorithms {
    pub id_token_signing_alg_values_supported: Vec<MaybeSigned>,
    pub id_token_encryption_alg_values_supported: &'static [KeyManagementAlgorithm],
    pub id_token_encryption_enc_values_supported: &'static [ContentEncryption],
    pub userinfo_signing_alg_values_supported: Vec<MaybeSigned>,
    pub userinfo_encryption_alg_values_supported: &'static [KeyManagementAlgorithm],
    pub userinfo_encryption_enc_values_supported: &'static [ContentEncryption],
    pub request_object_signing_alg_values_supported: Vec<MaybeSigned>,
    pub token_endpoint_auth_signing_alg_values_supported: &'static [AssertionAlgorithm],
    pub introspection_endpoint_auth_signing_alg_values_supported: &'static [AssertionAlgorithm],
    pub revocation_endpoint_auth_signing_alg_values_supported: &'static [AssertionAlgorithm],
}

impl Metadata {
    pub fn of(published: &Published) -> Self {
        let issuer = published.issuer;
        let on = |feature| published.features.contains(&feature);
        Self {
            // Discovery §4.3: "The issuer value returned MUST be identical to the Issuer URL that was used as the
            // prefix".
            issuer: issuer.as_str().to_owned(),
            endpoints: Endpoints::of(published),
            // Discovery §3: "The server MUST support the openid scope value."
            scopes_supported: published.scopes.clone(),
            response_types_supported: published.response_types.to_vec(),
            response_modes_supported: ResponseMode::ALL,
            grant_types_supported: grant_types(published.response_types),
            subject_types_supported: SubjectType::ALL,
            algorithms: Algorithms::of(published),
            token_endpoint_auth_methods_supported: TokenEndpointAuthMethod::ALL,
            introspection_endpoint_auth_methods_supported: confidential_methods(),
            revocation_endpoint_auth_methods_supported: TokenEndpointAuthMethod::ALL,
            code_challenge_methods_supported: CODE_CHALLENGE_METHODS,
            acr_values_supported: Level::ALL,
            prompt_values_supported: prompt_values(published),
            display_values_supported: &["page"],
            claim_types_supported: &["normal"],
            claims_supported: CLAIMS_SUPPORTED,
            ui_locales_supported: published.ui_locales.iter().map(|&tag| tag.to_owned()).collect(),
            claims_parameter_supported: true,
            request_parameter_supported: true,
            // Discovery §3: "If omitted, the default value is true", so it is said.
            request_uri_parameter_supported: on(Feature::RequestUri),
            require_request_uri_registration: on(Feature::RequestUri),
            // RFC 9207 §2.3: "The server MUST indicate its support for the iss parameter by setting the metadata
            // parameter authorization_response_iss_parameter_supported, defined in Section 3, to true."
            authorization_response_iss_parameter_supported: true,
            frontchannel_logout_supported: on(Feature::FrontchannelLogout),
            frontchannel_logout_session_supported: on(Feature::FrontchannelLogout),
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
        }
    }
}

impl Endpoints {
    fn of(published: &Published) -> Self {
        let issuer = published.issuer;
        let registers = published.features.contains(&Feature::Registration);
        Self {
            authorization_endpoint: issuer.endpoint(paths::AUTHORIZE),
            token_endpoint: issuer.endpoint(paths::TOKEN),
            userinfo_endpoint: issuer.endpoint(paths::USERINFO),
            jwks_uri: issuer.endpoint(paths::JWKS),
            registration_endpoint: registers.then(|| issuer.endpoint(paths::REGISTER)),
            introspection_endpoint: issuer.endpoint(paths::INTROSPECT),
            revocation_endpoint: issuer.endpoint(paths::REVOKE),
            end_session_endpoint: issuer.endpoint(paths::LOGOUT),
        }
    }
}

impl Algorithms {
    fn of(published: &Published) -> Self {
        let ours = in_preference(published.signing_algorithms);
        let with_none = |algorithms: &[SigningAlgorithm], none| {
            signed(algorithms).chain(published.features.contains(&none).then_some(MaybeSigned::Unsigned)).collect()
        };
        Self {
            // Discovery §3: "The algorithm RS256 MUST be included."
            id_token_signing_alg_values_supported: with_none(&ours, Feature::UnsignedIdTokens),
            id_token_encryption_alg_values_supported: KeyManagementAlgorithm::ALL,
            id_token_encryption_enc_values_supported: ContentEncryption::ALL,
            // Discovery §3: "The value none MAY be included." It stands for plain JSON, which is always there.
            userinfo_signing_alg_values_supported: signed(&ours).chain([MaybeSigned::Unsigned]).collect(),
            userinfo_encryption_alg_values_supported: KeyManagementAlgorithm::ALL,
            userinfo_encryption_enc_values_supported: ContentEncryption::ALL,
            request_object_signing_alg_values_supported: with_none(
                SigningAlgorithm::ALL,
                Feature::UnsignedRequestObjects,
            ),
            // Discovery §3, of the same member for the token endpoint: "The value none MUST NOT be used."
            token_endpoint_auth_signing_alg_values_supported: AssertionAlgorithm::ALL,
            introspection_endpoint_auth_signing_alg_values_supported: AssertionAlgorithm::ALL,
            revocation_endpoint_auth_signing_alg_values_supported: AssertionAlgorithm::ALL,
        }
    }
}

/// Discovery §3: without the list clients take `authorization_code` and `implicit` for granted, so it is said.
/// Initiating User Registration §4: `create` is announced where people can sign up.
fn prompt_values(published: &Published) -> Vec<PromptValue> {
    let signs_up = published.features.contains(&Feature::SignUp);
    PromptValue::ALL.iter().copied().filter(|value| *value != PromptValue::Create || signs_up).collect()
}

fn grant_types(response_types: &[ResponseType]) -> Vec<GrantType> {
    let implicit = response_types.iter().any(|kind| kind.has_id_token() || kind.has_token());
    let is_on = |grant: &GrantType| implicit || *grant != GrantType::Implicit;
    GrantType::ALL.iter().copied().filter(is_on).collect()
}

/// RFC 7662 §2.1: "To prevent token scanning attacks, the endpoint MUST also require some form of authorization".
fn confidential_methods() -> Vec<TokenEndpointAuthMethod> {
    TokenEndpointAuthMethod::ALL.iter().copied().filter(|method| *method != TokenEndpointAuthMethod::None).collect()
}

fn signed(algorithms: &[SigningAlgorithm]) -> impl Iterator<Item = MaybeSigned> {
    algorithms.iter().copied().map(MaybeSigned::Signed)
}

fn in_preference(active: &[SigningAlgorithm]) -> Vec<SigningAlgorithm> {
    SigningAlgorithm::ALL.iter().copied().filter(|algorithm| active.contains(algorithm)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const EVERYTHING: &[Feature] = &[
        Feature::Registration,
        Feature::RequestUri,
        Feature::UnsignedRequestObjects,
        Feature::UnsignedIdTokens,
        Feature::FrontchannelLogout,
    ];

    /// With nothing switched on that is off by default.
    fn document(signing_algorithms: &[SigningAlgorithm]) -> Value {
        with(signing_algorithms, &[ResponseType::Code], &[])
    }

    fn with(signing_algorithms: &[SigningAlgorithm], response_types: &[ResponseType], features: &[Feature]) -> Value {
        let issuer = Issuer::parse("https://issuer.example/tenant").expect("is an issuer");
        let scopes = vec!["openid".to_owned(), "notes:read".to_owned()];
        let ui_locales = &["en", "de"];
        let published = Published { issuer: &issuer, signing_algorithms, scopes, ui_locales, response_types, features };
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
        let confidential = json!(["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"]);
        let mut methods = confidential.clone();
        methods.as_array_mut().expect("is a list").insert(0, json!("none"));
        let assertions = json!(["RS256", "PS256", "ES256", "ES384", "EdDSA", "HS256", "HS384", "HS512"]);
        for (name, expected) in [
            ("scopes_supported", json!(["openid", "notes:read"])),
            ("response_types_supported", json!(["code"])),
            ("response_modes_supported", json!(["query", "fragment", "form_post"])),
            ("grant_types_supported", json!(["authorization_code", "refresh_token", "client_credentials"])),
            ("subject_types_supported", json!(["public", "pairwise"])),
            ("id_token_signing_alg_values_supported", json!(["RS256", "ES256"])),
            ("userinfo_signing_alg_values_supported", json!(["RS256", "ES256", "none"])),
            ("request_object_signing_alg_values_supported", json!(["RS256", "PS256", "ES256", "ES384", "EdDSA"])),
            ("id_token_encryption_alg_values_supported", json!(["RSA-OAEP-256", "ECDH-ES"])),
            ("token_endpoint_auth_methods_supported", methods.clone()),
            ("token_endpoint_auth_signing_alg_values_supported", assertions),
            ("introspection_endpoint_auth_methods_supported", confidential),
            ("revocation_endpoint_auth_methods_supported", methods),
            ("code_challenge_methods_supported", json!(["S256"])),
            ("acr_values_supported", json!(["1", "2"])),
            ("prompt_values_supported", json!(["none", "login", "consent", "select_account"])),
            ("display_values_supported", json!(["page"])),
            ("claim_types_supported", json!(["normal"])),
            ("ui_locales_supported", json!(["en", "de"])),
            ("claims_parameter_supported", json!(true)),
            ("request_parameter_supported", json!(true)),
            ("request_uri_parameter_supported", json!(false)),
            ("require_request_uri_registration", json!(false)),
            ("frontchannel_logout_supported", json!(false)),
            ("frontchannel_logout_session_supported", json!(false)),
            ("backchannel_logout_supported", json!(true)),
            ("backchannel_logout_session_supported", json!(true)),
            ("authorization_response_iss_parameter_supported", json!(true)),
        ] {
            assert_eq!(document[name], expected, "{name}");
        }
    }

    #[test]
    fn what_is_switched_on_is_announced() {
        let document = with(&[SigningAlgorithm::RS256], ResponseType::ALL, EVERYTHING);
        assert_eq!(document["registration_endpoint"], "https://issuer.example/tenant/register");
        assert_eq!(document["response_types_supported"], json!(ResponseType::ALL));
        assert_eq!(document["grant_types_supported"], json!(GrantType::ALL));
        assert_eq!(document["id_token_signing_alg_values_supported"], json!(["RS256", "none"]));
        assert_eq!(document["request_object_signing_alg_values_supported"], json!(MaybeSigned::ALL));
        for name in [
            "request_uri_parameter_supported",
            "require_request_uri_registration",
            "frontchannel_logout_supported",
            "frontchannel_logout_session_supported",
        ] {
            assert_eq!(document[name], json!(true), "{name}");
        }
    }

    #[test]
    fn no_weak_algorithm_is_announced_anywhere() {
        let text = document(SigningAlgorithm::ALL).to_string();
        for weak in
            ["\"RSA1_5\"", "\"plain\"", "\"token\"", "\"implicit\"", "\"password\"", "null", "registration_endpoint"]
        {
            assert!(!text.contains(weak), "{weak}");
        }
        let mut document = document(SigningAlgorithm::ALL);
        for name in ["token", "introspection", "revocation"] {
            document[format!("{name}_endpoint_auth_signing_alg_values_supported")] = json!([]);
        }
        // There it stands for JSON without a signature over TLS, not for an unsigned JWT.
        let userinfo = document["userinfo_signing_alg_values_supported"].as_array_mut().expect("is a list");
        assert_eq!(userinfo.pop(), Some(json!("none")));
        let methods =
            document.to_string().replace("\"none\",\"client_secret_basic\"", "").replace("[\"none\",\"login\"", "");
        for weak in ["\"HS256\"", "\"none\""] {
            assert!(!methods.contains(weak), "{weak}");
        }
    }

    #[test]
    fn the_document_stays_small() {
        let largest = with(SigningAlgorithm::ALL, ResponseType::ALL, EVERYTHING);
        assert!(largest.to_string().len() < 6 * 1024);
    }
}
