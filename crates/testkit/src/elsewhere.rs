//! Another server than ours: https on a loopback port, with a certificate of an authority of its own. What a client publishes
//! stands here, what it is told arrives here, and tests say how it answers.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::rt::time::sleep;
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use auth::config::OutboundConfig;
use futures_util::stream;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tempfile::NamedTempFile;

/// Signs certificates; its own is in a file, for `outbound.extra_ca`.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Another name than the certificates below it have, which OpenSSL would take for self-signed.
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate");
        let mut file = NamedTempFile::new().expect("a temporary file");
        file.write_all(issuer.pem().as_bytes()).expect("is written");
        Self { issuer, file }
    }

    /// The file with its certificate, there as long as this value.
    pub fn file(&self) -> &Path {
        self.file.path()
    }

    /// A certificate for a server with these names and addresses, and its key, as PEM.
    pub fn pem(&self, names: &[&str]) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate =
            CertificateParams::new(names).expect("names").signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// TLS for a server with these names and addresses.
    pub fn certify(&self, names: &[&str]) -> ServerConfig {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate =
            CertificateParams::new(names).expect("names").signed_by(&key, &self.issuer).expect("a certificate");
        ServerConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("known versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
            )
            .expect("a pair")
    }
}

/// How one path answers.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<Vec<u8>>,
    /// Before the head of the answer.
    pub delay: Duration,
    /// Before each part of the body.
    pub pause: Duration,
}

impl Reply {
    pub fn new(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: vec![body.into()], delay: Duration::ZERO, pause: Duration::ZERO }
    }

    pub fn status(status: u16) -> Self {
        Self { status, ..Self::new("") }
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    /// With the query.
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

/// Serves until the test ends.
pub struct Elsewhere {
    /// `localhost` and the port, as `outbound.allowed_private_addresses` writes it.
    pub host: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    replies: Mutex<HashMap<String, Reply>>,
    received: Mutex<Vec<Received>>,
}

impl Elsewhere {
    pub fn start(authority: &Authority) -> Self {
        Self::start_with(authority.certify(&["localhost", "127.0.0.1"]))
    }

    pub fn start_with(tls: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        let host = format!("localhost:{}", listener.local_addr().expect("a bound port").port());
        let shared = Arc::new(Shared::default());
        let served = Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || App::new().app_data(served.clone()).default_service(web::to(answer)))
            .workers(1)
            .disable_signals()
            .listen_rustls_0_23(listener, tls)
            .expect("a listener");
        actix_web::rt::spawn(server.run());
        Self { host, shared }
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.host)
    }

    pub fn publish(&self, path: &str, reply: Reply) {
        self.shared.replies.lock().expect("nobody panicked").insert(path.to_owned(), reply);
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().expect("nobody panicked").clone()
    }

    /// How often something was asked so far.
    pub fn count(&self) -> usize {
        self.received().len()
    }

    /// Settings under which a server of ours may ask this one.
    pub fn allowed_by(&self, authority: &Authority) -> OutboundConfig {
        OutboundConfig {
            extra_ca: Some(authority.file().to_owned()),
            allowed_private_addresses: vec![self.host.clone()],
            ..OutboundConfig::default()
        }
    }
}

async fn answer(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> HttpResponse {
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    shared.received.lock().expect("nobody panicked").push(Received {
        method: request.method().to_string(),
        path: request.uri().to_string(),
        headers: headers.collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let reply = shared.replies.lock().expect("nobody panicked").get(request.path()).cloned();
    let reply = reply.unwrap_or_else(|| Reply::status(404));
    sleep(reply.delay).await;
    let mut response = HttpResponse::build(StatusCode::from_u16(reply.status).expect("a status"));
    for (name, value) in reply.headers {
        response.insert_header((name, value));
    }
    let pause = reply.pause;
    match <[Vec<u8>; 1]>::try_from(reply.body) {
        Ok([body]) if pause.is_zero() => response.body(body),
        Ok([body]) => response.streaming(parts(vec![body], pause)),
        Err(many) => response.streaming(parts(many, pause)),
    }
}

fn parts(parts: Vec<Vec<u8>>, pause: Duration) -> impl stream::Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(parts.into_iter(), move |mut parts| async move {
        let part = parts.next()?;
        sleep(pause).await;
        Some((Ok(Bytes::from(part)), parts))
    })
}
