//! Files and directories of a command that makes several: taken away again, unless the command succeeds.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// What was made so far, in order.
#[derive(Debug, Default)]
pub(super) struct Made(Vec<PathBuf>);

impl Made {
    /// A directory and those above it, as far as they are missing.
    pub(super) fn directory(&mut self, path: &Path, mode: u32) -> Result<(), Failure> {
        let named = path.ancestors().filter(|path| !path.as_os_str().is_empty());
        let missing: Vec<_> = named.take_while(|path| !path.exists()).collect();
        for path in missing.into_iter().rev() {
            DirBuilder::new().mode(mode).create(path).map_err(|error| fault(path, &error))?;
            self.0.push(path.to_owned());
        }
        Ok(())
    }

    /// A file that does not exist yet.
    pub(super) fn file(&mut self, path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
        let made = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
        let mut file = made.map_err(|error| fault(path, &error))?;
        self.0.push(path.to_owned());
        file.write_all(text.as_bytes()).map_err(|error| fault(path, &error))
    }

    pub(super) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            // A directory into which somebody else put something stays.
            let _ = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
        }
    }
}

fn fault(path: &Path, error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::AlreadyExists => Failure::Failed(format!("{} exists already; it stays as it is", path.display())),
        _ => Failure::Failed(format!("{}: {error}", path.display())),
    }
}
