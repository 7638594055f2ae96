//! Credentials that only the issuer understands: opaque tokens, API keys, passwords. It is asked, and what it says is believed for
//! a short while (RFC 7662). **It fails closed**: without a readable answer nothing is accepted.
//!
//! Public is how an API proves itself to the issuer ([`ClientCredentials`]) and how much it asks ([`Limits`]); both stand in
//! [`Introspection`](crate::Introspection), which switches it on.

// `Introspector` is the one door. Who asks what the issuer said a moment ago is answered from `cache.rs`; who asks what somebody else is
// asking already waits for that answer (`flight.rs`); the others need a place (`places.rs`) and an issuer that has not just failed
// (`breaker.rs`). `wire.rs` then sends the question (`question.rs`) with the proof of `client_assertion.rs` and reads the answer into
// a `Described` (`described.rs`). `iss`, `aud`, permissions, networks and the sender constraint are for the caller to check.

mod breaker;
mod cache;
mod client_assertion;
mod described;
mod flight;
mod places;
mod question;
mod wire;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::api_key::{self, ApiKey, ApiKeyId};
use protocol::time::{Seconds, Timestamp};
use protocol::user::normalize_login;
use reqwest::{Client, Request};
use url::Url;

use self::breaker::{Breaker, Ticket};
use self::cache::{Answers, Moment};
use self::flight::{Boarded, Flight, Flights};
use self::places::{Place, Places};
use self::question::{Key, Memory, Question, Salt};
use self::wire::{Failure, Wire};
use crate::credential::basic;

pub use self::client_assertion::ClientCredentials;
pub(crate) use self::described::{Confirmation, Described, Unproven};
pub(crate) use self::wire::EndpointRefused;

/// Longer tokens are refused without asking, as those of `validator.rs`.
const MAX_TOKEN: usize = 8 * 1024;
/// For whoever waited for a question that was cut short.
const COME_BACK: NotDescribed = NotDescribed::Unavailable { retry_after: Seconds(1) };

/// Asks one endpoint of one issuer. Cheap to clone; all clones share what they know. Needs a tokio runtime around it.
#[derive(Clone)]
pub(crate) struct Introspector(Arc<Inner>);

/// How much is asked and remembered. Beyond the longest times nothing can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Questions under way at once. A quarter of them is kept for credentials that were accepted lately.
    pub questions: usize,
    /// Accepted credentials remembered (an answer counts once for each KiB), and as many refused ones.
    pub entries: usize,
    /// For how long an accepted token is remembered: 10 s by default, 60 s at most, never beyond its `exp`. A token that is revoked
    /// is accepted for that long.
    pub positive: Seconds,
    /// The same for API keys and passwords, 10 s at most.
    pub short: Seconds,
    /// For how long a refused credential is remembered, 10 s at most.
    pub negative: Seconds,
    /// For a whole question, 3 s at most.
    pub timeout: Duration,
}

/// Why a credential is not described. Says nothing about the reasons of the issuer, which it does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotDescribed {
    /// Unknown, expired, revoked, malformed or not for this API: an invalid credential.
    #[error("the issuer does not say that the credential is active")]
    Inactive,
    /// Nobody can say at the moment: neither accepted nor refused (`503` with `Retry-After`).
    #[error("the issuer cannot be asked at the moment; try again in {retry_after} s")]
    Unavailable { retry_after: Seconds },
    /// The same because this API has as many questions under way as it may: the issuer is well, but too many ask at once.
    #[error("too many credentials are being asked about; try again in {retry_after} s")]
    Busy { retry_after: Seconds },
    /// Of a password: there were too many wrong ones, for this name or from this network, so it was not looked at (`429` with
    /// `Retry-After`).
    #[error("there were too many wrong passwords; try again in {retry_after} s")]
    TooManyTries { retry_after: Seconds },
}

type Outcome = Result<Arc<Described>, NotDescribed>;

struct Inner {
    wire: Wire,
    /// How long a caller waits for an answer that another one asked for: its worker may hang.
    patience: Duration,
    salt: Salt,
    answers: Answers,
    flights: Arc<Flights<Outcome>>,
    places: Places,
    breaker: Arc<Breaker>,
}

/// Everything that a question needs to be sent.
struct Departure {
    request: Request,
    key: Key,
    memory: Memory,
    /// What `429` means depends on it.
    by_password: bool,
    asked: Moment,
    ticket: Ticket,
    place: Place,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            questions: 32,
            entries: 10_000,
            positive: Seconds(10),
            short: Seconds(10),
            negative: Seconds(10),
            timeout: MAX_TIMEOUT,
        }
    }
}

const MAX_TIMEOUT: Duration = Duration::from_secs(3);

impl Introspector {
    /// `http` is a client that `http.rs` made; `endpoint` is https, or http on loopback.
    pub(crate) fn new(
        http: Client,
        endpoint: Url,
        credentials: ClientCredentials,
        limits: Limits,
    ) -> Result<Self, EndpointRefused> {
        let timeout = limits.timeout.min(MAX_TIMEOUT);
        Ok(Self(Arc::new(Inner {
            wire: Wire::new(http, endpoint, credentials, timeout)?,
            patience: timeout * 2,
            salt: Salt::draw(),
            answers: Answers::new(&limits),
            flights: Flights::new(),
            places: Places::new(limits.questions),
            breaker: Arc::new(Breaker::new()),
        })))
    }

    /// Asks about a token as it was presented. A text that looks like an API key is one, or refused without asking.
    pub(crate) async fn introspect(&self, token: &str, now: Timestamp) -> Result<Arc<Described>, NotDescribed> {
        self.introspect_at(token, at(now)).await
    }

    /// Asks about an API key that was presented with a user name (RFC 7617), to whom it must belong. Names are compared as the
    /// login form compares them; without the member `username` a key belongs to nobody.
    pub(crate) async fn introspect_for(
        &self,
        user: &str,
        api_key: &str,
        now: Timestamp,
    ) -> Result<Arc<Described>, NotDescribed> {
        if !api_key::looks_like_one(api_key) {
            return Err(NotDescribed::Inactive);
        }
        let described = self.introspect_at(api_key, at(now)).await?;
        let (owner, user) = (described.username.as_deref().map(normalize_login), normalize_login(user));
        let belongs = !user.is_empty() && owner == Some(user);
        if belongs { Ok(described) } else { Err(NotDescribed::Inactive) }
    }

    /// Asks about the key of this id, for a request that claims to be signed with it.
    pub(crate) async fn introspect_key_id(&self, id: &ApiKeyId, now: Timestamp) -> Result<Unproven, NotDescribed> {
        self.ask(&Question::ApiKeyId(id), at(now)).await.map(Unproven)
    }

    /// Asks whether a person has this password, with the parameters `purpose=http_basic`, `username`, `password` and, where it is
    /// known `from` where the caller came, `caller_address`. For an `Introspector` of its own at an endpoint that answers so: a
    /// password takes long to check, and the other questions must not wait for it.
    pub(crate) async fn check_password(
        &self,
        presented: &basic::Presented,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Arc<Described>, NotDescribed> {
        match presented.kind() {
            basic::Kind::Password => {
                let (username, password) = (presented.user.as_str(), presented.secret.expose().as_str());
                let question = Question::Password { username, password, from };
                self.ask(&question, at(now)).await
            }
            // No issuer has to see a key as a password.
            basic::Kind::ApiKey => Err(NotDescribed::Inactive),
        }
    }

    async fn introspect_at(&self, token: &str, now: Moment) -> Outcome {
        if api_key::looks_like_one(token) {
            let key = ApiKey::parse(token).map_err(|_| NotDescribed::Inactive)?;
            return self.ask(&Question::ApiKey(&key), now).await;
        }
        // RFC 6749 appendix A.12: access-token = 1*VSCHAR.
        let is_token =
            (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        if !is_token {
            return Err(NotDescribed::Inactive);
        }
        self.ask(&Question::Token(token), now).await
    }

    async fn ask(&self, question: &Question<'_>, now: Moment) -> Outcome {
        let inner = &self.0;
        let key = inner.salt.key(question);
        if let Some(known) = inner.answers.get(&key, now) {
            return known;
        }
        let waiting = match inner.flights.board(key) {
            Boarded::Waits(waiting) => waiting,
            Boarded::Leads(flight, waiting) => {
                inner.begin(question, key, flight, now);
                waiting
            }
        };
        let outcome = tokio::time::timeout(inner.patience, waiting.outcome()).await;
        outcome.ok().flatten().unwrap_or(Err(COME_BACK))
    }
}

impl Inner {
    /// Sends the question off, or ends the flight at once.
    fn begin(self: &Arc<Self>, question: &Question<'_>, key: Key, flight: Flight<Outcome>, now: Moment) {
        // The same question may have ended after the caller looked.
        if let Some(known) = self.answers.get(&key, now) {
            return flight.end(known);
        }
        match self.prepare(question, key, now) {
            Err(refusal) => flight.end(Err(refusal)),
            Ok(departure) => {
                let inner = Arc::clone(self);
                tokio::spawn(async move { flight.end(inner.fly(departure).await) });
            }
        }
    }

    fn prepare(self: &Arc<Self>, question: &Question<'_>, key: Key, asked: Moment) -> Result<Departure, NotDescribed> {
        let place =
            self.places.take(self.answers.standing(&key)).ok_or(NotDescribed::Busy { retry_after: Seconds(1) })?;
        let ticket = self.breaker.admit(asked.steady).map_err(unavailable)?;
        let request = self.wire.request(question, asked.wall).map_err(|failure| complain(&failure))?;
        let by_password = matches!(question, Question::Password { .. });
        Ok(Departure { request, key, memory: question.memory(), by_password, asked, ticket, place })
    }

    async fn fly(&self, departure: Departure) -> Outcome {
        let Departure { request, key, memory, by_password, asked, ticket, place: _place } = departure;
        let began = Instant::now();
        let answer = self.wire.ask(request).await;
        let now = asked.later(began.elapsed());
        match answer {
            Ok(described) => {
                ticket.answered();
                let in_force = described.filter(|described| described.is_in_force(now.wall));
                let in_force = in_force.map(|described| Described { asked: asked.steady, ..described });
                let outcome = in_force.map(Arc::new).ok_or(NotDescribed::Inactive);
                self.answers.keep(key, memory, &outcome, asked);
                outcome
            }
            Err(failure) => {
                if failure.blames_issuer() {
                    ticket.failed(now.steady);
                } else {
                    ticket.answered();
                }
                Err(match failure.too_many_tries().filter(|_| by_password) {
                    Some(retry_after) => NotDescribed::TooManyTries { retry_after },
                    None => complain(&failure),
                })
            }
        }
    }
}

fn at(now: Timestamp) -> Moment {
    Moment { wall: now, steady: Instant::now() }
}

fn complain(failure: &Failure) -> NotDescribed {
    tracing::warn!(cause = %failure, "the introspection endpoint gave no answer");
    NotDescribed::Unavailable { retry_after: failure.retry_after() }
}

/// In whole seconds, rounded up, at least one.
fn unavailable(wait: Duration) -> NotDescribed {
    let seconds = wait.as_millis().div_ceil(1_000).max(1);
    NotDescribed::Unavailable { retry_after: Seconds(i64::try_from(seconds).unwrap_or(i64::MAX)) }
}

impl fmt::Debug for Introspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspector")
            .field("wire", &self.0.wire)
            .field("flights", &self.0.flights)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
