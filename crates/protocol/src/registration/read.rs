//! From client metadata to a client, topic by topic. What cannot be read is noted and left at its default, so that reading goes on.

use super::ClientMetadata;
use super::members::Problems;
use crate::authorize::response_type::{ResponseMode, ResponseType};
use crate::client::{
    ApplicationType, Client, ConsentPolicy, GrantType, LogoutUri, PkcePolicy, RegisteredBy, ScopeClaims, SubjectType,
    TokenEndpointAuthMethod,
};
use crate::ids::ClientId;
use crate::scope::Scope;
use crate::signing::{MaybeSigned, SigningAlgorithm};
use crate::time::Timestamp;

/// Reads each member by itself.
pub(super) fn client(mut metadata: ClientMetadata, id: ClientId, now: Timestamp, problems: &mut Problems) -> Client {
    let mut client = bare(id, now);
    let all = &mut metadata;
    read_kind(&mut client, all, problems);
    read_flow(&mut client, all, problems);
    read_keys(&mut client, all, problems);
    read_id_token(&mut client, all, problems);
    read_userinfo(&mut client, all, problems);
    read_requests(&mut client, all, problems);
    read_links(&mut client, all, problems);
    read_logout(&mut client, all, problems);
    read_software(&mut client, all, problems);
    client
}

/// A client of which nothing is said: what the defaults of the members are, or nothing.
fn bare(id: ClientId, now: Timestamp) -> Client {
    Client {
        id,
        name: String::new(),
        application_type: ApplicationType::Web,
        token_endpoint_auth_method: TokenEndpointAuthMethod::ClientSecretBasic,
        token_endpoint_auth_signing_alg: None,
        response_types: Vec::new(),
        response_modes: Vec::new(),
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        scope: Scope::empty(),
        grant_types: Vec::new(),
        consent: ConsentPolicy::Ask,
        pkce: PkcePolicy::Required,
        scope_claims: ScopeClaims::UserInfo,
        subject_type: SubjectType::Public,
        sector_identifier_uri: None,
        id_token_signed_response_alg: MaybeSigned::Signed(SigningAlgorithm::RS256),
        id_token_encryption: None,
        userinfo_signed_response_alg: None,
        userinfo_encryption: None,
        request_object_signing_alg: None,
        request_uris: Vec::new(),
        jwks: None,
        jwks_uri: None,
        client_uri: None,
        logo_uri: None,
        policy_uri: None,
        tos_uri: None,
        initiate_login_uri: None,
        frontchannel_logout: None,
        backchannel_logout: None,
        default_max_age: None,
        require_auth_time: false,
        default_acr_values: Vec::new(),
        minimum_acr: None,
        password_check_scope: None,
        contacts: Vec::new(),
        software_id: None,
        software_version: None,
        registered_by: RegisteredBy::Administrator,
        expires_unused_at: None,
        created_at: now,
        disabled_at: None,
    }
}

/// What it is, and how it is treated.
fn read_kind(client: &mut Client, metadata: &mut ClientMetadata, problems: &mut Problems) {
    client.name = problems.name(std::mem::take(&mut metadata.client_name));
    let kind = metadata.application_type.as_deref();
    client.application_type = problems.choice("application_type", kind, client.application_type);
    client.consent = problems.choice("consent_policy", metadata.consent_policy.as_deref(), client.consent);
    client.pkce = problems.choice("pkce_policy", metadata.pkce_policy.as_deref(), client.pkce);
    client.scope_claims = problems.choice("scope_claims", metadata.scope_claims.as_deref(), client.scope_claims);
    client.subject_type = problems.choice("subject_type", metadata.subject_type.as_deref(), client.subject_type);
    client.sector_identifier_uri = problems.https("sector_identifier_uri", metadata.sector_identifier_uri.take());
}

/// What it may ask for, and where the answers go.
fn read_flow(client: &mut Client, metadata: &mut ClientMetadata, problems: &mut Problems) {
    let response_types = problems.response_types(metadata.response_types.as_deref());
    client.grant_types = problems.grant_types(metadata.grant_types.as_deref(), response_types.as_deref());
    client.response_types = response_types.unwrap_or_else(|| default_response_types(&client.grant_types));
    let modes = metadata.response_modes.as_deref();
    client.response_modes = problems.choices("response_modes", modes, ResponseMode::ALL);
    client.scope = problems.scope(metadata.scope.as_deref(), &client.grant_types);
    client.password_check_scope = problems.password_check_scope(metadata.password_check_scope.as_deref());
    let kind = client.application_type;
    client.redirect_uris = problems.redirect_uris("redirect_uris", metadata.redirect_uris.take(), kind);
    let after_logout = metadata.post_logout_redirect_uris.take();
    client.post_logout_redirect_uris = problems.redirect_uris("post_logout_redirect_uris", after_logout, kind);
}

/// How it proves itself.
fn read_keys(client: &mut Client, metadata: &mut ClientMetadata, problems: &mut Problems) {
    let (method, default) = (metadata.token_endpoint_auth_method.as_deref(), default_method(client.application_type));
    client.token_endpoint_auth_method = problems.choice("token_endpoint_auth_method", method, default);
    let alg = metadata.token_endpoint_auth_signing_alg.as_deref();
    client.token_endpoint_auth_signing_alg = problems.assertion_algorithm(client.token_endpoint_auth_method, alg);
    client.jwks = problems.jwks(metadata.jwks.take());
    client.jwks_uri = problems.https("jwks_uri", metadata.jwks_uri.take());
}

fn read_id_token(client: &mut Client, metadata: &mut ClientMetadata, problems: &mut Problems) {
    let signed = metadata.id_token_signed_response_alg.as_deref();
    client.id_token_signed_response_alg =
        problems.choice("id_token_signed_response_alg", signed, client.id_token_signed_response_alg);
    client.id_token_encryption = problems.encryption(
        ["id_token_encrypted_response_alg", "id_token_encrypted_response_enc"],
        metadata.id_token_encrypted_response_alg.as_deref(),
        metadata.id_token_encrypted_response_enc.as_deref(),
    );
}

fn read_userinfo(client: &mut Client, metadata: &mut ClientMetadata, problems: &mut Problems) {
    // Registration §2: the value none stands for an answer without a signature, as no value does.
    let signed = metadata.userinfo_signed_response_alg.as_deref();
    client.userinfo_signed_response_alg =
        problems.optional("userinfo_signed_response_alg", signed).and_then(MaybeSigned::signed);
    client.userinfo_encryption = problems.encryption(
        ["userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc"],
        metadata.userinfo_encrypted_response_alg.as_deref(),
        metadata.userinfo_encrypted_response_enc.as_deref(),
    );
}

/// What holds for each of its authorization requests.
fn read_requests(client: &mut Client, metadata: &mut ClientMetadata, problems: &mut Problems) {
    let signed = metadata.request_object_signing_alg.as_deref();
    client.request_object_signing_alg = problems.optional("request_object_signing_alg", signed);
    client.request_uris = problems.request_uris(metadata.request_uris.take());
    client.default_max_age = problems.max_age(metadata.default_max_age);
    client.require_auth_time = metadata.require_auth_time.unwrap_or(false);
    client.minimum_acr = problems.optional("minimum_acr", metadata.minimum_acr.as_deref());
    client.default_acr_values = problems.short_texts("default_acr_values", metadata.default_acr_values.take());
}

/// What people see and follow.
fn read_links(client: &mut Client, metadata: &mut ClientMetadata, problems: &mut Problems) {
    client.client_uri = problems.link("client_uri", metadata.client_uri.take());
    client.logo_uri = problems.link("logo_uri", metadata.logo_uri.take());
    client.policy_uri = problems.link("policy_uri", metadata.policy_uri.take());
    client.tos_uri = problems.link("tos_uri", metadata.tos_uri.take());
    client.initiate_login_uri = problems.link("initiate_login_uri", metadata.initiate_login_uri.take());
}

/// Where it hears of the end of a session. A browser loads the one, this server asks the other.
fn read_logout(client: &mut Client, metadata: &mut ClientMetadata, problems: &mut Problems) {
    let session_required = metadata.frontchannel_logout_session_required.unwrap_or(false);
    let uri = problems.link("frontchannel_logout_uri", metadata.frontchannel_logout_uri.take());
    client.frontchannel_logout = uri.map(|uri| LogoutUri { uri, session_required });
    let session_required = metadata.backchannel_logout_session_required.unwrap_or(false);
    let uri = problems.https("backchannel_logout_uri", metadata.backchannel_logout_uri.take());
    client.backchannel_logout = uri.map(|uri| LogoutUri { uri, session_required });
}

fn read_software(client: &mut Client, metadata: &mut ClientMetadata, problems: &mut Problems) {
    client.contacts = problems.short_texts("contacts", metadata.contacts.take());
    client.software_id = problems.short_text("software_id", metadata.software_id.take());
    client.software_version = problems.short_text("software_version", metadata.software_version.take());
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
