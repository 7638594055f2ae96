//! The document about the API itself (RFC 9728).

use protocol::issuer::Issuer as IssuerUrl;
use reqwest::Method;
use resource_api::{Routes, all_of, get, public, require};
use resource_api::{TrustedIssuer, in_handler, optional};
use serde_json::json;

use crate::api::send;
use crate::issuer::Issuer;
use crate::ways::{Service, challenge};

const PATH: &str = "/.well-known/oauth-protected-resource";

async fn nothing() -> &'static str {
    ""
}

fn routes() -> Routes {
    Routes::new()
        .add(get("/a", nothing).guard(require(all_of(["b:x", "a:x"]))))
        .add(get("/b", nothing).guard(in_handler(["c:x", "a:x"])))
        .add(get("/c", nothing).guard(optional()))
        .add(get("/d", nothing).guard(public()))
}

#[actix_web::test]
async fn it_says_who_issues_tokens_and_which_permissions_there_are() {
    let (issuer, second) = (Issuer::start(), Issuer::start());
    let trusted = TrustedIssuer::new(IssuerUrl::parse(&second.url).unwrap());
    let service = Service::with(&issuer, routes(), |settings| settings.issuers.push(trusted));
    let answer = send(service.get(PATH)).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let mut document = answer.json();
    let algorithms = document["dpop_signing_alg_values_supported"].take();
    assert!(algorithms.as_array().unwrap().contains(&json!("ES256")));
    let expected = json!({
        "resource": service.url, "authorization_servers": [issuer.url, second.url],
        "bearer_methods_supported": ["header"], "scopes_supported": ["a:x", "b:x", "c:x"],
        "dpop_signing_alg_values_supported": null,
    });
    assert_eq!(document, expected);
    let without = Service::with(&issuer, Routes::new().add(get("/d", nothing).guard(public())), |settings| {
        settings.dpop = None;
        settings.client_certificates = true;
    });
    let document = send(without.get(PATH)).await.json();
    assert!(document.get("dpop_signing_alg_values_supported").is_none() && document.get("scopes_supported").is_none());
    assert_eq!(
        document["tls_client_certificate_bound_access_tokens"], true,
        "where certificates can arrive, and only there"
    );
}

/// RFC 9728 §3.1 and §5.1: the challenge leads to the document, and its `resource` is the one that was asked for.
#[actix_web::test]
async fn a_resource_with_a_path_has_its_own_document() {
    let issuer = Issuer::start();
    let service =
        Service::with(&issuer, routes(), |settings| settings.public_url = "https://api.example/v1/notes".to_owned());
    let bare = send(service.get("/a")).await;
    let address = format!("https://api.example{PATH}/v1/notes");
    assert!(challenge(&bare, "Bearer").contains(&format!("resource_metadata=\"{address}\"")), "{bare:?}");
    assert!(challenge(&bare, "DPoP").contains(&format!("resource_metadata=\"{address}\"")), "{bare:?}");
    let answer = send(service.get(&format!("{PATH}/v1/notes"))).await;
    assert_eq!(answer.json()["resource"], "https://api.example/v1/notes");
    assert_eq!(send(service.get(PATH)).await.status, 404);
}

#[actix_web::test]
async fn it_answers_to_head_and_to_no_other_method() {
    let issuer = Issuer::start();
    let service = Service::with(&issuer, routes(), |_| {});
    let head = send(service.request(Method::HEAD, PATH)).await;
    assert_eq!((head.status, head.header("content-type"), head.text.as_str()), (200, "application/json", ""));
    let posted = send(service.request(Method::POST, PATH)).await;
    assert_eq!((posted.status, posted.header("allow")), (405, "GET, HEAD, OPTIONS"), "{posted:?}");
    let options = send(service.request(Method::OPTIONS, PATH)).await;
    assert_eq!((options.status, options.header("allow")), (204, "GET, HEAD, OPTIONS"), "{options:?}");
}

/// It is public and the same for all, and clients that run in browsers need it before anybody has listed their origin.
#[actix_web::test]
async fn every_origin_may_read_it() {
    let issuer = Issuer::start();
    let listed = "https://app.example";
    for origins in [Vec::new(), vec![listed.to_owned()]] {
        let service = Service::with(&issuer, routes(), |settings| settings.allowed_origins = origins);
        for origin in [listed, "https://anybody.example", "null"] {
            let get = send(service.get(PATH).header("origin", origin)).await;
            let posted = send(service.request(Method::POST, PATH).header("origin", origin)).await;
            // Some clients send headers of their own, as MCP-Protocol-Version.
            let preflight = service.request(Method::OPTIONS, PATH).header("access-control-request-method", "GET");
            let preflight = preflight.header("access-control-request-headers", "mcp-protocol-version");
            let preflight = send(preflight.header("origin", origin)).await;
            for (answer, status) in [(&get, 200), (&posted, 405), (&preflight, 204)] {
                assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, "*"), "{answer:?}");
                assert_eq!(answer.header("vary"), "", "the same for all");
            }
            assert_eq!(preflight.header("access-control-allow-headers"), "*");
            assert_eq!(preflight.header("access-control-allow-methods"), "GET, HEAD");
        }
        let other = send(service.get("/d").header("origin", "https://anybody.example")).await;
        assert_eq!(other.header("access-control-allow-origin"), "");
    }
}
