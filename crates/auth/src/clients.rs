//! Who is asking at the token, introspection and revocation endpoints: loads the client and verifies what it presented.
//! Which credentials a request carries and which a client may use is decided in `protocol::client_auth`.

use std::fmt;

use actix_web::{HttpMessage as _, HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt::sealed::{self, Purpose};
use jwt::verify::{self, Expected};
use protocol::client::{Client, RegisteredBy, TokenEndpointAuthMethod};
use protocol::client_auth::{self, AssertionClaims, PresentedCredentials, SecretTransport};
use protocol::error::{ErrorCode, OAuthError};
use protocol::ids::ClientId;
use protocol::params::Params;
use protocol::secret::SecretString;
use protocol::signing::{AssertionAlgorithm, MacAlgorithm, SigningAlgorithm};
use protocol::time::Timestamp;

use crate::client_keys::Registered;
use crate::sender;
use crate::web::error::{Challenge, JsonError};
use crate::{AppState, offered, protocol_log};

/// Authenticates the client of a request (RFC 6749 §2.3). All failures look alike to the client; the log knows the cause.
pub(crate) async fn authenticate(
    state: &AppState,
    request: &HttpRequest,
    params: &Params,
    now: Timestamp,
) -> Result<Client, JsonError> {
    let authorization = sender::authorization(request)?;
    // RFC 6749 §5.2: a client that tried the Authorization header is answered with a challenge for that scheme.
    let challenge = |error: JsonError| match authorization {
        Some(_) if error.error.code == ErrorCode::InvalidClient => error.challenge(Challenge::Basic),
        _ => error,
    };
    let presented = match client_auth::presented(authorization, params) {
        Ok(presented) => presented,
        Err(error) => {
            note_named(state, request, params).await?;
            return Err(challenge(unreadable(error, authorization)));
        }
    };
    let client = named(state, request, presented.client_id(), now).await.map_err(challenge)?;
    if let Err(error) = verify(state, &client, &presented, now).await {
        let cause = why_not(state, &presented, authorization, now).await?;
        return Err(challenge(cause.into_iter().fold(error, JsonError::because)));
    }
    request.extensions_mut().insert(client.id.clone()); // for CORS
    if client.is_confidential() {
        protocol_log::proven(request);
    }
    Ok(client)
}

/// The client that the request names. What follows is logged as its exchange, whether or not it can prove itself.
async fn named(state: &AppState, request: &HttpRequest, id: &ClientId, now: Timestamp) -> Result<Client, JsonError> {
    let Some(client) = store::clients::find(&state.store, id).await? else {
        let beginning = protocol_log::beginning(id.as_str());
        return Err(refused(format_args!("no client is registered with the id {beginning}")));
    };
    protocol_log::about(request, id);
    match unserved(state, &client, now) {
        Some(cause) => Err(refused(cause)),
        None => Ok(client),
    }
}

/// Why a client that is in the database is not served, if so: it is gone, or it registered itself for what was switched off.
/// Everybody who loads a client that asks for something asks here.
pub(crate) fn unserved(state: &AppState, client: &Client, now: Timestamp) -> Option<String> {
    if let Some(gone) = client.gone(now) {
        return Some(gone.to_string());
    }
    // Those of the administrator were looked at when the server started.
    let algorithms = match client.registered_by {
        RegisteredBy::Administrator => return None,
        RegisteredBy::Dynamic => state.keys.keyring().algorithms(now),
    };
    let problem = offered::unanswerable(&state.config.openid, &algorithms, client)?;
    Some(format!("the client registered itself for more than there is: {problem}"))
}

async fn verify(
    state: &AppState,
    client: &Client,
    presented: &PresentedCredentials,
    now: Timestamp,
) -> Result<(), JsonError> {
    client_auth::check_method(client, presented).map_err(|error| {
        let registered = client.token_endpoint_auth_method;
        JsonError::new(error).because(format_args!("registered for {registered}, but it came with {}", how(presented)))
    })?;
    match presented {
        PresentedCredentials::None { .. } => {}
        PresentedCredentials::Secret { client_id, secret, transport } => {
            verify_secret(state, client_id, secret, *transport, now).await?;
        }
        PresentedCredentials::Assertion { assertion, .. } => {
            verify_assertion(state, client, assertion, now).await?;
        }
    }
    Ok(())
}

fn how(presented: &PresentedCredentials) -> &'static str {
    match presented {
        PresentedCredentials::None { .. } => "no credential",
        PresentedCredentials::Secret { transport: SecretTransport::Basic, .. } => "a secret by HTTP Basic",
        PresentedCredentials::Secret { transport: SecretTransport::Post, .. } => "a secret in the body",
        PresentedCredentials::Assertion { .. } => "an assertion",
    }
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
            SecretTransport::Basic => "the secret sent with HTTP Basic is wrong",
            SecretTransport::Post => "the secret sent in the body is wrong",
        }));
    }
    Ok(())
}

/// `private_key_jwt` and `client_secret_jwt` (RFC 7523 §3, OpenID Connect Core §9). An assertion is accepted once; the
/// database remembers it.
async fn verify_assertion(state: &AppState, client: &Client, assertion: &str, now: Timestamp) -> Result<(), JsonError> {
    let because = |cause: &dyn fmt::Display| refused("the client assertion is not valid").because(cause);
    let header = verify::peek_assertion(assertion).map_err(|error| because(&error))?;
    let is_type = |typ: &str| client_auth::ASSERTION_TYPES.iter().any(|expected| verify::same_type(expected, typ));
    if header.typ.as_deref().is_some_and(|typ| !is_type(typ)) {
        return Err(because(&"it is a token of another type"));
    }
    // Registration §2: "All Token Requests using these authentication methods from this Client MUST be rejected, if the JWT is
    // not signed with this algorithm."
    if let Some(only) = only_algorithm(client).filter(|only| *only != header.alg) {
        return Err(because(&format_args!("registered for {only}, but it is signed with {}", header.alg)));
    }
    let claims: AssertionClaims = match (client.token_endpoint_auth_method, header.alg) {
        (TokenEndpointAuthMethod::PrivateKeyJwt, AssertionAlgorithm::Signature(_)) => {
            let expected = Expected { typ: &[], algorithms: SigningAlgorithm::ALL };
            let registered = Registered::of(client);
            let verified = state.client_keys.verify(registered, assertion, &expected, now).await;
            verified.map_err(|error| because(&error))?
        }
        (TokenEndpointAuthMethod::ClientSecretJwt, AssertionAlgorithm::Mac(alg)) => {
            verify_mac(state, &client.id, assertion, alg, now).await?
        }
        (method, alg) => {
            return Err(because(&format_args!("{alg} is not for a client that is registered for {method}")));
        }
    };
    let used = client_auth::check_assertion(&claims, &client.id, state.issuer(), now)?;
    match store::used_assertions::spend(&state.store, &client.id, &used.jti, used.expires_at).await? {
        store::Won::Yes => Ok(()),
        store::Won::No => Err(because(&"the assertion was used before")),
    }
}

/// Registration §2: without a registered algorithm "any algorithm supported by the OP and the RP MAY be used". A private key has
/// one algorithm anyhow; one secret would be good for three. RFC 8725 §3.1: "Each key MUST be used with exactly one algorithm".
fn only_algorithm(client: &Client) -> Option<AssertionAlgorithm> {
    client.token_endpoint_auth_signing_alg.or(match client.token_endpoint_auth_method {
        TokenEndpointAuthMethod::ClientSecretJwt => Some(AssertionAlgorithm::Mac(MacAlgorithm::HS256)),
        TokenEndpointAuthMethod::ClientSecretBasic
        | TokenEndpointAuthMethod::ClientSecretPost
        | TokenEndpointAuthMethod::PrivateKeyJwt
        | TokenEndpointAuthMethod::None => None,
    })
}

/// The key is the secret itself (OpenID Connect Core §10.1), which is kept encrypted. Two may be live while they are rotated.
async fn verify_mac(
    state: &AppState,
    client: &ClientId,
    assertion: &str,
    alg: MacAlgorithm,
    now: Timestamp,
) -> Result<AssertionClaims, JsonError> {
    let mut cause = "the client has no live secret that is kept for a MAC".to_owned();
    for sealed in store::clients::live_sealed_secrets(&state.store, client, now).await? {
        match sealed::open_for::<String>(Purpose::ClientSecret(client), state.keys.secrets(), &sealed) {
            None => "the secret was encrypted with another master key or for another client".clone_into(&mut cause),
            Some(secret) => match jwt::mac::verify_mac(assertion, &SecretString::new(secret), &[alg]) {
                Ok(claims) => return Ok(claims),
                Err(error) => cause = error.to_string(),
            },
        }
    }
    Err(refused("the client assertion is not valid").because(cause))
}

/// For the log: whose request it was that could not even be read.
async fn note_named(state: &AppState, request: &HttpRequest, params: &Params) -> Result<(), JsonError> {
    let named = params.get("client_id").ok().flatten().and_then(|id| ClientId::parse(id).ok());
    if let Some(id) = named
        && store::clients::find(&state.store, &id).await?.is_some()
    {
        protocol_log::about(request, &id);
    }
    Ok(())
}

fn unreadable(error: OAuthError, authorization: Option<&str>) -> JsonError {
    let error = JsonError::new(error);
    match authorization.and_then(raw_basic) {
        Some(_) if error.error.code == ErrorCode::InvalidClient => {
            error.because("the Basic credentials cannot be form-decoded; they were probably sent without form encoding")
        }
        _ => error,
    }
}

/// What a wrong secret is, if it is a known mistake: one that expired, or one that was sent as it is where RFC 6749 §2.3.1 wants
/// it form-encoded.
async fn why_not(
    state: &AppState,
    presented: &PresentedCredentials,
    authorization: Option<&str>,
    now: Timestamp,
) -> Result<Option<String>, JsonError> {
    let PresentedCredentials::Secret { client_id, secret, .. } = presented else { return Ok(None) };
    let expired = store::clients::expired_secrets(&state.store, client_id, now).await?;
    if let Some((_, at)) = expired.iter().find(|(hash, _)| hash.matches(secret.expose().as_bytes())) {
        return Ok(Some(format!("the secret expired {} s ago", now.since(*at).0)));
    }
    let Some(raw) = authorization.and_then(raw_basic) else { return Ok(None) };
    let live = store::clients::live_secrets(&state.store, client_id, now).await?;
    let right = raw != secret.expose().as_bytes() && live.iter().any(|hash| hash.matches(&raw));
    Ok(right.then(|| "the secret is right, but it was sent without the form encoding of RFC 6749 2.3.1".to_owned()))
}

/// The second half of Basic credentials as it was sent.
fn raw_basic(header: &str) -> Option<Vec<u8>> {
    let (scheme, credentials) = header.split_once(' ')?;
    let joined =
        STANDARD.decode(credentials.trim_matches(' ')).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let colon = joined.iter().position(|byte| *byte == b':')?;
    Some(joined[colon + 1..].to_vec())
}

fn refused(cause: impl fmt::Display) -> JsonError {
    JsonError::new(client_auth::failed()).because(cause)
}
