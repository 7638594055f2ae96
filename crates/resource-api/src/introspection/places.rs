//! How many questions are under way at once, and who may ask when it gets tight.
//!
//! A flood of made-up tokens makes a question each, and nothing here can tell them from good ones. But a token that was accepted a
//! moment ago is known, and a quarter of the places is kept for those: the flood delays newcomers, not who is at work already.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Debug)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
}

/// Whether a credential was accepted lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Known,
    Stranger,
}

/// Held while a question is under way.
#[derive(Debug)]
pub(super) struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_strangers: Option<OwnedSemaphorePermit>,
}

impl Places {
    /// `count` at once, at least one.
    pub(super) fn new(count: usize) -> Self {
        let count = count.clamp(1, Semaphore::MAX_PERMITS);
        Self { all: Arc::new(Semaphore::new(count)), strangers: Arc::new(Semaphore::new(count - count / 4)) }
    }

    /// Never waits: who finds no place comes back later.
    pub(super) fn take(&self, standing: Standing) -> Option<Place> {
        let of_strangers = match standing {
            Standing::Known => None,
            Standing::Stranger => Some(Arc::clone(&self.strangers).try_acquire_owned().ok()?),
        };
        let of_all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Place { _of_all: of_all, _of_strangers: of_strangers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_leave_a_quarter_of_the_places_to_who_is_known() {
        let places = Places::new(32);
        let taken: Vec<_> = std::iter::from_fn(|| places.take(Standing::Stranger)).collect();
        assert_eq!(taken.len(), 24);
        let known: Vec<_> = std::iter::from_fn(|| places.take(Standing::Known)).collect();
        assert_eq!(known.len(), 8);
        drop(taken);
        assert!(places.take(Standing::Stranger).is_some());
    }

    #[test]
    fn there_is_always_one() {
        assert!(Places::new(0).take(Standing::Stranger).is_some());
        assert!(Places::new(1).take(Standing::Stranger).is_some());
    }
}
