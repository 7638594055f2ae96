//! The key directory on a real file system: first start, modes, rotation, reload, damage.

use super::*;
use crate::key_record::Stage;
use crate::verify::{Expected, VerifyError};
use protocol::time::Seconds;
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

const ES256: SigningAlgorithm = SigningAlgorithm::ES256;
const BOTH: [SigningAlgorithm; 2] = [ES256, SigningAlgorithm::EdDSA];
const ANY: Expected<'_> = Expected { typ: &[], algorithms: SigningAlgorithm::ALL };
const NOW: Timestamp = Timestamp(1_000_000);

fn root() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory for tests")
}

fn open(root: &tempfile::TempDir) -> KeyDirectory {
    KeyDirectory::open(&root.path().join("keys"), &BOTH, NOW).expect("opens")
}

fn names(root: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(root.path().join("keys")).expect("exists");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("is listed").file_name().into_string().expect("is text")).collect();
    names.sort();
    names
}

fn key_files_in(root: &tempfile::TempDir) -> usize {
    names(root).iter().filter(|name| name.starts_with("key-")).count()
}

fn policy() -> RotationPolicy {
    RotationPolicy { announce: Seconds(10), overlap: Seconds(100) }
}

#[test]
fn the_first_start_makes_everything_and_the_second_keeps_it() {
    let root = root();
    let first = open(&root);
    assert_eq!(first.keyring().algorithms(NOW), BOTH);
    let token = first.keyring().sign(ES256, None, &json!({"a": 1}), NOW).expect("signs");
    let mac = first.secrets().refresh_mac(b"x");
    drop(first);
    let second = open(&root);
    assert_eq!(second.keyring().verify(&token, &ANY, NOW), Ok(json!({"a": 1})));
    assert!(second.secrets().verify_refresh_mac(b"x", &mac));
    assert_eq!(second.keyring().generation(), 1);
}

#[test]
fn every_file_is_private() {
    let root = root();
    open(&root);
    let directory = root.path().join("keys");
    assert_eq!(fs::metadata(&directory).expect("exists").permissions().mode() & 0o777, 0o700);
    assert_eq!(names(&root).len(), 5, "{:?}", names(&root));
    for name in names(&root) {
        assert_eq!(fs::metadata(directory.join(&name)).expect("exists").permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_directory_that_came_with_the_sources_is_closed_when_it_gets_its_first_key() {
    let root = root();
    let directory = root.path().join("keys");
    fs::create_dir(&directory).expect("is made");
    fs::write(directory.join("README.md"), "about keys").expect("is written");
    fs::set_permissions(&directory, Permissions::from_mode(0o755)).expect("is ours");
    open(&root);
    assert_eq!(fs::metadata(&directory).expect("exists").permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_directory_that_is_used_for_something_else_too_keeps_its_mode() {
    let root = root();
    let directory = root.path().join("keys");
    fs::create_dir(&directory).expect("is made");
    fs::write(directory.join("passwd"), "somebody needs this").expect("is written");
    fs::set_permissions(&directory, Permissions::from_mode(0o755)).expect("is ours");
    open(&root);
    assert_eq!(fs::metadata(&directory).expect("exists").permissions().mode() & 0o777, 0o755);
}

#[test]
fn key_files_that_others_can_read_stop_the_start() {
    let root = root();
    open(&root);
    for name in names(&root).into_iter().filter(|name| name != ".lock") {
        let path = root.path().join("keys").join(&name);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("is ours");
        let error = KeyDirectory::open(&root.path().join("keys"), &BOTH, NOW).expect_err("is readable by others");
        assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())), "{error}");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("is ours");
    }
    open(&root);
}

#[test]
fn a_complete_directory_may_be_read_only() {
    let root = root();
    open(&root);
    let before = names(&root);
    fs::remove_file(root.path().join("keys/.lock")).expect("is there");
    open(&root);
    let expected: Vec<_> = before.into_iter().filter(|name| name != ".lock").collect();
    assert_eq!(names(&root), expected, "nothing was written, no lock was taken");
}

#[test]
fn a_rotation_goes_through_all_stages() {
    let root = root();
    let keys = open(&root);
    let old = keys.keyring().sign(ES256, None, &json!({}), NOW).expect("signs");
    let infos = keys.rotate(Some(ES256), policy(), NOW).expect("rotates");
    assert_eq!((infos.len(), infos[0].stage, infos[0].active_at), (1, Stage::Announced, NOW + Seconds(10)));
    let new_kid = infos[0].kid.as_str();
    let signer = |now| {
        let token = keys.keyring().sign(ES256, None, &json!({}), now).expect("signs");
        crate::verify::peek(&token).expect("is a token").kid.expect("names its key")
    };
    assert_ne!(signer(NOW + Seconds(9)), new_kid);
    assert_eq!(signer(NOW + Seconds(10)), new_kid);
    assert_eq!(keys.keyring().jwks(NOW).keys().len(), 3, "two algorithms, one of them twice");
    assert!(keys.keyring().verify::<Value>(&old, &ANY, NOW + Seconds(109)).is_ok());
    let gone = keys.keyring().verify::<Value>(&old, &ANY, NOW + Seconds(110));
    assert_eq!(gone, Err(VerifyError::UnknownKey));
}

#[test]
fn what_is_gone_is_deleted_by_the_next_rotation() {
    let root = root();
    let keys = open(&root);
    keys.rotate(None, policy(), NOW).expect("rotates");
    assert_eq!(key_files_in(&root), 4);
    keys.rotate(None, policy(), NOW + Seconds(1000)).expect("rotates");
    assert_eq!(key_files_in(&root), 4);
    assert_eq!(keys.keyring().list(NOW + Seconds(1000)).len(), 4);
}

#[test]
fn a_stolen_key_disappears_at_once() {
    let root = root();
    let keys = open(&root);
    let stolen = keys.keyring().sign(ES256, None, &json!({}), NOW).expect("signs");
    keys.rotate(Some(ES256), RotationPolicy::at_once(), NOW).expect("rotates");
    assert_eq!(keys.keyring().verify::<Value>(&stolen, &ANY, NOW), Err(VerifyError::UnknownKey));
    assert_eq!(key_files_in(&root), 2, "its file, too");
    assert!(keys.keyring().sign(ES256, None, &json!({}), NOW).is_ok());
}

#[test]
fn another_process_learns_of_a_rotation_by_reloading() {
    let root = root();
    let (one, other) = (open(&root), open(&root));
    assert_eq!(other.reload().expect("reads"), Changed::No);
    let before = other.keyring();
    one.rotate(Some(ES256), RotationPolicy::at_once(), NOW).expect("rotates");
    let token = one.keyring().sign(ES256, None, &json!({}), NOW).expect("signs");
    assert_eq!(other.keyring().verify::<Value>(&token, &ANY, NOW), Err(VerifyError::UnknownKey));
    assert_eq!(other.reload().expect("reads"), Changed::Yes);
    assert!(other.keyring().verify::<Value>(&token, &ANY, NOW).is_ok());
    assert_eq!((before.generation(), other.keyring().generation()), (1, 2), "old snapshots stay as they are");
    assert_eq!(one.reload().expect("reads"), Changed::No, "its own change is no news");
    let same = |alg| {
        let find = |ring: &Keyring| {
            ring.entries().iter().find(|entry| entry.record.alg == alg).map(|entry| Arc::as_ptr(&entry.key))
        };
        find(&before) == find(&other.keyring())
    };
    assert!(same(SigningAlgorithm::EdDSA), "known keys are not parsed again");
}

#[test]
fn a_new_algorithm_gets_a_key_at_the_next_start() {
    let root = root();
    KeyDirectory::open(&root.path().join("keys"), &[ES256], NOW).expect("opens");
    let keys = open(&root);
    assert_eq!(keys.keyring().algorithms(NOW), BOTH);
    assert_eq!(keys.keyring().list(NOW).len(), 2);
}

#[test]
fn an_imported_key_is_announced_like_any_other() {
    let root = root();
    let keys = open(&root);
    let text = include_str!("../../tests/keys/p256-pkcs8.pem");
    let key = || crate::import::import(text, None, None).expect("is a key");
    let info = keys.import(key(), policy(), NOW).expect("imports");
    assert_eq!((info.stage, info.kid), (Stage::Announced, key().kid().clone()));
    assert!(matches!(keys.import(key(), policy(), NOW), Err(KeyError::AlreadyThere(_))));
    assert_eq!(open(&root).keyring().list(NOW).len(), 3);
}

#[test]
fn a_damaged_directory_is_never_repaired_by_guessing() {
    let spoil = |spoil: &dyn Fn(&Path)| {
        let root = root();
        open(&root);
        spoil(&root.path().join("keys"));
        KeyDirectory::open(&root.path().join("keys"), &BOTH, NOW).expect_err("is damaged")
    };
    let pem = |keys: &Path| {
        let mut entries = fs::read_dir(keys).expect("exists").map(|entry| entry.expect("is listed").path());
        entries.find(|path| path.extension().is_some_and(|end| end == "pem")).expect("has a key")
    };
    let write = |path: &Path, text: &str| key_files::write(path, text).expect("is written");
    let missing = spoil(&|keys| fs::remove_file(keys.join(MASTER)).expect("was there"));
    assert!(matches!(missing, KeyError::Missing { .. }), "{missing}");
    let missing = spoil(&|keys| fs::remove_file(pem(keys)).expect("was there"));
    assert!(matches!(missing, KeyError::Missing { .. }), "{missing}");
    for text in ["", "{}", r#"{"generation":1,"keys":[],"more":1}"#, "not JSON"] {
        let damaged = spoil(&|keys| write(&keys.join(KEYRING), text));
        assert!(matches!(damaged, KeyError::Damaged { .. }), "{text}: {damaged}");
    }
    let damaged = spoil(&|keys| write(&keys.join(MASTER), "short"));
    assert!(matches!(damaged, KeyError::Damaged { .. }), "{damaged}");
    let other = include_str!("../../tests/keys/p256-pkcs8.pem");
    let damaged = spoil(&|keys| write(&pem(keys), other));
    assert!(matches!(damaged, KeyError::Damaged { .. }), "{damaged}");
}

#[test]
fn a_record_cannot_name_a_file_elsewhere() {
    let root = root();
    open(&root);
    for kid in ["../../../../../../../../../../../../etc/passw", "a", ".lock"] {
        let record = json!({ "kid": kid, "alg": "ES256", "created_at": 0, "active_at": 0 });
        let text = json!({ "generation": 1, "keys": [record] }).to_string();
        key_files::write(&root.path().join("keys").join(KEYRING), &text).expect("is written");
        let error = KeyDirectory::open(&root.path().join("keys"), &BOTH, NOW).expect_err("is damaged");
        assert!(matches!(error, KeyError::Damaged { .. }), "{error}");
    }
}

#[test]
fn a_start_that_was_killed_is_continued() {
    let root = root();
    let directory = root.path().join("keys");
    key_files::make_directory(&directory).expect("is made");
    let text = URL_SAFE_NO_PAD.encode([7; 32]);
    key_files::write(&directory.join(MASTER), &text).expect("is written");
    let keys = open(&root);
    assert_eq!(keys.secrets().refresh_mac(b"x"), Secrets::from_master(&[7; 32]).refresh_mac(b"x"));
}
