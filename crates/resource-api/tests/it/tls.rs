//! TLS on both sides: an issuer with a private authority, and the API itself behind a certificate.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::FutureExt as _;
use protocol::issuer::Issuer as IssuerUrl;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use resource_api::StartError;
use resource_api::service::{self, Api, Config, Error};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tokio::sync::oneshot;

use crate::api::{TestApi, sqlite_in};
use crate::issuer::{AUDIENCE, Issuer};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    fn certify(&self, host: &str) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        ServerConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap()
    }
}

#[actix_web::test]
async fn an_issuer_with_a_private_authority_is_trusted_when_told_so() {
    let authority = Authority::new();
    let issuer = Issuer::start_with_tls(authority.certify("localhost"));
    let trusting = TestApi::start_with(&issuer.url, |config| config.settings.extra_ca = Some(authority.pem())).await;
    assert_eq!(trusting.get("/me", &issuer.token().sign()).await.status, 200);
    let other = Authority::new();
    let wary = TestApi::start_with(&issuer.url, |config| config.settings.extra_ca = Some(other.pem())).await;
    assert_eq!(wary.get("/me", &issuer.token().sign()).await.status, 503);
}

#[actix_web::test]
async fn an_issuer_on_https_cannot_send_us_to_plain_http_for_its_keys() {
    let authority = Authority::new();
    let issuer = Issuer::start_with_tls(authority.certify("localhost"));
    let plain = Issuer::start();
    issuer.bend(|answers| answers.jwks_uri = format!("{}/jwks", plain.url));
    let api = TestApi::start_with(&issuer.url, |config| config.settings.extra_ca = Some(authority.pem())).await;
    assert_eq!(api.get("/me", &issuer.token().sign()).await.status, 503);
    assert_eq!(plain.jwks_count(), 0);
}

#[actix_web::test]
async fn an_authority_that_is_no_certificate_is_told_at_start() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = Config::new(IssuerUrl::parse("https://id.example").unwrap(), AUDIENCE);
    config.database_url = sqlite_in(&directory);
    for pem in ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate in here", ""] {
        config.settings.extra_ca = Some(pem.as_bytes().to_vec());
        let refused = Api::new(config.clone()).await;
        assert!(matches!(refused, Err(Error::Start(StartError::HttpClient(_)))), "{pem:?}: {refused:?}");
    }
}

#[actix_web::test]
async fn the_api_itself_speaks_tls_and_says_so() {
    let (authority, issuer, directory) = (Authority::new(), Issuer::start(), tempfile::tempdir().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let mut config = Config::new(IssuerUrl::parse(&issuer.url).unwrap(), AUDIENCE);
    config.settings.public_url.clone_from(&url);
    config.database_url = sqlite_in(&directory);
    let api = Api::new(config).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running =
        actix_web::rt::spawn(service::run(api, listener, Some(authority.certify("localhost")), stopped.map(drop)));
    let trusted = reqwest::Certificate::from_pem(&authority.pem()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    let answer = http.get(format!("{url}/me")).bearer_auth(issuer.token().sign()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    drop((answer, http));
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    // Stopping this server leaves the others of the process alone.
    sleep(Duration::from_millis(500)).await;
    let other = TestApi::start(&issuer).await;
    assert_eq!(other.get("/me", &issuer.token().sign()).await.status, 200);
}
