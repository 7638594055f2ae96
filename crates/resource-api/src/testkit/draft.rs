//! A JWT before it is signed: what tokens and proofs have in common.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::issuer::TestKey;

#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub key: TestKey,
    pub claims: Map<String, Value>,
    header: Map<String, Value>,
}

impl Draft {
    /// `header` and `claims` are written as objects.
    pub(super) fn new(key: &TestKey, header: Value, claims: Value) -> Self {
        let (Value::Object(header), Value::Object(claims)) = (header, claims) else {
            unreachable!("both are written as objects")
        };
        Self { key: key.clone(), claims, header }
    }

    pub(super) fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims.insert(name.to_owned(), value);
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// `null` leaves it out.
    pub(super) fn header(mut self, name: &str, value: Value) -> Self {
        match value {
            Value::Null => self.header.remove(name),
            value => self.header.insert(name.to_owned(), value),
        };
        self
    }

    /// The compact form (RFC 7515 §7.1).
    pub(super) fn sign(&self) -> String {
        let part = |members| URL_SAFE_NO_PAD.encode(serde_json::to_vec(members).expect("a JSON object is JSON"));
        let message = format!("{}.{}", part(&self.header), part(&self.claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.signature(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

/// A `jti` that nobody had before.
pub(super) fn jti() -> String {
    URL_SAFE_NO_PAD.encode(jwt::random::bytes::<16>())
}
