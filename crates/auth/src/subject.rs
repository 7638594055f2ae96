//! The `sub` that a client sees of a person. The rule is `protocol::subject`; here is the key that it needs.

use protocol::client::Client;
use protocol::ids::UserId;
use protocol::subject::{self, Subject};

use crate::AppState;

/// 22 characters of base64url for a public subject, 43 for a pairwise one (OpenID Connect Core §8).
pub(crate) fn of(state: &AppState, client: &Client, user: &UserId) -> String {
    match subject::of(user, client) {
        Subject::Public(id) => id.to_string(),
        Subject::Pairwise(input) => state.keys.secrets().pairwise_mac(input.as_bytes()),
    }
}
