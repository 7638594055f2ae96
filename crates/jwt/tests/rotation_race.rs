//! Several processes and threads change one key directory at once: nothing is lost, nothing is torn, one key signs.

#![allow(clippy::disallowed_methods, reason = "the child process is told by a variable where to work")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use jwt::{Expected, KeyDirectory, Keyring, RotationPolicy, Stage};
use protocol::signing::SigningAlgorithm;
use protocol::time::{Seconds, Timestamp};
use serde_json::{Value, json};

const ES256: SigningAlgorithm = SigningAlgorithm::ES256;
const NOW: Timestamp = Timestamp(1_000_000);
const DIRECTORY: &str = "COUNTERSIGN_TEST_KEY_DIRECTORY";
const ROTATIONS: usize = 12;

fn policy() -> RotationPolicy {
    RotationPolicy { announce: Seconds(0), overlap: Seconds(1000) }
}

fn open(path: &Path) -> KeyDirectory {
    KeyDirectory::open(path, &[ES256], NOW).expect("opens")
}

fn rotate_often(keys: &KeyDirectory) {
    for _ in 0..ROTATIONS {
        keys.rotate(Some(ES256), policy(), NOW).expect("rotates");
        assert_one_signs(&keys.keyring());
    }
}

fn assert_one_signs(keyring: &Keyring) {
    let active = keyring.list(NOW).iter().filter(|key| key.stage == Stage::Active).count();
    assert_eq!(active, 1);
    let token = keyring.sign(ES256, None, &json!({}), NOW).expect("signs");
    let expected = Expected { typ: &[], algorithms: &[ES256] };
    keyring.verify::<Value>(&token, &expected, NOW).expect("verifies");
}

/// All keys that were ever made are there: no rotation has overwritten another.
fn assert_complete(path: &Path, rotations: usize) {
    let keyring = open(path).keyring();
    assert_eq!(keyring.list(NOW).len(), 1 + rotations);
    assert_eq!(usize::try_from(keyring.generation()), Ok(1 + rotations));
    assert_one_signs(&keyring);
}

#[test]
fn threads_that_rotate_at_once_lose_nothing() {
    let root = tempfile::tempdir().expect("a directory for tests");
    let path = root.path().join("keys");
    let shared = open(&path);
    thread::scope(|scope| {
        scope.spawn(|| rotate_often(&shared));
        scope.spawn(|| rotate_often(&shared));
        scope.spawn(|| rotate_often(&open(&path)));
        scope.spawn(|| {
            let reader = open(&path);
            for _ in 0..200 {
                reader.reload().expect("reads");
                assert_one_signs(&reader.keyring());
            }
        });
    });
    assert_complete(&path, 3 * ROTATIONS);
}

#[test]
fn threads_that_start_at_once_make_one_key() {
    let root = tempfile::tempdir().expect("a directory for tests");
    let path = root.path().join("keys");
    let kids: Vec<_> = thread::scope(|scope| {
        let starts: Vec<_> = (0..6).map(|_| scope.spawn(|| open(&path).keyring().list(NOW)[0].kid.clone())).collect();
        starts.into_iter().map(|start| start.join().expect("starts")).collect()
    });
    assert!(kids.windows(2).all(|pair| pair[0] == pair[1]), "{kids:?}");
    assert_complete(&path, 0);
}

#[test]
fn processes_that_rotate_at_once_lose_nothing() {
    let root = tempfile::tempdir().expect("a directory for tests");
    let path = root.path().join("keys");
    let child = || {
        let mut command = Command::new(std::env::current_exe().expect("has a name"));
        command
            .args(["--exact", "a_child_process_rotates_when_told_where"])
            .env(DIRECTORY, &path)
            .stdout(Stdio::null());
        command.spawn().expect("starts")
    };
    for mut child in [child(), child()] {
        assert!(child.wait().expect("ends").success());
    }
    assert_complete(&path, 2 * ROTATIONS);
}

/// The other half of the test above, in a process of its own. Started by hand it has nothing to do.
#[test]
fn a_child_process_rotates_when_told_where() {
    if let Some(path) = std::env::var_os(DIRECTORY) {
        rotate_often(&open(Path::new(&path)));
    }
}
