//! Why a command ends without success, and the exit code that says so to scripts (`--help` lists them).

use std::fmt;
use std::process::ExitCode;

use auth::StateError;
use auth::config::Problem;
use jwt::KeyError;
use store::StoreError;

use crate::config::{Complaint, Complaints, Place};
use crate::tls::TlsError;

/// As in `sysexits.h`, which service managers know: something is wrong with the configuration, so do not try again.
const EX_CONFIG: u8 = 78;

#[derive(Debug)]
pub enum Failure {
    /// It was tried and did not work.
    Failed(String),
    /// It was asked for in a way that makes no sense.
    Usage(String),
    /// The settings, or what they name, forbid it.
    Configuration(Complaints),
}

impl Failure {
    pub fn failed(reason: impl fmt::Display) -> Self {
        Self::Failed(reason.to_string())
    }

    /// One setting is at fault: which, why, and the way out.
    pub fn setting(key: &str, reason: impl fmt::Display, remedy: &str) -> Self {
        Self::Configuration(
            Complaint::new(Place::Nowhere {}, Some(key), reason.to_string(), Some(remedy.to_owned())).into(),
        )
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Configuration(_) => EX_CONFIG,
        })
    }

    /// For `--json`: the same, on standard error.
    pub fn as_json(&self) -> serde_json::Value {
        match self {
            Self::Failed(reason) => serde_json::json!({ "error": "failed", "reason": reason }),
            Self::Usage(reason) => serde_json::json!({ "error": "usage", "reason": reason }),
            Self::Configuration(complaints) => {
                serde_json::json!({ "error": "configuration", "reason": self.to_string(), "problems": complaints })
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(reason) | Self::Usage(reason) => f.write_str(reason),
            Self::Configuration(complaints) => complaints.fmt(f),
        }
    }
}

impl From<Complaints> for Failure {
    fn from(complaints: Complaints) -> Self {
        Self::Configuration(complaints)
    }
}

impl From<Complaint> for Failure {
    fn from(complaint: Complaint) -> Self {
        Self::Configuration(complaint.into())
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::setting(problem.key, problem.reason, &problem.fix)
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Setting(problem) => problem.into(),
            StateError::Passwords(_) => Self::failed(error),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::failed(error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::failed(error)
    }
}

impl From<TlsError> for Failure {
    fn from(error: TlsError) -> Self {
        match error {
            TlsError::Setting(problem) => problem.into(),
            other => Self::setting("tls", other, "`countersign check` tells when it is right"),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error)
    }
}
