//! Who is asking at the token, introspection and revocation endpoints: loads the client and verifies what it presented.
//! Which credentials a request carries and which a client may use is decided in `protocol::client_auth`.

use actix_web::{HttpMessage as _, HttpRequest};
use jwt::jwks::JwkSet;
use jwt::verify::{self, Expected};
use protocol::client::Client;
use protocol::client_auth::{self, AssertionClaims, PresentedCredentials, SecretTransport};
use protocol::error::ErrorCode;
use protocol::ids::ClientId;
use protocol::params::Params;
use protocol::secret::SecretString;
use protocol::signing::SigningAlgorithm;
use protocol::time::Timestamp;

use crate::AppState;
use crate::web::error::{Challenge, JsonError};
use crate::web::form;

/// Authenticates the client of a request (RFC 6749 §2.3). All failures look alike to the client; the log knows the cause.
pub(crate) async fn authenticate(
    state: &AppState,
    request: &HttpRequest,
    params: &Params,
    now: Timestamp,
) -> Result<Client, JsonError> {
    let authorization = form::authorization(request)?;
    // RFC 6749 §5.2: a client that tried the Authorization header is answered with a challenge for that scheme.
    let challenge = |error: JsonError| match authorization {
        Some(_) if error.error.code == ErrorCode::InvalidClient => error.challenge(Challenge::Basic),
        _ => error,
    };
    let presented = client_auth::presented(authorization, params).map_err(|error| challenge(error.into()))?;
    let client = verified(state, &presented, now).await.map_err(challenge)?;
    request.extensions_mut().insert(client.id.clone()); // for CORS
    Ok(client)
}

async fn verified(state: &AppState, presented: &PresentedCredentials, now: Timestamp) -> Result<Client, JsonError> {
    let id = presented.client_id();
    let Some(client) = store::clients::find(&state.store, id).await? else {
        return Err(refused("the client is not registered"));
    };
    if client.disabled_at.is_some() {
        return Err(refused("the client is disabled"));
    }
    client_auth::check_method(&client, presented)?;
    match presented {
        PresentedCredentials::None { .. } => {}
        PresentedCredentials::Secret { client_id, secret, transport } => {
            verify_secret(state, client_id, secret, *transport, now).await?;
        }
        PresentedCredentials::Assertion { assertion, .. } => {
            verify_assertion(state, &client, assertion, now).await?;
        }
    }
    Ok(client)
}

/// Secrets carry 256 bits, so their SHA-256 is compared, in constant time. Two may be live while they are rotated.
async fn verify_secret(
    state: &AppState,
    client: &ClientId,
    secret: &SecretString,
    transport: SecretTransport,
    now: Timestamp,
) -> Result<(), JsonError> {
    let live = store::clients::live_secrets(&state.store, client, now).await?;
    let matched = live.iter().filter(|hash| hash.matches(secret.expose().as_bytes())).count();
    if matched == 0 {
        return Err(refused(match transport {
            SecretTransport::Basic => "the secret sent with HTTP Basic is wrong or expired",
            SecretTransport::Post => "the secret sent in the body is wrong or expired",
        }));
    }
    Ok(())
}

/// `private_key_jwt` (RFC 7523 §3, OpenID Connect Core §9). An assertion is accepted once; the database remembers it.
async fn verify_assertion(state: &AppState, client: &Client, assertion: &str, now: Timestamp) -> Result<(), JsonError> {
    let because = |cause: &dyn std::fmt::Display| refused("the client assertion is not valid").because(cause);
    let keys = client.jwks.as_deref().ok_or_else(|| because(&"the client has no keys registered"))?;
    let keys = JwkSet::parse(keys).map_err(|error| because(&error))?;
    let header = verify::peek(assertion).map_err(|error| because(&error))?;
    let key = keys
        .find(header.kid.as_deref(), header.alg)
        .ok_or_else(|| because(&"none of the client's keys fits the assertion's kid and alg"))?;
    let typ = if header.typ.is_some() { client_auth::ASSERTION_TYPES } else { &[] };
    let expected = Expected { typ, algorithms: SigningAlgorithm::ALL };
    let claims: AssertionClaims = verify::verify(assertion, key, &expected).map_err(|error| because(&error))?;
    let used = client_auth::check_assertion(&claims, &client.id, state.issuer(), now)?;
    match store::used_assertions::spend(&state.store, &client.id, &used.jti, used.expires_at).await? {
        store::Won::Yes => Ok(()),
        store::Won::No => Err(because(&"the assertion was used before")),
    }
}

fn refused(cause: &'static str) -> JsonError {
    JsonError::new(client_auth::failed()).because(cause)
}
