//! `[database]`: where the rows live.

use protocol::secret::SecretString;
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use super::problem::{Problem, within};

/// Where accounts, clients and grants live. Tables are created and migrated at start.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` for a file beside the server, or `postgres://user:password@host/name`. For a PostgreSQL server on
    /// another machine say which `sslmode` is meant: `?sslmode=verify-full`, or `?sslmode=disable` on a private network.
    #[serde(serialize_with = "hidden")]
    pub url: SecretString,

    /// Connections to PostgreSQL, or readers of the SQLite file.
    pub pool_size: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Shown instead of a secret.
fn hidden<S: Serializer>(_: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("(secret)")
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: SecretString::new("sqlite:countersign.db".to_owned()), pool_size: 10 }
    }
}

impl DatabaseConfig {
    pub fn engine(&self) -> Option<Engine> {
        match self.url.expose().split_once(':')?.0 {
            "sqlite" => Some(Engine::Sqlite),
            "postgres" | "postgresql" => Some(Engine::Postgres),
            _ => None,
        }
    }

    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        within(problems, "database.pool_size", self.pool_size, 1..=1000);
        match self.engine() {
            Some(Engine::Sqlite) => {}
            Some(Engine::Postgres) => problems.extend(postgres_problem(self.url.expose())),
            None => problems.push(Problem::new(
                "database.url",
                "begins neither with sqlite: nor with postgres://",
                "write for example sqlite:countersign.db",
            )),
        }
    }
}

/// The driver's own default for `sslmode` checks no certificate and falls back to plain text; so it has to be said.
fn postgres_problem(url: &str) -> Option<Problem> {
    let Ok(url) = Url::parse(url) else {
        return Some(Problem::new(
            "database.url",
            "is no valid URL",
            "percent-encode special characters of the password",
        ));
    };
    let here = url.host_str().is_none_or(|host| matches!(host, "" | "localhost" | "127.0.0.1" | "[::1]"));
    let socket = url.query_pairs().any(|(name, value)| name == "host" && value.starts_with('/'));
    let chosen = url.query_pairs().any(|(name, _)| name == "sslmode" || name == "ssl-mode");
    (!here && !socket && !chosen).then(|| {
        Problem::new(
            "database.url",
            "goes to another machine and does not say whether to encrypt and verify",
            "append ?sslmode=verify-full (or ?sslmode=disable on a private network)",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(url: &str) -> usize {
        let config = DatabaseConfig { url: SecretString::new(url.to_owned()), pool_size: 1 };
        let mut problems = Vec::new();
        config.check(&mut problems);
        problems.len()
    }

    #[test]
    fn both_engines_are_known_and_nothing_else() {
        assert_eq!(problems("sqlite:/var/lib/x.db"), 0);
        assert_eq!(problems("postgres://u:p@localhost/db"), 0);
        assert_eq!(problems("mysql://u:p@localhost/db"), 1);
        assert_eq!(problems("countersign.db"), 1);
    }

    #[test]
    fn a_remote_database_says_how_it_is_protected() {
        assert_eq!(problems("postgres://u:p@db.example/x"), 1);
        assert_eq!(problems("postgres://u:p@db.example/x?sslmode=verify-full"), 0);
        assert_eq!(problems("postgres:///x?host=/run/postgresql"), 0);
    }
}
