//! The public keys of clients: those that stand in the registration (`jwks`), and those that the client publishes itself
//! (`jwks_uri`), fetched through `outbound` and kept for a while.
//!
//! When they are fetched is decided in `client_keys/published.rs`. Held in memory, prepared once and bounded; what nobody asks
//! for is forgotten first.

mod published;

use std::sync::Arc;

use jwt::jwks::{JwkSet, JwksError};
use jwt::verify::{Expected, VerifyError};
use protocol::client::{Client, RegisteredBy};
use protocol::ids::ClientId;
use protocol::registration::MAX_KEYS;
use protocol::secret::TokenHash;
use protocol::time::{Seconds, Timestamp};
use quick_cache::sync::Cache;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use self::published::{FORCED_EVERY, Published};
use crate::outbound::{Answer, Outbound, OutboundError};

/// OA-158: how long keys are taken for current.
const CURRENT_FOR: Seconds = Seconds::minutes(10);
/// Clients whose keys are remembered, of those that publish them and of those that registered them; 32 MB each when all of them
/// have as many as they may, and a hundredth of it usually.
const REMEMBERED: usize = 500;

/// Shared by all workers.
pub struct ClientKeys {
    outbound: Outbound,
    published: Cache<(ClientId, String), Arc<Published>>,
    /// By client and hash of the document, so that a changed registration counts at once. To prepare keys takes its time, and
    /// whoever knows a client id can make us need them.
    registered: Cache<(ClientId, String), Arc<Keys>>,
}

/// What a registration says about keys.
#[derive(Clone, Copy, Debug)]
pub struct Registered<'a> {
    pub client: &'a ClientId,
    pub jwks: Option<&'a str>,
    pub jwks_uri: Option<&'a str>,
    pub registered_by: RegisteredBy,
}

/// The keys of one client at one moment.
#[derive(Debug)]
pub struct Keys {
    pub set: JwkSet,
    fetched_at: Timestamp,
    current_for: Seconds,
}

/// Why there are no keys.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeysError {
    #[error("the client has registered neither jwks nor jwks_uri")]
    None,
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Told to everybody who asks while the client is left alone.
    #[error("the keys of the client could not be fetched: {0}")]
    Unavailable(Arc<FetchError>),
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("the key set is not UTF-8")]
    Encoding,
    #[error(transparent)]
    KeySet(#[from] JwksError),
    #[error("the key set has more than {MAX_KEYS} keys")]
    TooManyKeys,
}

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("the fetch was cut short")]
    CutShort,
}

/// Why a JWT is not the client's.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotSigned {
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Token(#[from] VerifyError),
}

impl<'a> Registered<'a> {
    pub fn of(client: &'a Client) -> Self {
        Self {
            client: &client.id,
            jwks: client.jwks.as_deref(),
            jwks_uri: client.jwks_uri.as_deref(),
            registered_by: client.registered_by,
        }
    }
}

impl ClientKeys {
    pub fn new(outbound: Outbound) -> Self {
        Self { outbound, published: Cache::new(REMEMBERED), registered: Cache::new(REMEMBERED) }
    }

    /// The keys of a client as far as they are known; fetched when they are not known or old.
    pub async fn of(&self, registered: Registered<'_>, now: Timestamp) -> Result<Arc<Keys>, KeysError> {
        match (registered.jwks, self.published(registered)) {
            (Some(jwks), _) => {
                let key = (registered.client.clone(), TokenHash::of(jwks.as_bytes()).as_str().to_owned());
                let prepare = || Ok::<_, DocumentError>(Arc::new(Keys::registered(jwks, now)?));
                Ok(self.registered.get_or_insert_with(&key, prepare)?)
            }
            (None, Some(published)) => {
                published.current(&self.outbound.on_behalf_of(registered.registered_by), now).await
            }
            (None, None) => Err(KeysError::None),
        }
    }

    /// For a caller to whom the keys that it `saw` did not serve: others, if the client publishes others by now. `None` also
    /// when it was asked so a moment ago, or cannot be asked.
    pub async fn newer_than(&self, saw: &Arc<Keys>, registered: Registered<'_>, now: Timestamp) -> Option<Arc<Keys>> {
        match (registered.jwks, self.published(registered)) {
            (None, Some(published)) => {
                published.newer_than(saw, &self.outbound.on_behalf_of(registered.registered_by), now).await
            }
            _ => None,
        }
    }

    /// The claims of a JWT that the client has signed. Looks for newer keys once when none fits, or the one that fits did not
    /// sign (a client without key ids rotates like that).
    pub async fn verify<C: DeserializeOwned>(
        &self,
        registered: Registered<'_>,
        token: &str,
        expected: &Expected<'_>,
        now: Timestamp,
    ) -> Result<C, NotSigned> {
        let keys = self.of(registered, now).await?;
        let error = match keys.set.verify(token, expected) {
            Err(error @ (VerifyError::UnknownKey | VerifyError::Signature)) => error,
            decided => return Ok(decided?),
        };
        match self.newer_than(&keys, registered, now).await {
            Some(newer) => Ok(newer.set.verify(token, expected)?),
            None => Err(error.into()),
        }
    }

    /// One place per client and address: a registration that names another address begins anew.
    fn published(&self, registered: Registered<'_>) -> Option<Arc<Published>> {
        let uri = registered.jwks_uri.filter(|_| registered.jwks.is_none())?.to_owned();
        let key = (registered.client.clone(), uri);
        let new = || Ok::<_, std::convert::Infallible>(Arc::new(Published::new(&key.0, &key.1)));
        let Ok(published) = self.published.get_or_insert_with(&key, new);
        Some(published)
    }
}

/// How many keys a document has, whatever they are.
#[derive(Deserialize)]
struct Members {
    keys: Vec<IgnoredAny>,
}

impl Keys {
    fn registered(jwks: &str, now: Timestamp) -> Result<Self, DocumentError> {
        Ok(Self { set: JwkSet::parse(jwks)?, fetched_at: now, current_for: CURRENT_FOR })
    }

    fn fetched(answer: &Answer, now: Timestamp) -> Result<Self, DocumentError> {
        let document = str::from_utf8(&answer.body).map_err(|_| DocumentError::Encoding)?;
        // Counted first, because to prepare a key takes its time.
        if serde_json::from_str::<Members>(document).is_ok_and(|members| members.keys.len() > MAX_KEYS) {
            return Err(DocumentError::TooManyKeys);
        }
        // A client may ask for less than we would keep them, but not for a fetch with each request.
        let current_for = answer.max_age.unwrap_or(CURRENT_FOR).clamp(FORCED_EVERY, CURRENT_FOR);
        Ok(Self { set: JwkSet::parse(document)?, fetched_at: now, current_for })
    }
}
