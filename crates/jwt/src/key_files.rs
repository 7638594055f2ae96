//! Private files: written whole or not at all, readable by their owner only, changed by one process at a time.
//!
//! Knows directories, modes and locks; what the files mean is for `directory.rs`.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::ids::KeyId;
use zeroize::Zeroizing;

use crate::public_key::KeyRefused;
use crate::random;

const LOCK: &str = ".lock";
/// What may lie in a directory that came with the sources.
const NEIGHBOURS: [&str; 4] = [LOCK, "README.md", ".gitignore", ".gitkeep"];
const UNFINISHED: &str = ".unfinished-";
const MAX_FILE: u64 = 1024 * 1024;
const LOCK_TRIES: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// What is wrong with the key directory. Names the file and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("cannot {action} {path}: {source}", path = path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error("others can read the key file {path} (mode {mode:04o}); run: chmod 600 {path}", path = path.display())]
    ReadableByOthers { path: PathBuf, mode: u32 },
    #[error("others can change the key directory {path} (mode {mode:04o}); run: chmod 700 {path}", path = path.display())]
    WritableByOthers { path: PathBuf, mode: u32 },
    #[error("{path} is damaged: {reason}; restore it from a backup", path = path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("{path} is missing although the directory holds keys; restore it from a backup", path = path.display())]
    Missing { path: PathBuf },
    #[error("another process has held {path} for ten seconds", path = path.display())]
    Locked { path: PathBuf },
    #[error("the key directory holds the key {0} already")]
    AlreadyThere(KeyId),
    #[error("a new key cannot be made: {0}")]
    Generate(#[source] KeyRefused),
}

/// Tells two states of a file apart without reading it. A renamed file has another inode, whatever the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    seconds: i64,
    nanoseconds: i64,
    length: u64,
}

/// Held as long as it lives. The kernel lets go when the process dies.
pub(crate) struct Lock(#[expect(dead_code, reason = "closing the file releases the lock")] File);

impl Stamp {
    pub(crate) fn of(path: &Path) -> Result<Self, KeyError> {
        fs::metadata(path).map(|metadata| Self::from(&metadata)).map_err(failed("look at", path))
    }
}

impl From<&fs::Metadata> for Stamp {
    fn from(metadata: &fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
            length: metadata.len(),
        }
    }
}

/// Makes the directory with mode 0700, or checks that nobody else can put files into the one that is there.
pub(crate) fn make_directory(path: &Path) -> Result<(), KeyError> {
    if !path.exists() {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(path).map_err(failed("create", path))?;
    }
    let mode = fs::metadata(path).map_err(failed("look at", path))?.permissions().mode() & 0o7777;
    // The sticky bit protects files of others from renaming, not from appearing: it does not help here.
    if mode & 0o022 != 0 {
        return Err(KeyError::WritableByOthers { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Takes the reading rights of others from a directory that is about to hold its first key. A directory that holds anything
/// else, too, keeps its mode: it may be `/etc`, and the names of our files are no secret.
pub(crate) fn close_directory(path: &Path) -> Result<(), KeyError> {
    for entry in fs::read_dir(path).map_err(failed("list", path))? {
        let name = entry.map_err(failed("list", path))?.file_name();
        if !NEIGHBOURS.iter().any(|known| name == *known) {
            return Ok(());
        }
    }
    fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed("set the mode of", path))
}

/// Reads a private file; `None` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<(Zeroizing<String>, Stamp)>, KeyError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", path)(error)),
    };
    let metadata = file.metadata().map_err(failed("look at", path))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::ReadableByOthers { path: path.to_owned(), mode });
    }
    if metadata.len() > MAX_FILE {
        return Err(damaged(path, "it is longer than 1 MiB"));
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(failed("read", path))?;
    Ok(Some((text, Stamp::from(&metadata))))
}

/// Replaces a file with mode 0600: after a crash there is the old one or the new one, on disk, complete.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), KeyError> {
    let directory = path.parent().expect("key files live in the key directory");
    let unfinished = directory.join(format!("{UNFINISHED}{}", URL_SAFE_NO_PAD.encode(random::bytes::<12>())));
    let mut options = OpenOptions::new();
    let mut file =
        options.write(true).create_new(true).mode(0o600).open(&unfinished).map_err(failed("create", path))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&unfinished, path)) {
        let _ = fs::remove_file(&unfinished);
        return Err(failed("write", path)(error));
    }
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed("write", path))
}

pub(crate) fn remove(path: &Path) -> Result<(), KeyError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("delete", path)(error)),
        _ => Ok(()),
    }
}

/// Waits for the other processes and threads that change the directory, and clears what a killed one left behind.
pub(crate) fn lock(directory: &Path) -> Result<Lock, KeyError> {
    let path = directory.join(LOCK);
    let mut options = OpenOptions::new();
    let file =
        options.write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed("open", &path))?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => {
                remove_unfinished(directory)?;
                return Ok(Lock(file));
            }
            #[expect(clippy::disallowed_methods, reason = "never on a worker: at start, in jobs, on the command line")]
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
        }
    }
    Err(KeyError::Locked { path })
}

pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> KeyError {
    KeyError::Damaged { path: path.to_owned(), reason: reason.into() }
}

fn remove_unfinished(directory: &Path) -> Result<(), KeyError> {
    for entry in fs::read_dir(directory).map_err(failed("list", directory))? {
        let entry = entry.map_err(failed("list", directory))?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn failed<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> KeyError + 'a {
    move |source| KeyError::Io { action, path: path.to_owned(), source }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "threads of a test may sleep")]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("exists").permissions().mode() & 0o7777
    }

    #[test]
    fn files_and_directories_are_private_from_birth() {
        let root = tempfile::tempdir().expect("a directory for tests");
        let directory = root.path().join("deep/keys");
        make_directory(&directory).expect("is made");
        write(&directory.join("a"), "text").expect("is written");
        assert_eq!((mode(&directory), mode(&directory.join("a"))), (0o700, 0o600));
        assert_eq!(read(&directory.join("a")).expect("is private").expect("exists").0.as_str(), "text");
        assert!(read(&directory.join("b")).expect("no error").is_none());
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_remedy() {
        let root = tempfile::tempdir().expect("a directory for tests");
        let path = root.path().join("a.pem");
        for bad in [0o640, 0o604, 0o620, 0o666] {
            write(&path, "text").expect("is written");
            fs::set_permissions(&path, Permissions::from_mode(bad)).expect("is ours");
            let error = read(&path).expect_err("is not private").to_string();
            assert!(error.contains(&format!("chmod 600 {}", path.display())), "{error}");
            assert!(error.contains(&format!("{bad:04o}")), "{error}");
        }
    }

    #[test]
    fn a_directory_that_others_can_change_is_refused() {
        let root = tempfile::tempdir().expect("a directory for tests");
        for bad in [0o770, 0o777, 0o1777, 0o702] {
            fs::set_permissions(root.path(), Permissions::from_mode(bad)).expect("is ours");
            let error = make_directory(root.path()).expect_err("is open to others");
            assert!(error.to_string().contains("chmod 700"), "{error}");
        }
        fs::set_permissions(root.path(), Permissions::from_mode(0o755)).expect("is ours");
        make_directory(root.path()).expect("reading the names is harmless");
    }

    #[test]
    fn every_write_changes_the_stamp() {
        let root = tempfile::tempdir().expect("a directory for tests");
        let path = root.path().join("a");
        write(&path, "same").expect("is written");
        let before = Stamp::of(&path).expect("exists");
        assert_eq!(before, Stamp::of(&path).expect("exists"));
        write(&path, "same").expect("is written");
        assert_ne!(before, Stamp::of(&path).expect("exists"));
    }

    #[test]
    fn what_a_killed_writer_left_is_cleared() {
        let root = tempfile::tempdir().expect("a directory for tests");
        fs::write(root.path().join(".unfinished-abc"), "half a key").expect("is written");
        fs::write(root.path().join("README.md"), "stays").expect("is written");
        let _lock = lock(root.path()).expect("is free");
        assert!(!root.path().join(".unfinished-abc").exists());
        assert!(root.path().join("README.md").exists());
    }

    #[test]
    fn one_at_a_time() {
        let root = tempfile::tempdir().expect("a directory for tests");
        let inside = AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let _lock = lock(root.path()).expect("gets its turn");
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    thread::sleep(Duration::from_millis(5));
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
    }
}
