//! The only HTTP client of this crate: what clients publish and what they are told. Their URLs come from whoever registered
//! them, so each request may be an attempt to make this server knock at a door that the other cannot reach (server-side
//! request forgery: RFC 9101 §10.4.1, RFC 7591 §5, OpenID Connect Registration §9.1) or to keep it busy.
//!
//! https only, verified; no redirects, no proxy, no cookies, no connection kept; bounded in time, size and number. Which
//! servers are asked is decided in `guard.rs` and `address.rs`, how many at once in `places.rs`, `lookups.rs` and `lane.rs`.
//! What to do with an answer, and when to ask again, is for the callers. An [`OutboundError`] is for the log and for
//! operators; told to strangers it would let them map the network around this server.

mod address;
mod guard;
mod lane;
mod lookups;
pub(crate) mod places;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use protocol::client::RegisteredBy;
use protocol::time::Seconds;
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use reqwest::{Certificate, RequestBuilder, Response, StatusCode};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

pub use self::guard::Refused;
use self::guard::Target;
use self::lane::Lane;
use self::lookups::{Find, of_the_system};
use crate::config::{OutboundConfig, Problem};

/// OA-158: no document of a client is longer than this.
const MAX_BYTES: usize = 64 * 1024;

/// Cheap to clone; all clones share one set of limits.
#[derive(Clone, Debug)]
pub struct Outbound {
    shared: Arc<Shared>,
    asks_for: RegisteredBy,
}

/// The lanes of a server. Strangers cannot take what clients that an administrator registered need, and nobody who waits for an
/// answer waits for notices, nor they for him.
#[derive(Debug)]
struct Shared {
    exceptions: Vec<String>,
    authorities: Vec<Certificate>,
    asking: Lane,
    asking_for_strangers: Lane,
    telling: Lane,
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
    /// Reads `outbound.extra_ca`; connects to nothing. Asks for strangers until it is told otherwise.
    pub fn new(config: &OutboundConfig) -> Result<Self, Problem> {
        Self::with_resolver(config, of_the_system)
    }

    fn with_resolver(config: &OutboundConfig, find: Find) -> Result<Self, Problem> {
        let authorities = config.extra_ca.as_deref().map_or(Ok(Vec::new()), read_authorities)?;
        let timeout = Duration::from_millis(config.timeout_ms);
        let shared = Shared {
            exceptions: config.allowed_private_addresses.clone(),
            authorities,
            asking: Lane::new(timeout, find),
            asking_for_strangers: Lane::new(timeout, find),
            telling: Lane::new(Duration::from_millis(config.logout_timeout_ms), find),
        };
        Ok(Self { shared: Arc::new(shared), asks_for: RegisteredBy::Dynamic })
    }

    /// The same for a client whose metadata somebody else vouches for, or nobody.
    #[must_use]
    pub fn on_behalf_of(&self, registered_by: RegisteredBy) -> Self {
        Self { shared: Arc::clone(&self.shared), asks_for: registered_by }
    }

    /// Fetches a document. `what` names it in errors: "the jwks_uri". `accept` is the header of that name.
    pub async fn get(&self, what: &'static str, url: &str, accept: &'static str) -> Result<Answer, OutboundError> {
        let target = self.target(what, url)?;
        let lane = match self.asks_for {
            RegisteredBy::Administrator => &self.shared.asking,
            RegisteredBy::Dynamic => &self.shared.asking_for_strangers,
        };
        let exchange = async {
            let client = lane.client(target.scope, &self.shared.authorities).await?;
            let request = client.get(target.url.clone()).header(ACCEPT, accept);
            let response = send(request).await?;
            if response.status() != StatusCode::OK {
                return Err(Reason::Status(response.status().as_u16()));
            }
            let (content_type, max_age) = (content_type(response.headers()), max_age(response.headers()));
            Ok(Answer { body: read(response).await?, content_type, max_age })
        };
        let outcome = lane.within(&target, exchange).await;
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
        let lane = &self.shared.telling;
        let exchange = async {
            let client = lane.client(target.scope, &self.shared.authorities).await?;
            let request = client.post(target.url.clone()).form(form);
            match send(request).await?.status() {
                status if status.is_success() => Ok(status),
                status => Err(Reason::Status(status.as_u16())),
            }
        };
        let outcome = lane.within(&target, exchange).await;
        outcome.map_err(|reason| target.failed(what, reason))
    }

    fn target(&self, what: &'static str, url: &str) -> Result<Target, OutboundError> {
        Target::parse(url, &self.shared.exceptions).map_err(|rule| OutboundError {
            what,
            host: None,
            reason: rule.into(),
        })
    }
}

impl Target {
    fn failed(self, what: &'static str, reason: Reason) -> OutboundError {
        OutboundError { what, host: Some(self.authority), reason }
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
    use crate::outbound::guard::Scope;
    use crate::outbound::lookups::tests::with_silent_names;
    use futures_util::future::join_all;
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

    /// Eight domains whose name servers are silent take all lookups of a lane, and no other lane notices.
    #[actix_web::test]
    async fn silent_name_servers_of_strangers_stop_strangers_only() {
        let config = OutboundConfig { timeout_ms: 1_000, logout_timeout_ms: 1_000, ..OutboundConfig::default() };
        let outbound = Outbound::with_resolver(&config, with_silent_names).expect("no file to read");
        let vouched = outbound.on_behalf_of(RegisteredBy::Administrator);
        let ask = async |outbound: &Outbound, url: String| {
            outbound.get("the document", &url, "*/*").await.expect_err("leads nowhere").reason
        };
        // The clients are made, which takes its time, and the names lead to an address that nobody may ask.
        let refused = |reason: &Reason| matches!(reason, Reason::Refused(Refused::Address(..)));
        for lane in [&outbound.shared.asking, &outbound.shared.asking_for_strangers, &outbound.shared.telling] {
            lane.client(Scope::Public, &[]).await.expect("is made");
        }
        let names = (0..64).map(|number| format!("https://n{number}.silent{}.example/", number % 16));
        let silent = join_all(names.map(|url| ask(&outbound, url)));
        let others = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let asked = ask(&vouched, "https://keys.example/".to_owned()).await;
            let told = outbound.post_form("the notice", "https://keys.example/", &[]).await;
            (asked, told.expect_err("leads nowhere").reason)
        };
        let (silent, (asked, told)) = futures_util::future::join(silent, others).await;
        assert!(silent.iter().all(|reason| matches!(reason, Reason::TimedOut | Reason::Busy)), "{silent:?}");
        assert!(refused(&asked), "{asked}");
        assert!(refused(&told), "{told}");
    }
}
