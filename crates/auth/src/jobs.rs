//! What the server does between requests: sweep what expired, notice and carry out key rotation, tell clients of logouts
//! (`backchannel_logout.rs`), send mail (`mail/delivery.rs`), delete accounts that are due. Never inside a request.

use std::sync::Arc;
use std::time::Duration;

use jwt::{KeyError, RotationPolicy};
use protocol::time::Seconds;
use store::StoreError;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::{AppState, accounts, backchannel_logout, mail, protocol_log};

const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// Rows per statement; small, so that no request waits long for the writer.
const SWEEP_BATCH: i64 = 200;
const LOOK_FOR_DELETIONS_EVERY: Duration = Duration::from_secs(2);
/// Accounts at one look; each is one transaction.
const DELETIONS: i64 = 20;
const LOOK_AT_KEYS_EVERY: Duration = Duration::from_secs(2);

/// The running jobs; they end when this is stopped or dropped.
pub(crate) struct Jobs(JoinSet<()>);

pub(crate) fn start(state: Arc<AppState>) -> Jobs {
    let mut jobs = JoinSet::new();
    jobs.spawn(sweep(Arc::clone(&state)));
    jobs.spawn(protocol_log::write(Arc::clone(&state)));
    jobs.spawn(backchannel_logout::deliver(Arc::clone(&state)));
    jobs.spawn(mail::delivery::deliver(Arc::clone(&state)));
    jobs.spawn(deletions(Arc::clone(&state)));
    jobs.spawn(keys(state));
    Jobs(jobs)
}

impl Jobs {
    pub(crate) async fn stop(mut self) {
        self.0.shutdown().await;
    }
}

async fn sweep(state: Arc<AppState>) {
    let mut tick = interval(SWEEP_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick.tick().await; // never at start
    loop {
        tick.tick().await;
        loop {
            match sweep_once(&state).await {
                Ok(0) => break,
                Ok(rows) => tracing::debug!(rows, "swept expired rows"),
                Err(error) => {
                    tracing::warn!(%error, "sweeping expired rows failed; it is tried again");
                    break;
                }
            }
            tokio::task::yield_now().await;
        }
    }
}

async fn sweep_once(state: &AppState) -> Result<u64, StoreError> {
    let now = state.now();
    let log_ends = now - Seconds(state.config.protocol_log.lifetime);
    let exchanges = store::protocol_log::expire(&state.store, log_ends, SWEEP_BATCH).await?;
    Ok(exchanges + store::sweep::run_once(&state.store, now, SWEEP_BATCH).await?)
}

/// Deletes accounts whose owners asked for it and did not change their minds.
async fn deletions(state: Arc<AppState>) {
    let mut tick = interval(LOOK_FOR_DELETIONS_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = accounts::delete_due(&state, DELETIONS).await {
            tracing::warn!(%error, "accounts that are due cannot be deleted; it is tried again");
        }
    }
}

/// Takes over what another process rotated (`countersign key rotate`) and rotates keys that are old enough.
async fn keys(state: Arc<AppState>) {
    let mut tick = interval(LOOK_AT_KEYS_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let looked = Arc::clone(&state);
        let outcome = tokio::task::spawn_blocking(move || look_at_keys(&looked)).await;
        if let Ok(Err(error)) = outcome {
            tracing::error!(%error, "the signing keys could not be read or rotated; the server goes on with those it has");
        }
    }
}

fn look_at_keys(state: &AppState) -> Result<(), KeyError> {
    state.keys.reload()?;
    let now = state.now();
    let keys = &state.config.keys;
    let policy = RotationPolicy { announce: Seconds(keys.announce), overlap: Seconds(keys.overlap) };
    let keyring = state.keys.keyring();
    let newest = |alg| keyring.list(now).into_iter().filter(|key| key.alg == alg).map(|key| key.created_at).max();
    for &alg in &keys.algorithms {
        if newest(alg).is_some_and(|created| now.since(created) >= Seconds(keys.rotation_interval)) {
            let rotated = state.keys.rotate(Some(alg), policy, now)?;
            tracing::info!(alg = alg.name(), keys = rotated.len(), "a new signing key is announced");
        }
    }
    Ok(())
}
