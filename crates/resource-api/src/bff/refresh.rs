//! New tokens for a session whose access token is about to end: asked for once, however many requests wait for them.
//!
//! Within this process the first request starts a task and the others wait for its outcome; the task goes on when they hang
//! up, because a refresh token that the issuer has exchanged must not be lost. Between servers that share a store, the
//! session itself says that somebody is asking ([`StoredSession::refreshing_until`]), by a change that only one can make.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::secret::TokenHash;
use protocol::time::{Seconds, Timestamp};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::bff::error::BffError;
use crate::bff::session::{SessionKey, StoredSession, TokenText};
use crate::bff::store::Changed;
use crate::bff::tokens::{self, NoTokens, Times};
use crate::bff::{Bff, Inner};

/// Longer than the exchange with the issuer can take: five questions, discovery and new keys included, of three seconds each.
const LEASE: Seconds = Seconds(18);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Longer than a lease.
const LOOKS: u32 = 200;
/// New tokens are written so often before they are given up.
const KEEP_AGAIN: u32 = 4;
/// Tokens that the issuer does not stand by are replaced at most this often.
const DOUBT_EVERY: Seconds = Seconds(60);
/// When the issuer does not say more.
const COME_BACK: Seconds = Seconds(2);

type Outcome = Result<Box<StoredSession>, BffError>;
type Landed = watch::Receiver<Option<Outcome>>;

/// The refreshes that are under way in this process.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<HashMap<SessionKey, Landed>>);

/// Takes the entry away, however the task ends.
struct Entry {
    of: Arc<Inner>,
    key: SessionKey,
}

impl Flights {
    fn entries(&self) -> MutexGuard<'_, HashMap<SessionKey, Landed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.of.flights.entries().remove(&self.key);
    }
}

/// The session with tokens that can be handed out.
pub(crate) async fn fresh(bff: &Bff, key: &SessionKey) -> Result<StoredSession, BffError> {
    let mut landed = join(bff, key);
    match landed.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(outcome)) => outcome.clone().map(|session| *session),
        // The task was torn away with its runtime.
        _ => Err(BffError::IssuerUnavailable { retry_after: COME_BACK }),
    }
}

/// The access token is not to be handed out again. Without a refresh token there is none to replace it.
pub(crate) async fn doubt(bff: &Inner, key: &SessionKey, refused: &TokenText) -> Result<(), BffError> {
    let now = bff.now();
    let session = bff.live(key, now).await?;
    // Whoever asks for another token already would lose it by a change of ours.
    if session.refreshing_until.is_some_and(|until| now < until) {
        return Ok(());
    }
    let is_new = session.doubted_at.is_none_or(|before| now.since(before) >= DOUBT_EVERY);
    if !is_new || !TokenHash::of(session.tokens.access_token.expose().as_bytes()).matches(refused.expose().as_bytes()) {
        return Ok(());
    }
    let mut doubted = StoredSession { doubted_at: Some(now), ..next(&session, None) };
    doubted.tokens.refresh_at = now;
    if doubted.tokens.refresh_token.is_none() {
        doubted.ends_at = now;
    }
    // Of several requests one says so; what somebody else made of the session meanwhile is as good.
    bff.store.replace(key, session.version, doubted).await?;
    Ok(())
}

fn join(bff: &Bff, key: &SessionKey) -> Landed {
    let mut entries = bff.0.flights.entries();
    if let Some(landed) = entries.get(key) {
        return landed.clone();
    }
    let (sender, landed) = watch::channel(None);
    entries.insert(key.clone(), landed.clone());
    let entry = Entry { of: Arc::clone(&bff.0), key: key.clone() };
    tokio::spawn(async move {
        let outcome = renew(&entry.of, &entry.key).await;
        sender.send_replace(Some(outcome.map(Box::new)));
        drop(entry);
    });
    landed
}

/// Looks, claims, asks. What another server did meanwhile is as good as one's own work.
async fn renew(bff: &Inner, key: &SessionKey) -> Result<StoredSession, BffError> {
    for _ in 0..LOOKS {
        let now = bff.now();
        let session = bff.live(key, now).await?;
        if session.tokens.are_fresh(now) {
            return Ok(session);
        }
        if session.tokens.refresh_token.is_none() {
            return end(bff, key, &session, now).await;
        }
        if session.refreshing_until.is_some_and(|until| now < until) {
            sleep(LOOK_AGAIN).await;
            continue;
        }
        let claimed = next(&session, Some(now + LEASE));
        if bff.store.replace(key, session.version, claimed.clone()).await? == Changed::Yes {
            return exchange(bff, key, claimed, now).await;
        }
    }
    Err(BffError::IssuerUnavailable { retry_after: COME_BACK })
}

async fn exchange(
    bff: &Inner,
    key: &SessionKey,
    claimed: StoredSession,
    now: Timestamp,
) -> Result<StoredSession, BffError> {
    let times = Times { now, refresh_before: bff.config.refresh_before };
    match tokens::refresh(&bff.provider, &claimed.tokens, &claimed.sub, times).await {
        Ok(tokens) => {
            let renewed = StoredSession { tokens, ..next(&claimed, None) };
            match keep(bff, key, claimed.version, &renewed).await? {
                Changed::Yes => Ok(renewed),
                // Signed out meanwhile: nobody is to have the new tokens.
                Changed::No => {
                    bff.revoke(&renewed).await;
                    Err(BffError::SessionOver)
                }
            }
        }
        Err(NoTokens::InvalidGrant) => {
            tracing::info!(session = ?key, "the issuer does not renew the session any more");
            end(bff, key, &claimed, now).await
        }
        Err(NoTokens::NotBelieved(reason)) => {
            tracing::error!(session = ?key, cause = reason, "the issuer's new tokens are not believed; the session ends");
            end(bff, key, &claimed, now).await
        }
        Err(NoTokens::Unreachable(unreachable)) => unclaim(bff, key, claimed, now, unreachable.retry_after).await,
        Err(NoTokens::Refused(reason)) => {
            tracing::error!(session = ?key, cause = reason, "the session could not be renewed");
            unclaim(bff, key, claimed, now, COME_BACK).await
        }
    }
}

/// The issuer has exchanged the refresh token: when these tokens are lost, so is the session. So not after the first failure.
async fn keep(bff: &Inner, key: &SessionKey, from: u64, renewed: &StoredSession) -> Result<Changed, BffError> {
    for _ in 0..KEEP_AGAIN {
        match bff.store.replace(key, from, renewed.clone()).await {
            Ok(changed) => return Ok(changed),
            Err(error) => tracing::warn!(session = ?key, cause = %error, "new tokens could not be kept; once more"),
        }
        sleep(LOOK_AGAIN).await;
    }
    Ok(bff.store.replace(key, from, renewed.clone()).await?)
}

/// The next request asks again; this one has the old access token as long as that lives.
async fn unclaim(
    bff: &Inner,
    key: &SessionKey,
    claimed: StoredSession,
    now: Timestamp,
    retry_after: Seconds,
) -> Result<StoredSession, BffError> {
    let waiting = next(&claimed, None);
    if bff.store.replace(key, claimed.version, waiting.clone()).await? == Changed::No {
        return Err(BffError::SessionOver);
    }
    if waiting.tokens.are_usable(now) { Ok(waiting) } else { Err(BffError::IssuerUnavailable { retry_after }) }
}

/// Ends the session that was looked at. One that another server renewed meanwhile goes on.
async fn end(
    bff: &Inner,
    key: &SessionKey,
    session: &StoredSession,
    now: Timestamp,
) -> Result<StoredSession, BffError> {
    let ended = StoredSession { ends_at: now, ..next(session, None) };
    match bff.store.replace(key, session.version, ended).await? {
        Changed::Yes => {
            bff.store.remove(key).await?;
            Err(BffError::SessionOver)
        }
        Changed::No => bff.live(key, now).await,
    }
}

fn next(session: &StoredSession, refreshing_until: Option<Timestamp>) -> StoredSession {
    StoredSession { version: session.version.saturating_add(1), refreshing_until, ..session.clone() }
}

#[cfg(test)]
impl Flights {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }
}
