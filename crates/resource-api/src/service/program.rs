//! The environment of the program `countersign-resource-api`: that of the service, and where it listens, to whom and what it writes.

use crate::environment::{Environment, EnvironmentError};
use crate::service::config::Config;

/// What the program does beside answering requests.
#[derive(Clone, Debug)]
pub struct Program {
    pub config: Config,
    /// `COUNTERSIGN_API_LISTEN`: 127.0.0.1:8081 by default.
    pub listen: String,
    /// `COUNTERSIGN_API_TLS_CERT_FILE` and `COUNTERSIGN_API_TLS_KEY_FILE`: paths of PEM files. `None`: http.
    pub tls: Option<(String, String)>,
    /// `COUNTERSIGN_API_LOG`: a filter, `info` by default.
    pub log: String,
    pub log_format: LogFormat,
    /// `COUNTERSIGN_API_METRICS_LISTEN`: where measurements are shown to whoever asks. `None`: nothing is measured.
    pub metrics: Option<String>,
}

/// `COUNTERSIGN_API_LOG_FORMAT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl Program {
    /// Every variable of this library, its service and its program; one that is none of these is a fault.
    pub fn from_env() -> Result<Self, EnvironmentError> {
        let mut environment = Environment::of_this_process();
        let program = Self::read(&mut environment);
        environment.finish(program)
    }

    fn read(environment: &mut Environment) -> Option<Self> {
        let config = Config::read(environment);
        let (listen, metrics) = (environment.text("LISTEN"), environment.text("METRICS_LISTEN"));
        let (tls, log) = (tls(environment), environment.text("LOG"));
        let log_format = match environment.text("LOG_FORMAT").as_deref() {
            None | Some("text") => Some(LogFormat::Text),
            Some("json") => Some(LogFormat::Json),
            Some(_) => environment.fault("LOG_FORMAT", "is neither text nor json; write one of them"),
        };
        let config = config?;
        if config.settings.client_certificates && tls.is_none() && config.settings.trusted_proxies.is_empty() {
            let reason = "is on, and neither this program's TLS nor a listed proxy asks for them; set TLS_CERT_FILE and TLS_KEY_FILE, \
                          or TRUSTED_PROXIES";
            environment.fault::<()>("CLIENT_CERTIFICATES", reason);
        }
        Some(Self {
            config,
            listen: listen.unwrap_or_else(|| "127.0.0.1:8081".to_owned()),
            tls,
            log: log.unwrap_or_else(|| "info".to_owned()),
            log_format: log_format?,
            metrics,
        })
    }
}

fn tls(environment: &mut Environment) -> Option<(String, String)> {
    match (environment.text("TLS_CERT_FILE"), environment.text("TLS_KEY_FILE")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (None, Some(_)) => environment.fault("TLS_CERT_FILE", "is not set beside TLS_KEY_FILE; set both or none"),
        (Some(_), None) => environment.fault("TLS_KEY_FILE", "is not set beside TLS_CERT_FILE; set both or none"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn told(pairs: &[(&str, &str)]) -> String {
        let mut environment =
            Environment::of(pairs.iter().map(|(name, value)| (format!("COUNTERSIGN_API_{name}"), (*value).to_owned())));
        let program = Program::read(&mut environment);
        environment.finish(program).map_or_else(|error| error.to_string(), |_| String::new())
    }

    /// The words in the section "Settings" of the reference that are names of variables.
    fn documented() -> BTreeSet<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/resource-api.md");
        let text = std::fs::read_to_string(path).expect("the reference");
        let settings = text.split("\n## ").find(|section| section.starts_with("Settings\n")).expect("the section");
        let words = settings.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        words.filter(|word| word.starts_with("COUNTERSIGN_API_") && !word.ends_with('_')).map(str::to_owned).collect()
    }

    #[test]
    fn the_reference_has_every_variable_and_no_other() {
        let mut environment = Environment::default();
        assert!(Program::read(&mut environment).is_none());
        assert_eq!(environment.names(), documented());
    }

    #[test]
    fn somebody_has_to_ask_for_client_certificates() {
        let enough =
            [("ISSUER", "https://id.example"), ("AUDIENCE", "https://api.example"), ("CLIENT_CERTIFICATES", "true")];
        for asking in [&[("TLS_CERT_FILE", "a.pem"), ("TLS_KEY_FILE", "b.pem")][..], &[("TRUSTED_PROXIES", "10.0.0.1")]]
        {
            assert_eq!(told(&[&enough[..], asking].concat()), "");
        }
    }

    #[test]
    fn half_of_a_pair_and_unknown_words_are_faults() {
        let enough = [("ISSUER", "https://id.example"), ("AUDIENCE", "https://api.example")];
        assert_eq!(told(&enough), "");
        for (name, value, start) in [
            ("TLS_CERT_FILE", "a.pem", "COUNTERSIGN_API_TLS_KEY_FILE: is not set"),
            ("TLS_KEY_FILE", "a.pem", "COUNTERSIGN_API_TLS_CERT_FILE: is not set"),
            ("LOG_FORMAT", "xml", "COUNTERSIGN_API_LOG_FORMAT: is neither"),
            ("CLIENT_CERTIFICATES", "true", "COUNTERSIGN_API_CLIENT_CERTIFICATES: is on, and neither"),
            (
                "LISTENS",
                "x",
                "COUNTERSIGN_API_LISTENS: there is no such variable; did you mean COUNTERSIGN_API_LISTEN?",
            ),
        ] {
            let told = told(&[enough[0], enough[1], (name, value)]);
            assert!(told.starts_with(start) && told.lines().count() == 1, "{told}");
        }
    }
}
