//! Every route of this service and what it demands, on one screen.

use crate::guard::{authenticated, public, require};
use crate::routes::{Routes, delete, get, post, put};
use crate::service::web::{health, me, notes, openapi};

pub(crate) const NOTES_READ: &str = "notes:read";
pub(crate) const NOTES_WRITE: &str = "notes:write";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(get("/livez", health::livez).guard(public()))
        .add(get("/readyz", health::readyz).guard(public()))
        .add(get("/openapi.json", openapi::document).guard(public()))
        .add(get("/me", me::show).guard(authenticated()))
        .add(get("/notes", notes::list).guard(require(NOTES_READ)))
        .add(post("/notes", notes::create).guard(require(NOTES_WRITE)))
        .add(get("/notes/{id}", notes::show).guard(require(NOTES_READ)))
        .add(put("/notes/{id}", notes::update).guard(require(NOTES_WRITE)))
        .add(delete("/notes/{id}", notes::delete).guard(require(NOTES_WRITE)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Access;

    #[test]
    fn what_is_open_to_everyone_is_only_health_and_the_document() {
        let routes = routes();
        assert!(routes.faults().is_empty());
        let open = routes.lines().iter().filter(|line| line.guards.iter().all(|guard| guard.access == Access::Public));
        assert_eq!(open.map(|line| line.path.as_str()).collect::<Vec<_>>(), ["/livez", "/readyz", "/openapi.json"]);
    }
}
