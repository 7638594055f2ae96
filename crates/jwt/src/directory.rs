//! The key directory: one PKCS#8 file per signing key, `keyring.json` with their records, `master.key`.
//!
//! Several processes may share it. Each works on its own snapshot and learns of changes through `reload`, which costs one
//! `stat` when nothing happened; changes are made under a lock file. The rules of a key's life are in `key_record.rs`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::ids::KeyId;
use protocol::signing::SigningAlgorithm;
use protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::key::SigningKey;
use crate::key_files::{self, KeyError, Stamp, damaged};
use crate::key_record::{KeyRecord, RotationPolicy, introduce};
use crate::keyring::{Entry, KeyInfo, Keyring};
use crate::random;
use crate::secrets::Secrets;

const KEYRING: &str = "keyring.json";
const MASTER: &str = "master.key";

pub struct KeyDirectory {
    path: PathBuf,
    secrets: Secrets,
    keyring: ArcSwap<Keyring>,
    /// What `keyring.json` looked like when the snapshot was taken. Locked by `reload` and `rotate` only.
    seen: Mutex<Stamp>,
}

/// Whether `reload` found anything new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    Yes,
    No,
}

/// The content of `keyring.json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Records {
    generation: u64,
    keys: Vec<KeyRecord>,
}

impl KeyDirectory {
    /// Opens the directory and makes what is missing: the directory, the master key, and for each algorithm a key that is
    /// active at once. A complete directory is only read, so it may be mounted read-only.
    pub fn open(path: &Path, algorithms: &[SigningAlgorithm], now: Timestamp) -> Result<Self, KeyError> {
        key_files::make_directory(path)?;
        let complete = match read_records(path)? {
            Some((records, _)) => missing(&records, algorithms).is_empty(),
            None => false,
        };
        if !complete {
            complete_directory(path, algorithms, now)?;
        }
        let secrets = read_master(path)?.ok_or_else(|| KeyError::Missing { path: path.join(MASTER) })?;
        let (keyring, stamp) = read_keyring(path, &[])?;
        Ok(Self { path: path.to_owned(), secrets, keyring: ArcSwap::from_pointee(keyring), seen: Mutex::new(stamp) })
    }

    /// The present snapshot. Takes no lock.
    pub fn keyring(&self) -> Arc<Keyring> {
        self.keyring.load_full()
    }

    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Makes a new key for `alg`, or for every algorithm that has one. Returns the new keys.
    pub fn rotate(
        &self,
        alg: Option<SigningAlgorithm>,
        policy: RotationPolicy,
        now: Timestamp,
    ) -> Result<Vec<KeyInfo>, KeyError> {
        let _lock = key_files::lock(&self.path)?;
        let mut records = require_records(&self.path)?;
        let present = |alg: &SigningAlgorithm| records.keys.iter().any(|key| key.alg == *alg && key.is_newest());
        let algorithms = match alg {
            Some(alg) => vec![alg],
            None => SigningAlgorithm::ALL.iter().copied().filter(present).collect(),
        };
        let keys = algorithms.into_iter().map(SigningKey::generate).collect::<Result<Vec<_>, _>>();
        self.adopt(&mut records, keys.map_err(KeyError::Generate)?, policy, now)
    }

    /// Makes a key from elsewhere (`import`) the successor of the present one of its algorithm.
    pub fn import(&self, key: SigningKey, policy: RotationPolicy, now: Timestamp) -> Result<KeyInfo, KeyError> {
        let _lock = key_files::lock(&self.path)?;
        let mut records = require_records(&self.path)?;
        if records.keys.iter().any(|record| record.kid == *key.kid()) {
            return Err(KeyError::AlreadyThere(key.kid().clone()));
        }
        let mut infos = self.adopt(&mut records, vec![key], policy, now)?;
        Ok(infos.remove(0))
    }

    /// Takes over what another process changed. Cheap when nothing changed.
    pub fn reload(&self) -> Result<Changed, KeyError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if Stamp::of(&self.path.join(KEYRING))? == *seen {
            return Ok(Changed::No);
        }
        let known = self.keyring();
        let (keyring, stamp) = read_keyring(&self.path, known.entries())?;
        let changed = if keyring.generation() == known.generation() { Changed::No } else { Changed::Yes };
        self.keyring.store(Arc::new(keyring));
        *seen = stamp;
        Ok(changed)
    }

    /// Under the lock: key files first, then the records that name them, then the deletion of what they no longer name.
    fn adopt(
        &self,
        records: &mut Records,
        keys: Vec<SigningKey>,
        policy: RotationPolicy,
        now: Timestamp,
    ) -> Result<Vec<KeyInfo>, KeyError> {
        write_change(&self.path, records, &keys, policy, now)?;
        self.reload()?;
        let new: HashSet<&KeyId> = keys.iter().map(SigningKey::kid).collect();
        let added = records.keys.iter().filter(|record| new.contains(&record.kid));
        Ok(added.map(|record| KeyInfo::of(record, now)).collect())
    }
}

impl std::fmt::Debug for KeyDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyDirectory({})", self.path.display())
    }
}

fn complete_directory(path: &Path, algorithms: &[SigningAlgorithm], now: Timestamp) -> Result<(), KeyError> {
    let _lock = key_files::lock(path)?;
    // Somebody else may have completed it while we waited for the lock.
    let (mut records, missing) = match read_records(path)? {
        Some((records, _)) => match missing(&records, algorithms) {
            missing if missing.is_empty() => return Ok(()),
            missing => (records, missing),
        },
        None => (begin_directory(path)?, missing(&Records::default(), algorithms)),
    };
    let keys = missing.into_iter().map(SigningKey::generate).collect::<Result<Vec<_>, _>>();
    write_change(path, &mut records, &keys.map_err(KeyError::Generate)?, RotationPolicy::default(), now)
}

/// The master key comes before the first signing key, so that signing keys without a master key always mean a loss.
fn begin_directory(path: &Path) -> Result<Records, KeyError> {
    key_files::close_directory(path)?;
    if read_master(path)?.is_none() {
        let master = Zeroizing::new(random::bytes::<32>());
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(master.as_slice()) + "\n");
        key_files::write(&path.join(MASTER), &text)?;
    }
    Ok(Records::default())
}

/// The algorithms without a key that signs now or will.
fn missing(records: &Records, algorithms: &[SigningAlgorithm]) -> Vec<SigningAlgorithm> {
    let has_key = |alg: &SigningAlgorithm| records.keys.iter().any(|key| key.alg == *alg && key.is_newest());
    SigningAlgorithm::ALL.iter().copied().filter(|alg| algorithms.contains(alg) && !has_key(alg)).collect()
}

fn write_change(
    path: &Path,
    records: &mut Records,
    keys: &[SigningKey],
    policy: RotationPolicy,
    now: Timestamp,
) -> Result<(), KeyError> {
    for key in keys {
        key_files::write(&key_path(path, key.kid()), key.to_pkcs8_pem().expose())?;
        introduce(&mut records.keys, key.kid().clone(), key.algorithm(), policy, now);
    }
    let gone: Vec<KeyRecord> = records.keys.extract_if(.., |record| !record.is_published(now)).collect();
    records.generation += 1;
    let text = serde_json::to_string_pretty(&*records).expect("records are plain structs, which are always JSON");
    key_files::write(&path.join(KEYRING), &(text + "\n"))?;
    gone.iter().try_for_each(|record| key_files::remove(&key_path(path, &record.kid)))
}

fn read_master(directory: &Path) -> Result<Option<Secrets>, KeyError> {
    let path = directory.join(MASTER);
    let Some((text, _)) = key_files::read(&path)? else { return Ok(None) };
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end()).ok().map(Zeroizing::new);
    let master: Option<&[u8; 32]> = bytes.as_ref().and_then(|bytes| bytes.as_slice().try_into().ok());
    let master = master.ok_or_else(|| damaged(&path, "it is not 32 bytes in base64url"))?;
    Ok(Some(Secrets::from_master(master)))
}

fn require_records(directory: &Path) -> Result<Records, KeyError> {
    let (records, _) = read_records(directory)?.ok_or_else(|| KeyError::Missing { path: directory.join(KEYRING) })?;
    Ok(records)
}

fn read_records(directory: &Path) -> Result<Option<(Records, Stamp)>, KeyError> {
    let path = directory.join(KEYRING);
    let Some((text, stamp)) = key_files::read(&path)? else { return Ok(None) };
    let records: Records = serde_json::from_str(&text).map_err(|error| damaged(&path, error.to_string()))?;
    let mut kids = HashSet::new();
    for record in &records.keys {
        if !is_file_name(&record.kid) || !kids.insert(&record.kid) {
            return Err(damaged(&path, format!("the key id {} is repeated or not a thumbprint", record.kid)));
        }
    }
    for alg in SigningAlgorithm::ALL {
        if records.keys.iter().filter(|key| key.alg == *alg && key.is_newest()).count() > 1 {
            return Err(damaged(&path, format!("two keys for {} have no end", alg.name())));
        }
    }
    Ok(Some((records, stamp)))
}

/// Loads the keys that the records name, taking those already parsed from `known`.
fn read_keyring(directory: &Path, known: &[Entry]) -> Result<(Keyring, Stamp), KeyError> {
    loop {
        let (records, stamp) =
            read_records(directory)?.ok_or_else(|| KeyError::Missing { path: directory.join(KEYRING) })?;
        let generation = records.generation;
        let entries = records.keys.into_iter().map(|record| read_entry(directory, record, known));
        match entries.collect::<Result<Vec<_>, _>>() {
            // A rotation deleted a key between our two reads: then the records are new, too. Each round is somebody's progress.
            Err(KeyError::Missing { .. }) if Stamp::of(&directory.join(KEYRING))? != stamp => {}
            entries => return Ok((Keyring::new(generation, entries?), stamp)),
        }
    }
}

fn read_entry(directory: &Path, record: KeyRecord, known: &[Entry]) -> Result<Entry, KeyError> {
    if let Some(entry) = known.iter().find(|entry| entry.record.kid == record.kid && entry.record.alg == record.alg) {
        return Ok(Entry { record, key: entry.key.clone() });
    }
    let path = key_path(directory, &record.kid);
    let (text, _) = key_files::read(&path)?.ok_or_else(|| KeyError::Missing { path: path.clone() })?;
    let key = SigningKey::from_pkcs8_pem(&text, record.alg).map_err(|refused| damaged(&path, refused.to_string()))?;
    if *key.kid() != record.kid {
        return Err(damaged(&path, "it holds another key than its name says"));
    }
    Ok(Entry { record, key: Arc::new(key) })
}

fn key_path(directory: &Path, kid: &KeyId) -> PathBuf {
    directory.join(format!("key-{kid}.pem"))
}

/// A thumbprint: base64url, so it cannot lead out of the directory.
fn is_file_name(kid: &KeyId) -> bool {
    kid.as_str().len() == 43 && kid.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests;
