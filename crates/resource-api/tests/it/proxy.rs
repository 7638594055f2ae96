//! nginx with the lines of `docs/resource-api.md` in front of the API, below a path: tokens, proofs, signatures, keys.

use std::net::{IpAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use protocol::api_key::ApiKey;
use protocol::time::Timestamp;
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Client, Method};
use resource_api::certificate::thumbprint;
use resource_api::signature::{HostField, Message, Policy, PublicUrl, Signer, shared_key};
use serde_json::json;
use tempfile::TempDir;
use url::Url;

use crate::api::{Answer, TestApi, send};
use crate::issuer::{Issuer, now};
use crate::ways::holder::Holder;
use crate::ways::introspection::{Endpoint, draw};

const NGINX: &str = "COUNTERSIGN_TEST_NGINX";

/// Runs until dropped.
struct Nginx {
    child: Child,
    http: Client,
    /// Where callers reach the API.
    url: String,
    _directory: TempDir,
}

fn program() -> Option<String> {
    let named = std::env::var(NGINX).ok().filter(|path| !path.is_empty());
    if named.is_none() {
        eprintln!("left out: the test behind nginx ({NGINX} is not set)");
    }
    named
}

fn documented() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/resource-api.md");
    let text = std::fs::read_to_string(path).unwrap();
    text.split_once("```nginx\n").unwrap().1.split_once("```").unwrap().0.to_owned()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Nginx {
    /// `change`: to the documented lines.
    async fn start(program: &str, port: u16, upstream: &str, change: impl FnOnce(String) -> String) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        std::fs::write(at("api.pem"), certificate.pem()).unwrap();
        std::fs::write(at("api.key"), key.serialize_pem()).unwrap();
        let lines = change(documented())
            .replace("443 ssl", &format!("127.0.0.1:{port} ssl"))
            .replace("api.example.com", "localhost")
            .replace("/etc/ssl/", &at(""))
            .replace("http://127.0.0.1:8081", upstream);
        let kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let kept: Vec<_> = kept.iter().map(|what| format!("{what}_temp_path {};\n", at(what))).collect();
        let kept = kept.concat();
        let all = format!(
            "daemon off; master_process off; pid {}; error_log stderr warn;\nevents {{}}\nhttp {{\naccess_log off;\n{kept}{lines}}}\n",
            at("pid")
        );
        std::fs::write(at("nginx.conf"), all).unwrap();
        let child = Command::new(program).args(["-p", &at(""), "-c", &at("nginx.conf")]).spawn().unwrap();
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let trusted = reqwest::Certificate::from_der(certificate.der()).unwrap();
        // Not the address of the proxy, whom nobody would take for a caller.
        let http = Client::builder().no_proxy().tls_certs_only([trusted]).local_address(IpAddr::from([127, 0, 0, 2]));
        let http = http.build().unwrap();
        Self { child, http, url: public_url(port), _directory: directory }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = self.http.get(format!("{}{path}", self.url));
        send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    async fn signed(&self, path: &str, key: &ApiKey) -> Answer {
        let (url, secret) = (Url::parse(&self.url).unwrap(), shared_key(key.expose()));
        let nonce = u64::from_le_bytes(jwt::random::bytes()).to_string();
        let signer = Signer { key_id: &key.id, key: &secret, created: Timestamp(now()), nonce: &nonce };
        let message = Message { method: "GET", target: path, fields: &[] };
        let signed = signer.sign(&PublicUrl::new(&url).unwrap(), &message, b"").unwrap();
        self.get(path, &signed.iter().collect::<Vec<_>>()).await
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn public_url(port: u16) -> String {
    format!("https://localhost:{port}/notes-api")
}

async fn api(issuer: &Issuer, endpoint: &Endpoint, port: u16, host: HostField) -> TestApi {
    TestApi::start_with(&issuer.url, |config| {
        config.settings.public_url = public_url(port);
        config.settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        config.settings.introspection = Some(endpoint.settings());
        config.settings.basic = true;
        config.settings.signatures = Some(Policy { host, ..Policy::default() });
    })
    .await
}

#[actix_web::test]
async fn behind_nginx_every_way_works_as_documented() {
    let Some(program) = program() else { return };
    let (issuer, endpoint, holder, port) = (Issuer::start(), Endpoint::start(), Holder::new(), free_port());
    let api = api(&issuer, &endpoint, port, HostField::Agrees).await;
    let nginx = Nginx::start(&program, port, &api.url, |lines| lines).await;

    let document = format!("https://localhost:{port}/.well-known/oauth-protected-resource/notes-api");
    assert_eq!(send(nginx.http.get(&document)).await.json()["resource"], nginx.url.as_str());
    let nobody = nginx.get("/me", &[]).await;
    assert!(nobody.challenge().contains(&format!("resource_metadata=\"{document}\"")), "{nobody:?}");

    let bearer = format!("Bearer {}", issuer.token().sign());
    assert_eq!(nginx.get("/me", &[("authorization", &bearer)]).await.status, 200);
    let bound = holder.token(&issuer);
    let proof = holder.proof("GET", &format!("{}/me", nginx.url), &bound);
    let dpop = [("authorization", format!("DPoP {bound}")), ("dpop", proof)];
    let dpop = dpop.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(nginx.get("/me", &dpop).await.status, 200);

    let signs = endpoint.signing_key(json!({}));
    assert_eq!(nginx.signed("/notes?limit=1", &signs).await.status, 200);
    let odd = "/notes/a%7Cb%2Fc%20d/shares?a=%2F";
    for (key, status) in [(&signs, 404), (&draw(), 401)] {
        assert_eq!(nginx.signed(odd, key).await.status, status, "the path comes as it was sent");
    }

    let sent = nginx.http.get(format!("{}/me", nginx.url)).basic_auth("alice", Some(endpoint.key(json!({})).expose()));
    assert_eq!(send(sent).await.status, 200, "it came over TLS");
    let networks = |network: &str| endpoint.key(json!({ "allowed_networks": [network] }));
    for (network, status) in [("127.0.0.2/32", 200), ("203.0.113.0/24", 401)] {
        let key = networks(network);
        let headers = [("x-api-key", key.expose()), ("x-forwarded-for", "203.0.113.1")];
        assert_eq!(nginx.get("/me", &headers).await.status, status, "{network}");
    }

    let note = nginx.http.request(Method::POST, format!("{}/notes", nginx.url)).json(&json!({ "title": "Milk" }));
    let made = send(note.header("authorization", &bearer)).await;
    assert!(made.header("location").starts_with(&format!("{}/notes/", nginx.url)), "{made:?}");
    let stream = nginx.http.get(format!("{}/events", nginx.url)).header("authorization", &bearer);
    let mut stream = stream.timeout(Duration::from_secs(5)).send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some(), "nothing is held back");
}

#[actix_web::test]
async fn a_caller_cannot_name_a_certificate_through_nginx() {
    use base64::Engine as _;
    let Some(program) = program() else { return };
    let (issuer, endpoint, port) = (Issuer::start(), Endpoint::start(), free_port());
    let api = api(&issuer, &endpoint, port, HostField::Agrees).await;
    let key = KeyPair::generate().unwrap();
    let der = CertificateParams::new(vec!["client".to_owned()]).unwrap().self_signed(&key).unwrap().der().to_vec();
    let header = format!(":{}:", base64::engine::general_purpose::STANDARD.encode(&der));
    let token = issuer.token().claim("cnf", json!({ "x5t#S256": thumbprint(&der) })).sign();
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("client-cert", &header)];
    let nginx = Nginx::start(&program, port, &api.url, |lines| lines).await;
    assert_eq!(nginx.get("/me", &headers).await.status, 401);
}

/// nginx's own way is to write the name of the upstream.
#[actix_web::test]
async fn where_host_is_rewritten_signed_requests_need_the_setting() {
    let Some(program) = program() else { return };
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let without = |lines: String| lines.replace("proxy_set_header Host $http_host;", "");
    for (host, status) in [(HostField::Agrees, 401), (HostField::RewrittenByProxy, 200)] {
        let port = free_port();
        let api = api(&issuer, &endpoint, port, host).await;
        let nginx = Nginx::start(&program, port, &api.url, without).await;
        let key = endpoint.signing_key(json!({}));
        assert_eq!(nginx.signed("/me", &key).await.status, status, "{host:?}");
    }
}
