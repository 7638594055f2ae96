//! How many may be under way at once: all together, and on one name, so that a slow host holds up itself and not the others.
//!
//! Names share a fixed number of counters, chosen by a keyed hash: nothing grows with the number of names, and nobody can tell
//! which name shares with which.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const COUNTERS: usize = 256;

#[derive(Debug)]
pub(crate) struct Places {
    together: Arc<Semaphore>,
    named: Vec<Arc<Semaphore>>,
    hasher: RandomState,
}

/// How many places there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub together: usize,
    pub per_name: usize,
}

/// Held during the work, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _together: OwnedSemaphorePermit,
    _named: OwnedSemaphorePermit,
}

impl Places {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let named = (0..COUNTERS).map(|_| Arc::new(Semaphore::new(bounds.per_name))).collect();
        Self { together: Arc::new(Semaphore::new(bounds.together)), named, hasher: RandomState::new() }
    }

    /// Waits for a place on the name first, so that whoever waits for a slow one takes no place from the others.
    pub(crate) async fn take(&self, name: &str) -> Place {
        let named = Arc::clone(self.named(name)).acquire_owned().await.expect("is never closed");
        let together = Arc::clone(&self.together).acquire_owned().await.expect("is never closed");
        Place { _together: together, _named: named }
    }

    /// A place if one is free now.
    pub(crate) fn take_now(&self, name: &str) -> Option<Place> {
        let named = Arc::clone(self.named(name)).try_acquire_owned().ok()?;
        let together = Arc::clone(&self.together).try_acquire_owned().ok()?;
        Some(Place { _together: together, _named: named })
    }

    fn named(&self, name: &str) -> &Arc<Semaphore> {
        let counters = u64::try_from(COUNTERS).expect("is small");
        let counter = usize::try_from(self.hasher.hash_one(name) % counters).expect("is small");
        &self.named[counter]
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const BOUNDS: Bounds = Bounds { together: 32, per_name: 4 };

    #[test]
    fn one_name_has_a_few_places_and_others_still_have_theirs() {
        let places = Places::new(BOUNDS);
        let other = (0..1_000)
            .map(|number| format!("host{number}"))
            .find(|other| !Arc::ptr_eq(places.named(other), places.named("slow")));
        let held: Vec<_> = (0..4).map(|_| places.take("slow").now_or_never().expect("is free")).collect();
        assert!(places.take("slow").now_or_never().is_none() && places.take_now("slow").is_none());
        assert!(places.take(&other.expect("there is one")).now_or_never().is_some());
        drop(held);
        assert!(places.take_now("slow").is_some());
    }

    #[test]
    fn all_together_are_bounded() {
        let hosts: Vec<_> = (0..10_000).map(|number| format!("host{number}")).collect();
        let places = Places::new(BOUNDS);
        let held: Vec<_> = hosts.iter().filter_map(|host| places.take(host).now_or_never()).collect();
        assert_eq!(held.len(), 32);
        let places = Places::new(BOUNDS);
        let held: Vec<_> = hosts.iter().filter_map(|host| places.take_now(host)).collect();
        assert_eq!(held.len(), 32);
    }
}
