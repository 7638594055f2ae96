//! Client certificates over real TLS: what a connection proved is what a handler finds. The client is rustls itself, which can
//! be made to lie.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use actix_web::{App, HttpRequest, HttpServer, web};
use rcgen::{CertificateParams, KeyPair};
use resource_api::certificate::{AnyClientCertificate, Source, on_connect, presented, thumbprint};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig, SignatureScheme, Stream};

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A server that answers with the thumbprint it found, and the certificate that it is to be trusted by.
struct Server {
    address: SocketAddr,
    certificate: CertificateDer<'static>,
}

/// A self-signed certificate and its key.
fn certificate() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
}

async fn tell(request: HttpRequest) -> String {
    let told = |source| match presented(&request, source) {
        Ok(Some(thumbprint)) => thumbprint.as_str().to_owned(),
        Ok(None) => "none".to_owned(),
        Err(error) => format!("{error:?}"),
    };
    format!("{} {}", told(Source::Connection), told(Source::ConnectionOrProxy(&|peer| peer.is_loopback())))
}

impl Server {
    fn start() -> Self {
        let (certificate, key) = certificate();
        let provider = Arc::new(default_provider());
        let tls = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(AnyClientCertificate::new(&provider))
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let server = HttpServer::new(|| App::new().route("/", web::get().to(tell)))
            .on_connect(on_connect)
            .workers(1)
            .disable_signals()
            .listen_rustls_0_23(listener, tls)
            .unwrap();
        actix_web::rt::spawn(server.run());
        Self { address, certificate }
    }

    fn client(&self, client: Option<CertifiedKey>, version: &'static rustls::SupportedProtocolVersion) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots);
        match client {
            Some(key) => builder.with_client_cert_resolver(Arc::new(Always(Arc::new(key)))),
            None => builder.with_no_client_auth(),
        }
    }

    /// The body of the answer, and whether the TLS session was new.
    async fn ask(
        &self,
        client: &Arc<ClientConfig>,
        header: &'static str,
    ) -> std::io::Result<(String, Option<HandshakeKind>)> {
        let (client, address) = (Arc::clone(client), self.address);
        let exchange = move || {
            let mut tls = ClientConnection::new(client, ServerName::try_from("localhost").unwrap()).unwrap();
            let mut tcp = TcpStream::connect(address)?;
            let mut stream = Stream::new(&mut tls, &mut tcp);
            write!(stream, "GET / HTTP/1.1\r\nHost: localhost\r\n{header}Connection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok((answer.rsplit("\r\n").next().unwrap().to_owned(), tls.handshake_kind()))
        };
        tokio::task::spawn_blocking(exchange).await.unwrap()
    }
}

#[actix_web::test]
async fn the_certificate_of_a_connection_is_found() {
    let server = Server::start();
    for version in [&TLS12, &TLS13] {
        let (certificate, key) = certificate();
        let key = CertifiedKey::new(vec![certificate.clone()], any_supported_type(&key).unwrap());
        let client = Arc::new(server.client(Some(key), version));
        let expected = format!("{} none", thumbprint(&certificate));
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
            assert_eq!(server.ask(&client, "").await.unwrap(), (expected.clone(), Some(kind)), "{version:?}");
        }
    }
}

/// Certificates are asked for and not demanded, so that clients with other tokens are served too.
#[actix_web::test]
async fn a_client_without_a_certificate_is_served() {
    let server = Server::start();
    for version in [&TLS12, &TLS13] {
        let client = Arc::new(server.client(None, version));
        assert_eq!(server.ask(&client, "").await.unwrap().0, "none none", "{version:?}");
    }
}

#[actix_web::test]
async fn a_certificate_without_its_key_opens_no_connection() {
    let server = Server::start();
    for version in [&TLS12, &TLS13] {
        let ((stolen, _), (_, own)) = (certificate(), certificate());
        let forged = CertifiedKey::new(vec![stolen], any_supported_type(&own).unwrap());
        let client = Arc::new(server.client(Some(forged), version));
        assert!(server.ask(&client, "").await.is_err(), "{version:?}");
    }
}

/// The certificate with which a proxy connects is its own; that of the client is in the header.
#[actix_web::test]
async fn the_certificate_of_a_proxy_is_not_that_of_its_client() {
    let server = Server::start();
    let (certificate, key) = certificate();
    let key = CertifiedKey::new(vec![certificate.clone()], any_supported_type(&key).unwrap());
    let client = Arc::new(server.client(Some(key), &TLS13));
    let own = thumbprint(&certificate);
    let forwarded = thumbprint(&[0x30, 0]);
    let (told, _) = server.ask(&client, "Client-Cert: :MAA=:\r\n").await.unwrap();
    assert_eq!(told, format!("{own} {forwarded}"));
}
