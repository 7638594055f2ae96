//! The settings as written: a tree of sections and keys that remembers where each value stands.
//!
//! Checks what can be checked without types: that the text is TOML and that every key exists. Then lets the environment
//! override, reads secrets from their files, and turns one section at a time into its struct.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use auth::config::{Problem, SECRET_KEYS};
use serde::de::{DeserializeOwned, IntoDeserializer as _};
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::{Environment, Override};
use super::explain::{Complaint, Complaints, Place};
use super::known::Known;

type Section<'t> = DeTable<'t>;

pub(super) struct Tree<'t> {
    file: Option<&'t Path>,
    text: &'t str,
    known: Known,
    sections: BTreeMap<String, Section<'t>>,
    /// `section.key` → the variable that set it.
    overridden: BTreeMap<String, String>,
    complaints: Vec<Complaint>,
}

impl<'t> Tree<'t> {
    /// A text that is no TOML gets no further: nothing in it can be trusted to mean what it says.
    pub(super) fn parse(file: Option<&'t Path>, text: &'t str) -> Result<Self, Complaints> {
        let mut tree = Self {
            file,
            text,
            known: Known::new(),
            sections: BTreeMap::new(),
            overridden: BTreeMap::new(),
            complaints: Vec::new(),
        };
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            tree.complain(tree.place(error.span()), None, error.message(), None);
        }
        if !tree.complaints.is_empty() {
            return Err(Complaints(tree.complaints));
        }
        tree.admit(root.into_inner());
        Ok(tree)
    }

    fn admit(&mut self, root: DeTable<'t>) {
        for (name, value) in root {
            let span = name.span();
            let name = name.into_inner().into_owned();
            if !self.known.sections().any(|known| known == name) {
                self.complain_of_unknown_section(&name, span);
                continue;
            }
            match value.into_inner() {
                DeValue::Table(table) => self.admit_section(name, table),
                other => self.complain(
                    self.place(Some(span)),
                    Some(&name),
                    format!("is a section, not a {}", other.type_str()),
                    Some(format!("write [{name}] on a line of its own")),
                ),
            }
        }
    }

    fn complain_of_unknown_section(&mut self, name: &str, span: Range<usize>) {
        let remedy = match self.known.sections_with(name).next() {
            Some(section) => Some(format!("it belongs below [{section}]")),
            None => self.known.nearest_section(name),
        };
        self.complain(self.place(Some(span)), Some(name), "there is no such section", remedy);
    }

    fn admit_section(&mut self, section: String, table: DeTable<'t>) {
        let mut admitted = DeTable::new();
        for (key, value) in table {
            if self.known.default_of(&section, key.get_ref()).is_some() {
                admitted.insert(key, value);
            } else {
                let remedy = self.known.nearest_key(&section, key.get_ref());
                let path = format!("{section}.{}", key.get_ref());
                self.complain(self.place(Some(key.span())), Some(&path), "there is no such key", Some(remedy));
            }
        }
        self.sections.insert(section, admitted);
    }

    /// Lets variables override what the file says.
    pub(super) fn apply(&mut self, environment: &'t Environment) {
        for (variable, setting) in environment.overrides(&self.known) {
            let (section, key, value) = match setting {
                Override::Value { section, key, text } => {
                    let value = self.typed_like_the_default(&section, &key, text);
                    (section, key, value)
                }
                Override::File { section, key, path } => (section, key, file_reference(path)),
                Override::Unknown => {
                    let place = Place::Variable { variable: variable.to_owned() };
                    let remedy = self.known.nearest_variable(variable);
                    self.complain(place, None, "there is no such setting", remedy);
                    continue;
                }
            };
            let path = format!("{section}.{key}");
            if let Some(other) = self.overridden.insert(path.clone(), variable.to_owned()) {
                let place = Place::Variable { variable: variable.to_owned() };
                let reason = format!("{other} sets it, too");
                self.complain(place, Some(&path), reason, Some("unset one of the two".to_owned()));
            }
            self.sections.entry(section).or_default().insert(unplaced(Cow::Owned(key)), unplaced(value));
        }
    }

    /// A variable is text; what it stands for follows from the default: a number, yes or no, a list, or text.
    fn typed_like_the_default(&self, section: &str, key: &str, text: &'t str) -> DeValue<'t> {
        let as_text = || DeValue::String(Cow::Borrowed(text));
        match self.known.default_of(section, key) {
            Some(Json::Number(_)) => match DeValue::parse(text.trim()).map(Spanned::into_inner) {
                Ok(DeValue::Integer(number)) => DeValue::Integer(number),
                _ => as_text(),
            },
            Some(Json::Bool(_)) => match text.trim() {
                "true" => DeValue::Boolean(true),
                "false" => DeValue::Boolean(false),
                _ => as_text(),
            },
            Some(Json::Array(defaults)) => {
                let numbers = defaults.first().is_some_and(Json::is_number);
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                let typed = |item: &'t str| match DeValue::parse(item).map(Spanned::into_inner) {
                    Ok(DeValue::Integer(number)) if numbers => DeValue::Integer(number),
                    _ => DeValue::String(Cow::Borrowed(item)),
                };
                DeValue::Array(items.map(|item| unplaced(typed(item))).collect())
            }
            _ => as_text(),
        }
    }

    /// Replaces `{ file = "…" }` by what stands in the file.
    pub(super) fn read_secrets(&mut self, read: impl Fn(&str) -> Result<String, String>) {
        for path in SECRET_KEYS {
            let (section, key) = path.split_once('.').expect("secret keys are written section.key");
            let Some(value) = self.sections.get(section).and_then(|keys| keys.get(key)) else { continue };
            let DeValue::Table(reference) = value.get_ref() else { continue };
            let span = value.span();
            let named = match (reference.len(), reference.get("file").map(Spanned::get_ref)) {
                (1, Some(DeValue::String(file))) => Ok(file.clone().into_owned()),
                _ => Err("is neither a text nor { file = \"…\" }".to_owned()),
            };
            match named.and_then(|file| read(&file)) {
                Ok(secret) => {
                    let secret = DeValue::String(Cow::Owned(secret));
                    self.sections
                        .entry(section.to_owned())
                        .or_default()
                        .insert(unplaced(Cow::Borrowed(key)), Spanned::new(span, secret));
                }
                Err(reason) => {
                    self.complain(self.place_of(path), Some(path), reason, None);
                    self.sections.entry(section.to_owned()).or_default().remove(key);
                }
            }
        }
    }

    /// One section as its struct. Keys are tried one by one on top of `required`, so that each wrong one is reported.
    pub(super) fn section<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        required: &[(&'static str, &str)],
    ) -> Option<T> {
        let table = self.sections.get(name).cloned().unwrap_or_default();
        let base: DeTable<'static> = required
            .iter()
            .map(|(key, text)| {
                (unplaced(Cow::Borrowed(*key)), unplaced(DeValue::String(Cow::Owned((*text).to_owned()))))
            })
            .collect();
        let mut good: DeTable<'_> = base.clone();
        for (key, value) in table {
            let mut alone: DeTable<'_> = base.clone();
            alone.insert(key.clone(), value.clone());
            match read_table::<T>(alone) {
                Ok(_) => drop(good.insert(key, value)),
                Err(error) => {
                    let path = format!("{name}.{}", key.get_ref());
                    self.complain(self.place_of(&path), Some(&path), error.message(), None);
                }
            }
        }
        read_table(good).ok()
    }

    /// A setting without a default that nobody set.
    pub(super) fn demand(&mut self, section: &str, key: &str, remedy: String) {
        if !self.sections.get(section).is_some_and(|keys| keys.contains_key(key)) {
            let place = self.file.map_or(Place::Nowhere {}, |file| Place::File { file: file.to_owned() });
            self.complain(place, Some(&format!("{section}.{key}")), "is missing", Some(remedy));
        }
    }

    pub(super) fn report(&mut self, problem: Problem) {
        let Problem { key, reason, fix } = problem;
        self.complain(self.place_of(key), Some(key), reason, Some(fix.into_owned()));
    }

    pub(super) fn finish(&mut self) -> Result<(), Complaints> {
        let complaints = std::mem::take(&mut self.complaints);
        if complaints.is_empty() { Ok(()) } else { Err(Complaints(complaints)) }
    }

    fn complain(&mut self, place: Place, key: Option<&str>, reason: impl Into<String>, remedy: Option<String>) {
        self.complaints.push(Complaint::new(place, key, reason, remedy));
    }

    fn place(&self, span: Option<Range<usize>>) -> Place {
        match (self.file, span) {
            (Some(file), Some(span)) => Place::of(file, self.text, span.start),
            (Some(file), None) => Place::File { file: file.to_owned() },
            (None, _) => Place::Nowhere {},
        }
    }

    /// Where a setting was set: its variable, its line, or nowhere when it is at its default.
    fn place_of(&self, path: &str) -> Place {
        if let Some(variable) = self.overridden.get(path) {
            return Place::Variable { variable: variable.clone() };
        }
        let (section, key) = path.split_once('.').unwrap_or((path, ""));
        match self.sections.get(section).and_then(|keys| keys.get(key)) {
            Some(value) => self.place(Some(value.span())),
            None => self.place(None),
        }
    }
}

fn read_table<T: DeserializeOwned>(table: DeTable<'_>) -> Result<T, toml::de::Error> {
    T::deserialize(unplaced(table).into_deserializer())
}

/// A value that stands in no file.
fn unplaced<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

fn file_reference<'t>(path: &str) -> DeValue<'t> {
    let file = unplaced(DeValue::String(Cow::Owned(path.to_owned())));
    DeValue::Table(std::iter::once((unplaced(Cow::Borrowed("file")), file)).collect())
}
