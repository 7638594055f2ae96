//! Every route of this service and what it demands, on one screen.

use crate::access::guard::{any_of, authenticated, public, require};
use crate::access::routes::{Routes, delete, get, post, put};
use crate::service::web::{app, events, files, groups, health, me, notes, openapi, shares};

pub(crate) const NOTES_READ: &str = "notes:read";
pub(crate) const NOTES_WRITE: &str = "notes:write";
pub(crate) const FILES_READ: &str = "files:read";
pub(crate) const FILES_WRITE: &str = "files:write";
pub(crate) const GROUPS_READ: &str = "groups:read";
pub(crate) const GROUPS_WRITE: &str = "groups:write";

/// What handlers read beside the headers of the library: web apps on other origins have to be allowed to send them.
pub(crate) const HEADERS: [&str; 2] = ["Idempotency-Key", "Last-Event-ID"];

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(get("/livez", health::livez).guard(public()))
        .add(get("/readyz", health::readyz).guard(public()))
        .add(get("/openapi.json", openapi::document).guard(public()))
        .add(get("/app", app::page).guard(public()))
        .add(get("/app/app.js", app::script).guard(public()))
        .add(get("/app/app.css", app::style).guard(public()))
        .add(get("/me", me::show).guard(authenticated()))
        .add(get("/events", events::stream).guard(require(any_of([NOTES_READ, FILES_READ]))))
        .add(get("/notes", notes::list).guard(require(NOTES_READ)))
        .add(post("/notes", notes::create).guard(require(NOTES_WRITE)))
        .add(get("/notes/{id}", notes::show).guard(require(NOTES_READ)))
        .add(put("/notes/{id}", notes::update).guard(require(NOTES_WRITE)))
        .add(delete("/notes/{id}", notes::delete).guard(require(NOTES_WRITE)))
        .add(get("/notes/{id}/shares", shares::of_note).guard(require(NOTES_READ)))
        .add(put("/notes/{id}/shares/{with}", shares::give_note).guard(require(NOTES_WRITE)))
        .add(delete("/notes/{id}/shares/{with}", shares::take_note).guard(require(NOTES_WRITE)))
        .add(get("/files", files::list).guard(require(FILES_READ)))
        .add(post("/files", files::create).guard(require(FILES_WRITE)))
        .add(get("/files/{id}", files::show).guard(require(FILES_READ)))
        .add(delete("/files/{id}", files::delete).guard(require(FILES_WRITE)))
        .add(get("/files/{id}/content", files::download).guard(require(FILES_READ)))
        .add(put("/files/{id}/content", files::replace).guard(require(FILES_WRITE)))
        .add(get("/files/{id}/shares", shares::of_file).guard(require(FILES_READ)))
        .add(put("/files/{id}/shares/{with}", shares::give_file).guard(require(FILES_WRITE)))
        .add(delete("/files/{id}/shares/{with}", shares::take_file).guard(require(FILES_WRITE)))
        .add(get("/groups", groups::list).guard(require(GROUPS_READ)))
        .add(post("/groups", groups::create).guard(require(GROUPS_WRITE)))
        .add(get("/groups/{id}", groups::show).guard(require(GROUPS_READ)))
        .add(delete("/groups/{id}", groups::delete).guard(require(GROUPS_WRITE)))
        .add(get("/groups/{id}/members", groups::members).guard(require(GROUPS_READ)))
        .add(put("/groups/{id}/members/{sub}", groups::add).guard(require(GROUPS_WRITE)))
        .add(delete("/groups/{id}/members/{sub}", groups::remove).guard(require(GROUPS_WRITE)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::guard::Access;

    #[test]
    fn what_is_open_to_everyone_is_health_the_document_and_the_empty_client() {
        let routes = routes();
        assert!(routes.faults().is_empty());
        let open = routes.lines().iter().filter(|line| line.guards.iter().all(|guard| guard.access == Access::Public));
        let open: Vec<_> = open.map(|line| line.path.as_str()).collect();
        assert_eq!(open, ["/livez", "/readyz", "/openapi.json", "/app", "/app/app.js", "/app/app.css"]);
    }

    #[test]
    fn whoever_may_only_read_changes_nothing() {
        for line in routes().lines().iter().filter(|line| !line.method.is_safe()) {
            assert!(
                line.guards.iter().all(|guard| guard.permissions().iter().all(|one| one.ends_with(":write"))),
                "{line:?}"
            );
        }
    }
}
