//! The OpenAPI 3.1 document, made from the handlers and from the route table.
//!
//! What each operation demands is not written twice: the security of an operation is that of the guards of its line in `routes.rs`.
//! The ways to authenticate are in `security.rs`.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use serde_json::Value;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, Header, PathItem, Ref, RefOr, Response, Responses, Server};

use crate::access::guard::Guard;
use crate::access::routes::Line;
use crate::answer::problem::Document;
use crate::resource_server::{BasicSecret, ResourceServer, Schemes};
use crate::service::App;
use crate::service::web::{app, events, files, groups, health, me, notes, security, shares};

/// Status, meaning, and the header that says more.
type Before = (&'static str, &'static str, &'static str);

const NO_CREDENTIAL: Before =
    ("401", "No credential, or one that is not accepted; the challenge says why", "WWW-Authenticate");
const NO_KEYS: Before = ("503", "The credential cannot be checked at this moment", "Retry-After");
const NO_PERMISSION: Before =
    ("403", "The caller's permissions are not enough; the challenge names the missing one", "WWW-Authenticate");
/// Where a handler refuses with that as well, its own words stand.
const UNREADABLE: (&str, &str) = ("400", "Two credentials, or one that cannot be read");
/// The same, where passwords are taken.
const TOO_MANY_WRONG: (&str, &str) = ("429", "Too many wrong passwords; Retry-After says when to come back");

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Countersign resource API",
        description = "Notes and files of people and of groups, protected by access tokens."
    ),
    paths(
        health::livez,
        health::readyz,
        document,
        me::show,
        notes::list,
        notes::create,
        notes::show,
        notes::update,
        notes::delete,
        shares::of_note,
        shares::give_note,
        shares::take_note,
        files::list,
        files::create,
        files::show,
        files::delete,
        files::download,
        files::replace,
        shares::of_file,
        shares::give_file,
        shares::take_file,
        groups::list,
        groups::create,
        groups::show,
        groups::delete,
        groups::members,
        groups::add,
        groups::remove,
        events::stream,
        app::page,
        app::script,
        app::style
    ),
    components(schemas(Document))
)]
struct Described;

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses((status = 200, description = "OpenAPI 3.1")))]
pub(crate) async fn document(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Content-Type", "application/json"))
        .insert_header(("Cache-Control", "public, max-age=300"))
        .body(app.openapi.clone())
}

/// The document for one server.
pub(crate) fn describe(server: &ResourceServer) -> Value {
    let mut api = Described::openapi();
    api.servers = Some(vec![Server::new(&server.settings().public_url)]);
    let schemes = security::schemes(server.schemes(), &server.settings().issuers);
    for line in server.routes().lines() {
        if let Some(operation) = api.paths.paths.get_mut(&line.path).and_then(|item| operation(item, line)) {
            operation.security = Some(security::of(line, &schemes));
            complete(&mut operation.responses, line, server.schemes());
        }
    }
    let mut document = serde_json::to_value(api).unwrap_or_default();
    // As JSON, because the types of utoipa know no scheme `DPoP`.
    document["components"]["securitySchemes"] = Value::Object(schemes);
    document
}

fn permissions(line: &Line) -> Vec<&str> {
    line.guards.iter().flat_map(Guard::permissions).collect()
}

/// Adds what can happen before a handler is reached, and to every error the form that all errors have.
fn complete(responses: &mut Responses, line: &Line, on: &Schemes) {
    let before_the_handler: &[Before] = match (security::is_public(line), permissions(line).is_empty()) {
        (true, _) => &[],
        (false, true) => &[NO_CREDENTIAL, NO_KEYS],
        (false, false) => &[NO_CREDENTIAL, NO_KEYS, NO_PERMISSION],
    };
    for (status, about, header) in before_the_handler {
        let mut response = Response::new(*about);
        response.headers.insert((*header).to_owned(), Header::default().into());
        responses.responses.insert((*status).to_owned(), response.into());
    }
    if !security::is_public(line) {
        let too_many = (on.basic == Some(BasicSecret::ApiKeyOrPassword)).then_some(TOO_MANY_WRONG);
        for (status, about) in [UNREADABLE].into_iter().chain(too_many) {
            responses.responses.entry(status.to_owned()).or_insert_with(|| Response::new(about).into());
        }
    }
    for (status, response) in &mut responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
        {
            let problem = Content::new(Some(Ref::from_schema_name("Problem")));
            response.content.insert("application/problem+json".to_owned(), problem.into());
        }
    }
}

fn operation<'i>(item: &'i mut PathItem, line: &Line) -> Option<&'i mut Operation> {
    match line.method {
        Method::GET => item.get.as_mut(),
        Method::POST => item.post.as_mut(),
        Method::PUT => item.put.as_mut(),
        Method::DELETE => item.delete.as_mut(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::config::{Introspection, Settings};
    use crate::service::web::routes::routes;
    use crate::signature::Policy;
    use protocol::issuer::Issuer;
    use serde_json::json;

    fn document() -> Value {
        document_of(|_| {})
    }

    fn document_of(change: impl FnOnce(&mut Settings)) -> Value {
        let issuer = Issuer::parse("https://id.example").expect("is an issuer");
        let mut settings = Settings::new(issuer, "https://api.example");
        change(&mut settings);
        describe(&ResourceServer::new(settings, routes()).expect("is sound"))
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let document = document();
        let paths = document["paths"].as_object().expect("has paths").values();
        let described: usize = paths.map(|item| item.as_object().map_or(0, serde_json::Map::len)).sum();
        assert_eq!(described, routes().lines().len());
        for line in routes().lines() {
            let method = line.method.as_str().to_ascii_lowercase();
            assert!(document["paths"][&line.path][&method].is_object(), "{method} {}", line.path);
        }
    }

    #[test]
    fn each_operation_names_its_permissions_for_each_scheme_that_is_on() {
        let document = document_of(|settings| {
            settings.introspection = Some(Introspection::with_secret("api", "s"));
            settings.basic = true;
            settings.signatures = Some(Policy::default());
        });
        let schemes = document["components"]["securitySchemes"].as_object().expect("has schemes");
        assert_eq!(schemes.len(), 7, "{schemes:?}");
        for line in routes().lines() {
            let security = &document["paths"][&line.path][line.method.as_str().to_ascii_lowercase()]["security"];
            let alternatives = security.as_array().expect("says what it needs");
            assert_eq!(alternatives.is_empty(), security::is_public(line), "{line:?}");
            for name in schemes.keys().filter(|_| !security::is_public(line)) {
                let named = alternatives.iter().filter_map(|one| one[name].as_array()).flatten();
                let named: Vec<&str> = named.filter_map(Value::as_str).collect();
                assert_eq!(named, permissions(line), "{name} {line:?}");
            }
            for one in alternatives.iter().filter_map(Value::as_object) {
                assert!(one.len() == 1 && one.keys().all(|name| schemes.contains_key(name)), "{one:?}");
            }
        }
    }

    #[test]
    fn what_an_operation_demands_is_what_its_line_demands() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        let security = |path: &str, method: &str| document["paths"][path][method]["security"].clone();
        let three = |one: &str| json!([{ "bearer": [one] }, { "dpop": [one] }, { "openid": [one] }]);
        assert_eq!(security("/notes", "post"), three("notes:write"));
        assert_eq!(security("/notes", "get"), three("notes:read"));
        assert_eq!(security("/me", "get"), json!([{ "bearer": [] }, { "dpop": [] }, { "openid": [] }]));
        assert_eq!(security("/livez", "get"), json!([]));
        let either = ["bearer", "dpop", "openid"].map(|scheme| ["notes:read", "files:read"].map(|one| (scheme, one)));
        let either = either.concat().into_iter().map(|(scheme, one)| json!({ scheme: [one] }));
        assert_eq!(security("/events", "get"), either.collect::<Value>());
        let schemes = &document["components"]["securitySchemes"];
        assert_eq!(schemes["openid"]["openIdConnectUrl"], "https://id.example/.well-known/openid-configuration");
        assert_eq!((&schemes["bearer"]["scheme"], &schemes["dpop"]["scheme"]), (&json!("bearer"), &json!("DPoP")));
    }

    #[test]
    fn an_operation_says_what_happens_without_a_token_or_permission() {
        let document = document();
        for line in routes().lines() {
            let responses = &document["paths"][&line.path][line.method.as_str().to_ascii_lowercase()]["responses"];
            for status in ["400", "401", "503"] {
                assert!(responses[status].is_object() || security::is_public(line), "{status} {}", line.path);
            }
            assert_eq!(responses["401"].is_object(), !security::is_public(line), "{}", line.path);
            assert_eq!(responses["403"].is_object(), !permissions(line).is_empty(), "{}", line.path);
        }
        assert!(document["paths"]["/me"]["get"]["responses"].get("429").is_none(), "no password is taken");
    }

    #[test]
    fn where_passwords_are_taken_an_operation_says_so() {
        let document = document_of(|settings| {
            (settings.basic, settings.basic_passwords) = (true, true);
            settings.introspection = Some(Introspection::with_secret("api", "s"));
        });
        let responses = |path: &str| document["paths"][path]["get"]["responses"].clone();
        assert!(responses("/me")["429"].is_object());
        assert!(responses("/livez").get("429").is_none());
        let about = document["components"]["securitySchemes"]["basic"]["description"].to_string();
        assert!(about.contains("the password or, in its place, an API key"), "{about}");
    }

    #[test]
    fn ids_are_unique_responses_described_and_errors_are_problems() {
        let document = document();
        let operations = || document["paths"].as_object().into_iter().flat_map(|paths| paths.values());
        let mut ids = HashSet::new();
        for operation in operations().filter_map(|item| item.as_object()).flat_map(|item| item.values()) {
            assert!(ids.insert(operation["operationId"].to_string()), "{}", operation["operationId"]);
            for (status, response) in operation["responses"].as_object().expect("has responses") {
                assert_ne!(response["description"].as_str().unwrap_or_default(), "", "{operation}");
                let problem = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(problem == "#/components/schemas/Problem", status.starts_with(['4', '5']));
            }
        }
        assert!(document["components"]["schemas"]["Problem"].is_object());
    }
}
