//! The demo accounts: one person, a public web client, a machine client, and the API that they talk to.
//!
//! Each is made when it is missing, so that a start that was interrupted is completed by the next one. Clients that are as an older
//! version registered them are brought up to date. Secrets are drawn for this installation and leave this file once, to be shown; the
//! database has their hashes.

use auth::config::Config;
use protocol::audience::{Api, ApiScope, TokenFormat};
use protocol::client::Client;
use protocol::ids::{ClientId, UserId};
use protocol::registration::ClientMetadata;
use protocol::scope::{Scope, ScopeToken};
use protocol::secret::{SecretString, TokenHash};
use protocol::signing::SigningAlgorithm;
use protocol::time::{Seconds, Timestamp};
use protocol::user::{Profile, User};
use serde_json::json;
use store::Store;

use super::words;
use crate::failure::Failure;

pub const WEB_CLIENT: &str = "demo-web";
pub const MACHINE_CLIENT: &str = "demo-machine";
/// The API itself: asks about tokens and keys, and signs people in on its own page.
pub const API_CLIENT: &str = "demo-api";
pub const DEMO_PERSON: DemoPerson = DemoPerson { username: "alice", email: "alice@demo.test" };

const SCOPES: [(&str, &str); 6] = [
    ("notes:read", "Read your notes"),
    ("notes:write", "Write and delete your notes"),
    ("files:read", "Read your files"),
    ("files:write", "Write and delete your files"),
    ("groups:read", "See your groups"),
    ("groups:write", "Make groups and change who belongs to them"),
];

/// What older versions registered the clients for.
const FORMER_WEB_SCOPE: &str = "openid profile email offline_access notes:read notes:write";
const FORMER_MACHINE_SCOPE: &str = "notes:read notes:write";
/// Such refresh tokens outlive the issuer's session, and with them the sessions of the page.
const FORMER_API_SCOPE: &str =
    "openid profile offline_access notes:read notes:write files:read files:write groups:read groups:write";

pub struct DemoPerson {
    pub username: &'static str,
    pub email: &'static str,
}

/// Where everything of the demonstration is found.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub issuer: String,
    pub api: String,
    pub app: String,
}

/// Secrets that were made just now. Older ones are known to nobody.
#[derive(Debug, Default)]
pub struct Made {
    pub password: Option<SecretString>,
    pub machine_secret: Option<SecretString>,
}

/// What the API authenticates with until the next start, when it gets another one.
#[derive(Debug)]
pub struct ApiSecret(pub SecretString);

impl DemoPerson {
    /// Somebody else may be called alice, too.
    pub fn is(&self, user: &User) -> bool {
        user.username == self.username && user.email.as_deref() == Some(self.email)
    }
}

impl Addresses {
    pub fn of(config: &Config) -> Self {
        let port = config.server.listen.port();
        let local = |port: u16| format!("http://localhost:{port}");
        Self { issuer: config.server.issuer.as_str().to_owned(), api: local(port + 1), app: local(port + 2) }
    }
}

/// Makes what is missing.
pub async fn complete(store: &Store, config: &Config, addresses: &Addresses, now: Timestamp) -> Result<Made, Failure> {
    if store::apis::find(store, &addresses.api).await?.is_none() {
        store::apis::insert(store, &api(addresses, config.tokens.access_token_lifetime)).await?;
    }
    match store::clients::find(store, &id(WEB_CLIENT)).await? {
        None => store::clients::insert(store, &web_client(addresses, now)).await?,
        Some(known) => update(store, known, FORMER_WEB_SCOPE, &web_client(addresses, now)).await?,
    }
    Ok(Made { password: person(store, config, now).await?, machine_secret: machine(store, now).await? })
}

/// Makes the client of the API if it is missing, names it as the resource server, and draws a secret that only this start knows.
pub async fn api_client(store: &Store, addresses: &Addresses, now: Timestamp) -> Result<ApiSecret, Failure> {
    let id = id(API_CLIENT);
    let api = &addresses.api;
    // No backchannel_logout_uri: notices of logout go to https alone. The API asks about every token instead.
    let metadata = json!({
        "client_name": "Notes",
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [format!("{api}/bff/callback")],
        "post_logout_redirect_uris": [format!("{api}/app")],
        "scope": format!("openid profile {}", api_scope()),
    });
    let wanted = client(API_CLIENT, metadata, now);
    match store::clients::find(store, &id).await? {
        None => {
            store::clients::insert(store, &wanted).await?;
            let _ = store::apis::set_resource_server(store, api, Some(&id)).await?;
        }
        Some(known) => update(store, known, FORMER_API_SCOPE, &wanted).await?,
    }
    store::clients::expire_secrets(store, &id, now).await?;
    let secret = auth::random::secret();
    store::clients::add_secret(store, &id, &TokenHash::of(secret.expose().as_bytes()), now, None).await?;
    Ok(ApiSecret(secret))
}

fn api(addresses: &Addresses, lifetime: i64) -> Api {
    let scope = |(name, description): (&str, &str)| ApiScope {
        name: ScopeToken::parse(name).expect("a scope of ours"),
        description: description.to_owned(),
    };
    Api {
        identifier: addresses.api.clone(),
        name: "Notes".to_owned(),
        token_format: TokenFormat::Jwt,
        signing_alg: SigningAlgorithm::ES256,
        access_token_lifetime: Seconds(lifetime),
        scopes: SCOPES.map(scope).into(),
    }
}

fn web_client(addresses: &Addresses, now: Timestamp) -> Client {
    let app = &addresses.app;
    let metadata = json!({
        "client_name": "Demo web app",
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [format!("{app}/callback")],
        "post_logout_redirect_uris": [format!("{app}/signed-out")],
        "scope": format!("openid profile email offline_access {}", api_scope()),
    });
    client(WEB_CLIENT, metadata, now)
}

async fn machine(store: &Store, now: Timestamp) -> Result<Option<SecretString>, Failure> {
    let id = id(MACHINE_CLIENT);
    let metadata = json!({
        "client_name": "Demo machine",
        "grant_types": ["client_credentials"],
        "scope": api_scope(),
    });
    let wanted = client(MACHINE_CLIENT, metadata, now);
    if let Some(known) = store::clients::find(store, &id).await? {
        update(store, known, FORMER_MACHINE_SCOPE, &wanted).await?;
        return Ok(None);
    }
    store::clients::insert(store, &wanted).await?;
    let secret = auth::random::secret();
    store::clients::add_secret(store, &id, &TokenHash::of(secret.expose().as_bytes()), now, None).await?;
    Ok(Some(secret))
}

async fn person(store: &Store, config: &Config, now: Timestamp) -> Result<Option<SecretString>, Failure> {
    if store::users::find_by_login(store, DEMO_PERSON.username).await?.is_some() {
        return Ok(None);
    }
    let user = User {
        email: Some(DEMO_PERSON.email.to_owned()),
        email_verified_at: Some(now),
        phone_number: None,
        phone_number_verified_at: None,
        profile: Profile {
            name: Some("Alice Moreau".to_owned()),
            given_name: Some("Alice".to_owned()),
            family_name: Some("Moreau".to_owned()),
            ..Profile::default()
        },
        groups: vec!["demo".to_owned()],
        ..User::new(UserId::from_random(auth::random::id()), DEMO_PERSON.username, now)
    };
    let password = words::password(auth::random::id());
    let phc = auth::passwords::hash_blocking(&config.passwords, password.expose()).map_err(Failure::failed)?;
    store::users::insert(store, &user).await?;
    store::passwords::set(store, &user.id, &phc, now).await?;
    Ok(Some(password))
}

/// A client that nobody changed since an older version made it gets the scope of today.
async fn update(store: &Store, known: Client, former: &str, wanted: &Client) -> Result<(), Failure> {
    if Scope::parse(former).is_ok_and(|former| former == known.scope) {
        let _ = store::clients::update(store, &Client { scope: wanted.scope.clone(), ..known }).await?;
    }
    Ok(())
}

/// All permissions of the API.
pub fn api_scope() -> String {
    SCOPES.map(|(name, _)| name).join(" ")
}

fn client(name: &str, metadata: serde_json::Value, now: Timestamp) -> Client {
    let metadata: ClientMetadata = serde_json::from_value(metadata).expect("has known members");
    metadata.check(id(name), now).expect("the demo clients are sound")
}

fn id(name: &str) -> ClientId {
    ClientId::parse(name).expect("is a client id")
}
