//! Tokens that are bound to a client certificate (RFC 8705 §3), over TLS and behind a proxy that ends it (RFC 9440).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};
use reqwest::Identity;
use resource_api::certificate::thumbprint;
use serde_json::json;

use crate::api::{Answer, send};
use crate::issuer::Issuer;
use crate::ways::holder::Holder;
use crate::ways::{Service, assert_challenged, assert_problem};

struct Client {
    identity: Identity,
    der: Vec<u8>,
}

impl Client {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["client".to_owned()]).unwrap().self_signed(&key).unwrap();
        let pem = format!("{}{}", certificate.pem(), key.serialize_pem());
        Self { identity: Identity::from_pem(pem.as_bytes()).unwrap(), der: certificate.der().to_vec() }
    }

    fn token(&self, issuer: &Issuer) -> String {
        issuer.token().claim("cnf", json!({ "x5t#S256": thumbprint(&self.der) })).sign()
    }

    fn header(&self) -> String {
        format!(":{}:", STANDARD.encode(&self.der))
    }

    /// `GET /me` on a connection with this certificate.
    async fn me(&self, service: &Service, token: &str) -> Answer {
        let http = service.client_with(self.identity.clone());
        send(http.get(format!("{}/me", service.url)).bearer_auth(token)).await
    }
}

fn with_proxy(issuer: &Issuer, proxy: &str) -> Service {
    let proxy = proxy.parse().unwrap();
    Service::start(issuer, |settings| settings.trusted_proxies = vec![proxy])
}

async fn forwarded(service: &Service, token: &str, certificates: &[&str]) -> Answer {
    let request = service.get("/me").bearer_auth(token);
    send(certificates.iter().fold(request, |request, value| request.header("client-cert", *value))).await
}

#[actix_web::test]
async fn the_certificate_of_the_connection_is_the_one_that_the_token_names() {
    let (issuer, client, thief) = (Issuer::start(), Client::new(), Client::new());
    let service = Service::start_with_tls(&issuer, |_| {});
    let token = client.token(&issuer);
    assert_eq!(client.me(&service, &token).await.status, 200);
    assert_challenged(&thief.me(&service, &token).await, "Bearer", "invalid_token", "client certificate");
    assert_challenged(&service.me_as(&token).await, "Bearer", "invalid_token", "client certificate");
    let sent_along = forwarded(&service, &token, &[&client.header()]).await;
    assert_challenged(&sent_along, "Bearer", "invalid_token", "client certificate");
    let plain = issuer.token().sign();
    assert_eq!(client.me(&service, &plain).await.status, 200, "a certificate does no harm");
    assert_eq!(service.me_as(&plain).await.status, 200);
}

#[actix_web::test]
async fn a_listed_proxy_names_the_certificate() {
    let (issuer, client, thief) = (Issuer::start(), Client::new(), Client::new());
    let service = with_proxy(&issuer, "127.0.0.1/32");
    let token = client.token(&issuer);
    assert_eq!(forwarded(&service, &token, &[&client.header()]).await.status, 200);
    let wrong = forwarded(&service, &token, &[&thief.header()]).await;
    assert_challenged(&wrong, "Bearer", "invalid_token", "client certificate");
    assert_challenged(&forwarded(&service, &token, &[]).await, "Bearer", "invalid_token", "client certificate");
    let twice = forwarded(&service, &token, &[&client.header(), &client.header()]).await;
    assert_problem(&twice, 400, Some("invalid_request"), "more than once");
    assert_problem(&forwarded(&service, &token, &["MIIB"]).await, 400, Some("invalid_request"), "Client-Cert");
}

#[actix_web::test]
async fn a_certificate_that_a_stranger_names_is_refused() {
    let (issuer, client) = (Issuer::start(), Client::new());
    let token = client.token(&issuer);
    let elsewhere = with_proxy(&issuer, "10.0.0.0/8");
    let answer = forwarded(&elsewhere, &token, &[&client.header()]).await;
    assert_problem(&answer, 400, Some("invalid_request"), "listed proxies only");
    let none_listed = Service::start(&issuer, |_| {});
    let answer = forwarded(&none_listed, &token, &[&client.header()]).await;
    assert_challenged(&answer, "Bearer", "invalid_token", "client certificate");
}

#[actix_web::test]
async fn a_token_that_is_bound_twice_needs_both() {
    let (issuer, client, thief, holder) = (Issuer::start(), Client::new(), Client::new(), Holder::new());
    let service = with_proxy(&issuer, "127.0.0.1/32");
    let cnf = json!({ "jkt": holder.jkt(), "x5t#S256": thumbprint(&client.der) });
    let token = issuer.token().claim("cnf", cnf).sign();
    let ask = |certificate: Option<String>| {
        let request = service.get("/me").header("authorization", format!("DPoP {token}"));
        let request = request.header("dpop", holder.proof_of_me(&service, &token));
        send(certificate.iter().fold(request, |request, value| request.header("client-cert", value)))
    };
    assert_eq!(ask(Some(client.header())).await.status, 200);
    assert_challenged(&ask(None).await, "DPoP", "invalid_token", "client certificate");
    assert_challenged(&ask(Some(thief.header())).await, "DPoP", "invalid_token", "client certificate");
    let bearer = forwarded(&service, &token, &[&client.header()]).await;
    assert_challenged(&bearer, "Bearer", "invalid_token", "bound to a key");
}
