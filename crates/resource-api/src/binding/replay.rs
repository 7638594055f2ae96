//! Things that count once: a DPoP proof (RFC 9449 §11.1), a signed request (RFC 9421 §7.2.2).
//!
//! [`Replay`] is what those who check such things ask; [`MemoryReplay`] is the store of one process. Several processes behind
//! one address need a common store: write a `Replay` over it. What makes a proof or a request valid is decided elsewhere, and
//! only what passed everything else is claimed, so that a stranger cannot fill the store.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use futures_util::future::{BoxFuture, FutureExt as _, ready};
use protocol::time::{Seconds, Timestamp};

/// What a key is cut to. Nobody finds a second thing with the key of another; who finds two things of their own with one key
/// gets one of them refused.
const KEY_BYTES: usize = 16;
const SHARDS: usize = 64;
/// Entries. A DPoP proof is kept for a minute, the nonce of a signature for six: 8,700 proofs or 1,400 signed requests per second. A
/// full store has about 30 MiB.
const DEFAULT_CAPACITY: usize = 1 << 19;
/// What has ended is removed at the latest with the next claim after this time.
const SWEEP_EVERY: Seconds = Seconds(30);

/// A store of what was used already.
pub trait Replay: fmt::Debug + Send + Sync {
    /// Takes `key` for the first and only time until `until`, that second included. Of several claims at one time, whatever
    /// their number and wherever they come from, exactly one succeeds. A store that cannot tell says
    /// [`Unavailable`]; it never guesses and never forgets a key before its time.
    fn claim(&self, key: ReplayKey, until: Timestamp, now: Timestamp) -> BoxFuture<'_, Result<(), NotClaimed>>;
}

/// A hash of what counts once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReplayKey([u8; KEY_BYTES]);

/// Why a key could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotClaimed {
    /// Somebody took it before.
    #[error("it was used before")]
    Seen,
    /// Nobody can tell: 503.
    #[error("whether it was used before cannot be told now: {0}")]
    Unavailable(#[from] Unavailable),
}

/// Why nobody knows whether a key was used. The sentence is for the log; the client may come back later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// No room for another entry.
    #[error("the store of used proofs is full; give it more room, or limit the rate of requests")]
    Full,
    /// What this one is compared with is forgotten.
    #[error("the clock was set back to a time whose used proofs are forgotten; wait until it has passed")]
    ClockSetBack,
    /// For stores outside of this process.
    #[error("the store of used proofs cannot be reached")]
    Unreachable,
}

/// The store of one process: bounded, split into shards with a lock each. A full one refuses instead of forgetting.
pub struct MemoryReplay {
    shards: [Mutex<Shard>; SHARDS],
    per_shard: usize,
}

#[derive(Default)]
struct Shard {
    /// With the last second that each entry is needed in.
    used: HashMap<ReplayKey, Timestamp>,
    /// Of entries that ended before this time nothing is known any more.
    swept_at: Option<Timestamp>,
}

impl Unavailable {
    /// For the header `Retry-After`. Entries end all the time.
    pub const RETRY_AFTER: Seconds = Seconds(5);
}

impl ReplayKey {
    /// `kind` keeps the users of one store apart. No two lists of parts have the same key.
    pub fn of(kind: &str, parts: &[&str]) -> Self {
        let mut hash = Context::new(&SHA256);
        for part in std::iter::once(&kind).chain(parts) {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut key = [0; KEY_BYTES];
        key.copy_from_slice(&hash.finish().as_ref()[..KEY_BYTES]);
        Self(key)
    }

    /// For stores that keep it elsewhere.
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    fn shard(self) -> usize {
        usize::from(self.0[0]) % SHARDS
    }
}

/// A hash prefix, enough to find a line of a log again.
impl fmt::Debug for ReplayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, fourth, ..] = self.0;
        write!(f, "ReplayKey({first:02x}{second:02x}{third:02x}{fourth:02x}…)")
    }
}

impl MemoryReplay {
    /// For at most about `capacity` entries. They are spread over the shards by hash, so that one may be full a little earlier.
    pub fn new(capacity: usize) -> Self {
        let shards = std::array::from_fn(|_| Mutex::default());
        Self { shards, per_shard: capacity.div_ceil(SHARDS).max(1) }
    }

    /// How many entries are kept, those that ended but were not swept yet included.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).used.len()).sum()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn take(&self, key: ReplayKey, until: Timestamp, now: Timestamp) -> Result<(), NotClaimed> {
        lock(&self.shards[key.shard()]).take(key, until, now, self.per_shard)
    }
}

impl Default for MemoryReplay {
    /// For 524,288 entries.
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY)
    }
}

impl Replay for MemoryReplay {
    fn claim(&self, key: ReplayKey, until: Timestamp, now: Timestamp) -> BoxFuture<'_, Result<(), NotClaimed>> {
        ready(self.take(key, until, now)).boxed()
    }
}

impl fmt::Debug for MemoryReplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryReplay").field("entries", &self.len()).finish_non_exhaustive()
    }
}

impl Shard {
    fn take(&mut self, key: ReplayKey, until: Timestamp, now: Timestamp, room: usize) -> Result<(), NotClaimed> {
        let since_sweep = self.swept_at.map(|at| now.since(at));
        // At most once per second, however many claims find the shard full.
        if since_sweep.is_none_or(|age| age >= SWEEP_EVERY || (age > Seconds(0) && self.used.len() >= room)) {
            self.sweep(now, room);
        }
        // The clock was set back: what this one is compared with may have been swept.
        if self.swept_at.is_some_and(|at| until < at) {
            return Err(Unavailable::ClockSetBack.into());
        }
        let full = self.used.len() >= room;
        match self.used.entry(key) {
            Entry::Occupied(mut entry) if *entry.get() < now => {
                entry.insert(until);
                Ok(())
            }
            Entry::Occupied(_) => Err(NotClaimed::Seen),
            Entry::Vacant(_) if full => Err(Unavailable::Full.into()),
            Entry::Vacant(entry) => {
                entry.insert(until);
                Ok(())
            }
        }
    }

    fn sweep(&mut self, now: Timestamp, room: usize) {
        self.used.retain(|_, until| *until >= now);
        // A burst that is over does not hold its memory for ever.
        if self.used.len() < room / 8 {
            self.used.shrink_to(room / 4);
        }
        self.swept_at = Some(now);
    }
}

/// No code that holds the lock can panic half-way; and a store that is poisoned for ever would lock everybody out.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
