//! What the settings name, opened: database, keys, and the reasons not to serve with them.

use std::path::Path;

use auth::config::Config;
use jwt::KeyError;
use jwt::directory::KeyDirectory;
use protocol::audience::TokenFormat;
use protocol::client::{Client, RegisteredBy};
use protocol::ids::ClientId;
use protocol::signing::SigningAlgorithm;
use protocol::time::Timestamp;
use store::{Store, StoreError, StoreOptions};

use crate::config::load::sqlite_file;
use crate::config::{Complaint, Complaints, Place};
use crate::dev::objects::{API_CLIENT, DEMO_PERSON, MACHINE_CLIENT};
use crate::failure::Failure;

const PAGE: i64 = 200;
/// In the key directory once it was made.
const KEYRING: &str = "keyring.json";
/// 2026-11-01. A clock before this is not set, and tokens of such a time are refused everywhere.
const NOT_BEFORE: Timestamp = Timestamp(1_793_491_200);
/// Passwords that stand in our documents and examples; an installation that uses one has no secret.
pub const PUBLISHED_PASSWORDS: [&str; 3] = ["change-me", "countersign", "postgres"];
/// `statfs` types of NFS, SMB and CIFS: SQLite's locks are not to be trusted there.
const NETWORK_FILE_SYSTEMS: [i64; 4] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42];

pub async fn open_store(config: &Config) -> Result<Store, Failure> {
    let options = StoreOptions { pool_size: config.database.pool_size };
    Store::open(config.database.url.expose(), options).await.map_err(|error| match error {
        StoreError::Newer { .. } => {
            Failure::setting("database.url", error, "use the newer countersign, or another database")
        }
        other => Failure::failed(format!("the database cannot be used: {other}")),
    })
}

pub fn open_keys(config: &Config, now: Timestamp) -> Result<KeyDirectory, Failure> {
    let keys = &config.keys;
    KeyDirectory::open(&keys.directory, &keys.algorithms, now).map_err(|error| keys_fault(&error))
}

/// What `serve` could sign with. Makes nothing: keys that are missing are made at the first start, one per algorithm.
pub fn expected_algorithms(config: &Config, now: Timestamp) -> Result<Vec<SigningAlgorithm>, Failure> {
    let mut algorithms = config.keys.algorithms.clone();
    if config.keys.directory.join(KEYRING).exists() {
        let kept = KeyDirectory::open(&config.keys.directory, &[], now).map_err(|error| keys_fault(&error))?;
        algorithms.extend(kept.keyring().algorithms(now));
    }
    Ok(algorithms)
}

fn keys_fault(error: &KeyError) -> Failure {
    // It names the file and the remedy.
    Complaint::new(Place::Nowhere {}, Some("keys.directory"), error.to_string(), None).into()
}

/// Every client, page by page.
pub async fn all_clients(store: &Store) -> Result<Vec<Client>, Failure> {
    let mut all: Vec<Client> = Vec::new();
    loop {
        let page = store::clients::list(store, all.last().map(|client| &client.id), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// What must not be served, told before anything is opened or made.
pub fn refuse_unsafe(config: &Config, now: Timestamp) -> Result<(), Failure> {
    if now < NOT_BEFORE {
        return Err(Failure::failed("the clock of this machine is wrong: it is before this program was made"));
    }
    refuse_published_password(config)?;
    refuse_network_file_system(config)
}

fn refuse_published_password(config: &Config) -> Result<(), Failure> {
    let Ok(url) = url::Url::parse(config.database.url.expose()) else { return Ok(()) };
    match url.password() {
        Some(password) if PUBLISHED_PASSWORDS.contains(&password) => {
            Err(Failure::setting("database.url", "its password is one that everybody knows", "choose another one"))
        }
        _ => Ok(()),
    }
}

fn refuse_network_file_system(config: &Config) -> Result<(), Failure> {
    let Some(file) = sqlite_file(config) else { return Ok(()) };
    let directory = Path::new(file).parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    #[allow(clippy::unnecessary_cast, reason = "the type differs between platforms")]
    let kind = rustix::fs::statfs(directory).map(|found| found.f_type as i64);
    match kind {
        Ok(kind) if NETWORK_FILE_SYSTEMS.contains(&kind) => Err(Failure::setting(
            "database.url",
            "a SQLite file on a network file system gets damaged",
            "move it to a local disk or use PostgreSQL",
        )),
        _ => Ok(()),
    }
}

/// An API whose tokens nobody could sign, or a client that needs what is switched off, would fail at every request.
/// Clients that registered themselves are counted only; they are refused when they ask.
pub async fn refuse_unoffered(store: &Store, config: &Config, algorithms: &[SigningAlgorithm]) -> Result<(), Failure> {
    let mut complaints = Vec::new();
    for api in store::apis::list(store).await? {
        if api.token_format == TokenFormat::Jwt && !algorithms.contains(&api.signing_alg) {
            let reason = format!("API {}: {}", api.identifier, auth::offered::unkept(api.signing_alg, algorithms));
            complaints.push(Complaint::new(Place::Nowhere {}, None, reason, None));
        }
    }
    let mut strangers = 0;
    for client in all_clients(store).await?.iter().filter(|client| client.disabled_at.is_none()) {
        let problems = auth::offered::check(&config.openid, algorithms, client);
        if client.registered_by == RegisteredBy::Dynamic {
            strangers += usize::from(!problems.is_empty());
            continue;
        }
        for problem in problems {
            let reason = format!("client {} is registered for more than there is: {problem}", client.id);
            let remedy = Some("switch it on, or register the client again".to_owned());
            complaints.push(Complaint::new(Place::Nowhere {}, None, reason, remedy));
        }
    }
    // Nobody who registers over the network can keep this server from starting.
    if strangers > 0 {
        tracing::warn!(
            clients = strangers,
            "clients that registered themselves ask for what is switched off or has no key; they get it no more"
        );
    }
    if complaints.is_empty() { Ok(()) } else { Err(Complaints(complaints).into()) }
}

/// The accounts of `countersign dev` have secrets that stood on a screen.
pub async fn refuse_demo_objects(store: &Store) -> Result<(), Failure> {
    let mut found = Vec::new();
    for name in [MACHINE_CLIENT, API_CLIENT] {
        let id = ClientId::parse(name).expect("is a client id");
        if store::clients::find(store, &id).await?.is_some() {
            found.push(format!("client {id}"));
        }
    }
    // By herself she was added by hand, and nobody objected then.
    if found.is_empty() {
        return Ok(());
    }
    if store::users::find_by_login(store, DEMO_PERSON.username).await?.is_some_and(|user| DEMO_PERSON.is(&user)) {
        found.push(format!("person {}", DEMO_PERSON.username));
    }
    let reason = format!("this database was made by `countersign dev` ({})", found.join(", "));
    Err(Failure::setting("database.url", reason, "use another database"))
}
