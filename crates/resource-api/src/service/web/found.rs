//! What all handlers of notes and files share: find or 404, may or 403, what a failed write means, how an answer begins.
//!
//! What the caller may not see is not found: nobody learns that it exists.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::{HttpResponse, HttpResponseBuilder};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::form_urlencoded;

use crate::answer::problem::Problem;
use crate::clock;
use crate::service::App;
use crate::service::items::{self, Access, Asked, Cursor, DEFAULT_PAGE, Item, Kind, MAX_PAGE};
use crate::service::principal::{Id, Person, Principal};
use crate::service::web::{etag, once, problems};
use crate::service::write::{WriteError, Writing};

pub(crate) fn id(path: &str) -> Result<Id, Problem> {
    Id::parse(path).ok_or_else(Problem::not_found)
}

/// The item in the path, as far as the caller may see it.
pub(crate) async fn find(app: &App, person: &Person, kind: Kind, path: &str) -> Result<Item, Problem> {
    items::find(&app.database, person, kind, &id(path)?).await?.ok_or_else(Problem::not_found)
}

/// The same for who is going to change it: 403 for who may only see it.
pub(crate) async fn find_to(
    app: &App,
    person: &Person,
    kind: Kind,
    path: &str,
    needed: Access,
) -> Result<Item, Problem> {
    let item = find(app, person, kind, path).await?;
    if item.access >= needed {
        return Ok(item);
    }
    Err(forbidden(match needed {
        Access::Own => "only its owner may do that",
        Access::Read | Access::Write => "this is shared with the caller for reading only",
    }))
}

pub(crate) fn forbidden(detail: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
}

pub(crate) fn writing<'w>(app: &'w App, person: &'w Person) -> Writing<'w> {
    Writing { database: &app.database, caller: person, now: clock::now(), owner_bytes: app.limits.owner_bytes }
}

/// The caller, or the group that they named.
pub(crate) fn owner(person: &Person, group: Option<&str>) -> Result<Principal, Problem> {
    match group {
        None => Ok(Principal::Person(person.clone())),
        Some(text) => Id::parse(text).map(Principal::Group).ok_or_else(no_such_group),
    }
}

/// What a failed write of something new means.
pub(crate) fn not_made(error: WriteError) -> Problem {
    match error {
        WriteError::Quota => {
            let detail = "the owner keeps as much here as they may; delete something first";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "quota_exceeded", detail)
        }
        WriteError::NoSuchGroup => no_such_group(),
        WriteError::OtherRequest => once::other_request(),
        WriteError::Changed => etag::precondition_failed(),
        WriteError::Database(error) => error.into(),
    }
}

/// What a failed write means: it was deleted meanwhile, or taken away, or somebody else was faster.
pub(crate) async fn not_written(app: &App, person: &Person, kind: Kind, before: &Item, error: WriteError) -> Problem {
    if !matches!(error, WriteError::Changed) {
        return not_made(error);
    }
    match find_to(app, person, kind, &before.id, before.access).await {
        Ok(_) => etag::precondition_failed(),
        Err(problem) => problem,
    }
}

fn no_such_group() -> Problem {
    problems::body("group is the id of a group that the caller is a member of")
}

/// Which part of a list, from `limit` and `after`.
pub(crate) fn asked(query: &str) -> Result<Asked, Problem> {
    let [limit, after] = parameters(query, ["limit", "after"], "the parameters of this list are limit and after")?;
    let limit = match limit.map(|text| text.parse::<u32>()) {
        None => DEFAULT_PAGE,
        Some(Ok(limit @ 1..=MAX_PAGE)) => limit,
        Some(_) => return Err(problems::query("limit is a number from 1 to 100")),
    };
    let cursor = |text: String| Cursor::parse(&text).ok_or("after is the value of next on the page before");
    Ok(Asked { limit, after: after.map(cursor).transpose().map_err(problems::query)? })
}

/// The parameters of these names; no others, none twice.
pub(crate) fn parameters<const N: usize>(
    query: &str,
    names: [&str; N],
    rule: &'static str,
) -> Result<[Option<String>; N], Problem> {
    let mut found = [const { None }; N];
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let at = names.iter().position(|known| *known == name).ok_or_else(|| problems::query(rule))?;
        if found[at].replace(value.into_owned()).is_some() {
            return Err(problems::query("a parameter was sent more than once"));
        }
    }
    Ok(found)
}

/// What answers is the caller's alone.
pub(crate) fn private(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store"));
    response
}

/// 204.
pub(crate) fn done() -> HttpResponse {
    private(StatusCode::NO_CONTENT).finish()
}

/// RFC 9110 §15.4.5: the headers that a 200 would have had.
pub(crate) fn not_modified(tag: String) -> HttpResponse {
    private(StatusCode::NOT_MODIFIED).insert_header((ETAG, tag)).finish()
}

/// A time that no clock of ours ever showed becomes 1970.
pub(crate) fn rfc3339(seconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_and_after_are_checked() {
        assert_eq!(asked("").expect("is enough"), Asked { limit: 20, after: None });
        assert_eq!(asked("limit=100").map(|asked| asked.limit).expect("fits"), 100);
        for query in ["limit=0", "limit=101", "limit=-1", "limit=", "limit=1&limit=1", "after=", "after=x", "page=2"] {
            assert!(asked(query).is_err(), "{query}");
        }
    }

    #[test]
    fn times_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(1_700_000_000), "2023-11-14T22:13:20Z");
    }
}
