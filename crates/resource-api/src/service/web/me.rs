//! `GET /me`: what this API knows about the caller, which is what the access token says.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::caller::Caller;

#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// The person who signed in; for a machine client, its client id. Under this name others share with the caller: `person:` and this.
    sub: String,
    /// The app that calls on their behalf. An API key has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// What the app was allowed to do here, separated by spaces.
    #[schema(example = "notes:read notes:write")]
    scope: String,
}

/// Who is calling.
#[utoipa::path(get, path = "/me", operation_id = "showCaller", tag = "me", responses((status = 200, description = "What the access token says", body = Me)))]
pub(crate) async fn show(caller: Caller) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Me {
        sub: caller.subject().to_string(),
        client_id: caller.client_id().map(str::to_owned),
        scope: caller.permissions().collect::<Vec<_>>().join(" "),
    })
}
