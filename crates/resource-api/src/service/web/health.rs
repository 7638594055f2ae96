//! Whether this process lives (`/livez`) and whether it can serve requests at this moment (`/readyz`).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{Data, Json};
use protocol::time::Seconds;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::problem::Problem;
use crate::service::App;

#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `alive` or `ready`.
    status: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, description = "Yes", body = Health)))]
pub(crate) async fn livez() -> Json<Health> {
    Json(Health { status: "alive" })
}

/// The issuer's keys are there and the database answers.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "Yes", body = Health),
    (status = 503, description = "Not yet, or not at this moment; see Retry-After"),
))]
pub(crate) async fn readyz(app: Data<App>) -> Result<HttpResponse, Problem> {
    app.server.ready().map_err(keys_are_missing)?;
    app.database.ping().await?;
    Ok(HttpResponse::Ok().json(Health { status: "ready" }))
}

fn keys_are_missing(retry_after: Seconds) -> Problem {
    let detail = "the issuer's keys are not there yet; try again";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", detail).header(RETRY_AFTER, retry_after.0)
}
