//! `[seed]`: clients and people that have to be there before the server serves. Who is missing is made; who is there already
//! stays as they are, because an administrator may have changed them.
//!
//! The files are read and checked as a whole before anything is made: every fault is told with its file, entry and member
//! (`seed/entry.rs`, `seed/clients.rs`, `seed/people.rs`). Secrets that stand in public documents are for a server that only
//! this machine can reach; a file with any other secret is for its owner's eyes only, like a key file.

mod clients;
mod entry;
mod people;

use auth::config::Config;
use auth::passwords::{Pool, Verdict};
use jwt::secrets::Secrets;
use protocol::ids::{ClientId, UserId};
use protocol::secret::SecretString;
use protocol::time::Timestamp;
use protocol::user::normalize_login;
use store::{Store, StoreError};

use self::clients::{NewClient, Offer};
use self::people::NewPerson;
use crate::config::Complaints;
use crate::failure::Failure;
use crate::installation::{PUBLISHED_PASSWORDS, expected_algorithms};
use crate::person::set_password;

/// The person of `docs/conformance/users.json`.
const TEST_PERSON: &str = "alice@example.test";
const TEST_PASSWORD: &str = "correct horse battery staple";
/// What every secret of `docs/conformance/clients.json` begins with.
const TEST_SECRET: &str = "test-only-";
/// The clients of that file.
const TEST_CLIENTS: [(&str, &str); 3] = [
    ("static-1", "test-only-secret-1-Zr4u7xAqDGKaPdSgVkYp3s6v"),
    ("static-2", "test-only-secret-2-C9zBEHMcQfTjWnZr4u7xAqDG"),
    ("static-post", "test-only-secret-3-JaNdRgUkXp2s5v8yBEHKbPeS"),
];

/// The content of the seed files, found to be right by itself.
#[derive(Debug, Default)]
pub struct Seed {
    clients: Vec<NewClient>,
    people: Vec<NewPerson>,
}

/// What of a seed is not there yet.
#[derive(Debug, Default)]
pub struct Missing {
    clients: Vec<NewClient>,
    /// Made by a start that was cut short before the second step.
    secrets: Vec<NewClient>,
    people: Vec<NewPerson>,
    passwords: Vec<(UserId, NewPerson)>,
}

impl Seed {
    /// Reads the files that the settings name. Looks at nothing else.
    pub fn read(config: &Config, now: Timestamp) -> Result<Self, Failure> {
        let mut faults = Vec::new();
        let mut seed = Self::default();
        if let Some(file) = &config.seed.clients {
            let algorithms = expected_algorithms(config, now)?;
            seed.clients = clients::read(file, Offer { config, algorithms: &algorithms }, now, &mut faults);
        }
        if let Some(file) = &config.seed.users {
            seed.people = people::read(file, config, now, &mut faults);
        }
        if faults.is_empty() { Ok(seed) } else { Err(Complaints(faults).into()) }
    }

    /// Compares with who is there. Changes nothing, but asks the servers of new clients for their sector identifiers.
    pub async fn missing(self, store: &Store, config: &Config, now: Timestamp) -> Result<Missing, Failure> {
        let mut missing = Missing::default();
        let mut faults = Vec::new();
        for client in self.clients {
            let id = &client.client.id;
            match store::clients::find(store, id).await? {
                None => {
                    faults.extend(client.refuse_id_of_a_person(store).await?);
                    faults.extend(client.refuse_unproven_sector(config).await?);
                    missing.clients.push(client);
                }
                Some(kept) if kept.has_secret() && store::clients::live_secrets(store, id, now).await?.is_empty() => {
                    missing.secrets.push(client);
                }
                Some(_) => tracing::info!("client {id} of the seed is there already and stays as it is"),
            }
        }
        for person in self.people {
            let name = person.user.username.clone();
            match store::users::find_by_login(store, &normalize_login(&name)).await? {
                None => {
                    faults.extend(person.refuse_address_of_another(store).await?);
                    missing.people.push(person);
                }
                Some(kept) if store::passwords::find(store, &kept.id).await?.is_none() => {
                    missing.passwords.push((kept.id, person));
                }
                Some(_) => tracing::info!("{name} of the seed is there already and stays as they are"),
            }
        }
        if faults.is_empty() { Ok(missing) } else { Err(Complaints(faults).into()) }
    }
}

impl Missing {
    /// Makes it. What another process made in the same moment counts as made.
    pub async fn make(self, store: &Store, config: &Config, secrets: &Secrets, now: Timestamp) -> Result<(), Failure> {
        for client in &self.clients {
            make_client(client, store, secrets, now).await?;
        }
        for client in self.secrets.iter().filter(|client| client.secret.is_some()) {
            client.keep_secret(store, secrets, now).await?;
            tracing::info!("client {} had no secret and gets that of the seed", client.client.id);
        }
        for person in &self.people {
            make_person(person, store, config, now).await?;
        }
        for (id, person) in &self.passwords {
            if let Some(password) = &person.password {
                set_password(store, &config.passwords, id, password, now).await?;
                tracing::info!("{} had no password and gets that of the seed", person.user.username);
            }
        }
        Ok(())
    }
}

async fn make_client(new: &NewClient, store: &Store, secrets: &Secrets, now: Timestamp) -> Result<(), Failure> {
    match store::clients::insert(store, &new.client).await {
        Err(StoreError::Conflict) => return Ok(()),
        made => made?,
    }
    new.keep_secret(store, secrets, now).await?;
    let id = &new.client.id;
    tracing::info!("client {id} is made from the seed");
    if new.client.has_secret() && new.secret.is_none() {
        tracing::warn!("client {id} has no secret; `countersign client rotate {id}` makes one");
    }
    Ok(())
}

async fn make_person(new: &NewPerson, store: &Store, config: &Config, now: Timestamp) -> Result<(), Failure> {
    match store::users::insert(store, &new.user).await {
        Err(StoreError::Conflict) => return Ok(()),
        made => made?,
    }
    let name = &new.user.username;
    tracing::info!("{name} is made from the seed");
    match &new.password {
        Some(password) => set_password(store, &config.passwords, &new.user.id, password, now).await?,
        None => tracing::warn!("{name} has no password; `countersign user password {name}` sets one"),
    }
    Ok(())
}

fn is_published(text: &str) -> bool {
    text == TEST_PASSWORD || text.starts_with(TEST_SECRET) || PUBLISHED_PASSWORDS.contains(&text)
}

/// Why this secret is none; `None` when it is one, or when nobody but this machine can reach the server.
fn published(secret: &SecretString, config: &Config) -> Option<&'static str> {
    (is_published(secret.expose()) && !is_for_this_machine(config))
        .then_some("it stands in public documents and is for tests on this machine only; choose another one")
}

/// What the server calls itself says nothing of who can reach it.
fn is_for_this_machine(config: &Config) -> bool {
    config.server.issuer.is_loopback() && config.server.listen.ip().is_loopback()
}

/// A database that was once used for conformance tests has clients and a person whose secrets everybody knows.
pub async fn refuse_test_secrets(store: &Store, config: &Config, now: Timestamp) -> Result<(), Failure> {
    if is_for_this_machine(config) {
        return Ok(());
    }
    for (id, secret) in TEST_CLIENTS {
        let Ok(id) = ClientId::parse(id) else { continue };
        let live = store::clients::live_secrets(store, &id, now).await?;
        if live.iter().any(|hash| hash.matches(secret.as_bytes())) {
            return Err(Failure::setting(
                "database.url",
                format!("client {id} has the secret of the conformance tests, which everybody knows"),
                "use another database, or delete the client with `countersign client delete`",
            ));
        }
    }
    refuse_test_password(store, config).await
}

async fn refuse_test_password(store: &Store, config: &Config) -> Result<(), Failure> {
    let Some(user) = store::users::find_by_login(store, TEST_PERSON).await? else { return Ok(()) };
    let stored = store::passwords::find(store, &user.id).await?;
    let hashing = Pool::start(&config.passwords).map_err(Failure::failed)?;
    let place = hashing.admit().map_err(|_| Failure::failed("no password can be checked at the moment"))?;
    let password = SecretString::new(TEST_PASSWORD.to_owned());
    match place.verify(password, stored).await.map_err(Failure::failed)? {
        Verdict::Differs => Ok(()),
        Verdict::Matches | Verdict::MatchesOutdated => Err(Failure::setting(
            "database.url",
            format!("{} has the password of the conformance tests, which everybody knows", user.username),
            "use another database, or set another password with `countersign user password`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_clients_and_the_person_are_those_of_the_profile() {
        let read = |name: &str| -> Vec<serde_json::Value> {
            let file = format!("{}/../../docs/conformance/{name}", env!("CARGO_MANIFEST_DIR"));
            serde_json::from_str(&std::fs::read_to_string(file).expect("is readable")).expect("is an array")
        };
        let clients = read("clients.json");
        let pairs: Vec<_> = clients.iter().map(|it| (it["client_id"].as_str(), it["client_secret"].as_str())).collect();
        assert_eq!(pairs, TEST_CLIENTS.map(|(id, secret)| (Some(id), Some(secret))));
        assert!(TEST_CLIENTS.iter().all(|(_, secret)| is_published(secret)));
        let person = &read("users.json")[0];
        assert_eq!((person["email"].as_str(), person["password"].as_str()), (Some(TEST_PERSON), Some(TEST_PASSWORD)));
    }
}
