//! The notes of the caller: list, create, read, replace, delete. The route table demands the permission, `notes.rs` the owner.
//!
//! Somebody else's note is not found: nobody learns that it exists.

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::form_urlencoded;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::clock;
use crate::problem::Problem;
use crate::service::App;
use crate::service::notes::{self as store, Cursor, DEFAULT_PAGE, Deleted, MAX_PAGE, NoteId, NoteText};
use crate::service::web::body::JsonBody;
use crate::service::web::problems;

/// One note.
#[derive(Serialize, ToSchema)]
pub(crate) struct Note {
    #[schema(example = "Xk3vQ0mZr1S8bq0Jw9cT2A")]
    id: String,
    title: String,
    body: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Notes, newest first to the second.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotePage {
    notes: Vec<Note>,
    /// Send it as `after` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A note as it is written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteInput {
    /// One line.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    #[serde(default)]
    #[schema(max_length = 10_000)]
    body: String,
}

/// Lists the caller's notes, newest first to the second.
#[utoipa::path(get, path = "/notes", operation_id = "listNotes", tag = "notes", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many notes at most; 20 by default"),
    ("after" = Option<String>, Query, description = "The value of next on the page before"),
), responses(
    (status = 200, description = "One page", body = NotePage),
    (status = 400, description = "A parameter breaks a rule"),
))]
pub(crate) async fn list(request: HttpRequest, caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let Asked { limit, after } = Asked::parse(request.query_string()).map_err(problems::query)?;
    let page = store::page(&app.database, caller.subject(), after.as_ref(), limit).await?;
    let notes = page.notes.into_iter().map(Note::from).collect();
    Ok(private().json(NotePage { notes, next: page.next.map(|cursor| cursor.print()) }))
}

/// Writes a new note.
#[utoipa::path(post, path = "/notes", operation_id = "createNote", tag = "notes", request_body = NoteInput, responses(
    (status = 201, description = "Written", body = Note, headers(("Location" = String, description = "The new note"))),
    (status = 400, description = "The body breaks a rule"),
    (status = 413, description = "The body is too large"),
    (status = 415, description = "The body is not application/json"),
))]
pub(crate) async fn create(
    caller: Caller,
    app: Data<App>,
    JsonBody(input): JsonBody<NoteInput>,
) -> Result<HttpResponse, Problem> {
    let note = store::insert(&app.database, caller.subject(), &input.check()?, clock::now()).await?;
    let location = format!("/notes/{}", note.id);
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((LOCATION, location))
        .json(Note::from(note)))
}

/// Reads one note.
#[utoipa::path(get, path = "/notes/{id}", operation_id = "showNote", tag = "notes", params(("id" = String, Path)), responses(
    (status = 200, description = "The note", body = Note),
    (status = 404, description = "The caller has no such note"),
))]
pub(crate) async fn show(path: Path<String>, caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let note = store::find(&app.database, caller.subject(), &id(&path)?).await?.ok_or_else(Problem::not_found)?;
    Ok(private().json(Note::from(note)))
}

/// Replaces title and body of a note.
#[utoipa::path(put, path = "/notes/{id}", operation_id = "replaceNote", tag = "notes", params(("id" = String, Path)), request_body = NoteInput, responses(
    (status = 200, description = "The note", body = Note),
    (status = 400, description = "The body breaks a rule"),
    (status = 404, description = "The caller has no such note"),
    (status = 413, description = "The body is too large"),
    (status = 415, description = "The body is not application/json"),
))]
pub(crate) async fn update(
    path: Path<String>,
    caller: Caller,
    app: Data<App>,
    JsonBody(input): JsonBody<NoteInput>,
) -> Result<HttpResponse, Problem> {
    let (id, text) = (id(&path)?, input.check()?);
    let note = store::update(&app.database, caller.subject(), &id, &text, clock::now()).await?;
    Ok(private().json(Note::from(note.ok_or_else(Problem::not_found)?)))
}

/// Deletes a note.
#[utoipa::path(delete, path = "/notes/{id}", operation_id = "deleteNote", tag = "notes", params(("id" = String, Path)), responses(
    (status = 204, description = "It is gone"),
    (status = 404, description = "The caller has no such note"),
))]
pub(crate) async fn delete(path: Path<String>, caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    match store::delete(&app.database, caller.subject(), &id(&path)?).await? {
        Deleted::Yes => Ok(HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish()),
        Deleted::NotThere => Err(Problem::not_found()),
    }
}

/// Which part of the list, checked.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    limit: u32,
    after: Option<Cursor>,
}

impl Asked {
    fn parse(query: &str) -> Result<Self, &'static str> {
        let (mut limit, mut after) = (None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let before = match &*name {
                "limit" => limit.replace(value),
                "after" => after.replace(value),
                _ => return Err("the parameters of this list are limit and after"),
            };
            if before.is_some() {
                return Err("a parameter was sent more than once");
            }
        }
        let limit = match limit.map(|text| text.parse::<u32>()) {
            None => DEFAULT_PAGE,
            Some(Ok(limit @ 1..=MAX_PAGE)) => limit,
            Some(_) => return Err("limit is a number from 1 to 100"),
        };
        let after = after.map(|text| Cursor::parse(&text).ok_or("after is the value of next on the page before"));
        Ok(Self { limit, after: after.transpose()? })
    }
}

impl NoteInput {
    fn check(self) -> Result<NoteText, Problem> {
        NoteText::check(self.title, self.body).map_err(problems::body)
    }
}

impl From<store::Note> for Note {
    fn from(note: store::Note) -> Self {
        let store::Note { id, title, body, created_at, updated_at } = note;
        Self { id, title, body, created_at: rfc3339(created_at), updated_at: rfc3339(updated_at) }
    }
}

fn id(path: &Path<String>) -> Result<NoteId, Problem> {
    NoteId::parse(path).ok_or_else(Problem::not_found)
}

fn private() -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store"));
    response
}

/// A time that no clock of ours ever showed becomes 1970.
fn rfc3339(seconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_and_after_are_checked() {
        assert_eq!(Asked::parse(""), Ok(Asked { limit: 20, after: None }));
        assert_eq!(Asked::parse("limit=100").map(|asked| asked.limit), Ok(100));
        for query in ["limit=0", "limit=101", "limit=-1", "limit=", "limit=1&limit=1", "after=", "after=x", "page=2"] {
            assert!(Asked::parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn times_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(1_700_000_000), "2023-11-14T22:13:20Z");
    }
}
