//! Credentials that only the issuer understands: from what introspection told (`introspection/`) to a caller of this API.
//!
//! The issuer says what is active; that it was meant for this API, comes from a network that it is for, and whom it is about is
//! checked here.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use jwt::verify::VerifyError;
use protocol::api_key;
use protocol::network::IpNetwork;
use protocol::time::Seconds;
use reqwest::Client;
use serde_json::{Map, Value, json};

use crate::access::caller::{CredentialKind, Identity};
use crate::answer::refusal::Refusal;
use crate::binding::Binding;
use crate::clock;
use crate::config::{Introspection, Settings};
use crate::credential::basic::{Kind, Presented};
use crate::introspection::{Described, Introspector, Limits, NotDescribed, Unproven};
use crate::signature::{Claimed, SharedKey, SignatureError};
use crate::token::jwks_cache::JwksCache;
use crate::token::validator::{TokenRefused, identifier};

const WHO: &str = "the issuer";
/// Questions about passwords under way at once, fewer than an issuer hashes: strangers can ask as many as they like.
const PASSWORDS: usize = 8;

/// Asks the first issuer of the settings.
#[derive(Debug)]
pub(crate) struct OpaqueTokens {
    settings: Introspection,
    issuer: Arc<str>,
    audience: String,
    http: Client,
    /// Where the discovery document is read.
    keys: Arc<JwksCache>,
    introspector: OnceLock<Introspector>,
    /// Of its own for passwords: they take long, and guesses at them must not take the places of tokens and keys. `None`: they are
    /// refused without a question.
    passwords: Option<OnceLock<Introspector>>,
}

impl OpaqueTokens {
    /// `None` when no introspection is configured.
    pub(crate) fn new(settings: &Settings, http: &Client, keys: &Arc<JwksCache>) -> Option<Self> {
        Some(Self {
            settings: settings.introspection.clone()?,
            issuer: Arc::from(settings.issuers.first()?.issuer.as_str()),
            audience: settings.audience.clone(),
            http: http.clone(),
            keys: Arc::clone(keys),
            introspector: OnceLock::new(),
            passwords: settings.basic_passwords.then(OnceLock::new),
        })
    }

    /// An opaque access token, or an API key that was sent as one.
    pub(crate) async fn accept(&self, token: &str, from: Option<IpAddr>) -> Result<Identity, Refusal> {
        not_mistyped(token)?;
        let described = self.introspector().await?.introspect(token, clock::now()).await.map_err(refused)?;
        let kind = if api_key::looks_like_one(token) { CredentialKind::ApiKey } else { CredentialKind::OpaqueToken };
        self.identify(&described, kind, from)
    }

    /// A JWT that was found valid: whether the issuer still stands by it, where it is to be asked about each token. When it was
    /// asked. Nobody but its issuer learns a token: those of other issuers are good until they end.
    pub(crate) async fn confirm(
        &self,
        validated: &Identity,
        token: &str,
        from: Option<IpAddr>,
    ) -> Result<Option<Instant>, Refusal> {
        if !self.settings.every_token || validated.issuer != self.issuer {
            return Ok(None);
        }
        self.accept(token, from).await.map(|identity| identity.confirmed)
    }

    /// An API key with the name of its owner or, where that is switched on, a password.
    pub(crate) async fn accept_basic(&self, presented: &Presented, from: Option<IpAddr>) -> Result<Identity, Refusal> {
        let now = clock::now();
        match presented.kind() {
            Kind::ApiKey => {
                not_mistyped(presented.secret.expose())?;
                let introspector = self.introspector().await?;
                let described = introspector.introspect_for(&presented.user, presented.secret.expose(), now).await;
                self.identify(&*described.map_err(refused)?, CredentialKind::ApiKey, from)
            }
            Kind::Password => {
                let made = self.passwords.as_ref().ok_or(Refusal::Token(TokenRefused::Password))?;
                let limits =
                    Limits { questions: self.settings.limits.questions.min(PASSWORDS), ..self.settings.limits };
                let introspector = self.introspector_in(made, limits).await?;
                let described = introspector.check_password(presented, from, now).await;
                let described = described.map_err(|error| match error {
                    NotDescribed::Inactive => Refusal::Token(TokenRefused::WrongPassword),
                    other => refused(other),
                })?;
                self.identify(&described, CredentialKind::Password, from)
            }
        }
    }

    /// The key that a request claims to be signed with. What it belongs to counts after the signature was checked.
    pub(crate) async fn signing_key(&self, claimed: &Claimed) -> Result<(Unproven, SharedKey), Refusal> {
        let asked = self.introspector().await?.introspect_key_id(claimed.key_id(), clock::now()).await;
        let unproven = asked.map_err(|error| match error {
            NotDescribed::Inactive => Refusal::Signature(SignatureError::UnknownKey),
            other => refused(other),
        })?;
        let key = unproven.signing_key().copied().map(SharedKey::new);
        let key = key.ok_or(Refusal::Signature(SignatureError::UnknownKey))?;
        Ok((unproven, key))
    }

    /// For a request whose signature was made with the key of `unproven`.
    pub(crate) fn accept_signed(&self, unproven: Unproven, from: Option<IpAddr>) -> Result<Identity, Refusal> {
        self.identify(&unproven.proven(), CredentialKind::SignedRequest, from)
    }

    async fn introspector(&self) -> Result<&Introspector, Refusal> {
        self.introspector_in(&self.introspector, self.settings.limits).await
    }

    /// The one that was made before, or a new one.
    async fn introspector_in<'a>(
        &self,
        made: &'a OnceLock<Introspector>,
        limits: Limits,
    ) -> Result<&'a Introspector, Refusal> {
        if let Some(known) = made.get() {
            return Ok(known);
        }
        let endpoint = match &self.settings.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => {
                let told = self.keys.introspection_endpoint().await;
                told.map_err(|retry_after| Refusal::Unavailable(WHO, retry_after))?
            }
        };
        let credentials = self.settings.credentials.clone();
        let introspector = Introspector::new(self.http.clone(), endpoint, credentials, limits).map_err(|error| {
            tracing::error!(cause = %error, "the introspection endpoint cannot be used");
            Refusal::Unavailable(WHO, Seconds::minutes(1))
        })?;
        Ok(made.get_or_init(|| introspector))
    }

    fn identify(&self, described: &Described, kind: CredentialKind, from: Option<IpAddr>) -> Result<Identity, Refusal> {
        self.check(described, from).and_then(|()| identity(described, kind, &self.issuer)).map_err(Refusal::Token)
    }

    /// RFC 7662 §2.2 has `iss` and `aud` as options; a token that does not say for whom it is was not meant for us.
    fn check(&self, described: &Described, from: Option<IpAddr>) -> Result<(), TokenRefused> {
        if described.iss.as_ref().is_some_and(|issuer| **issuer != *self.issuer) {
            return Err(VerifyError::Issuer.into());
        }
        if !described.aud.contains(&self.audience) {
            return Err(VerifyError::Audience.into());
        }
        let networks = &described.allowed_networks;
        if networks.is_empty() || is_among(from, networks) { Ok(()) } else { Err(TokenRefused::OtherNetwork) }
    }
}

/// A list that cannot be read allows nobody.
fn is_among(from: Option<IpAddr>, networks: &[String]) -> bool {
    let networks: Result<Vec<IpNetwork>, _> = networks.iter().map(|network| network.parse()).collect();
    networks.is_ok_and(|networks| from.is_some_and(|from| networks.iter().any(|network| network.contains(from))))
}

fn identity(described: &Described, kind: CredentialKind, issuer: &Arc<str>) -> Result<Identity, TokenRefused> {
    Ok(Identity {
        issuer: Arc::clone(issuer),
        // Not the client's id in its place: a person may be called as a client is (RFC 9068 §5).
        subject: identifier(described.sub.as_deref(), "sub")?.to_owned(),
        client_id: described.client_id.clone(),
        kind,
        scope: described.scope.clone().unwrap_or_default(),
        roles: Vec::new(),
        auth_time: described.auth_time,
        acr: described.acr.clone(),
        expires_at: described.exp,
        confirmed: Some(described.asked),
        bound: described.cnf.as_ref().map(Binding::of_described).transpose()?,
        claims: claims(described),
    })
}

/// What the issuer told, under its names.
fn claims(described: &Described) -> Vec<u8> {
    let Described { sub, client_id, username, token_type, scope, iss, jti, acr, permissions, .. } = described;
    let mut claims: Map<String, Value> = described.rest.clone();
    let texts = [("sub", sub), ("client_id", client_id), ("username", username), ("scope", scope)];
    for (name, text) in texts.into_iter().chain([("iss", iss), ("jti", jti), ("acr", acr), ("token_type", token_type)])
    {
        claims.extend(text.as_ref().map(|text| (name.to_owned(), json!(text))));
    }
    let times =
        [("exp", described.exp), ("iat", described.iat), ("nbf", described.nbf), ("auth_time", described.auth_time)];
    claims.extend(times.iter().filter_map(|(name, time)| Some(((*name).to_owned(), json!((*time)?)))));
    claims.insert("aud".to_owned(), json!(described.aud));
    if !permissions.is_empty() {
        claims.insert("permissions".to_owned(), json!(permissions));
    }
    serde_json::to_vec(&claims).unwrap_or_default()
}

/// Nobody is asked about what cannot be an API key, and its owner is told why.
fn not_mistyped(text: &str) -> Result<(), Refusal> {
    let mistyped = api_key::looks_like_one(text) && api_key::ApiKey::parse(text).is_err();
    if mistyped { Err(Refusal::Token(TokenRefused::Mistyped)) } else { Ok(()) }
}

fn refused(error: NotDescribed) -> Refusal {
    match error {
        NotDescribed::Inactive => Refusal::Token(TokenRefused::Inactive),
        NotDescribed::Unavailable { retry_after } => Refusal::Unavailable(WHO, retry_after),
        NotDescribed::Busy { retry_after } => Refusal::Busy(retry_after),
        NotDescribed::TooManyTries { retry_after } => Refusal::TooManyTries(retry_after),
    }
}
