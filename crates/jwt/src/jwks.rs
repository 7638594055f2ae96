//! The key set document in both directions (RFC 7517): ours to publish, a client's or an issuer's to verify with and to encrypt
//! to. A key without `use` may serve both.
//!
//! A set never carries a private or shared secret member: parsing refuses the document, building cannot make one. Keys that
//! cannot be used are left out with a reason (RFC 7517 §5); fetching the document is somebody else's work.

use std::collections::HashSet;
use std::sync::Arc;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{self, AlgorithmParameters, KeyOperations, PublicKeyUse, ThumbprintHash};
use protocol::encryption::KeyManagementAlgorithm;
use protocol::registration::PRIVATE_MEMBERS;
use protocol::signing::SigningAlgorithm;
use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::algorithm::{self, Family, family, jsonwebtoken_name};
use crate::encryption_key::{EncryptionKey, Written};
use crate::json;
use crate::public_key::{KeyRefused, VerifyingKey};
use crate::verify::{self, Expected, MAX_KID, VerifyError};

const MAX_BYTES: usize = 256 * 1024;
/// More than any issuer has. How many keys a client may have is for `protocol::registration` to say.
const LONGEST_SET: usize = 100;

/// One public key as the document shows it. Always has `kid` and `use`; ours always have `alg`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Jwk(jwk::Jwk);

/// Public keys, each also ready to verify; and, read from the document of another, keys to encrypt to.
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    prepared: Vec<Arc<VerifyingKey>>,
    encryption: Vec<Arc<Written>>,
    not_verifying: Vec<NotVerifying>,
}

/// A key of the document that verifies nothing, and what it is otherwise.
#[derive(Clone, Debug)]
struct NotVerifying {
    position: usize,
    reason: KeyRefused,
    encrypting: Result<Arc<Written>, KeyRefused>,
    meant_to_encrypt: bool,
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
    /// From the bytes that aws-lc shows of a public key: PKCS#1 for RSA, the uncompressed point for ECDSA, 32 bytes for Ed25519.
    pub(crate) fn of_public_key(bytes: &[u8], algorithm: SigningAlgorithm) -> Result<Self, KeyRefused> {
        let key = match family(algorithm) {
            Family::Rsa { .. } => DecodingKey::from_rsa_der(bytes),
            Family::Ecdsa(_) => DecodingKey::from_ec_der(bytes),
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
        if keys.len() > LONGEST_SET {
            return Err(JwksError::TooManyKeys);
        }
        let mut set = Self::default();
        let mut known = HashSet::new();
        for (position, key) in keys.into_iter().enumerate() {
            let Value::Object(members) = key else { return Err(JwksError::NotAKeySet) };
            if PRIVATE_MEMBERS.iter().any(|member| members.contains_key(*member)) {
                return Err(JwksError::PrivateKey { position });
            }
            let (encrypting, meant_to_encrypt) = (Written::read(&members).map(Arc::new), is_meant_to_encrypt(&members));
            set.encryption.extend(encrypting.clone());
            match read(members) {
                Ok((jwk, prepared)) => {
                    if !prepared.iter().all(|key| known.insert((key.kid().to_owned(), key.algorithm().name()))) {
                        return Err(JwksError::RepeatedKey { position });
                    }
                    set.keys.push(jwk);
                    set.prepared.extend(prepared.into_iter().map(Arc::new));
                }
                Err(reason) => {
                    set.not_verifying.push(NotVerifying { position, reason, encrypting, meant_to_encrypt });
                }
            }
        }
        Ok(set)
    }

    pub(crate) fn of(keys: impl Iterator<Item = (Jwk, Arc<VerifyingKey>)>) -> Self {
        let (keys, prepared) = keys.unzip();
        Self { keys, prepared, ..Self::default() }
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

    /// The key to encrypt to: the first that says it is for that, else the first that does not say what it is for
    /// (OpenID Connect Core §10.2).
    pub fn encryption_key(&self, algorithm: KeyManagementAlgorithm) -> Option<&EncryptionKey> {
        let fitting = || self.encryption.iter().filter(|key| key.algorithm() == algorithm);
        let (dedicated, others) =
            (fitting().filter(|key| key.is_dedicated()), fitting().filter(|key| !key.is_dedicated()));
        dedicated.chain(others).find_map(|key| key.key().ok())
    }

    /// The keys to verify with.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// The keys of a parsed document that can neither verify nor encrypt.
    pub fn ignored(&self) -> Vec<IgnoredKey> {
        self.not_verifying.iter().filter_map(NotVerifying::ignored).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl NotVerifying {
    /// With the reason that tells more.
    fn ignored(&self) -> Option<IgnoredKey> {
        let cannot_encrypt = match &self.encrypting {
            Ok(key) => key.key().err()?,
            Err(reason) => *reason,
        };
        let reason = if self.meant_to_encrypt { cannot_encrypt } else { self.reason };
        Some(IgnoredKey { position: self.position, reason })
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
pub(crate) fn read(members: Map<String, Value>) -> Result<(Jwk, Vec<VerifyingKey>), KeyRefused> {
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
        (None, AlgorithmParameters::EllipticCurve(parameters)) => {
            vec![algorithm::of_curve(&parameters.curve).ok_or(KeyRefused::WrongType)?]
        }
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

/// Which of two reasons tells more about a key that can do neither: whether it was to be for encryption.
fn is_meant_to_encrypt(members: &Map<String, Value>) -> bool {
    let text = |name| members.get(name).and_then(Value::as_str);
    text("use") == Some("enc") || text("alg").and_then(KeyManagementAlgorithm::parse).is_some()
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
mod tests;
