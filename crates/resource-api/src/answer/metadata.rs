//! The metadata document of this API (RFC 9728): who issues its tokens, how they are sent, which scopes its routes demand.

use serde_json::{Map, Value, json};
use url::Url;

use crate::access::routes::Routes;
use crate::config::Settings;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// RFC 9728 §3.1: the well-known part stands between the host and the path of the resource identifier.
pub(crate) fn path(public_url: &str) -> String {
    let path = Url::parse(public_url).map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default();
    format!("{WELL_KNOWN}{path}")
}

/// The whole address, for challenges (RFC 9728 §5.1).
pub(crate) fn url(public_url: &str) -> String {
    let origin = Url::parse(public_url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    format!("{origin}{}", path(public_url))
}

/// RFC 9728 §2.
pub(crate) fn document(settings: &Settings, routes: &Routes) -> Vec<u8> {
    let issuers: Vec<&str> = settings.issuers.iter().map(|trusted| trusted.issuer.as_str()).collect();
    let mut document = Map::new();
    document.insert("resource".to_owned(), json!(settings.public_url));
    document.insert("authorization_servers".to_owned(), json!(issuers));
    document.insert("bearer_methods_supported".to_owned(), json!(["header"]));
    if settings.client_certificates {
        document.insert("tls_client_certificate_bound_access_tokens".to_owned(), json!(true));
    }
    if let Some(dpop) = &settings.dpop {
        let algorithms: Vec<&str> = dpop.algorithms.iter().map(|algorithm| algorithm.name()).collect();
        document.insert("dpop_signing_alg_values_supported".to_owned(), json!(algorithms));
    }
    let scopes = routes.permissions();
    if !scopes.is_empty() {
        document.insert("scopes_supported".to_owned(), json!(scopes));
    }
    serde_json::to_vec(&Value::Object(document)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_resource_stands_behind_the_well_known_part() {
        assert_eq!(path("https://api.example"), "/.well-known/oauth-protected-resource");
        assert_eq!(url("https://api.example/"), "https://api.example/.well-known/oauth-protected-resource");
        assert_eq!(url("https://a.example:8/x/y"), "https://a.example:8/.well-known/oauth-protected-resource/x/y");
    }
}
