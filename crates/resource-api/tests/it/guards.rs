//! What the lines of a route table demand (RFC 6750 §3.1, RFC 9470 §3), and that a request brings one credential.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use protocol::issuer::Issuer as IssuerUrl;
use reqwest::Method;
use resource_api::signature::Policy;
use resource_api::{
    Caller, Claims, Problem, Reach, ResourceServer, Routes, Seconds, Settings, StartError, all_of, any_of,
    authenticated, get, in_handler, optional, post, public, require,
};
use serde::Deserialize;
use serde_json::json;

use crate::api::{Answer, send};
use crate::issuer::{AUDIENCE, Issuer, now};
use crate::logs::LOG;
use crate::ways::holder::Holder;
use crate::ways::introspection::{Endpoint, draw};
use crate::ways::{Service, assert_challenged, assert_problem, challenge, me};

async fn nothing() -> &'static str {
    ""
}

async fn name(caller: Option<Caller>) -> String {
    caller.map_or("nobody".to_owned(), |caller| caller.subject().to_owned())
}

async fn asking(caller: Caller) -> Result<&'static str, Problem> {
    caller.require("a:x")?;
    Ok("asked")
}

async fn switching() -> HttpResponse {
    HttpResponse::new(StatusCode::SEE_OTHER)
}

#[derive(Deserialize)]
struct Department {
    department: String,
}

async fn department(Claims(claims): Claims<Department>) -> String {
    claims.department
}

async fn with(service: &Service, path: &str, issuer: &Issuer, scope: &str) -> Answer {
    send(service.get(path).bearer_auth(issuer.token().claim("scope", scope).sign())).await
}

/// The sentence names what is missing, the challenge what is enough.
#[track_caller]
fn assert_misses(answer: &Answer, missing: &str, enough: &str) {
    assert_problem(answer, 403, Some("insufficient_scope"), &format!("this needs {missing}, which"));
    assert!(challenge(answer, "Bearer").contains(&format!(", scope=\"{enough}\"")), "{answer:?}");
}

#[actix_web::test]
async fn all_any_and_nested_demands() {
    let issuer = Issuer::start();
    let routes = Routes::new()
        .add(get("/all", nothing).guard(require(all_of(["a:x", "b:x"]))))
        .add(get("/any", nothing).guard(require(any_of(["a:x", "b:x"]))))
        .add(get("/nested", nothing).guard(require(any_of([all_of(["a:x", "b:x"]), all_of(["c:x"])]))))
        .add(get("/two", nothing).guard(require("a:x")).guard(require("b:x")));
    let service = Service::with(&issuer, routes, |_| {});
    for path in ["/all", "/two"] {
        assert_eq!(with(&service, path, &issuer, "b:x a:x").await.status, 200, "{path}");
        assert_misses(&with(&service, path, &issuer, "a:x").await, "b:x", "a:x b:x");
        assert_misses(&with(&service, path, &issuer, "b:x c:x").await, "a:x", "a:x b:x");
        assert_misses(&with(&service, path, &issuer, "").await, "a:x b:x", "a:x b:x");
    }
    assert_eq!(with(&service, "/any", &issuer, "b:x").await.status, 200);
    assert_misses(&with(&service, "/any", &issuer, "c:x").await, "a:x", "a:x");
    assert_eq!(with(&service, "/nested", &issuer, "c:x").await.status, 200);
    assert_misses(&with(&service, "/nested", &issuer, "b:x").await, "a:x", "a:x b:x");
    for near in ["a:xx b:x", "A:X b:x", "a: b:x", "a:* b:x", "* b:x"] {
        assert_misses(&with(&service, "/all", &issuer, near).await, "a:x", "a:x b:x");
    }
}

#[actix_web::test]
async fn the_guard_of_a_scope_holds_for_each_line_in_it() {
    let issuer = Issuer::start();
    let inside = Routes::new()
        .add(get("/plain", nothing))
        .add(get("/more", nothing).guard(require("b:x")))
        .add(get("/public", nothing).guard(public()))
        .add(post("/plain", nothing).guard(optional()));
    let service = Service::with(&issuer, Routes::new().scope("/in", &require("a:x"), inside), |_| {});
    assert_eq!(with(&service, "/in/plain", &issuer, "a:x").await.status, 200);
    assert_misses(&with(&service, "/in/plain", &issuer, "b:x").await, "a:x", "a:x");
    assert_eq!(with(&service, "/in/more", &issuer, "a:x b:x").await.status, 200);
    assert_misses(&with(&service, "/in/more", &issuer, "b:x").await, "a:x", "a:x b:x");
    assert_misses(&with(&service, "/in/more", &issuer, "a:x").await, "b:x", "a:x b:x");
    assert_eq!(send(service.get("/in/public")).await.status, 401, "the door of the scope stays shut");
    assert_eq!(send(service.request(Method::POST, "/in/plain")).await.status, 401);
}

#[actix_web::test]
async fn optional_means_nobody_or_somebody_good() {
    let issuer = Issuer::start();
    let service = Service::with(&issuer, Routes::new().add(get("/", name).guard(optional())), |_| {});
    assert_eq!(send(service.get("/")).await.text, "nobody");
    let somebody = with(&service, "/", &issuer, "").await;
    // Nothing tells a cache what a cookie, an API key or a signature decided (RFC 9111 §3.5 knows `Authorization` alone).
    assert_eq!((somebody.text.as_str(), somebody.header("cache-control")), ("alice", "no-store"));
    assert_eq!(send(service.get("/")).await.header("cache-control"), "");
    let expired = issuer.token().claim("exp", 1).sign();
    let answer = send(service.get("/").bearer_auth(expired)).await;
    assert_challenged(&answer, "Bearer", "invalid_token", "expired");
    assert_eq!(send(service.get("/").header("authorization", "Bearer")).await.status, 400);
    assert_problem(&send(service.get("/?access_token=x")).await, 401, None, "never read");
}

/// Whoever sends `Authorization` wants to be somebody: what is unknown or switched off does not make them nobody.
#[actix_web::test]
async fn optional_is_not_for_whoever_sends_another_scheme() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let routes = || Routes::new().add(get("/", name).guard(optional())).add(get("/public", name).guard(public()));
    let few = Service::with(&issuer, routes(), |settings| settings.dpop = None);
    let all = Service::with(&issuer, routes(), |settings| {
        settings.introspection = Some(endpoint.settings());
        settings.basic = true;
    });
    let unknown = ["Digest username=\"a\"", "Bearerabc", "Token x", "", "Negotiate"];
    let off = ["Basic YTpi", "DPoP abc"];
    for (service, basic, headers) in [(&few, false, [&unknown[..], &off].concat()), (&all, true, unknown.to_vec())] {
        for header in headers {
            let answer = send(service.get("/").header("authorization", header)).await;
            assert_problem(&answer, 401, None, "is not accepted here");
            assert!(challenge(&answer, "Bearer").starts_with("Bearer realm="), "{answer:?}");
            assert!(!challenge(&answer, "Bearer").contains("error"), "{answer:?}");
            assert_eq!(!challenge(&answer, "Basic").is_empty(), basic, "{answer:?}");
            assert_eq!(send(service.get("/public").header("authorization", header)).await.text, "nobody");
        }
        assert_eq!(send(service.get("/")).await.text, "nobody");
        assert_eq!(send(service.get("/").header("cookie", "a=b")).await.text, "nobody");
    }
    let key = endpoint.key(json!({}));
    let beside = all.get("/").header("authorization", "Digest x").header("x-api-key", key.expose());
    assert_eq!(send(beside).await.text, "alice", "one credential that counts");
}

/// Where the issuer can be asked, a text with two dots is a JWT only if it begins like one.
#[actix_web::test]
async fn an_opaque_token_may_have_two_dots() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let routes = || Routes::new().add(get("/", name).guard(authenticated()));
    let asking = Service::with(&issuer, routes(), |settings| settings.introspection = Some(endpoint.settings()));
    let alone = Service::with(&issuer, routes(), |_| {});
    for token in ["a.b.c", "2024.at.x1", "W10.e30.c2ln"] {
        endpoint.knows(token, json!({}));
        assert_eq!(send(asking.get("/").bearer_auth(token)).await.text, "alice", "{token}");
        let answer = send(alone.get("/").bearer_auth(token)).await;
        assert_challenged(&answer, "Bearer", "invalid_token", "");
        assert!(!answer.text.contains("opaque"), "{answer:?}");
    }
    let asked = endpoint.asked().len();
    // `{}` and `\n{}`: read here, and found wanting.
    for token in ["e30.e30.c2ln", "Cnt9.e30.c2ln"] {
        endpoint.knows(token, json!({}));
        assert_challenged(&send(asking.get("/").bearer_auth(token)).await, "Bearer", "invalid_token", "");
    }
    assert_eq!(send(asking.get("/").bearer_auth(issuer.token().sign())).await.text, "alice");
    assert_eq!(endpoint.asked().len(), asked, "nobody is asked about a JWT");
}

#[actix_web::test]
async fn public_lines_look_at_no_credential() {
    let issuer = Issuer::start();
    let service = Service::with(&issuer, Routes::new().add(get("/", name).guard(public())), |_| {});
    for header in ["Bearer nonsense", "Bearer", "Basic !", &format!("Bearer {}", issuer.token().sign())] {
        let answer = send(service.get("/?access_token=a").header("authorization", header)).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "nobody"), "{header}");
    }
}

#[actix_web::test]
async fn a_handler_that_is_to_decide_has_to() {
    let log = &*LOG;
    let issuer = Issuer::start();
    let routes = Routes::new()
        .add(get("/asking", asking).guard(in_handler(["a:x"])))
        .add(get("/silent", me).guard(in_handler(["a:x"])))
        .add(get("/elsewhere", switching).guard(in_handler(["a:x"])));
    let service = Service::with(&issuer, routes, |_| {});
    assert_eq!(with(&service, "/asking", &issuer, "a:x").await.text, "asked");
    assert_misses(&with(&service, "/asking", &issuer, "b:x").await, "a:x", "a:x");
    assert_eq!(send(service.get("/asking")).await.status, 401);
    for path in ["/silent", "/elsewhere"] {
        let answer = with(&service, path, &issuer, "a:x").await;
        assert_problem(&answer, 500, Some("server_error"), "could not complete");
        assert!(!answer.text.contains("alice"), "{answer:?}");
        let lines = log.lines_with(answer.header("x-trace-id"));
        assert!(lines.iter().any(|line| line.contains("without asking Caller::require")), "{lines:?}");
    }
    let holder = Holder::new();
    let token = issuer.token().claim("scope", "").claim("cnf", json!({ "jkt": holder.jkt() })).sign();
    let proof = holder.proof("GET", &format!("{}/asking", service.url), &token);
    let request = service.get("/asking").header("authorization", format!("DPoP {token}")).header("dpop", proof);
    let answer = send(request).await;
    assert_problem(&answer, 403, Some("insufficient_scope"), "a:x");
    assert!(challenge(&answer, "DPoP").contains("error=\"insufficient_scope\""), "{answer:?}");
    assert!(!challenge(&answer, "Bearer").contains("error"), "{answer:?}");
}

#[actix_web::test]
async fn a_sign_in_that_is_too_weak_or_too_old_is_to_be_repeated() {
    let issuer = Issuer::start();
    let routes = Routes::new()
        .add(get("/strong", nothing).guard(authenticated().acr(["urn:a", "urn:b"])))
        .add(get("/recent", nothing).guard(require("a:x").max_age(Seconds::minutes(5))));
    let service = Service::with(&issuer, routes, |_| {});
    let ask = |path, acr: Option<&str>, age: Option<i64>| {
        let mut token = issuer.token().claim("scope", "a:x");
        if let Some(acr) = acr {
            token = token.claim("acr", acr);
        }
        if let Some(age) = age {
            token = token.claim("auth_time", now() - age);
        }
        send(service.get(path).bearer_auth(token.sign()))
    };
    assert_eq!(ask("/strong", Some("urn:b"), None).await.status, 200);
    for acr in [None, Some("urn:c"), Some("urn:a urn:b")] {
        let answer = ask("/strong", acr, None).await;
        assert_challenged(&answer, "Bearer", "insufficient_user_authentication", "stronger");
        assert!(challenge(&answer, "Bearer").contains(", acr_values=\"urn:a urn:b\""), "{answer:?}");
    }
    assert_eq!(ask("/recent", None, Some(290)).await.status, 200);
    for age in [None, Some(310)] {
        let answer = ask("/recent", None, age).await;
        assert_challenged(&answer, "Bearer", "insufficient_user_authentication", "recent");
        assert!(challenge(&answer, "Bearer").contains(", max_age=\"300\""), "{answer:?}");
    }
}

#[actix_web::test]
async fn claims_of_another_form_are_not_enough() {
    let issuer = Issuer::start();
    let endpoint = Endpoint::start();
    let routes = Routes::new().add(get("/", department).guard(authenticated()));
    let service = Service::with(&issuer, routes, |settings| settings.introspection = Some(endpoint.settings()));
    let good = issuer.token().claim("department", "x").sign();
    assert_eq!(send(service.get("/").bearer_auth(good)).await.text, "x");
    for token in [issuer.token(), issuer.token().claim("department", 7)] {
        let answer = send(service.get("/").bearer_auth(token.sign())).await;
        assert_problem(&answer, 403, Some("insufficient_claims"), "lacks a claim");
    }
    endpoint.knows("opaque-token", json!({ "department": "of introspection" }));
    assert_eq!(send(service.get("/").bearer_auth("opaque-token")).await.text, "of introspection");
}

#[actix_web::test]
async fn how_far_a_permission_reaches_is_a_setting() {
    let issuer = Issuer::start();
    let start = |reach| {
        let routes = Routes::new()
            .add(get("/read", nothing).guard(require("notes:read")))
            .add(get("/write", nothing).guard(require("notes:write")));
        Service::with(&issuer, routes, |settings| settings.reach = reach)
    };
    let exact = start(Reach::EXACT);
    let wide = start(Reach::WILDCARDS);
    let implied = start(Reach { wildcards: false, write_implies_read: true });
    for held in ["notes:*", "*", "*:read", "read"] {
        assert_eq!(with(&exact, "/read", &issuer, held).await.status, 403, "{held}");
        assert_eq!(with(&wide, "/read", &issuer, held).await.status, 200, "{held}");
        assert_eq!(with(&implied, "/read", &issuer, held).await.status, 403, "{held}");
    }
    assert_eq!(with(&exact, "/read", &issuer, "notes:write").await.status, 403);
    assert_eq!(with(&implied, "/read", &issuer, "notes:write").await.status, 200);
    for service in [&exact, &wide, &implied] {
        assert_eq!(with(service, "/write", &issuer, "notes:read").await.status, 403);
    }
}

#[test]
fn a_table_with_a_line_that_nobody_guards_does_not_start() {
    let settings = || Settings::new(IssuerUrl::parse("https://id.example").unwrap(), AUDIENCE);
    let routes = Routes::new().add(get("/a", nothing).guard(public())).add(post("/b", nothing));
    let error = ResourceServer::new(settings(), routes).unwrap_err();
    assert!(matches!(&error, StartError::Routes(lines) if lines.len() == 1), "{error}");
    assert!(error.to_string().contains("POST /b has no guard"), "{error}");
    let routes = Routes::new().add(get("/a", nothing).guard(require("not a permission")));
    assert!(ResourceServer::new(settings(), routes).unwrap_err().to_string().contains("GET /a"));
}

#[actix_web::test]
async fn two_credentials_of_any_kinds_are_refused_readably() {
    let (issuer, endpoint) = (Issuer::start(), Endpoint::start());
    let origin = "https://app.example";
    let routes =
        Routes::new().add(get("/me", me).guard(authenticated())).add(get("/optional", nothing).guard(optional()));
    let service = Service::with(&issuer, routes, |settings| {
        settings.introspection = Some(endpoint.settings());
        settings.basic = true;
        settings.signatures = Some(Policy::default());
        settings.allowed_origins = vec![origin.to_owned()];
    });
    let token = issuer.token().sign();
    let key = draw();
    let kinds = [
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("DPoP {token}")),
        ("authorization", "Basic YTpi".to_owned()),
        ("x-api-key", key.expose().to_owned()),
        ("signature-input", "sig=()".to_owned()),
    ];
    for (at, first) in kinds.iter().enumerate() {
        let mut several: Vec<_> =
            kinds[at..].iter().map(|second| service.get("/me").header(second.0, &second.1)).collect();
        if first.0 == "signature-input" {
            several.clear();
        }
        several.push(service.get("/me?access_token=x"));
        several.push(service.get("/optional?access_token=x"));
        for request in several {
            let answer = send(request.header(first.0, &first.1).header("origin", origin)).await;
            assert_problem(&answer, 400, Some("invalid_request"), "");
            assert!(challenge(&answer, "Bearer").contains("error=\"invalid_request\""), "{answer:?}");
            assert_eq!(answer.header("access-control-allow-origin"), origin);
            assert!(answer.header("access-control-expose-headers").contains("WWW-Authenticate"));
        }
    }
    assert!(endpoint.asked().is_empty());
}
