//! The OpenAPI 3.1 document, made from the handlers and from the route table.
//!
//! What each operation demands is not written twice: the security of an operation is the `Access` of its line in `routes.rs`.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::Data;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, OpenIdConnect, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, PathItem, Ref, RefOr, Response, Responses, Server};

use crate::access::guard::{Access, Demand, Guard};
use crate::access::routes::Line;
use crate::answer::problem::Document;
use crate::config::Settings;
use crate::service::App;
use crate::service::web::routes::routes;
use crate::service::web::{app, events, files, groups, health, me, notes, shares};

const BEARER: &str = "bearer";
const OPENID: &str = "openid";

const NO_TOKEN: (&str, &str) = ("401", "No access token, or one that is not accepted; the challenge says why");
const NO_KEYS: (&str, &str) = ("503", "The token cannot be checked at this moment; see Retry-After");
const NO_PERMISSION: (&str, &str) = ("403", "The token's scope is not enough; the challenge names the missing one");

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

/// The document for one configuration.
pub(crate) fn describe(settings: &Settings) -> OpenApi {
    let mut api = Described::openapi();
    api.servers = Some(vec![Server::new(&settings.public_url)]);
    let schemes = &mut api.components.get_or_insert_default().security_schemes;
    schemes.insert(
        BEARER.to_owned(),
        SecurityScheme::Http(Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("at+jwt").build()).into(),
    );
    for trusted in &settings.issuers {
        let discovery = trusted.issuer.endpoint("/.well-known/openid-configuration");
        schemes.insert(OPENID.to_owned(), SecurityScheme::OpenIdConnect(OpenIdConnect::new(discovery)).into());
    }
    for line in routes().lines() {
        if let Some(operation) = api.paths.paths.get_mut(&line.path).and_then(|item| operation(item, line)) {
            operation.security = Some(security(line));
            complete(&mut operation.responses, line);
        }
    }
    api
}

/// Either scheme will do; both lead to the same header. So will each way to hold enough permissions.
fn security(line: &Line) -> Vec<SecurityRequirement> {
    if is_public(line) {
        return Vec::new();
    }
    let ways = ways(line);
    let requirements = |scheme| ways.iter().map(move |way| SecurityRequirement::new(scheme, way.iter().copied()));
    [BEARER, OPENID].into_iter().flat_map(requirements).collect()
}

/// Each way to satisfy all guards of a line.
fn ways(line: &Line) -> Vec<Vec<&str>> {
    all_ways(line.guards.iter().map(of_guard))
}

fn of_guard(guard: &Guard) -> Vec<Vec<&str>> {
    match &guard.access {
        Access::Needs(demand) => of_demand(demand),
        _ => vec![guard.permissions()],
    }
}

fn of_demand(demand: &Demand) -> Vec<Vec<&str>> {
    match demand {
        Demand::One(permission) => vec![vec![permission]],
        Demand::All(demands) => all_ways(demands.iter().map(of_demand)),
        Demand::Any(demands) => demands.iter().flat_map(of_demand).collect(),
    }
}

/// One way of each, in every combination.
fn all_ways<'l>(each: impl Iterator<Item = Vec<Vec<&'l str>>>) -> Vec<Vec<&'l str>> {
    each.fold(vec![Vec::new()], |ways, more| {
        ways.iter().flat_map(|way| more.iter().map(move |rest| [way.as_slice(), rest].concat())).collect()
    })
}

fn is_public(line: &Line) -> bool {
    line.guards.iter().all(|guard| guard.access == Access::Public)
}

fn permissions(line: &Line) -> Vec<&str> {
    line.guards.iter().flat_map(Guard::permissions).collect()
}

/// Adds what can happen before a handler is reached, and to every error the form that all errors have.
fn complete(responses: &mut Responses, line: &Line) {
    let before_the_handler: &[_] = match (is_public(line), permissions(line).is_empty()) {
        (true, _) => &[],
        (false, true) => &[NO_TOKEN, NO_KEYS],
        (false, false) => &[NO_TOKEN, NO_KEYS, NO_PERMISSION],
    };
    for (status, about) in before_the_handler {
        responses.responses.insert((*status).to_owned(), Response::new(*about).into());
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
    use protocol::issuer::Issuer;

    fn document() -> serde_json::Value {
        let issuer = Issuer::parse("https://id.example").expect("is an issuer");
        serde_json::to_value(describe(&Settings::new(issuer, "https://api.example"))).expect("is JSON")
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let document = document();
        let described: usize = document["paths"]
            .as_object()
            .expect("has paths")
            .values()
            .map(|item| item.as_object().map_or(0, serde_json::Map::len))
            .sum();
        assert_eq!(described, routes().lines().len());
        for line in routes().lines() {
            let method = line.method.as_str().to_ascii_lowercase();
            assert!(document["paths"][&line.path][&method].is_object(), "{method} {}", line.path);
        }
    }

    #[test]
    fn what_an_operation_demands_is_what_its_line_demands() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["paths"]["/notes"]["post"]["security"][0]["bearer"][0], "notes:write");
        assert_eq!(document["paths"]["/notes"]["get"]["security"][1]["openid"][0], "notes:read");
        assert_eq!(document["paths"]["/me"]["get"]["security"][0], serde_json::json!({ "bearer": [] }));
        assert_eq!(document["paths"]["/livez"]["get"]["security"], serde_json::json!([]));
        let either = ["bearer", "openid"].map(|scheme| ["notes:read", "files:read"].map(|one| (scheme, one)));
        let either = either.concat().into_iter().map(|(scheme, one)| serde_json::json!({ scheme: [one] }));
        assert_eq!(document["paths"]["/events"]["get"]["security"], either.collect::<serde_json::Value>());
        let schemes = &document["components"]["securitySchemes"];
        assert_eq!(schemes["openid"]["openIdConnectUrl"], "https://id.example/.well-known/openid-configuration");
        assert_eq!(schemes["bearer"]["scheme"], "bearer");
    }

    #[test]
    fn an_operation_says_what_happens_without_a_token_or_permission() {
        let document = document();
        for line in routes().lines() {
            let responses = &document["paths"][&line.path][line.method.as_str().to_ascii_lowercase()]["responses"];
            assert_eq!(responses["401"].is_object(), !is_public(line), "{}", line.path);
            assert_eq!(responses["403"].is_object(), !permissions(line).is_empty(), "{}", line.path);
        }
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
