//! The hashing threads: bounded in number, in memory and in waiting time.
//!
//! A hash costs some 20 ms and 19 MiB. The threads keep their memory while there is work, give it back when they idle, and
//! admit only what they can begin within `passwords.max_wait_ms`; the rest is told so (`Busy`) before anything is looked up.
//! They run at the priority of the rest of the server: docs/decisions/006-hashing-threads.md.
//!
//! Hashes from elsewhere can take fifty times as long. They run on one thread at a time and are not measured, so that a few of them
//! neither occupy all threads nor make the server believe that it can take hardly anybody.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::Params;
use protocol::secret::SecretString;
use tokio::sync::oneshot;

use super::argon2id::{self, Memory};
use super::stored::{Stored, is_argon2};
use super::{PasswordError, Verdict};
use crate::config::PasswordsConfig;

/// A first guess of what one hash takes; measured values replace it.
const FIRST_ESTIMATE: Duration = Duration::from_millis(25);
/// After that long without a login a thread gives its memory back.
const IDLE: Duration = Duration::from_secs(10);

/// The server hashes as many passwords as it can; ask again after that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    pub retry_after: Duration,
}

enum Job {
    Verify {
        password: SecretString,
        /// `None`: nobody has that name. The work is done all the same, so that the time tells nothing.
        stored: Option<String>,
        reply: oneshot::Sender<Result<Verdict, PasswordError>>,
    },
    Hash {
        password: SecretString,
        reply: oneshot::Sender<Result<String, PasswordError>>,
    },
}

/// How dear a job may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cost {
    Ours,
    /// Of a hash from elsewhere.
    Foreign,
}

/// What waits, and whether a hash from elsewhere is being computed.
#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    foreign_runs: bool,
}

struct Shared {
    /// `None` when the pool is gone.
    queue: Mutex<Option<Queue>>,
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

/// The right to have one password hashed; given back when dropped.
pub struct Permit {
    shared: Arc<Shared>,
}

impl Pool {
    pub fn start(config: &PasswordsConfig) -> Result<Self, PasswordError> {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Some(Queue::default())),
            wake: Condvar::new(),
            admitted: AtomicUsize::new(0),
            micros_per_hash: AtomicU64::new(micros(FIRST_ESTIMATE)),
            threads: config.threads.max(1),
            max_wait: Duration::from_millis(config.max_wait_ms),
            params: argon2id::params(config)?,
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
    /// Compares a password with a stored hash; takes as long when there is none.
    pub async fn verify(self, password: SecretString, stored: Option<String>) -> Result<Verdict, PasswordError> {
        let (reply, answer) = oneshot::channel();
        self.shared.enqueue(Job::Verify { password, stored, reply })?;
        answer.await.map_err(|_| PasswordError::Stopped)?
    }

    /// Makes the hash of a new password: an argon2id PHC string with the configured cost and a new salt.
    pub async fn hash(self, password: SecretString) -> Result<String, PasswordError> {
        let (reply, answer) = oneshot::channel();
        self.shared.enqueue(Job::Hash { password, reply })?;
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
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Queue>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(&self, job: Job) -> Result<(), PasswordError> {
        match self.lock().as_mut() {
            Some(queue) => queue.jobs.push_back(job),
            None => return Err(PasswordError::Stopped),
        }
        self.wake.notify_one();
        Ok(())
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

    /// What came of a job, for those that come after it.
    fn done(&self, cost: Cost, took: Duration) {
        match cost {
            Cost::Ours => self.measured(took),
            Cost::Foreign => {
                if let Some(queue) = self.lock().as_mut() {
                    queue.foreign_runs = false;
                }
                // Whoever was woken for the next one found that it had to wait.
                self.wake.notify_one();
            }
        }
    }
}

impl Queue {
    /// The first that may run now.
    fn take(&mut self) -> Option<Job> {
        let runs = self.foreign_runs;
        let at = self.jobs.iter().position(|job| job.cost() == Cost::Ours || !runs)?;
        let job = self.jobs.remove(at)?;
        self.foreign_runs |= job.cost() == Cost::Foreign;
        Some(job)
    }
}

impl Job {
    fn cost(&self) -> Cost {
        match self {
            Self::Verify { stored: Some(stored), .. } if !is_argon2(stored) => Cost::Foreign,
            Self::Verify { .. } | Self::Hash { .. } => Cost::Ours,
        }
    }

    /// The client hung up.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Verify { reply, .. } => reply.is_closed(),
            Self::Hash { reply, .. } => reply.is_closed(),
        }
    }

    fn run(self, ours: &Params, memory: &mut Memory) {
        match self {
            Self::Verify { password, stored, reply } => {
                let _ = reply.send(verify(ours, memory, &password, stored.as_deref()));
            }
            Self::Hash { password, reply } => {
                let _ = reply.send(argon2id::hash(ours, memory, password.expose()));
            }
        }
    }
}

/// One thread: takes jobs until the pool is gone. Its memory is used again for each, and given back when nothing comes.
fn work(shared: &Shared) {
    let mut memory = Memory::default();
    while let Some(job) = next(shared, &mut memory) {
        let (cost, began) = (job.cost(), Instant::now());
        if job.is_abandoned() {
            // It took no time; that of a hash is not measured by it.
            if cost == Cost::Foreign {
                shared.done(cost, Duration::ZERO);
            }
            continue;
        }
        job.run(&shared.params, &mut memory);
        shared.done(cost, began.elapsed());
        memory.shrink_to(&shared.params);
    }
}

fn next(shared: &Shared, memory: &mut Memory) -> Option<Job> {
    let mut queue = shared.lock();
    loop {
        if let Some(job) = queue.as_mut()?.take() {
            return Some(job);
        }
        if memory.is_empty() {
            queue = shared.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let (still_locked, waited) = shared.wake.wait_timeout(queue, IDLE).unwrap_or_else(PoisonError::into_inner);
        queue = still_locked;
        if waited.timed_out() {
            *memory = Memory::default();
        }
    }
}

fn verify(
    ours: &Params,
    memory: &mut Memory,
    password: &SecretString,
    stored: Option<&str>,
) -> Result<Verdict, PasswordError> {
    let Some(stored) = stored else {
        argon2id::waste(ours, memory, password.expose())?;
        return Ok(Verdict::Differs);
    };
    let stored = match Stored::parse(stored, ours) {
        Ok(stored) => stored,
        Err(refused) => {
            argon2id::waste(ours, memory, password.expose())?;
            return Err(refused.into());
        }
    };
    Ok(match stored.matches(password.expose(), memory)? {
        false => Verdict::Differs,
        true if stored.is_outdated(ours) => Verdict::MatchesOutdated,
        true => Verdict::Matches,
    })
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passwords::hash_blocking;

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

    async fn verify(pool: &Pool, password: &str, stored: Option<&str>) -> Result<Verdict, PasswordError> {
        let permit = pool.admit().expect("there is room");
        permit.verify(SecretString::new(password.to_owned()), stored.map(str::to_owned)).await
    }

    #[tokio::test]
    async fn the_right_password_matches_and_a_wrong_one_differs() {
        let config = config(1000);
        let pool = Pool::start(&config).expect("starts");
        let blocking = hash_blocking(&config, "brisk-otter").expect("a hash");
        let permit = pool.admit().expect("there is room");
        let pooled = permit.hash(SecretString::new("brisk-otter".to_owned())).await.expect("a hash");
        assert_ne!(blocking, pooled, "each has a salt of its own");
        for phc in [blocking, pooled] {
            assert_eq!(verify(&pool, "brisk-otter", Some(&phc)).await.expect("is ours"), Verdict::Matches);
            assert_eq!(verify(&pool, "brisk-otteR", Some(&phc)).await.expect("is ours"), Verdict::Differs);
        }
        assert_eq!(verify(&pool, "brisk-otter", None).await.expect("takes its time"), Verdict::Differs);
    }

    #[tokio::test]
    async fn a_right_password_under_a_cheaper_or_foreign_hash_is_outdated() {
        let ours = config(1000);
        let pool = Pool::start(&PasswordsConfig { iterations: 2, ..ours.clone() }).expect("starts");
        let cheaper = hash_blocking(&ours, "brisk-otter").expect("a hash");
        for (stored, right) in [(cheaper.as_str(), "brisk-otter"), (BCRYPT, "kittens & 12 mice")] {
            assert_eq!(
                verify(&pool, right, Some(stored)).await.expect("is known"),
                Verdict::MatchesOutdated,
                "{stored}"
            );
            assert_eq!(verify(&pool, "wrong", Some(stored)).await.expect("is known"), Verdict::Differs, "{stored}");
        }
    }

    #[tokio::test]
    async fn a_hash_that_cannot_be_used_is_an_error_not_a_verdict() {
        let pool = Pool::start(&config(1000)).expect("starts");
        for stored in ["$2b$12$abc", "brisk-otter", "", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="] {
            let verdict = verify(&pool, "brisk-otter", Some(stored)).await;
            assert!(matches!(verdict, Err(PasswordError::Refused(_))), "{stored}");
        }
    }

    const BCRYPT: &str = "$2y$05$uGR3JnuO/9gJ3T8zjhmKm.mAf9P3K7HjCqj8rGWCo2O1k8tz3UP9O";

    fn job(stored: &str) -> Job {
        let (reply, _) = oneshot::channel();
        Job::Verify { password: SecretString::new("kittens".to_owned()), stored: Some(stored.to_owned()), reply }
    }

    #[test]
    fn of_hashes_from_elsewhere_one_runs_at_a_time_and_ours_pass_them() {
        for foreign in [BCRYPT, "bcrypt$$2b$14$x", "$apr1$x", "nonsense"] {
            assert_eq!(job(foreign).cost(), Cost::Foreign, "{foreign}");
        }
        let ours = ["$argon2id$v=19$m=64,t=1,p=1$x", "argon2$argon2id$v=19$m=64,t=1,p=1$x"];
        let mut queue = Queue::default();
        queue.jobs.extend([BCRYPT, BCRYPT, ours[0], BCRYPT, ours[1]].map(job));
        let costs: Vec<_> = std::iter::from_fn(|| queue.take()).map(|job| job.cost()).collect();
        assert_eq!(costs, [Cost::Foreign, Cost::Ours, Cost::Ours], "two wait until the first is done");
        queue.foreign_runs = false;
        assert!(queue.take().is_some() && queue.take().is_none() && queue.jobs.len() == 1);
    }

    /// One thread takes them in turn, and what they take does not count as what one of ours takes.
    #[tokio::test]
    async fn many_hashes_from_elsewhere_are_all_checked_and_leave_no_mark() {
        let pool = Pool::start(&PasswordsConfig { threads: 2, ..config(1000) }).expect("starts");
        let dear = "$2b$10$LkmleoPMk6Pz0mdpm/.9iOK5uQ4FHVfzHXNiI/QgdT9IYbuFjGB0S";
        let before = pool.shared.micros_per_hash.load(Ordering::Relaxed);
        let tries = (0..6).map(|_| verify(&pool, "wrong", Some(dear)));
        let verdicts = futures_util::future::join_all(tries).await;
        assert!(verdicts.iter().all(|verdict| matches!(verdict, Ok(Verdict::Differs))), "{verdicts:?}");
        assert_eq!(pool.shared.micros_per_hash.load(Ordering::Relaxed), before);
    }

    #[test]
    fn no_more_are_admitted_than_can_begin_in_time() {
        let pool = Pool::start(&config(100)).expect("starts"); // 25 ms each at first: one runs, four wait
        let permits: Vec<_> = std::iter::from_fn(|| pool.admit().ok()).collect();
        assert_eq!(permits.len(), 5);
        assert!(pool.admit().is_err());
        drop(permits);
        assert!(pool.admit().is_ok());
    }
}
