//! A running API with its own database, and how tests talk to it.

use std::net::{SocketAddr, TcpListener};

use futures_util::FutureExt as _;
use protocol::issuer::Issuer as IssuerUrl;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use resource_api::service::{self, Api, Config};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::issuer::{AUDIENCE, Issuer};

pub struct TestApi {
    pub url: String,
    http: Client,
    _stop: oneshot::Sender<()>,
    _directory: TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl TestApi {
    /// An API that trusts `issuer`.
    pub async fn start(issuer: &Issuer) -> Self {
        Self::start_with(&issuer.url, |_| {}).await
    }

    /// The same with a changed configuration. The issuer need not be there.
    pub async fn start_with(issuer: &str, change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut config = Config::new(IssuerUrl::parse(issuer).unwrap(), AUDIENCE);
        config.database_url = sqlite_in(&directory);
        config.settings.public_url.clone_from(&url);
        config.workers = Some(2);
        change(&mut config);
        let api = Api::new(config).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(service::run(api, listener, None, stopped.map(drop)));
        let http = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        Self { url, http, _stop: stop, _directory: directory }
    }

    /// What a request without a credential is told; `more` stands behind the realm.
    pub fn bare_challenge(&self, more: &str) -> String {
        let metadata = format!("{}/.well-known/oauth-protected-resource", self.url);
        format!("Bearer realm=\"{AUDIENCE}\"{more}, resource_metadata=\"{metadata}\"")
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    pub async fn delete(&self, path: &str, token: &str) -> Answer {
        send(self.request(Method::DELETE, path).bearer_auth(token)).await
    }

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).bearer_auth(token).json(body)).await
    }

    pub async fn put(&self, path: &str, token: &str, body: &Value) -> Answer {
        send(self.request(Method::PUT, path).bearer_auth(token).json(body)).await
    }
}

pub fn sqlite_in(directory: &TempDir) -> String {
    format!("sqlite:{}", directory.path().join("notes.db").display())
}

pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn challenge(&self) -> &str {
        self.header("www-authenticate")
    }

    /// A problem document about a refused token: 401, the word in body and challenge, this sentence.
    #[track_caller]
    pub fn assert_invalid_token(&self, sentence: &str) {
        assert_eq!(self.status, 401, "{self:?}");
        let problem = self.json();
        assert_eq!(problem["error"], "invalid_token");
        assert!(problem["detail"].as_str().unwrap().contains(sentence), "{sentence}: {problem}");
        let start = format!("Bearer realm=\"{AUDIENCE}\", error=\"invalid_token\", error_description=\"");
        assert!(self.challenge().starts_with(&start), "{}", self.challenge());
    }
}
