//! Registered clients: table `clients`, with `client_secrets` and `client_origins`.
//!
//! A secret is kept as its hash, and several may live at once, so that a client can change it without a gap. Origins are those of
//! the registered redirect URIs: the pages that may call the token endpoint from a browser.

use protocol::client::{
    ApplicationType, Client, ConsentPolicy, GrantType, PkcePolicy, ScopeClaims, TokenEndpointAuthMethod,
};
use protocol::grant::state::EndReason;
use protocol::ids::ClientId;
use protocol::redirect_uri::RegisteredRedirectUri;
use protocol::secret::TokenHash;
use protocol::signing::SigningAlgorithm;
use protocol::time::{Seconds, Timestamp};
use sqlx::any::AnyRow;

use crate::grants::{self, Whose};
use crate::row::{Fields, json_text};
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won, consents};

macro_rules! columns {
    () => {
        "id, name, application_type, token_endpoint_auth_method, grant_types, redirect_uris, post_logout_redirect_uris, scope, \
         consent, pkce, scope_claims, id_token_signed_response_alg, jwks, client_uri, logo_uri, policy_uri, tos_uri, \
         initiate_login_uri, default_max_age, created_at, disabled_at"
    };
}

statements! {
    INSERT = concat!(
        "INSERT INTO clients (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
         $16, $17, $18, $19, $20, $21)"
    );
    FIND = concat!("SELECT ", columns!(), " FROM clients WHERE id = $1");
    LIST = concat!("SELECT ", columns!(), " FROM clients WHERE id > $1 ORDER BY id LIMIT $2");
    UPDATE = "UPDATE clients SET name = $2, application_type = $3, token_endpoint_auth_method = $4, grant_types = $5,
                                 redirect_uris = $6, post_logout_redirect_uris = $7, scope = $8, consent = $9, pkce = $10,
                                 scope_claims = $11, id_token_signed_response_alg = $12, jwks = $13, client_uri = $14,
                                 logo_uri = $15, policy_uri = $16, tos_uri = $17, initiate_login_uri = $18,
                                 default_max_age = $19
              WHERE id = $1";
    DISABLE = "UPDATE clients SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
    ENABLE = "UPDATE clients SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
    DELETE = "DELETE FROM clients WHERE id = $1";
    ADD_ORIGIN = "INSERT INTO client_origins (origin, client_id) VALUES ($1, $2)";
    REMOVE_ORIGINS = "DELETE FROM client_origins WHERE client_id = $1";
    FIND_ORIGIN = "SELECT origin FROM client_origins WHERE origin = $1 LIMIT 1";
    FIND_ORIGIN_OF_CLIENT = "SELECT origin FROM client_origins WHERE origin = $1 AND client_id = $2";
    ADD_SECRET = "INSERT INTO client_secrets (client_id, hash, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    LIVE_SECRETS = "SELECT client_id, hash FROM client_secrets WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)";
    EXPIRE_SECRETS = "UPDATE client_secrets SET expires_at = $2
                      WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)";
}

/// [`StoreError::Conflict`] when the id is taken.
pub async fn insert(store: &Store, client: &Client) -> Result<(), StoreError> {
    let insert = metadata(Statement::new(INSERT), client).time(client.created_at).maybe_time(client.disabled_at);
    store.write(Write::All([insert].into_iter().chain(add_origins(client)).collect())).await?;
    Ok(())
}

/// A disabled client is found too.
pub async fn find(store: &Store, id: &ClientId) -> Result<Option<Client>, StoreError> {
    store.row(Statement::new(FIND).text(id.as_str())).await?.as_ref().map(read).transpose()
}

/// The next `limit` clients by id, after this one.
pub async fn list(store: &Store, after: Option<&ClientId>, limit: i64) -> Result<Vec<Client>, StoreError> {
    let after = after.map(ClientId::as_str).unwrap_or_default();
    let rows = store.rows(Statement::new(LIST).text(after).integer(limit)).await?;
    rows.iter().map(read).collect()
}

/// Changes everything but the id, `created_at` and `disabled_at`. `Won::No` when there is no such client.
pub async fn update(store: &Store, client: &Client) -> Result<Won, StoreError> {
    let gate = metadata(Statement::new(UPDATE), client);
    let remove = Statement::new(REMOVE_ORIGINS).text(client.id.as_str());
    let then = [remove].into_iter().chain(add_origins(client)).collect();
    store.write(Write::Gated { gate, then }).await.map(Won::by)
}

/// Disables a client and ends its grants, so that enabling it again revives nothing.
pub async fn disable(store: &Store, id: &ClientId, now: Timestamp) -> Result<Won, StoreError> {
    let won = store.write(Statement::new(DISABLE).text(id.as_str()).time(now)).await.map(Won::by)?;
    grants::end_all(store, Whose::Client(id), EndReason::ClientDisabled, now).await?;
    Ok(won)
}

pub async fn enable(store: &Store, id: &ClientId) -> Result<Won, StoreError> {
    store.write(Statement::new(ENABLE).text(id.as_str())).await.map(Won::by)
}

/// Deletes the client with its secrets and consents and ends its grants, so that whoever gets the id later inherits nothing.
pub async fn delete(store: &Store, id: &ClientId, now: Timestamp) -> Result<Won, StoreError> {
    let gate = Statement::new(DELETE).text(id.as_str());
    let then = vec![consents::forget_client_statement(id)];
    let won = store.write(Write::Gated { gate, then }).await.map(Won::by)?;
    grants::end_all(store, Whose::Client(id), EndReason::ClientDeleted, now).await?;
    Ok(won)
}

/// Adds a secret; `None` lives until it is expired by [`expire_secrets`].
pub async fn add_secret(
    store: &Store,
    client: &ClientId,
    hash: &TokenHash,
    now: Timestamp,
    expires_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let add = Statement::new(ADD_SECRET).text(client.as_str()).text(hash.as_str()).time(now).maybe_time(expires_at);
    store.write(add).await?;
    Ok(())
}

pub async fn live_secrets(store: &Store, client: &ClientId, now: Timestamp) -> Result<Vec<TokenHash>, StoreError> {
    let rows = store.rows(Statement::new(LIVE_SECRETS).text(client.as_str()).time(now)).await?;
    rows.iter().map(|row| Fields { table: "client_secrets", row }.parsed("hash", TokenHash::parse)).collect()
}

/// Lets every secret of the client that lives longer end at `at`. Tells how many.
pub async fn expire_secrets(store: &Store, client: &ClientId, at: Timestamp) -> Result<u64, StoreError> {
    store.write(Statement::new(EXPIRE_SECRETS).text(client.as_str()).time(at)).await
}

pub async fn origin_belongs_to(store: &Store, origin: &str, client: &ClientId) -> Result<bool, StoreError> {
    let find = Statement::new(FIND_ORIGIN_OF_CLIENT).text(origin).text(client.as_str());
    Ok(store.row(find).await?.is_some())
}

/// Whether any client has a redirect URI of this origin.
pub async fn origin_is_known(store: &Store, origin: &str) -> Result<bool, StoreError> {
    Ok(store.row(Statement::new(FIND_ORIGIN).text(origin)).await?.is_some())
}

/// Binds `$1` to `$19`: the id and all that `update` may change.
fn metadata(statement: Statement, client: &Client) -> Statement {
    let grant_types: Vec<&str> = client.grant_types.iter().map(|grant_type| grant_type.name()).collect();
    let uris =
        |uris: &[RegisteredRedirectUri]| json_text(&uris.iter().map(RegisteredRedirectUri::as_str).collect::<Vec<_>>());
    statement
        .text(client.id.as_str())
        .text(&client.name)
        .text(client.application_type.name())
        .text(client.token_endpoint_auth_method.name())
        .text(&grant_types.join(" "))
        .text(&uris(&client.redirect_uris))
        .text(&uris(&client.post_logout_redirect_uris))
        .text(&client.scope.to_string())
        .text(client.consent.name())
        .text(client.pkce.name())
        .text(client.scope_claims.name())
        .text(client.id_token_signed_response_alg.name())
        .maybe_text(client.jwks.as_deref())
        .maybe_text(client.client_uri.as_deref())
        .maybe_text(client.logo_uri.as_deref())
        .maybe_text(client.policy_uri.as_deref())
        .maybe_text(client.tos_uri.as_deref())
        .maybe_text(client.initiate_login_uri.as_deref())
        .maybe_integer(client.default_max_age.map(|age| age.0))
}

fn add_origins(client: &Client) -> impl Iterator<Item = Statement> {
    let mut origins = client.origins();
    origins.sort();
    origins.dedup();
    origins.into_iter().map(|origin| Statement::new(ADD_ORIGIN).text(&origin).text(client.id.as_str()))
}

fn read(row: &AnyRow) -> Result<Client, StoreError> {
    let row = Fields { table: "clients", row };
    let application_type = row.named("application_type", ApplicationType::parse)?;
    let uris = |column| -> Result<Vec<RegisteredRedirectUri>, StoreError> {
        let raw: Vec<String> = row.json(column)?;
        let uris: Result<_, _> = raw.iter().map(|uri| RegisteredRedirectUri::parse(uri, application_type)).collect();
        uris.map_err(|_| row.corrupt(column))
    };
    Ok(Client {
        id: row.parsed("id", ClientId::parse)?,
        name: row.text("name")?,
        application_type,
        token_endpoint_auth_method: row.named("token_endpoint_auth_method", TokenEndpointAuthMethod::parse)?,
        grant_types: row.words("grant_types", GrantType::parse)?,
        redirect_uris: uris("redirect_uris")?,
        post_logout_redirect_uris: uris("post_logout_redirect_uris")?,
        scope: row.scope("scope")?,
        consent: row.named("consent", ConsentPolicy::parse)?,
        pkce: row.named("pkce", PkcePolicy::parse)?,
        scope_claims: row.named("scope_claims", ScopeClaims::parse)?,
        id_token_signed_response_alg: row.named("id_token_signed_response_alg", SigningAlgorithm::parse)?,
        jwks: row.maybe_text("jwks")?,
        client_uri: row.maybe_text("client_uri")?,
        logo_uri: row.maybe_text("logo_uri")?,
        policy_uri: row.maybe_text("policy_uri")?,
        tos_uri: row.maybe_text("tos_uri")?,
        initiate_login_uri: row.maybe_text("initiate_login_uri")?,
        default_max_age: row.maybe_integer("default_max_age")?.map(Seconds),
        created_at: row.time("created_at")?,
        disabled_at: row.maybe_time("disabled_at")?,
    })
}
