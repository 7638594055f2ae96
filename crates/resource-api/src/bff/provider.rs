//! The issuer as its discovery document describes it: asked for when it is first needed, one request at a time, kept for an
//! hour. While it cannot be reached, what is known stays in use; when nothing is known, callers are told when to come back.
//!
//! Specs: OpenID Connect Discovery §4.3, RFC 8414 §3.3 (the issuer must match exactly), RFC 9207 §3.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jwt::jwks::JwkSet;
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, ClientId, ClientSecret, DiscoveryError, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IssuerUrl, ProviderMetadata, RedirectUrl, TokenUrl, UserInfoUrl,
};
use protocol::time::Seconds;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use url::Url;

use crate::bff::config::BffConfig;
use crate::bff::http::{Http, HttpError};
use crate::http::{causes, may_ask};

const FRESH_FOR: Duration = Duration::from_hours(1);
/// What was known so long ago is not believed any more.
const KNOWN_FOR: Duration = Duration::from_hours(24);
/// After a failure nobody asks for so long.
const REST: Duration = Duration::from_secs(2);
/// Tokens with an unknown key cause at most one request in this time.
const NEW_KEYS_EVERY: Duration = Duration::from_secs(30);

pub(crate) type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

type Metadata = ProviderMetadata<
    Extra,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Members of the document that the crate does not know.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Extra {
    end_session_endpoint: Option<Url>,
    revocation_endpoint: Option<Url>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Extra {}

/// One reading of the document, with the keys of that moment.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) client: Client,
    pub(crate) end_session: Option<Url>,
    pub(crate) revocation: Option<Url>,
    /// RFC 9207 §2.4: then an answer without `iss` is refused.
    pub(crate) answers_with_iss: bool,
    /// The issuer's keys, for what the crate does not verify.
    pub(crate) keys: JwkSet,
    read_at: Instant,
}

/// The issuer cannot be reached, or makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreachable {
    pub(crate) retry_after: Seconds,
}

#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) http: Http,
    config: BffConfig,
    known: ArcSwapOption<Known>,
    /// Whoever asks the issuer holds it.
    turn: tokio::sync::Mutex<()>,
    resting_until: Mutex<Option<Instant>>,
}

/// Why there is no reading. For the log.
#[derive(Debug, thiserror::Error)]
enum NotRead {
    #[error("{}", causes(.0))]
    Discovery(#[from] DiscoveryError<HttpError>),
    #[error("its {0} is not https")]
    Insecure(&'static str),
    #[error("an address of this server cannot be understood: {0}")]
    Address(#[from] url::ParseError),
}

impl Provider {
    pub(crate) fn new(config: BffConfig, http: reqwest::Client) -> Self {
        let turn = tokio::sync::Mutex::default();
        Self { http: Http(http), config, known: ArcSwapOption::empty(), turn, resting_until: Mutex::default() }
    }

    /// What is known of the issuer; asks it when that is nothing, or an hour old.
    pub(crate) async fn known(&self) -> Result<Arc<Known>, Unreachable> {
        self.newer_than(FRESH_FOR).await
    }

    /// A reading that is newer than the one in which a key was not found, unless that one is quite new itself.
    pub(crate) async fn renewed(&self) -> Result<Arc<Known>, Unreachable> {
        self.newer_than(NEW_KEYS_EVERY).await
    }

    pub(crate) fn secret(&self) -> Option<&str> {
        self.config.client_secret.as_ref().map(|secret| secret.expose().as_str())
    }

    async fn newer_than(&self, age: Duration) -> Result<Arc<Known>, Unreachable> {
        let newer = |known: &Arc<Known>| known.read_at.elapsed() < age;
        if let Some(known) = self.known.load_full().filter(newer) {
            return Ok(known);
        }
        let _turn = self.turn.lock().await;
        // Whoever waited looks again: somebody may have asked meanwhile, or found out that nobody answers.
        if let Some(known) = self.known.load_full().filter(newer) {
            return Ok(known);
        }
        let failed = match self.resting() {
            Some(unreachable) => unreachable,
            None => match self.read().await {
                Ok(known) => {
                    let known = Arc::new(known);
                    self.known.store(Some(Arc::clone(&known)));
                    return Ok(known);
                }
                Err(error) => {
                    tracing::warn!(issuer = %self.config.issuer, cause = %error, "the issuer's description could not be read");
                    self.rest()
                }
            },
        };
        self.known.load_full().filter(|known| known.read_at.elapsed() < KNOWN_FOR).ok_or(failed)
    }

    /// The issuer just failed: until when it is left alone.
    pub(crate) fn resting(&self) -> Option<Unreachable> {
        let until = (*self.resting_until.lock().unwrap_or_else(PoisonError::into_inner))?;
        let left = until.saturating_duration_since(Instant::now());
        let retry_after = Seconds(i64::try_from(left.as_secs()).unwrap_or(i64::MAX) + 1);
        (!left.is_zero()).then_some(Unreachable { retry_after })
    }

    /// To be called when the issuer could not be reached.
    pub(crate) fn rest(&self) -> Unreachable {
        *self.resting_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
        Unreachable { retry_after: Seconds(i64::try_from(REST.as_secs()).unwrap_or(1)) }
    }

    async fn read(&self) -> Result<Known, NotRead> {
        let config = &self.config;
        let metadata = Metadata::discover_async(IssuerUrl::new(config.issuer.as_str().to_owned())?, &self.http).await?;
        let extra = metadata.additional_metadata().clone();
        self.check("authorization_endpoint", Some(metadata.authorization_endpoint().url()))?;
        self.check("token_endpoint", metadata.token_endpoint().map(TokenUrl::url))?;
        self.check("jwks_uri", Some(metadata.jwks_uri().url()))?;
        self.check("userinfo_endpoint", metadata.userinfo_endpoint().map(UserInfoUrl::url))?;
        self.check("revocation_endpoint", extra.revocation_endpoint.as_ref())?;
        self.check("end_session_endpoint", extra.end_session_endpoint.as_ref())?;
        let keys = serde_json::to_string(metadata.jwks()).unwrap_or_default();
        let keys = JwkSet::parse(&keys).unwrap_or_else(|error| {
            tracing::warn!(issuer = %config.issuer, cause = %error, "no logout token can be verified with the issuer's keys");
            JwkSet::default()
        });
        // OpenID Connect Discovery §3: without the member, client_secret_basic.
        let methods = metadata.token_endpoint_auth_methods_supported();
        let basic = methods.is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let auth_type = if basic { AuthType::BasicAuth } else { AuthType::RequestBody };
        let secret = config.client_secret.as_ref().map(|secret| ClientSecret::new(secret.expose().clone()));
        let client = CoreClient::from_provider_metadata(metadata, ClientId::new(config.client_id.clone()), secret)
            .set_auth_type(auth_type)
            .set_redirect_uri(RedirectUrl::new(config.redirect_uri())?);
        Ok(Known {
            client,
            end_session: extra.end_session_endpoint,
            revocation: extra.revocation_endpoint,
            answers_with_iss: extra.authorization_response_iss_parameter_supported,
            keys,
            read_at: Instant::now(),
        })
    }

    /// Secrets and tokens travel over https, or on loopback with an issuer that lives there.
    fn check(&self, what: &'static str, url: Option<&Url>) -> Result<(), NotRead> {
        if url.is_none_or(|url| may_ask(&self.config.issuer, url)) { Ok(()) } else { Err(NotRead::Insecure(what)) }
    }
}

#[cfg(test)]
impl Provider {
    /// As if what is known had been read a minute ago.
    pub(crate) fn grow_old(&self) {
        let known = self.known.swap(None).and_then(Arc::into_inner);
        let known = known.map(|known| Known { read_at: known.read_at - Duration::from_mins(1), ..known });
        self.known.store(known.map(Arc::new));
    }
}
