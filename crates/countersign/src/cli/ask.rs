//! Questions to the person at the terminal. Without a terminal nobody is asked.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use protocol::secret::SecretString;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::failure::Failure;

/// More than any password may have; a longer line is a mistake.
const MAX_LINE: usize = 4096;

pub(super) fn at_a_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on standard error, so that standard output stays the result.
pub(super) fn question(text: &str) -> Result<String, Failure> {
    prompt(text)?;
    Ok(read_line()?.trim().to_owned())
}

fn prompt(text: &str) -> Result<(), Failure> {
    let mut error = io::stderr().lock();
    write!(error, "{text} ")?;
    error.flush()?;
    Ok(())
}

/// Whether the person typed `yes`.
pub(super) fn confirmed(text: &str) -> Result<bool, Failure> {
    Ok(question(&format!("{text} Type yes:"))? == "yes")
}

/// A question whose answer is not shown. Spaces belong to a secret.
pub(super) fn secret(text: &str) -> Result<SecretString, Failure> {
    let silence = Silence::begin()?;
    let answer = prompt(text).and_then(|()| secret_from_stdin());
    drop(silence);
    let _ = writeln!(io::stderr());
    answer
}

/// The first line of standard input, as scripts pass secrets.
pub(super) fn secret_from_stdin() -> Result<SecretString, Failure> {
    let line = read_line()?;
    Ok(SecretString::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line)?;
    match read {
        0 => Err(Failure::failed("standard input ended before an answer came")),
        1..=MAX_LINE => Ok(line),
        _ => Err(Failure::failed("the answer is too long")),
    }
}

/// The terminal does not echo while this lives.
struct Silence(Termios);

impl Silence {
    fn begin() -> Result<Self, Failure> {
        let before = tcgetattr(io::stdin()).map_err(Failure::failed)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &silent).map_err(Failure::failed)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
