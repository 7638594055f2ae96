//! `countersign client passwords`: whether a client may ask if a password that was sent to its API is right, and what such callers may do.

use clap::Args;
use protocol::ids::ClientId;
use protocol::registration::ClientMetadata;
use serde_json::json;
use store::{Store, Won};

use super::{faults, find};
use crate::cli::Context;
use crate::failure::Failure;

/// Let an API ask whether a password that was sent to it (HTTP Basic) is right, or end that. Off unless it is allowed here.
///
/// People with a second factor never get in that way. API keys are the better choice wherever the caller can have one.
///
/// Examples:
///   countersign client passwords notes-api --scope "notes:read notes:write"
///   countersign client passwords notes-api --none
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Passwords {
    /// The resource server of the API (`countersign api set-resource-server`).
    #[arg(value_name = "CLIENT_ID")]
    id: ClientId,
    /// What a caller with a password may do there at most, separated by spaces.
    #[arg(long, required_unless_present = "none", conflicts_with = "none")]
    scope: Option<String>,
    /// No password is checked for it any longer.
    #[arg(long)]
    none: bool,
}

impl Passwords {
    pub(super) async fn run(self, context: &Context, store: &Store) -> Result<(), Failure> {
        let mut client = find(store, &self.id).await?;
        // By the rules of all registrations, and nothing else of the client changes.
        let metadata = ClientMetadata { password_check_scope: self.scope, ..ClientMetadata::from(&client) };
        client.password_check_scope =
            metadata.check(client.id.clone(), client.created_at).map_err(faults)?.password_check_scope;
        if store::clients::update(store, &client).await? == Won::No {
            return Err(Failure::Failed(format!("client {} was deleted meanwhile", client.id)));
        }
        let scope = client.password_check_scope.as_ref().map(ToString::to_string);
        context.output.show(&json!({ "client_id": client.id, "password_check_scope": scope }), |_| match &scope {
            Some(scope) => format!("passwords are checked for client {}; such callers may {scope}", client.id),
            None => format!("no password is checked for client {}", client.id),
        });
        Ok(())
    }
}
