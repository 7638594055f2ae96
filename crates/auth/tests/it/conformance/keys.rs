//! Keys of the suite's clients, and what the suite draws at random.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use jwt::key::SigningKey;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};

/// A 2048-bit RSA key of a client.
pub(super) struct ClientKey {
    key: SigningKey,
}

impl ClientKey {
    pub(super) fn new() -> Self {
        Self { key: SigningKey::generate(SigningAlgorithm::RS256).unwrap() }
    }

    /// The one that every client registers; RSA keys are dear.
    pub(super) fn usual() -> &'static Self {
        static KEY: OnceLock<ClientKey> = OnceLock::new();
        KEY.get_or_init(Self::new)
    }

    /// As the suite registers it: without `kid`.
    pub(super) fn jwk(&self) -> Value {
        let mut jwk = self.jwk_with_kid();
        jwk.as_object_mut().unwrap().remove("kid");
        jwk
    }

    pub(super) fn jwk_with_kid(&self) -> Value {
        serde_json::to_value(self.key.jwk()).unwrap()
    }

    /// With the header that the suite sends: `alg`, and `kid` only when the key was published with one.
    pub(super) fn sign(&self, with_kid: WithKid, claims: &Value) -> String {
        let header = match with_kid {
            WithKid::No => json!({ "alg": "RS256" }),
            WithKid::Yes => json!({ "alg": "RS256", "kid": self.key.kid().as_str() }),
        };
        let message = format!("{}.{}", encoded(&header), encoded(claims));
        let pem = self.key.to_pkcs8_pem();
        let base64: String = pem.expose().lines().filter(|line| !line.starts_with('-')).collect();
        // What PKCS #8 puts around a PKCS #1 key of 2048 bits.
        let pkcs1 = STANDARD.decode(base64).unwrap().split_off(26);
        let key = EncodingKey::from_rsa_der(&pkcs1);
        format!("{message}.{}", jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::RS256).unwrap())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WithKid {
    No,
    Yes,
}

/// A JSON document as part of a token.
pub(super) fn encoded(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// Letters and digits, as the suite draws states and nonces.
pub(super) fn random(length: usize) -> String {
    let bytes = jwt::random::bytes::<96>();
    let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    bytes.iter().map(|byte| char::from(letters[usize::from(*byte) % letters.len()])).take(length).collect()
}

/// The `state` of modules that want it long: 128 characters.
pub(super) fn long_state() -> String {
    format!("{}{}-._~", random(62), random(62))
}

/// What the client of a module signs with the key of its registration.
pub(super) fn signed(claims: &Value) -> String {
    ClientKey::usual().sign(WithKid::No, claims)
}
