//! What handlers of notes and of files do alike with one item: make, show, replace, delete it, and answer with it.
//!
//! The route table demands the permission, `found.rs` says what the caller may do with this one.

use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, HeaderMap, LOCATION};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::access::caller::Caller;
use crate::answer::problem::Problem;
use crate::service::App;
use crate::service::items::{Access, Item, Kind};
use crate::service::principal::{Person, Principal};
use crate::service::web::etag::{self, Reader};
use crate::service::web::found::{self, private};
use crate::service::web::once::Began;
use crate::service::write::{Content, Wanted};

/// An item as callers see it.
pub(crate) trait Shown: From<Item> + Serialize {
    const KIND: Kind;
    /// Where items of this kind are.
    const PATH: &'static str;
}

/// With its version; a new one also with where it is.
fn answer<S: Shown>(status: StatusCode, item: Item) -> HttpResponse {
    let mut response = private(status);
    response.insert_header((ETAG, etag::of(&item)));
    if status == StatusCode::CREATED {
        response.insert_header((LOCATION, format!("{}/{}", S::PATH, item.id)));
    }
    response.json(S::from(item))
}

/// Once for each idempotency key.
pub(crate) async fn create<S: Shown>(
    app: &App,
    person: &Person,
    owner: &Principal,
    content: Content,
    began: &Began,
) -> Result<HttpResponse, Problem> {
    let made = found::writing(app, person).create(owner, &content, began.once()).await.map_err(found::not_made)?;
    app.hub.written();
    Ok(answer::<S>(StatusCode::CREATED, content.made(made, owner.written())))
}

pub(crate) async fn show<S: Shown>(
    request: &HttpRequest,
    path: &str,
    caller: &Caller,
    app: &App,
) -> Result<HttpResponse, Problem> {
    let item = found::find(app, &app.person(caller), S::KIND, path).await?;
    match etag::read(request.headers(), &etag::of(&item))? {
        Reader::HasIt => Ok(found::not_modified(etag::of(&item))),
        Reader::Wants => Ok(answer::<S>(StatusCode::OK, item)),
    }
}

/// What is going to be changed, if the request is about this version of it.
pub(crate) async fn before<S: Shown>(
    headers: &HeaderMap,
    path: &str,
    person: &Person,
    app: &App,
    needed: Access,
) -> Result<(Item, Wanted), Problem> {
    let before = found::find_to(app, person, S::KIND, path, needed).await?;
    let wanted = etag::write(headers, &etag::of(&before))?;
    Ok((before, wanted))
}

pub(crate) async fn replace<S: Shown>(
    app: &App,
    person: &Person,
    (before, wanted): &(Item, Wanted),
    content: &Content,
) -> Result<HttpResponse, Problem> {
    match found::writing(app, person).replace(before, *wanted, content).await {
        Ok(item) => {
            app.hub.written();
            Ok(answer::<S>(StatusCode::OK, item))
        }
        Err(error) => Err(found::not_written(app, person, S::KIND, before, error).await),
    }
}

pub(crate) async fn delete<S: Shown>(
    request: &HttpRequest,
    path: &str,
    caller: &Caller,
    app: &App,
) -> Result<HttpResponse, Problem> {
    let person = app.person(caller);
    let (before, wanted) = before::<S>(request.headers(), path, &person, app, Access::Own).await?;
    match found::writing(app, &person).delete(&before, wanted, S::KIND).await {
        Ok(()) => {
            app.hub.written();
            Ok(found::done())
        }
        Err(error) => Err(found::not_written(app, &person, S::KIND, &before, error).await),
    }
}
