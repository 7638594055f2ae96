//! The only HTTP client of this crate: what clients publish and what they are told. Their URLs come from whoever registered
//! them, so each request is an attempt to make this server knock at a door that the other cannot reach (server-side request
//! forgery, RFC 9700 §4.11, RFC 9101 §10.4).
//!
//! https only, verified; no redirects, no proxy, no cookies, no connection kept; bounded in time, size and number. Which
//! servers are asked is decided in `guard.rs` and `address.rs`, how many at once in `places.rs`. What to do with an answer, and
//! when to ask again, is for the callers. An [`OutboundError`] is for the log and for operators; told to strangers it would
//! let them map the network around this server.

mod address;
mod guard;
mod places;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use protocol::time::Seconds;
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode, redirect, retry};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

pub use self::guard::Refused;
use self::guard::{Resolver, Scope, Target};
use self::places::Places;
use crate::config::{OutboundConfig, Problem};

/// OA-158: no document of a client is longer than this.
const MAX_BYTES: usize = 64 * 1024;
const USER_AGENT: &str = concat!("countersign/", env!("CARGO_PKG_VERSION"));

/// Cheap to clone; all clones are one client with one set of limits.
#[derive(Clone, Debug)]
pub struct Outbound(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    exceptions: Vec<String>,
    authorities: Vec<Certificate>,
    timeout: Duration,
    logout_timeout: Duration,
    /// Exchanges that somebody waits for.
    asking: Places,
    /// Notices, which must not wait for those, nor they for them.
    telling: Places,
    /// Built when first needed, because loading the certificates of the system takes its time.
    public: OnceCell<Client>,
    excepted: OnceCell<Client>,
}

/// What another server published. Its status was 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub body: Vec<u8>,
    pub content_type: Option<String>,
    /// How long it says that it holds (RFC 9111 §5.2.2).
    pub max_age: Option<Seconds>,
}

/// Why there is no answer: what was asked for, host and port (never the path or the query), the reason.
#[derive(Debug, thiserror::Error)]
#[error("{what}{place}: {reason}", place = place(.host.as_deref()))]
pub struct OutboundError {
    pub what: &'static str,
    pub host: Option<String>,
    pub reason: Reason,
}

#[derive(Debug, thiserror::Error)]
pub enum Reason {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("answered with status {0}{note}", note = not_followed(*.0))]
    Status(u16),
    #[error("the answer is longer than 64 KiB")]
    TooLarge,
    #[error("did not answer in time")]
    TimedOut,
    #[error("too many exchanges are under way")]
    Busy,
    #[error("no HTTP client could be made: {0}")]
    NoClient(String),
}

impl Outbound {
    /// Reads `outbound.extra_ca`; connects to nothing.
    pub fn new(config: &OutboundConfig) -> Result<Self, Problem> {
        let authorities = config.extra_ca.as_deref().map_or(Ok(Vec::new()), read_authorities)?;
        Ok(Self(Arc::new(Shared {
            exceptions: config.allowed_private_addresses.clone(),
            authorities,
            timeout: Duration::from_millis(config.timeout_ms),
            logout_timeout: Duration::from_millis(config.logout_timeout_ms),
            asking: Places::new(),
            telling: Places::new(),
            public: OnceCell::new(),
            excepted: OnceCell::new(),
        })))
    }

    /// Fetches a document. `what` names it in errors: "the jwks_uri". `accept` is the header of that name.
    pub async fn get(&self, what: &'static str, url: &str, accept: &'static str) -> Result<Answer, OutboundError> {
        let target = self.target(what, url)?;
        let exchange = async {
            let request = self.client(target.scope).await?.get(target.url.clone()).header(ACCEPT, accept);
            let response = send(request).await?;
            if response.status() != StatusCode::OK {
                return Err(Reason::Status(response.status().as_u16()));
            }
            let (content_type, max_age) = (content_type(response.headers()), max_age(response.headers()));
            Ok(Answer { body: read(response).await?, content_type, max_age })
        };
        let outcome = self.0.asking.within(self.0.timeout, &target.authority, exchange).await;
        outcome.map_err(|reason| target.failed(what, reason))
    }

    /// Tells another server something; any success is one, and the body of the answer is not read.
    pub async fn post_form(
        &self,
        what: &'static str,
        url: &str,
        form: &[(&str, &str)],
    ) -> Result<StatusCode, OutboundError> {
        let target = self.target(what, url)?;
        let exchange = async {
            let request = self.client(target.scope).await?.post(target.url.clone()).form(form);
            match send(request).await?.status() {
                status if status.is_success() => Ok(status),
                status => Err(Reason::Status(status.as_u16())),
            }
        };
        let outcome = self.0.telling.within(self.0.logout_timeout, &target.authority, exchange).await;
        outcome.map_err(|reason| target.failed(what, reason))
    }

    fn target(&self, what: &'static str, url: &str) -> Result<Target, OutboundError> {
        Target::parse(url, &self.0.exceptions).map_err(|rule| OutboundError { what, host: None, reason: rule.into() })
    }

    async fn client(&self, scope: Scope) -> Result<&Client, Reason> {
        let cell = match scope {
            Scope::Public => &self.0.public,
            Scope::Any => &self.0.excepted,
        };
        cell.get_or_try_init(|| async {
            let authorities = self.0.authorities.clone();
            let built = tokio::task::spawn_blocking(move || build(scope, authorities)).await;
            built
                .map_err(|error| Reason::NoClient(error.to_string()))?
                .map_err(|error| Reason::NoClient(causes(&error)))
        })
        .await
    }
}

impl Target {
    fn failed(self, what: &'static str, reason: Reason) -> OutboundError {
        OutboundError { what, host: Some(self.authority), reason }
    }
}

impl Places {
    /// Waiting for a place and the exchange itself together take no longer than `limit`.
    async fn within<T>(
        &self,
        limit: Duration,
        host: &str,
        exchange: impl Future<Output = Result<T, Reason>>,
    ) -> Result<T, Reason> {
        let deadline = Instant::now() + limit;
        let place = timeout_at(deadline, self.take(host)).await.ok().filter(|_| Instant::now() < deadline);
        let _place = place.ok_or(Reason::Busy)?;
        timeout_at(deadline, exchange).await.unwrap_or(Err(Reason::TimedOut))
    }
}

/// Certificates that a PEM file holds, each of them fit to verify others with.
fn read_authorities(file: &Path) -> Result<Vec<Certificate>, Problem> {
    let problem = |reason: String| Problem {
        key: "outbound.extra_ca",
        reason: format!("{}: {reason}", file.display()),
        fix: "name a PEM file with the certificates of the authorities".into(),
    };
    let pem = fs::read(file).map_err(|error| problem(error.to_string()))?;
    let mut trusted = RootCertStore::empty();
    let mut authorities = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| problem(error.to_string()))?;
        trusted.add(certificate.clone()).map_err(|error| problem(error.to_string()))?;
        authorities.push(Certificate::from_der(&certificate).map_err(|error| problem(causes(&error)))?);
    }
    if authorities.is_empty() {
        return Err(problem("there is no certificate in it".to_owned()));
    }
    Ok(authorities)
}

#[expect(clippy::disallowed_methods, reason = "the one HTTP client of this crate, with all its limits")]
fn build(scope: Scope, authorities: Vec<Certificate>) -> reqwest::Result<Client> {
    Client::builder()
        .https_only(true)
        .tls_certs_merge(authorities)
        .dns_resolver(Resolver::new(scope))
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .no_proxy()
        .http1_only()
        // A connection that stays would be used for as long as its server likes, whatever its name leads to by then.
        .pool_max_idle_per_host(0)
        .user_agent(USER_AGENT)
        .build()
}

/// The head of the answer. A rule that the resolver found broken is told as such.
async fn send(request: RequestBuilder) -> Result<Response, Reason> {
    request.send().await.map_err(|error| {
        let refused = sources(&error).find_map(|cause| cause.downcast_ref::<Refused>().copied());
        refused.map_or_else(|| unreachable(error), Reason::Refused)
    })
}

async fn read(mut response: Response) -> Result<Vec<u8>, Reason> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(Reason::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Without the URL, whose path or query may be nobody's business.
fn unreachable(error: reqwest::Error) -> Reason {
    Reason::Unreachable(causes(&error.without_url()))
}

/// The error and everything below it: "connection refused" stands at the bottom.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    sources(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn sources<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

fn place(host: Option<&str>) -> String {
    host.map(|host| format!(" at {host}")).unwrap_or_default()
}

fn not_followed(status: u16) -> &'static str {
    if (300..400).contains(&status) { " (redirects are not followed)" } else { "" }
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE)?.to_str().ok().map(str::to_owned)
}

/// RFC 9111 §5.2.2: `no-store` and `no-cache` count as zero.
fn max_age(headers: &HeaderMap) -> Option<Seconds> {
    let directives = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut age = None;
    for directive in directives.flat_map(|value| value.split(',')).map(str::trim) {
        if directive.eq_ignore_ascii_case("no-store") || directive.eq_ignore_ascii_case("no-cache") {
            return Some(Seconds(0));
        }
        if let Some((name, value)) = directive.split_once('=')
            && name.eq_ignore_ascii_case("max-age")
        {
            age = value.trim_matches('"').parse().ok().map(|seconds: u32| Seconds(seconds.into()));
        }
    }
    age
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn cache_control_is_read_as_the_rfc_writes_it() {
        for (value, expected) in [
            ("public, max-age=600", Some(600)),
            ("Max-Age=\"60\"", Some(60)),
            ("max-age=600, no-cache", Some(0)),
            ("no-store", Some(0)),
            ("private", None),
            ("max-age=soon", None),
            ("max-age=-1", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(value));
            assert_eq!(max_age(&headers), expected.map(Seconds), "{value}");
        }
        assert_eq!(max_age(&HeaderMap::new()), None);
    }
}
