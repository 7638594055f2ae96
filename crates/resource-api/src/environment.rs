//! The environment: each variable by the name under which it is asked for, and everything that is wrong with all of them at once.
//!
//! What nobody asked for although its name begins with [`PREFIX`] is a fault, too, so that a slip of the pen does not leave a
//! default in force. What a variable means is with the settings that it fills.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::secret::Secret;

/// The prefix of every variable of this library and its program.
const PREFIX: &str = "COUNTERSIGN_API_";
/// Names with it belong to sections of the server's configuration, as `COUNTERSIGN_API_KEYS__LONGEST_LIFETIME`.
const OF_A_SECTION: &str = "__";
/// Below it two names have nothing to do with each other.
const SIMILAR: f64 = 0.5;

/// What is wrong with the environment, every variable at once: its name, the rule, what would do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct EnvironmentError(pub Vec<String>);

/// Names in this file are without the prefix.
#[derive(Default)]
pub(crate) struct Environment {
    values: BTreeMap<String, String>,
    asked: BTreeSet<&'static str>,
    wrong: Vec<String>,
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the edge of the program: everything else gets its settings")]
    pub(crate) fn of_this_process() -> Self {
        let mut this = Self::default();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
            match value.into_string() {
                Ok(value) => this.put(name, value),
                Err(_) => {
                    this.fault::<()>(name, "is not UTF-8; write it anew");
                }
            }
        }
        this
    }

    /// From any source. What does not begin with the prefix is not for us.
    pub(crate) fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut this = Self::default();
        for (name, value) in variables {
            if let Some(name) = name.strip_prefix(PREFIX) {
                this.put(name, value);
            }
        }
        this
    }

    /// An empty one is none.
    fn put(&mut self, name: &str, value: String) {
        if !value.is_empty() && !name.contains(OF_A_SECTION) {
            self.values.insert(name.to_owned(), value);
        }
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        self.asked.insert(name);
        self.values.get(name).cloned()
    }

    /// With spaces between.
    pub(crate) fn words(&mut self, name: &'static str) -> Vec<String> {
        self.text(name).unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect()
    }

    /// `true` or `false`.
    pub(crate) fn switch(&mut self, name: &'static str) -> Option<bool> {
        match self.text(name)?.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => self.fault(name, "is neither true nor false; write one of them"),
        }
    }

    /// A whole number within these.
    #[cfg(any(test, feature = "service"))]
    pub(crate) fn number(&mut self, name: &'static str, unit: &str, least: i64, most: i64) -> Option<i64> {
        match self.text(name)?.parse() {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => self.fault(name, &format!("is a number of {unit} from {least} to {most}; write digits alone")),
        }
    }

    /// What the named file holds.
    pub(crate) fn file(&mut self, name: &'static str, what: &str) -> Option<Vec<u8>> {
        let path = self.text(name)?;
        match std::fs::read(Path::new(&path)) {
            Ok(content) => Some(content),
            Err(error) => self.fault(name, &format!("{path}: {error}; name a file with {what} that can be read")),
        }
    }

    /// The one key that the named file holds: 32 bytes in base64url. Lines with `#` are remarks. A file that others can read is a fault.
    pub(crate) fn key(&mut self, name: &'static str) -> Option<Secret<[u8; 32]>> {
        let text = Secret::new(self.file(name, "a key")?);
        let path = self.text(name)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            if std::fs::metadata(&path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
                return self.fault(name, &format!("others can read {path}; run: chmod 600 {path}"));
            }
        }
        let lines = text.expose().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let mut keys = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
        let mut key = [0; 32];
        match (keys.next().map(|line| URL_SAFE_NO_PAD.decode_slice(line, &mut key)), keys.next()) {
            (Some(Ok(32)), None) => Some(Secret::new(key)),
            _ => self.fault(
                name,
                &format!("{path} does not hold one key; write 32 random bytes in base64url (43 characters)"),
            ),
        }
    }

    /// Notes what is wrong, once, however many ask. `None`, because then there is no value.
    pub(crate) fn fault<T>(&mut self, name: &str, reason: &str) -> Option<T> {
        let told = format!("{PREFIX}{name}: {reason}");
        if !self.wrong.contains(&told) {
            self.wrong.push(told);
        }
        None
    }

    /// What was made of the variables, unless there is anything wrong with them.
    pub(crate) fn finish<T>(mut self, made: Option<T>) -> Result<T, EnvironmentError> {
        let unknown: Vec<String> =
            self.values.keys().filter(|name| !self.asked.contains(name.as_str())).cloned().collect();
        for name in unknown {
            let reason = self.meant(&name);
            self.fault::<()>(&name, &reason);
        }
        match made {
            Some(made) if self.wrong.is_empty() => Ok(made),
            _ => Err(EnvironmentError(self.wrong)),
        }
    }

    fn meant(&self, unknown: &str) -> String {
        let likeness = |name: &&&str| strsim::normalized_damerau_levenshtein(unknown, name);
        let nearest = self.asked.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        match nearest.filter(|name| likeness(name) >= SIMILAR) {
            Some(name) => format!("there is no such variable; did you mean {PREFIX}{name}?"),
            None => {
                "there is no such variable; take it away (docs/resource-api.md lists those that there are)".to_owned()
            }
        }
    }

    /// Every name that was asked for, with the prefix.
    #[cfg(test)]
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.asked.iter().map(|name| format!("{PREFIX}{name}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::of(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn told(environment: Environment) -> Vec<String> {
        environment.finish(Some(())).expect_err("is wrong").0
    }

    #[test]
    fn what_nobody_asks_for_is_a_fault_with_the_nearest_name() {
        let mut environment =
            environment(&[("COUNTERSIGN_API_AUDIENC", "a"), ("COUNTERSIGN_API_COLOUR", "red"), ("PATH", "/bin")]);
        assert_eq!((environment.text("AUDIENCE"), environment.text("ISSUER")), (None, None));
        let told = told(environment);
        let nearest = "COUNTERSIGN_API_AUDIENC: there is no such variable; did you mean COUNTERSIGN_API_AUDIENCE?";
        assert_eq!((told.len(), told[0].as_str()), (2, nearest));
        assert!(told[1].starts_with("COUNTERSIGN_API_COLOUR: there is no such variable; take it away"), "{told:?}");
        assert!(!told[1].contains("red"), "a value may be a secret");
    }

    #[test]
    fn sections_of_the_server_are_not_ours() {
        assert!(environment(&[("COUNTERSIGN_API_KEYS__LONGEST_LIFETIME", "1")]).finish(Some(())).is_ok());
    }

    #[test]
    fn values_have_their_forms() {
        let mut good = environment(&[
            ("COUNTERSIGN_API_A", "true"),
            ("COUNTERSIGN_API_B", "7"),
            ("COUNTERSIGN_API_C", " a  b "),
            ("COUNTERSIGN_API_D", ""),
        ]);
        assert_eq!((good.switch("A"), good.number("B", "bytes", 1, 9)), (Some(true), Some(7)));
        assert_eq!((good.words("C"), good.switch("D")), (vec!["a".to_owned(), "b".to_owned()], None));
        assert!(good.finish(Some(())).is_ok());
        for (value, rule) in [("yes", "neither true nor false"), ("10", "from 1 to 9"), ("no-such-file", "name a file")]
        {
            let mut bad = environment(&[("COUNTERSIGN_API_A", value)]);
            match rule {
                "from 1 to 9" => assert_eq!(bad.number("A", "bytes", 1, 9), None),
                "name a file" => assert_eq!(bad.file("A", "PEM"), None),
                _ => assert_eq!(bad.switch("A"), None),
            }
            let told = told(bad);
            assert!(told[0].starts_with("COUNTERSIGN_API_A: ") && told[0].contains(rule), "{told:?}");
        }
    }
}
