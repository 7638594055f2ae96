//! What is wrong with the settings, told so that it can be put right: place, key, reason, remedy.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Where the fault is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Place {
    Line {
        file: PathBuf,
        line: usize,
        column: usize,
    },
    File {
        file: PathBuf,
    },
    Variable {
        variable: String,
    },
    /// In a default, or nowhere at all.
    Nowhere {},
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Complaint {
    #[serde(flatten)]
    pub place: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// All faults, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Complaints(pub Vec<Complaint>);

impl Place {
    /// The place of a byte of a text.
    pub(super) fn of(file: &Path, text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self::Line {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl Complaint {
    pub fn new(place: Place, key: Option<&str>, reason: impl Into<String>, remedy: Option<String>) -> Self {
        Self { place, key: key.map(str::to_owned), reason: reason.into(), remedy }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line, column } => write!(f, "{}:{line}:{column}: ", file.display()),
            Self::File { file } => write!(f, "{}: ", file.display()),
            Self::Variable { variable } => write!(f, "{variable}: "),
            Self::Nowhere {} => Ok(()),
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        write!(f, "{}", self.reason)?;
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(f, "; {remedy}"))
    }
}

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, complaint) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{complaint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Complaints {}

impl From<Complaint> for Complaints {
    fn from(complaint: Complaint) -> Self {
        Self(vec![complaint])
    }
}

/// The candidate that differs least, if it is close enough to be a slip of the hand.
pub(super) fn nearest<'a>(written: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&written.to_lowercase(), &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_key_and_nonsense_finds_nothing() {
        let keys = || ["issuer", "listen", "workers", "trusted_proxies"].into_iter();
        assert_eq!(nearest("isuer", keys()), Some("issuer"));
        assert_eq!(nearest("Trusted_Proxy", keys()), Some("trusted_proxies"));
        assert_eq!(nearest("flavour", keys()), None);
    }

    #[test]
    fn columns_count_characters() {
        let place = Place::of(Path::new("a.toml"), "# ü\nname = \"ü\" x", 16);
        assert_eq!(place.to_string(), "a.toml:2:11: ");
    }
}
