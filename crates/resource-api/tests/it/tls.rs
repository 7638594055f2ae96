//! TLS on both sides: an issuer with a private authority, and the API itself behind a certificate.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::rt::time::sleep;
use futures_util::FutureExt as _;
use protocol::issuer::Issuer as IssuerUrl;
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::Identity;
use resource_api::StartError;
use resource_api::certificate::thumbprint;
use resource_api::service::{self, Api, Config, Error};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::api::{TestApi, sqlite_in};
use crate::issuer::{AUDIENCE, Issuer};
use crate::program::Running;

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

    fn sign(&self, host: &str) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        (CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap(), key)
    }

    fn certify(&self, host: &str) -> ServerConfig {
        let (certificate, key) = self.sign(host);
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

/// The program with certificate and key in files. It asks for certificates only where it says so.
#[actix_web::test]
async fn the_program_takes_tokens_that_are_bound_to_a_certificate() {
    let (authority, issuer, directory) = (Authority::new(), Issuer::start(), tempfile::tempdir().unwrap());
    let (certificate, key) = authority.sign("localhost");
    let file = |name: &str, pem: String| {
        let path = directory.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (certificate, key) = (file("cert.pem", certificate.pem()), file("key.pem", key.serialize_pem()));
    let client = CertificateParams::new(vec!["client".to_owned()]).unwrap();
    let client_key = KeyPair::generate().unwrap();
    let client = client.self_signed(&client_key).unwrap();
    let identity = Identity::from_pem(format!("{}{}", client.pem(), client_key.serialize_pem()).as_bytes()).unwrap();
    let token = issuer.token().claim("cnf", json!({ "x5t#S256": thumbprint(client.der()) })).sign();
    let trusted = reqwest::Certificate::from_pem(&authority.pem()).unwrap();
    let http = || reqwest::Client::builder().no_proxy().tls_certs_only([trusted.clone()]);
    let (with, without) = (http().identity(identity).build().unwrap(), http().build().unwrap());
    for (asks, expected) in [("true", 200), ("false", 401)] {
        let program = Running::start(
            &directory,
            &[
                ("ISSUER", &issuer.url),
                ("AUDIENCE", AUDIENCE),
                ("TLS_CERT_FILE", &certificate),
                ("TLS_KEY_FILE", &key),
                ("CLIENT_CERTIFICATES", asks),
            ],
        );
        let url = program.address.replace("127.0.0.1", "localhost");
        let me = async |http: &reqwest::Client, token: &str| {
            http.get(format!("{url}/me")).bearer_auth(token).send().await.unwrap().status()
        };
        assert_eq!(me(&without, &issuer.token().sign()).await, 200, "nobody needs a certificate");
        assert_eq!(me(&with, &token).await, expected, "{asks}");
        assert_eq!(me(&without, &token).await, 401, "{asks}");
        let document = http().build().unwrap().get(format!("{url}/.well-known/oauth-protected-resource")).send();
        let document: Value = document.await.unwrap().json().await.unwrap();
        let told = document.get("tls_client_certificate_bound_access_tokens") == Some(&json!(true));
        assert_eq!(told, expected == 200, "{document}");
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
