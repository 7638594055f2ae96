//! Which browser apps may read the answers (WHATWG Fetch §3.2): the configured origins, none by default. The metadata document alone
//! is for everybody: clients in browsers read it before anybody has listed their origin.
//!
//! The same headers stand on errors, or a developer would see "network error" instead of the reason. No credentials are
//! allowed: cookies are for pages of this origin, others send the header that they set themselves.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName,
    HeaderValue, ORIGIN, VARY,
};

use crate::resource_server::{ResourceServer, Schemes};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const REQUEST_HEADERS: &str = "Authorization, Content-Type, If-Match, If-None-Match";
const EXPOSED: &str = "WWW-Authenticate, DPoP-Nonce, Retry-After, Location, ETag, X-Trace-Id";
/// Ten minutes: a removed origin is forgotten soon.
const MAX_AGE: &str = "600";

/// Who may read the answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// The configured origins. `None`: the request came from no such.
    Configured(Option<HeaderValue>),
    /// The path is that of the metadata document.
    Everybody,
}

impl Readers {
    pub(crate) fn of(server: &ResourceServer, request: &ServiceRequest) -> Self {
        if request.path() == server.metadata_path() {
            return Self::Everybody;
        }
        let allowed = &server.settings().allowed_origins;
        let ours = |origin: &&HeaderValue| allowed.iter().any(|known| known.as_bytes() == origin.as_bytes());
        Self::Configured(request.headers().get(ORIGIN).filter(ours).cloned())
    }

    /// The same for every path but that of the metadata, so it tells nothing about which paths exist. Other origins are allowed nothing.
    /// `more`: what the handlers of this API read beside that.
    pub(crate) fn preflight(&self, schemes: &Schemes, more: &[String]) -> HttpResponse {
        let mut response = HttpResponse::NoContent();
        let (methods, headers) = match self {
            Self::Configured(None) => return response.finish(),
            Self::Configured(Some(_)) => (METHODS, request_headers(schemes, more)),
            // WHATWG Fetch §3.2.2: every header but `Authorization`, which the document does not need.
            Self::Everybody => ("GET, HEAD", "*".to_owned()),
        };
        response
            .insert_header((ACCESS_CONTROL_ALLOW_METHODS, methods))
            .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, headers))
            .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE))
            .finish()
    }

    /// On every answer. `Vary` stands there even for other origins, so that no cache mixes them up.
    pub(crate) fn mark(&self, headers: &mut HeaderMap, allowed: &[String]) {
        let origin = match self {
            Self::Everybody => Some(HeaderValue::from_static("*")),
            Self::Configured(origin) => {
                if !allowed.is_empty() {
                    headers.append(VARY, HeaderValue::from_static("Origin"));
                }
                origin.clone()
            }
        };
        if let Some(origin) = origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
    }
}

/// `*` is one by the grammar, and means every header to browsers (WHATWG Fetch §3.2.3): nobody shall allow that by chance.
pub(crate) fn is_header_name(text: &str) -> bool {
    text != "*" && HeaderName::from_bytes(text.as_bytes()).is_ok()
}

pub(crate) fn is_preflight(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Those that any handler may want, those of the ways to authenticate that are switched on, and those of the settings.
fn request_headers(schemes: &Schemes, more: &[String]) -> String {
    let ways = [
        (schemes.dpop.is_some(), ", DPoP"),
        (schemes.api_keys, ", X-API-Key"),
        (schemes.signatures, ", Signature, Signature-Input, Content-Digest"),
    ];
    let on = ways.into_iter().filter_map(|(on, names)| on.then_some(names));
    let more = more.iter().flat_map(|name| [", ", name.as_str()]);
    [REQUEST_HEADERS].into_iter().chain(on).chain(more).collect()
}
