//! Groups: list, make, show, delete; their members: list, add, remove. Members see a group, its owner changes it.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::caller::Caller;
use crate::answer::problem::Problem;
use crate::clock;
use crate::service::App;
use crate::service::groups::{self as store, GroupError, Removed, check_name};
use crate::service::principal::{Person, subject};
use crate::service::web::body::JsonBody;
use crate::service::web::found::{self, forbidden, private, rfc3339};
use crate::service::web::{once, problems};

/// People who own notes and files together.
#[derive(Serialize, ToSchema)]
pub(crate) struct Group {
    #[schema(example = "Xk3vQ0mZr1S8bq0Jw9cT2A")]
    id: String,
    name: String,
    /// The `sub` of whoever adds and removes members.
    owner: String,
    /// How many members there are.
    members: i64,
    #[schema(format = DateTime)]
    created_at: String,
}

/// Groups of the caller, newest first to the second.
#[derive(Serialize, ToSchema)]
pub(crate) struct GroupPage {
    groups: Vec<Group>,
    /// Send it as `after` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Member {
    sub: String,
    #[schema(format = DateTime)]
    added_at: String,
}

/// Members, newest first to the second.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberPage {
    members: Vec<Member>,
    /// Send it as `after` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGroup {
    /// One line.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Lists the groups that the caller is a member of, newest first to the second.
#[utoipa::path(get, path = "/groups", operation_id = "listGroups", tag = "groups", params(
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many at most; 20 by default"),
    ("after" = Option<String>, Query, description = "The value of next on the page before"),
), responses(
    (status = 200, description = "One page", body = GroupPage),
    (status = 400, description = "A parameter breaks a rule"),
))]
pub(crate) async fn list(request: HttpRequest, caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let asked = found::asked(request.query_string())?;
    let page = store::page(&app.database, &app.person(&caller), &asked).await?;
    let groups = page.rows.into_iter().map(Group::from).collect();
    Ok(private(StatusCode::OK).json(GroupPage { groups, next: page.next.map(|cursor| cursor.print()) }))
}

/// Makes a group; the caller owns it and is its first member.
#[utoipa::path(post, path = "/groups", operation_id = "createGroup", tag = "groups", request_body = NewGroup, params(
    ("Idempotency-Key" = Option<String>, Header, description = "A text in quotes: the same request with the same key makes one group"),
), responses(
    (status = 201, description = "Made", body = Group, headers(("Location" = String, description = "The new group"))),
    (status = 400, description = "The body or a header breaks a rule"),
    (status = 409, description = "There are as many groups of the caller as there may be, or a request with this Idempotency-Key is not answered yet"),
    (status = 413, description = "The body is too large"),
    (status = 415, description = "The body is not application/json"),
    (status = 422, description = "The Idempotency-Key was used with another request"),
))]
pub(crate) async fn create(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
    JsonBody(input): JsonBody<NewGroup>,
) -> Result<HttpResponse, Problem> {
    let (person, name) = (app.person(&caller), check_name(input.name).map_err(problems::body)?);
    let began = once::begin(&app, &person, request.headers(), &[b"POST /groups", name.as_bytes()])?;
    let made = store::create(&app.database, &person, &name, began.once(), clock::now()).await?;
    app.hub.written();
    let group =
        store::Group { id: made.id, owner: person.as_str().to_owned(), name, members: 1, created_at: made.created_at };
    let location = format!("/groups/{}", group.id);
    Ok(private(StatusCode::CREATED).insert_header((LOCATION, location)).json(Group::from(group)))
}

/// Shows a group.
#[utoipa::path(get, path = "/groups/{id}", operation_id = "showGroup", tag = "groups", params(("id" = String, Path)), responses(
    (status = 200, description = "The group", body = Group),
    (status = 404, description = "The caller is a member of no such group"),
))]
pub(crate) async fn show(path: Path<String>, caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let group = find(&app, &app.person(&caller), &path).await?;
    Ok(private(StatusCode::OK).json(Group::from(group)))
}

/// Deletes a group that owns no notes and files.
#[utoipa::path(delete, path = "/groups/{id}", operation_id = "deleteGroup", tag = "groups", params(("id" = String, Path)), responses(
    (status = 204, description = "It is gone"),
    (status = 404, description = "The caller is a member of no such group"),
    (status = 409, description = "It still owns notes or files"),
))]
pub(crate) async fn delete(path: Path<String>, caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let person = app.person(&caller);
    let group = find_owned(&app, &person, &path).await?;
    store::delete(&app.database, &person, &group, clock::now()).await?;
    app.hub.written();
    Ok(found::done())
}

/// Lists the members of a group, newest first to the second.
#[utoipa::path(get, path = "/groups/{id}/members", operation_id = "listMembers", tag = "groups", params(
    ("id" = String, Path),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many at most; 20 by default"),
    ("after" = Option<String>, Query, description = "The value of next on the page before"),
), responses(
    (status = 200, description = "One page", body = MemberPage),
    (status = 400, description = "A parameter breaks a rule"),
    (status = 404, description = "The caller is a member of no such group"),
))]
pub(crate) async fn members(
    request: HttpRequest,
    path: Path<String>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let asked = found::asked(request.query_string())?;
    let group = find(&app, &app.person(&caller), &path).await?;
    let page = store::members(&app.database, &group, &asked).await?;
    let member = |row: store::Member| Member { sub: subject(&row.member).to_owned(), added_at: rfc3339(row.added_at) };
    let members = page.rows.into_iter().map(member).collect();
    Ok(private(StatusCode::OK).json(MemberPage { members, next: page.next.map(|cursor| cursor.print()) }))
}

/// Adds a member.
#[utoipa::path(put, path = "/groups/{id}/members/{sub}", operation_id = "addMember", tag = "groups", params(
    ("id" = String, Path), ("sub" = String, Path, description = "The sub of somebody, which they see at GET /me and have to tell"),
), responses(
    (status = 204, description = "They are a member"),
    (status = 400, description = "Nobody is called so"),
    (status = 404, description = "The caller is a member of no such group"),
    (status = 409, description = "The group has as many members as it may have"),
))]
pub(crate) async fn add(path: Path<(String, String)>, caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let (person, (id, sub)) = (app.person(&caller), path.into_inner());
    let group = find_owned(&app, &person, &id).await?;
    store::add(&app.database, &person, &group, &named(&person, &sub)?, clock::now()).await?;
    app.hub.written();
    Ok(found::done())
}

/// Removes a member. Members may remove themselves; the owner stays.
#[utoipa::path(delete, path = "/groups/{id}/members/{sub}", operation_id = "removeMember", tag = "groups", params(
    ("id" = String, Path), ("sub" = String, Path, description = "Who it is, as their tokens say"),
), responses(
    (status = 204, description = "They are no member any more"),
    (status = 400, description = "Nobody is called so"),
    (status = 404, description = "The caller is a member of no such group, or they are not"),
    (status = 409, description = "They own the group"),
))]
pub(crate) async fn remove(
    path: Path<(String, String)>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (person, (id, sub)) = (app.person(&caller), path.into_inner());
    let (group, member) = (find(&app, &person, &id).await?, named(&person, &sub)?);
    if member.as_str() == group.owner {
        return Err(problems::conflict("the owner of a group stays its member"));
    }
    if group.owner != person.as_str() && member != person {
        return Err(forbidden("only the owner of a group removes others"));
    }
    match store::remove(&app.database, &person, &group, &member, clock::now()).await? {
        Removed::Yes => {
            app.hub.written();
            Ok(found::done())
        }
        Removed::NotThere => Err(Problem::not_found()),
    }
}

async fn find(app: &App, person: &Person, path: &str) -> Result<store::Group, Problem> {
    store::find(&app.database, person, &found::id(path)?).await?.ok_or_else(Problem::not_found)
}

async fn find_owned(app: &App, person: &Person, path: &str) -> Result<store::Group, Problem> {
    let group = find(app, person, path).await?;
    if group.owner == person.as_str() { Ok(group) } else { Err(forbidden("only the owner of a group may do that")) }
}

fn named(caller: &Person, sub: &str) -> Result<Person, Problem> {
    let rule = "the last part of the path is a sub of 1 to 255 bytes without control characters";
    caller.fellow(sub).ok_or_else(|| problems::path(rule))
}

impl From<store::Group> for Group {
    fn from(group: store::Group) -> Self {
        let store::Group { id, owner, name, members, created_at } = group;
        Self { id, name, owner: subject(&owner).to_owned(), members, created_at: rfc3339(created_at) }
    }
}

impl From<GroupError> for Problem {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::TooManyGroups => problems::conflict("the caller owns as many groups as one may"),
            GroupError::Full => problems::conflict("the group has as many members as it may have"),
            GroupError::Gone => Self::not_found(),
            GroupError::NotEmpty => problems::conflict("the group still owns notes or files; delete them first"),
            GroupError::OtherRequest => once::other_request(),
            GroupError::Database(error) => error.into(),
        }
    }
}
