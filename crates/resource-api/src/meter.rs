//! What is counted and timed, through the facade `metrics`: nothing without the feature of that name, and nothing without a recorder.
//!
//! Labels are bounded: issuers are those of the settings, everything else is a word of this file or of `refusal.rs`. Nothing that a
//! request brought becomes a label. `docs/resource-api.md` has the table.

use protocol::issuer::Issuer;

#[cfg(feature = "metrics")]
pub(crate) use on::{Attempt, KeyAges, describe, fetch};

#[cfg(not(feature = "metrics"))]
pub(crate) use off::{Attempt, KeyAges, describe, fetch};

#[cfg(feature = "metrics")]
mod on {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use actix_web::HttpRequest;
    use actix_web::http::StatusCode;
    use jwt::verify::unverified_claims;
    use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
    use serde::Deserialize;
    use tokio::time::sleep;

    use super::Issuer;
    use crate::answer::refusal::Refusal;
    use crate::credential::{Presented, presented};
    use crate::resource_server::ResourceServer;
    use crate::token::jwks_cache::JwksCache;

    const AUTH_TOTAL: &str = "rs_auth_total";
    const AUTH_SECONDS: &str = "rs_auth_duration_seconds";
    const FETCH_SECONDS: &str = "rs_jwks_fetch_duration_seconds";
    const AGE_SECONDS: &str = "rs_jwks_age_seconds";
    /// How often the age of keys is told.
    const AGES_EVERY: Duration = Duration::from_secs(5);
    /// Of a label that says nothing.
    const NONE: &str = "none";

    /// One request that a guard stands before, from its arrival to the verdict.
    pub(crate) struct Attempt<'r> {
        server: &'r ResourceServer,
        request: &'r HttpRequest,
        since: Instant,
    }

    /// The one claim that is looked at.
    #[derive(Deserialize)]
    struct Claimed {
        iss: String,
    }

    pub(crate) fn describe() {
        describe_counter!(
            AUTH_TOTAL,
            "Requests to guarded routes, by who vouches for the caller, what became of them and why."
        );
        describe_histogram!(AUTH_SECONDS, Unit::Seconds, "How long it took to tell who calls and whether they may.");
        describe_histogram!(FETCH_SECONDS, Unit::Seconds, "How long a fetch of an issuer's keys took.");
        describe_gauge!(AGE_SECONDS, Unit::Seconds, "How long ago the keys in use were fetched.");
    }

    impl<'r> Attempt<'r> {
        pub(crate) fn new(server: &'r ResourceServer, request: &'r HttpRequest, since: Instant) -> Self {
            Self { server, request, since }
        }

        pub(crate) fn accepted(&self, issuer: &Arc<str>) {
            self.count(issuer, "accepted", NONE, scheme(&self.presented()));
        }

        /// Without a credential, where that is enough.
        pub(crate) fn anonymous(&self) {
            self.count(NONE, "anonymous", NONE, NONE);
        }

        pub(crate) fn refused(&self, refusal: &Refusal) {
            let outcome = match refusal.status() {
                StatusCode::FORBIDDEN => "forbidden",
                StatusCode::SERVICE_UNAVAILABLE => "unavailable",
                _ => "refused",
            };
            let presented = self.presented();
            self.count(self.issuer(&presented), outcome, refusal.reason(), scheme(&presented));
        }

        fn count(&self, issuer: &str, outcome: &'static str, reason: &'static str, scheme: &'static str) {
            histogram!(AUTH_SECONDS, "outcome" => outcome, "scheme" => scheme).record(self.since.elapsed());
            let issuer = issuer.to_owned();
            counter!(AUTH_TOTAL, "issuer" => issuer, "outcome" => outcome, "reason" => reason, "scheme" => scheme)
                .increment(1);
        }

        /// Nothing, where it cannot be read.
        fn presented(&self) -> Presented<'_> {
            let (headers, query) = (self.request.headers(), self.request.query_string());
            presented(headers, query, self.server.schemes()).unwrap_or(Presented::Nothing)
        }

        /// The one that a JWT says it is from, if it is one of ours, true or not; for everything else the one that is asked.
        fn issuer(&self, presented: &Presented<'_>) -> &str {
            let mut known = self.server.settings().issuers.iter().map(|trusted| trusted.issuer.as_str());
            let claimed = match presented {
                Presented::Nothing | Presented::UnknownScheme | Presented::OnlyInQuery => return NONE,
                Presented::Bearer(token) | Presented::Dpop(token) => unverified_claims::<Claimed>(token.expose()).ok(),
                _ => None,
            };
            let named = match claimed {
                Some(Claimed { iss }) => known.find(|issuer| *issuer == iss),
                None => self.server.opaque().and_then(|_| known.next()),
            };
            named.unwrap_or(NONE)
        }
    }

    fn scheme(presented: &Presented<'_>) -> &'static str {
        match presented {
            Presented::Bearer(_) => "bearer",
            Presented::Dpop(_) => "dpop",
            Presented::Basic(_) => "basic",
            Presented::ApiKey(_) => "api_key",
            Presented::SignedRequest => "signature",
            Presented::Session => "session",
            Presented::Nothing | Presented::UnknownScheme | Presented::OnlyInQuery => NONE,
        }
    }

    /// Times a fetch of keys.
    pub(crate) async fn fetch<T, E>(issuer: &Issuer, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let since = Instant::now();
        let fetched = work.await;
        let (issuer, outcome) = (issuer.as_str().to_owned(), if fetched.is_ok() { "fetched" } else { "failed" });
        histogram!(FETCH_SECONDS, "issuer" => issuer, "outcome" => outcome).record(since.elapsed());
        fetched
    }

    /// Tells the age of each issuer's keys for as long as it is polled.
    pub(crate) struct KeyAges(Vec<(String, Arc<JwksCache>)>);

    impl KeyAges {
        pub(crate) fn of(issuers: impl IntoIterator<Item = (Issuer, Arc<JwksCache>)>) -> Self {
            Self(issuers.into_iter().map(|(issuer, keys)| (issuer.as_str().to_owned(), keys)).collect())
        }

        pub(crate) async fn tell(self) {
            loop {
                for (issuer, keys) in &self.0 {
                    if let Some(age) = keys.age() {
                        gauge!(AGE_SECONDS, "issuer" => issuer.clone()).set(age);
                    }
                }
                sleep(AGES_EVERY).await;
            }
        }
    }
}

#[cfg(not(feature = "metrics"))]
mod off {
    use std::future::{Ready, ready};
    use std::sync::Arc;
    use std::time::Instant;

    use actix_web::HttpRequest;

    use super::Issuer;
    use crate::answer::refusal::Refusal;
    use crate::resource_server::ResourceServer;
    use crate::token::jwks_cache::JwksCache;

    pub(crate) struct Attempt;

    #[expect(clippy::unused_self, reason = "the same calls as with the feature")]
    impl Attempt {
        pub(crate) fn new(_: &ResourceServer, _: &HttpRequest, _: Instant) -> Self {
            Self
        }

        pub(crate) fn accepted(&self, _: &Arc<str>) {}

        pub(crate) fn anonymous(&self) {}

        pub(crate) fn refused(&self, _: &Refusal) {}
    }

    pub(crate) fn describe() {}

    pub(crate) fn fetch<F: Future>(_: &Issuer, work: F) -> F {
        work
    }

    pub(crate) struct KeyAges;

    impl KeyAges {
        pub(crate) fn of(_: impl IntoIterator<Item = (Issuer, Arc<JwksCache>)>) -> Self {
            Self
        }

        #[expect(clippy::unused_self, reason = "the same calls as with the feature")]
        pub(crate) fn tell(self) -> Ready<()> {
            ready(())
        }
    }
}
