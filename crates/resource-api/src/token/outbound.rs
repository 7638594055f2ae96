//! Reads the issuer's discovery document and its keys, and trusts neither.
//!
//! With the client of `http.rs`; half a megabyte. When to fetch is decided in `jwks_cache.rs`. Specs: OpenID Connect Discovery §4.3 (the issuer must match exactly), RFC 7517 §5.

use std::time::Duration;

use jwt::jwks::JwkSet;
use protocol::issuer::Issuer;
use reqwest::Client;
use reqwest::header::{CACHE_CONTROL, HeaderMap};
use serde::Deserialize;
use url::Url;

use crate::http::{self, ClientError, Unread, causes, may_ask};

const MAX_BYTES: usize = 512 * 1024;

#[derive(Clone, Debug)]
pub(crate) struct Outbound {
    http: Client,
    issuer: Issuer,
}

/// Keys as the issuer published them, and how long it says they hold.
#[derive(Debug)]
pub(crate) struct Published {
    pub keys: JwkSet,
    pub max_age: Option<Duration>,
}

/// Why there are no new keys. For the log; callers only learn that keys are not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("{0} could not be read: {1}")]
    Transport(&'static str, String),
    #[error("{0} answered with status {1}")]
    Status(&'static str, u16),
    #[error("{0} is larger than 512 KB")]
    TooLarge(&'static str),
    #[error("the discovery document cannot be understood: {0}")]
    Document(serde_json::Error),
    #[error("the discovery document names another issuer, {0:?}")]
    WrongIssuer(String),
    #[error("jwks_uri must be https, or http on loopback for an issuer on loopback")]
    JwksUri,
    #[error("the key set cannot be understood: {0}")]
    KeySet(String),
    #[error("the key set has no key that this API can use")]
    NoKeys,
}

/// The members of the discovery document that a resource server needs.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
    introspection_endpoint: Option<String>,
}

/// What the issuer says of itself, checked.
#[derive(Debug)]
pub(crate) struct Discovered {
    pub jwks_uri: Url,
    pub introspection_endpoint: Option<Url>,
}

impl Outbound {
    /// `extra_ca`: PEM certificates to trust beside the system's.
    pub(crate) fn new(issuer: Issuer, extra_ca: Option<&[u8]>) -> Result<Self, ClientError> {
        Ok(Self { http: http::client(issuer.as_str(), extra_ca)?, issuer })
    }

    pub(crate) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    pub(crate) fn http(&self) -> &Client {
        &self.http
    }

    /// Where the issuer publishes its keys, and answers questions.
    pub(crate) async fn discover(&self) -> Result<Discovered, FetchError> {
        const WHAT: &str = "the discovery document";
        let (body, _) = self.get(WHAT, &self.issuer.endpoint("/.well-known/openid-configuration")).await?;
        let document: Discovery = serde_json::from_slice(&body).map_err(FetchError::Document)?;
        // OpenID Connect Discovery §4.3: "The issuer value returned MUST be identical to the Issuer URL".
        if document.issuer != self.issuer.as_str() {
            return Err(FetchError::WrongIssuer(document.issuer.chars().take(200).collect()));
        }
        let jwks_uri = self.endpoint(&document.jwks_uri).ok_or(FetchError::JwksUri)?;
        // Whether it may be asked is checked where it is.
        let introspection_endpoint = document.introspection_endpoint.as_deref().and_then(|text| self.endpoint(text));
        Ok(Discovered { jwks_uri, introspection_endpoint })
    }

    fn endpoint(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        may_ask(&self.issuer, &url).then_some(url)
    }

    pub(crate) async fn keys(&self, jwks_uri: &Url) -> Result<Published, FetchError> {
        let (body, headers) = self.get("the key set", jwks_uri.as_str()).await?;
        let text = std::str::from_utf8(&body).map_err(|_| FetchError::KeySet("it is not UTF-8".to_owned()))?;
        let keys = JwkSet::parse(text).map_err(|error| FetchError::KeySet(error.to_string()))?;
        if keys.is_empty() {
            return Err(FetchError::NoKeys);
        }
        Ok(Published { keys, max_age: max_age(&headers) })
    }

    async fn get(&self, what: &'static str, url: &str) -> Result<(Vec<u8>, HeaderMap), FetchError> {
        let transport = |error: reqwest::Error| FetchError::Transport(what, causes(&error));
        let mut response = self.http.get(url).send().await.map_err(transport)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Status(what, response.status().as_u16()));
        }
        let headers = std::mem::take(response.headers_mut());
        let body = http::body_of(response, MAX_BYTES).await.map_err(|error| match error {
            Unread::TooLarge => FetchError::TooLarge(what),
            Unread::Ended(error) => transport(error),
        })?;
        Ok((body, headers))
    }
}

/// RFC 9111 §5.2.2: `no-store` and `no-cache` count as zero.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut age = None;
    for directive in directives.flat_map(|value| value.split(',')).map(str::trim) {
        if directive.eq_ignore_ascii_case("no-store") || directive.eq_ignore_ascii_case("no-cache") {
            return Some(Duration::ZERO);
        }
        if let Some((name, value)) = directive.split_once('=')
            && name.eq_ignore_ascii_case("max-age")
        {
            age = value.trim_matches('"').parse().ok().map(Duration::from_secs);
        }
    }
    age
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(value: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, reqwest::header::HeaderValue::from_static(value));
        max_age(&headers)
    }

    #[test]
    fn cache_control_is_read_as_the_rfc_writes_it() {
        assert_eq!(age("public, max-age=600"), Some(Duration::from_mins(10)));
        assert_eq!(age("Max-Age=\"60\""), Some(Duration::from_mins(1)));
        assert_eq!(age("max-age=600, no-cache"), Some(Duration::ZERO));
        assert_eq!(age("private"), None);
        assert_eq!(age("max-age=soon"), None);
        assert_eq!(max_age(&HeaderMap::new()), None);
    }
}
