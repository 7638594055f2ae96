//! What a command prints on standard output: text for people or JSON for programs, never both.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use protocol::time::Timestamp;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::config::Environment;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    /// One object or array on one line.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    On,
    Off,
}

#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub format: Format,
    pub colours: Colours,
}

impl Output {
    pub fn new(format: Format, environment: &Environment) -> Self {
        let wanted = io::stdout().is_terminal() && environment.allows_colours();
        Self { format, colours: if wanted { Colours::On } else { Colours::Off } }
    }

    /// Prints the value, or what `text` makes of it.
    pub fn show<T: Serialize, S: Display>(&self, value: &T, text: impl FnOnce(&T) -> S) {
        match self.format {
            Format::Text => line(text(value)),
            Format::Json => line(serde_json::to_string(value).expect("what commands print is plain data")),
        }
    }

    /// As [`Output::show`], for a command that goes on: tells when nobody reads any more.
    pub fn stream<T: Serialize, S: Display>(&self, value: &T, text: impl FnOnce(&T) -> S) -> io::Result<()> {
        match self.format {
            Format::Text => writeln!(io::stdout().lock(), "{}", text(value)),
            Format::Json => writeln!(io::stdout().lock(), "{}", serde_json::to_string(value)?),
        }
    }
}

impl Colours {
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::On => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Off => text.to_owned(),
        }
    }
}

/// A reader that went away (`countersign user list | head`) is no reason to complain.
fn line(text: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// A hint for the person at the terminal that is no part of the result.
pub fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// `2026-11-22T06:10:00Z`
pub fn date(at: Timestamp) -> String {
    let date = OffsetDateTime::from_unix_timestamp(at.0).ok();
    date.and_then(|date| date.format(&Rfc3339).ok()).unwrap_or_else(|| at.0.to_string())
}

/// Columns that are as wide as their widest cell; the last one is as wide as it wants.
pub fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let head = head.map(str::to_owned);
    let width = |column: usize| {
        rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().expect("there is the head at least")
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let print = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    [&head].into_iter().chain(rows).map(print).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["alice".to_owned(), "x".to_owned()], ["bo".to_owned(), "longer".to_owned()]];
        assert_eq!(table(["NAME", "B"], &rows), "NAME   B\nalice  x\nbo     longer");
    }

    #[test]
    fn dates_are_plain_utc() {
        assert_eq!(date(Timestamp(1_795_327_800)), "2026-11-22T06:10:00Z");
    }

    #[test]
    fn without_colours_text_stays_text() {
        assert_eq!(Colours::Off.bold("a"), "a");
        assert_eq!(Colours::On.bold("a"), "\u{1b}[1ma\u{1b}[0m");
    }
}
