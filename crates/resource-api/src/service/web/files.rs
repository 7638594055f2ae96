//! Files: list, upload, describe, download, replace, delete. The body of an upload is the file itself, not a form. What notes do
//! alike is in `kept.rs`.
//!
//! A file is what somebody else wrote. A browser that is sent to one saves it and shows nothing of it: attachment, the type as it
//! is told (`nosniff`, by `trace.rs`), and a sandbox should it be shown after all.

use std::convert::Infallible;

use actix_web::body::SizedStream;
use actix_web::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Bytes, Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::stream::empty;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::answer::problem::Problem;
use crate::service::App;
use crate::service::files::{check, check_name, disposition, essence};
use crate::service::items::{self, Access, Item, Kind};
use crate::service::principal::shown;
use crate::service::web::etag::{self, Reader};
use crate::service::web::found::{self, private, rfc3339};
use crate::service::web::kept::{self, Shown};
use crate::service::web::{body, once, problems};

const POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";
const FORM: &str = "send the file itself as the body, not a form; Content-Type names its type, as image/png";

/// What is known of a file without reading it.
#[derive(Serialize, ToSchema)]
pub(crate) struct File {
    #[schema(example = "Xk3vQ0mZr1S8bq0Jw9cT2A")]
    id: String,
    /// `person:` and a `sub`, or `group:` and an id.
    #[schema(example = "person:alice")]
    owner: String,
    /// What the caller may do with it: `read`, `write` or `own`.
    access: &'static str,
    /// Counts from 1.
    version: i64,
    name: String,
    #[schema(example = "image/png")]
    media_type: String,
    /// Bytes.
    size: i64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Files, newest first to the second.
#[derive(Serialize, ToSchema)]
pub(crate) struct FilePage {
    files: Vec<File>,
    /// Send it as `after` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Lists the files that the caller may see, newest first to the second.
#[utoipa::path(get, path = "/files", operation_id = "listFiles", tag = "files", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many at most; 20 by default"),
    ("after" = Option<String>, Query, description = "The value of next on the page before"),
), responses(
    (status = 200, description = "One page", body = FilePage),
    (status = 400, description = "A parameter breaks a rule"),
))]
pub(crate) async fn list(request: HttpRequest, caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let asked = found::asked(request.query_string())?;
    let page = items::page(&app.database, &app.person(&caller), Kind::File, &asked).await?;
    let files = page.rows.into_iter().map(File::from).collect();
    Ok(private(StatusCode::OK).json(FilePage { files, next: page.next.map(|cursor| cursor.print()) }))
}

/// Uploads a file.
#[utoipa::path(post, path = "/files", operation_id = "uploadFile", tag = "files", params(
    ("name" = String, Query, description = "What it is called; a name, not a path"),
    ("group" = Option<String>, Query, description = "The id of a group that it is to belong to"),
    ("Idempotency-Key" = Option<String>, Header, description = "A text in quotes: the same request with the same key makes one file"),
), request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file itself, with any media type"), responses(
    (status = 201, description = "Kept", body = File, headers(
        ("Location" = String, description = "The new file"), ("ETag" = String, description = "Its version"))),
    (status = 400, description = "A parameter or a header breaks a rule"),
    (status = 408, description = "The body took too long"),
    (status = 409, description = "A request with this Idempotency-Key is not answered yet"),
    (status = 413, description = "The file is too large, or the owner keeps as much as they may"),
    (status = 415, description = "Content-Type is missing, or names a form"),
    (status = 422, description = "The Idempotency-Key was used with another request"),
))]
pub(crate) async fn create(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let rule = "the parameters of an upload are name and group";
    let [name, group] = found::parameters(request.query_string(), ["name", "group"], rule)?;
    let name = name.ok_or_else(|| problems::query("name says what the file is called"))?;
    check_name(&name).map_err(problems::query)?;
    let (media_type, person) = (media_type(request.headers())?, app.person(&caller));
    let owner = found::owner(&person, group.as_deref())?;
    let bytes = body::bytes(request.headers(), payload, app.limits.file_bytes).await?;
    let parts =
        [b"POST /files", name.as_bytes(), group.as_deref().unwrap_or("").as_bytes(), media_type.as_bytes(), &bytes];
    let began = once::begin(&app, &person, request.headers(), &parts)?;
    let content = check(name, &media_type, bytes).map_err(problems::query)?;
    kept::create::<File>(&app, &person, &owner, content, &began).await
}

/// Describes a file.
#[utoipa::path(get, path = "/files/{id}", operation_id = "showFile", tag = "files", params(
    ("id" = String, Path), ("If-None-Match" = Option<String>, Header, description = "The ETag of what is there already"),
), responses(
    (status = 200, description = "What is known of it", body = File, headers(("ETag" = String, description = "Its version"))),
    (status = 304, description = "It is as it was"),
    (status = 404, description = "The caller may see no such file"),
    (status = 412, description = "It is not the version of If-Match"),
))]
pub(crate) async fn show(
    request: HttpRequest,
    path: Path<String>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    kept::show::<File>(&request, &path, &caller, &app).await
}

/// Downloads a file. As a whole: there are no ranges.
#[utoipa::path(get, path = "/files/{id}/content", operation_id = "downloadFile", tag = "files", params(
    ("id" = String, Path), ("If-None-Match" = Option<String>, Header, description = "The ETag of what is there already"),
), responses(
    (status = 200, description = "The file itself, with the media type that it was uploaded with", body = Vec<u8>,
        content_type = "application/octet-stream", headers(("ETag" = String, description = "Its version"))),
    (status = 304, description = "It is as it was"),
    (status = 404, description = "The caller may see no such file"),
    (status = 412, description = "It is not the version of If-Match"),
))]
pub(crate) async fn download(
    request: HttpRequest,
    path: Path<String>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    // The bytes are read when somebody is to get them.
    let person = app.person(&caller);
    let file = found::find(&app, &person, Kind::File, &path).await?;
    let tag = etag::of(&file);
    if etag::read(request.headers(), &tag)? == Reader::HasIt {
        return Ok(found::not_modified(tag));
    }
    if request.method() == Method::HEAD {
        let size = u64::try_from(size(&file)).unwrap_or_default();
        return Ok(saved(file).body(SizedStream::new(size, empty::<Result<Bytes, Infallible>>())));
    }
    let found = items::find_content(&app.database, &person, &found::id(&path)?).await?;
    let (file, bytes) = found.ok_or_else(Problem::not_found)?;
    Ok(saved(file).body(bytes))
}

/// The answer with a file, but for the file.
fn saved(file: Item) -> HttpResponseBuilder {
    let mut answer = private(StatusCode::OK);
    answer
        .insert_header((ETAG, etag::of(&file)))
        .insert_header((CONTENT_TYPE, file.media_type))
        .insert_header((CONTENT_DISPOSITION, disposition(&file.name)))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header(("cross-origin-resource-policy", "same-origin"))
        .insert_header((ACCEPT_RANGES, "none"));
    answer
}

/// Bytes. The name counts against the quota, but is no part of the file.
fn size(file: &Item) -> i64 {
    file.bytes - i64::try_from(file.name.len()).unwrap_or_default()
}

/// Replaces the bytes and the media type; the name stays.
#[utoipa::path(put, path = "/files/{id}/content", operation_id = "replaceFile", tag = "files", params(
    ("id" = String, Path), ("If-Match" = String, Header, description = "The ETag of what is replaced, or *"),
), request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file itself, with any media type"), responses(
    (status = 200, description = "What is known of it now", body = File, headers(("ETag" = String, description = "Its version"))),
    (status = 400, description = "A header breaks a rule"),
    (status = 404, description = "The caller may see no such file"),
    (status = 408, description = "The body took too long"),
    (status = 412, description = "It is not the version of If-Match any more"),
    (status = 413, description = "The file is too large, or the owner keeps as much as they may"),
    (status = 415, description = "Content-Type is missing, or names a form"),
    (status = 428, description = "If-Match is missing"),
))]
pub(crate) async fn replace(
    request: HttpRequest,
    path: Path<String>,
    caller: Caller,
    app: Data<App>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (media_type, person) = (media_type(request.headers())?, app.person(&caller));
    let before = kept::before::<File>(request.headers(), &path, &person, &app, Access::Write).await?;
    let bytes = body::bytes(request.headers(), payload, app.limits.file_bytes).await?;
    let content = check(before.0.name.clone(), &media_type, bytes).map_err(problems::query)?;
    kept::replace::<File>(&app, &person, &before, &content).await
}

/// Deletes a file.
#[utoipa::path(delete, path = "/files/{id}", operation_id = "deleteFile", tag = "files", params(
    ("id" = String, Path), ("If-Match" = String, Header, description = "The ETag of what is deleted, or *"),
), responses(
    (status = 204, description = "It is gone"),
    (status = 400, description = "A header breaks a rule"),
    (status = 404, description = "The caller may see no such file"),
    (status = 412, description = "It is not the version of If-Match any more"),
    (status = 428, description = "If-Match is missing"),
))]
pub(crate) async fn delete(
    request: HttpRequest,
    path: Path<String>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    kept::delete::<File>(&request, &path, &caller, &app).await
}

fn media_type(headers: &HeaderMap) -> Result<String, Problem> {
    // RFC 9110 §14.5: a server that knows no partial PUT refuses one.
    if headers.contains_key(CONTENT_RANGE) {
        return Err(problems::header("send the whole file, without Content-Range"));
    }
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.and_then(essence).ok_or_else(|| problems::media_type(FORM))
}

impl Shown for File {
    const KIND: Kind = Kind::File;
    const PATH: &'static str = "/files";
}

impl From<Item> for File {
    fn from(item: Item) -> Self {
        Self {
            size: size(&item),
            id: item.id,
            owner: shown(&item.owner),
            access: item.access.name(),
            version: item.version,
            name: item.name,
            media_type: item.media_type,
            created_at: rfc3339(item.created_at),
            updated_at: rfc3339(item.updated_at),
        }
    }
}
