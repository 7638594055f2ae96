//! The example service beside the server, for flows that go through both: on https, because notices of logout go nowhere else.

use std::net::TcpListener;

use auth::config::OutboundConfig;
use protocol::audience::{ApiScope, TokenFormat};
use protocol::issuer::Issuer;
use protocol::scope::ScopeToken;
use protocol::secret::SecretString;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use resource_api::service::{self, Api};
use serde_json::json;
use store::Won;
use tempfile::TempDir;
use testkit::app::{API, CLIENT_SECRET, TestApp};
use testkit::elsewhere::Authority;
use tokio::sync::oneshot;

const CLIENT: &str = "notes-app";
const SCOPES: [(&str, &str); 6] = [
    ("notes:read", "Read your notes"),
    ("notes:write", "Write and delete your notes"),
    ("files:read", "Read your files"),
    ("files:write", "Store and delete your files"),
    ("groups:read", "See your groups"),
    ("groups:write", "Make groups and change who is in them"),
];

/// A place for the service, which the server has to know before it starts.
pub(super) struct Site {
    pub(super) url: String,
    authority: Authority,
    listener: TcpListener,
}

/// The running service; it ends when this is dropped.
pub(super) struct Service {
    _notes: TempDir,
    _stop: oneshot::Sender<()>,
}

impl Site {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        Self { url, authority: Authority::new(), listener }
    }

    /// With this the server may tell the service that a session is over.
    pub(super) fn outbound(&self) -> OutboundConfig {
        OutboundConfig {
            extra_ca: Some(self.authority.file().to_owned()),
            allowed_private_addresses: vec![self.url.replace("https://", "")],
            ..OutboundConfig::default()
        }
    }

    /// Registers the service, as an API that asks about keys and as an app that asks for consent, and starts it.
    pub(super) async fn open(self, app: &TestApp) -> (Service, Authority) {
        let Self { url, authority, listener } = self;
        let metadata = json!({
            "client_name": "Field Notes",
            "scope": SCOPES.iter().fold("openid profile email offline_access".to_owned(), |all, (name, _)| format!("{all} {name}")),
            "redirect_uris": [format!("{url}/bff/callback")],
            "post_logout_redirect_uris": [format!("{url}/app")],
            "backchannel_logout_uri": format!("{url}/bff/backchannel-logout"),
        });
        let scopes = SCOPES.map(|(name, description)| ApiScope {
            name: ScopeToken::parse(name).unwrap(),
            description: description.to_owned(),
        });
        let api = protocol::audience::Api {
            identifier: url.clone(),
            name: "Field Notes".to_owned(),
            token_format: TokenFormat::Jwt,
            signing_alg: SigningAlgorithm::ES256,
            access_token_lifetime: Seconds(300),
            scopes: scopes.into(),
        };
        // In the place of the one that every test has.
        assert_eq!(store::apis::delete(&app.store, API).await.unwrap(), Won::Yes);
        store::apis::insert(&app.store, &api).await.unwrap();
        let client = app.client(CLIENT, &metadata.to_string()).await.id;
        let named = store::apis::set_resource_server(&app.store, &url, Some(&client)).await.unwrap();
        assert_eq!(named, Won::Yes);
        let notes = tempfile::tempdir().unwrap();
        let mut config = service::Config::new(Issuer::parse(&app.issuer).unwrap(), url);
        config.database_url = format!("sqlite:{}", notes.path().join("notes.db").display());
        config.authenticate_as(CLIENT, SecretString::new(CLIENT_SECRET.to_owned()));
        let (stop, stopped) = oneshot::channel::<()>();
        let api = Api::new(config).await.unwrap();
        let tls = authority.certify(&["localhost"]);
        tokio::spawn(service::run(api, listener, Some(tls), async move {
            let _ = stopped.await;
        }));
        (Service { _notes: notes, _stop: stop }, authority)
    }
}
