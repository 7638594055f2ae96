//! Whether anybody fetches keys for a cache. Where nobody does, waiting is in vain: requests are answered at once, and the log says
//! once what was forgotten, so that it does not look as if the issuer were down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use protocol::issuer::Issuer;

use super::JwksCache;

/// Who fetches for one cache.
#[derive(Debug, Default)]
pub(super) struct Attendance {
    /// A number, because one may come before the last one is quite gone.
    attendants: AtomicUsize,
    told: AtomicBool,
}

/// Somebody fetches from now on, until this is dropped, however that comes about.
pub(super) struct Attendant(Arc<JwksCache>);

impl Attendance {
    /// Whether an outcome can be waited for.
    pub(super) fn is_there(&self) -> bool {
        self.attendants.load(Ordering::Relaxed) > 0
    }

    /// In the log, the first time.
    pub(super) fn tell_if_nobody(&self, issuer: &Issuer) {
        if !self.is_there() && !self.told.swap(true, Ordering::Relaxed) {
            tracing::error!(
                %issuer,
                "nobody fetches keys: hold what ResourceServer::keep_fresh returns (let _keys = ...) for as long as the API runs"
            );
        }
    }
}

impl Attendant {
    pub(super) fn of(cache: Arc<JwksCache>) -> Self {
        cache.attendance.attendants.fetch_add(1, Ordering::Relaxed);
        Self(cache)
    }

    pub(super) fn cache(&self) -> &JwksCache {
        &self.0
    }
}

impl Drop for Attendant {
    fn drop(&mut self) {
        self.0.attendance.attendants.fetch_sub(1, Ordering::Relaxed);
    }
}
