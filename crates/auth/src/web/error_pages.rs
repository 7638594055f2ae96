//! `/errors` and `/errors/{code}`: what the codes of this server mean and what to do about them. `error_uri` leads here.
//!
//! The only thing of a request that a page shows is the number of the refused one, when it has the form of ours.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use protocol::error::{CATALOGUE, ErrorCode};
use url::form_urlencoded;

use crate::AppState;
use crate::web::error::{PageError, Situation};
use crate::web::pages::{CataloguePage, ErrorCodePage, LanguageSwitch, Link};
use crate::web::{answer, cards, shell};

const TRACE_ID: &str = "trace_id";

pub(crate) async fn list(state: Data<AppState>, http: HttpRequest) -> HttpResponse {
    let shell = shell::of(&state, &http);
    let link = |code: &ErrorCode| {
        (Link { href: address(&state, *code), label: code.wire().to_owned() }, shell.locale.explanation(*code).meaning)
    };
    let page = CataloguePage { codes: ErrorCode::ALL.iter().map(link).collect(), shell: shell.clone() };
    answer::page(StatusCode::OK, &page, &state, &http)
}

pub(crate) async fn one(
    state: Data<AppState>,
    http: HttpRequest,
    code: Path<String>,
) -> Result<HttpResponse, PageError> {
    let code = ErrorCode::parse(&code).ok_or_else(|| PageError::new(Situation::NotFound))?;
    let mut query = form_urlencoded::parse(http.query_string().as_bytes());
    let trace_id = query.find(|(name, _)| name == TRACE_ID).map(|(_, value)| value).filter(|value| is_ours(value));
    let trace_id = trace_id.map(Cow::into_owned);
    let mut shell = shell::of(&state, &http);
    let kept = trace_id.iter().map(|trace_id| (TRACE_ID.to_owned(), trace_id.clone())).collect();
    shell.switch = Some(LanguageSwitch { action: address(&state, code), query: kept });
    let page = ErrorCodePage { shell, code, trace_id, all: cards::path(&state, CATALOGUE) };
    Ok(answer::page(StatusCode::OK, &page, &state, &http))
}

fn address(state: &AppState, code: ErrorCode) -> String {
    format!("{}/{code}", cards::path(state, CATALOGUE))
}

/// 32 hexadecimal digits, as `web/trace_id.rs` makes them.
fn is_ours(trace_id: &str) -> bool {
    trace_id.len() == 32 && trace_id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
