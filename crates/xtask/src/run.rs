//! Running other programs: one builder that says what it runs and turns a failure into a sentence.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Why a task ended, as a sentence for the person who started it.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// A program that is about to be run.
pub(crate) struct Program(Command);

pub(crate) fn program(name: impl AsRef<OsStr>) -> Program {
    Program(Command::new(name))
}

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn workspace() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).expect("this crate lies two folders below the workspace").to_owned()
}

impl Program {
    pub(crate) fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    pub(crate) fn arguments(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.0.args(arguments);
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn directory(mut self, directory: impl AsRef<Path>) -> Self {
        self.0.current_dir(directory);
        self
    }

    /// Runs it in full view and wants it to succeed.
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        let shown = self.shown();
        eprintln!("xtask: {shown}");
        match self.0.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::new(format!("`{shown}` failed ({status})"))),
            Err(error) => Err(Failure::new(format!("`{shown}` could not be started: {error}"))),
        }
    }

    /// Runs it unseen and gives what it printed.
    pub(crate) fn output(mut self) -> Result<String, Failure> {
        let shown = self.shown();
        let output = self.0.stdin(Stdio::null()).output();
        let output = output.map_err(|error| Failure::new(format!("`{shown}` could not be started: {error}")))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        let complaint = String::from_utf8_lossy(&output.stderr);
        Err(Failure::new(format!("`{shown}` failed ({}): {}", output.status, complaint.trim())))
    }

    /// Runs it unseen; a program that is not there does not succeed.
    pub(crate) fn succeeds(mut self) -> bool {
        let quiet = self.0.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }

    /// Starts it unseen, with a pipe that closes when this process ends, however it ends.
    pub(crate) fn start_with_pipe(mut self) -> Result<Child, Failure> {
        Ok(self.0.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }

    fn shown(&self) -> String {
        let words = std::iter::once(self.0.get_program()).chain(self.0.get_args());
        words.collect::<Vec<_>>().join(OsStr::new(" ")).to_string_lossy().into_owned()
    }
}

/// Where the shell would find `name`.
pub(crate) fn find(name: &str) -> Option<OsString> {
    let folders = std::env::var_os("PATH")?;
    let file = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|file| file.is_file())?;
    Some(file.into_os_string())
}
