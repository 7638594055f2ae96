//! Times in figures, as people and programs read them: in universal time, because the server does not know where a reader is. In
//! words they are told by `web/account/words.rs`.

use protocol::time::Timestamp;
use time::OffsetDateTime;

pub(crate) fn utc(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// `2026-11-22T18:41:07Z` (RFC 3339).
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let (date, time) = (utc(at).date(), utc(at).time());
    format!("{date}T{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second())
}

/// `2026-11-22 18:41:07 UTC`.
pub(crate) fn second(at: Timestamp) -> String {
    let (date, time) = (utc(at).date(), utc(at).time());
    format!("{date} {:02}:{:02}:{:02} UTC", time.hour(), time.minute(), time.second())
}

/// `2026-11-22 18:41 UTC`.
pub(crate) fn minute(at: Timestamp) -> String {
    let (date, time) = (utc(at).date(), utc(at).time());
    format!("{date} {:02}:{:02} UTC", time.hour(), time.minute())
}
