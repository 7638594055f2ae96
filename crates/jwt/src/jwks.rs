//! The key set document in both directions (RFC 7517): ours to publish, a client's or an issuer's to verify with.
//!
//! A set never carries a private or shared secret member: parsing refuses the document, building cannot make one. Keys that
//! cannot be used are left out with a reason (RFC 7517 §5); fetching the document is somebody else's work.

use std::collections::HashSet;
use std::sync::Arc;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{self, AlgorithmParameters, KeyOperations, PublicKeyUse, ThumbprintHash};
use protocol::registration::PRIVATE_MEMBERS;
use protocol::signing::SigningAlgorithm;
use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::algorithm::{self, Family, family, jsonwebtoken_name};
use crate::json;
use crate::public_key::{KeyRefused, VerifyingKey};
use crate::verify::{self, Expected, MAX_KID, VerifyError};

const MAX_BYTES: usize = 256 * 1024;
const MAX_KEYS: usize = 100;

/// One public key as the document shows it. Always has `kid` and `use`; ours always have `alg`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Jwk(jwk::Jwk);

/// Public keys, each also ready to verify.
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    prepared: Vec<Arc<VerifyingKey>>,
    ignored: Vec<IgnoredKey>,
}

/// A key of the document that is left out, by its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IgnoredKey {
    pub position: usize,
    pub reason: KeyRefused,
}

/// Why a document is no key set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    #[error("the key set is longer than 256 KiB")]
    TooLong,
    #[error("the key set has more than 100 keys")]
    TooManyKeys,
    #[error("the key set is not one JSON object with a member \"keys\", each member once")]
    NotAKeySet,
    #[error("key {position} of the set carries a private or symmetric key; publish only public keys")]
    PrivateKey { position: usize },
    #[error("key {position} of the set has the id and the algorithm of an earlier one")]
    RepeatedKey { position: usize },
}

impl Jwk {
    /// From the bytes that aws-lc shows of a public key: PKCS#1 for RSA, the uncompressed point for P-256, 32 bytes for Ed25519.
    pub(crate) fn of_public_key(bytes: &[u8], algorithm: SigningAlgorithm) -> Result<Self, KeyRefused> {
        let key = match family(algorithm) {
            Family::Rsa { .. } => DecodingKey::from_rsa_der(bytes),
            Family::P256 => DecodingKey::from_ec_der(bytes),
            Family::Ed25519 => DecodingKey::from_ed_der(bytes),
        };
        let jwk = jwk::Jwk::from_decoding_key(&key, Some(jsonwebtoken_name(algorithm)));
        let mut jwk = jwk.map_err(|_| KeyRefused::Inconsistent)?;
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk.common.key_id = Some(thumbprint(&jwk)?);
        Ok(Self(jwk))
    }

    pub fn kid(&self) -> &str {
        self.0.common.key_id.as_deref().expect("both constructors set it")
    }

    /// The one algorithm that the key is for, when its document says so.
    pub fn algorithm(&self) -> Option<SigningAlgorithm> {
        self.0.common.key_algorithm.and_then(|name| SigningAlgorithm::parse(&name.to_string()))
    }

    /// RFC 7638 §3, SHA-256.
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.0).expect("both constructors took it")
    }

    pub(crate) fn parameters(&self) -> &AlgorithmParameters {
        &self.0.algorithm
    }
}

impl JwkSet {
    /// Reads a document. Refuses it when it carries secrets or is ambiguous; leaves out keys that cannot serve.
    pub fn parse(text: &str) -> Result<Self, JwksError> {
        if text.len() > MAX_BYTES {
            return Err(JwksError::TooLong);
        }
        let mut document = json::object(text.as_bytes()).map_err(|_| JwksError::NotAKeySet)?;
        let Some(Value::Array(keys)) = document.remove("keys") else { return Err(JwksError::NotAKeySet) };
        if keys.len() > MAX_KEYS {
            return Err(JwksError::TooManyKeys);
        }
        let mut set = Self::default();
        let mut known = HashSet::new();
        for (position, key) in keys.into_iter().enumerate() {
            let Value::Object(members) = key else { return Err(JwksError::NotAKeySet) };
            if PRIVATE_MEMBERS.iter().any(|member| members.contains_key(*member)) {
                return Err(JwksError::PrivateKey { position });
            }
            match read(members) {
                Ok((jwk, prepared)) => {
                    if !prepared.iter().all(|key| known.insert((key.kid().to_owned(), key.algorithm().name()))) {
                        return Err(JwksError::RepeatedKey { position });
                    }
                    set.keys.push(jwk);
                    set.prepared.extend(prepared.into_iter().map(Arc::new));
                }
                Err(reason) => set.ignored.push(IgnoredKey { position, reason }),
            }
        }
        Ok(set)
    }

    pub(crate) fn of(keys: impl Iterator<Item = (Jwk, Arc<VerifyingKey>)>) -> Self {
        let (keys, prepared) = keys.unzip();
        Self { keys, prepared, ignored: Vec::new() }
    }

    /// The document.
    pub fn print(&self) -> String {
        serde_json::to_string(self).expect("strings in a map are JSON")
    }

    /// The key that a header names. Without a `kid` the choice must be unambiguous (OpenID Connect Core §10.1).
    pub fn find(&self, kid: Option<&str>, algorithm: SigningAlgorithm) -> Option<&VerifyingKey> {
        let mut fitting = self.prepared.iter().filter(|key| key.algorithm() == algorithm);
        match kid {
            Some(kid) => fitting.find(|key| key.kid() == kid).map(Arc::as_ref),
            None => fitting.next().filter(|_| fitting.next().is_none()).map(Arc::as_ref),
        }
    }

    /// Verifies a token with the key of this set that its header names.
    pub fn verify<C: DeserializeOwned>(&self, token: &str, expected: &Expected<'_>) -> Result<C, VerifyError> {
        verify::verify_with(token, expected, |header| self.find(header.kid.as_deref(), header.alg))
    }

    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// The keys of a parsed document that were left out.
    pub fn ignored(&self) -> &[IgnoredKey] {
        &self.ignored
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl Serialize for JwkSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_map(Some(1))?;
        document.serialize_entry("keys", &self.keys)?;
        document.end()
    }
}

/// A foreign key and its prepared forms: one per algorithm that it may be used with.
fn read(members: Map<String, Value>) -> Result<(Jwk, Vec<VerifyingKey>), KeyRefused> {
    let named = match members.get("alg") {
        None => None,
        Some(Value::String(name)) => Some(algorithm::parse(name).ok_or(KeyRefused::WrongType)?),
        Some(_) => return Err(KeyRefused::WrongType),
    };
    let mut jwk: jwk::Jwk = serde_json::from_value(Value::Object(members)).map_err(|_| KeyRefused::WrongType)?;
    check_use(&jwk)?;
    let algorithms = match (named, &jwk.algorithm) {
        (Some(algorithm), _) => vec![algorithm],
        (None, AlgorithmParameters::RSA(_)) => vec![SigningAlgorithm::RS256, SigningAlgorithm::PS256],
        (None, AlgorithmParameters::EllipticCurve(_)) => vec![SigningAlgorithm::ES256],
        (None, AlgorithmParameters::OctetKeyPair(_)) => vec![SigningAlgorithm::EdDSA],
        (None, _) => return Err(KeyRefused::WrongType),
    };
    let kid = match jwk.common.key_id.take() {
        Some(kid) => kid,
        None => thumbprint(&jwk)?,
    };
    if kid.len() > MAX_KID {
        return Err(KeyRefused::KeyId);
    }
    let prepared = algorithms.into_iter().map(|algorithm| VerifyingKey::prepare(&kid, algorithm, &jwk.algorithm));
    let prepared = prepared.collect::<Result<_, _>>()?;
    jwk.common.key_id = Some(kid);
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    jwk.common.key_algorithm = named.map(|algorithm| jsonwebtoken_name(algorithm).into());
    Ok((Jwk(jwk), prepared))
}

/// RFC 7517 §4.2 and §4.3: a key for encryption verifies nothing.
fn check_use(jwk: &jwk::Jwk) -> Result<(), KeyRefused> {
    let by_use = jwk.common.public_key_use.as_ref().is_none_or(|key_use| *key_use == PublicKeyUse::Signature);
    let by_operations = jwk.common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    if by_use && by_operations { Ok(()) } else { Err(KeyRefused::WrongUse) }
}

fn thumbprint(jwk: &jwk::Jwk) -> Result<String, KeyRefused> {
    jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| KeyRefused::WrongType)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::key;
    use serde_json::json;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn ed(kid: &str) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "x": X, "kid": kid })
    }

    fn parse(keys: &[Value]) -> Result<JwkSet, JwksError> {
        JwkSet::parse(&json!({ "keys": keys }).to_string())
    }

    fn reason(key: Value) -> KeyRefused {
        let set = parse(&[ed("good"), key]).expect("is a key set");
        assert_eq!((set.keys().len(), set.ignored().len(), set.ignored()[0].position), (1, 1, 1));
        set.ignored()[0].reason
    }

    #[test]
    fn our_own_set_reads_back() {
        let ours = SigningAlgorithm::ALL.iter().map(|alg| key(*alg));
        let set = JwkSet::of(ours.map(|key| (key.jwk().clone(), key.verifying_key().clone())));
        let read = JwkSet::parse(&set.print()).expect("printed by us");
        assert_eq!(read.keys(), set.keys());
        for alg in SigningAlgorithm::ALL {
            let (kid, token) = (key(*alg).kid().as_str(), key(*alg).sign(None, &json!({"a": 1})).expect("signs"));
            assert_eq!(read.find(Some(kid), *alg).expect("is there").kid(), kid);
            assert_eq!(read.verify(&token, &Expected { typ: &[], algorithms: &[*alg] }), Ok(json!({"a": 1})));
        }
    }

    #[test]
    fn what_we_publish_is_public_named_and_bound_to_one_algorithm() {
        for alg in SigningAlgorithm::ALL {
            let Value::Object(jwk) = serde_json::to_value(key(*alg).jwk()).expect("is JSON") else {
                panic!("an object")
            };
            let mut members: Vec<&str> = jwk.keys().map(String::as_str).collect();
            members.sort_unstable();
            let expected: &[&str] = match alg {
                SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => &["alg", "e", "kid", "kty", "n", "use"],
                SigningAlgorithm::ES256 => &["alg", "crv", "kid", "kty", "use", "x", "y"],
                SigningAlgorithm::EdDSA => &["alg", "crv", "kid", "kty", "use", "x"],
            };
            assert_eq!(members, expected);
            assert_eq!((jwk["alg"].as_str(), jwk["use"].as_str()), (Some(alg.name()), Some("sig")));
            assert_eq!(jwk["kid"], key(*alg).jwk().thumbprint());
        }
    }

    #[test]
    fn a_set_with_a_secret_in_it_is_refused_as_a_whole() {
        for member in PRIVATE_MEMBERS {
            let mut leaky = ed("a");
            leaky[*member] = json!("AAAA");
            assert_eq!(parse(&[ed("b"), leaky]).expect_err("leaks"), JwksError::PrivateKey { position: 1 }, "{member}");
        }
        assert_eq!(
            parse(&[json!({"kty":"oct","k":"AAAA"})]).expect_err("leaks"),
            JwksError::PrivateKey { position: 0 }
        );
    }

    #[test]
    fn keys_that_cannot_serve_are_left_out_with_a_reason() {
        let with = |member: &str, value: Value| {
            let mut key = ed("a");
            key[member] = value;
            key
        };
        assert_eq!(reason(json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA" })), KeyRefused::WrongType);
        assert_eq!(reason(json!({ "kty": "AKP" })), KeyRefused::WrongType);
        assert_eq!(reason(json!({})), KeyRefused::WrongType);
        assert_eq!(reason(json!({ "kty": "EC", "crv": "secp256k1", "x": X, "y": X })), KeyRefused::WrongType);
        assert_eq!(reason(json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" })), KeyRefused::RsaSize { bits: 17 });
        assert_eq!(reason(with("alg", json!("ES256"))), KeyRefused::WrongType);
        assert_eq!(reason(with("alg", json!("HS256"))), KeyRefused::WrongType);
        assert_eq!(reason(with("alg", json!(1))), KeyRefused::WrongType);
        assert_eq!(reason(with("use", json!("enc"))), KeyRefused::WrongUse);
        assert_eq!(reason(with("key_ops", json!(["sign"]))), KeyRefused::WrongUse);
        assert_eq!(reason(with("kid", json!("k".repeat(129)))), KeyRefused::KeyId);
        assert_eq!(reason(with("x", json!("AAAA"))), KeyRefused::Encoding);
    }

    #[test]
    fn documents_that_are_no_key_set_are_refused() {
        for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#, r#"{"keys":[]}x"#]
        {
            assert_eq!(JwkSet::parse(text).expect_err("is none"), JwksError::NotAKeySet, "{text}");
        }
        assert_eq!(
            JwkSet::parse(r#"{"keys":[{"kty":"OKP","kty":"EC"}]}"#).expect_err("is none"),
            JwksError::NotAKeySet
        );
        assert!(JwkSet::parse(r#"{"keys":[]}"#).expect("is one").is_empty());
    }

    #[test]
    fn size_and_number_are_bounded() {
        let many = |count: usize| (0..count).map(|number| ed(&format!("k{number}"))).collect::<Vec<_>>();
        assert_eq!(parse(&many(100)).expect("is a key set").keys().len(), 100);
        assert_eq!(parse(&many(101)).expect_err("too many"), JwksError::TooManyKeys);
        assert_eq!(JwkSet::parse(&" ".repeat(MAX_BYTES + 1)).expect_err("too long"), JwksError::TooLong);
    }

    #[test]
    fn key_ids_are_unique_per_algorithm() {
        assert_eq!(parse(&[ed("a"), ed("a")]).expect_err("ambiguous"), JwksError::RepeatedKey { position: 1 });
        let rsa = json!({ "kty": "RSA", "n": "wQ".to_owned() + &"wcHB".repeat(85) , "e": "AQAB", "kid": "a" });
        let ed = ed("a");
        let set = parse(&[ed, rsa]);
        assert!(set.is_ok_and(|set| set.find(Some("a"), SigningAlgorithm::EdDSA).is_some()));
    }

    #[test]
    fn a_key_without_a_name_is_found_by_its_thumbprint_or_alone() {
        let nameless = json!({ "kty": "OKP", "crv": "Ed25519", "x": X });
        let set = parse(std::slice::from_ref(&nameless)).expect("is a key set");
        assert!(set.find(Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"), SigningAlgorithm::EdDSA).is_some());
        assert!(set.find(None, SigningAlgorithm::EdDSA).is_some());
        assert!(set.find(Some("other"), SigningAlgorithm::EdDSA).is_none());
        let two = parse(&[nameless, ed("b")]).expect("is a key set");
        assert!(two.find(None, SigningAlgorithm::EdDSA).is_none(), "nobody guesses");
        assert!(two.find(None, SigningAlgorithm::ES256).is_none());
    }

    #[test]
    fn an_rsa_key_without_algorithm_serves_both_of_its_type() {
        let mut jwk = serde_json::to_value(key(SigningAlgorithm::PS256).jwk()).expect("is JSON");
        jwk.as_object_mut().expect("an object").remove("alg");
        let set = parse(&[jwk]).expect("is a key set");
        let token = key(SigningAlgorithm::PS256).sign(None, &json!({})).expect("signs");
        assert!(set.verify::<Value>(&token, &Expected { typ: &[], algorithms: SigningAlgorithm::ALL }).is_ok());
        assert!(set.find(Some(key(SigningAlgorithm::PS256).kid().as_str()), SigningAlgorithm::RS256).is_some());
        assert_eq!(set.keys()[0].algorithm(), None);
    }
}
