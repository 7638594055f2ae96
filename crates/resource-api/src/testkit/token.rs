//! A token before it is signed: good as it comes, and bent by one word for each thing that can be wrong with it.

use jwt::access_token::TYP;
use serde_json::{Map, Value, json};

use super::dpop::DpopKey;
use super::draft::{Draft, jti};
use super::issuer::TestKey;
use super::now;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

/// Says what is in a token. The last word about a claim holds.
#[derive(Clone, Debug)]
#[must_use = "a token is nothing before it is signed"]
pub struct Token(Draft);

impl Token {
    /// A good one, but for the audience, which may be missing.
    pub(super) fn new(issuer: &str, audience: Option<&str>, key: &TestKey) -> Self {
        let now = now();
        let claims = json!({
            "iss": issuer, "sub": "somebody", "exp": now + 5 * MINUTE, "iat": now, "jti": jti(), "client_id": "app",
        });
        let token = Self(Draft::new(key, json!({ "typ": TYP }), claims)).signed_by(key.clone());
        match audience {
            Some(audience) => token.audience(audience),
            None => token,
        }
    }

    /// Who calls.
    #[expect(clippy::should_implement_trait, reason = "the name of the claim")]
    pub fn sub(self, subject: &str) -> Self {
        self.claim("sub", subject)
    }

    /// Which app calls.
    pub fn client(self, client_id: &str) -> Self {
        self.claim("client_id", client_id)
    }

    /// What the token permits, separated by spaces.
    pub fn scope(self, scope: &str) -> Self {
        self.claim("scope", scope)
    }

    /// For whom the token is meant. For several: `claim("aud", json!(["a", "b"]))`.
    pub fn audience(self, audience: &str) -> Self {
        self.claim("aud", audience)
    }

    /// Who says so.
    pub fn issuer(self, issuer: &str) -> Self {
        self.claim("iss", issuer)
    }

    /// How the person signed in (RFC 9470 §4).
    pub fn acr(self, acr: &str) -> Self {
        self.claim("acr", acr)
    }

    /// When the person signed in, in seconds since 1970; [`super::now`] helps.
    pub fn auth_time(self, time: i64) -> Self {
        self.claim("auth_time", time)
    }

    /// Ended an hour ago.
    pub fn expired(self) -> Self {
        let now = now();
        self.claim("iat", now - 2 * HOUR).claim("exp", now - HOUR)
    }

    /// Begins in an hour.
    pub fn not_yet_valid(self) -> Self {
        let now = now();
        self.claim("nbf", now + HOUR).claim("exp", now + 2 * HOUR)
    }

    /// Usable only with proofs of this key (RFC 9449 §6.1).
    pub fn bound_to(self, key: &DpopKey) -> Self {
        self.claim("cnf", json!({ "jkt": key.thumbprint() }))
    }

    /// Any claim with any value.
    pub fn claim(self, name: &str, value: impl Into<Value>) -> Self {
        Self(self.0.claim(name, value.into()))
    }

    /// Leaves a claim out.
    pub fn without(self, name: &str) -> Self {
        Self(self.0.without(name))
    }

    /// Another type than `at+jwt`, or none.
    pub fn typ(self, typ: Option<&str>) -> Self {
        self.header("typ", typ)
    }

    /// Signs with this key, and says so in `alg` and `kid`.
    pub fn signed_by(mut self, key: TestKey) -> Self {
        self = self.header("alg", key.algorithm().name()).header("kid", key.kid());
        self.0.key = key;
        self
    }

    /// Any member of the header with any value, true or not; `null` leaves it out. The signature is by the same key all the same.
    pub fn header(self, name: &str, value: impl Into<Value>) -> Self {
        Self(self.0.header(name, value.into()))
    }

    /// The claims as they are at this moment.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.0.claims
    }

    /// The compact form (RFC 7515 §7.1), as it stands behind the word `Bearer`.
    pub fn sign(&self) -> String {
        self.0.sign()
    }
}
