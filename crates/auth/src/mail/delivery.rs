//! The job that empties the outbox of mail.
//!
//! The outbox is a table, so nothing is forgotten over a restart. Several servers may share a database: whoever leases a mail
//! sends it. A server that dies while it sends leaves a mail that falls due again, so a mail may arrive twice (with one
//! `Message-ID`), but never not at all. While the mail server cannot be reached, everything waits as it is and one mail after
//! another is tried: a try writes the row of one mail, however many there are.

use std::sync::Arc;
use std::time::Duration;

use jwt::sealed::{self, Purpose};
use protocol::mail::{self, MailState, Next, Outcome};
use protocol::time::{Seconds, Timestamp};
use store::mails::{self, Mail};
use store::{StoreError, Won};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::transport::{Concerns, Failure};
use super::{Parcel, is_on, lease};
use crate::AppState;

/// For what another server or the command line left in the outbox, and for what is due again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Mails under way at once, each with a connection of its own.
const TOGETHER: usize = 8;
/// When the mail server cannot be reached, everything waits at most this long; one more try shows whether it is back.
const REST: Seconds = Seconds(30);

/// What is under way, and whether the mail server seems to be there.
#[derive(Default)]
struct Work {
    running: JoinSet<Option<Timestamp>>,
    /// The last try found no mail server. Nothing is tried before this time, and then one mail only.
    resting_until: Option<Timestamp>,
}

/// Runs until it is dropped, and what is under way with it.
pub(crate) async fn deliver(state: Arc<AppState>) {
    if !is_on(&state) {
        return;
    }
    let mut tick = interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut work = Work::default();
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = state.mail.wake.notified() => {}
            Some(ended) = work.running.join_next() => {
                // One that panicked has a lease, which will be over.
                if let Ok(resting_until) = ended {
                    work.resting_until = resting_until;
                }
            }
        }
        if let Err(error) = work.look(&state).await {
            tracing::warn!(%error, "the outbox of mail cannot be read; it is tried again");
        }
    }
}

impl Work {
    /// Begins to send as much as there is room for.
    async fn look(&mut self, state: &Arc<AppState>) -> Result<(), StoreError> {
        let now = state.now();
        let together = match self.resting_until {
            Some(until) if until > now => return Ok(()),
            Some(_) => 1,
            None => TOGETHER,
        };
        let room = together.saturating_sub(self.running.len());
        if room == 0 {
            return Ok(());
        }
        let due = mails::due(&state.store, now, i64::try_from(room).unwrap_or(1)).await?;
        for mail in due {
            if mails::lease(&state.store, &mail, now, now + lease(&state.config)).await? == Won::Yes {
                let state = Arc::clone(state);
                self.running.spawn(async move {
                    attempt(&state, &mail, now).await.unwrap_or_else(|error| {
                        tracing::warn!(mail.id = %mail.id, %error, "the outbox of mail failed; it is tried again");
                        None
                    })
                });
            }
        }
        Ok(())
    }
}

/// Sends one mail that was leased, and settles it. Tells until when all others rest.
async fn attempt(state: &AppState, mail: &Mail, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let sent = hand_over(state, mail, now).await;
    let (outcome, error) = match &sent {
        Ok(()) => (Outcome::Sent, None),
        Err(failure) => (failure.outcome, Some(failure.reason.as_str())),
    };
    let (now, tries) = (state.now(), mail.tries.saturating_add(1));
    let next = mail::next(outcome, tries, &state.config.mail.retry_after, mail.give_up_at, now);
    let won = mails::settle(&state.store, &mail.id, tries, next, error).await?;
    log(mail, tries, next, error);
    if won == Won::No {
        tracing::warn!(mail.id = %mail.id, "a mail took longer than its lease, and another server took it up");
    }
    match &sent {
        Err(failure) if failure.concerns == Concerns::EveryMail => Ok(Some(match next {
            Next::Again(at) => at.min(now + REST),
            Next::Settled(_) => now + REST,
        })),
        Ok(()) | Err(_) => Ok(None),
    }
}

async fn hand_over(state: &AppState, mail: &Mail, now: Timestamp) -> Result<(), Failure> {
    let failed = |reason: &str, outcome| Failure { reason: reason.to_owned(), outcome, concerns: Concerns::ThisMail };
    if now > mail.give_up_at {
        return Err(failed("what is in it has expired", Outcome::Pointless));
    }
    // Another server with the same database may have the right keys.
    let parcel = mail
        .sealed
        .as_deref()
        .and_then(|sealed| sealed::open_for::<Parcel>(Purpose::Mail(&mail.id), state.keys.secrets(), sealed));
    let parcel = parcel.ok_or_else(|| failed("it was sealed with another master key", Outcome::Failed))?;
    state.mail.transport.hand_over(&state.store, &mail.id, &parcel, now).await
}

/// One line per try, with the same fields each time, so that they can be counted. Never to whom, never what.
fn log(mail: &Mail, tries: u32, next: Next, error: Option<&str>) {
    let (id, kind) = (&mail.id, mail.kind.as_str());
    // Strangers make as many of these as the limits allow, and nothing is wrong with them.
    if kind == super::NOBODY {
        tracing::debug!(mail.id = %id, mail.kind = kind, "a mail that went to nobody was cleared away");
        return;
    }
    match next {
        Next::Settled(state @ MailState::Sent) => {
            tracing::info!(mail.id = %id, mail.kind = kind, tries, state = state.name(), "a mail was sent");
        }
        Next::Settled(state) => tracing::warn!(mail.id = %id, mail.kind = kind, tries, state = state.name(), error,
            "a mail was not sent, and is not going to be"),
        Next::Again(at) => {
            tracing::info!(mail.id = %id, mail.kind = kind, tries, state = MailState::Waiting.name(), error,
                due_at = at.0, "a mail could not be sent yet");
        }
    }
}
