//! API keys: how they are made, replaced and ended, by pages and commands alike. The rules stand in `protocol::api_keys`; what the
//! API is told of a key, in `web/introspect/api_key.rs`.
//!
//! A key is shown once, to who made it. The row keeps its hash and, where its owner wants to sign requests, sealed, what they are
//! signed with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt::Secrets;
use jwt::sealed::{Purpose, open_for, seal_for};
use protocol::api_key::{ApiKey, ApiKeyId, ID_LENGTH, SECRET_LENGTH};
use protocol::api_keys::{ApiKeyRecord, LONGEST_OVERLAP, PER_PERSON};
use protocol::ids::UserId;
use protocol::network::IpNetwork;
use protocol::permission::Permission;
use protocol::secret::TokenHash;
use protocol::time::{Seconds, Timestamp};
use store::api_keys::{ApiKey as Row, Rotation};
use store::security_events::Entry;
use store::{Store, StoreError, Won};

use crate::{AppState, random};

/// What keys are made with.
#[derive(Clone, Copy)]
pub struct Workshop<'a> {
    pub store: &'a Store,
    pub secrets: &'a Secrets,
    /// How long a key may live: `api_keys.longest_lifetime`.
    pub longest: Option<Seconds>,
}

/// A key that somebody wants. Everything in it passed its rule.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub owner: UserId,
    pub name: String,
    /// The identifier of the API.
    pub api: String,
    pub permissions: Vec<Permission>,
    pub allowed_networks: Vec<IpNetwork>,
    /// `None`: it does not end.
    pub lifetime: Option<Seconds>,
    pub signing: Signing,
}

/// Whether requests can be signed with a key instead of carrying it (RFC 9421).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// The issuer keeps what they are signed with.
    Allowed,
    Refused,
}

/// A new key, to be shown this once.
#[derive(Clone, Debug)]
pub struct Made {
    pub key: ApiKey,
    pub record: ApiKeyRecord,
}

impl<'a> Workshop<'a> {
    pub(crate) fn of(state: &'a AppState) -> Self {
        let longest = state.config.api_keys.longest();
        Self { store: &state.store, secrets: state.keys.secrets(), longest }
    }

    /// Makes a key, and notes it as `event`. `None` when its owner has as many as there may be, or is gone.
    pub async fn make(&self, wanted: Wanted, event: Entry, now: Timestamp) -> Result<Option<Made>, StoreError> {
        let (key, row) = self.new_row(wanted, now);
        let event = about(event, &row.record);
        let won = store::api_keys::insert(self.store, &row, PER_PERSON, &event).await?;
        Ok((won == Won::Yes).then(|| Made { key, record: row.record }))
    }

    /// Makes a key that may do what `old` may, in its place; `old` goes on for `overlap`. `None` when it has ended or was replaced
    /// before, or its owner has too many.
    pub async fn rotate(
        &self,
        old: &ApiKeyRecord,
        overlap: Seconds,
        event: Entry,
        now: Timestamp,
    ) -> Result<Option<Made>, StoreError> {
        let wanted = Wanted {
            owner: old.user_id.clone(),
            name: old.name.clone(),
            api: old.api.clone(),
            permissions: old.permissions.clone(),
            allowed_networks: old.allowed_networks.clone(),
            lifetime: old.next_lifetime(self.longest),
            signing: if old.signing { Signing::Allowed } else { Signing::Refused },
        };
        let (key, row) = self.new_row(wanted, now);
        let mut event = about(event, &row.record);
        event.details.insert("replaces".to_owned(), old.id.as_str().into());
        let old_ends = now + overlap.clamp(Seconds(0), LONGEST_OVERLAP);
        let rotation = Rotation { old: &old.id, old_ends, new: &row };
        let won = store::api_keys::rotate(self.store, rotation, PER_PERSON, &event).await?;
        Ok((won == Won::Yes).then(|| Made { key, record: row.record }))
    }

    /// Ends a key. `Won::No` when it had ended.
    pub async fn revoke(&self, key: &ApiKeyRecord, event: Entry, now: Timestamp) -> Result<Won, StoreError> {
        let event = about(event, key);
        store::api_keys::revoke(self.store, &key.user_id, &key.id, now, &event).await
    }

    fn new_row(&self, wanted: Wanted, now: Timestamp) -> (ApiKey, Row) {
        let key = draw();
        let signing = wanted.signing == Signing::Allowed;
        let signing_key = signing.then(|| {
            let text = URL_SAFE_NO_PAD.encode(jwt::api_key::signing_key(&key).as_slice());
            seal_for(Purpose::ApiKeySigning(&key.id), self.secrets, &text)
        });
        let record = ApiKeyRecord {
            id: key.id.clone(),
            user_id: wanted.owner,
            name: wanted.name,
            api: wanted.api,
            permissions: wanted.permissions,
            allowed_networks: wanted.allowed_networks,
            signing,
            created_at: now,
            expires_at: wanted.lifetime.map(|lifetime| now + lifetime),
            last_used_at: None,
            revoked_at: None,
            replaced_by: None,
        };
        let row = Row { record, hash: hash(&key), signing_key };
        (key, row)
    }
}

/// The row of this key, if it is the key itself. Whether there is no such row or another key, takes the same time.
pub(crate) async fn proven(store: &Store, presented: &ApiKey) -> Result<Option<Row>, StoreError> {
    let presented_hash = hash(presented);
    let row = store::api_keys::find(store, &presented.id).await?;
    let kept = row.as_ref().map_or_else(|| TokenHash::of(b"no key"), |row| row.hash.clone());
    let same = kept == presented_hash; // in constant time
    Ok(row.filter(|_| same))
}

/// What requests are signed with by who has this key, in base64url; `None` where its owner did not allow that.
pub(crate) fn signing_key(secrets: &Secrets, row: &Row) -> Option<String> {
    let id = &row.record.id;
    let key = open_for(Purpose::ApiKeySigning(id), secrets, row.signing_key.as_deref()?);
    if key.is_none() {
        // Only with another master key.
        tracing::error!(api_key.id = %id, "what an API key signs with cannot be opened with these keys");
    }
    key
}

/// The id in `cs_key_<id>`, which names a key without proving it, or in the id alone.
pub fn id_of(text: &str) -> Option<ApiKeyId> {
    ApiKeyId::parse(text.strip_prefix(protocol::api_key::PREFIX).unwrap_or(text)).ok()
}

fn draw() -> ApiKey {
    let (id, secret) = (random::alphanumeric(ID_LENGTH), random::alphanumeric(SECRET_LENGTH));
    ApiKey::assemble(id.expose(), secret.expose()).expect("letters and digits of these lengths are a key")
}

fn hash(key: &ApiKey) -> TokenHash {
    TokenHash::of(key.expose().as_bytes())
}

/// The entry says which key.
fn about(mut event: Entry, key: &ApiKeyRecord) -> Entry {
    for (name, value) in [("key", key.id.as_str()), ("name", &key.name), ("api", &key.api)] {
        event.details.insert(name.to_owned(), value.into());
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_are_alike_and_each_reads_back() {
        let (one, other) = (draw(), draw());
        assert_ne!((one.expose(), one.id.as_str()), (other.expose(), other.id.as_str()));
        let read = ApiKey::parse(one.expose()).expect("is one");
        assert!(hash(&read) == hash(&one) && hash(&one) != hash(&other));
        assert_eq!(hash(&one).as_str(), one.hash());
    }

    #[test]
    fn an_id_is_read_with_and_without_its_prefix() {
        let id = ApiKeyId::parse("0123456789abcdEF").ok();
        assert_eq!((id_of("cs_key_0123456789abcdEF"), id_of("0123456789abcdEF")), (id.clone(), id));
        assert_eq!(id_of(draw().expose()), None, "a whole key is no id");
    }
}
