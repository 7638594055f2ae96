//! Notes: list, create, read, replace, delete. What files do alike is in `kept.rs`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::answer::problem::Problem;
use crate::service::App;
use crate::service::items::{self, Access, Item, Kind};
use crate::service::notes::check;
use crate::service::principal::shown;
use crate::service::web::body::JsonBody;
use crate::service::web::found::{self, private, rfc3339};
use crate::service::web::kept::{self, Shown};
use crate::service::web::{once, problems};

/// One note.
#[derive(Serialize, ToSchema)]
pub(crate) struct Note {
    #[schema(example = "Xk3vQ0mZr1S8bq0Jw9cT2A")]
    id: String,
    /// `person:` and a `sub`, or `group:` and an id.
    #[schema(example = "person:alice")]
    owner: String,
    /// What the caller may do with it: `read`, `write` or `own`.
    access: &'static str,
    /// Counts from 1.
    version: i64,
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

/// A new note.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNote {
    /// One line.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    #[serde(default)]
    #[schema(max_length = 10_000)]
    body: String,
    /// The id of a group that it is to belong to; without it, it is the caller's.
    group: Option<String>,
}

/// What a note is to be from now on.
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

/// Lists the notes that the caller may see, newest first to the second.
#[utoipa::path(get, path = "/notes", operation_id = "listNotes", tag = "notes", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many at most; 20 by default"),
    ("after" = Option<String>, Query, description = "The value of next on the page before"),
), responses(
    (status = 200, description = "One page", body = NotePage),
    (status = 400, description = "A parameter breaks a rule"),
))]
pub(crate) async fn list(request: HttpRequest, caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let asked = found::asked(request.query_string())?;
    let page = items::page(&app.database, &app.person(&caller), Kind::Note, &asked).await?;
    let notes = page.rows.into_iter().map(Note::from).collect();
    Ok(private(StatusCode::OK).json(NotePage { notes, next: page.next.map(|cursor| cursor.print()) }))
}

/// Writes a new note.
#[utoipa::path(post, path = "/notes", operation_id = "createNote", tag = "notes", request_body = NewNote, params(
    ("Idempotency-Key" = Option<String>, Header, description = "A text in quotes: the same request with the same key makes one note"),
), responses(
    (status = 201, description = "Written", body = Note, headers(
        ("Location" = String, description = "The new note"), ("ETag" = String, description = "Its version"))),
    (status = 400, description = "The body or a header breaks a rule"),
    (status = 409, description = "A request with this Idempotency-Key is not answered yet"),
    (status = 413, description = "The body is too large, or the owner keeps as much as they may"),
    (status = 415, description = "The body is not application/json"),
    (status = 422, description = "The Idempotency-Key was used with another request"),
))]
pub(crate) async fn create(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
    JsonBody(input): JsonBody<NewNote>,
) -> Result<HttpResponse, Problem> {
    let person = app.person(&caller);
    let said = serde_json::to_vec(&input).map_err(Problem::server_error)?;
    let owner = found::owner(&person, input.group.as_deref())?;
    let content = check(input.title, input.body).map_err(problems::body)?;
    let began = once::begin(&app, &person, request.headers(), &[b"POST /notes", &said])?;
    kept::create::<Note>(&app, &person, &owner, content, &began).await
}

/// Reads a note.
#[utoipa::path(get, path = "/notes/{id}", operation_id = "showNote", tag = "notes", params(
    ("id" = String, Path), ("If-None-Match" = Option<String>, Header, description = "The ETag of what is there already"),
), responses(
    (status = 200, description = "The note", body = Note, headers(("ETag" = String, description = "Its version"))),
    (status = 304, description = "It is as it was"),
    (status = 404, description = "The caller may see no such note"),
    (status = 412, description = "It is not the version of If-Match"),
))]
pub(crate) async fn show(
    request: HttpRequest,
    path: Path<String>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    kept::show::<Note>(&request, &path, &caller, &app).await
}

/// Replaces title and body.
#[utoipa::path(put, path = "/notes/{id}", operation_id = "replaceNote", tag = "notes", request_body = NoteInput, params(
    ("id" = String, Path), ("If-Match" = String, Header, description = "The ETag of what is replaced, or *"),
), responses(
    (status = 200, description = "The note", body = Note, headers(("ETag" = String, description = "Its version"))),
    (status = 400, description = "The body or a header breaks a rule"),
    (status = 404, description = "The caller may see no such note"),
    (status = 412, description = "It is not the version of If-Match any more"),
    (status = 413, description = "The body is too large, or the owner keeps as much as they may"),
    (status = 415, description = "The body is not application/json"),
    (status = 428, description = "If-Match is missing"),
))]
pub(crate) async fn update(
    request: HttpRequest,
    path: Path<String>,
    caller: Caller,
    app: Data<App>,
    JsonBody(input): JsonBody<NoteInput>,
) -> Result<HttpResponse, Problem> {
    let (person, content) = (app.person(&caller), check(input.title, input.body).map_err(problems::body)?);
    let before = kept::before::<Note>(request.headers(), &path, &person, &app, Access::Write).await?;
    kept::replace::<Note>(&app, &person, &before, &content).await
}

/// Deletes a note.
#[utoipa::path(delete, path = "/notes/{id}", operation_id = "deleteNote", tag = "notes", params(
    ("id" = String, Path), ("If-Match" = String, Header, description = "The ETag of what is deleted, or *"),
), responses(
    (status = 204, description = "It is gone"),
    (status = 400, description = "A header breaks a rule"),
    (status = 404, description = "The caller may see no such note"),
    (status = 412, description = "It is not the version of If-Match any more"),
    (status = 428, description = "If-Match is missing"),
))]
pub(crate) async fn delete(
    request: HttpRequest,
    path: Path<String>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    kept::delete::<Note>(&request, &path, &caller, &app).await
}

impl Shown for Note {
    const KIND: Kind = Kind::Note;
    const PATH: &'static str = "/notes";
}

impl From<Item> for Note {
    fn from(item: Item) -> Self {
        Self {
            id: item.id,
            owner: shown(&item.owner),
            access: item.access.name(),
            version: item.version,
            title: item.name,
            body: item.body,
            created_at: rfc3339(item.created_at),
            updated_at: rfc3339(item.updated_at),
        }
    }
}
