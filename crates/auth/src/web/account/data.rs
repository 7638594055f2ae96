//! `/account/data`: the export, and the way to delete the account or to keep it after all.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::security_event::SecurityEvent;

use super::{export, words};
use crate::AppState;
use crate::page_paths::account;
use crate::security_log::{self, Event};
use crate::text::{DataTexts, fill};
use crate::web::error::{PageError, Situation};
use crate::web::pages::{AccountPart, DataPage, Deletion, Form, Notice, Weight};
use crate::web::visitor::{Since, Visitor, VisitorError};

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, VisitorError> {
    let visitor = Visitor::admit(state, http, Since::Whenever, None).await?;
    let shell = super::shell(&visitor);
    let texts = &shell.texts.data;
    let export = Form::new(visitor.path(account::EXPORT), visitor.csrf(), "export-submit", texts.export_submit);
    let keep = Form::new(visitor.path(account::KEEP), visitor.csrf(), "keep-submit", texts.keep_submit);
    let page = DataPage {
        frame: super::frame(&visitor, AccountPart::Data),
        notice: notice(&visitor, texts)?,
        export: export.weight(Weight::Plain),
        deletion: match visitor.user.deletion_due_at {
            None => Deletion::NotAsked(visitor.path(account::DELETE)),
            Some(due) => {
                let sentence = fill(texts.scheduled_text, &words::day(&shell.texts.account, due));
                Deletion::Scheduled { sentence, keep }
            }
        },
        shell,
    };
    Ok(super::page(&visitor, StatusCode::OK, &page))
}

/// Everything at once, so it asks for a fresh sign-in.
pub(crate) async fn download(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, VisitorError> {
    let (visitor, _form) = Visitor::posted(state, http, body, Since::Recently, account::DATA).await?;
    let event = Event::new(&visitor.user.id, SecurityEvent::DataExported).in_session(&visitor.session.id);
    security_log::note(&visitor.state, &visitor.http, event).await?;
    let everything = export::of(&visitor.state, &visitor.user, visitor.now).await?;
    let json =
        serde_json::to_vec_pretty(&everything).map_err(|error| PageError::new(Situation::Broken).because(error))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"account.json\""))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(json))
}

fn notice(visitor: &Visitor, texts: &DataTexts) -> Result<Option<Notice>, VisitorError> {
    Ok(match super::asked(&visitor.http, "done")?.as_deref() {
        Some("kept") => Some(Notice::success(texts.done_kept)),
        Some("scheduled") => Some(Notice::warning(texts.done_scheduled)),
        _ => None,
    })
}
