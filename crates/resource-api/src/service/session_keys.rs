//! The keys that seal what the sessions of the front end keep in the database: a file with one key on each line, 32 random bytes
//! in base64url. The first one seals, each of them opens, so keys can be replaced without ending a session.
//!
//! Whoever has the file and the database has the tokens of everybody who is signed in. So it is for its owner alone, and a
//! file that others may read is refused.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::secret::Secret;

/// More keys than anybody needs.
const LONGEST_FILE: u64 = 16 * 1024;
const MOST_KEYS: usize = 16;

/// At least one key.
pub(crate) struct SessionKeys(Vec<Secret<[u8; 32]>>);

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum SessionKeyError {
    #[error(
        "the sessions of the page need a key file that all instances share: name it in COUNTERSIGN_API_SESSION_KEY_FILE"
    )]
    NotNamed,
    #[error("the session key file {path}: {source}", path = path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("others can read the session key file {path} (mode {mode:04o}); run: chmod 600 {path}", path = path.display())]
    ReadableByOthers { path: PathBuf, mode: u32 },
    #[error("the session key file {path} is damaged: {reason}", path = path.display())]
    Damaged { path: PathBuf, reason: &'static str },
}

impl SessionKeys {
    /// Those of the file that was named, which must be there; else those beside the SQLite database, made when there are none.
    pub(crate) fn open(named: Option<&Path>, database_url: &str) -> Result<Self, SessionKeyError> {
        match (named, beside(database_url)) {
            (Some(path), _) => read(path),
            (None, Some(path)) => {
                make(&path).map_err(|source| SessionKeyError::Io { path: path.clone(), source })?;
                read(&path)
            }
            (None, None) => Err(SessionKeyError::NotNamed),
        }
    }

    /// The first one seals.
    pub(crate) fn all(&self) -> &[Secret<[u8; 32]>] {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn of(keys: &[u8]) -> Self {
        Self(keys.iter().map(|byte| Secret::new([*byte; 32])).collect())
    }
}

/// `None` for a database that has no place on this machine.
fn beside(database_url: &str) -> Option<PathBuf> {
    let path = database_url.strip_prefix("sqlite:")?;
    Some(PathBuf::from(format!("{}.session-keys", path.strip_prefix("//").unwrap_or(path))))
}

/// Of several programs that start at once one makes the file, and none sees it half written.
fn make(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let unfinished = path.with_extension(format!("{}.unfinished", URL_SAFE_NO_PAD.encode(jwt::random::bytes::<12>())));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    let written =
        writeln!(file, "{}", URL_SAFE_NO_PAD.encode(jwt::random::bytes::<32>())).and_then(|()| file.sync_all());
    // Unlike a rename, a link never replaces what is there.
    let linked = written.and_then(|()| match fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = fs::remove_file(&unfinished);
    linked.and(removed)
}

fn read(path: &Path) -> Result<SessionKeys, SessionKeyError> {
    let failed = |source| SessionKeyError::Io { path: path.to_owned(), source };
    let damaged = |reason| SessionKeyError::Damaged { path: path.to_owned(), reason };
    let file = File::open(path).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(SessionKeyError::ReadableByOthers { path: path.to_owned(), mode });
        }
    }
    let mut text = String::new();
    file.take(LONGEST_FILE).read_to_string(&mut text).map_err(failed)?;
    let text = Secret::new(text);
    let lines = text.expose().lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Option<Vec<_>> = lines.map(key).collect();
    let keys = keys.ok_or_else(|| damaged("a line is not 32 bytes in base64url (43 characters)"))?;
    match keys.len() {
        0 => Err(damaged("it has no key")),
        1..=MOST_KEYS => Ok(SessionKeys(keys)),
        _ => Err(damaged("it has more than 16 keys")),
    }
}

fn key(line: &str) -> Option<Secret<[u8; 32]>> {
    let bytes = Secret::new(URL_SAFE_NO_PAD.decode(line).ok()?);
    bytes.expose().as_slice().try_into().ok().map(Secret::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(directory: &tempfile::TempDir) -> String {
        format!("sqlite:{}", directory.path().join("notes.db").display())
    }

    fn private(path: &Path, text: &str) {
        fs::write(path, text).unwrap();
        #[cfg(unix)]
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    #[test]
    fn a_key_is_made_once_beside_the_database_and_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let made: Vec<_> = std::thread::scope(|scope| {
            let url = database(&directory);
            let all: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn({
                        let url = url.clone();
                        move || SessionKeys::open(None, &url).unwrap()
                    })
                })
                .collect();
            all.into_iter().map(|made| *made.join().unwrap().all()[0].expose()).collect()
        });
        assert!(made.iter().all(|key| *key == made[0]), "eight that start at once agree");
        let names: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["notes.db.session-keys"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = directory.path().join("notes.db.session-keys");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            let refused = SessionKeys::open(None, &database(&directory)).err().unwrap();
            assert!(refused.to_string().contains("chmod 600"), "{refused}");
        }
    }

    #[test]
    fn a_file_that_is_named_must_be_there_and_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        let open = || SessionKeys::open(Some(&path), "postgres://db/notes");
        assert!(matches!(open(), Err(SessionKeyError::Io { .. })));
        assert!(matches!(SessionKeys::open(None, "postgres://db/notes"), Err(SessionKeyError::NotNamed)));
        let line = |byte: u8| URL_SAFE_NO_PAD.encode([byte; 32]);
        private(&path, &format!("# new\n{}\n\n# old\n {}\n", line(2), line(1)));
        let keys = open().unwrap();
        assert_eq!(keys.all().iter().map(|key| key.expose()[0]).collect::<Vec<_>>(), [2, 1]);
        let long = line(3).repeat(2);
        for wrong in ["", "# none\n", "short\n", long.as_str(), &line(1)[1..], &format!("{}\n", line(1)).repeat(17)] {
            private(&path, wrong);
            let refused = open().err().unwrap();
            assert!(matches!(refused, SessionKeyError::Damaged { .. }), "{refused}");
            assert!(!refused.to_string().contains(line(1).as_str()));
        }
    }
}
