//! The job that empties the outbox of back-channel logout (OpenID Connect Back-Channel Logout 1.0): it signs a logout token for
//! each client that a session signed in to, and sends it until the client has it or time is up.
//!
//! The outbox is a table, filled by the transaction that ends a session, so nothing is forgotten over a restart. Each client
//! has a worker of its own while something is due for it. When a client cannot be told, it is left alone for a while, and
//! everything that waits for it stays as it is: a try writes the row of one delivery, however many there are. So a client that
//! cannot be reached holds up nobody else. Which clients rest is known to each server by itself; all else is in the table.
//! Several servers may share a database: whoever leases a delivery sends it. A server that dies in the middle of one leaves it
//! to be sent again, with another `jti`: a client may hear of one logout twice, but never not at all.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use protocol::client::{Client, RegisteredBy, SubjectType};
use protocol::ids::ClientId;
use protocol::logout::backchannel::{self, DeliveryState, Events, LIFETIME, LogoutTokenClaims, Next, Outcome, TYP};
use protocol::signing::{MaybeSigned, SigningAlgorithm};
use protocol::time::{Seconds, Timestamp};
use store::logout_deliveries::{self, Delivery};
use store::{StoreError, Won};
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

use crate::issue::id_token::{Protection, secure};
use crate::outbound::{OutboundError, Reason};
use crate::{AppState, random, session_clients, subject};

/// For what another server or the command line left in the outbox, and for what is due again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Clients with a worker, and deliveries under way to all of them.
const TOGETHER: usize = 32;
/// Deliveries under way to one client. Fewer than `outbound` allows to one host, which clients may share.
const PER_CLIENT: i64 = 2;
/// Then a worker makes room for another client, if one waits.
const ROUNDS: usize = 100;
/// Longer than any try takes: fetching the client's keys, and the exchange itself, each of which has its limit.
const LEASE: Seconds = Seconds(90);
/// When a client cannot be told, everything else for it waits at most this long; one more try shows whether it is back.
const REST: Seconds = Seconds(30);

/// How one try ended, for the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tried {
    /// Told, refused, pointless, or in the hands of another server: the next one may go better.
    GoOn,
    /// The client cannot be told and is left alone until then.
    RestUntil(Timestamp),
}

/// What a try found out about the client.
struct Failure {
    outcome: Outcome,
    error: String,
}

/// Who works for whom.
#[derive(Default)]
struct Workers {
    running: JoinSet<(ClientId, Option<Timestamp>)>,
    busy: HashMap<ClientId, Id>,
    /// Until when clients that could not be told are left alone.
    resting: HashMap<ClientId, Timestamp>,
    /// The client at which the last look ended because there was no room for more workers.
    after: Option<ClientId>,
}

/// Runs until it is dropped, and its workers with it.
pub(crate) async fn deliver(state: Arc<AppState>) {
    let mut tick = interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let places = Arc::new(Semaphore::new(TOGETHER));
    let mut workers = Workers::default();
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = state.logout_deliveries.notified() => {}
            Some(ended) = workers.running.join_next_with_id() => {
                workers.ended(ended);
                if workers.after.is_none() {
                    continue;
                }
            }
        }
        if let Err(error) = workers.look(&state, &places).await {
            tracing::warn!(%error, "the logout outbox cannot be read; it is tried again");
        }
    }
}

impl Workers {
    fn ended(&mut self, ended: Result<(Id, (ClientId, Option<Timestamp>)), JoinError>) {
        match ended {
            Ok((_, (client, rest))) => {
                self.busy.remove(&client);
                self.resting.extend(rest.map(|until| (client, until)));
            }
            Err(error) => self.busy.retain(|_, id| *id != error.id()),
        }
    }

    /// Finds a worker for each client for which something is due, as long as there is room; the next look goes on from there.
    async fn look(&mut self, state: &Arc<AppState>, places: &Arc<Semaphore>) -> Result<(), StoreError> {
        let now = state.now();
        self.resting.retain(|_, until| *until > now);
        while self.busy.len() < TOGETHER {
            let next = logout_deliveries::next_client(&state.store, self.after.as_ref()).await?;
            let Some((client, due_at)) = next else {
                self.after = None;
                break;
            };
            if due_at <= now && !self.busy.contains_key(&client) && !self.resting.contains_key(&client) {
                let worker = self.running.spawn(work(Arc::clone(state), Arc::clone(places), client.clone()));
                self.busy.insert(client.clone(), worker.id());
            }
            self.after = Some(client);
        }
        Ok(())
    }
}

/// Works for one client until nothing is due for it, it cannot be told, or it was its turn for long enough. Tells until when
/// it is left alone.
async fn work(state: Arc<AppState>, places: Arc<Semaphore>, client: ClientId) -> (ClientId, Option<Timestamp>) {
    for _ in 0..ROUNDS {
        match round(&state, &places, &client).await {
            Ok(Some(Tried::GoOn)) => {}
            Ok(Some(Tried::RestUntil(at))) => return (client, Some(at)),
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(client.id = %client, %error, "the logout outbox failed; it is tried again");
                break;
            }
        }
    }
    (client, None)
}

/// A few deliveries at once; `None` when nothing is due.
async fn round(state: &AppState, places: &Semaphore, client: &ClientId) -> Result<Option<Tried>, StoreError> {
    let due = logout_deliveries::due(&state.store, client, state.now(), PER_CLIENT).await?;
    if due.is_empty() {
        return Ok(None);
    }
    let client = store::clients::find(&state.store, client).await?;
    let tries = join_all(due.iter().map(|delivery| attempt(state, places, client.as_ref(), delivery))).await;
    let tries = tries.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Some(tries.into_iter().find(|tried| *tried != Tried::GoOn).unwrap_or(Tried::GoOn)))
}

/// Lease, try, settle.
async fn attempt(
    state: &AppState,
    places: &Semaphore,
    client: Option<&Client>,
    delivery: &Delivery,
) -> Result<Tried, StoreError> {
    let Ok(_place) = places.acquire().await else { return Ok(Tried::GoOn) }; // it is never closed
    let now = state.now();
    if logout_deliveries::lease(&state.store, delivery, now, now + LEASE).await? == Won::No {
        return Ok(Tried::GoOn);
    }
    let told = tell(state, client, delivery, now).await;
    let (outcome, error) = match &told {
        Ok(()) => (Outcome::Delivered, None),
        Err(failure) => (failure.outcome, Some(failure.error.as_str())),
    };
    let (now, tries) = (state.now(), delivery.tries.saturating_add(1));
    let next = backchannel::next(outcome, tries, delivery.created_at, now);
    let won = logout_deliveries::settle(&state.store, delivery, tries, next, error).await?;
    log(delivery, tries, next, error);
    if won == Won::No {
        tracing::warn!(client.id = %delivery.client_id, session.id = %delivery.session_id,
            "a logout delivery took longer than its lease, and another server took it up");
    }
    if outcome != Outcome::Failed {
        return Ok(Tried::GoOn);
    }
    Ok(Tried::RestUntil(match next {
        Next::Again(at) => at.min(now + REST),
        Next::Settled(_) => now + REST,
    }))
}

/// Back-Channel Logout §2.5: "an HTTP POST request [...] using the application/x-www-form-urlencoded encoding", with
/// `logout_token` and nothing else. §2.8: "the RP MUST respond with HTTP 200 OK. However, note that some Web frameworks will
/// substitute an HTTP 204 No Content response".
async fn tell(state: &AppState, client: Option<&Client>, delivery: &Delivery, now: Timestamp) -> Result<(), Failure> {
    let pointless = |reason: &str| Failure { outcome: Outcome::Pointless, error: reason.to_owned() };
    let client = client.ok_or_else(|| pointless("the client is deleted"))?;
    if client.disabled_at.is_some() {
        return Err(pointless("the client is disabled"));
    }
    let logout = client.backchannel_logout.as_ref();
    let uri = &logout.ok_or_else(|| pointless("the client has no backchannel_logout_uri any more"))?.uri;
    let token = logout_token(state, client, delivery, now).await?;
    let form = [("logout_token", token.as_str())];
    match state.outbound.post_form("the backchannel_logout_uri", uri, &form).await {
        Ok(_status) => Ok(()),
        Err(error) => Err(Failure { outcome: outcome(&error), error: error.to_string() }),
    }
}

fn outcome(error: &OutboundError) -> Outcome {
    match error.reason {
        Reason::Status(400) => Outcome::Refused,
        _ => Outcome::Failed,
    }
}

/// Back-Channel Logout §2.4: "A Logout Token MUST be signed and MAY also be encrypted. The same keys are used to sign and
/// encrypt Logout Tokens as are used for ID Tokens." A client whose ID tokens are unsigned gets RS256, which each one knows.
async fn logout_token(
    state: &AppState,
    client: &Client,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<String, Failure> {
    let alg = client.id_token_signed_response_alg.signed().unwrap_or(SigningAlgorithm::RS256);
    let sub = subject::of(state, client, &delivery.user_id);
    let claims = LogoutTokenClaims {
        iss: state.issuer().as_str(),
        sub: Some(sub.as_str()).filter(|_| !may_have_moved(client)),
        aud: &client.id,
        iat: now,
        exp: now + LIFETIME,
        jti: random::short(),
        sid: &session_clients::sid(state, &delivery.session_id, &client.id),
        events: Events::default(),
    };
    let encryption = client.id_token_encryption;
    let protection = Protection { signature: MaybeSigned::Signed(alg), encryption, typ: Some(TYP) };
    secure(state, client, &claims, protection, now).await.map_err(|error| {
        let error = error.cause.unwrap_or_else(|| error.error.description.to_string());
        Failure { outcome: Outcome::Failed, error: format!("the logout token could not be made: {error}") }
    })
}

/// A client that registered itself may have moved to another sector since it signed the person in, where it is not to learn whom
/// people are. §2.4 of Back-Channel Logout: "A Logout Token MUST contain either a sub or a sid Claim, and MAY contain both."
fn may_have_moved(client: &Client) -> bool {
    client.registered_by == RegisteredBy::Dynamic && client.subject_type == SubjectType::Pairwise
}

/// One line per try, with the same fields each time, so that they can be counted.
fn log(delivery: &Delivery, tries: u32, next: Next, error: Option<&str>) {
    let Delivery { client_id, session_id, .. } = delivery;
    match next {
        Next::Settled(state @ DeliveryState::Delivered) => tracing::info!(client.id = %client_id,
            session.id = %session_id, tries, state = state.name(), "the client was told of the logout"),
        Next::Settled(state) => tracing::warn!(client.id = %client_id, session.id = %session_id, tries,
            state = state.name(), error, "the client was not told of the logout, and is not going to be"),
        Next::Again(at) => tracing::info!(client.id = %client_id, session.id = %session_id, tries,
            state = DeliveryState::Waiting.name(), error, due_at = at.0, "the client could not be told of the logout yet"),
    }
}
