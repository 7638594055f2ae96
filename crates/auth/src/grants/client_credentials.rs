//! A client asks for itself (RFC 6749 §4.4): rule, mint, answer. Writes nothing (but, once, that the client is
//! used): such a token rests on its client alone.

use protocol::client::Client;
use protocol::client_auth;
use protocol::grant::{ClientCredentialsRequest, client_credentials};
use protocol::time::Timestamp;
use store::Won;

use crate::issue::Order;
use crate::web::error::JsonError;
use crate::{AppState, issue, registration};

pub(crate) async fn exchange(
    state: &AppState,
    client: &Client,
    request: &ClientCredentialsRequest,
    now: Timestamp,
) -> Result<issue::TokenResponse, JsonError> {
    let scope = client_credentials::scope(client, request.scope.as_ref())?;
    let response = issue::for_client(state, Order { client, scope: &scope, now }).await?;
    match registration::used(state, client, now).await? {
        Won::Yes => Ok(response),
        Won::No => Err(JsonError::new(client_auth::failed()).because("the client expired or was deleted meanwhile")),
    }
}
