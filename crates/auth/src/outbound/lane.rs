//! A lane is one set of everything that an exchange takes: places, lookups of names, HTTP clients. What happens in one is not
//! felt in another, whatever it waits for.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Certificate, Client, redirect, retry};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use super::guard::{Resolver, Scope, Target};
use super::lookups::{Find, Lookups};
use super::places::{Bounds, Places};
use super::{Reason, causes};

const BOUNDS: Bounds = Bounds { together: 32, per_name: 4 };
const USER_AGENT: &str = concat!("countersign/", env!("CARGO_PKG_VERSION"));

#[derive(Debug)]
pub(super) struct Lane {
    limit: Duration,
    places: Places,
    lookups: Arc<Lookups>,
    /// Built when first needed, because loading the certificates of the system takes its time.
    public: OnceCell<Client>,
    excepted: OnceCell<Client>,
}

impl Lane {
    pub(super) fn new(limit: Duration, find: Find) -> Self {
        let lookups = Arc::new(Lookups::new(find));
        let (public, excepted) = (OnceCell::new(), OnceCell::new());
        Self { limit, places: Places::new(BOUNDS), lookups, public, excepted }
    }

    /// Waiting for a place and the exchange itself together take no longer than the limit of this lane. Places are counted by
    /// host without port: one host has many ports.
    pub(super) async fn within<T>(
        &self,
        target: &Target,
        exchange: impl Future<Output = Result<T, Reason>>,
    ) -> Result<T, Reason> {
        let deadline = Instant::now() + self.limit;
        let host = target.url.host_str().unwrap_or_default();
        let place = timeout_at(deadline, self.places.take(host)).await.ok().filter(|_| Instant::now() < deadline);
        let _place = place.ok_or(Reason::Busy)?;
        timeout_at(deadline, exchange).await.unwrap_or(Err(Reason::TimedOut))
    }

    pub(super) async fn client(&self, scope: Scope, authorities: &[Certificate]) -> Result<&Client, Reason> {
        let cell = match scope {
            Scope::Public => &self.public,
            Scope::Any => &self.excepted,
        };
        cell.get_or_try_init(|| async {
            let (resolver, authorities) = (Resolver::new(scope, Arc::clone(&self.lookups)), authorities.to_vec());
            let built = tokio::task::spawn_blocking(move || build(resolver, authorities)).await;
            built
                .map_err(|error| Reason::NoClient(error.to_string()))?
                .map_err(|error| Reason::NoClient(causes(&error)))
        })
        .await
    }
}

#[expect(clippy::disallowed_methods, reason = "the one HTTP client of this crate, with all its limits")]
fn build(resolver: Resolver, authorities: Vec<Certificate>) -> reqwest::Result<Client> {
    Client::builder()
        .https_only(true)
        .tls_certs_merge(authorities)
        .dns_resolver(resolver)
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
