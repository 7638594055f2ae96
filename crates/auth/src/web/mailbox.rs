//! `/dev/mailbox`: the mail that a server in development would have sent. Served only where `mail.transport` is `mailbox`, which
//! is for one machine only; elsewhere there is no such page.
//!
//! The HTML of a mail is styled inline, as mail programs want it. It is shown at an address of its own, whose policy lets it load
//! and run nothing and gives it no origin; the pages around it keep theirs.

use actix_web::guard::GuardContext;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use protocol::ids::MailId;
use store::mailbox::{self, Received};

use crate::config::MailTransport;
use crate::mail::MAILBOX;
use crate::web::error::{PageError, Situation};
use crate::web::pages::{Link, MailboxMessagePage, MailboxPage, MailboxRow};
use crate::web::{answer, cards, headers, shell};
use crate::{AppState, calendar};

/// The latest, which are those that somebody looks for.
const SHOWN: i64 = 100;

pub(crate) fn is_on(context: &GuardContext<'_>) -> bool {
    let state = context.app_data::<Data<AppState>>();
    state.is_some_and(|state| state.config.mail.transport == MailTransport::Mailbox)
}

pub(crate) async fn list(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, PageError> {
    let received = mailbox::latest(&state.store, SHOWN).await?;
    let row = |mail: &Received| MailboxRow {
        link: Link { href: address(&state, &mail.id), label: mail.subject.clone() },
        recipient: mail.recipient.clone(),
        received_at: calendar::minute(mail.received_at),
    };
    let page = MailboxPage { rows: received.iter().map(row).collect(), shell: shell::of(&state, &http) };
    Ok(answer::page(StatusCode::OK, &page, &state, &http))
}

pub(crate) async fn one(state: Data<AppState>, http: HttpRequest, id: Path<String>) -> Result<HttpResponse, PageError> {
    let mail = find(&state, &id).await?;
    let page = MailboxMessagePage {
        shell: shell::of(&state, &http),
        links: links(&mail.text, state.issuer().as_str()),
        html: format!("{}/html", address(&state, &mail.id)),
        all: cards::path(&state, MAILBOX),
        received_at: calendar::minute(mail.received_at),
        recipient: mail.recipient,
        subject: mail.subject,
        text: mail.text,
    };
    Ok(answer::page(StatusCode::OK, &page, &state, &http))
}

pub(crate) async fn html(state: Data<AppState>, id: Path<String>) -> Result<HttpResponse, PageError> {
    let mail = find(&state, &id).await?;
    let mut response = HttpResponse::Ok();
    for header in headers::mail() {
        response.insert_header(header);
    }
    Ok(response.insert_header((CONTENT_TYPE, "text/html; charset=utf-8")).body(mail.html))
}

async fn find(state: &AppState, id: &str) -> Result<Received, PageError> {
    let not_found = || PageError::new(Situation::NotFound);
    let id = MailId::parse(id).map_err(|_| not_found())?;
    mailbox::find(&state.store, &id).await?.ok_or_else(not_found)
}

fn address(state: &AppState, id: &MailId) -> String {
    format!("{}/{id}", cards::path(state, MAILBOX))
}

/// The addresses of ours in a mail, each once: what a person would click.
fn links(text: &str, issuer: &str) -> Vec<String> {
    let mut links: Vec<String> = Vec::new();
    for word in
        text.split_whitespace().filter(|word| word.strip_prefix(issuer).is_some_and(|rest| rest.starts_with('/')))
    {
        if !links.iter().any(|link| link == word) {
            links.push(word.to_owned());
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_ours_are_links() {
        let text =
            "See:\nhttp://localhost:80/a\nhttp://localhost:80.evil.example/b http://localhost:80/a https://x.example/";
        assert_eq!(links(text, "http://localhost:80"), ["http://localhost:80/a"]);
    }
}
