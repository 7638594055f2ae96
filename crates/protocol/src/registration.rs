//! Client metadata (RFC 7591 §2, OpenID Connect Registration §2) ⇄ `Client`: the rules of both directions.
//!
//! `check` looks at every member and names every problem at once, so that a person corrects a file once. Four members are our
//! own: `consent_policy`, `pkce_policy`, `scope_claims` and `response_modes`. Members by themselves are read in
//! `registration/members.rs`, what they mean together stands in `registration/together.rs`.

pub mod dynamic;
mod members;
mod together;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::authorize::response_type::{ResponseMode, ResponseType};
use crate::client::{
    ApplicationType, Client, ConsentPolicy, GrantType, LogoutUri, PkcePolicy, RegisteredBy, ScopeClaims, SubjectType,
    TokenEndpointAuthMethod,
};
use crate::encryption::Encryption;
use crate::ids::ClientId;
use crate::redirect_uri::RegisteredRedirectUri;
use crate::signing::{MaybeSigned, SigningAlgorithm};
use crate::time::Timestamp;

pub use members::PRIVATE_MEMBERS;
use members::Problems;

macro_rules! metadata {
    ($($(#[$about:meta])* $member:ident: $type:ty,)+) => {
        /// Metadata as written by a person or a program. Values are text until `check`, so that one bad value hides no other.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct ClientMetadata {
            pub client_name: String,
            $($(#[$about])* #[serde(skip_serializing_if = "Option::is_none")] pub $member: Option<$type>,)+
        }

        /// The names of all members that mean something here.
        pub const MEMBERS: &[&str] = &["client_name", $(stringify!($member)),+];
    };
}

metadata! {
    application_type: String,
    token_endpoint_auth_method: String,
    token_endpoint_auth_signing_alg: String,
    grant_types: Vec<String>,
    response_types: Vec<String>,
    response_modes: Vec<String>,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    scope: String,
    consent_policy: String,
    pkce_policy: String,
    scope_claims: String,
    subject_type: String,
    sector_identifier_uri: String,
    id_token_signed_response_alg: String,
    id_token_encrypted_response_alg: String,
    id_token_encrypted_response_enc: String,
    userinfo_signed_response_alg: String,
    userinfo_encrypted_response_alg: String,
    userinfo_encrypted_response_enc: String,
    request_object_signing_alg: String,
    request_uris: Vec<String>,
    jwks: Value,
    jwks_uri: String,
    client_uri: String,
    logo_uri: String,
    policy_uri: String,
    tos_uri: String,
    initiate_login_uri: String,
    frontchannel_logout_uri: String,
    frontchannel_logout_session_required: bool,
    backchannel_logout_uri: String,
    backchannel_logout_session_required: bool,
    default_max_age: i64,
    require_auth_time: bool,
    default_acr_values: Vec<String>,
    contacts: Vec<String>,
    software_id: String,
    software_version: String,
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
        let client = read(self, id, now, &mut problems);
        together::check(&client, &mut problems);
        problems.none_or_all().map(|()| client)
    }
}

impl From<&Client> for ClientMetadata {
    fn from(client: &Client) -> Self {
        let uris = |uris: &[RegisteredRedirectUri]| some(uris.iter().map(|uri| uri.as_str().to_owned()).collect());
        let (frontchannel, backchannel) = (client.frontchannel_logout.as_ref(), client.backchannel_logout.as_ref());
        let alg = |encryption: Option<Encryption>| encryption.map(|it| it.alg.to_string());
        let enc = |encryption: Option<Encryption>| encryption.map(|it| it.enc.to_string());
        Self {
            client_name: client.name.clone(),
            application_type: Some(client.application_type.to_string()),
            token_endpoint_auth_method: Some(client.token_endpoint_auth_method.to_string()),
            token_endpoint_auth_signing_alg: client.token_endpoint_auth_signing_alg.map(|alg| alg.to_string()),
            grant_types: Some(client.grant_types.iter().map(ToString::to_string).collect()),
            response_types: Some(client.response_types.iter().map(ToString::to_string).collect()),
            response_modes: Some(client.response_modes.iter().map(ToString::to_string).collect()),
            redirect_uris: uris(&client.redirect_uris),
            post_logout_redirect_uris: uris(&client.post_logout_redirect_uris),
            scope: Some(client.scope.to_string()),
            consent_policy: Some(client.consent.to_string()),
            pkce_policy: Some(client.pkce.to_string()),
            scope_claims: Some(client.scope_claims.to_string()),
            subject_type: Some(client.subject_type.to_string()),
            sector_identifier_uri: client.sector_identifier_uri.clone(),
            id_token_signed_response_alg: Some(client.id_token_signed_response_alg.to_string()),
            id_token_encrypted_response_alg: alg(client.id_token_encryption),
            id_token_encrypted_response_enc: enc(client.id_token_encryption),
            userinfo_signed_response_alg: client.userinfo_signed_response_alg.map(|alg| alg.to_string()),
            userinfo_encrypted_response_alg: alg(client.userinfo_encryption),
            userinfo_encrypted_response_enc: enc(client.userinfo_encryption),
            request_object_signing_alg: client.request_object_signing_alg.map(|alg| alg.to_string()),
            request_uris: some(client.request_uris.clone()),
            jwks: client.jwks.as_deref().and_then(|jwks| serde_json::from_str(jwks).ok()),
            jwks_uri: client.jwks_uri.clone(),
            client_uri: client.client_uri.clone(),
            logo_uri: client.logo_uri.clone(),
            policy_uri: client.policy_uri.clone(),
            tos_uri: client.tos_uri.clone(),
            initiate_login_uri: client.initiate_login_uri.clone(),
            frontchannel_logout_uri: frontchannel.map(|logout| logout.uri.clone()),
            frontchannel_logout_session_required: frontchannel.map(|logout| logout.session_required),
            backchannel_logout_uri: backchannel.map(|logout| logout.uri.clone()),
            backchannel_logout_session_required: backchannel.map(|logout| logout.session_required),
            default_max_age: client.default_max_age.map(|age| age.0),
            require_auth_time: client.require_auth_time.then_some(true),
            default_acr_values: some(client.default_acr_values.clone()),
            contacts: some(client.contacts.clone()),
            software_id: client.software_id.clone(),
            software_version: client.software_version.clone(),
        }
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    if list.is_empty() { None } else { Some(list) }
}

/// Reads each member by itself. What cannot be read is noted and left at its default, so that reading goes on.
fn read(metadata: ClientMetadata, id: ClientId, now: Timestamp, problems: &mut Problems) -> Client {
    let application_type =
        problems.choice("application_type", metadata.application_type.as_deref(), ApplicationType::Web);
    let method = problems.choice(
        "token_endpoint_auth_method",
        metadata.token_endpoint_auth_method.as_deref(),
        default_method(application_type),
    );
    let response_types = problems.response_types(metadata.response_types.as_deref());
    let grant_types = problems.grant_types(metadata.grant_types.as_deref(), response_types.as_deref());
    let response_types = response_types.unwrap_or_else(|| default_response_types(&grant_types));
    Client {
        id,
        name: problems.name(metadata.client_name),
        application_type,
        token_endpoint_auth_method: method,
        response_types,
        response_modes: problems.choices("response_modes", metadata.response_modes.as_deref(), ResponseMode::ALL),
        redirect_uris: problems.redirect_uris("redirect_uris", metadata.redirect_uris, application_type),
        post_logout_redirect_uris: problems.redirect_uris(
            "post_logout_redirect_uris",
            metadata.post_logout_redirect_uris,
            application_type,
        ),
        scope: problems.scope(metadata.scope.as_deref(), &grant_types),
        grant_types,
        consent: problems.choice("consent_policy", metadata.consent_policy.as_deref(), ConsentPolicy::Ask),
        pkce: problems.choice("pkce_policy", metadata.pkce_policy.as_deref(), PkcePolicy::Required),
        scope_claims: problems.choice("scope_claims", metadata.scope_claims.as_deref(), ScopeClaims::UserInfo),
        subject_type: problems.choice("subject_type", metadata.subject_type.as_deref(), SubjectType::Public),
        sector_identifier_uri: problems.https("sector_identifier_uri", metadata.sector_identifier_uri),
        id_token_signed_response_alg: problems.choice(
            "id_token_signed_response_alg",
            metadata.id_token_signed_response_alg.as_deref(),
            MaybeSigned::Signed(SigningAlgorithm::RS256),
        ),
        id_token_encryption: problems.encryption(
            ["id_token_encrypted_response_alg", "id_token_encrypted_response_enc"],
            metadata.id_token_encrypted_response_alg.as_deref(),
            metadata.id_token_encrypted_response_enc.as_deref(),
        ),
        // Registration §2: the value none stands for an answer without a signature, as no value does.
        userinfo_signed_response_alg: problems
            .optional("userinfo_signed_response_alg", metadata.userinfo_signed_response_alg.as_deref())
            .and_then(MaybeSigned::signed),
        userinfo_encryption: problems.encryption(
            ["userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc"],
            metadata.userinfo_encrypted_response_alg.as_deref(),
            metadata.userinfo_encrypted_response_enc.as_deref(),
        ),
        request_object_signing_alg: problems
            .optional("request_object_signing_alg", metadata.request_object_signing_alg.as_deref()),
        request_uris: problems.request_uris(metadata.request_uris),
        token_endpoint_auth_signing_alg: problems
            .assertion_algorithm(method, metadata.token_endpoint_auth_signing_alg.as_deref()),
        jwks: problems.jwks(metadata.jwks),
        jwks_uri: problems.https("jwks_uri", metadata.jwks_uri),
        client_uri: problems.link("client_uri", metadata.client_uri),
        logo_uri: problems.link("logo_uri", metadata.logo_uri),
        policy_uri: problems.link("policy_uri", metadata.policy_uri),
        tos_uri: problems.link("tos_uri", metadata.tos_uri),
        initiate_login_uri: problems.link("initiate_login_uri", metadata.initiate_login_uri),
        frontchannel_logout: problems.link("frontchannel_logout_uri", metadata.frontchannel_logout_uri).map(|uri| {
            LogoutUri { uri, session_required: metadata.frontchannel_logout_session_required.unwrap_or(false) }
        }),
        backchannel_logout: problems.https("backchannel_logout_uri", metadata.backchannel_logout_uri).map(|uri| {
            LogoutUri { uri, session_required: metadata.backchannel_logout_session_required.unwrap_or(false) }
        }),
        default_max_age: problems.max_age(metadata.default_max_age),
        require_auth_time: metadata.require_auth_time.unwrap_or(false),
        default_acr_values: problems.short_texts("default_acr_values", metadata.default_acr_values),
        contacts: problems.short_texts("contacts", metadata.contacts),
        software_id: problems.short_text("software_id", metadata.software_id),
        software_version: problems.short_text("software_version", metadata.software_version),
        registered_by: RegisteredBy::Administrator,
        expires_unused_at: None,
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

/// RFC 7591 §2: "If omitted, the default is that the client will use only the "code" response type."
fn default_response_types(grant_types: &[GrantType]) -> Vec<ResponseType> {
    if grant_types.contains(&GrantType::AuthorizationCode) { vec![ResponseType::Code] } else { Vec::new() }
}

#[cfg(test)]
mod tests;
