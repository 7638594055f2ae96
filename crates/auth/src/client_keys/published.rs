//! When the keys of one client are fetched from its `jwks_uri`, and how long they count.
//!
//! One task at a time fetches them; who comes meanwhile waits for it and starts none. They are fetched anew when they are old,
//! and when a signature fits none of them, because that is how clients rotate (OpenID Connect Core §10.1.1): the latter at
//! most once per [`FORCED_EVERY`], or anybody could make us ask at will. While the client's server is down its last keys stay
//! in use, for a bounded time.

use std::sync::{Arc, Mutex, PoisonError};

use protocol::ids::ClientId;
use protocol::time::{Seconds, Timestamp};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::{FetchError, Keys, KeysError};
use crate::outbound::Outbound;

/// How often keys that are still current may be fetched again because something did not fit. OA-158 says a minute, for which a
/// client that has just rotated would be refused when somebody's forgery caused the last fetch; and clients give up sooner (the
/// conformance suite waits for a minute at most). Two fetches a minute per client hurt nobody.
pub(super) const FORCED_EVERY: Seconds = Seconds(30);
/// When the client cannot be asked, its last keys are used until they are that old.
const USABLE_FOR: Seconds = Seconds::hours(1);
/// How long a client that could not be asked is left alone.
const REST_AFTER_FAILURE: Seconds = Seconds(10);
const LONGEST_REQUEST: Seconds = Seconds::minutes(2);

const WHAT: &str = "the jwks_uri of a client";
const ACCEPT: &str = "application/jwk-set+json, application/json";

/// What one client publishes at one address.
#[derive(Debug)]
pub(super) struct Published {
    client: ClientId,
    uri: String,
    known: Mutex<Known>,
    /// Held by the one task that fetches.
    fetching: Arc<AsyncMutex<()>>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    keys: Option<Arc<Keys>>,
    forced_at: Option<Timestamp>,
    failure: Option<(Timestamp, Arc<FetchError>)>,
}

/// Why keys are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    TooOld,
    NothingFits,
}

#[derive(Debug)]
enum Step {
    Use(Arc<Keys>),
    Fetch,
    Unavailable(Arc<FetchError>),
}

impl Known {
    /// For a caller who wants keys.
    fn current(&self, now: Timestamp) -> Step {
        let usable = self.keys.as_ref().filter(|keys| within(USABLE_FOR, keys.fetched_at, now));
        match (usable, self.recent_failure(now)) {
            (Some(keys), _) if within(keys.current_for, keys.fetched_at, now) => Step::Use(Arc::clone(keys)),
            (Some(keys), Some(_)) => Step::Use(Arc::clone(keys)),
            (None, Some(failure)) => Step::Unavailable(Arc::clone(failure)),
            (_, None) => Step::Fetch,
        }
    }

    /// For a caller whom these keys did not serve. The keys that it `saw` mean: there are no others.
    fn newer_than(&self, saw: &Arc<Keys>, now: Timestamp) -> Step {
        match &self.keys {
            Some(keys) if !Arc::ptr_eq(keys, saw) => Step::Use(Arc::clone(keys)),
            // Fetched for this very request.
            Some(keys) if keys.fetched_at >= now => Step::Use(Arc::clone(saw)),
            _ if self.forced_at.is_some_and(|at| within(FORCED_EVERY, at, now)) => Step::Use(Arc::clone(saw)),
            _ => self.recent_failure(now).map_or(Step::Fetch, |failure| Step::Unavailable(Arc::clone(failure))),
        }
    }

    fn recent_failure(&self, now: Timestamp) -> Option<&Arc<FetchError>> {
        self.failure.as_ref().filter(|(at, _)| within(REST_AFTER_FAILURE, *at, now)).map(|(_, failure)| failure)
    }
}

/// Whether `at` is less than `span` ago. It may lie ahead by as much as a request takes, because others began later and were
/// faster; when it lies further ahead the clock was set back, and nobody knows.
fn within(span: Seconds, at: Timestamp, now: Timestamp) -> bool {
    (-LONGEST_REQUEST.0..span.0).contains(&now.since(at).0)
}

impl Published {
    pub(super) fn new(client: &ClientId, uri: &str) -> Self {
        Self { client: client.clone(), uri: uri.to_owned(), known: Mutex::default(), fetching: Arc::default() }
    }

    pub(super) async fn current(self: Arc<Self>, outbound: &Outbound, now: Timestamp) -> Result<Arc<Keys>, KeysError> {
        let mut step = self.look(|known| known.current(now));
        if matches!(step, Step::Fetch) {
            let turn = Arc::clone(&self.fetching).lock_owned().await;
            // Somebody else may have fetched them while this one waited for its turn.
            step = self.look(|known| known.current(now));
            if matches!(step, Step::Fetch) {
                self.fetch(turn, outbound, Cause::TooOld, now).await;
                step = self.look(|known| known.current(now));
            }
        }
        match step {
            Step::Use(keys) => Ok(keys),
            Step::Unavailable(failure) => Err(KeysError::Unavailable(failure)),
            Step::Fetch => Err(KeysError::Unavailable(Arc::new(FetchError::CutShort))),
        }
    }

    pub(super) async fn newer_than(
        self: Arc<Self>,
        saw: &Arc<Keys>,
        outbound: &Outbound,
        now: Timestamp,
    ) -> Option<Arc<Keys>> {
        let mut step = self.look(|known| known.newer_than(saw, now));
        if matches!(step, Step::Fetch) {
            let turn = Arc::clone(&self.fetching).lock_owned().await;
            step = self.look(|known| known.newer_than(saw, now));
            if matches!(step, Step::Fetch) {
                self.fetch(turn, outbound, Cause::NothingFits, now).await;
                step = self.look(|known| known.newer_than(saw, now));
            }
        }
        match step {
            Step::Use(keys) => Some(keys).filter(|keys| !Arc::ptr_eq(keys, saw)),
            Step::Fetch | Step::Unavailable(_) => None,
        }
    }

    /// Goes on when the request that asked for it is given up, so that nobody begins from the start.
    async fn fetch(self: &Arc<Self>, turn: OwnedMutexGuard<()>, outbound: &Outbound, cause: Cause, now: Timestamp) {
        let (published, outbound) = (Arc::clone(self), outbound.clone());
        let fetch = tokio::spawn(async move {
            let _turn = turn;
            let outcome = published.ask(&outbound, now).await;
            published.remember(outcome, cause, now);
        });
        // A task that was cut short has remembered nothing, which the caller notices.
        let _ = fetch.await;
    }

    async fn ask(&self, outbound: &Outbound, now: Timestamp) -> Result<Keys, FetchError> {
        let answer = outbound.get(WHAT, &self.uri, ACCEPT).await?;
        Ok(Keys::fetched(&answer, now)?)
    }

    /// All at once, so that nobody sees a fetch that was forced but not what it brought.
    fn remember(&self, outcome: Result<Keys, FetchError>, cause: Cause, now: Timestamp) {
        let forced_at = (cause == Cause::NothingFits).then_some(now);
        match outcome {
            Ok(keys) => {
                tracing::debug!(client = %self.client, keys = keys.set.keys().len(), "fetched the keys of a client");
                self.look(|known| {
                    let forced_at = forced_at.or(known.forced_at);
                    *known = Known { keys: Some(Arc::new(keys)), forced_at, failure: None };
                });
            }
            Err(error) => {
                tracing::warn!(client = %self.client, cause = %error, "the keys of a client could not be fetched");
                self.look(|known| {
                    known.forced_at = forced_at.or(known.forced_at);
                    known.failure = Some((now, Arc::new(error)));
                });
            }
        }
    }

    fn look<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        work(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
