//! API keys as what people own: each belongs to one person, is for one API, may do less than that person, and ends.
//!
//! How a key is written stands in `api_key.rs`. What is told of one to the API that it is for (RFC 7662) is here, too; a key is no
//! token of OAuth: no client was involved, so nothing names one. The API holds the caller to `allowed_networks`: it sees them.

mod description;

use crate::api_key::ApiKeyId;
use crate::audience::{Api, ApiScope};
use crate::closed_set::closed_set;
use crate::ids::UserId;
use crate::network::{InvalidNetwork, IpNetwork};
pub use crate::passkey::name;
use crate::permission::{Permission, Reach};
use crate::scope::Scope;
use crate::time::{Seconds, Timestamp};
use crate::user::User;

pub use description::Description;

/// So many that can be used at one time.
pub const PER_PERSON: u32 = 50;
pub const MAX_PERMISSIONS: usize = 32;
pub const MAX_NETWORKS: usize = 16;
/// What a key is made for unless somebody chooses otherwise.
pub const USUAL_LIFETIME: Seconds = Seconds::days(90);
/// How long the key of before may go on beside the one that replaced it.
pub const LONGEST_OVERLAP: Seconds = Seconds::days(7);
/// Beyond that a date means nothing.
const LONGEST_LIFETIME: Seconds = Seconds::days(3_650);
/// A program that is gone before somebody has copied the key needs none.
const SHORTEST_LIFETIME: Seconds = Seconds::minutes(1);
/// To so much the last use is known. More would be a protocol of what a person does.
const USE_STEP: Seconds = Seconds::hours(1);

/// A key as it is kept, without what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRecord {
    pub id: ApiKeyId,
    pub user_id: UserId,
    pub name: String,
    /// The identifier of its API: the `aud`. There may be no such API any more.
    pub api: String,
    /// What the person gave it. What that is worth at a moment says [`effective`].
    pub permissions: Vec<Permission>,
    /// Empty: good everywhere.
    pub allowed_networks: Vec<IpNetwork>,
    /// Whether the issuer keeps what requests can be signed with.
    pub signing: bool,
    pub created_at: Timestamp,
    /// Also moved to where the key was revoked or replaced. `None`: it does not end.
    pub expires_at: Option<Timestamp>,
    /// To the hour.
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// The key that came in its place.
    pub replaced_by: Option<ApiKeyId>,
}

closed_set! {
    /// How far a key is.
    pub enum Standing {
        Active = "active",
        /// Another one came in its place; it goes on until its end.
        Replaced = "replaced",
        Expired = "expired",
        Revoked = "revoked",
    }
}

/// Why a key is not accepted. For the log; whoever asks learns only that it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the client that asks is not the resource server of the API that this key is for")]
    OtherResourceServer,
    #[error("the key was revoked")]
    Revoked,
    #[error("the key has expired")]
    Expired,
    #[error("its owner is deleted")]
    OwnerGone,
    #[error("its owner is disabled")]
    OwnerDisabled,
    #[error("its owner has asked for the account to be deleted")]
    DeletionPending,
    #[error("there is no API any more that it is for")]
    ApiGone,
}

/// Why no such key is made. The texts are for administrators; pages have their own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("a key needs a permission")]
    NoPermission,
    #[error("a key has at most 32 permissions")]
    TooManyPermissions,
    #[error("`{0}` is no permission: write it as notes:read, notes:*, *:read or read")]
    NotAPermission(String),
    #[error("`{0}` covers no scope of this API")]
    CoversNothing(String),
    #[error("{0}")]
    Network(String),
    #[error("a key is good in at most 16 networks")]
    TooManyNetworks,
    #[error("a key lives at least a minute and at most {0} seconds")]
    Lifetime(Seconds),
    #[error("a key has to end: nobody may make one for longer than {0} seconds (api_keys.longest_lifetime)")]
    NeedsAnEnd(Seconds),
}

impl ApiKeyRecord {
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.revoked_at.is_some() {
            Standing::Revoked
        } else if self.expires_at.is_some_and(|end| end <= now) {
            Standing::Expired
        } else if self.replaced_by.is_some() {
            Standing::Replaced
        } else {
            Standing::Active
        }
    }

    /// Whether it is as far as its own life goes.
    pub fn is_live(&self, now: Timestamp) -> bool {
        matches!(self.standing(now), Standing::Active | Standing::Replaced)
    }

    /// How long the key that takes its place lives: as long as it was made for, unless that is not allowed any more. `longest` as
    /// in [`lifetime`].
    pub fn next_lifetime(&self, longest: Option<Seconds>) -> Option<Seconds> {
        let was = self.expires_at.map(|end| end.since(self.created_at));
        match (was, longest) {
            (Some(was), Some(longest)) => Some(was.min(longest)),
            (was, longest) => was.or(longest),
        }
    }

    /// The time to note for a use now, when none of this hour is noted yet.
    pub fn use_to_note(&self, now: Timestamp) -> Option<Timestamp> {
        let hour = Timestamp(now.0 - now.0.rem_euclid(USE_STEP.0));
        self.last_used_at.is_none_or(|noted| noted < hour).then_some(hour)
    }
}

/// What the permissions are worth: the scopes that the API has now and that they cover, in the order of the API. Never more than
/// there is; perhaps nothing.
pub fn effective(permissions: &[Permission], registered: &[ApiScope], reach: Reach) -> Scope {
    let covered = |scope: &&ApiScope| {
        // A scope that is no permission (`a::b`) is covered by itself and nothing else.
        let name = scope.name.as_str();
        permissions.iter().any(|held| crate::permission::covers(held.as_str(), name, reach))
    };
    registered.iter().filter(covered).map(|scope| scope.name.clone()).collect()
}

/// Whether a key that was proven is accepted for a resource server of the APIs `serves`, and with which scopes. `owner` and `api`
/// are what the key names, `None` where that is gone.
pub fn accept(
    key: &ApiKeyRecord,
    serves: &[String],
    owner: Option<&User>,
    api: Option<&Api>,
    now: Timestamp,
) -> Result<Scope, Refusal> {
    // RFC 7662 §2.2: if "the protected resource is not allowed to introspect this particular token, then the authorization
    // server MUST return an introspection response with the "active" field set to "false"."
    if !serves.contains(&key.api) {
        return Err(Refusal::OtherResourceServer);
    }
    match key.standing(now) {
        Standing::Revoked => return Err(Refusal::Revoked),
        Standing::Expired => return Err(Refusal::Expired),
        Standing::Active | Standing::Replaced => {}
    }
    let owner = owner.filter(|owner| owner.id == key.user_id).ok_or(Refusal::OwnerGone)?;
    if owner.disabled_at.is_some() {
        return Err(Refusal::OwnerDisabled);
    }
    if owner.deletion_due_at.is_some() {
        return Err(Refusal::DeletionPending);
    }
    let api = api.filter(|api| api.identifier == key.api).ok_or(Refusal::ApiGone)?;
    Ok(effective(&key.permissions, &api.scopes, Reach::WILDCARDS))
}

/// What a page offers: every scope of the API, then the verbs alone that some of them end in.
pub fn offered(api: &Api) -> Vec<Permission> {
    let scopes = api.scopes.iter().map(|scope| scope.name.as_str());
    let verbs = ["read", "write"].into_iter();
    let verbs = verbs.filter(|verb| !api.offers(verb) && covers_any(verb, api));
    scopes.chain(verbs).filter_map(|text| Permission::parse(text).ok()).collect()
}

/// The permissions of a key that is made for this API. Each has to cover something of it, so that a slip of the pen is noticed.
pub fn permissions<'t>(texts: impl IntoIterator<Item = &'t str>, api: &Api) -> Result<Vec<Permission>, Fault> {
    let mut permissions = Vec::new();
    for text in texts {
        let permission = Permission::parse(text).map_err(|_| Fault::NotAPermission(short(text)))?;
        if !covers_any(text, api) {
            return Err(Fault::CoversNothing(short(text)));
        }
        if !permissions.contains(&permission) {
            permissions.push(permission);
        }
        if permissions.len() > MAX_PERMISSIONS {
            return Err(Fault::TooManyPermissions);
        }
    }
    if permissions.is_empty() { Err(Fault::NoPermission) } else { Ok(permissions) }
}

/// The networks that a key is good in.
pub fn networks<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Vec<IpNetwork>, Fault> {
    let mut networks = Vec::new();
    for text in texts {
        let network = network(text)?;
        if !networks.contains(&network) {
            networks.push(network);
        }
        if networks.len() > MAX_NETWORKS {
            return Err(Fault::TooManyNetworks);
        }
    }
    Ok(networks)
}

/// How long a key may live that somebody asks so much for (`None`: without end). `longest`: what the installation allows, `None`
/// when keys need not end.
pub fn lifetime(asked: Option<Seconds>, longest: Option<Seconds>) -> Result<Option<Seconds>, Fault> {
    let most = longest.unwrap_or(LONGEST_LIFETIME);
    match asked {
        None => longest.map_or(Ok(None), |longest| Err(Fault::NeedsAnEnd(longest))),
        Some(asked) if (SHORTEST_LIFETIME..=most).contains(&asked) => Ok(Some(asked)),
        Some(_) => Err(Fault::Lifetime(most)),
    }
}

fn covers_any(permission: &str, api: &Api) -> bool {
    api.scopes.iter().any(|scope| crate::permission::covers(permission, scope.name.as_str(), Reach::WILDCARDS))
}

/// Enough of what somebody typed to find it again.
fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

fn network(text: &str) -> Result<IpNetwork, Fault> {
    let network: IpNetwork = text.parse().map_err(|error: InvalidNetwork| match text.len() {
        0..=60 => Fault::Network(error.to_string()),
        _ => Fault::Network(InvalidNetwork::NotAnAddress(short(text)).to_string()),
    })?;
    // A caller from there is taken for what it is, an IPv4 address, and would never be found in it.
    match network.as_ipv4() {
        Some(plain) => Err(Fault::Network(format!("`{text}` is IPv4; did you mean {plain}?"))),
        None => Ok(network),
    }
}

#[cfg(test)]
mod tests;
