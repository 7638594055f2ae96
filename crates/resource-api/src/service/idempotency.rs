//! Idempotent creation (draft-ietf-httpapi-idempotency-key-header): a request that is sent again makes nothing again.
//!
//! The key is claimed in the transaction that makes the thing, so either both are there or none. Kept: which request it was (a
//! hash) and the id of what it made; the answer is made again from the request, which has to be the same. Requests that
//! failed claim nothing. Two that run at once are told apart within a process ([`Running`]); across processes the second waits
//! for the first at the key's row.

#![expect(clippy::disallowed_methods, reason = "the SQL of this API stands here, not in store")]

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::time::{Seconds, Timestamp};
use sha2::{Digest as _, Sha256};
use sqlx::{AnyConnection, Row as _};

use crate::service::database::{Database, DatabaseError};
use crate::service::principal::{Id, Person};
use crate::service::write::Made;

pub(crate) const KEPT: Seconds = Seconds::hours(24);

/// One whose time is over is as good as none.
const CLAIM: &str =
    "INSERT INTO idempotency_keys (caller, key, fingerprint, made, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (caller, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, made = excluded.made, created_at = excluded.created_at
    WHERE idempotency_keys.created_at <= $6";
const FIND: &str = "SELECT fingerprint, made, created_at FROM idempotency_keys WHERE caller = $1 AND key = $2";
const SWEEP: &str = "DELETE FROM idempotency_keys WHERE created_at <= $1";

/// A request that may be sent again: its key, and a hash of all that it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Once {
    pub key: String,
    pub fingerprint: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Claimed {
    New,
    Before(Made),
    OtherRequest,
}

impl Once {
    /// `parts`: everything that the request says, in order.
    pub(crate) fn new(key: String, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Self { key, fingerprint: URL_SAFE_NO_PAD.encode(hash.finalize()) }
    }
}

/// `id`: of what is going to be made if the key is new.
pub(crate) async fn claim(
    transaction: &mut AnyConnection,
    caller: &Person,
    once: &Once,
    id: &Id,
    now: Timestamp,
) -> Result<Claimed, DatabaseError> {
    let claimed = sqlx::query(CLAIM)
        .bind(caller.as_str())
        .bind(&once.key)
        .bind(&once.fingerprint)
        .bind(id.as_str())
        .bind(now.0)
        .bind((now - KEPT).0)
        .execute(&mut *transaction)
        .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claimed::New);
    }
    let row = sqlx::query(FIND).bind(caller.as_str()).bind(&once.key).fetch_one(transaction).await?;
    if row.try_get::<String, _>(0)? != once.fingerprint {
        return Ok(Claimed::OtherRequest);
    }
    Ok(Claimed::Before(Made { id: row.try_get(1)?, created_at: row.try_get(2)? }))
}

/// Forgets keys whose time is over.
pub(crate) async fn sweep(database: &Database, now: Timestamp) -> Result<u64, DatabaseError> {
    let done = sqlx::query(SWEEP).bind((now - KEPT).0).execute(&database.write).await?;
    Ok(done.rows_affected())
}

/// The keys of requests that run in this process at this moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running(Arc<Mutex<HashSet<(String, String)>>>);

/// A running request; dropping it ends that.
#[derive(Debug)]
pub(crate) struct Entered {
    running: Running,
    entry: (String, String),
}

impl Running {
    /// `None` while another request with this key runs.
    pub(crate) fn enter(&self, caller: &Person, key: &str) -> Option<Entered> {
        let entry = (caller.as_str().to_owned(), key.to_owned());
        let fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(entry.clone());
        fresh.then(|| Entered { running: self.clone(), entry })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_of_the_parts_and_of_where_they_end() {
        let fingerprint = |parts: &[&[u8]]| Once::new(String::new(), parts).fingerprint;
        assert_eq!(fingerprint(&[b"a", b"bc"]), fingerprint(&[b"a", b"bc"]));
        assert_ne!(fingerprint(&[b"a", b"bc"]), fingerprint(&[b"ab", b"c"]));
        assert_ne!(fingerprint(&[b"a"]), fingerprint(&[b"a", b""]));
    }
}
