//! The route table of the whole server, on one screen. Paths are those that the metadata document announces.

use actix_web::guard::fn_guard;
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, Scope};
use protocol::error::CATALOGUE;
use protocol::metadata::paths;

use super::cors::cors;
use super::error::{PageError, Situation};
use super::{
    account, asked, authorize, consent, discovery, enrol, error_pages, form_address, health, home, introspect, login,
    logout, mailbox, passkey, recover, register, revoke, select_account, signup, static_files, token, userinfo,
    well_known,
};
use crate::mail::MAILBOX;
use crate::{AppState, page_paths};

/// `path` is that of the issuer, empty for most: every endpoint is below it.
pub(crate) fn configure(app: &mut ServiceConfig, path: &str) {
    if !path.is_empty() {
        // RFC 8414 §3: the well-known part stands between the host and the issuer's path. OpenID Connect appends it.
        for document_path in [paths::OPENID_CONFIGURATION, paths::OAUTH_AUTHORIZATION_SERVER] {
            app.service(metadata(&format!("{document_path}{path}")));
        }
    }
    // It belongs to the host, not to the issuer.
    app.service(at(well_known::CHANGE_PASSWORD, "GET").get(well_known::change_password));
    app.service(endpoints(path)).default_service(web::to(not_found));
}

fn endpoints(path: &str) -> Scope {
    web::scope(path) // for people
        .service(at("/", "GET").get(home::get))
        .service(at(paths::AUTHORIZE, "GET, POST").get(authorize::get).post(authorize::post))
        .service(at(paths::LOGIN, "GET, POST").get(login::password::get).post(login::password::post))
        .service(at(page_paths::LOGIN_TOTP, "GET, POST").get(login::totp::get).post(login::totp::post))
        .service(
            at(page_paths::LOGIN_RECOVERY_CODE, "GET, POST")
                .get(login::recovery_code::get)
                .post(login::recovery_code::post),
        )
        .service(
            at(page_paths::LOGIN_EMAIL_CODE, "GET, POST").get(login::email_code::get).post(login::email_code::post),
        )
        .service(
            at(page_paths::NEW_PASSWORD, "GET, POST").get(login::new_password::get).post(login::new_password::post),
        )
        .service(at(page_paths::LOGIN_PASSKEY, "GET, POST").get(login::passkey::get).post(login::passkey::post))
        .service(form_of_step(passkey::SIGN_IN, paths::LOGIN).post(login::passkey::sign_in_post))
        .service(at(passkey::OPTIONS, "POST").post(passkey::options_post))
        .service(at(passkey::CREATION_OPTIONS, "POST").post(passkey::creation_options_post))
        .service(at(page_paths::CONTINUE, "GET").get(asked::get))
        .configure(sign_up)
        .configure(recover)
        .configure(enrolment)
        .service(at(page_paths::SELECT_ACCOUNT, "GET, POST").get(select_account::get).post(select_account::post))
        .service(at(paths::CONSENT, "GET, POST").get(consent::get).post(consent::post))
        .service(at(paths::LOGOUT, "GET, POST").get(logout::get).post(logout::post))
        .service(at(CATALOGUE, "GET").get(error_pages::list))
        .service(at(&format!("{CATALOGUE}/{{code}}"), "GET").get(error_pages::one))
        .service(at("/static/{file}", "GET").get(static_files::get))
        .service(at(MAILBOX, "GET").guard(fn_guard(mailbox::is_on)).get(mailbox::list))
        .service(at(&format!("{MAILBOX}/{{id}}"), "GET").guard(fn_guard(mailbox::is_on)).get(mailbox::one))
        .service(at(&format!("{MAILBOX}/{{id}}/html"), "GET").guard(fn_guard(mailbox::is_on)).get(mailbox::html))
        .configure(account_pages)
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

/// Links are opened by whatever scans mail, by HEAD as well.
fn sign_up(app: &mut ServiceConfig) {
    app.service(at(page_paths::SIGN_UP, "GET, POST").get(signup::begin::get).post(signup::begin::post))
        .service(at(signup::CODE, "GET, POST").get(signup::code::get).post(signup::code::post))
        .service(form_of_step(signup::RESEND, signup::CODE).post(signup::code::resend))
        .service(at(signup::FINISH, "GET, POST").get(signup::finish::get).post(signup::finish::post))
        .service(form_of_step(signup::PASSKEY, signup::FINISH).post(signup::finish::passkey))
        .service(at(signup::PASSKEY_OPTIONS, "POST").post(signup::finish::passkey_options))
        .service(
            at(&format!("{}/{{token}}", page_paths::SIGN_UP), "GET, HEAD, POST")
                .get(signup::link::get)
                .head(signup::link::get)
                .post(signup::link::post),
        );
}

fn recover(app: &mut ServiceConfig) {
    app.service(at(page_paths::RECOVER, "GET, POST").get(recover::begin::get).post(recover::begin::post))
        .service(at(recover::SENT, "GET").get(recover::begin::sent))
        .service(at(recover::CODE, "GET, POST").get(recover::code::get).post(recover::code::post))
        .service(at(recover::DONE, "GET").get(recover::link::done))
        .service(
            at(&format!("{}/{{token}}", page_paths::RECOVER), "GET, HEAD, POST")
                .get(recover::link::get)
                .head(recover::link::get)
                .post(recover::link::post),
        );
}

/// For people, about their own account. Links as above.
fn account_pages(app: &mut ServiceConfig) {
    let with_token = |page: &str| format!("{page}/{{token}}");
    security_pages(app);
    api_key_pages(app);
    app.service(at(page_paths::ACCOUNT, "GET").get(account::overview::get))
        .service(form_of(page_paths::account::SIGN_OUT, page_paths::ACCOUNT).post(account::sign_out::post))
        .service(at(page_paths::account::SWITCH, "GET").get(account::sign_out::switch))
        .service(at(page_paths::account::PROFILE, "GET, POST").get(account::profile::get).post(account::profile::post))
        .service(at(page_paths::account::EMAIL, "GET, POST").get(account::email::get).post(account::email::post))
        .service(
            at(page_paths::account::EMAIL_CODE, "GET, POST").get(account::email::code).post(account::email::post_code),
        )
        .service(
            at(&with_token(page_paths::account::EMAIL), "GET, HEAD, POST")
                .get(account::email::link)
                .head(account::email::link)
                .post(account::email::post_link),
        )
        .service(
            at(page_paths::account::SESSIONS, "GET, POST").get(account::sessions::get).post(account::sessions::post),
        )
        .service(at(page_paths::account::APPS, "GET, POST").get(account::apps::get).post(account::apps::post))
        .service(at(page_paths::account::LOG, "GET").get(account::log::get))
        .service(
            at(page_paths::account::LOCK_DOWN, "GET, POST").get(account::lock_down::get).post(account::lock_down::post),
        )
        .service(at(page_paths::account::DATA, "GET").get(account::data::get))
        .service(form_of(page_paths::account::EXPORT, page_paths::account::DATA).post(account::data::download))
        .service(at(page_paths::account::DELETE, "GET, POST").get(account::delete::get).post(account::delete::post))
        .service(form_of(page_paths::account::KEEP, page_paths::account::DATA).post(account::delete::keep))
        .service(
            at(&with_token(page_paths::account::CANCEL_DELETION), "GET, HEAD, POST")
                .get(account::delete::link)
                .head(account::delete::link)
                .post(account::delete::post_link),
        );
}

/// The keys of their programs.
fn api_key_pages(app: &mut ServiceConfig) {
    let key = format!("{}/{{id}}", page_paths::account::API_KEYS);
    app.service(at(page_paths::account::API_KEYS, "GET").get(account::api_keys::get))
        .service(
            at(page_paths::account::API_KEYS_NEW, "GET, POST")
                .get(account::api_keys::new::get)
                .post(account::api_keys::new::post),
        )
        .service(at(&key, "GET").get(account::api_keys::one))
        .service(form_of(&format!("{key}/rotate"), &key).post(account::api_keys::rotate::post))
        .service(form_of(&format!("{key}/revoke"), &key).post(account::api_keys::revoke));
}

/// What they sign in with.
fn security_pages(app: &mut ServiceConfig) {
    let passkey = format!("{}/{{handle}}", page_paths::account::PASSKEYS);
    app.service(
        at(page_paths::account::SECURITY, "GET, POST").get(account::security::get).post(account::security::post),
    )
    .service(at(page_paths::account::PASSWORD, "GET, POST").get(account::password::get).post(account::password::post))
    .service(at(page_paths::account::PASSKEYS, "GET, POST").get(account::passkeys::get).post(account::passkeys::post))
    .service(at(&passkey, "GET, POST").get(account::passkeys::one).post(account::passkeys::rename))
    .service(form_of(&format!("{passkey}/remove"), &passkey).post(account::passkeys::remove))
    .service(at(page_paths::account::TOTP, "GET, POST").get(account::totp::get).post(account::totp::post))
    .service(form_of(page_paths::account::TOTP_REMOVE, page_paths::account::TOTP).post(account::totp::remove))
    .service(
        at(page_paths::account::RECOVERY_CODES, "GET, POST")
            .get(account::recovery_codes::get)
            .post(account::recovery_codes::post),
    );
}

/// In the middle of a sign-in.
fn enrolment(app: &mut ServiceConfig) {
    app.service(at(page_paths::ENROL, "GET").get(enrol::get))
        .service(at(enrol::TOTP, "GET, POST").get(enrol::totp).post(enrol::post_totp))
        .service(form_of_step(enrol::PASSKEY, page_paths::ENROL).post(enrol::post_passkey));
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

/// A path that takes forms from one page, to which everybody else who comes to it is led.
fn form_of(path: &str, page: &str) -> Resource {
    let page = page.to_owned();
    let lead = move |state: Data<AppState>, http: HttpRequest| {
        let answer = form_address::account(&state, &http, &page);
        async { answer }
    };
    at(path, "GET, POST").get(lead)
}

/// The same in an interaction.
fn form_of_step(path: &str, page: &'static str) -> Resource {
    let lead = move |state: Data<AppState>, http: HttpRequest| {
        let answer = form_address::step(&state, &http, page);
        async { answer }
    };
    at(path, "GET, POST").get(lead)
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
