//! One entry of a seed file: a JSON object whose members are taken out one by one, and what is wrong with it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use protocol::secret::SecretString;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::is_published;
use crate::config::{Complaint, Place};

/// The members of an entry that hold one.
const SECRETS: [&str; 2] = ["client_secret", "password"];

/// One element of the array. Members that are left when all known ones were taken have no meaning.
pub(super) struct Entry<'f> {
    file: &'f Path,
    /// As people count.
    number: usize,
    name: Option<String>,
    members: Map<String, Value>,
    faults: &'f mut Vec<Complaint>,
}

/// Reads each entry of the file; `read` gives `None` for those that are wrong.
pub(super) fn each<T>(
    file: &Path,
    name: &'static str,
    faults: &mut Vec<Complaint>,
    mut read: impl FnMut(Entry<'_>) -> Option<T>,
) -> Vec<T> {
    let (values, mode) = match array(file) {
        Ok(read) => read,
        Err(reason) => {
            faults.push(fault(file, None, reason));
            return Vec::new();
        }
    };
    if let Some(reason) = open_to_others(mode, &values) {
        faults.push(fault(file, None, reason));
    }
    let mut all = Vec::new();
    for (index, value) in values.into_iter().enumerate() {
        let number = index + 1;
        let Value::Object(members) = value else {
            faults.push(fault(file, Some(format!("entry {number}")), "is no JSON object".to_owned()));
            continue;
        };
        let known = members.get(name).and_then(Value::as_str).map(str::to_owned);
        all.extend(read(Entry { file, number, name: known, members, faults: &mut *faults }));
    }
    all
}

/// The elements, and the mode of the file that they were read from.
fn array(file: &Path) -> Result<(Vec<Value>, u32), String> {
    let read = || -> io::Result<(String, u32)> {
        let mut opened = File::open(file)?;
        let mut text = String::new();
        opened.read_to_string(&mut text)?;
        Ok((text, opened.metadata()?.permissions().mode() & 0o7777))
    };
    let (text, mode) = read().map_err(|error| format!("cannot be read: {error}"))?;
    let values = serde_json::from_str(&text).map_err(|error| format!("is no JSON array: {error}"))?;
    Ok((values, mode))
}

/// A secret is for the eyes of its owner, unless everybody knows it anyway.
fn open_to_others(mode: u32, values: &[Value]) -> Option<String> {
    let mut secrets = values.iter().flat_map(|value| SECRETS.map(|member| value.get(member)?.as_str())).flatten();
    (mode & 0o077 != 0 && secrets.any(|secret| !is_published(secret)))
        .then(|| format!("holds secrets, and others can read it (mode {mode:04o}); run chmod 600"))
}

fn fault(file: &Path, key: Option<String>, reason: String) -> Complaint {
    Complaint::new(Place::File { file: PathBuf::from(file) }, key.as_deref(), reason, None)
}

impl Entry<'_> {
    /// Where the entry is, for faults that are found later.
    pub(super) fn origin(&self) -> Origin {
        Origin { file: self.file.to_owned(), entry: self.described() }
    }

    pub(super) fn complain(&mut self, member: &str, reason: impl Into<String>) {
        let fault = self.origin().fault(member, reason);
        self.faults.push(fault);
    }

    /// How many faults there are so far, in all entries.
    pub(super) fn faults(&self) -> usize {
        self.faults.len()
    }

    fn described(&self) -> String {
        match &self.name {
            Some(name) => format!("entry {} ({name})", self.number),
            None => format!("entry {}", self.number),
        }
    }

    pub(super) fn demand(&mut self, member: &str) -> Option<String> {
        if !self.members.contains_key(member) {
            self.complain(member, "is missing");
        }
        self.text(member)
    }

    pub(super) fn text(&mut self, member: &str) -> Option<String> {
        match self.members.remove(member)? {
            Value::String(text) => Some(text),
            // The value itself is not repeated: it may be a secret.
            _ => {
                self.complain(member, "is no text");
                None
            }
        }
    }

    pub(super) fn secret(&mut self, member: &str) -> Option<SecretString> {
        self.text(member).map(SecretString::new)
    }

    pub(super) fn flag(&mut self, member: &str) -> bool {
        match self.members.remove(member) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.complain(member, "is neither true nor false");
                false
            }
        }
    }

    pub(super) fn ignore(&mut self, member: &str) {
        self.members.remove(member);
    }

    /// Everything that is left, as one struct. Members are tried one by one, so that each wrong one is told.
    pub(super) fn rest<T: DeserializeOwned>(&mut self) -> Option<T> {
        let members = std::mem::take(&mut self.members);
        self.read(members)
    }

    /// Only these members, as one struct.
    pub(super) fn part<T: DeserializeOwned>(&mut self, members: &[&str]) -> Option<T> {
        let taken = members.iter().filter_map(|member| self.members.remove_entry(*member)).collect();
        self.read(taken)
    }

    fn read<T: DeserializeOwned>(&mut self, members: Map<String, Value>) -> Option<T> {
        let mut good = Map::new();
        for (member, value) in members {
            let alone = Map::from_iter([(member.clone(), value.clone())]);
            match serde_json::from_value::<T>(Value::Object(alone)) {
                Ok(_) => drop(good.insert(member, value)),
                Err(error) if error.to_string().starts_with(&format!("unknown field `{member}`")) => {
                    self.complain(&member, "is no member that is known here");
                }
                Err(error) => self.complain(&member, error.to_string()),
            }
        }
        serde_json::from_value(Value::Object(good)).ok()
    }
}

/// Where something was written.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    file: PathBuf,
    entry: String,
}

impl Origin {
    pub(super) fn fault(&self, member: &str, reason: impl Into<String>) -> Complaint {
        fault(&self.file, Some(format!("{}, {member}", self.entry)), reason.into())
    }
}
