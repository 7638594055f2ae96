//! Client metadata (RFC 7591 §2, OpenID Connect Registration §2) ⇄ `Client`: the rules of both directions.
//!
//! `check` looks at every member and names every problem at once, so that a person corrects a file once. Six members are our
//! own: `consent_policy`, `pkce_policy`, `scope_claims`, `minimum_acr`, `password_check_scope` and `response_modes`.
//!
//! `registration/read.rs` makes a client of it, with `registration/members.rs` for single members; what they mean together stands
//! in `registration/together.rs`, what the installation has for it in `registration/offered.rs`. `registration/written.rs` is the
//! way back.

pub mod dynamic;
mod members;
pub mod offered;
mod read;
mod together;
mod written;

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::Client;
use crate::ids::ClientId;
use crate::time::Timestamp;

use members::Problems;
pub use members::{MAX_KEYS, PRIVATE_MEMBERS};

macro_rules! metadata {
    ($($(#[$about:meta])* $member:ident: $type:ty,)+) => {
        /// Metadata as written by a person or a program. Values are text until `check`, so that one bad value hides no other.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct ClientMetadata {
            pub client_name: String,
            $($(#[$about])* #[serde(skip_serializing_if = "Option::is_none")] pub $member: Option<$type>,)+
        }

        impl ClientMetadata {
            /// Reads each member by itself, so that one of a wrong type hides no other. Members that mean nothing are left.
            fn of_members(mut members: Map<String, Value>) -> (Self, Vec<Problem>) {
                let mut problems = Vec::new();
                let metadata = Self {
                    client_name: member(&mut members, "client_name", &mut problems).unwrap_or_default(),
                    $($member: member(&mut members, stringify!($member), &mut problems),)+
                };
                (metadata, problems)
            }
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
    minimum_acr: String,
    password_check_scope: String,
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

fn member<T: DeserializeOwned>(
    members: &mut Map<String, Value>,
    member: &'static str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let read = serde_json::from_value(members.remove(member)?);
    if read.is_err() {
        problems.push(Problem { member, reason: "its JSON type is wrong".to_owned() });
    }
    read.ok()
}

impl ClientMetadata {
    /// The client that this metadata describes, or everything that is wrong with it.
    pub fn check(self, id: ClientId, now: Timestamp) -> Result<Client, Vec<Problem>> {
        let mut problems = Problems::default();
        let mut client = read::client(self, id, now, &mut problems);
        leave_out_what_cannot_be_honoured(&mut client);
        together::check(&client, &mut problems);
        problems.none_or_all().map(|()| client)
    }
}

/// A signature of a client without keys can never be verified. Some libraries name an algorithm all the same and sign nothing.
fn leave_out_what_cannot_be_honoured(client: &mut Client) {
    if !client.has_keys() {
        client.request_object_signing_alg = client.request_object_signing_alg.filter(|alg| alg.signed().is_none());
    }
}

#[cfg(test)]
mod tests;
