//! What a stranger may register over the network (RFC 7591 §3, OpenID Connect Registration §3) and change (RFC 7592 §2.2).
//!
//! `registration.rs` knows what a client can be; here stands what somebody who is not the administrator may make of it. Members
//! that mean nothing here are ignored, members that ask for a protection that we do not have are refused: a client must not
//! believe itself protected. What is refused is told all at once. Loading, drawing and writing happen elsewhere.

mod policy;

use serde_json::{Map, Value};

use super::{ClientMetadata, MEMBERS, Problem};
use crate::client::{Client, ConsentPolicy, GrantType, RegisteredBy, ScopeClaims};
use crate::error::{ErrorCode, OAuthError};
use crate::ids::ClientId;
use crate::registration::members::MAX_NAME_LENGTH;
use crate::secret::SecretString;
use crate::time::Timestamp;

pub use policy::{Destinations, Policy};

/// What only the administrator decides. From others these members are ignored, as if they did not exist.
pub const OF_THE_ADMINISTRATOR: &[&str] =
    &["consent_policy", "minimum_acr", "password_check_scope", "pkce_policy", "scope_claims"];

/// Members that ask for a protection that is not here, and what is not here. What means something only beside one of them, or
/// beside an authentication method that is not here (`…_enc`, `tls_client_auth_…`), does not apply to the client and is ignored.
const UNAVAILABLE: &[(&str, &str)] = &[
    ("request_object_encryption_alg", "encrypted request objects cannot be read here"),
    ("authorization_signed_response_alg", "authorization responses are not signed here"),
    ("authorization_encrypted_response_alg", "authorization responses are not encrypted here"),
    ("introspection_signed_response_alg", "introspection answers are not signed here"),
    ("introspection_encrypted_response_alg", "introspection answers are not encrypted here"),
];

/// The same for members that are a switch: only `true` asks for something.
const UNAVAILABLE_SWITCHES: &[(&str, &str)] = &[
    ("dpop_bound_access_tokens", "access tokens are not bound to a DPoP key here"),
    ("tls_client_certificate_bound_access_tokens", "access tokens are not bound to a TLS certificate here"),
    ("require_pushed_authorization_requests", "authorization requests cannot be pushed here"),
    ("require_signed_request_object", "requests without a signed request object cannot be refused here"),
];

/// The client that this document describes within the policy, or one refusal that names every problem.
pub fn check(
    document: Map<String, Value>,
    id: ClientId,
    now: Timestamp,
    policy: &Policy<'_>,
) -> Result<Client, OAuthError> {
    // RFC 7592 §2.2: a member that is null is treated as one that was omitted.
    let mut members: Map<String, Value> = document.into_iter().filter(|(_, value)| !value.is_null()).collect();
    refuse_software_statement(&members)?;
    let mut problems = unavailable(&members);
    members.retain(|name, _| MEMBERS.contains(&name.as_str()) && !OF_THE_ADMINISTRATOR.contains(&name.as_str()));
    policy.adapt(&mut members);
    let (metadata, of_wrong_type) = ClientMetadata::of_members(members);
    problems.extend(of_wrong_type);
    match described(metadata, id, now, policy) {
        Ok(client) if problems.is_empty() => Ok(client),
        Ok(_) => Err(refusal(&problems)),
        Err(more) => {
            problems.extend(more);
            Err(refusal(&problems))
        }
    }
}

/// RFC 7591 §3.2.2. We trust nobody to vouch for software, so no statement is approved; what is no JWT is not even one.
fn refuse_software_statement(members: &Map<String, Value>) -> Result<(), OAuthError> {
    let Some(statement) = members.get("software_statement") else { return Ok(()) };
    let is_jwt = statement.as_str().is_some_and(|text| text.split('.').count() == 3);
    let refused = if is_jwt {
        let text = "this server approves no software statements: send the metadata as plain members";
        OAuthError::new(ErrorCode::UnapprovedSoftwareStatement, text)
    } else {
        OAuthError::new(ErrorCode::InvalidSoftwareStatement, "the software statement is not a signed JWT")
    };
    Err(refused.at("software_statement"))
}

fn unavailable(members: &Map<String, Value>) -> Vec<Problem> {
    let problem = |member: &'static str, reason: &str| Problem { member, reason: reason.to_owned() };
    let asked = UNAVAILABLE.iter().filter(|(member, _)| members.contains_key(*member));
    let mut problems: Vec<Problem> = asked.map(|(member, reason)| problem(member, reason)).collect();
    for (member, reason) in UNAVAILABLE_SWITCHES {
        match members.get(*member) {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) => problems.push(problem(member, reason)),
            Some(_) => problems.push(problem(member, "it must be true or false")),
        }
    }
    problems
}

/// The metadata as a client of the policy: the rules of all clients, those of strangers, and what the server decides itself.
fn described(
    mut metadata: ClientMetadata,
    id: ClientId,
    now: Timestamp,
    policy: &Policy<'_>,
) -> Result<Client, Vec<Problem>> {
    // Registration §2 makes the name optional; people still need one.
    let unnamed = metadata.client_name.is_empty();
    if unnamed {
        id.as_str().clone_into(&mut metadata.client_name);
    }
    let says_scope = metadata.scope.is_some();
    let mut client = metadata.check(id, now)?;
    if !says_scope {
        client.scope = policy.default_scope(&client);
    }
    let problems = policy.refuse(&client);
    if !problems.is_empty() {
        return Err(problems);
    }
    if let Some(uri) = client.redirect_uris.first().filter(|_| unnamed) {
        client.name = uri.destination().name().chars().take(MAX_NAME_LENGTH).collect();
    }
    client.consent = ConsentPolicy::Ask;
    client.scope_claims = ScopeClaims::UserInfo;
    client.pkce = policy.pkce_of(&client);
    client.registered_by = RegisteredBy::Dynamic;
    Ok(client)
}

/// RFC 7591 §3.2.2: `invalid_redirect_uri` when the redirect URIs are all that is wrong, `invalid_client_metadata` otherwise.
fn refusal(problems: &[Problem]) -> OAuthError {
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let code = if problems.iter().all(|problem| problem.member == "redirect_uris") {
        ErrorCode::InvalidRedirectUri
    } else {
        ErrorCode::InvalidClientMetadata
    };
    let refused = OAuthError::new(code, told.join("; "));
    match problems {
        [only] => refused.at(only.member),
        _ => refused,
    }
}

/// What a client claims about itself when it replaces its metadata (RFC 7592 §2.2).
#[derive(Debug)]
pub struct Claimed {
    /// To be compared with the live secrets.
    pub secret: Option<SecretString>,
}

/// RFC 7592 §2.2: the client "MUST include its client_id field in the request, and it MUST be the same as its currently issued
/// client identifier", and the members of our answer "MUST NOT" come back.
pub fn check_update(document: &Map<String, Value>, id: &ClientId) -> Result<Claimed, OAuthError> {
    const OF_THE_ANSWER: &[&str] =
        &["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"];
    let invalid = |member, text: &'static str| OAuthError::new(ErrorCode::InvalidClientMetadata, text).at(member);
    if document.get("client_id").and_then(Value::as_str) != Some(id.as_str()) {
        return Err(invalid("client_id", "client_id must be there and be that of this client"));
    }
    if let Some(member) = OF_THE_ANSWER.iter().find(|member| document.contains_key(**member)) {
        return Err(invalid(member, "it stands in answers only; leave it out"));
    }
    match document.get("client_secret") {
        None | Some(Value::Null) => Ok(Claimed { secret: None }),
        Some(Value::String(secret)) => Ok(Claimed { secret: Some(SecretString::new(secret.clone())) }),
        Some(_) => Err(invalid("client_secret", "its JSON type is wrong")),
    }
}

/// A grant that no registered response type needs does not apply to the client.
fn applies(grant: &str, response_types: &[&str], grants: &[&str]) -> bool {
    match GrantType::parse(grant) {
        Some(GrantType::Implicit) => response_types.iter().any(|kind| kind.contains("token")),
        Some(GrantType::RefreshToken) => grants.contains(&GrantType::AuthorizationCode.name()),
        Some(GrantType::AuthorizationCode | GrantType::ClientCredentials) | None => true,
    }
}

#[cfg(test)]
mod tests;
