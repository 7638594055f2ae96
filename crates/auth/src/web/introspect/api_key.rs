//! `POST /introspect` with an API key. Who is told is decided in `protocol::api_keys`: the resource server of the API that the key is
//! for, and nobody else.
//!
//! `token` is the whole key. With `purpose=http_message_signature` it is `cs_key_<id>` alone, as a signed request names its key, and
//! the answer has what the signature is verified with, where the owner of the key allowed that. It proves nothing by itself.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use protocol::api_key::{ApiKey, ApiKeyId, PREFIX};
use protocol::api_keys::{self as rules, Description};
use protocol::client::Client;
use protocol::introspection::Introspection;
use protocol::params::Params;
use protocol::time::Timestamp;
use store::StoreError;
use store::api_keys::ApiKey as Row;

use super::may_know;
use crate::web::error::JsonError;
use crate::{AppState, api_keys, subject};

/// The value of `purpose` that asks for the signing key.
const SIGNATURE: &str = "http_message_signature";

pub(super) async fn post(
    state: &Data<AppState>,
    client: &Client,
    params: &Params,
    now: Timestamp,
) -> Result<HttpResponse, JsonError> {
    let token = params.require("token")?;
    let description = match params.get("purpose")? {
        Some(SIGNATURE) => describe_signer(state, client, token, now).await?,
        _ => describe_bearer(state, client, token, now).await?,
    };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, "no-store"));
    Ok(match description {
        Some(description) => answer.json(description),
        None => answer.json(Introspection::from(None)),
    })
}

async fn describe_bearer(
    state: &Data<AppState>,
    client: &Client,
    token: &str,
    now: Timestamp,
) -> Result<Option<Description>, StoreError> {
    let Ok(presented) = ApiKey::parse(token) else { return Ok(None) };
    let Some(row) = api_keys::proven(&state.store, &presented).await? else { return Ok(None) };
    describe(state, client, &row, now).await
}

async fn describe_signer(
    state: &Data<AppState>,
    client: &Client,
    token: &str,
    now: Timestamp,
) -> Result<Option<Description>, StoreError> {
    let Some(Ok(id)) = token.strip_prefix(PREFIX).map(ApiKeyId::parse) else { return Ok(None) };
    let Some(row) = store::api_keys::find(&state.store, &id).await? else { return Ok(None) };
    let Some(signing_key) = api_keys::signing_key(state.keys.secrets(), &row) else { return Ok(None) };
    let mut description = describe(state, client, &row, now).await?;
    if let Some(description) = &mut description {
        description.signing_key = Some(signing_key);
    }
    Ok(description)
}

async fn describe(
    state: &Data<AppState>,
    client: &Client,
    row: &Row,
    now: Timestamp,
) -> Result<Option<Description>, StoreError> {
    let (store, key) = (&state.store, &row.record);
    let serves = store::apis::served_by(store, &client.id).await?;
    let owner = store::users::find(store, &key.user_id).await?;
    let api = store::apis::find(store, &key.api).await?;
    let scope = match rules::accept(key, &serves, owner.as_ref(), api.as_ref(), now) {
        Ok(scope) => scope,
        Err(cause) => {
            tracing::debug!(api_key.id = %key.id, client.id = %client.id, %cause, "an API key is not accepted");
            return Ok(None);
        }
    };
    note_use(state, row, now);
    let sub = subject::of(state, client, &key.user_id);
    let mut description = Description::new(key, scope, state.issuer().as_str(), sub);
    description.username = owner.filter(|_| may_know(client)).map(|owner| owner.username);
    Ok(Some(description))
}

/// Beside the answer, which waits for no write. Most uses have nothing to note.
fn note_use(state: &Data<AppState>, row: &Row, now: Timestamp) {
    let Some(hour) = row.record.use_to_note(now) else { return };
    let (state, id) = (state.clone(), row.record.id.clone());
    tokio::spawn(async move {
        if let Err(error) = store::api_keys::note_use(&state.store, &id, hour).await {
            tracing::warn!(%error, api_key.id = %id, "the use of an API key could not be noted");
        }
    });
}
