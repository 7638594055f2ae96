//! The issuer: an address where nobody listens, keys, and the settings that make an API trust them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jwt::jwks::{JwkSet, JwksError};
use jwt::key::SigningKey;
use protocol::issuer::Issuer;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};

use super::dpop::DpopKey;
use super::token::Token;
use crate::config::Settings;
use crate::token::issuers::TrustedIssuer;
use crate::token::jwks_cache::KeysInProcess;

/// Nobody's address (RFC 2606 §2).
const ADDRESS: &str = "https://issuer.test";

/// An issuer whose keys an API has without fetching them. Everything that it publishes later, every API that trusts it sees at
/// once.
#[derive(Debug)]
pub struct TestIssuer {
    issuer: Issuer,
    published: KeysInProcess,
    now: Mutex<Now>,
}

#[derive(Debug)]
struct Now {
    key: TestKey,
    audience: Option<String>,
}

/// A private key that signs tokens.
#[derive(Clone)]
pub struct TestKey(Arc<SigningKey>);

impl Default for TestIssuer {
    fn default() -> Self {
        Self::new()
    }
}

impl TestIssuer {
    /// One with a fresh ES256 key, at `https://issuer.test`.
    pub fn new() -> Self {
        Self::at(ADDRESS)
    }

    /// One of another name: an API may trust several. It may have a path
    /// or end with a slash, as those of Auth0. Panics unless it is https, or http on loopback.
    pub fn at(issuer: &str) -> Self {
        let issuer = Issuer::parse_foreign(issuer).unwrap_or_else(|error| panic!("{issuer}: {error}"));
        let key = TestKey::new(SigningAlgorithm::ES256);
        let this = Self {
            issuer,
            published: KeysInProcess::default(),
            now: Mutex::new(Now { key: key.clone(), audience: None }),
        };
        this.publish(&[key]);
        this
    }

    /// As it stands in `iss`.
    pub fn url(&self) -> &str {
        self.issuer.as_str()
    }

    /// Settings of an API that trusts this issuer alone. Tokens are for this audience from now on.
    pub fn settings(&self, audience: &str) -> Settings {
        self.now().audience = Some(audience.to_owned());
        let mut settings = Settings::new(self.issuer.clone(), audience);
        settings.issuers = vec![self.trusted()];
        settings
    }

    /// For the list of issuers of an API that trusts several, or reads their claims in another way.
    pub fn trusted(&self) -> TrustedIssuer {
        TrustedIssuer { keys: Some(self.published.clone()), ..TrustedIssuer::new(self.issuer.clone()) }
    }

    /// A good token: of `somebody` at the client `app`, with every claim that RFC 9068 §2.2 demands, without a scope, good for five
    /// minutes. For the audience of [`Self::settings`].
    pub fn token(&self) -> Token {
        let now = self.now();
        Token::new(self.issuer.as_str(), now.audience.as_deref(), &now.key)
    }

    /// The key that signs.
    pub fn key(&self) -> TestKey {
        self.now().key.clone()
    }

    /// A key of the same kind that this issuer does not publish.
    pub fn other_key(&self) -> TestKey {
        TestKey::new(self.key().algorithm())
    }

    /// A key of a client that binds its tokens (RFC 9449).
    pub fn dpop_key(&self) -> DpopKey {
        DpopKey::new()
    }

    /// Signs with a new key, and forgets the old one.
    pub fn rotate(&self) {
        self.publish(&[self.other_key()]);
    }

    /// Publishes these keys in place of those before; the first one signs.
    pub fn publish(&self, keys: &[TestKey]) {
        let first = keys.first().expect("an issuer has a key");
        self.now().key = first.clone();
        let jwks: Vec<Value> = keys.iter().map(TestKey::jwk).collect();
        self.publish_document(&json!({ "keys": jwks }).to_string()).expect("keys of our own are a key set");
    }

    /// Publishes any key set (RFC 7517 §5), which an API may find fault with; then the keys before are still there.
    pub fn publish_document(&self, jwks: &str) -> Result<(), JwksError> {
        self.published.put(JwkSet::parse(jwks)?);
        Ok(())
    }

    /// As if no API had ever reached this issuer: they answer 503. Ends with the next key that is published.
    pub fn vanish(&self) {
        self.published.clear();
    }

    fn now(&self) -> std::sync::MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TestKey {
    /// A fresh one.
    pub fn new(algorithm: SigningAlgorithm) -> Self {
        Self(Arc::new(SigningKey::generate(algorithm).expect("aws-lc makes keys")))
    }

    /// What it signs with (`alg`).
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.0.algorithm()
    }

    /// Its name: the thumbprint of the public key (RFC 7638).
    pub fn kid(&self) -> &str {
        self.0.kid().as_str()
    }

    /// The public half as it is published, with `kid`, `alg` and `use`.
    pub fn jwk(&self) -> Value {
        serde_json::to_value(self.0.jwk()).expect("a public key is JSON")
    }

    /// The bare signature of any message (RFC 7518 §3, RFC 8037 §3.1).
    pub fn signature(&self, message: &[u8]) -> Vec<u8> {
        self.0.signature(message).expect("a key that was made here signs")
    }
}

impl fmt::Debug for TestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
