//! Clients that registered themselves (RFC 7591) and may change that (RFC 7592): table `registrations`, one row per client.
//!
//! Client, secret, registration and the use of an initial access token are one write. Deleting the client
//! ([`crate::clients::delete`]) takes its row along.

use protocol::client::Client;
use protocol::ids::{ClientId, InitialAccessTokenId};
use protocol::secret::TokenHash;
use protocol::time::Timestamp;

use crate::clients::{self, KeptSecret};
use crate::consents::forget_client_statement;
use crate::initial_access_tokens::spend_statement;
use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won};

statements! {
    INSERT = "INSERT INTO registrations (client_id, token_hash, initial_access_token, created_at) VALUES ($1, $2, $3, $4)";
    FIND = "SELECT client_id, token_hash, previous_token_hash, previous_expires_at, initial_access_token, created_at
            FROM registrations WHERE client_id = $1";
    CONFIRM = "UPDATE registrations SET previous_token_hash = NULL, previous_expires_at = NULL
               WHERE client_id = $1 AND token_hash = $2";
    ROTATE = "UPDATE registrations SET token_hash = $3, previous_token_hash = $4, previous_expires_at = $5
              WHERE client_id = $1 AND token_hash = $2";
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub client_id: ClientId,
    pub token_hash: TokenHash,
    /// The token before: the answer with the present one may have been lost.
    pub previous: Option<PreviousToken>,
    /// The token that let the client in; `None` when anybody could register.
    pub initial_access_token: Option<InitialAccessTokenId>,
    pub created_at: Timestamp,
}

/// Good until the present token is used for the first time, and not beyond its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousToken {
    pub hash: TokenHash,
    pub expires_at: Timestamp,
}

/// A replacement of everything that a client registered.
#[derive(Debug)]
pub struct Replacement<'a> {
    pub client: &'a Client,
    pub secret: SecretChange,
    pub consents: ConsentChange,
    /// What stood in the row when the request was read: if another one was faster, nothing is written.
    pub seen: &'a TokenHash,
    /// The token that came with the request, and how long it is good beside the next one.
    pub previous: &'a PreviousToken,
    /// The token that goes with the answer.
    pub next: &'a TokenHash,
}

#[derive(Debug)]
pub enum SecretChange {
    Keep,
    Remove,
    Replace(KeptSecret),
}

/// What becomes of the consents that people gave to the client as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentChange {
    Keep,
    Forget,
}

/// Writes the client, its secret and its registration. `Won::No` when no use was left of the initial access token.
pub async fn insert(
    store: &Store,
    registration: &Registration,
    client: &Client,
    secret: Option<&KeptSecret>,
) -> Result<Won, StoreError> {
    let row = Statement::new(INSERT)
        .text(registration.client_id.as_str())
        .text(registration.token_hash.as_str())
        .maybe_text(registration.initial_access_token.as_ref().map(InitialAccessTokenId::as_str))
        .time(registration.created_at);
    let secret = secret.map(|secret| clients::add_secret_statement(&client.id, secret));
    let all = clients::insert_statements(client).into_iter().chain(secret).chain([row]).collect();
    let write = match &registration.initial_access_token {
        Some(token) => Write::Gated { gate: spend_statement(token, registration.created_at), then: all },
        None => Write::All(all),
    };
    store.write(write).await.map(Won::by)
}

pub async fn find(store: &Store, client: &ClientId) -> Result<Option<Registration>, StoreError> {
    let Some(row) = store.row(Statement::new(FIND).text(client.as_str())).await? else { return Ok(None) };
    let row = Fields { table: "registrations", row: &row };
    Ok(Some(Registration {
        client_id: row.parsed("client_id", ClientId::parse)?,
        token_hash: row.parsed("token_hash", TokenHash::parse)?,
        previous: row
            .maybe_parsed("previous_token_hash", TokenHash::parse)?
            .zip(row.maybe_time("previous_expires_at")?)
            .map(|(hash, expires_at)| PreviousToken { hash, expires_at }),
        initial_access_token: row.maybe_parsed("initial_access_token", InitialAccessTokenId::parse)?,
        created_at: row.time("created_at")?,
    }))
}

/// The present token arrived where it belongs, so the one before it is good for nothing any more.
pub async fn confirm(store: &Store, client: &ClientId, token: &TokenHash) -> Result<Won, StoreError> {
    store.write(Statement::new(CONFIRM).text(client.as_str()).text(token.as_str())).await.map(Won::by)
}

/// Replaces metadata, secret and token and forgets consents, in one transaction. `Won::No` when another request was faster.
pub async fn replace(store: &Store, replacement: &Replacement<'_>) -> Result<Won, StoreError> {
    let Replacement { client, secret, consents, seen, previous, next } = replacement;
    let gate = Statement::new(ROTATE)
        .text(client.id.as_str())
        .text(seen.as_str())
        .text(next.as_str())
        .text(previous.hash.as_str())
        .time(previous.expires_at);
    let mut then = clients::update_statements(client);
    match secret {
        SecretChange::Keep => {}
        SecretChange::Remove => then.push(clients::remove_secrets_statement(&client.id)),
        SecretChange::Replace(secret) => {
            then.push(clients::remove_secrets_statement(&client.id));
            then.push(clients::add_secret_statement(&client.id, secret));
        }
    }
    match consents {
        ConsentChange::Keep => {}
        ConsentChange::Forget => then.push(forget_client_statement(&client.id)),
    }
    store.write(Write::Gated { gate, then }).await.map(Won::by)
}
