//! `/livez`: the process answers. `/readyz`: it can also do its work (the database answers). Without body.

use actix_web::HttpResponse;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::Data;

use crate::AppState;

pub(crate) async fn livez() -> HttpResponse {
    HttpResponse::Ok().finish()
}

pub(crate) async fn readyz(state: Data<AppState>) -> HttpResponse {
    match store::Store::ping(&state.store).await {
        Ok(()) => HttpResponse::Ok().finish(),
        Err(error) => {
            tracing::warn!(%error, "not ready: the database does not answer");
            HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "2")).finish()
        }
    }
}
