//! The whole house on loopback ports: issuer, resource API and demo app, with the clients that real programs need.

use std::net::TcpListener;

use auth::clock::Clock;
use protocol::issuer::Issuer;
use protocol::secret::SecretString;
use resource_api::service::{self, Api};
use serde_json::json;
use store::Won;
use tempfile::TempDir;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use crate::app::{CLIENT_SECRET, TestApp, TestOptions};
use crate::database::TestDatabase;

/// Issuer, API and demo app, running until dropped.
pub struct House {
    pub app: TestApp,
    pub api_url: String,
    pub demo_app_url: String,
    pub notes: TempDir,
    stop: broadcast::Sender<()>,
    running: Vec<JoinHandle<std::io::Result<()>>>,
}

/// The API as a client of the issuer: it asks about tokens and API keys.
pub const API_CLIENT: &str = "api-client";

impl House {
    /// By the system's clock, because real clients have their own.
    pub async fn start(database: TestDatabase) -> Self {
        Self::start_with(database, |_| ()).await
    }

    /// The same, with other settings of the API.
    pub async fn start_with(database: TestDatabase, change: impl FnOnce(&mut service::Config)) -> Self {
        let (api_listener, api_url) = listener();
        let (demo_listener, demo_app_url) = listener();
        let options = TestOptions { clock: Clock::System, api: api_url.clone(), ..TestOptions::default() };
        let app = TestApp::start_with(database, options).await;
        let demo = json!({
            "token_endpoint_auth_method": "none",
            "redirect_uris": [format!("{demo_app_url}/callback")],
            "post_logout_redirect_uris": [format!("{demo_app_url}/signed-out")],
        });
        app.client("demo-web", &demo.to_string()).await;
        let api_client = json!({
            "redirect_uris": [format!("{api_url}/bff/callback")],
            "post_logout_redirect_uris": [format!("{api_url}/app")],
        });
        let api_client = app.client(API_CLIENT, &api_client.to_string()).await.id;
        let named = store::apis::set_resource_server(&app.store, &api_url, Some(&api_client)).await;
        assert_eq!(named.expect("a store"), Won::Yes);
        let notes = tempfile::tempdir().expect("a temporary directory");
        let issuer = Issuer::parse(&app.issuer).expect("a loopback issuer");
        let mut config = service::Config::new(issuer, api_url.clone());
        config.database_url = format!("sqlite:{}", notes.path().join("notes.db").display());
        config.authenticate_as(API_CLIENT, SecretString::new(CLIENT_SECRET.to_owned()));
        config.settings.allowed_origins = vec![demo_app_url.clone()];
        change(&mut config);
        let api = Api::new(config).await.expect("an API");
        let (stop, _) = broadcast::channel(1);
        let demo = demo_app::Config {
            issuer: app.issuer.clone(),
            client_id: "demo-web".to_owned(),
            api_url: api_url.clone(),
            base_url: demo_app_url.clone(),
            extra_ca: None,
        };
        let running = vec![
            tokio::spawn(service::run(api, api_listener, None, stopped(&stop))),
            tokio::spawn(demo_app::run(demo, demo_listener, stopped(&stop))),
        ];
        Self { app, api_url, demo_app_url, notes, stop, running }
    }
}

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
    let port = listener.local_addr().expect("a bound port").port();
    (listener, format!("http://localhost:{port}"))
}

fn stopped(stop: &broadcast::Sender<()>) -> impl Future<Output = ()> + Send + 'static {
    let mut stop = stop.subscribe();
    async move {
        let _ = stop.recv().await;
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.stop.send(());
        self.running.iter().for_each(JoinHandle::abort);
    }
}
