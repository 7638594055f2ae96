//! `/static/{file}`: hands out what `web/assets.rs` has.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Path;

use crate::web::error::{PageError, Situation};
use crate::web::{assets, headers};

pub(crate) async fn get(file: Path<String>) -> Result<HttpResponse, PageError> {
    let asset = assets::find(&file).ok_or_else(|| PageError::new(Situation::NotFound))?;
    let mut response = HttpResponse::Ok();
    for header in headers::asset() {
        response.insert_header(header);
    }
    Ok(response.insert_header((CONTENT_TYPE, asset.content_type)).body(asset.body))
}
