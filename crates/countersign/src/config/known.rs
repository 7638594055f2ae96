//! The settings that exist, with their defaults: read from the defaults themselves, so that no list can go stale.

use auth::config::Config;
use protocol::issuer::Issuer;
use serde_json::{Map, Value};

use super::explain::nearest;

pub(super) struct Known(Map<String, Value>);

impl Known {
    pub(super) fn new() -> Self {
        let issuer = Issuer::parse("http://localhost").expect("is an issuer");
        match serde_json::to_value(Config::default_for(issuer)) {
            Ok(Value::Object(sections)) => Self(sections),
            other => unreachable!("the settings are an object of sections, not {other:?}"),
        }
    }

    pub(super) fn sections(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn keys(&self, section: &str) -> impl Iterator<Item = &str> {
        self.0.get(section).and_then(Value::as_object).into_iter().flat_map(|keys| keys.keys().map(String::as_str))
    }

    pub(super) fn default_of(&self, section: &str, key: &str) -> Option<&Value> {
        self.0.get(section)?.get(key)
    }

    pub(super) fn sections_with(&self, key: &str) -> impl Iterator<Item = &str> {
        self.sections().filter(move |section| self.default_of(section, key).is_some())
    }

    pub(super) fn nearest_section(&self, written: &str) -> Option<String> {
        nearest(written, self.sections()).map(|section| format!("did you mean [{section}]?"))
    }

    /// The key that was probably meant: the same one of another section, or a similar one of this.
    pub(super) fn nearest_key(&self, section: &str, written: &str) -> String {
        if let Some(elsewhere) = self.sections_with(written).next() {
            return format!("it belongs to [{elsewhere}]");
        }
        match nearest(written, self.keys(section)) {
            Some(key) => format!("did you mean {key}?"),
            None => format!("[{section}] has {}", self.keys(section).collect::<Vec<_>>().join(", ")),
        }
    }

    pub(super) fn nearest_variable(&self, written: &str) -> Option<String> {
        let all: Vec<_> = self
            .sections()
            .flat_map(|section| self.keys(section).map(move |key| super::environment::variable(section, key)))
            .collect();
        let bare = written.strip_prefix("COUNTERSIGN_").unwrap_or(written);
        let same_key = all.iter().find(|variable| variable.ends_with(&format!("__{bare}")));
        same_key
            .map(String::as_str)
            .or_else(|| nearest(written, all.iter().map(String::as_str)))
            .map(|variable| format!("did you mean {variable}?"))
    }
}
