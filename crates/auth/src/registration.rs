//! The work behind clients that register themselves (RFC 7591) and manage their registration (RFC 7592): who is let in, what is
//! drawn, fetched and written. What may be registered is decided in `protocol::registration::dynamic`.
//!
//! Of secrets and registration access tokens only hashes are kept, so each is told once. Only a secret that is the key of a MAC
//! (`client_secret_jwt`) is kept encrypted beside its hash.

use actix_web::http::StatusCode;
use jwt::jwks::JwkSet;
use jwt::sealed::{self, Purpose};
use jwt::secrets::Secrets;
use protocol::client::{Client, TokenEndpointAuthMethod};
use protocol::error::{ErrorCode, OAuthError};
use protocol::ids::{ClientId, InitialAccessTokenId};
use protocol::registration::dynamic;
use protocol::secret::{NamedToken, SecretString, TokenHash};
use protocol::subject;
use protocol::time::Timestamp;
use serde_json::{Map, Value};
use store::clients::KeptSecret;
use store::registrations::{Registration, Replacement, SecretChange};
use store::{StoreError, Won};

use crate::config::RegistrationAccess;
use crate::outbound::{Outbound, OutboundError};
use crate::web::error::{Challenge, JsonError};
use crate::{AppState, random};

/// A client with what is told about it this once.
pub(crate) struct Registered {
    pub(crate) client: Client,
    /// When it is new.
    pub(crate) secret: Option<SecretString>,
    /// The registration access token.
    pub(crate) token: SecretString,
}

/// Whoever registers was let in: by nothing, or by an initial access token that is used up with the registration.
pub(crate) struct Admitted(Option<InitialAccessTokenId>);

/// A client that proved with its registration access token that the registration is its own.
pub(crate) struct Owner {
    pub(crate) client: Client,
    pub(crate) token: SecretString,
    registration: Registration,
}

/// Why a sector identifier cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum SectorError {
    #[error(transparent)]
    NotFetched(#[from] OutboundError),
    #[error("the sector_identifier_uri: {0}")]
    Wrong(&'static str),
}

/// RFC 7591 §3: "The client registration endpoint MAY be an OAuth 2.0 protected resource and it MAY accept an initial access
/// token".
pub(crate) async fn admit(state: &AppState, bearer: Option<&str>, now: Timestamp) -> Result<Admitted, JsonError> {
    match state.config.registration.access {
        RegistrationAccess::Open => Ok(Admitted(None)),
        RegistrationAccess::Off | RegistrationAccess::InitialAccessToken => {
            let bearer =
                bearer.ok_or_else(|| unauthorized("an initial access token is needed to register a client"))?;
            let refused = || unauthorized("the initial access token is unknown, expired or used up");
            let token = NamedToken::<InitialAccessTokenId>::parse(bearer).ok_or_else(refused)?;
            let kept = store::initial_access_tokens::find(&state.store, &token.id).await?.ok_or_else(refused)?;
            if kept.secret_hash != token.hash() || !kept.is_live(now) {
                return Err(refused());
            }
            Ok(Admitted(Some(kept.id)))
        }
    }
}

/// Registers the client that the document describes.
pub(crate) async fn register(
    state: &AppState,
    document: Map<String, Value>,
    Admitted(initial_access_token): Admitted,
    now: Timestamp,
) -> Result<Registered, JsonError> {
    let mut client = described(state, document, ClientId::from_random(random::id()), now).await?;
    client.expires_unused_at = state.config.registration.expires_unused_at(now);
    let secret = client.has_secret().then(|| new_secret(&client));
    let kept = secret.as_ref().map(|secret| keep(state.keys.secrets(), &client, secret, now));
    let token = random::secret();
    let registration = Registration {
        client_id: client.id.clone(),
        token_hash: hash(&token),
        previous_token_hash: None,
        initial_access_token,
        created_at: now,
    };
    match store::registrations::insert(&state.store, &registration, &client, kept.as_ref()).await? {
        Won::Yes => tracing::info!(client.id = %client.id, client.name = client.name, "a client registered itself"),
        Won::No => return Err(unauthorized("the initial access token is unknown, expired or used up")),
    }
    Ok(Registered { client, secret, token })
}

/// RFC 7592 §2.1: "If the client does not exist on this server, the server MUST respond with HTTP 401 Unauthorized". A wrong
/// token looks the same.
pub(crate) async fn owner(
    state: &AppState,
    id: &str,
    bearer: Option<&str>,
    now: Timestamp,
) -> Result<Owner, JsonError> {
    let refused = || unauthorized("the registration access token is not one of this client");
    let bearer = bearer.ok_or_else(|| unauthorized("the registration access token of the client is needed"))?;
    let id = ClientId::parse(id).map_err(|_| refused())?;
    let registration = store::registrations::find(&state.store, &id).await?;
    let registration = registration.ok_or_else(|| refused().because("the client did not register itself"))?;
    let presented = TokenHash::of(bearer.as_bytes());
    let is_previous = registration.previous_token_hash.as_ref() == Some(&presented);
    if registration.token_hash != presented && !is_previous {
        return Err(refused().because("the token is wrong, or was replaced"));
    }
    let client = store::clients::find(&state.store, &id).await?.ok_or_else(refused)?;
    if client.disabled_at.is_some() {
        return Err(refused().because("the client is disabled"));
    }
    if client.expires_unused_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(refused().because("the client was never used and has expired"));
    }
    // The answer with the new token arrived, so nobody needs the old one any more.
    if !is_previous && registration.previous_token_hash.is_some() {
        let _won = store::registrations::confirm(&state.store, &id, &presented).await?;
    }
    Ok(Owner { client, token: SecretString::new(bearer.to_owned()), registration })
}

/// RFC 7592 §2.2: the document replaces everything that was registered.
pub(crate) async fn replace(
    state: &AppState,
    owner: Owner,
    document: Map<String, Value>,
    now: Timestamp,
) -> Result<Registered, JsonError> {
    let Owner { client: before, token, registration } = owner;
    let claimed = dynamic::check_update(&document, &before.id)?;
    if let Some(secret) = claimed.secret {
        // "If the client includes the client_secret field in the request, the value of this field MUST match the currently
        // issued client secret for that client."
        let live = store::clients::live_secrets(&state.store, &before.id, now).await?;
        if !live.iter().any(|hash| hash.matches(secret.expose().as_bytes())) {
            let text = "client_secret is not the secret of this client; leave it out";
            return Err(OAuthError::new(ErrorCode::InvalidClientMetadata, text).at("client_secret").into());
        }
    }
    let described = described(state, document, before.id.clone(), now).await?;
    let client = Client {
        created_at: before.created_at,
        disabled_at: before.disabled_at,
        expires_unused_at: before.expires_unused_at,
        ..described
    };
    let secret = needs_new_secret(&before, &client).then(|| new_secret(&client));
    let change = match &secret {
        Some(secret) => SecretChange::Replace(keep(state.keys.secrets(), &client, secret, now)),
        None if client.has_secret() => SecretChange::Keep,
        None => SecretChange::Remove,
    };
    let next = random::secret();
    let replacement = Replacement {
        client: &client,
        secret: change,
        seen: &registration.token_hash,
        presented: &hash(&token),
        next: &hash(&next),
    };
    match store::registrations::replace(&state.store, &replacement).await? {
        Won::Yes => tracing::info!(client.id = %client.id, "a client replaced its registration"),
        Won::No => return Err(overtaken()),
    }
    Ok(Registered { client, secret, token: next })
}

/// RFC 7592 §2.3: the client, its secrets and tokens and everybody's access through it end.
pub(crate) async fn delete(state: &AppState, owner: &Owner, now: Timestamp) -> Result<(), JsonError> {
    match store::clients::delete(&state.store, &owner.client.id, now).await? {
        Won::Yes => tracing::info!(client.id = %owner.client.id, "a client deleted its registration"),
        Won::No => tracing::debug!(client.id = %owner.client.id, "the client was deleted by a parallel request"),
    }
    Ok(())
}

/// The client got a code or a token, so it is one that is used and stays. Writes once per client.
pub(crate) async fn used(state: &AppState, client: &Client, now: Timestamp) -> Result<(), StoreError> {
    if client.expires_unused_at.is_some() {
        let _won = store::clients::used(&state.store, &client.id, now).await?;
    }
    Ok(())
}

/// The document as a client, with what only a look beyond the document can tell.
async fn described(
    state: &AppState,
    document: Map<String, Value>,
    id: ClientId,
    now: Timestamp,
) -> Result<Client, JsonError> {
    let features = state.config.openid.switched_on();
    let client = dynamic::check(document, id, now, &state.config.registration_policy(&features))?;
    check_keys(&client)?;
    check_sector(&state.outbound, &client).await.map_err(|error| match error {
        SectorError::Wrong(text) => invalid("sector_identifier_uri", format!("sector_identifier_uri: {text}")).into(),
        // The cause would let a stranger map the network around this server.
        SectorError::NotFetched(cause) => {
            let text = "sector_identifier_uri: it cannot be fetched; it must answer by itself, soon, with status 200 and at \
                        most 64 KiB, at a public address";
            JsonError::new(invalid("sector_identifier_uri", text.to_owned())).because(cause)
        }
    })?;
    Ok(client)
}

/// What `protocol` cannot tell of keys: whether they can be read, and serve for what the client asks.
fn check_keys(client: &Client) -> Result<(), OAuthError> {
    let Some(jwks) = &client.jwks else { return Ok(()) };
    let keys = JwkSet::parse(jwks).map_err(|error| invalid("jwks", format!("jwks: {error}")))?;
    if client.token_endpoint_auth_method == TokenEndpointAuthMethod::PrivateKeyJwt && keys.keys().is_empty() {
        return Err(invalid("jwks", "jwks: none of the keys can verify a signature".to_owned()));
    }
    for encryption in [client.id_token_encryption, client.userinfo_encryption].into_iter().flatten() {
        if keys.encryption_key(encryption.alg).is_none() {
            return Err(invalid("jwks", format!("jwks: none of the keys is for encryption with {}", encryption.alg)));
        }
    }
    Ok(())
}

/// OpenID Connect Registration §5: the document at `sector_identifier_uri` lists every redirect URI. Asked whatever the subject
/// type is, because the metadata claims it.
pub async fn check_sector(outbound: &Outbound, client: &Client) -> Result<(), SectorError> {
    let Some(uri) = &client.sector_identifier_uri else { return Ok(()) };
    let answer = outbound.get("the sector_identifier_uri", uri, "application/json").await?;
    subject::check_sector(&answer.body, client).map_err(SectorError::Wrong)
}

/// A secret that is long enough for every MAC that the client may use.
pub fn new_secret(client: &Client) -> SecretString {
    match client.token_endpoint_auth_method {
        TokenEndpointAuthMethod::ClientSecretJwt => random::mac_secret(),
        TokenEndpointAuthMethod::None
        | TokenEndpointAuthMethod::ClientSecretBasic
        | TokenEndpointAuthMethod::ClientSecretPost
        | TokenEndpointAuthMethod::PrivateKeyJwt => random::secret(),
    }
}

/// What the database keeps of a secret of this client.
pub fn keep(secrets: &Secrets, client: &Client, secret: &SecretString, now: Timestamp) -> KeptSecret {
    let sealed = is_mac_key(client).then(|| sealed::seal_for(Purpose::ClientSecret, secrets, secret.expose()));
    KeptSecret { sealed, ..keep_hash(secret, now) }
}

/// What the database keeps of a secret that is no key of a MAC.
pub fn keep_hash(secret: &SecretString, now: Timestamp) -> KeptSecret {
    KeptSecret { hash: hash(secret), sealed: None, created_at: now, expires_at: None }
}

fn is_mac_key(client: &Client) -> bool {
    client.token_endpoint_auth_method == TokenEndpointAuthMethod::ClientSecretJwt
}

/// A secret that was never sealed cannot become the key of a MAC, and one that was is not kept for less.
fn needs_new_secret(before: &Client, after: &Client) -> bool {
    after.has_secret() && (!before.has_secret() || is_mac_key(before) != is_mac_key(after))
}

fn hash(token: &SecretString) -> TokenHash {
    TokenHash::of(token.expose().as_bytes())
}

fn invalid(member: &'static str, text: String) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClientMetadata, text).at(member)
}

fn unauthorized(text: &'static str) -> JsonError {
    JsonError::new(OAuthError::new(ErrorCode::InvalidToken, text)).challenge(Challenge::Bearer)
}

/// Of two changes that saw the same registration one is written. The other would undo what it never saw.
fn overtaken() -> JsonError {
    let text = "another request changed this registration at the same moment; read it again, then send the change";
    JsonError {
        status: StatusCode::CONFLICT,
        ..JsonError::new(OAuthError::new(ErrorCode::InvalidClientMetadata, text))
    }
}
