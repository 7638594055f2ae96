//! `[seed]`: clients and people that have to be there. Reading the files and making what is missing is the program's work.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Clients and people that are made at start when they are missing; who is there already stays as they are. For
/// installations that are set up from files; in daily life use `countersign client` and `countersign user`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedConfig {
    /// A JSON array of client metadata (RFC 7591 names, as `countersign client add --metadata` reads it), each with a
    /// `client_id` and, where it proves itself with one, a `client_secret` of at least 43 characters (86 for
    /// `client_secret_jwt`). A file with a secret must be readable by its owner alone (mode 0600).
    pub clients: Option<PathBuf>,

    /// A JSON array of people: `username`, `password`, and claims under the names of OpenID Connect Core §5.1 (`email`,
    /// `email_verified`, `phone_number`, `address` …), and `groups`. A file with a password must be readable by its owner
    /// alone (mode 0600).
    pub users: Option<PathBuf>,
}
