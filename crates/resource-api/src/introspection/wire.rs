//! One question over HTTP (RFC 7662 §2.1) and the reading of its answer (§2.2), which is not trusted to be one.
//!
//! https, or http on loopback; no redirects; three seconds; 64 KiB; status 200 and one JSON object. Whether a failure is one of the
//! issuer or may lie in what was asked about is told apart here: who sends nonsense must not be able to cut others off.

use std::time::Duration;

use jwt::key::SignError;
use protocol::time::{Seconds, Timestamp};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Request, StatusCode};
use url::{Url, form_urlencoded};

use super::client_assertion::{ClientCredentials, Proof};
use super::described::{Described, NotUnderstood};
use super::question::Question;
use crate::http::{Unread, body_of, causes, is_secure};

const MAX_BYTES: usize = 64 * 1024;
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The longest wait that an issuer can impose.
const LONGEST_RETRY: Seconds = Seconds(60);
/// The longest that is passed on to who guessed: as long as our issuer can close an account.
const LONGEST_LOCK: i64 = 86_400;

#[derive(Debug)]
pub(super) struct Wire {
    http: Client,
    endpoint: Url,
    credentials: ClientCredentials,
    timeout: Duration,
}

/// Why no question can be sent to a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EndpointRefused {
    #[error("an introspection endpoint is https, or http on localhost, 127.0.0.1 or [::1]")]
    NotHttps,
    #[error("an introspection endpoint has no user name, password or fragment in its URL")]
    Decorated,
}

/// Why there is no answer. For the log; repeats nothing of what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the client assertion could not be made: {0}")]
    Proof(#[from] SignError),
    #[error("it could not be asked: {0}")]
    Transport(String),
    #[error("it answered with status {status}{}", hint(*status))]
    Status { status: StatusCode, retry_after: Option<Seconds> },
    #[error("the answer came from another place")]
    Elsewhere,
    #[error("its answer is not application/json")]
    ContentType,
    #[error("its answer is larger than 64 KiB")]
    TooLarge,
    #[error(transparent)]
    NotUnderstood(#[from] NotUnderstood),
}

impl Wire {
    /// `http` follows no redirects.
    pub(super) fn new(
        http: Client,
        endpoint: Url,
        credentials: ClientCredentials,
        timeout: Duration,
    ) -> Result<Self, EndpointRefused> {
        // RFC 7662 §4: "the introspection endpoint MUST be protected by TLS".
        if !is_secure(&endpoint) {
            return Err(EndpointRefused::NotHttps);
        }
        if !endpoint.username().is_empty() || endpoint.password().is_some() || endpoint.fragment().is_some() {
            return Err(EndpointRefused::Decorated);
        }
        Ok(Self { http, endpoint, credentials, timeout })
    }

    pub(super) fn request(&self, question: &Question<'_>, now: Timestamp) -> Result<Request, Failure> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(question.parameters());
        let mut request = self.http.post(self.endpoint.clone()).timeout(self.timeout);
        match self.credentials.prove(now)? {
            Proof::Header(value) => {
                let mut value = HeaderValue::from_str(value.expose()).expect("base64 is visible ASCII");
                value.set_sensitive(true);
                request = request.header(AUTHORIZATION, value);
            }
            Proof::Parameters(parameters) => {
                form.extend_pairs(parameters);
            }
        }
        let request = request.header(CONTENT_TYPE, FORM).header(ACCEPT, JSON).body(form.finish());
        request.build().map_err(transport)
    }

    /// `None` when the credential is not active.
    pub(super) async fn ask(&self, request: Request) -> Result<Option<Described>, Failure> {
        let response = self.http.execute(request).await.map_err(transport)?;
        if *response.url() != self.endpoint {
            return Err(Failure::Elsewhere);
        }
        if response.status() != StatusCode::OK {
            return Err(Failure::Status { status: response.status(), retry_after: retry_after(response.headers()) });
        }
        if !is_json(response.headers()) {
            return Err(Failure::ContentType);
        }
        let body = body_of(response, MAX_BYTES).await.map_err(|error| match error {
            Unread::TooLarge => Failure::TooLarge,
            Unread::Ended(error) => transport(error),
        })?;
        Ok(Described::read(&body)?)
    }
}

impl Failure {
    /// Whether the issuer fails, or cannot be asked by this API at all. A refusal or an answer that may have to do with what was
    /// asked about says nothing about other questions; nor does `429`, which is meant for one account or one client.
    pub(super) fn blames_issuer(&self) -> bool {
        match self {
            Self::Proof(_) | Self::Transport(_) | Self::Elsewhere | Self::ContentType => true,
            Self::Status { status, .. } => {
                !status.is_client_error() || matches!(status.as_u16(), 401 | 403 | 404 | 405 | 407 | 408)
            }
            Self::NotUnderstood(reason) => matches!(reason, NotUnderstood::NotOneObject | NotUnderstood::Active),
            Self::TooLarge => false,
        }
    }

    /// When to come back, at least a second.
    pub(super) fn retry_after(&self) -> Seconds {
        match self {
            Self::Status { retry_after: Some(wait), .. } => (*wait).min(LONGEST_RETRY),
            _ => Seconds(1),
        }
    }

    /// RFC 6585 §4: how long whoever guessed has to wait.
    pub(super) fn too_many_tries(&self) -> Option<Seconds> {
        match self {
            Self::Status { status: StatusCode::TOO_MANY_REQUESTS, retry_after } => {
                Some(retry_after.unwrap_or(Seconds(1)))
            }
            _ => None,
        }
    }
}

/// RFC 7662 §2.2: the answer is "a JSON object in "application/json" format"; parameters of the type mean nothing (RFC 8259 §11).
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// RFC 9110 §10.2.3, in seconds. A date is not read: the wait is then our own.
fn retry_after(headers: &HeaderMap) -> Option<Seconds> {
    let seconds: u32 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Seconds(i64::from(seconds).clamp(1, LONGEST_LOCK)))
}

fn hint(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => ": it does not accept the credentials of this API",
        404 | 405 => ": the introspection endpoint is another one",
        300..=399 => ": redirects are not followed, because they could lead the token elsewhere",
        _ => "",
    }
}

/// The error and everything below it, without the URL.
fn transport(error: reqwest::Error) -> Failure {
    Failure::Transport(causes(&error.without_url()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Result<Wire, EndpointRefused> {
        let client_secret = protocol::secret::SecretString::new("s".to_owned());
        let credentials = ClientCredentials::SecretBasic { client_id: "api".to_owned(), client_secret };
        let http = super::super::tests::server::client();
        Wire::new(http, Url::parse(url).unwrap(), credentials, Duration::from_secs(3))
    }

    #[test]
    fn only_https_or_loopback_is_asked() {
        for url in ["https://auth.example/introspect?a=b", "http://localhost:1/i", "http://127.0.0.1/", "http://[::1]/"]
        {
            assert!(endpoint(url).is_ok(), "{url}");
        }
        for url in [
            "http://auth.example/introspect",
            "http://127.0.0.1.example/",
            "http://localhost.example",
            "ftp://localhost/",
        ] {
            assert_eq!(endpoint(url).expect_err(url), EndpointRefused::NotHttps);
        }
        for url in ["https://me@auth.example/", "https://:pw@auth.example/", "https://auth.example/#a"] {
            assert_eq!(endpoint(url).expect_err(url), EndpointRefused::Decorated);
        }
    }

    #[actix_web::test]
    async fn a_request_does_not_show_its_secrets() {
        let wire = endpoint("https://auth.example/introspect").unwrap();
        let request = wire.request(&Question::Token("opaque"), Timestamp(0)).unwrap();
        assert!(request.headers().contains_key(AUTHORIZATION));
        let shown = format!("{request:?}");
        assert!(!shown.contains("Basic") && !shown.contains("opaque"), "{shown}");
    }

    #[test]
    fn a_wait_is_read_and_bounded() {
        let wait =
            |value: &'static str| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]));
        for (value, expected) in
            [("7", Some(7)), ("0", Some(1)), ("999999", Some(86_400)), ("soon", None), ("-1", None)]
        {
            assert_eq!(wait(value), expected.map(Seconds), "{value}");
        }
        let failure = |status| Failure::Status { status, retry_after: Some(Seconds(9_000)) };
        let (busy, guessed) = (failure(StatusCode::SERVICE_UNAVAILABLE), failure(StatusCode::TOO_MANY_REQUESTS));
        assert_eq!((busy.retry_after(), busy.too_many_tries()), (Seconds(60), None));
        assert_eq!((guessed.retry_after(), guessed.too_many_tries()), (Seconds(60), Some(Seconds(9_000))));
    }

    #[test]
    fn who_is_to_blame() {
        let status = |code| Failure::Status { status: StatusCode::from_u16(code).unwrap(), retry_after: None };
        for code in [301, 302, 307, 401, 403, 404, 405, 500, 502, 503, 504] {
            assert!(status(code).blames_issuer(), "{code}");
        }
        for code in [400, 413, 414, 415, 422, 429, 431] {
            assert!(!status(code).blames_issuer(), "{code}");
        }
        assert!(!Failure::TooLarge.blames_issuer());
        assert!(!Failure::from(NotUnderstood::Member("aud")).blames_issuer());
        assert!(Failure::from(NotUnderstood::NotOneObject).blames_issuer());
    }
}
