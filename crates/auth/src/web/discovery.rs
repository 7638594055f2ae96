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
use crate::text::Locale;
use crate::web::error::JsonError;

/// How long a document may be kept, in seconds.
const MAX_AGE: i64 = 300;
/// How long another process of this server may not have noticed a rotation, in seconds.
const NOTICE: i64 = 2;

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
    Ok(document(&http, Kept { media_type: "application/json", max_age: MAX_AGE }, &metadata))
}

/// RFC 7517 §5.
pub(crate) async fn jwks(state: Data<AppState>, http: HttpRequest) -> HttpResponse {
    // Whoever keeps the set that long has the next key before it signs.
    let max_age = MAX_AGE.min(state.config.keys.announce - NOTICE).max(0);
    let keys = state.keys.keyring().jwks(state.now());
    document(&http, Kept { media_type: "application/jwk-set+json", max_age }, &keys)
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

/// What a document is, and for how many seconds it may be kept.
struct Kept {
    media_type: &'static str,
    max_age: i64,
}

fn document(http: &HttpRequest, Kept { media_type, max_age }: Kept, content: &impl Serialize) -> HttpResponse {
    let body = serde_json::to_vec(content).unwrap_or_default();
    let etag = format!("\"{}\"", TokenHash::of(&body).as_str());
    let known = http.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| {
        known.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
    });
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((CACHE_CONTROL, format!("public, max-age={max_age}")));
    response.insert_header((ETAG, etag));
    response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    if unchanged { response.finish() } else { response.insert_header((CONTENT_TYPE, media_type)).body(body) }
}
