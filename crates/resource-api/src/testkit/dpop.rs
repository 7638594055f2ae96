//! Proofs that a client has the key that its token is bound to (RFC 9449 §4.2).

use protocol::secret::TokenHash;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};

use super::draft::{Draft, jti};
use super::issuer::TestKey;
use super::now;

/// The key of a client: bind a token to it with [`super::Token::bound_to`].
#[derive(Clone, Debug)]
pub struct DpopKey(TestKey);

/// Says what is in a proof: good as it comes for its request, and bent by one word for each thing that can be wrong with it.
#[derive(Clone, Debug)]
#[must_use = "a proof is nothing before it is signed"]
pub struct Proof(Draft);

impl Default for DpopKey {
    fn default() -> Self {
        Self::new()
    }
}

impl DpopKey {
    /// A fresh one for ES256.
    pub fn new() -> Self {
        Self::with(SigningAlgorithm::ES256)
    }

    /// A fresh one for another algorithm.
    pub fn with(algorithm: SigningAlgorithm) -> Self {
        Self(TestKey::new(algorithm))
    }

    /// What `cnf.jkt` says of a token that is bound to this key (RFC 9449 §6.1).
    pub fn thumbprint(&self) -> &str {
        self.0.kid()
    }

    /// For the header `DPoP` of one request: a proof with a new `jti`. `url` is the one that the API is reached at.
    pub fn proof(&self, method: &str, url: &str, access_token: &str) -> String {
        self.request(method, url).access_token(access_token).sign()
    }

    /// A proof for a request without an access token, as the token endpoint wants it; the start of every other.
    pub fn request(&self, method: &str, url: &str) -> Proof {
        // RFC 9449 §4.2, htu: "The HTTP target URI […] without query and fragment parts".
        let target = url.split(['?', '#']).next().unwrap_or_default();
        let header = json!({ "typ": "dpop+jwt", "alg": self.0.algorithm().name(), "jwk": public_part(&self.0) });
        let claims = json!({ "jti": jti(), "htm": method, "htu": target, "iat": now() });
        Proof(Draft::new(&self.0, header, claims))
    }
}

impl Proof {
    /// The token that it goes with: its hash (`ath`).
    pub fn access_token(self, token: &str) -> Self {
        self.claim("ath", TokenHash::of(token.as_bytes()).as_str())
    }

    /// What the API sent in `DPoP-Nonce` (§9).
    pub fn nonce(self, nonce: &str) -> Self {
        self.claim("nonce", nonce)
    }

    /// Any claim with any value.
    pub fn claim(self, name: &str, value: impl Into<Value>) -> Self {
        Self(self.0.claim(name, value.into()))
    }

    /// Leaves a claim out.
    pub fn without(self, name: &str) -> Self {
        Self(self.0.without(name))
    }

    /// Any member of the header with any value; `null` leaves it out.
    pub fn header(self, name: &str, value: impl Into<Value>) -> Self {
        Self(self.0.header(name, value.into()))
    }

    /// Signs with another key than the one in the header.
    pub fn signed_by(mut self, key: DpopKey) -> Self {
        self.0.key = key.0;
        self
    }

    /// The compact form (RFC 7515 §7.1), as it stands in the header `DPoP`.
    pub fn sign(&self) -> String {
        self.0.sign()
    }
}

/// Those members alone that make the key: what RFC 7638 §3.2 hashes.
fn public_part(key: &TestKey) -> Value {
    let mut jwk = key.jwk();
    if let Value::Object(members) = &mut jwk {
        members.retain(|name, _| ["kty", "crv", "x", "y", "n", "e"].contains(&name.as_str()));
    }
    jwk
}
