//! Client metadata (RFC 7591 §2, OpenID Connect Registration §2) ⇄ `Client`: the rules of both directions.
//!
//! `check` looks at every member and names every problem at once, so that a person corrects a file once. Three members are our
//! own: `consent_policy`, `pkce_policy` and `scope_claims`.

mod members;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::{
    ApplicationType, Client, ConsentPolicy, GrantType, PkcePolicy, ScopeClaims, TokenEndpointAuthMethod,
};
use crate::ids::ClientId;
use crate::redirect_uri::RegisteredRedirectUri;
use crate::signing::SigningAlgorithm;
use crate::time::Timestamp;

pub use members::PRIVATE_MEMBERS;
use members::Problems;

/// Metadata as written by a person or a program. Values are text until `check`, so that one bad value hides no other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientMetadata {
    pub client_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pkce_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_claims: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<i64>,
}

/// One member that cannot stay as it is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub member: &'static str,
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.member, self.reason)
    }
}

impl ClientMetadata {
    /// The client that this metadata describes, or everything that is wrong with it.
    pub fn check(self, id: ClientId, now: Timestamp) -> Result<Client, Vec<Problem>> {
        let mut problems = Problems::default();
        let response_types = self.response_types.clone();
        let client = read(self, id, now, &mut problems);
        check_response_types(response_types.as_deref(), &client, &mut problems);
        check_contradictions(&client, &mut problems);
        problems.none_or_all().map(|()| client)
    }
}

impl From<&Client> for ClientMetadata {
    fn from(client: &Client) -> Self {
        let texts = |uris: &[RegisteredRedirectUri]| uris.iter().map(|uri| uri.as_str().to_owned()).collect();
        let response_types = if client.allows(GrantType::AuthorizationCode) { vec!["code".to_owned()] } else { vec![] };
        Self {
            client_name: client.name.clone(),
            application_type: Some(client.application_type.to_string()),
            token_endpoint_auth_method: Some(client.token_endpoint_auth_method.to_string()),
            grant_types: Some(client.grant_types.iter().map(ToString::to_string).collect()),
            response_types: Some(response_types),
            redirect_uris: texts(&client.redirect_uris),
            post_logout_redirect_uris: texts(&client.post_logout_redirect_uris),
            scope: Some(client.scope.to_string()),
            consent_policy: Some(client.consent.to_string()),
            pkce_policy: Some(client.pkce.to_string()),
            scope_claims: Some(client.scope_claims.to_string()),
            id_token_signed_response_alg: Some(client.id_token_signed_response_alg.to_string()),
            jwks: client.jwks.as_deref().and_then(|jwks| serde_json::from_str(jwks).ok()),
            client_uri: client.client_uri.clone(),
            logo_uri: client.logo_uri.clone(),
            policy_uri: client.policy_uri.clone(),
            tos_uri: client.tos_uri.clone(),
            initiate_login_uri: client.initiate_login_uri.clone(),
            default_max_age: client.default_max_age.map(|age| age.0),
        }
    }
}

/// Reads each member by itself. What cannot be read is noted and left at its default, so that reading goes on.
fn read(metadata: ClientMetadata, id: ClientId, now: Timestamp, problems: &mut Problems) -> Client {
    let application_type =
        problems.choice("application_type", metadata.application_type.as_deref(), ApplicationType::Web);
    let method = metadata.token_endpoint_auth_method.as_deref();
    let logout_uris = &metadata.post_logout_redirect_uris;
    let alg = metadata.id_token_signed_response_alg.as_deref();
    let grant_types = problems.grant_types(metadata.grant_types.as_deref());
    Client {
        id,
        name: problems.name(metadata.client_name),
        application_type,
        token_endpoint_auth_method: problems.choice(
            "token_endpoint_auth_method",
            method,
            default_method(application_type),
        ),
        redirect_uris: problems.redirect_uris("redirect_uris", &metadata.redirect_uris, application_type),
        post_logout_redirect_uris: problems.redirect_uris("post_logout_redirect_uris", logout_uris, application_type),
        scope: problems.scope(metadata.scope.as_deref(), &grant_types),
        grant_types,
        consent: problems.choice("consent_policy", metadata.consent_policy.as_deref(), ConsentPolicy::Ask),
        pkce: problems.choice("pkce_policy", metadata.pkce_policy.as_deref(), PkcePolicy::Required),
        scope_claims: problems.choice("scope_claims", metadata.scope_claims.as_deref(), ScopeClaims::UserInfo),
        id_token_signed_response_alg: problems.choice("id_token_signed_response_alg", alg, SigningAlgorithm::RS256),
        jwks: problems.jwks(metadata.jwks),
        client_uri: problems.link("client_uri", metadata.client_uri),
        logo_uri: problems.link("logo_uri", metadata.logo_uri),
        policy_uri: problems.link("policy_uri", metadata.policy_uri),
        tos_uri: problems.link("tos_uri", metadata.tos_uri),
        initiate_login_uri: problems.link("initiate_login_uri", metadata.initiate_login_uri),
        default_max_age: problems.max_age(metadata.default_max_age),
        created_at: now,
        disabled_at: None,
    }
}

/// RFC 7591 §2 makes `client_secret_basic` the default; a native client cannot keep that secret (RFC 8252 §8.5).
fn default_method(application_type: ApplicationType) -> TokenEndpointAuthMethod {
    match application_type {
        ApplicationType::Web => TokenEndpointAuthMethod::ClientSecretBasic,
        ApplicationType::Native => TokenEndpointAuthMethod::None,
    }
}

/// RFC 7591 §2.1: `code` and `authorization_code` come together or not at all. There is no other response type here.
fn check_response_types(response_types: Option<&[String]>, client: &Client, problems: &mut Problems) {
    let Some(response_types) = response_types else { return };
    if response_types.iter().any(|name| name != "code") {
        problems.add("response_types", "code is the only response type");
        return;
    }
    let is_half = response_types.is_empty() == client.allows(GrantType::AuthorizationCode);
    if is_half && !problems.holds("grant_types") {
        problems.add("response_types", "code belongs to the authorization_code grant: name both or neither");
    }
}

/// Members that are sound by themselves and impossible together.
fn check_contradictions(client: &Client, problems: &mut Problems) {
    let has_none = client.redirect_uris.is_empty() && !problems.holds("redirect_uris");
    if client.allows(GrantType::AuthorizationCode) && has_none {
        problems.add("redirect_uris", "the authorization_code grant needs at least one");
    }
    if client.allows(GrantType::RefreshToken) && !client.allows(GrantType::AuthorizationCode) {
        problems.add("grant_types", "refresh_token needs authorization_code beside it");
    }
    // RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients."
    if client.allows(GrantType::ClientCredentials) && !client.is_confidential() {
        problems.add("grant_types", "client_credentials needs a client that proves itself");
    }
    // RFC 9700 §2.1.1: "Public clients MUST use PKCE".
    if client.pkce == PkcePolicy::Optional && !client.is_confidential() {
        problems.add("pkce_policy", "a client without credentials must use PKCE");
    }
    match (client.application_type, client.token_endpoint_auth_method) {
        // RFC 8252 §8.5: secrets that are shipped to many people are no secrets.
        (
            ApplicationType::Native,
            TokenEndpointAuthMethod::ClientSecretBasic | TokenEndpointAuthMethod::ClientSecretPost,
        ) => problems.add("token_endpoint_auth_method", "a native client cannot keep a secret; use none"),
        (_, TokenEndpointAuthMethod::PrivateKeyJwt) if client.jwks.is_none() => {
            problems.add("jwks", "private_key_jwt needs the public keys of the client");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    #[test]
    fn defaults_are_those_of_the_rfc() {
        let client = check(web(json!({}))).expect("is sound");
        assert_eq!(client.application_type, ApplicationType::Web);
        assert_eq!(client.token_endpoint_auth_method, TokenEndpointAuthMethod::ClientSecretBasic);
        assert_eq!(client.grant_types, [GrantType::AuthorizationCode]);
        assert_eq!(client.id_token_signed_response_alg, SigningAlgorithm::RS256);
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
            "application_type",
            "grant_types",
            "client_name",
            "redirect_uris",
            "redirect_uris",
            "scope",
            "logo_uri",
            "default_max_age",
            "response_types",
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
            (json!({ "id_token_signed_response_alg": "none" }), "id_token_signed_response_alg"),
        ] {
            assert_eq!(members(web(extra.clone())), [member], "{extra}");
        }
    }

    #[test]
    fn a_machine_needs_no_redirect_uri() {
        let client =
            check(json!({ "client_name": "Job", "grant_types": ["client_credentials"], "scope": "notes:read" }));
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
            grants in proptest::sample::subsequence(GrantType::ALL, 1..=3),
            paths in proptest::collection::btree_set("[a-z]{1,5}", 1..4),
            age in proptest::option::of(0i64..1000),
        ) {
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
                "jwks": { "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "AA" }] },
                "client_uri": "https://notes.example",
                "default_max_age": age,
            });
            if let Ok(client) = check(metadata) {
                let again = ClientMetadata::from(&client).check(client.id.clone(), client.created_at);
                prop_assert_eq!(again, Ok(client));
            }
        }
    }
}
