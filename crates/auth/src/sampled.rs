//! A count in place of a flood of equal lines in the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Counts what happens too often to be told each time.
pub(crate) struct Sampled {
    began: Instant,
    /// Milliseconds after `began`.
    next: AtomicU64,
    untold: AtomicU64,
}

impl Sampled {
    const PAUSE: u64 = 1_000;

    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), next: AtomicU64::new(0), untold: AtomicU64::new(0) }
    }

    /// Counts one. At most once in a second it tells how many there were since it told last.
    pub(crate) fn tell(&self, now: Instant) -> Option<u64> {
        self.untold.fetch_add(1, Ordering::Relaxed);
        let now = u64::try_from(now.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX);
        let next = self.next.load(Ordering::Relaxed);
        let later = now.saturating_add(Self::PAUSE);
        let mine = now >= next && self.next.compare_exchange(next, later, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        mine.then(|| self.untold.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_storm_of_refusals_is_told_once_a_second_with_its_count() {
        let sampled = Sampled::new();
        let at = |millis| sampled.began + Duration::from_millis(millis);
        assert_eq!(sampled.tell(at(5)), Some(1), "the first at once");
        assert_eq!((0..40).filter_map(|_| sampled.tell(at(900))).count(), 0);
        assert_eq!(sampled.tell(at(1_005)), Some(41));
        assert_eq!(sampled.tell(at(1_006)), None);
        assert_eq!(sampled.tell(at(60_000)), Some(2));
    }
}
