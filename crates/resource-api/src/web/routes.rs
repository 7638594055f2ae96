//! Every route of this API and what it demands, on one screen. A line cannot be written without saying who may pass.
//!
//! The table also feeds the OpenAPI document (security of each operation), the answer to a wrong method (`Allow`) and CORS.

use std::future::ready;

use actix_web::guard::{Any, Get, Head};
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Route};

use crate::caller::{Access, Permission, guard};
use crate::web::error::ApiError;
use crate::web::{health, me, notes, openapi};

pub(crate) const NOTES_READ: Permission = Permission("notes:read");
pub(crate) const NOTES_WRITE: Permission = Permission("notes:write");

#[rustfmt::skip]
pub(crate) static ROUTES: &[Line] = &[
    line(Method::GET,    "/livez",        Access::Public,             || web::to(health::livez)),
    line(Method::GET,    "/readyz",       Access::Public,             || web::to(health::readyz)),
    line(Method::GET,    "/openapi.json", Access::Public,             || web::to(openapi::document)),
    line(Method::GET,    "/me",           Access::AnyToken,           || web::to(me::show)),
    line(Method::GET,    "/notes",        Access::Needs(NOTES_READ),  || web::to(notes::list)),
    line(Method::POST,   "/notes",        Access::Needs(NOTES_WRITE), || web::to(notes::create)),
    line(Method::GET,    "/notes/{id}",   Access::Needs(NOTES_READ),  || web::to(notes::show)),
    line(Method::PUT,    "/notes/{id}",   Access::Needs(NOTES_WRITE), || web::to(notes::update)),
    line(Method::DELETE, "/notes/{id}",   Access::Needs(NOTES_WRITE), || web::to(notes::delete)),
];

pub(crate) struct Line {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    handler: fn() -> Route,
}

const fn line(method: Method, path: &'static str, access: Access, handler: fn() -> Route) -> Line {
    Line { method, path, access, handler }
}

/// Puts the table into an app.
pub(crate) fn configure(config: &mut ServiceConfig) {
    let mut rest = ROUTES;
    // Lines of one path stand together and become one resource.
    while let Some(first) = rest.first() {
        let (here, others) = rest.split_at(rest.iter().take_while(|line| line.path == first.path).count());
        rest = others;
        let allow = allowed_methods(here);
        let options = allow.clone();
        let mut resource = web::resource(first.path);
        for line in here {
            resource = resource.route(route(line));
        }
        let options = web::method(Method::OPTIONS)
            .to(move || ready(HttpResponse::NoContent().insert_header(("Allow", options.as_str())).finish()));
        let refused =
            web::to(move || ready(Err::<HttpResponse, _>(ApiError::MethodNotAllowed { allow: allow.clone() })));
        config.service(resource.route(options).default_service(refused));
    }
    config.default_service(web::to(|| ready(Err::<HttpResponse, _>(ApiError::NotFound))));
}

fn route(line: &Line) -> Route {
    let access = line.access;
    let route = (line.handler)();
    let route = match line.method {
        // RFC 9110 §9.3.2: HEAD is GET without the content.
        Method::GET => route.guard(Any(Get()).or(Head())),
        ref method => route.method(method.clone()),
    };
    route.wrap(from_fn(move |request, next| guard(access, request, next)))
}

fn allowed_methods(lines: &[Line]) -> String {
    let mut methods: Vec<&str> = lines.iter().map(|line| line.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_path_stand_together() {
        let mut paths: Vec<_> = ROUTES.iter().map(|line| line.path).collect();
        paths.dedup();
        let mut once = paths.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(paths.len(), once.len());
    }

    #[test]
    fn what_is_open_to_everyone_is_only_health_and_the_document() {
        let open: Vec<_> = ROUTES.iter().filter(|line| line.access == Access::Public).map(|line| line.path).collect();
        assert_eq!(open, ["/livez", "/readyz", "/openapi.json"]);
    }
}
