//! The issuer's keys, always at hand: read without a lock, fetched by one task, never more often than agreed.
//!
//! One task ([`JwksCache::keep_fresh`]) does every fetch, so many waiting requests are one fetch by construction, and a caller
//! who hangs up cancels nothing. Requests only read the snapshot; when they miss something they ask the task through
//! [`Progress`] and wait for the next outcome. Keys renew in the background at about 75 % of their time, stay in use for a
//! while when the issuer is down, and an unknown `kid` causes a fetch at most once per cool-down. Where there is no task nobody waits
//! (`attendance.rs`).

mod attendance;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jwt::jwks::JwkSet;
use jwt::public_key::VerifyingKey;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use url::Url;

use self::attendance::{Attendance, Attendant};
use crate::config::JwksConfig;
use crate::meter;
use crate::token::outbound::{Discovered, FetchError, Outbound};

/// How long a request waits for a fetch that is under way. Two answers of the issuer within their limit of 3 s may take longer.
const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(10);
/// Longer than a process lives.
const NEVER: Duration = Duration::from_hours(24 * 365 * 30);

#[derive(Debug)]
pub(crate) struct JwksCache {
    source: Source,
    config: JwksConfig,
    snapshot: Arc<ArcSwapOption<Keys>>,
    introspection_endpoint: ArcSwapOption<Url>,
    progress: watch::Sender<Progress>,
    attendance: Attendance,
}

/// Who fills the snapshot.
#[derive(Debug)]
enum Source {
    Issuer(Outbound),
    /// Somebody in this process; nothing is ever fetched.
    InProcess,
}

/// Keys that are put here instead of being fetched: those of the issuer in `testkit`. All caches made with it show them at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeysInProcess(Arc<ArcSwapOption<Keys>>);

#[derive(Debug)]
struct Keys {
    set: JwkSet,
    usable_until: Instant,
    #[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "measured only"))]
    fetched: Instant,
}

impl Source {
    /// For the log.
    fn issuer(&self) -> &str {
        match self {
            Self::Issuer(outbound) => outbound.issuer().as_str(),
            Self::InProcess => "in process",
        }
    }
}

/// What the fetching task and the requests tell each other.
#[derive(Debug)]
struct Progress {
    /// How many fetches have ended.
    done: u64,
    state: State,
    last_failed: bool,
    /// Until then unknown `kid`s cause no fetch.
    quiet_until: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fetching,
    /// Nothing happens before this moment, unless a request asks.
    Resting(Instant),
    /// A request asks for a fetch now.
    Wanted,
}

/// Why no key could be handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// The issuer does not publish such a key.
    Unknown,
    /// Nobody can say: the issuer cannot be reached.
    Unavailable { retry_after: Seconds },
}

impl JwksCache {
    pub(crate) fn new(outbound: Outbound, config: JwksConfig) -> Self {
        let now = Instant::now();
        // The task begins with a fetch, so the first requests wait for it instead of being sent away.
        let progress = Progress { done: 0, state: State::Fetching, last_failed: false, quiet_until: now };
        Self::with(Source::Issuer(outbound), config, Arc::default(), progress)
    }

    /// A cache that fetches nothing: a key that is not there is unknown, without waiting.
    pub(crate) fn in_process(keys: &KeysInProcess, config: JwksConfig) -> Self {
        let now = Instant::now();
        let progress = Progress { done: 1, state: State::Resting(now), last_failed: false, quiet_until: now + NEVER };
        Self::with(Source::InProcess, config, Arc::clone(&keys.0), progress)
    }

    fn with(source: Source, config: JwksConfig, snapshot: Arc<ArcSwapOption<Keys>>, progress: Progress) -> Self {
        let (introspection_endpoint, progress) = (ArcSwapOption::empty(), watch::Sender::new(progress));
        Self { source, config, snapshot, introspection_endpoint, progress, attendance: Attendance::default() }
    }

    /// Hands the key that a token names to `work`. Waits only when there are no keys yet or this one is unknown.
    pub(crate) async fn with_key<T>(
        &self,
        kid: Option<&str>,
        algorithm: SigningAlgorithm,
        work: impl Fn(&VerifyingKey) -> T,
    ) -> Result<T, NoKey> {
        match self.look_up(kid, algorithm, &work) {
            Err(NoKey::Unknown) if kid.is_none() => Err(NoKey::Unknown),
            Err(_) => self.with_newer_key(kid, algorithm, work).await,
            found => found,
        }
    }

    /// The slow path: something is missing in the snapshot.
    async fn with_newer_key<T>(
        &self,
        kid: Option<&str>,
        algorithm: SigningAlgorithm,
        work: impl Fn(&VerifyingKey) -> T,
    ) -> Result<T, NoKey> {
        // Count first, then look again: no outcome can slip in between unseen.
        let seen = self.progress.borrow().done;
        match self.look_up(kid, algorithm, &work) {
            Err(NoKey::Unavailable { .. }) => self.wait_for_first_keys(seen).await?,
            Err(NoKey::Unknown) => self.ask_for_newer_keys(seen).await?,
            found => return found,
        }
        // Keys that were fetched after the token came in are the last word about it; a failed fetch says nothing.
        match self.look_up(kid, algorithm, &work) {
            Err(NoKey::Unknown) if self.progress.borrow().last_failed => Err(self.unavailable()),
            found => found,
        }
    }

    /// Whether tokens can be checked at this moment, or when to ask again.
    pub(crate) fn ready(&self) -> Result<(), Seconds> {
        match self.snapshot.load().as_deref() {
            Some(keys) if Instant::now() < keys.usable_until => Ok(()),
            _ => {
                // An API that is never ready may never be sent a request.
                self.tell_if_nobody_fetches();
                Err(self.retry_after())
            }
        }
    }

    /// How long ago the keys were fetched, if they were.
    #[cfg(feature = "metrics")]
    pub(crate) fn age(&self) -> Option<Duration> {
        self.snapshot.load().as_deref().map(|keys| keys.fetched.elapsed())
    }

    /// Where the issuer answers questions, as its discovery document says; else when to ask again. Waits for the first document.
    pub(crate) async fn introspection_endpoint(&self) -> Result<Url, Seconds> {
        let seen = self.progress.borrow().done;
        if self.ready().is_err() && self.introspection_endpoint.load().is_none() {
            self.wait_for_first_keys(seen).await.map_err(|_| self.retry_after())?;
        }
        match (self.introspection_endpoint.load_full(), self.ready()) {
            (Some(url), _) => Ok(Url::clone(&url)),
            (None, Err(retry_after)) => Err(retry_after),
            (None, Ok(())) => {
                let issuer = self.source.issuer();
                tracing::error!(issuer, "the discovery document names no introspection endpoint that can be used");
                Err(Seconds::minutes(1))
            }
        }
    }

    /// Fetches for as long as it is polled. Exactly one task per cache runs this. From this call on requests wait for what it fetches, until
    /// it is dropped.
    pub(crate) fn keep_fresh(self: Arc<Self>) -> impl Future<Output = ()> {
        let attendant = Attendant::of(self);
        async move { attendant.cache().fetch_again_and_again().await }
    }

    async fn fetch_again_and_again(&self) {
        let Source::Issuer(outbound) = &self.source else { return };
        let mut asked = self.progress.subscribe();
        let mut jwks_uri = None;
        let mut failures = 0;
        loop {
            self.progress.send_modify(|progress| progress.state = State::Fetching);
            let pause = match meter::fetch(outbound.issuer(), self.fetch(outbound, &mut jwks_uri)).await {
                Ok(pause) => {
                    failures = 0;
                    pause
                }
                Err(error) => {
                    failures += 1;
                    let old_keys = if self.ready().is_ok() { "kept in use" } else { "none" };
                    tracing::warn!(issuer = %outbound.issuer(), cause = %error, old_keys, "the issuer's keys could not be fetched");
                    retry_pause(failures)
                }
            };
            let rest = Instant::now() + pause;
            self.progress.send_modify(|progress| {
                progress.done += 1;
                progress.last_failed = failures > 0;
                progress.state = State::Resting(rest);
            });
            tokio::select! {
                () = sleep_until(rest) => jwks_uri = None,
                _ = asked.wait_for(|progress| progress.state == State::Wanted) => {}
            }
        }
    }

    /// One fetch; on success the snapshot is new and the answer says when to come back.
    async fn fetch(&self, outbound: &Outbound, jwks_uri: &mut Option<Url>) -> Result<Duration, FetchError> {
        // Taken out: when this fails, the next fetch asks anew where the keys are.
        let uri = match jwks_uri.take() {
            Some(uri) => uri,
            None => {
                let Discovered { jwks_uri, introspection_endpoint } = outbound.discover().await?;
                self.introspection_endpoint.store(introspection_endpoint.map(Arc::new));
                jwks_uri
            }
        };
        let published = outbound.keys(&uri).await?;
        *jwks_uri = Some(uri);
        let (min, max) = (duration(self.config.min_ttl), duration(self.config.max_ttl));
        let ttl = published.max_age.unwrap_or(min).clamp(min, max);
        let fetched = Instant::now();
        let usable_until = fetched + ttl + duration(self.config.stale_for);
        tracing::info!(issuer = %outbound.issuer(), keys = published.keys.keys().len(), seconds = ttl.as_secs(), "fetched the issuer's keys");
        self.snapshot.store(Some(Arc::new(Keys { set: published.keys, usable_until, fetched })));
        // 70 to 80 %, so that many servers that started together do not come back together.
        let [random] = jwt::random::bytes::<1>();
        Ok(ttl * (70 + u32::from(random % 11)) / 100)
    }

    fn look_up<T>(
        &self,
        kid: Option<&str>,
        algorithm: SigningAlgorithm,
        work: &impl Fn(&VerifyingKey) -> T,
    ) -> Result<T, NoKey> {
        match self.snapshot.load().as_deref() {
            Some(keys) if Instant::now() < keys.usable_until => {
                keys.set.find(kid, algorithm).map(work).ok_or(NoKey::Unknown)
            }
            _ => Err(self.unavailable()),
        }
    }

    async fn wait_for_first_keys(&self, seen: u64) -> Result<(), NoKey> {
        let (state, done) = {
            let progress = self.progress.borrow();
            (progress.state, progress.done)
        };
        match state {
            // The last attempt failed and the next one is not due.
            State::Resting(_) if done == seen => Err(self.unavailable()),
            _ => self.wait_for_outcome(seen).await,
        }
    }

    async fn ask_for_newer_keys(&self, seen: u64) -> Result<(), NoKey> {
        let now = Instant::now();
        let mut refused = None;
        self.progress.send_if_modified(|progress| {
            let resting = matches!(progress.state, State::Resting(_)) && progress.done == seen;
            if resting && now < progress.quiet_until {
                // What the last fetch found still holds; if it failed, nobody can say.
                let retry_after = retry_after(progress.state, now);
                refused = Some(if progress.last_failed { NoKey::Unavailable { retry_after } } else { NoKey::Unknown });
            } else if resting {
                progress.state = State::Wanted;
                progress.quiet_until = now + duration(self.config.unknown_kid_cooldown);
                return true;
            }
            false
        });
        match refused {
            Some(no_key) => Err(no_key),
            None => self.wait_for_outcome(seen).await,
        }
    }

    async fn wait_for_outcome(&self, seen: u64) -> Result<(), NoKey> {
        if !self.attendance.is_there() {
            return Err(self.unavailable());
        }
        let mut outcomes = self.progress.subscribe();
        match timeout(PATIENCE, outcomes.wait_for(|progress| progress.done > seen)).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(self.unavailable()),
        }
    }

    fn unavailable(&self) -> NoKey {
        self.tell_if_nobody_fetches();
        NoKey::Unavailable { retry_after: self.retry_after() }
    }

    fn tell_if_nobody_fetches(&self) {
        if let Source::Issuer(outbound) = &self.source {
            self.attendance.tell_if_nobody(outbound.issuer());
        }
    }

    fn retry_after(&self) -> Seconds {
        retry_after(self.progress.borrow().state, Instant::now())
    }
}

#[cfg(feature = "testkit")]
impl KeysInProcess {
    /// In place of those before.
    pub(crate) fn put(&self, set: JwkSet) {
        self.0.store(Some(Arc::new(Keys { set, usable_until: Instant::now() + NEVER, fetched: Instant::now() })));
    }

    /// As if there had never been any.
    pub(crate) fn clear(&self) {
        self.0.store(None);
    }
}

/// When the next fetch will have happened, in whole seconds, at least one.
fn retry_after(state: State, now: Instant) -> Seconds {
    let wait = match state {
        State::Resting(until) => until.saturating_duration_since(now).as_secs() + 1,
        State::Fetching | State::Wanted => 1,
    };
    Seconds(i64::try_from(wait).unwrap_or(i64::MAX))
}

/// 250 ms, 500 ms, 1 s, … 10 s.
fn retry_pause(failures: u32) -> Duration {
    FIRST_RETRY.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LAST_RETRY)
}

fn duration(span: Seconds) -> Duration {
    Duration::from_secs(u64::try_from(span.0).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_between_retries_grow_to_ten_seconds() {
        let pauses: Vec<_> = (1..=8).map(|failures| retry_pause(failures).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
        assert_eq!(retry_pause(u32::MAX), LAST_RETRY);
    }

    #[test]
    fn retry_after_is_never_zero() {
        let now = Instant::now();
        for state in [State::Fetching, State::Wanted, State::Resting(now)] {
            assert_eq!(retry_after(state, now), Seconds(1));
        }
    }
}
