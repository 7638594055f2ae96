//! What the API that a key is for is told of it, with the names of RFC 7662 §2.2. Whether it is told anything is decided before.

use serde::{Serialize, Serializer};

use super::ApiKeyRecord;
use crate::network::IpNetwork;
use crate::permission::Permission;
use crate::scope::Scope;
use crate::time::Timestamp;

/// The answer about a key that is accepted. Without `token_type` (RFC 7662 §2.2: a type of RFC 6749 §5.1, and a key is none) and
/// without `client_id`, because no client was involved.
#[derive(Clone, Debug, Serialize)]
pub struct Description {
    active: bool,
    pub iss: String,
    pub sub: String,
    /// The identifier of the API.
    pub aud: String,
    /// The name of the person, for a resource server that knows people as all others do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// What the key may do at this moment. Written even when it is nothing, so that nobody reads more into `permissions`.
    pub scope: Scope,
    /// As the person gave them.
    #[serde(serialize_with = "as_texts")]
    pub permissions: Vec<Permission>,
    /// Missing: the key does not end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<Timestamp>,
    pub iat: Timestamp,
    /// The id of the key, which stands in its text.
    pub jti: String,
    /// Where the caller has to be, in CIDR notation. Missing: anywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_networks: Vec<IpNetwork>,
    /// The key of an HMAC in base64url, for an API that verifies a signed request (RFC 9421 §3.3.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<String>,
}

impl Description {
    /// Of a key with these scopes, whose owner this resource server calls `sub`.
    pub fn new(key: &ApiKeyRecord, scope: Scope, iss: impl Into<String>, sub: impl Into<String>) -> Self {
        Self {
            active: true,
            iss: iss.into(),
            sub: sub.into(),
            aud: key.api.clone(),
            username: None,
            scope,
            permissions: key.permissions.clone(),
            exp: key.expires_at,
            iat: key.created_at,
            jti: key.id.as_str().to_owned(),
            allowed_networks: key.allowed_networks.clone(),
            signing_key: None,
        }
    }
}

fn as_texts<S: Serializer>(permissions: &[Permission], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(permissions.iter().map(Permission::as_str))
}
