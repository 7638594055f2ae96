//! The documents that clients read first: both metadata documents (one body) and the key set. Public, cacheable, with an ETag.

use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use protocol::metadata::{Metadata, Published};
use protocol::scope;
use protocol::secret::TokenHash;
use serde::Serialize;

use crate::AppState;
use crate::web::error::JsonError;
use crate::web::text::Locale;

/// Shorter than the time for which a new key is announced before it signs.
const MAX_AGE: &str = "public, max-age=300";

/// OpenID Connect Discovery §4 and RFC 8414 §3: the same document at both addresses.
pub(crate) async fn metadata(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, JsonError> {
    let mut scopes: Vec<String> = scope::STANDARD.iter().map(|&scope| scope.to_owned()).collect();
    for api in store::apis::list(&state.store).await? {
        scopes.extend(api.scopes.iter().map(|scope| scope.name.to_string()));
    }
    let algorithms = state.keys.keyring().algorithms(state.now());
    let features = state.config.switched_on();
    let metadata = Metadata::of(&Published {
        issuer: state.issuer(),
        signing_algorithms: &algorithms,
        scopes,
        ui_locales: &Locale::ALL.map(Locale::tag),
        response_types: &state.config.openid.response_types_supported,
        features: &features,
    });
    Ok(document(&http, "application/json", &metadata))
}

/// RFC 7517 §5.
pub(crate) async fn jwks(state: Data<AppState>, http: HttpRequest) -> HttpResponse {
    document(&http, "application/jwk-set+json", &state.keys.keyring().jwks(state.now()))
}

/// A browser app that sends a header of its own asks first.
pub(crate) async fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "*"))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "600"))
        .finish()
}

fn document(http: &HttpRequest, media_type: &'static str, content: &impl Serialize) -> HttpResponse {
    let body = serde_json::to_vec(content).unwrap_or_default();
    let etag = format!("\"{}\"", TokenHash::of(&body).as_str());
    let known = http.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| {
        known.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
    });
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((CACHE_CONTROL, MAX_AGE));
    response.insert_header((ETAG, etag));
    response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    if unchanged { response.finish() } else { response.insert_header((CONTENT_TYPE, media_type)).body(body) }
}
