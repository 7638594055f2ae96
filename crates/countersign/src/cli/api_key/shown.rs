//! An API key as it is printed.

use auth::api_keys::Made;
use protocol::api_keys::{ApiKeyRecord, Standing};
use protocol::network::IpNetwork;
use protocol::permission::Permission;
use protocol::time::Timestamp;
use serde::Serialize;

use crate::output::{date, table};

#[derive(Serialize)]
pub(super) struct Shown {
    id: String,
    user: String,
    name: String,
    api: String,
    permissions: Vec<String>,
    allowed_networks: Vec<IpNetwork>,
    signing: bool,
    standing: Standing,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_by: Option<String>,
    /// The key itself, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

impl Shown {
    pub(super) fn new(key: &ApiKeyRecord, owner: &str, now: Timestamp) -> Self {
        Self {
            id: key.id.as_str().to_owned(),
            user: owner.to_owned(),
            name: key.name.clone(),
            api: key.api.clone(),
            permissions: key.permissions.iter().map(Permission::to_string).collect(),
            allowed_networks: key.allowed_networks.clone(),
            signing: key.signing,
            standing: key.standing(now),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
            replaced_by: key.replaced_by.as_ref().map(|id| id.as_str().to_owned()),
            api_key: None,
        }
    }

    pub(super) fn with_key(made: &Made, owner: &str, now: Timestamp) -> Self {
        Self { api_key: Some(made.key.expose().to_owned()), ..Self::new(&made.record, owner, now) }
    }

    pub(super) fn in_lines(&self) -> String {
        let key = self.api_key.as_ref().map(|key| ("key", format!("{key}   (shown this once)")));
        let networks: Vec<_> = self.allowed_networks.iter().map(ToString::to_string).collect();
        let lines = [
            ("id", self.id.clone()),
            ("user", self.user.clone()),
            ("name", self.name.clone()),
            ("api", self.api.clone()),
            ("permissions", self.permissions.join(" ")),
            ("networks", if networks.is_empty() { "anywhere".to_owned() } else { networks.join(" ") }),
            ("signing", if self.signing { "allowed" } else { "no" }.to_owned()),
            ("state", self.state()),
            ("created", date(self.created_at)),
            ("expires", self.expires_at.map_or_else(|| "never".to_owned(), date)),
            ("last used", self.last_used_at.map_or_else(|| "never".to_owned(), date)),
        ];
        let line = |(name, value): (&str, String)| format!("{name:<12} {value}");
        lines.into_iter().chain(key).map(line).collect::<Vec<_>>().join("\n")
    }

    fn state(&self) -> String {
        match (self.standing, &self.replaced_by) {
            (Standing::Replaced, Some(next)) => format!("replaced by {next}"),
            (standing, _) => standing.name().to_owned(),
        }
    }
}

pub(super) fn table_of(all: &[Shown]) -> String {
    let rows = all.iter().map(|key| {
        let expires = key.expires_at.map_or_else(|| "never".to_owned(), date);
        let used = key.last_used_at.map_or_else(|| "never".to_owned(), date);
        let permissions = key.permissions.join(" ");
        let standing = key.standing.name().to_owned();
        [key.id.clone(), key.user.clone(), standing, expires, used, key.api.clone(), permissions, key.name.clone()]
    });
    let head = ["KEY_ID", "USER", "STATE", "EXPIRES", "LAST USED", "API", "PERMISSIONS", "NAME"];
    table(head, &rows.collect::<Vec<_>>())
}
