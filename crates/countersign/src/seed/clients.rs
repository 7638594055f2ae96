//! `seed.clients`: client metadata with an identifier and perhaps a secret.

use std::collections::HashSet;
use std::path::Path;

use auth::config::Config;
use auth::outbound::Outbound;
use jwt::secrets::Secrets;
use protocol::client::{Client, TokenEndpointAuthMethod};
use protocol::ids::{ClientId, UserId};
use protocol::registration::ClientMetadata;
use protocol::secret::SecretString;
use protocol::signing::SigningAlgorithm;
use protocol::time::Timestamp;
use store::Store;

use super::entry::{self, Entry, Origin};
use super::published;
use crate::config::Complaint;
use crate::failure::Failure;

/// As long as those that we make: 256 bits in base64url, and 512 for those that are keys of a MAC (RFC 7518 §3.2).
const LEAST_SECRET: usize = 43;
const LEAST_MAC_SECRET: usize = 86;
const LONGEST_SECRET: usize = 512;

/// What a client can be here: the settings, and the algorithms that there are keys for.
#[derive(Clone, Copy)]
pub(super) struct Offer<'a> {
    pub(super) config: &'a Config,
    pub(super) algorithms: &'a [SigningAlgorithm],
}

#[derive(Debug)]
pub(super) struct NewClient {
    pub(super) client: Client,
    pub(super) secret: Option<SecretString>,
    origin: Origin,
}

pub(super) fn read(file: &Path, offer: Offer<'_>, now: Timestamp, faults: &mut Vec<Complaint>) -> Vec<NewClient> {
    let mut ids = HashSet::new();
    entry::each(file, "client_id", faults, |mut entry| {
        let before = entry.faults();
        let new = one(&mut entry, offer, now)?;
        if !ids.insert(new.client.id.clone()) {
            entry.complain("client_id", "stands in an entry before this one, too");
        }
        (entry.faults() == before).then_some(new)
    })
}

fn one(entry: &mut Entry<'_>, Offer { config, algorithms }: Offer<'_>, now: Timestamp) -> Option<NewClient> {
    let id = entry.demand("client_id").and_then(|text| match ClientId::parse(&text) {
        Ok(id) => Some(id),
        Err(error) => {
            entry.complain("client_id", error.to_string());
            None
        }
    });
    let secret = entry.secret("client_secret");
    let metadata: Option<ClientMetadata> = entry.rest();
    // Without an identifier the rest is looked at all the same.
    let named = id.clone().unwrap_or_else(|| ClientId::from_random(auth::random::id()));
    let client = match metadata?.check(named, now) {
        Ok(client) => client,
        Err(problems) => {
            for problem in problems {
                entry.complain(problem.member, problem.reason);
            }
            return None;
        }
    };
    for problem in auth::offered::check(&config.openid, algorithms, &client) {
        entry.complain(problem.member, problem.reason);
    }
    if let Some(reason) = secret.as_ref().and_then(|secret| unfit(secret, &client, config)) {
        entry.complain("client_secret", reason);
    }
    id.map(|_| NewClient { client, secret, origin: entry.origin() })
}

/// Why a client cannot have this secret.
fn unfit(secret: &SecretString, client: &Client, config: &Config) -> Option<String> {
    let text = secret.expose();
    if !client.has_secret() {
        return Some(format!("is of no use: the client authenticates by {}", client.token_endpoint_auth_method));
    }
    let least = match client.token_endpoint_auth_method {
        TokenEndpointAuthMethod::ClientSecretJwt => LEAST_MAC_SECRET,
        _ => LEAST_SECRET,
    };
    // RFC 6749 appendix A.2: client-secret = *VSCHAR
    if !(least..=LONGEST_SECRET).contains(&text.len()) || !text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
        return Some(format!("needs {least} to {LONGEST_SECRET} characters of printable ASCII"));
    }
    published(secret, config).map(str::to_owned)
}

impl NewClient {
    pub(super) async fn keep_secret(&self, store: &Store, secrets: &Secrets, now: Timestamp) -> Result<(), Failure> {
        let Some(secret) = &self.secret else { return Ok(()) };
        let kept = auth::registration::keep(secrets, &self.client, secret, now);
        store::clients::keep_secret(store, &self.client.id, &kept).await?;
        Ok(())
    }

    /// What every other way to register a client checks, too: a sector is proven by the document at its address.
    pub(super) async fn refuse_unproven_sector(&self, config: &Config) -> Result<Option<Complaint>, Failure> {
        let outbound = Outbound::new(&config.outbound).map_err(Failure::from)?;
        let refused = auth::registration::check_sector(&outbound, &self.client).await.err();
        Ok(refused.map(|error| self.origin.fault("sector_identifier_uri", error.to_string())))
    }

    /// RFC 9700 §4.15: `sub` must tell people and clients apart.
    pub(super) async fn refuse_id_of_a_person(&self, store: &Store) -> Result<Option<Complaint>, Failure> {
        let Ok(same) = UserId::parse(self.client.id.as_str()) else { return Ok(None) };
        let person = store::users::find(store, &same).await?;
        Ok(person.map(|_| self.origin.fault("client_id", "is the id of a person; choose another one")))
    }
}
