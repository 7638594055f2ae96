//! The clock of the API: the only file of this crate that reads the time of day. Everything else is told `now`.

use std::time::{SystemTime, UNIX_EPOCH};

use protocol::time::Timestamp;

#[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the time of day")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
