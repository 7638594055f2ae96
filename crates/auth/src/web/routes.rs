//! The route table of the whole server, on one screen. Paths are those that the metadata document announces.

use actix_web::guard::fn_guard;
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, Scope};
use protocol::error::CATALOGUE;
use protocol::metadata::paths;

use super::cors::cors;
use super::error::{PageError, Situation};
use super::{
    authorize, cards, consent, discovery, error_pages, health, home, introspect, login, logout, register, revoke,
    select_account, static_files, token, userinfo,
};

/// `path` is that of the issuer, empty for most: every endpoint is below it.
pub(crate) fn configure(app: &mut ServiceConfig, path: &str) {
    if !path.is_empty() {
        // RFC 8414 §3: the well-known part stands between the host and the issuer's path. OpenID Connect appends it.
        for document_path in [paths::OPENID_CONFIGURATION, paths::OAUTH_AUTHORIZATION_SERVER] {
            app.service(metadata(&format!("{document_path}{path}")));
        }
    }
    app.service(endpoints(path)).default_service(web::to(not_found));
}

fn endpoints(path: &str) -> Scope {
    web::scope(path) // for people
        .service(at("/", "GET").get(home::get))
        .service(at(paths::AUTHORIZE, "GET, POST").get(authorize::get).post(authorize::post))
        .service(at(paths::LOGIN, "GET, POST").get(login::get).post(login::post))
        .service(at(cards::SELECT_ACCOUNT, "GET, POST").get(select_account::get).post(select_account::post))
        .service(at(paths::CONSENT, "GET, POST").get(consent::get).post(consent::post))
        .service(at(paths::LOGOUT, "GET, POST").get(logout::get).post(logout::post))
        .service(at(CATALOGUE, "GET").get(error_pages::list))
        .service(at(&format!("{CATALOGUE}/{{code}}"), "GET").get(error_pages::one))
        .service(at("/static/{file}", "GET").get(static_files::get))
        // for clients
        .service(at(paths::TOKEN, "POST").post(token::post).wrap(from_fn(cors)))
        .service(at(paths::USERINFO, "GET, POST").get(userinfo::get).post(userinfo::post).wrap(from_fn(cors)))
        .service(at(paths::REVOKE, "POST").post(revoke::post).wrap(from_fn(cors)))
        .service(at(paths::INTROSPECT, "POST").post(introspect::post))
        .service(at(paths::REGISTER, "POST").guard(fn_guard(register::is_on)).post(register::post))
        .service(registration().guard(fn_guard(register::is_on)))
        // documents
        .service(metadata(paths::OPENID_CONFIGURATION))
        .service(metadata(paths::OAUTH_AUTHORIZATION_SERVER))
        .service(document(paths::JWKS).get(discovery::jwks).head(discovery::jwks))
        // for operators
        .service(at(paths::LIVEZ, "GET, HEAD").get(health::livez).head(health::livez))
        .service(at(paths::READYZ, "GET, HEAD").get(health::readyz).head(health::readyz))
}

/// Of one client that registered itself.
fn registration() -> Resource {
    let path = format!("{}/{{client_id}}", paths::REGISTER);
    at(&path, "GET, PUT, DELETE").get(register::get).put(register::put).delete(register::delete)
}

/// A path whose other methods are answered with 405 and what is allowed (RFC 9110 §15.5.6).
fn at(path: &str, allow: &'static str) -> Resource {
    let refuse = move || async move { HttpResponse::MethodNotAllowed().insert_header((ALLOW, allow)).finish() };
    web::resource(path).default_service(web::to(refuse))
}

fn document(path: &str) -> Resource {
    at(path, "GET, HEAD, OPTIONS").route(web::method(Method::OPTIONS).to(discovery::preflight))
}

fn metadata(path: &str) -> Resource {
    document(path).get(discovery::metadata).head(discovery::metadata)
}

async fn not_found() -> Result<HttpResponse, PageError> {
    Err(PageError::new(Situation::NotFound))
}
