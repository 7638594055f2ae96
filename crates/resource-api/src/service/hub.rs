//! The event streams of this process: how many there are, and how they hear that there is something to read.
//!
//! One task looks at the event counter once a second, and at once after a write of this process; so one query serves all streams,
//! and several processes on one database need no other connection between them. Nothing is kept in memory but the number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::clock;
use crate::service::database::Database;
use crate::service::principal::Person;
use crate::service::{events, idempotency, sessions};

const LOOK_EVERY: Duration = Duration::from_secs(1);
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The number of the newest event; `None` when the process is to end.
    newest: watch::Sender<Option<i64>>,
    written: Notify,
    streams: Mutex<HashMap<String, usize>>,
}

/// One of the streams that there may be; dropping it makes room.
#[derive(Debug)]
pub(crate) struct Place {
    hub: Hub,
    person: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    OfPerson,
    OfAll,
}

impl Hub {
    pub(crate) fn new() -> Self {
        let (newest, _) = watch::channel(Some(0));
        Self(Arc::new(Inner { newest, written: Notify::new(), streams: Mutex::default() }))
    }

    /// Something was written: readers need not wait for the next look.
    pub(crate) fn written(&self) {
        self.0.written.notify_one();
    }

    pub(crate) fn newest(&self) -> watch::Receiver<Option<i64>> {
        self.0.newest.subscribe()
    }

    /// Ends all streams.
    pub(crate) fn close(&self) {
        self.0.newest.send_replace(None);
    }

    pub(crate) fn enter(&self, person: &Person, per_person: usize, all: usize) -> Result<Place, NoPlace> {
        let mut streams = self.0.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if streams.values().sum::<usize>() >= all {
            return Err(NoPlace::OfAll);
        }
        let of_person = streams.entry(person.as_str().to_owned()).or_default();
        if *of_person >= per_person {
            return Err(NoPlace::OfPerson);
        }
        *of_person += 1;
        Ok(Place { hub: self.clone(), person: person.as_str().to_owned() })
    }

    /// Looks for new events until it is dropped, and forgets old ones.
    pub(crate) async fn look(self, database: Database) {
        let mut swept: Option<Instant> = None;
        loop {
            let _ = timeout(LOOK_EVERY, self.0.written.notified()).await;
            if swept.is_none_or(|at| at.elapsed() >= SWEEP_EVERY) {
                sweep(&database).await;
                swept = Some(Instant::now());
            }
            if self.0.newest.receiver_count() == 0 {
                continue;
            }
            match events::position(&database).await {
                Ok(position) => {
                    self.0.newest.send_if_modified(|newest| {
                        let later = newest.is_some_and(|newest| newest != position.seq);
                        if later {
                            *newest = Some(position.seq);
                        }
                        later
                    });
                }
                Err(error) => tracing::warn!(cause = %error, "the event streams wait: the counter cannot be read"),
            }
        }
    }
}

async fn sweep(database: &Database) {
    let now = clock::now();
    let all = [
        events::sweep(database, now).await,
        idempotency::sweep(database, now).await,
        sessions::sweep(database, now).await,
    ];
    for swept in all {
        if let Err(error) = swept {
            tracing::warn!(cause = %error, "old events, idempotency keys or sessions could not be forgotten");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut streams = self.hub.0.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = streams.get_mut(&self.person) {
            *open -= 1;
            if *open == 0 {
                streams.remove(&self.person);
            }
        }
    }
}
