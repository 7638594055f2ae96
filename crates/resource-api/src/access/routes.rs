//! The route table: which handler answers what, and which guard stands before it. A line without a guard is found at start-up.
//!
//! The table also feeds the metadata document (RFC 9728), the answer to a wrong method (`Allow`), and the OpenAPI document of
//! a service.

use std::future::ready;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::guard::{Any, Get, Head};
use actix_web::http::header::{ALLOW, CACHE_CONTROL, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{Error, FromRequest, Handler, HttpMessage as _, HttpResponse, Responder, Route};

use crate::access::authenticate::{Admitted, admit};
use crate::access::caller::Caller;
use crate::access::enough;
use crate::access::guard::{Access, Guard};
use crate::answer::problem::Problem;
use crate::answer::refusal::Scheme;
use crate::clock;
use crate::credential::signed_body;
use crate::meter::Attempt;
use crate::resource_server::ResourceServer;

const DPOP: HeaderName = HeaderName::from_static("dpop");
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Lines, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Routes(Vec<Line>);

/// One line: method, path, guards, handler.
#[derive(Clone)]
pub struct Line {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) guards: Vec<Guard>,
    handler: Arc<dyn Fn() -> Route + Send + Sync>,
}

/// A line of the table. See [`Routes::add`].
pub fn get<F, Args>(path: &str, handler: F) -> Line
where
    F: Handler<Args> + Send + Sync,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    line(Method::GET, path, handler)
}

/// As [`get`], for another method. `HEAD` comes with `GET`, `OPTIONS` by itself.
pub fn line<F, Args>(method: Method, path: &str, handler: F) -> Line
where
    F: Handler<Args> + Send + Sync,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let handler = Arc::new(move || web::to(handler.clone()));
    Line { method, path: path.to_owned(), guards: Vec::new(), handler }
}

macro_rules! methods {
    ($($name:ident $method:ident),*) => {$(
        /// As [`get`].
        pub fn $name<F, Args>(path: &str, handler: F) -> Line
        where
            F: Handler<Args> + Send + Sync,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            line(Method::$method, path, handler)
        }
    )*};
}

methods!(post POST, put PUT, patch PATCH, delete DELETE);

impl Line {
    /// Who may pass. Several guards all have to hold.
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guards.push(guard);
        self
    }

    /// The method that it answers to; `HEAD` comes with `GET`.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Its path with the prefixes of its scopes, as actix-web writes patterns: `/notes/{id}`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Every permission that its guards name.
    pub fn permissions(&self) -> impl Iterator<Item = &str> {
        self.guards.iter().flat_map(Guard::permissions)
    }
}

impl Routes {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more line. One without a guard, or one that is there already, stops [`ResourceServer::new`](crate::ResourceServer::new).
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "one more line, not a sum")]
    pub fn add(mut self, line: Line) -> Self {
        self.0.push(line);
        self
    }

    /// The lines of `inside` below `prefix`, each behind `guard` as well; one of them may demand more.
    #[must_use]
    pub fn scope(mut self, prefix: &str, guard: &Guard, inside: Self) -> Self {
        self.0.extend(inside.0.into_iter().map(|mut line| {
            line.path = format!("{prefix}{}", line.path);
            line.guards.insert(0, guard.clone());
            line
        }));
        self
    }

    /// The lines with their guards, for documents about the API.
    pub fn lines(&self) -> &[Line] {
        &self.0
    }

    /// Every line that has no guard, or one that makes no sense, or that stands there twice.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (at, line) in self.0.iter().enumerate() {
            let name = format!("{} {}", line.method, line.path);
            if line.guards.is_empty() {
                found.push(format!("{name} has no guard; say who may pass, or public()"));
            }
            found.extend(line.guards.iter().filter_map(Guard::fault).map(|fault| format!("{name}: {fault}")));
            if enough::sign_in(&line.guards).is_none() {
                found.push(format!(
                    "{name}: its guards demand levels (acr) that no sign-in can all have; name one that each accepts"
                ));
            }
            if self.0[..at].iter().any(|before| before.method == line.method && before.path == line.path) {
                found.push(format!("{name} stands there twice"));
            }
        }
        found
    }

    /// Every permission that some line names, once, sorted.
    pub(crate) fn permissions(&self) -> Vec<String> {
        let guards = self.0.iter().flat_map(|line| &line.guards);
        let mut permissions: Vec<String> = guards.flat_map(Guard::permissions).map(str::to_owned).collect();
        permissions.sort_unstable();
        permissions.dedup();
        permissions
    }

    /// Puts the table into an app. Lines of one path become one resource.
    pub(crate) fn configure(&self, server: &ResourceServer, config: &mut ServiceConfig) {
        let mut paths: Vec<&str> = Vec::new();
        for line in &self.0 {
            if !paths.contains(&line.path.as_str()) {
                paths.push(&line.path);
            }
        }
        for path in paths {
            let here: Vec<&Line> = self.0.iter().filter(|line| line.path == path).collect();
            let allow = allowed_methods(&here);
            let options = allow.clone();
            let mut resource = web::resource(path);
            for line in here {
                resource = resource.route(route(server, line));
            }
            let options = web::method(Method::OPTIONS)
                .to(move || ready(HttpResponse::NoContent().insert_header((ALLOW, options.as_str())).finish()));
            let refused = web::to(move || ready(Err::<HttpResponse, _>(method_not_allowed(&allow))));
            config.service(resource.route(options).default_service(refused));
        }
    }
}

fn route(server: &ResourceServer, line: &Line) -> Route {
    let route = (line.handler)();
    let route = match line.method {
        // RFC 9110 §9.3.2: HEAD is GET without the content.
        Method::GET => route.guard(Any(Get()).or(Head())),
        ref method => route.method(method.clone()),
    };
    let (server, guards): (_, Arc<[Guard]>) = (server.clone(), line.guards.clone().into());
    route.wrap(from_fn(move |request, next| guarded(server.clone(), Arc::clone(&guards), request, next)))
}

/// The middleware of one line.
async fn guarded(
    server: ResourceServer,
    guards: Arc<[Guard]>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // RFC 9449 §8.2: whoever sends proofs learns of a new nonce with any answer.
    let nonce =
        server.dpop().filter(|_| request.headers().contains_key(&DPOP)).and_then(|dpop| dpop.nonce(clock::now()));
    let mut response = pass(server, guards, request, next).await?;
    if let Some(nonce) = nonce.and_then(|nonce| HeaderValue::try_from(nonce).ok()) {
        response.headers_mut().insert(DPOP_NONCE, nonce);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

async fn pass(
    server: ResourceServer,
    guards: Arc<[Guard]>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Admitted { caller, unread } = match admit(&server, request.request(), &guards).await {
        Ok(admitted) => admitted,
        Err(problem) => return Ok(request.error_response(problem)),
    };
    if let Some((authentic, since)) = unread {
        let judged = signed_body::check(&mut request, authentic).await;
        let attempt = Attempt::new(&server, request.request(), since);
        if let Err(refusal) = judged {
            attempt.refused(&refusal);
            let problem = refusal.problem(server.realm(), &guards, Scheme::Bearer);
            return Ok(request.error_response(problem));
        }
        if let Some(caller) = &caller {
            attempt.accepted(&caller.identity().issuer);
        }
    }
    if let Some(caller) = &caller {
        request.extensions_mut().insert::<Caller>(caller.clone());
    }
    let mut response = next.call(request).await?;
    // Caches keep answers to `Authorization` to themselves (RFC 9111 §3.5); of cookies, API keys and signatures they know nothing.
    if caller.is_some() && !response.headers().contains_key(CACHE_CONTROL) {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let decides = guards.iter().any(|guard| matches!(guard.access, Access::InHandler(_)));
    let status = response.status();
    // A redirect or the switch to another protocol tells as much as a success.
    let refuses = status.is_client_error() || status.is_server_error();
    if decides && !refuses && !caller.is_some_and(|caller| caller.was_asked()) {
        let cause = "the handler is to decide who may pass, and answered without asking Caller::require";
        return Ok(response.error_response(Problem::server_error(cause)));
    }
    Ok(response)
}

fn method_not_allowed(allow: &str) -> Problem {
    let detail = format!("this path answers to {allow}");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail).header(ALLOW, allow)
}

fn allowed_methods(lines: &[&Line]) -> String {
    let mut methods: Vec<&str> = lines.iter().map(|line| line.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?}", self.method, self.path, self.guards)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::guard::{public, require};
    use protocol::time::Seconds;

    async fn nothing() -> &'static str {
        ""
    }

    #[test]
    fn a_line_without_a_guard_is_found() {
        let routes = Routes::new().add(get("/a", nothing)).add(get("/b", nothing).guard(public()));
        assert_eq!(routes.faults(), ["GET /a has no guard; say who may pass, or public()"]);
    }

    #[test]
    fn the_guard_of_a_scope_stands_before_each_line_of_it() {
        let inside = Routes::new().add(get("/a", nothing)).add(post("/a", nothing).guard(require("a:write")));
        let routes = Routes::new().scope("/api", &require("a:read"), inside);
        assert!(routes.faults().is_empty());
        assert_eq!(routes.lines()[1].path, "/api/a");
        assert_eq!(routes.lines()[1].guards, [require("a:read"), require("a:write")]);
        assert_eq!(routes.permissions(), ["a:read", "a:write"]);
    }

    #[test]
    fn a_line_that_stands_there_twice_is_found() {
        let routes = Routes::new().add(get("/a", nothing).guard(public())).add(get("/a", nothing).guard(public()));
        assert_eq!(routes.faults(), ["GET /a stands there twice"]);
    }

    #[test]
    fn a_line_that_no_sign_in_can_pass_is_found() {
        let inside = Routes::new().add(get("/a", nothing).guard(require("a:write").acr(["2"])));
        let routes = Routes::new().scope("/api", &require("a:read").acr(["1"]), inside.clone());
        assert!(routes.faults()[0].starts_with("GET /api/a: its guards demand levels"), "{:?}", routes.faults());
        assert!(Routes::new().scope("/api", &require("a:read").acr(["1", "2"]), inside).faults().is_empty());
    }

    #[test]
    fn a_public_line_that_demands_a_sign_in_is_found() {
        for guard in [public().max_age(Seconds(60)), public().acr(["2"])] {
            let routes = Routes::new().add(get("/a", nothing).guard(guard));
            assert!(routes.faults()[0].starts_with("GET /a: is public"), "{:?}", routes.faults());
        }
    }
}
