//! A token before it is signed: good as it comes, and bent by one word for each thing that can be wrong with it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt::access_token::TYP;
use serde_json::{Map, Value, json};

use super::dpop::DpopKey;
use super::issuer::TestKey;
use super::now;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

/// Says what is in a token. The last word about a claim holds.
#[derive(Clone, Debug)]
#[must_use = "a token is nothing before it is signed"]
pub struct Token {
    key: TestKey,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Token {
    /// A good one, but for the audience, which may be missing.
    pub(super) fn new(issuer: &str, audience: Option<&str>, key: &TestKey) -> Self {
        let now = now();
        let jti = URL_SAFE_NO_PAD.encode(jwt::random::bytes::<16>());
        let claims = json!({
            "iss": issuer, "sub": "somebody", "exp": now + 5 * MINUTE, "iat": now, "jti": jti, "client_id": "app",
        });
        let (Value::Object(claims), Value::Object(header)) = (claims, json!({ "typ": TYP })) else {
            unreachable!("both are written as objects")
        };
        let token = Self { key: key.clone(), header, claims }.signed_by(key.clone());
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
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Another type than `at+jwt`, or none.
    pub fn typ(mut self, typ: Option<&str>) -> Self {
        match typ {
            Some(typ) => self.header("typ", typ),
            None => {
                self.header.remove("typ");
                self
            }
        }
    }

    /// Signs with this key, and says so in `alg` and `kid`.
    pub fn signed_by(mut self, key: TestKey) -> Self {
        self = self.header("alg", key.algorithm().name()).header("kid", key.kid());
        self.key = key;
        self
    }

    /// Any member of the header with any value, true or not; `null` leaves it out. The signature is by the same key all the same.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        match value.into() {
            Value::Null => self.header.remove(name),
            value => self.header.insert(name.to_owned(), value),
        };
        self
    }

    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The compact form (RFC 7515 §7.1), as it stands behind the word `Bearer`.
    pub fn sign(&self) -> String {
        signed(&self.key, &self.header, &self.claims)
    }
}

pub(super) fn signed(key: &TestKey, header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
    let part = |members| URL_SAFE_NO_PAD.encode(serde_json::to_vec(members).expect("a JSON object is JSON"));
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.signature(message.as_bytes()));
    format!("{message}.{signature}")
}
