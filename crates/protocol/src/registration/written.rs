//! From a client back to its metadata: what is told of it, with every default written out.

use super::ClientMetadata;
use crate::client::Client;
use crate::encryption::Encryption;
use crate::redirect_uri::RegisteredRedirectUri;

impl From<&Client> for ClientMetadata {
    fn from(client: &Client) -> Self {
        let mut metadata = Self { client_name: client.name.clone(), ..Self::default() };
        write_kind(&mut metadata, client);
        write_flow(&mut metadata, client);
        write_answers(&mut metadata, client);
        write_requests_and_keys(&mut metadata, client);
        write_links(&mut metadata, client);
        write_logout(&mut metadata, client);
        metadata
    }
}

fn write_kind(metadata: &mut ClientMetadata, client: &Client) {
    metadata.application_type = Some(client.application_type.to_string());
    metadata.consent_policy = Some(client.consent.to_string());
    metadata.pkce_policy = Some(client.pkce.to_string());
    metadata.scope_claims = Some(client.scope_claims.to_string());
    metadata.subject_type = Some(client.subject_type.to_string());
    metadata.sector_identifier_uri.clone_from(&client.sector_identifier_uri);
    metadata.contacts = some(client.contacts.clone());
    metadata.software_id.clone_from(&client.software_id);
    metadata.software_version.clone_from(&client.software_version);
}

fn write_flow(metadata: &mut ClientMetadata, client: &Client) {
    let uris = |uris: &[RegisteredRedirectUri]| some(uris.iter().map(|uri| uri.as_str().to_owned()).collect());
    metadata.grant_types = Some(client.grant_types.iter().map(ToString::to_string).collect());
    metadata.response_types = Some(client.response_types.iter().map(ToString::to_string).collect());
    metadata.response_modes = Some(client.response_modes.iter().map(ToString::to_string).collect());
    metadata.redirect_uris = uris(&client.redirect_uris);
    metadata.post_logout_redirect_uris = uris(&client.post_logout_redirect_uris);
    metadata.scope = Some(client.scope.to_string());
}

fn write_answers(metadata: &mut ClientMetadata, client: &Client) {
    let alg = |encryption: Option<Encryption>| encryption.map(|it| it.alg.to_string());
    let enc = |encryption: Option<Encryption>| encryption.map(|it| it.enc.to_string());
    metadata.id_token_signed_response_alg = Some(client.id_token_signed_response_alg.to_string());
    metadata.id_token_encrypted_response_alg = alg(client.id_token_encryption);
    metadata.id_token_encrypted_response_enc = enc(client.id_token_encryption);
    metadata.userinfo_signed_response_alg = client.userinfo_signed_response_alg.map(|alg| alg.to_string());
    metadata.userinfo_encrypted_response_alg = alg(client.userinfo_encryption);
    metadata.userinfo_encrypted_response_enc = enc(client.userinfo_encryption);
}

fn write_requests_and_keys(metadata: &mut ClientMetadata, client: &Client) {
    metadata.request_object_signing_alg = client.request_object_signing_alg.map(|alg| alg.to_string());
    metadata.request_uris = some(client.request_uris.clone());
    metadata.default_max_age = client.default_max_age.map(|age| age.0);
    metadata.require_auth_time = client.require_auth_time.then_some(true);
    metadata.minimum_acr = client.minimum_acr.map(|level| level.to_string());
    metadata.password_check_scope = client.password_check_scope.as_ref().map(ToString::to_string);
    metadata.default_acr_values = some(client.default_acr_values.clone());
    metadata.token_endpoint_auth_method = Some(client.token_endpoint_auth_method.to_string());
    metadata.token_endpoint_auth_signing_alg = client.token_endpoint_auth_signing_alg.map(|alg| alg.to_string());
    metadata.jwks = client.jwks.as_deref().and_then(|jwks| serde_json::from_str(jwks).ok());
    metadata.jwks_uri.clone_from(&client.jwks_uri);
}

fn write_links(metadata: &mut ClientMetadata, client: &Client) {
    metadata.client_uri.clone_from(&client.client_uri);
    metadata.logo_uri.clone_from(&client.logo_uri);
    metadata.policy_uri.clone_from(&client.policy_uri);
    metadata.tos_uri.clone_from(&client.tos_uri);
    metadata.initiate_login_uri.clone_from(&client.initiate_login_uri);
}

fn write_logout(metadata: &mut ClientMetadata, client: &Client) {
    let (frontchannel, backchannel) = (client.frontchannel_logout.as_ref(), client.backchannel_logout.as_ref());
    metadata.frontchannel_logout_uri = frontchannel.map(|logout| logout.uri.clone());
    metadata.frontchannel_logout_session_required = frontchannel.map(|logout| logout.session_required);
    metadata.backchannel_logout_uri = backchannel.map(|logout| logout.uri.clone());
    metadata.backchannel_logout_session_required = backchannel.map(|logout| logout.session_required);
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    if list.is_empty() { None } else { Some(list) }
}
