//! The work behind clients that register themselves (RFC 7591) and manage their registration (RFC 7592): who is let in, what is
//! drawn, fetched and written. What may be registered is decided in `protocol::registration::dynamic`.
//!
//! Of secrets and registration access tokens only hashes are kept, so each is told once. Only a secret that is the key of a MAC
//! (`client_secret_jwt`) is kept encrypted beside its hash.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use jwt::jwks::JwkSet;
use jwt::sealed::{self, Purpose};
use jwt::secrets::Secrets;
use protocol::client::{Client, TokenEndpointAuthMethod};
use protocol::error::{ErrorCode, OAuthError};
use protocol::ids::{ClientId, InitialAccessTokenId};
use protocol::redirect_uri::RegisteredRedirectUri;
use protocol::registration::dynamic;
use protocol::secret::{NamedToken, SecretString, TokenHash};
use protocol::subject;
use protocol::time::{Seconds, Timestamp};
use serde_json::{Map, Value};
use store::clients::KeptSecret;
use store::registrations::{ConsentChange, PreviousToken, Registration, Replacement, SecretChange};
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
    presented: Presented,
}

/// Which of its two tokens the owner came with.
#[derive(Clone, Copy)]
enum Presented {
    Current,
    Previous { expires_at: Timestamp },
}

/// For how long a registration access token is good beside its successor, whose answer may have been lost on the way. Longer,
/// and one that leaked long ago would take the client over.
const PREVIOUS_TOKEN_LIFETIME: Seconds = Seconds::minutes(10);

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
        // The guard of the route lets nobody come here.
        RegistrationAccess::Off => Err(JsonError {
            status: StatusCode::NOT_FOUND,
            ..JsonError::new(OAuthError::new(ErrorCode::InvalidRequest, "clients cannot register themselves here"))
        }),
        RegistrationAccess::InitialAccessToken => {
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
        previous: None,
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
    let hash = TokenHash::of(bearer.as_bytes());
    let presented = presented(&registration, &hash, now).map_err(|cause| refused().because(cause))?;
    let client = store::clients::find(&state.store, &id).await?.ok_or_else(refused)?;
    if let Some(gone) = client.gone(now) {
        return Err(refused().because(gone));
    }
    // The answer with the new token arrived, so nobody needs the old one any more.
    if matches!(presented, Presented::Current) && registration.previous.is_some() {
        let _won = store::registrations::confirm(&state.store, &id, &hash).await?;
    }
    Ok(Owner { client, token: SecretString::new(bearer.to_owned()), registration, presented })
}

fn presented(registration: &Registration, hash: &TokenHash, now: Timestamp) -> Result<Presented, &'static str> {
    if registration.token_hash == *hash {
        return Ok(Presented::Current);
    }
    match registration.previous.as_ref().filter(|previous| previous.hash == *hash) {
        Some(PreviousToken { expires_at, .. }) if now < *expires_at => {
            Ok(Presented::Previous { expires_at: *expires_at })
        }
        Some(_) => {
            // Its owner has had a newer one for long, or has never got it and has to ask for help.
            tracing::warn!(client.id = %registration.client_id,
                "a registration access token came back long after it was replaced; somebody else may have it");
            Err("the token was replaced too long ago")
        }
        None => Err("the token is wrong, or was replaced"),
    }
}

/// RFC 7592 §2.2: the document replaces everything that was registered.
pub(crate) async fn replace(
    state: &AppState,
    owner: Owner,
    document: Map<String, Value>,
    now: Timestamp,
) -> Result<Registered, JsonError> {
    let before = &owner.client;
    check_claimed_secret(state, &document, before, now).await?;
    let described = described(state, document, before.id.clone(), now).await?;
    let client = Client {
        created_at: before.created_at,
        disabled_at: before.disabled_at,
        expires_unused_at: before.expires_unused_at,
        // What the administrator laid upon the client is not its own to take off.
        minimum_acr: before.minimum_acr,
        password_check_scope: before.password_check_scope.clone(),
        ..described
    };
    let secret = needs_new_secret(before, &client).then(|| new_secret(&client));
    let next = random::secret();
    let replacement = Replacement {
        client: &client,
        secret: match &secret {
            Some(secret) => SecretChange::Replace(keep(state.keys.secrets(), &client, secret, now)),
            None if client.has_secret() => SecretChange::Keep,
            None => SecretChange::Remove,
        },
        consents: consents(before, &client),
        seen: &owner.registration.token_hash,
        previous: &owner.previous(now),
        next: &hash(&next),
    };
    match store::registrations::replace(&state.store, &replacement).await? {
        Won::Yes => tracing::info!(client.id = %client.id, "a client replaced its registration"),
        Won::No => return Err(overtaken()),
    }
    Ok(Registered { client, secret, token: next })
}

/// RFC 7592 §2.2: "If the client includes the client_secret field in the request, the value of this field MUST match the
/// currently issued client secret for that client."
async fn check_claimed_secret(
    state: &AppState,
    document: &Map<String, Value>,
    client: &Client,
    now: Timestamp,
) -> Result<(), JsonError> {
    let Some(secret) = dynamic::check_update(document, &client.id)?.secret else { return Ok(()) };
    let live = store::clients::live_secrets(&state.store, &client.id, now).await?;
    if live.iter().any(|hash| hash.matches(secret.expose().as_bytes())) {
        return Ok(());
    }
    let text = "client_secret is not the secret of this client; leave it out";
    Err(invalid("client_secret", text.to_owned()).into())
}

/// People allowed what they saw: this name and picture, an answer to this place, and to be known as who they are there. Of a
/// client that becomes another one they are asked again. (Grants see to it themselves, `protocol::grant::active`.)
fn consents(before: &Client, after: &Client) -> ConsentChange {
    let destinations = |client: &Client| {
        let of =
            |uri: &RegisteredRedirectUri| (uri.destination().host().is_some(), uri.destination().name().to_owned());
        client.redirect_uris.iter().map(of).collect::<BTreeSet<_>>()
    };
    let seen =
        |client: &Client| (client.name.clone(), client.logo_uri.clone(), subject::sector(client), destinations(client));
    if seen(before) == seen(after) { ConsentChange::Keep } else { ConsentChange::Forget }
}

impl Owner {
    /// The token that came with this change is the next one's predecessor. Coming again with it gives it no more time.
    fn previous(&self, now: Timestamp) -> PreviousToken {
        let expires_at = match self.presented {
            Presented::Current => now + PREVIOUS_TOKEN_LIFETIME,
            Presented::Previous { expires_at } => expires_at,
        };
        PreviousToken { hash: hash(&self.token), expires_at }
    }
}

/// RFC 7592 §2.3: the client, its secrets and tokens and everybody's access through it end.
pub(crate) async fn delete(state: &AppState, owner: &Owner, now: Timestamp) -> Result<(), JsonError> {
    match store::clients::delete(&state.store, &owner.client.id, now).await? {
        Won::Yes => tracing::info!(client.id = %owner.client.id, "a client deleted its registration"),
        Won::No => tracing::debug!(client.id = %owner.client.id, "the client was deleted by a parallel request"),
    }
    Ok(())
}

/// The client gets a code or a token, so it is one that is used and stays. Writes once per client. `Won::No` when it expired or
/// was deleted meanwhile: then it gets nothing.
pub(crate) async fn used(state: &AppState, client: &Client, now: Timestamp) -> Result<Won, StoreError> {
    if client.expires_unused_at.is_none() {
        return Ok(Won::Yes);
    }
    match store::clients::used(&state.store, &client.id, now).await? {
        Won::Yes => Ok(Won::Yes),
        Won::No => {
            let kept = store::clients::find(&state.store, &client.id).await?;
            let used_by_another_request = kept.is_some_and(|client| client.expires_unused_at.is_none());
            Ok(if used_by_another_request { Won::Yes } else { Won::No })
        }
    }
}

/// The document as a client, with what only a look beyond the document can tell.
async fn described(
    state: &AppState,
    document: Map<String, Value>,
    id: ClientId,
    now: Timestamp,
) -> Result<Client, JsonError> {
    let features = state.config.openid.switched_on();
    let algorithms = state.keys.keyring().algorithms(now);
    let offered = state.config.openid.offered(&algorithms, &features);
    let client = dynamic::check(document, id, now, &state.config.registration_policy(offered))?;
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
    let sealed =
        is_mac_key(client).then(|| sealed::seal_for(Purpose::ClientSecret(&client.id), secrets, secret.expose()));
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
