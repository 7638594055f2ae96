//! The corpus as a value, and the tools that make tokens nobody would write: any header and any payload, as text, properly signed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::signing::SigningAlgorithm;
use resource_api::testkit::{TestKey, now};
use serde_json::{Value, json};

pub(super) const ISSUER: &str = "https://issuer.test";
pub(super) const AUDIENCE: &str = "https://api.example";
/// The set that most tokens are for: one key for each algorithm.
pub(super) const MAIN: &str = "main";

/// Every token, and the key sets that they are for.
pub(super) struct Corpus {
    /// When the tokens were made, in seconds since 1970.
    pub now: i64,
    pub sets: BTreeMap<&'static str, Value>,
    pub samples: Vec<Sample>,
    keys: &'static [TestKey],
}

/// One for each algorithm.
static KEYS: LazyLock<Vec<TestKey>> =
    LazyLock::new(|| SigningAlgorithm::ALL.iter().map(|algorithm| TestKey::new(*algorithm)).collect());

pub(super) struct Sample {
    pub name: String,
    pub set: &'static str,
    pub token: String,
    pub expected: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accept,
    Refuse,
}

use Verdict::{Accept, Refuse};

impl Corpus {
    /// Makes all of it. The keys are new in each run; what is asserted does not depend on them.
    pub(super) fn make() -> Self {
        let mut corpus = Self { now: now(), sets: BTreeMap::new(), samples: Vec::new(), keys: &KEYS };
        corpus.publish(MAIN, KEYS.iter().map(TestKey::jwk).collect());
        super::claims::add(&mut corpus);
        super::times::add(&mut corpus);
        super::headers::add(&mut corpus);
        super::shapes::add(&mut corpus);
        super::signatures::add(&mut corpus);
        super::key_sets::add(&mut corpus);
        corpus
    }

    /// For the programs in other languages.
    pub(super) fn to_json(&self) -> Value {
        let sample = |sample: &Sample| json!({ "name": sample.name, "set": sample.set, "token": sample.token });
        json!({
            "issuer": ISSUER, "audience": AUDIENCE, "typ": "at+jwt", "leeway": 30, "now": self.now,
            "algorithms": SigningAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>(),
            "required": ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"],
            "sets": self.sets,
            "tokens": self.samples.iter().map(sample).collect::<Vec<_>>(),
        })
    }

    pub(super) fn publish(&mut self, set: &'static str, keys: Vec<Value>) {
        self.sets.insert(set, json!({ "keys": keys }));
    }

    pub(super) fn good(&mut self, name: &str, token: String) {
        self.add(name, MAIN, token, Accept);
    }

    pub(super) fn bad(&mut self, name: &str, token: String) {
        self.add(name, MAIN, token, Refuse);
    }

    pub(super) fn add(&mut self, name: &str, set: &'static str, token: String, expected: Verdict) {
        self.samples.push(Sample { name: name.to_owned(), set, token, expected });
    }

    pub(super) fn key(&self, algorithm: SigningAlgorithm) -> TestKey {
        self.keys.iter().find(|key| key.algorithm() == algorithm).expect("one of each").clone()
    }

    /// The key that signs where nothing else is said.
    pub(super) fn es256(&self) -> TestKey {
        self.key(SigningAlgorithm::ES256)
    }

    /// The claims of a good token (RFC 9068 §2.2).
    pub(super) fn claims(&self) -> Value {
        json!({
            "iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "exp": self.now + 300, "iat": self.now, "jti": "t-1",
            "client_id": "app", "scope": "notes:read",
        })
    }

    /// The good claims with one of them changed; `null` stays there as `null`.
    pub(super) fn with_claim(&self, name: &str, value: impl Into<Value>) -> String {
        let mut claims = self.claims();
        claims[name] = value.into();
        self.with_payload(claims.to_string())
    }

    pub(super) fn without_claim(&self, name: &str) -> String {
        let mut claims = self.claims();
        claims.as_object_mut().expect("an object").remove(name).expect("the claim was there");
        self.with_payload(claims.to_string())
    }

    /// Any payload under a good header.
    pub(super) fn with_payload(&self, payload: impl AsRef<[u8]>) -> String {
        let key = self.es256();
        sign(&key, header(&key).to_string(), payload)
    }

    /// The good claims under a header with one member changed; `null` stays there as `null`.
    pub(super) fn with_header(&self, name: &str, value: impl Into<Value>) -> String {
        let mut header = header(&self.es256());
        header[name] = value.into();
        self.under(header.to_string())
    }

    pub(super) fn without_header(&self, name: &str) -> String {
        let mut header = header(&self.es256());
        header.as_object_mut().expect("an object").remove(name).expect("the member was there");
        self.under(header.to_string())
    }

    /// The good claims under any header.
    pub(super) fn under(&self, header: impl AsRef<[u8]>) -> String {
        sign(&self.es256(), header, self.claims().to_string())
    }

    /// A good token of this key.
    pub(super) fn signed_by(&self, key: &TestKey) -> String {
        sign(key, header(key).to_string(), self.claims().to_string())
    }

    /// A good one.
    pub(super) fn token(&self) -> String {
        self.signed_by(&self.es256())
    }
}

/// The header of a good token.
pub(super) fn header(key: &TestKey) -> Value {
    json!({ "alg": key.algorithm().name(), "typ": "at+jwt", "kid": key.kid() })
}

pub(super) fn sign(key: &TestKey, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    let message = message(header, payload);
    let signature = key.signature(message.as_bytes());
    join(&message, &signature)
}

/// Header and payload with the dot between them (RFC 7515 §5.1).
pub(super) fn message(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    format!("{}.{}", encode(header), encode(payload))
}

pub(super) fn join(message: &str, signature: &[u8]) -> String {
    format!("{message}.{}", encode(signature))
}

/// A token as its message and its signature.
pub(super) fn split(token: &str) -> (&str, Vec<u8>) {
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    (message, decode(signature))
}

/// Header, payload, signature.
pub(super) fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<_> = token.split('.').collect();
    parts.try_into().expect("three parts")
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}
