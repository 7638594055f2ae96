//! Passwords: hashing on a bounded number of threads, hashes from elsewhere, and what a new password must look like.
//!
//! `pool.rs` is the only way to a hash while requests are served. `argon2id.rs` makes and checks our own hashes; `foreign/`
//! checks those that people bring along from other programs, and makes none. `policy.rs` and `blocklist.rs` say which new
//! password is too weak. Rows are written by `store::passwords`; sessions, sign-ins and limits are not here.

mod argon2id;
pub mod blocklist;
mod foreign;
mod format;
pub mod policy;
mod pool;
mod stored;

use protocol::ids::UserId;
use protocol::secret::SecretString;
use store::Won;

pub use self::argon2id::hash_blocking;
pub use self::format::{Format, Refused};
pub use self::pool::{Busy, Permit, Pool};
pub use self::stored::examine;
use crate::AppState;

/// What became of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Matches,
    /// The right password, but the stored hash has a foreign format or is cheaper to guess than `[passwords]` asks for: see
    /// [`rehash`].
    MatchesOutdated,
    Differs,
}

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("the stored password hash cannot be used: {0}")]
    Refused(#[from] Refused),
    #[error("argon2 refused its parameters: {0}")]
    Parameters(String),
    #[error("the hashing threads have stopped")]
    Stopped,
}

/// Keeps a password that was right under a hash of our own, in the place of `old`. If the threads are busy or the password was
/// changed meanwhile, nothing is written: the next sign-in tries again, and this one does not fail for it.
pub async fn rehash(state: &AppState, user: &UserId, old: &str, password: SecretString) -> Won {
    let Ok(permit) = state.passwords.admit() else { return Won::No };
    let new = match permit.hash(password).await {
        Ok(new) => new,
        Err(error) => {
            tracing::error!(%error, user.id = %user, "a password could not be hashed anew");
            return Won::No;
        }
    };
    store::passwords::replace_hash(&state.store, user, old, &new).await.unwrap_or_else(|error| {
        tracing::error!(%error, user.id = %user, "a new hash could not be stored");
        Won::No
    })
}
