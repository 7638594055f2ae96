//! The environment: the only file of this program that reads it. `COUNTERSIGN_SECTION__KEY` overrides `[section] key`.

use std::collections::BTreeMap;
use std::env;

use auth::config::SECRET_KEYS;

use super::known::Known;

/// What container platforms name the address of a service after; `mail.port` is set by its whole name.
const INVENTED: &str = "port";
const PREFIX: &str = "COUNTERSIGN_";
const CONFIG: &str = "COUNTERSIGN_CONFIG";

/// The variables that this program looks at, as they were when it started.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    program: Option<String>,
}

/// What a variable sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Override<'a> {
    Value {
        section: String,
        key: String,
        text: &'a str,
    },
    /// A secret that stands in a file.
    File {
        section: String,
        key: String,
        path: &'a str,
    },
    /// Meant as a setting, but there is none of that name.
    Unknown,
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the one place that may read the environment")]
    pub fn of_the_process() -> Self {
        let ours =
            env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self {
            variables: ours.filter(|(name, _)| name.starts_with(PREFIX) || name == "NO_COLOR").collect(),
            program: env::args().next(),
        }
    }

    pub fn of<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        let variables = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { variables, program: None }
    }

    /// The settings file that the environment names.
    pub fn config_file(&self) -> Option<&str> {
        self.variables.get(CONFIG).map(String::as_str).filter(|path| !path.is_empty())
    }

    /// The variable that names a settings file.
    pub fn config_variable(&self) -> Option<&str> {
        self.config_file().map(|_| CONFIG)
    }

    /// The variable that sets this setting, or names the file with it.
    pub fn variable_for(&self, section: &str, key: &str) -> Option<&str> {
        let direct = variable(section, key);
        let sets = |name: &str| matches!(name.to_ascii_uppercase().strip_prefix(&direct), Some("" | "_FILE"));
        self.variables.keys().map(String::as_str).find(|name| sets(name))
    }

    /// <https://no-color.org>: any value but the empty one forbids colours.
    pub fn allows_colours(&self) -> bool {
        self.variables.get("NO_COLOR").is_none_or(String::is_empty)
    }

    /// What was typed to start this program, for commands that are printed to be typed next.
    pub fn program(&self) -> &str {
        self.program.as_deref().unwrap_or("countersign")
    }

    /// Variables with a double underscore are settings. Others are left alone: container platforms invent names such as
    /// `COUNTERSIGN_PORT` for a service of ours. Only another bare key (`COUNTERSIGN_ISSUER`) is too close to be an accident.
    pub(super) fn overrides<'e>(&'e self, known: &Known) -> Vec<(&'e str, Override<'e>)> {
        let settings = self.variables.iter().filter_map(|(variable, text)| {
            let name = variable.strip_prefix(PREFIX)?.to_ascii_lowercase();
            match name.split_once("__") {
                Some((section, key)) => Some((variable.as_str(), read(known, section, key, text))),
                None if name == INVENTED => None,
                None => known.sections_with(&name).next().map(|_| (variable.as_str(), Override::Unknown)),
            }
        });
        settings.collect()
    }
}

fn read<'a>(known: &Known, section: &str, key: &str, text: &'a str) -> Override<'a> {
    if known.default_of(section, key).is_some() {
        return Override::Value { section: section.to_owned(), key: key.to_owned(), text };
    }
    match key.strip_suffix("_file").filter(|key| SECRET_KEYS.contains(&format!("{section}.{key}").as_str())) {
        Some(key) => Override::File { section: section.to_owned(), key: key.to_owned(), path: text },
        None => Override::Unknown,
    }
}

/// The variable that overrides a setting.
pub fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{section}__{key}").to_ascii_uppercase()
}
