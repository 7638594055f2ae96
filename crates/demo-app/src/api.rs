//! Calls the protected API with the access token (RFC 6750 §2.1) and shows what it answers, errors included.

use crate::{App, pages, pages::Answer, pages::Problem};
use actix_web::{HttpRequest, web};
use openidconnect::OAuth2TokenResponse;
use reqwest::{Method, RequestBuilder, header::WWW_AUTHENTICATE};
use serde_json::Value;

#[derive(serde::Deserialize)]
pub(crate) struct NoteForm {
    title: String,
}

pub(crate) async fn call(app: web::Data<App>, request: HttpRequest) -> Answer {
    show(&app, &request, &[(Method::GET, "/me", None), (Method::GET, "/notes", None)]).await
}

#[expect(clippy::disallowed_types, reason = "a relying party reads its forms with its framework's own means")]
pub(crate) async fn add_note(app: web::Data<App>, request: HttpRequest, form: web::Form<NoteForm>) -> Answer {
    let note = serde_json::json!({ "title": form.title, "body": "" });
    show(&app, &request, &[(Method::POST, "/notes", Some(note)), (Method::GET, "/notes", None)]).await
}

async fn show(app: &App, request: &HttpRequest, calls: &[(Method, &str, Option<Value>)]) -> Answer {
    let Some(session) = app.sessions.signed_in(request) else { return Ok(pages::redirect("/")) };
    let mut shown = Vec::new();
    for (method, path, body) in calls {
        let call = app.http.request(method.clone(), format!("{}{path}", app.config.api_url));
        let call = call.bearer_auth(session.tokens.access_token().secret());
        let answer = body.iter().fold(call, RequestBuilder::json).send().await?;
        shown.push(format!("{method} {path}\n{}\n{}", answer.status(), described(answer).await?));
    }
    app.sessions.update(request, |session| session.api_result = shown.join("\n\n"));
    Ok(pages::redirect("/"))
}

async fn described(answer: reqwest::Response) -> Result<String, Problem> {
    let challenge = answer.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    let challenge = challenge.map_or_else(String::new, |value| format!("WWW-Authenticate: {value}\n"));
    let text = answer.text().await?;
    let body = serde_json::from_str::<Value>(&text).map_or(text, |value| format!("{value:#}"));
    Ok(challenge + &body)
}
