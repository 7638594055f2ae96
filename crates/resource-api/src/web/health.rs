//! Whether this process lives (`/livez`) and whether it can serve requests at this moment (`/readyz`).

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::server::App;
use crate::web::error::ApiError;

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
pub(crate) async fn readyz(app: Data<App>) -> Result<HttpResponse, ApiError> {
    app.validator.ready()?;
    app.database.ping().await?;
    Ok(HttpResponse::Ok().json(Health { status: "ready" }))
}
