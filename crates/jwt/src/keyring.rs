//! The server's signing keys at one moment: which one signs, which ones verify, what the key set shows. Immutable; a rotation
//! makes a new one (`directory.rs`), so signing and verifying take no lock.

use std::sync::Arc;

use protocol::ids::KeyId;
use protocol::signing::SigningAlgorithm;
use protocol::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::jwks::JwkSet;
use crate::key::{SignError, SigningKey};
use crate::key_record::{self, KeyRecord, Stage};
use crate::public_key::KeyRefused;
use crate::verify::{self, Expected, VerifyError};

#[derive(Debug)]
pub struct Keyring {
    generation: u64,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) record: KeyRecord,
    pub(crate) key: Arc<SigningKey>,
}

/// What may be told about a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyInfo {
    pub kid: KeyId,
    pub alg: SigningAlgorithm,
    pub stage: Stage,
    pub created_at: Timestamp,
    pub active_at: Timestamp,
    pub retired_at: Option<Timestamp>,
    pub gone_at: Option<Timestamp>,
}

impl Keyring {
    pub(crate) fn new(generation: u64, entries: Vec<Entry>) -> Self {
        Self { generation, entries }
    }

    /// New keys that exist nowhere but here; for tests and tools.
    pub fn generate(algorithms: &[SigningAlgorithm], now: Timestamp) -> Result<Self, KeyRefused> {
        let entry = |algorithm: &SigningAlgorithm| {
            let key = SigningKey::generate(*algorithm)?;
            Ok(Entry { record: KeyRecord::active_now(key.kid().clone(), *algorithm, now), key: Arc::new(key) })
        };
        Ok(Self::new(0, algorithms.iter().map(entry).collect::<Result<_, _>>()?))
    }

    /// Counts the changes of the key directory; equal numbers mean equal keys.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Signs with the one active key of the algorithm.
    pub fn sign(
        &self,
        alg: SigningAlgorithm,
        typ: Option<&str>,
        claims: &impl Serialize,
        now: Timestamp,
    ) -> Result<String, SignError> {
        self.active(alg, now).ok_or(SignError::NoActiveKey(alg))?.sign(typ, claims)
    }

    /// Verifies a token of our own. An announced key verifies too: on a node whose clock is ahead it may be active already.
    pub fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        expected: &Expected<'_>,
        now: Timestamp,
    ) -> Result<C, VerifyError> {
        verify::verify_with(token, expected, |header| {
            let kid = header.kid.as_deref()?;
            let entry = self.published(now).find(|entry| entry.record.kid.as_str() == kid)?;
            Some(entry.key.verifying_key())
        })
    }

    /// The key set to publish. Active keys first, for clients that take the first one that fits.
    pub fn jwks(&self, now: Timestamp) -> JwkSet {
        let mut entries: Vec<&Entry> = self.published(now).collect();
        entries.sort_by_key(|entry| (entry.record.stage(now) != Stage::Active, entry.record.alg as u8));
        JwkSet::of(entries.into_iter().map(|entry| (entry.key.jwk().clone(), entry.key.verifying_key().clone())))
    }

    /// The algorithms that can be signed with now, in the order of the enum.
    pub fn algorithms(&self, now: Timestamp) -> Vec<SigningAlgorithm> {
        SigningAlgorithm::ALL.iter().copied().filter(|alg| self.active(*alg, now).is_some()).collect()
    }

    /// All keys that still exist, in the order in which they were made.
    pub fn list(&self, now: Timestamp) -> Vec<KeyInfo> {
        self.published(now).map(|entry| KeyInfo::of(&entry.record, now)).collect()
    }

    /// Until when `jwks`, `algorithms` and the stages in `list` stay as they are, if the directory does not change.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        key_record::next_change(self.entries.iter().map(|entry| &entry.record), now)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn active(&self, alg: SigningAlgorithm, now: Timestamp) -> Option<&SigningKey> {
        let mut entries = self.entries.iter().filter(|entry| entry.record.alg == alg);
        entries.find(|entry| entry.record.stage(now) == Stage::Active).map(|entry| entry.key.as_ref())
    }

    fn published(&self, now: Timestamp) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.record.is_published(now))
    }
}

impl KeyInfo {
    pub(crate) fn of(record: &KeyRecord, now: Timestamp) -> Self {
        let KeyRecord { kid, alg, created_at, active_at, retired_at, gone_at } = record.clone();
        Self { kid, alg, stage: record.stage(now), created_at, active_at, retired_at, gone_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_record::{RotationPolicy, introduce};
    use protocol::time::Seconds;
    use serde_json::{Value, json};

    const ES256: SigningAlgorithm = SigningAlgorithm::ES256;
    const ANY: Expected<'_> = Expected { typ: &[], algorithms: SigningAlgorithm::ALL };

    /// One key from 0 on; a second one announced at 100, active from 110 on; the first gone at 210.
    fn rotated() -> Keyring {
        let policy = RotationPolicy { announce: Seconds(10), overlap: Seconds(100) };
        let keys = [0, 100].map(|at| (at, Arc::new(SigningKey::generate(ES256).expect("aws-lc makes keys"))));
        let mut records = Vec::new();
        for (at, key) in &keys {
            introduce(&mut records, key.kid().clone(), ES256, policy, Timestamp(*at));
        }
        let entries = records.into_iter().zip(keys).map(|(record, (_, key))| Entry { record, key });
        Keyring::new(2, entries.collect())
    }

    fn signer(keyring: &Keyring, now: i64) -> String {
        let token = keyring.sign(ES256, None, &json!({}), Timestamp(now)).expect("signs");
        verify::peek(&token).expect("is a token").kid.expect("names its key")
    }

    fn published(keyring: &Keyring, now: i64) -> Vec<String> {
        keyring.jwks(Timestamp(now)).keys().iter().map(|key| key.kid().to_owned()).collect()
    }

    #[test]
    fn the_active_key_signs_and_leads_the_set() {
        let keyring = rotated();
        let [old, new] = [&keyring.entries[0], &keyring.entries[1]].map(|entry| entry.record.kid.to_string());
        assert_eq!((signer(&keyring, 109), published(&keyring, 109)), (old.clone(), vec![old.clone(), new.clone()]));
        assert_eq!((signer(&keyring, 110), published(&keyring, 110)), (new.clone(), vec![new.clone(), old]));
        assert_eq!((signer(&keyring, 210), published(&keyring, 210)), (new.clone(), vec![new]));
    }

    #[test]
    fn a_token_verifies_until_its_key_is_gone() {
        let keyring = rotated();
        let token = keyring.sign(ES256, None, &json!({"a": 1}), Timestamp(109)).expect("signs");
        assert_eq!(keyring.verify(&token, &ANY, Timestamp(209)), Ok(json!({"a": 1})));
        assert_eq!(keyring.verify::<Value>(&token, &ANY, Timestamp(210)), Err(VerifyError::UnknownKey));
    }

    #[test]
    fn a_node_whose_clock_is_behind_knows_the_announced_key() {
        let keyring = rotated();
        let token = keyring.sign(ES256, None, &json!({}), Timestamp(110)).expect("signs");
        assert!(keyring.verify::<Value>(&token, &ANY, Timestamp(105)).is_ok());
    }

    #[test]
    fn a_foreign_key_with_our_name_verifies_nothing() {
        let keyring = rotated();
        let stranger = SigningKey::generate(ES256).expect("aws-lc makes keys");
        let token = crate::samples::signed(
            &stranger,
            &json!({"alg": "ES256", "kid": keyring.entries[1].record.kid}).to_string(),
            "{}",
        );
        assert_eq!(keyring.verify::<Value>(&token, &ANY, Timestamp(120)), Err(VerifyError::Signature));
        for kid in [json!("../../etc/passwd"), json!("' OR 1=1 --"), json!("")] {
            let token = crate::samples::signed(&stranger, &json!({"alg": "ES256", "kid": kid}).to_string(), "{}");
            assert_eq!(keyring.verify::<Value>(&token, &ANY, Timestamp(120)), Err(VerifyError::UnknownKey));
        }
        let nameless = crate::samples::signed(&stranger, r#"{"alg":"ES256"}"#, "{}");
        assert_eq!(keyring.verify::<Value>(&nameless, &ANY, Timestamp(120)), Err(VerifyError::UnknownKey));
    }

    #[test]
    fn an_empty_keyring_neither_signs_nor_verifies() {
        let empty = Keyring::new(0, Vec::new());
        assert!(matches!(empty.sign(ES256, None, &json!({}), Timestamp(0)), Err(SignError::NoActiveKey(ES256))));
        let token = rotated().sign(ES256, None, &json!({}), Timestamp(0)).expect("signs");
        assert_eq!(empty.verify::<Value>(&token, &ANY, Timestamp(0)), Err(VerifyError::UnknownKey));
        assert!(empty.jwks(Timestamp(0)).is_empty());
        assert!(empty.algorithms(Timestamp(0)).is_empty());
    }

    #[test]
    fn algorithms_and_list_tell_what_there_is() {
        let keyring = Keyring::generate(&[SigningAlgorithm::EdDSA, ES256], Timestamp(5)).expect("aws-lc makes keys");
        assert_eq!(keyring.algorithms(Timestamp(5)), [ES256, SigningAlgorithm::EdDSA]);
        assert_eq!(keyring.next_change(Timestamp(5)), None);
        let rotated = rotated();
        let stages: Vec<Stage> = rotated.list(Timestamp(105)).iter().map(|info| info.stage).collect();
        assert_eq!(stages, [Stage::Active, Stage::Announced]);
        assert_eq!(rotated.next_change(Timestamp(105)), Some(Timestamp(110)));
        let info = serde_json::to_value(&rotated.list(Timestamp(105))[1]).expect("is JSON");
        assert_eq!(
            (&info["stage"], &info["alg"], &info["active_at"]),
            (&json!("announced"), &json!("ES256"), &json!(110))
        );
    }
}
