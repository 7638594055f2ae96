//! `[tls]`: whether and with what the server itself speaks TLS. Loading and renewing is the program's work.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// Whether and with what the server itself speaks TLS (1.2 and 1.3).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// `off`: a trusted proxy does it, or the issuer is on localhost. `pem`: with the files named below. `self-signed`: with
    /// an authority of its own, made at the first start; hand its certificate to clients with `countersign tls export-ca`.
    pub mode: TlsMode,

    /// Only with `pem`: the file with the certificate chain, the server's own certificate first. Read again when it changes.
    pub certificate: Option<PathBuf>,

    /// Only with `pem`: the file with the private key (PKCS#8, PKCS#1 or SEC1), not readable by everybody.
    pub private_key: Option<PathBuf>,

    /// Only with `self-signed`: the directory that keeps the authority. The server's own certificate is made afresh at each
    /// start and replaced while the server runs.
    pub directory: PathBuf,

    /// Only with `self-signed`: the names and addresses in the certificate. Empty means the host of the issuer.
    pub host_names: Vec<String>,

    /// Only with `self-signed`: the kind of key in the server's certificate, `ecdsa` (P-256) or `rsa` (2048 bits, for clients
    /// that know nothing else).
    pub key_type: TlsKeyType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    Off,
    Pem,
    SelfSigned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsKeyType {
    Ecdsa,
    Rsa,
}

/// What the mode and the other keys mean together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsSource<'a> {
    Off,
    Pem { certificate: &'a Path, private_key: &'a Path },
    SelfSigned { directory: &'a Path, host_names: &'a [String], key_type: TlsKeyType },
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            mode: TlsMode::Off,
            certificate: None,
            private_key: None,
            directory: PathBuf::from("tls"),
            host_names: Vec::new(),
            key_type: TlsKeyType::Ecdsa,
        }
    }
}

impl TlsConfig {
    pub fn source(&self) -> Result<TlsSource<'_>, Problem> {
        match self.mode {
            TlsMode::Off => Ok(TlsSource::Off),
            TlsMode::SelfSigned => Ok(TlsSource::SelfSigned {
                directory: &self.directory,
                host_names: &self.host_names,
                key_type: self.key_type,
            }),
            TlsMode::Pem => {
                let missing = |key| Problem::new(key, "is missing, and tls.mode is \"pem\"", "name the file");
                let certificate = self.certificate.as_deref().ok_or_else(|| missing("tls.certificate"))?;
                let private_key = self.private_key.as_deref().ok_or_else(|| missing("tls.private_key"))?;
                Ok(TlsSource::Pem { certificate, private_key })
            }
        }
    }

    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        problems.extend(self.source().err());
        let files = [("tls.certificate", &self.certificate), ("tls.private_key", &self.private_key)];
        for (key, file) in files {
            if file.is_some() && self.mode != TlsMode::Pem {
                problems.push(Problem::new(
                    key,
                    "is set, but tls.mode is not \"pem\"",
                    "set the mode, or remove the key",
                ));
            }
        }
        if self.key_type != TlsKeyType::Ecdsa && self.mode != TlsMode::SelfSigned {
            problems.push(Problem::new(
                "tls.key_type",
                "is set, but tls.mode is not \"self-signed\"",
                "set the mode, or remove the key",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(config: &TlsConfig) -> Vec<&'static str> {
        let mut problems = Vec::new();
        config.check(&mut problems);
        problems.iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn pem_needs_both_files() {
        let half = TlsConfig { mode: TlsMode::Pem, certificate: Some("a.pem".into()), ..TlsConfig::default() };
        assert_eq!(keys(&half), ["tls.private_key"]);
    }

    #[test]
    fn files_without_the_mode_are_contradictory() {
        let both = TlsConfig { certificate: Some("a.pem".into()), ..TlsConfig::default() };
        assert_eq!(keys(&both), ["tls.certificate"]);
        let chosen = TlsConfig { key_type: TlsKeyType::Rsa, ..TlsConfig::default() };
        assert_eq!(keys(&chosen), ["tls.key_type"]);
        assert!(keys(&TlsConfig { mode: TlsMode::SelfSigned, ..chosen }).is_empty());
    }
}
