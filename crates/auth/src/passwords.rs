//! Password hashing (argon2id) on a few threads of its own: bounded in number, in memory and in waiting time.
//!
//! A hash costs some 20 ms and 19 MiB. The threads keep their memory while there is work, give it back when they idle, and
//! admit only what they can begin within `passwords.max_wait_ms`; the rest is told so (`Busy`) before anything is looked up.
//! They run at the priority of the rest of the server: docs/decisions/006-hashing-threads.md. What a person's password must
//! look like is not decided here.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version};
use protocol::secret::SecretString;
use subtle::ConstantTimeEq as _;
use tokio::sync::oneshot;

use crate::config::PasswordsConfig;

/// A first guess of what one hash takes; measured values replace it.
const FIRST_ESTIMATE: Duration = Duration::from_millis(25);
/// After that long without a login a thread gives its memory back.
const IDLE: Duration = Duration::from_secs(10);
/// In blocks of 1 KiB. The allocator of glibc returns an allocation of more than 32 MiB to the system when it is freed, and
/// keeps smaller ones. What is reserved and never touched takes no memory.
const ALWAYS_MAPPED: usize = 33 * 1024;

/// The server hashes as many passwords as it can; ask again after that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    pub retry_after: Duration,
}

/// What became of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Matches,
    Differs,
}

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("the stored password hash is not an argon2 PHC string")]
    NotArgon2,
    #[error("argon2 refused its parameters: {0}")]
    Parameters(String),
    #[error("the hashing threads have stopped")]
    Stopped,
}

struct Job {
    password: SecretString,
    /// `None`: nobody has that name. The work is done all the same, so that the time tells nothing.
    stored: Option<String>,
    reply: oneshot::Sender<Result<Verdict, PasswordError>>,
}

struct Shared {
    queue: Mutex<Option<VecDeque<Job>>>,
    wake: Condvar,
    admitted: AtomicUsize,
    micros_per_hash: AtomicU64,
    threads: usize,
    max_wait: Duration,
    params: Params,
}

/// The hashing threads. Dropping the last handle ends them.
pub struct Pool {
    shared: Arc<Shared>,
}

/// The right to have one password verified; given back when dropped.
pub struct Permit {
    shared: Arc<Shared>,
}

impl Pool {
    pub fn start(config: &PasswordsConfig) -> Result<Self, PasswordError> {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Some(VecDeque::new())),
            wake: Condvar::new(),
            admitted: AtomicUsize::new(0),
            micros_per_hash: AtomicU64::new(micros(FIRST_ESTIMATE)),
            threads: config.threads.max(1),
            max_wait: Duration::from_millis(config.max_wait_ms),
            params: params(config)?,
        });
        for number in 0..shared.threads {
            let worker = Arc::clone(&shared);
            std::thread::Builder::new()
                .name(format!("argon2-{number}"))
                .spawn(move || work(&worker))
                .map_err(|error| PasswordError::Parameters(error.to_string()))?;
        }
        Ok(Self { shared })
    }

    /// Asks for a place. Refuses when the expected wait is longer than configured.
    pub fn admit(&self) -> Result<Permit, Busy> {
        let shared = &self.shared;
        let most = shared.most_admitted();
        shared
            .admitted
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| (now < most).then_some(now + 1))
            .map(|_| Permit { shared: Arc::clone(shared) })
            .map_err(|_| Busy { retry_after: shared.max_wait.max(Duration::from_secs(1)) })
    }
}

impl Permit {
    /// Compares a password with a stored PHC string; takes as long when there is none.
    pub async fn verify(self, password: SecretString, stored: Option<String>) -> Result<Verdict, PasswordError> {
        let (reply, answer) = oneshot::channel();
        match self.shared.lock().as_mut() {
            Some(queue) => queue.push_back(Job { password, stored, reply }),
            None => return Err(PasswordError::Stopped),
        }
        self.shared.wake.notify_one();
        answer.await.map_err(|_| PasswordError::Stopped)?
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shared.admitted.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        *self.shared.lock() = None;
        self.shared.wake.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<VecDeque<Job>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many may wait or run so that the last of them begins within `max_wait`.
    fn most_admitted(&self) -> usize {
        let per_hash = self.micros_per_hash.load(Ordering::Relaxed).max(1);
        let waiting = micros(self.max_wait) / per_hash;
        self.threads + usize::try_from(waiting).unwrap_or(usize::MAX).saturating_mul(self.threads)
    }

    fn measured(&self, took: Duration) {
        let before = self.micros_per_hash.load(Ordering::Relaxed);
        self.micros_per_hash.store((before * 7 + micros(took)) / 8, Ordering::Relaxed);
    }
}

/// One thread: takes jobs until the pool is gone. Its memory is used again for each, and given back when nothing comes.
fn work(shared: &Shared) {
    let mut memory = Vec::new();
    while let Some(job) = next(shared, &mut memory) {
        if job.reply.is_closed() {
            continue; // the client hung up
        }
        let began = Instant::now();
        let verdict = verify(&shared.params, &mut memory, &job.password, job.stored.as_deref());
        shared.measured(began.elapsed());
        let _ = job.reply.send(verdict);
    }
}

fn next(shared: &Shared, memory: &mut Vec<Block>) -> Option<Job> {
    let mut queue = shared.lock();
    loop {
        if let Some(job) = queue.as_mut()?.pop_front() {
            return Some(job);
        }
        if memory.is_empty() {
            queue = shared.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let (still_locked, waited) = shared.wake.wait_timeout(queue, IDLE).unwrap_or_else(PoisonError::into_inner);
        queue = still_locked;
        if waited.timed_out() {
            *memory = Vec::new();
        }
    }
}

fn verify(
    ours: &Params,
    memory: &mut Vec<Block>,
    password: &SecretString,
    stored: Option<&str>,
) -> Result<Verdict, PasswordError> {
    let mut computed = [0u8; 64];
    let Some(stored) = stored else {
        hash_into(
            Argon2::new(Algorithm::Argon2id, Version::V0x13, ours.clone()),
            memory,
            password,
            &[0; 16],
            &mut computed[..32],
        )?;
        return Ok(Verdict::Differs);
    };
    let stored = PasswordHash::new(stored).map_err(|_| PasswordError::NotArgon2)?;
    let algorithm = Algorithm::try_from(stored.algorithm.as_str()).map_err(|_| PasswordError::NotArgon2)?;
    let params = Params::try_from(&stored).map_err(|error| PasswordError::Parameters(error.to_string()))?;
    let (Some(salt), Some(expected)) = (stored.salt.as_ref(), stored.hash.as_ref()) else {
        return Err(PasswordError::NotArgon2);
    };
    let computed = computed.get_mut(..expected.len()).ok_or(PasswordError::NotArgon2)?;
    hash_into(Argon2::new(algorithm, Version::V0x13, params), memory, password, salt.as_ref(), computed)?;
    Ok(if bool::from(computed.ct_eq(expected.as_bytes())) { Verdict::Matches } else { Verdict::Differs })
}

fn hash_into(
    argon2: Argon2<'_>,
    memory: &mut Vec<Block>,
    password: &SecretString,
    salt: &[u8],
    out: &mut [u8],
) -> Result<(), PasswordError> {
    let blocks = argon2.params().block_count();
    if memory.len() < blocks {
        memory.reserve_exact(blocks.max(ALWAYS_MAPPED) - memory.len());
        memory.resize(blocks, Block::default());
    }
    argon2
        .hash_password_into_with_memory(password.expose().as_bytes(), salt, out, &mut memory[..blocks])
        .map_err(|error| PasswordError::Parameters(error.to_string()))
}

/// Hashes a new password on the calling thread: for the command line, never for a request.
pub fn hash_blocking(config: &PasswordsConfig, password: &str) -> Result<String, PasswordError> {
    use argon2::PasswordHasher as _;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params(config)?);
    argon2
        .hash_password_with_salt(password.as_bytes(), &crate::random::id())
        .map(|hash| hash.to_string())
        .map_err(|error| PasswordError::Parameters(error.to_string()))
}

fn params(config: &PasswordsConfig) -> Result<Params, PasswordError> {
    Params::new(config.memory_kib, config.iterations, config.parallelism, Some(32))
        .map_err(|error| PasswordError::Parameters(error.to_string()))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(max_wait_ms: u64) -> PasswordsConfig {
        PasswordsConfig {
            memory_kib: 64,
            iterations: 1,
            parallelism: 1,
            threads: 1,
            max_wait_ms,
            ..PasswordsConfig::default()
        }
    }

    #[tokio::test]
    async fn the_right_password_matches_and_a_wrong_one_differs() {
        let config = config(1000);
        let pool = Pool::start(&config).unwrap();
        let phc = hash_blocking(&config, "brisk-otter").unwrap();
        let verify = async |password: &str, stored: Option<String>| {
            pool.admit().ok().unwrap().verify(SecretString::new(password.to_owned()), stored).await.unwrap()
        };
        assert_eq!(verify("brisk-otter", Some(phc.clone())).await, Verdict::Matches);
        assert_eq!(verify("brisk-otteR", Some(phc)).await, Verdict::Differs);
        assert_eq!(verify("brisk-otter", None).await, Verdict::Differs);
    }

    #[tokio::test]
    async fn a_foreign_hash_is_an_error_not_a_verdict() {
        let pool = Pool::start(&config(1000)).unwrap();
        let permit = pool.admit().ok().unwrap();
        let verdict = permit.verify(SecretString::new("x".to_owned()), Some("$2b$12$abc".to_owned())).await;
        assert!(matches!(verdict, Err(PasswordError::NotArgon2)));
    }

    #[test]
    fn no_more_are_admitted_than_can_begin_in_time() {
        let pool = Pool::start(&config(100)).unwrap(); // 25 ms each at first: one runs, four wait
        let permits: Vec<_> = std::iter::from_fn(|| pool.admit().ok()).collect();
        assert_eq!(permits.len(), 5);
        assert!(pool.admit().is_err());
        drop(permits);
        assert!(pool.admit().is_ok());
    }
}
