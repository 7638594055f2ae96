//! Single flight: however many ask the same at once, one question goes out, and all of them get its answer.
//!
//! The question runs in a task of its own, so a caller that hangs up cancels nobody's answer. How many questions go out at once
//! is bounded in `places.rs`; so is the table here, which has one row for each of them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::question::Key;

/// The questions that are under way.
pub(super) struct Flights<T>(Mutex<HashMap<Key, watch::Receiver<Option<T>>>>);

/// What a caller finds.
pub(super) enum Boarded<T> {
    /// Somebody asks already: wait.
    Waits(Waiting<T>),
    /// Nobody does: this caller must see to it that the flight ends.
    Leads(Flight<T>, Waiting<T>),
}

/// The duty to end a flight. When it is dropped instead, those who wait learn that there is no answer.
pub(super) struct Flight<T> {
    flights: Arc<Flights<T>>,
    key: Key,
    outcome: watch::Sender<Option<T>>,
}

pub(super) struct Waiting<T>(watch::Receiver<Option<T>>);

impl<T: Clone> Flights<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
    }

    pub(super) fn board(self: &Arc<Self>, key: Key) -> Boarded<T> {
        let mut running = self.running();
        if let Some(outcome) = running.get(&key) {
            return Boarded::Waits(Waiting(outcome.clone()));
        }
        let (sender, receiver) = watch::channel(None);
        running.insert(key, receiver.clone());
        Boarded::Leads(Flight { flights: Arc::clone(self), key, outcome: sender }, Waiting(receiver))
    }
}

impl<T> Flights<T> {
    fn running(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<Option<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Flight<T> {
    /// Whoever comes from now on begins anew, so what the outcome is to leave behind must be there already.
    pub(super) fn end(self, outcome: T) {
        self.outcome.send_replace(Some(outcome));
    }
}

impl<T> Drop for Flight<T> {
    fn drop(&mut self) {
        self.flights.running().remove(&self.key);
    }
}

impl<T: Clone> Waiting<T> {
    /// `None` when the question was cut short.
    pub(super) async fn outcome(mut self) -> Option<T> {
        let outcome = self.0.wait_for(Option::is_some).await.ok()?;
        outcome.clone()
    }
}

impl<T> fmt::Debug for Flights<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flights({})", self.running().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::introspection::question::sample_key;

    fn lead(flights: &Arc<Flights<u8>>, number: u8) -> (Flight<u8>, Waiting<u8>) {
        match flights.board(sample_key(number)) {
            Boarded::Leads(flight, waiting) => (flight, waiting),
            Boarded::Waits(_) => panic!("somebody asks already"),
        }
    }

    fn join(flights: &Arc<Flights<u8>>, number: u8) -> Waiting<u8> {
        match flights.board(sample_key(number)) {
            Boarded::Leads(..) => panic!("nobody asks"),
            Boarded::Waits(waiting) => waiting,
        }
    }

    #[tokio::test]
    async fn all_who_board_get_the_one_answer() {
        let flights = Flights::new();
        let (flight, first) = lead(&flights, 1);
        let (other, _) = lead(&flights, 2);
        let second = join(&flights, 1);
        flight.end(7);
        assert_eq!((first.outcome().await, second.outcome().await), (Some(7), Some(7)));
        drop(other);
        assert_eq!(format!("{flights:?}"), "Flights(0)");
    }

    #[tokio::test]
    async fn a_flight_that_is_cut_short_leaves_nobody_waiting() {
        let flights = Flights::new();
        let (flight, first) = lead(&flights, 1);
        let second = join(&flights, 1);
        drop(flight);
        assert_eq!((first.outcome().await, second.outcome().await), (None, None));
        lead(&flights, 1).0.end(8);
    }
}
