//! A running server for tests: the real one, on a loopback port, with a database of its own and a clock that tests can move.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use auth::AppState;
use auth::clock::Clock;
use auth::config::Config;
use jwt::directory::KeyDirectory;
use protocol::audience::{Api, ApiScope, TokenFormat};
use protocol::client::Client;
use protocol::ids::{ClientId, UserId};
use protocol::issuer::Issuer;
use protocol::registration::ClientMetadata;
use protocol::scope::ScopeToken;
use protocol::secret::TokenHash;
use protocol::signing::SigningAlgorithm;
use protocol::time::{Seconds, Timestamp};
use protocol::user::{Profile, User};
use rustls::ServerConfig;
use store::{Store, StoreOptions};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

use crate::database::TestDatabase;

pub const PASSWORD: &str = "correct horse battery staple";
pub const REDIRECT_URI: &str = "https://app.example.com/callback";
pub const API: &str = "https://api.example.com";
/// The secret of every confidential client that [`TestApp::client`] makes.
pub const CLIENT_SECRET: &str = "test-only-client-secret-0123456789abcdefghij";

/// How a test wants its server.
pub struct TestOptions {
    pub pool_size: u32,
    /// The path of the issuer, below its host.
    pub path: &'static str,
    pub clock: Clock,
    /// The identifier of the API that `notes:read` and `notes:write` belong to.
    pub api: String,
    /// Serves https with it; plain http without.
    pub tls: Option<ServerConfig>,
    pub config: Box<dyn FnOnce(&mut Config) + Send>,
}

impl Default for TestOptions {
    fn default() -> Self {
        Self {
            pool_size: 4,
            path: "",
            clock: Clock::manual(Clock::System.now()),
            api: API.to_owned(),
            tls: None,
            config: Box::new(|_| {}),
        }
    }
}

/// A server that runs until it is dropped.
pub struct TestApp {
    pub issuer: String,
    pub store: Store,
    pub keys: Arc<KeyDirectory>,
    pub clock: Clock,
    pub config: Arc<Config>,
    pub database: TestDatabase,
    keys_directory: tempfile::TempDir,
    tls: Option<ServerConfig>,
    running: Option<Running>,
}

struct Running {
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

impl TestApp {
    /// A server on the given engine with the person `alice`, the clients of [`Self::seed`], and an API.
    pub async fn start(database: TestDatabase) -> Self {
        Self::start_with(database, TestOptions::default()).await
    }

    pub async fn start_with(database: TestDatabase, options: TestOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        let port = listener.local_addr().expect("a bound port").port();
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let issuer = format!("{scheme}://localhost:{port}{}", options.path);
        let clock = options.clock;
        let keys_directory = keys_of_this_run(&clock);
        let mut config = Config::default_for(Issuer::parse(&issuer).expect("a loopback issuer"));
        config.server.workers = 2;
        // Small hashes: tests prove rules, benchmarks prove cost.
        (config.passwords.memory_kib, config.passwords.iterations) = (64, 1);
        (options.config)(&mut config);
        let keys = KeyDirectory::open(&path(&keys_directory), SigningAlgorithm::ALL, clock.now()).expect("keys");
        let store = Store::open(database.url(), StoreOptions { pool_size: options.pool_size }).await.expect("a store");
        let mut app = Self {
            issuer,
            store,
            keys: Arc::new(keys),
            clock,
            config: Arc::new(config),
            database,
            keys_directory,
            tls: options.tls,
            running: None,
        };
        app.seed(&options.api).await;
        app.serve(listener);
        app
    }

    fn serve(&mut self, listener: TcpListener) {
        let state = AppState::with_clock(
            Arc::clone(&self.config),
            self.store.clone(),
            Arc::clone(&self.keys),
            self.clock.clone(),
        )
        .expect("a state");
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(auth::run(state, listener, self.tls.clone(), async move {
            let _ = stopped.await;
        }));
        self.running = Some(Running { stop, served });
    }

    /// Stops the server; [`Self::restart`] starts it anew. Meanwhile only a store that the test opens itself is open.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.stop.send(());
            running.served.await.expect("the server task").expect("a clean stop");
        }
    }

    /// Stops the server if it runs, and starts it anew on the same data and the same port: what a restart keeps.
    pub async fn restart(&mut self) {
        self.stop().await;
        let port = Url::parse(&self.issuer).expect("a URL").port().expect("a port of our own");
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the same port");
        self.keys = Arc::new(
            KeyDirectory::open(&path(&self.keys_directory), SigningAlgorithm::ALL, self.clock.now()).expect("keys"),
        );
        self.store = Store::open(self.database.url(), StoreOptions { pool_size: 4 }).await.expect("a store");
        self.serve(listener);
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// `public` (PKCE), `confidential` (secret), `first-party` (no consent), `machine` (client_credentials), and an API.
    async fn seed(&self, api: &str) {
        self.user("alice").await;
        let api = Api {
            identifier: api.to_owned(),
            name: "Notes".to_owned(),
            token_format: TokenFormat::Jwt,
            signing_alg: SigningAlgorithm::ES256,
            access_token_lifetime: Seconds(300),
            scopes: ["notes:read", "notes:write"]
                .map(|name| ApiScope {
                    name: ScopeToken::parse(name).expect("a scope"),
                    description: format!("Use {name}"),
                })
                .into(),
        };
        store::apis::insert(&self.store, &api).await.expect("an api");
        self.client("public", r#"{"token_endpoint_auth_method": "none"}"#).await;
        self.client("confidential", "{}").await;
        self.client("first-party", r#"{"consent_policy": "first_party"}"#).await;
        self.client(
            "machine",
            r#"{"grant_types": ["client_credentials"], "redirect_uris": [], "scope": "notes:read notes:write"}"#,
        )
        .await;
    }

    /// Registers a client; `metadata` (JSON, RFC 7591 names) is laid over sensible defaults.
    pub async fn client(&self, id: &str, metadata: &str) -> Client {
        let mut json = serde_json::json!({
            "client_name": format!("Test {id}"),
            "token_endpoint_auth_method": "client_secret_basic",
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": [REDIRECT_URI],
            "post_logout_redirect_uris": ["https://app.example.com/signed-out"],
            "scope": "openid profile email address phone offline_access groups notes:read notes:write",
        });
        let over: serde_json::Value = serde_json::from_str(metadata).expect("JSON");
        for (name, value) in over.as_object().expect("an object") {
            json[name] = value.clone();
        }
        let metadata: ClientMetadata = serde_json::from_value(json).expect("client metadata");
        let id = ClientId::parse(id).expect("a client id");
        let client = metadata.check(id, self.clock.now()).expect("a valid client");
        store::clients::insert(&self.store, &client).await.expect("a client");
        if client.is_confidential() {
            let hash = TokenHash::of(CLIENT_SECRET.as_bytes());
            store::clients::add_secret(&self.store, &client.id, &hash, self.clock.now(), None).await.expect("a secret");
        }
        client
    }

    /// A person with a value for every standard claim and the password [`PASSWORD`].
    pub async fn user(&self, username: &str) -> User {
        let now = self.clock.now();
        let text = |value: &str| Some(value.to_owned());
        let user = User {
            email: Some(format!("{username}@example.test")),
            email_verified_at: Some(now),
            phone_number: text("+49 30 1234567"),
            phone_number_verified_at: None,
            profile: Profile {
                name: text("Alice Moreau"),
                given_name: text("Alice"),
                family_name: text("Moreau"),
                locale: text("en"),
                zoneinfo: text("Europe/Berlin"),
                ..Profile::default()
            },
            groups: vec!["staff".to_owned()],
            ..User::new(UserId::from_random(jwt::random::bytes::<16>()), username, now)
        };
        store::users::insert(&self.store, &user).await.expect("a user");
        let phc = auth::passwords::hash_blocking(&self.config.passwords, PASSWORD).expect("a hash");
        store::passwords::set(&self.store, &user.id, &phc, now).await.expect("a password");
        user
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// A copy of keys that are made once per test program: RSA keys are dear, and no test needs its own.
fn keys_of_this_run(clock: &Clock) -> tempfile::TempDir {
    static MADE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        KeyDirectory::open(&path(&directory), SigningAlgorithm::ALL, clock.now()).expect("keys");
        directory
    });
    let copy = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(path(&copy)).expect("a directory");
    std::fs::set_permissions(path(&copy), Permissions::from_mode(0o700)).expect("permissions");
    for file in std::fs::read_dir(path(made)).expect("a directory") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), path(&copy).join(file.file_name())).expect("a copy"); // keeps the mode
    }
    copy
}

fn path(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("keys")
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.stop.send(());
        }
    }
}
