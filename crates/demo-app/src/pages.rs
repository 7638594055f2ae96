//! The app's pages. The HTML is in `templates/`; askama escapes every value that is put in.

use crate::{App, Config, session::SignedIn};
use actix_web::http::{StatusCode, header::LOCATION};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;
use std::error::Error;

pub(crate) type Answer = Result<HttpResponse, Problem>;

/// Something went wrong; its page says plainly what, cause by cause.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub(crate) struct Problem {
    text: String,
}

#[derive(Template)]
#[template(path = "start.html")]
struct Start<'a> {
    issuer: &'a str,
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedInPage {
    session: SignedIn,
    tables: [(&'static str, &'static str, serde_json::Value); 2],
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOut;

impl Problem {
    pub(crate) fn because<T>(text: &str) -> Result<T, Self> {
        Err(Self { text: text.to_owned() })
    }
}

impl<E: Error> From<E> for Problem {
    fn from(error: E) -> Self {
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        Self { text: causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}")) }
    }
}

impl ResponseError for Problem {
    fn error_response(&self) -> HttpResponse {
        page(StatusCode::BAD_REQUEST, self)
    }
}

pub(crate) async fn home(app: web::Data<App>, request: HttpRequest) -> Answer {
    let Some(session) = app.sessions.signed_in(&request) else {
        return Ok(page(StatusCode::OK, &Start { issuer: &app.config.issuer }));
    };
    let claims = serde_json::to_value(&session.claims)?;
    let tables = [("claims", "ID token", claims), ("user-info", "UserInfo", session.user_info.clone())];
    Ok(page(StatusCode::OK, &SignedInPage { session, tables }))
}

pub(crate) async fn signed_out() -> HttpResponse {
    page(StatusCode::OK, &SignedOut)
}

pub(crate) async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("../templates/style.css"))
}

pub(crate) fn redirect(place: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, place)).finish()
}

/// Forms go to this app and, to sign out, on to the issuer and back.
pub(crate) fn content_security_policy(config: &Config) -> String {
    let issuer = config.issuer.split('/').take(3).collect::<Vec<_>>().join("/");
    format!(
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self' {issuer}; base-uri 'none'; frame-ancestors 'none'"
    )
}

fn page(status: StatusCode, page: &impl Template) -> HttpResponse {
    let html = page.render().expect("writing to a string does not fail");
    HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html)
}
