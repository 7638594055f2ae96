//! `docs/configuration.md` and `config.example.toml` say what the structs in `auth/src/config` say: both are made from their
//! doc comments and defaults. `UPDATE_DOCS=1 cargo test -p countersign reference` writes them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use auth::config::{Config, SECRET_KEYS};
use countersign::config::{Environment, Origin, environment, load};
use protocol::issuer::Issuer;
use serde_json::Value;

const SECTIONS: [&str; 19] = [
    "server",
    "tls",
    "database",
    "keys",
    "openid",
    "registration",
    "tokens",
    "sessions",
    "accounts",
    "api_keys",
    "passwords",
    "second_factor",
    "mail",
    "limits",
    "outbound",
    "seed",
    "branding",
    "log",
    "protocol_log",
];
const EXAMPLE_ISSUER: &str = "http://localhost:8080";

struct Section {
    name: &'static str,
    doc: Vec<String>,
    keys: Vec<Key>,
}

struct Key {
    name: String,
    kind: String,
    doc: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Reads a struct as rustfmt leaves it: doc comments, then `pub name: Type,`.
fn read(name: &'static str) -> Section {
    let source = fs::read_to_string(root().join(format!("crates/auth/src/config/{name}.rs"))).expect("is there");
    let mut section = Section { name, doc: Vec::new(), keys: Vec::new() };
    let mut doc = Vec::new();
    let mut inside = false;
    for line in source.lines().map(str::trim_end) {
        if let Some(text) = line.trim_start().strip_prefix("///") {
            doc.push(text.trim().to_owned());
        } else if line.starts_with("pub struct ") && line.ends_with("Config {") {
            inside = true;
            section.doc = std::mem::take(&mut doc);
        } else if line == "}" && inside {
            break;
        } else if let (true, Some((key, kind))) =
            (inside, line.trim_start().strip_prefix("pub ").and_then(|field| field.split_once(": ")))
        {
            let kind = kind.trim_end_matches(',').to_owned();
            section.keys.push(Key { name: key.to_owned(), kind, doc: std::mem::take(&mut doc) });
        } else if !line.trim_start().starts_with("#[") {
            doc.clear();
        }
    }
    assert!(!section.keys.is_empty(), "{name}.rs has no settings");
    section
}

fn sections() -> Vec<Section> {
    SECTIONS.into_iter().map(read).collect()
}

fn defaults() -> (Config, Value) {
    let config = Config::default_for(Issuer::parse(EXAMPLE_ISSUER).expect("an issuer"));
    let json = serde_json::to_value(&config).expect("is plain data");
    (config, json)
}

impl Key {
    /// A line of the doc comment that begins with this word.
    fn labelled(&self, label: &str) -> Option<&str> {
        self.doc.iter().find_map(|line| line.strip_prefix(label)).map(|text| text.trim().trim_end_matches('.'))
    }

    fn text(&self) -> Vec<&str> {
        let labelled = |line: &&str| !line.starts_with("Unit: ") && !line.starts_with("Default: ");
        let mut lines: Vec<_> = self.doc.iter().map(String::as_str).filter(labelled).collect();
        while lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        lines
    }

    /// As it would be written in the file; `None` when it depends on the machine or is not set.
    fn default(&self, section: &str, config: &Config, json: &Value) -> Option<String> {
        if self.labelled("Default: ").is_some() {
            return None;
        }
        if self.kind == "SecretString" {
            assert_eq!((section, self.name.as_str()), ("database", "url"));
            return Some(format!("\"{}\"", config.database.url.expose()));
        }
        match &json[section][&self.name] {
            Value::Null => None,
            value => Some(value.to_string().replace("\",\"", "\", \"")),
        }
    }
}

fn example() -> String {
    let (config, json) = defaults();
    let mut text = String::from(
        "# Every setting of countersign with its default. Only server.issuer has to be set.\n\
         # Made from the doc comments in crates/auth/src/config; docs/configuration.md tells more.\n",
    );
    for section in sections() {
        let _ = writeln!(text, "\n# {}\n[{}]", section.doc.join("\n# "), section.name);
        for key in &section.keys {
            text.push('\n');
            for line in key.text() {
                let _ = writeln!(text, "{}", format!("# {line}").trim_end());
            }
            if let Some(unit) = key.labelled("Unit: ") {
                let _ = writeln!(text, "# In {unit}.");
            }
            let _ = match (key.default(section.name, &config, &json), key.labelled("Default: ")) {
                (Some(default), _) => writeln!(text, "{} = {default}", key.name),
                (None, Some(words)) => writeln!(text, "# {} = ({words})", key.name),
                (None, None) => writeln!(text, "# {} = (not set)", key.name),
            };
        }
    }
    text
}

fn reference() -> String {
    let (config, json) = defaults();
    let mut text = String::from(
        "# Configuration\n\n\
         `countersign` reads one TOML file: the one that `--config` names, else `$COUNTERSIGN_CONFIG`, else\n\
         `./countersign.toml`, else `/etc/countersign/countersign.toml`. The environment overrides each key:\n\
         `COUNTERSIGN_SECTION__KEY`, lists separated by commas. Unknown keys, wrong types and contradictions end the program\n\
         with exit code 78 and say where. Relative paths start at the directory of the file.\n\n\
         A key marked *secret* may also be written as `{ file = \"path\" }`, and its variable with `_FILE` at the end names such\n\
         a file; only one of the two variables may be set.\n\n\
         This page and `config.example.toml` are made from the doc comments of the code\n\
         (`UPDATE_DOCS=1 cargo test -p countersign reference`).\n",
    );
    for section in sections() {
        let _ = writeln!(text, "\n## `[{}]`\n\n{}", section.name, section.doc.join("\n"));
        for key in &section.keys {
            let _ = writeln!(text, "\n### `{}.{}`\n\n{}\n", section.name, key.name, key.text().join("\n"));
            let default = key.default(section.name, &config, &json);
            let default = match (&default, key.labelled("Default: ")) {
                _ if key.name == "issuer" => "has to be set".to_owned(),
                (Some(default), _) => format!("default `{default}`"),
                (None, words) => format!("default: {}", words.unwrap_or("not set")),
            };
            let unit = key.labelled("Unit: ").map(|unit| format!(" {unit}")).unwrap_or_default();
            let secret = if SECRET_KEYS.contains(&format!("{}.{}", section.name, key.name).as_str()) {
                " · *secret*"
            } else {
                ""
            };
            let variable = environment::variable(section.name, &key.name);
            let _ = writeln!(text, "{default}{unit} · `{variable}`{secret}");
        }
    }
    text
}

fn compare(file: &str, expected: &str) {
    let path = root().join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, expected).expect("is writable");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{file} is out of date: UPDATE_DOCS=1 cargo test -p countersign reference");
}

#[test]
fn reference_documents_are_up_to_date() {
    compare("docs/configuration.md", &reference());
    compare("config.example.toml", &example());
}

#[test]
fn the_reference_has_every_key_and_every_secret() {
    let (_, json) = defaults();
    let sections = sections();
    let documented: Vec<_> =
        sections.iter().flat_map(|section| section.keys.iter().map(|key| (section.name, key.name.as_str()))).collect();
    let exist: Vec<_> = json
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(section, keys)| {
            keys.as_object().into_iter().flatten().map(move |(key, _)| (section.as_str(), key.as_str()))
        })
        .collect();
    assert_eq!(documented.len(), exist.len());
    assert!(exist.iter().all(|key| documented.contains(key)));
    for section in &sections {
        for key in &section.keys {
            assert!(!key.text().is_empty(), "{}.{} is not explained", section.name, key.name);
            let secret = SECRET_KEYS.contains(&format!("{}.{}", section.name, key.name).as_str());
            assert_eq!(secret, key.kind.contains("SecretString"), "{}.{}", section.name, key.name);
        }
    }
}

#[test]
fn the_example_loads_and_says_the_defaults() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("countersign.toml");
    fs::write(&file, example()).expect("is written");
    let loaded = load(&Origin::File(file), &Environment::default()).expect("is right").config;
    let (mut expected, _) = defaults();
    expected.keys.directory = directory.path().join(&expected.keys.directory);
    expected.tls.directory = directory.path().join(&expected.tls.directory);
    let json = |config: &Config| serde_json::to_value(config).expect("is plain data");
    assert_eq!(json(&loaded), json(&expected));
    assert!(loaded.database.url.expose().ends_with("/countersign.db"));
}
