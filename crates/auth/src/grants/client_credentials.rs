//! A client asks for itself (RFC 6749 §4.4): rule, mint, answer. Writes nothing: such a token rests on its client alone.

use protocol::client::Client;
use protocol::grant::{ClientCredentialsRequest, client_credentials};
use protocol::time::Timestamp;

use crate::issue::Order;
use crate::web::error::JsonError;
use crate::{AppState, issue};

pub(crate) async fn exchange(
    state: &AppState,
    client: &Client,
    request: &ClientCredentialsRequest,
    now: Timestamp,
) -> Result<issue::TokenResponse, JsonError> {
    let scope = client_credentials::scope(client, request.scope.as_ref())?;
    issue::for_client(state, Order { client, scope: &scope, now }).await
}
