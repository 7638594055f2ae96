//! A service of a stranger: this library, a handful of handlers, and the settings of one test.

pub mod holder;
pub mod introspection;

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::Bytes;
use actix_web::{App, HttpServer};
use protocol::issuer::Issuer as IssuerUrl;
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Certificate, Client, Identity, Method, RequestBuilder};
use resource_api::certificate::{AnyClientCertificate, on_connect};
use resource_api::{Caller, KeepFresh, ResourceServer, Routes, Settings, authenticated, get, layer, post, require};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};

use crate::api::{Answer, send};
use crate::issuer::{AUDIENCE, Issuer};

/// Runs as long as the test.
pub struct Service {
    pub url: String,
    http: Client,
    /// Of the server's certificate.
    trusted: Option<Certificate>,
    _keys: KeepFresh,
}

/// Whoever a handler found, as JSON.
pub async fn me(caller: Caller) -> String {
    let identity = caller.identity();
    json!({
        "sub": identity.subject, "kind": format!("{:?}", identity.kind), "client_id": identity.client_id,
        "issuer": &*identity.issuer, "permissions": caller.permissions().collect::<Vec<_>>(),
    })
    .to_string()
}

pub async fn echo(body: Bytes) -> Bytes {
    body
}

fn routes() -> Routes {
    Routes::new()
        .add(get("/me", me).guard(authenticated()))
        .add(get("/notes", me).guard(require("notes:read")))
        .add(post("/notes", echo).guard(require("notes:write")))
}

impl Service {
    /// `GET /me`, `GET /notes` and `POST /notes`, which sends the body back.
    pub fn start(issuer: &Issuer, change: impl FnOnce(&mut Settings)) -> Self {
        Self::with(issuer, routes(), change)
    }

    pub fn with(issuer: &Issuer, routes: Routes, change: impl FnOnce(&mut Settings)) -> Self {
        Self::listen(issuer, routes, None, change)
    }

    /// The same behind TLS, asking for client certificates.
    pub fn start_with_tls(issuer: &Issuer, change: impl FnOnce(&mut Settings)) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let provider = Arc::new(default_provider());
        let tls = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(AnyClientCertificate::new(&provider))
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap());
        let trusted = Certificate::from_der(certificate.der()).unwrap();
        Self::listen(issuer, routes(), Some((tls.unwrap(), trusted)), change)
    }

    fn listen(
        issuer: &Issuer,
        routes: Routes,
        tls: Option<(ServerConfig, Certificate)>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = if tls.is_some() { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") };
        let mut settings = Settings::new(IssuerUrl::parse(&issuer.url).unwrap(), AUDIENCE);
        settings.public_url.clone_from(&url);
        change(&mut settings);
        let server = ResourceServer::new(settings, routes).unwrap();
        let keys = server.keep_fresh();
        let app = HttpServer::new(move || {
            let server = server.clone();
            App::new().wrap(from_fn(layer)).configure(move |app| server.configure(app))
        });
        let app = app.on_connect(on_connect).workers(2).disable_signals();
        let (app, trusted) = match tls {
            Some((tls, trusted)) => (app.listen_rustls_0_23(listener, tls).unwrap(), Some(trusted)),
            None => (app.listen(listener).unwrap(), None),
        };
        actix_web::rt::spawn(app.run());
        Self { url, http: client(trusted.clone(), None), trusted, _keys: keys }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// `GET /me` with one header.
    pub async fn me(&self, name: &str, value: &str) -> Answer {
        send(self.get("/me").header(name, value)).await
    }

    pub async fn me_as(&self, token: &str) -> Answer {
        send(self.get("/me").bearer_auth(token)).await
    }

    /// A client that has a certificate of its own.
    pub fn client_with(&self, identity: Identity) -> Client {
        client(self.trusted.clone(), Some(identity))
    }
}

fn client(trusted: Option<Certificate>, identity: Option<Identity>) -> Client {
    let builder = Client::builder().no_proxy().tls_certs_only(trusted);
    match identity {
        Some(identity) => builder.identity(identity),
        None => builder,
    }
    .build()
    .unwrap()
}

/// A problem document (RFC 9457) with a trace id, which the log has as well.
#[track_caller]
pub fn assert_problem(answer: &Answer, status: u16, error: Option<&str>, sentence: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let problem = answer.json();
    assert_eq!((&problem["type"], &problem["status"]), (&json!("about:blank"), &json!(status)));
    assert_eq!(problem.get("error").and_then(Value::as_str), error, "{problem}");
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(sentence)), "{sentence}: {problem}");
    assert_eq!(problem["trace_id"], answer.header("x-trace-id"));
    assert_eq!(answer.header("x-trace-id").len(), 32);
}

/// 401 with the error in the challenge of this scheme.
#[track_caller]
pub fn assert_challenged(answer: &Answer, scheme: &str, error: &str, sentence: &str) {
    assert_problem(answer, 401, Some(error), sentence);
    let challenge = challenge(answer, scheme);
    assert!(challenge.contains(&format!(", error=\"{error}\"")), "{challenge}");
}

/// The challenge of this scheme, or an empty text.
pub fn challenge(answer: &Answer, scheme: &str) -> String {
    let start = format!("{scheme} ");
    let challenges = answer.headers.get_all("www-authenticate").iter().map(|value| value.to_str().unwrap());
    let mut found = challenges.filter(|challenge| challenge.starts_with(&start));
    let first = found.next().unwrap_or_default().to_owned();
    assert!(found.next().is_none(), "{answer:?}");
    first
}
