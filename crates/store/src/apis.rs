//! The APIs that tokens are made for, and their scopes: tables `apis` and `scopes`.

use protocol::audience::{Api, ApiScope, TokenFormat};
use protocol::ids::ClientId;
use protocol::scope::ScopeToken;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use sqlx::any::AnyRow;

use crate::row::Fields;
use crate::statement::{Statement, statements};
use crate::write::Write;
use crate::{Store, StoreError, Won};

macro_rules! select {
    () => {
        "SELECT identifier, apis.name AS api_name, token_format, signing_alg, access_token_lifetime, scopes.name AS scope_name,
                description
         FROM apis LEFT JOIN scopes ON scopes.api_identifier = apis.identifier"
    };
}

statements! {
    INSERT = "INSERT INTO apis (identifier, name, token_format, signing_alg, access_token_lifetime)
              VALUES ($1, $2, $3, $4, $5)";
    ADD_SCOPE = "INSERT INTO scopes (name, api_identifier, description, position) VALUES ($1, $2, $3, $4)";
    LIST = concat!(select!(), " ORDER BY identifier, position");
    FIND = concat!(select!(), " WHERE identifier = $1 ORDER BY position");
    SET_RESOURCE_SERVER = "UPDATE apis SET resource_server = $2 WHERE identifier = $1";
    SERVED_BY = "SELECT identifier FROM apis WHERE resource_server = $1 ORDER BY identifier";
    DELETE = "DELETE FROM apis WHERE identifier = $1";
}

/// [`StoreError::Conflict`] when the identifier or one of the scopes is taken.
pub async fn insert(store: &Store, api: &Api) -> Result<(), StoreError> {
    let insert = Statement::new(INSERT)
        .text(&api.identifier)
        .text(&api.name)
        .text(api.token_format.name())
        .text(api.signing_alg.name())
        .integer(api.access_token_lifetime.0);
    let scopes = (0..).zip(&api.scopes).map(|(position, scope)| {
        Statement::new(ADD_SCOPE)
            .text(scope.name.as_str())
            .text(&api.identifier)
            .text(&scope.description)
            .integer(position)
    });
    store.write(Write::All([insert].into_iter().chain(scopes).collect())).await?;
    Ok(())
}

/// Every API with its scopes.
pub async fn list(store: &Store) -> Result<Vec<Api>, StoreError> {
    read(&store.rows(Statement::new(LIST)).await?)
}

pub async fn find(store: &Store, identifier: &str) -> Result<Option<Api>, StoreError> {
    Ok(read(&store.rows(Statement::new(FIND).text(identifier)).await?)?.pop())
}

/// Names the client that may introspect tokens of this API, or takes that right away.
pub async fn set_resource_server(
    store: &Store,
    identifier: &str,
    client: Option<&ClientId>,
) -> Result<Won, StoreError> {
    let set = Statement::new(SET_RESOURCE_SERVER).text(identifier).maybe_text(client.map(ClientId::as_str));
    store.write(set).await.map(Won::by)
}

/// The identifiers of the APIs whose tokens this client may introspect.
pub async fn served_by(store: &Store, client: &ClientId) -> Result<Vec<String>, StoreError> {
    let rows = store.rows(Statement::new(SERVED_BY).text(client.as_str())).await?;
    rows.iter().map(|row| Fields { table: "apis", row }.text("identifier")).collect()
}

/// Deletes the API and its scopes.
pub async fn delete(store: &Store, identifier: &str) -> Result<Won, StoreError> {
    store.write(Statement::new(DELETE).text(identifier)).await.map(Won::by)
}

/// One row per scope, in order; an API without scopes has one row without a scope.
fn read(rows: &[AnyRow]) -> Result<Vec<Api>, StoreError> {
    let mut apis: Vec<Api> = Vec::new();
    for row in rows {
        let row = Fields { table: "apis", row };
        let identifier = row.text("identifier")?;
        if apis.last().is_none_or(|last| last.identifier != identifier) {
            apis.push(Api {
                identifier,
                name: row.text("api_name")?,
                token_format: row.named("token_format", TokenFormat::parse)?,
                signing_alg: row.named("signing_alg", SigningAlgorithm::parse)?,
                access_token_lifetime: Seconds(row.integer("access_token_lifetime")?),
                scopes: Vec::new(),
            });
        }
        if let (Some(name), Some(api)) = (row.maybe_parsed("scope_name", ScopeToken::parse)?, apis.last_mut()) {
            api.scopes.push(ApiScope { name, description: row.text("description")? });
        }
    }
    Ok(apis)
}
