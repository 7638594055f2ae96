//! With whom a note or a file is shared: list, give, take. Owners alone see and change that; but nobody has to keep what was
//! shared with them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::answer::problem::Problem;
use crate::clock;
use crate::service::App;
use crate::service::items::{Access, Item, Kind};
use crate::service::principal::{Person, Principal, shown};
use crate::service::shares::{ShareError, Sharing};
use crate::service::web::body::JsonBody;
use crate::service::web::found::{self, private};
use crate::service::web::problems;

/// How callers name whom they share with.
const WITH: &str = "person: and the sub of somebody, which they see at GET /me and have to tell; or group: and the id of a group that \
    the caller is a member of, as GET /groups lists it";

/// Everybody beside the owner, at most 100.
#[derive(Serialize, ToSchema)]
pub(crate) struct Shares {
    shares: Vec<Share>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Share {
    /// `person:` and a `sub`, or `group:` and an id.
    #[schema(example = "person:Jm5sXk2vQ0aZr1S8bq0Jw9")]
    with: String,
    /// `read` or `write`.
    access: &'static str,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShareInput {
    access: Level,
}

/// Who writes reads as well, and neither shares nor deletes.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Read,
    Write,
}

/// Lists with whom a note is shared.
#[utoipa::path(get, path = "/notes/{id}/shares", operation_id = "listNoteShares", tag = "notes", params(("id" = String, Path)), responses(
    (status = 200, description = "Everybody beside the owner", body = Shares),
    (status = 404, description = "The caller may see no such note"),
))]
pub(crate) async fn of_note(path: Path<String>, caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    list(&app, &caller, Kind::Note, &path).await
}

/// Shares a note with a person or a group, or changes what they may do.
#[utoipa::path(put, path = "/notes/{id}/shares/{with}", operation_id = "shareNote", tag = "notes", request_body = ShareInput, params(
    ("id" = String, Path), ("with" = String, Path, description = WITH, example = "person:Jm5sXk2vQ0aZr1S8bq0Jw9"),
), responses(
    (status = 204, description = "It is shared"),
    (status = 400, description = "The body breaks a rule, or nobody is called so"),
    (status = 404, description = "The caller may see no such note"),
    (status = 409, description = "They own it, or it is shared with as many as it may be"),
))]
pub(crate) async fn give_note(
    path: Path<(String, String)>,
    caller: Caller,
    app: Data<App>,
    JsonBody(input): JsonBody<ShareInput>,
) -> Result<HttpResponse, Problem> {
    give(&app, &caller, Kind::Note, &path, input.access).await
}

/// Shares a note no more: by its owner, or by whom it is shared with.
#[utoipa::path(delete, path = "/notes/{id}/shares/{with}", operation_id = "unshareNote", tag = "notes", params(
    ("id" = String, Path), ("with" = String, Path, description = WITH),
), responses(
    (status = 204, description = "It is not shared with them"),
    (status = 400, description = "Nobody is called so"),
    (status = 404, description = "The caller may see no such note"),
))]
pub(crate) async fn take_note(
    path: Path<(String, String)>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    take(&app, &caller, Kind::Note, &path).await
}

/// Lists with whom a file is shared.
#[utoipa::path(get, path = "/files/{id}/shares", operation_id = "listFileShares", tag = "files", params(("id" = String, Path)), responses(
    (status = 200, description = "Everybody beside the owner", body = Shares),
    (status = 404, description = "The caller may see no such file"),
))]
pub(crate) async fn of_file(path: Path<String>, caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    list(&app, &caller, Kind::File, &path).await
}

/// Shares a file with a person or a group, or changes what they may do.
#[utoipa::path(put, path = "/files/{id}/shares/{with}", operation_id = "shareFile", tag = "files", request_body = ShareInput, params(
    ("id" = String, Path), ("with" = String, Path, description = WITH, example = "person:Jm5sXk2vQ0aZr1S8bq0Jw9"),
), responses(
    (status = 204, description = "It is shared"),
    (status = 400, description = "The body breaks a rule, or nobody is called so"),
    (status = 404, description = "The caller may see no such file"),
    (status = 409, description = "They own it, or it is shared with as many as it may be"),
))]
pub(crate) async fn give_file(
    path: Path<(String, String)>,
    caller: Caller,
    app: Data<App>,
    JsonBody(input): JsonBody<ShareInput>,
) -> Result<HttpResponse, Problem> {
    give(&app, &caller, Kind::File, &path, input.access).await
}

/// Shares a file no more: by its owner, or by whom it is shared with.
#[utoipa::path(delete, path = "/files/{id}/shares/{with}", operation_id = "unshareFile", tag = "files", params(
    ("id" = String, Path), ("with" = String, Path, description = WITH),
), responses(
    (status = 204, description = "It is not shared with them"),
    (status = 400, description = "Nobody is called so"),
    (status = 404, description = "The caller may see no such file"),
))]
pub(crate) async fn take_file(
    path: Path<(String, String)>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    take(&app, &caller, Kind::File, &path).await
}

async fn list(app: &App, caller: &Caller, kind: Kind, path: &str) -> Result<HttpResponse, Problem> {
    let (person, item) = owned(app, caller, kind, path).await?;
    let shares = sharing(app, &person, kind, &item).list().await?;
    let shares = shares.iter().map(|(with, access)| Share { with: shown(with), access: access.name() }).collect();
    Ok(private(StatusCode::OK).json(Shares { shares }))
}

async fn give(
    app: &App,
    caller: &Caller,
    kind: Kind,
    (id, with): &(String, String),
    level: Level,
) -> Result<HttpResponse, Problem> {
    let (person, item) = owned(app, caller, kind, id).await?;
    let with = principal(&person, with)?;
    let access = match level {
        Level::Read => Access::Read,
        Level::Write => Access::Write,
    };
    sharing(app, &person, kind, &item).grant(&with, access).await?;
    app.hub.written();
    Ok(found::done())
}

async fn take(app: &App, caller: &Caller, kind: Kind, (id, with): &(String, String)) -> Result<HttpResponse, Problem> {
    let person = app.person(caller);
    if principal(&person, with)? == Principal::Person(person.clone()) {
        let item = found::find(app, &person, kind, id).await?;
        sharing(app, &person, kind, &item).leave().await?;
    } else {
        let (person, item) = owned(app, caller, kind, id).await?;
        sharing(app, &person, kind, &item).revoke(&principal(&person, with)?).await?;
    }
    app.hub.written();
    Ok(found::done())
}

async fn owned(app: &App, caller: &Caller, kind: Kind, path: &str) -> Result<(Person, Item), Problem> {
    let person = app.person(caller);
    let item = found::find_to(app, &person, kind, path, Access::Own).await?;
    Ok((person, item))
}

fn sharing<'s>(app: &'s App, caller: &'s Person, kind: Kind, item: &'s Item) -> Sharing<'s> {
    Sharing { database: &app.database, caller, kind, item, now: clock::now() }
}

fn principal(caller: &Person, text: &str) -> Result<Principal, Problem> {
    Principal::parse(text, caller).ok_or_else(|| problems::path("the last part of the path is person:SUB or group:ID"))
}

impl From<ShareError> for Problem {
    fn from(error: ShareError) -> Self {
        match error {
            ShareError::NotOwned => Self::not_found(),
            ShareError::NoSuchGroup => problems::path("the group is one that the caller is a member of"),
            ShareError::IsOwner => problems::conflict("they own it already"),
            ShareError::TooMany => {
                problems::conflict("it is shared with as many as it may be; take it from somebody first")
            }
            ShareError::Database(error) => error.into(),
        }
    }
}
