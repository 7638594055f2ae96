//! One phase of the overload run: so many people who log in again and again for so long, with readers of the key set beside.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep, timeout};

use crate::figures::{Latencies, per_second};
use crate::person::{self, Outcome};
use crate::process::{self, CpuTime};
use crate::server::Account;
use crate::{Failure, Result};

/// What people do when they are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manners {
    RetryAtOnce,
    ObeyRetryAfter,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase {
    pub name: &'static str,
    pub people: usize,
    pub manners: Manners,
    /// Connections that read the key set, and how long each waits between two readings.
    pub readers: usize,
    pub reader_pause: Duration,
    pub duration: Duration,
}

/// Whom to load, and where it runs.
pub(crate) struct Target<'a> {
    pub issuer: &'a str,
    pub accounts: &'a [Account],
    pub pid: u32,
    pub core: usize,
}

#[derive(Debug, Default)]
struct Samples {
    /// From the client's link to the code, refusals and waits included.
    logins: Latencies,
    /// The one request whose password was verified.
    served: Latencies,
    refused: Latencies,
    key_sets: Latencies,
    /// The first answer that was neither.
    unexpected: Option<Failure>,
}

pub(crate) struct Measured {
    pub phase: Phase,
    samples: Samples,
    cpu: CpuTime,
    /// The highest value while it ran, in MB.
    pub memory: f64,
    pub memory_after: f64,
}

impl Phase {
    pub(crate) async fn run(self, target: &Target<'_>) -> Result<Measured> {
        let samples = Rc::new(RefCell::new(Samples::default()));
        let before = CpuTime::of(target.pid, target.core)?;
        let mut memory = process::resident(target.pid)?;
        let all = LocalSet::new();
        let mut tasks = JoinSet::new();
        let people = client()?;
        for account in target.accounts.iter().cycle().take(self.people) {
            let come = come(people.clone(), target.issuer.to_owned(), account.clone(), self.manners, samples.clone());
            tasks.spawn_local_on(come, &all);
        }
        for _ in 0..self.readers {
            let read = read_keys(client()?, target.issuer.to_owned(), self.reader_pause, samples.clone());
            tasks.spawn_local_on(read, &all);
        }
        let watch = async {
            loop {
                memory = memory.max(process::resident(target.pid).unwrap_or(0.0));
                sleep(Duration::from_millis(200)).await;
            }
        };
        let _ = timeout(self.duration, all.run_until(watch)).await;
        let cpu = CpuTime::of(target.pid, target.core)?.since(before);
        all.run_until(tasks.shutdown()).await;
        sleep(Duration::from_secs(2)).await; // the queue of hashes runs empty
        let samples = samples.take();
        if let Some(Failure(reason)) = samples.unexpected {
            return Err(Failure::new(self.name, reason));
        }
        Ok(Measured { phase: self, samples, cpu, memory, memory_after: process::resident(target.pid)? })
    }
}

/// Logs in, forgets the browser, and logs in again.
async fn come(http: Client, issuer: String, account: Account, manners: Manners, samples: Rc<RefCell<Samples>>) {
    loop {
        let began = Instant::now();
        match log_in(&http, &issuer, &account, manners, &samples).await {
            Ok(()) => samples.borrow_mut().logins.add(began.elapsed()),
            Err(failure) => {
                samples.borrow_mut().unexpected.get_or_insert(failure);
                return;
            }
        }
    }
}

async fn log_in(
    http: &Client,
    issuer: &str,
    account: &Account,
    manners: Manners,
    samples: &RefCell<Samples>,
) -> Result<()> {
    let form = person::open(http, issuer, account).await?;
    loop {
        let sent = person::send(http, &form).await?;
        match sent.outcome {
            Outcome::SignedIn => {
                samples.borrow_mut().served.add(sent.took);
                return Ok(());
            }
            Outcome::Refused { retry_after } => {
                samples.borrow_mut().refused.add(sent.took);
                if manners == Manners::ObeyRetryAfter {
                    sleep(retry_after).await;
                }
            }
        }
    }
}

async fn read_keys(http: Client, issuer: String, pause: Duration, samples: Rc<RefCell<Samples>>) {
    let address = format!("{issuer}/jwks");
    loop {
        let began = Instant::now();
        let answer = async { http.get(&address).send().await?.error_for_status()?.bytes().await };
        match answer.await {
            Ok(_) => samples.borrow_mut().key_sets.add(began.elapsed()),
            Err(error) => {
                samples.borrow_mut().unexpected.get_or_insert(Failure::new("/jwks", error));
                return;
            }
        }
        if !pause.is_zero() {
            sleep(pause).await;
        }
    }
}

/// One connection for each task that waits for an answer; none is shared while it is used.
fn client() -> Result<Client> {
    let client = Client::builder().redirect(Policy::none()).no_proxy().timeout(Duration::from_secs(15));
    client.build().map_err(|error| Failure::new("an HTTP client", error))
}

impl Measured {
    pub(crate) fn logins_per_second(&self) -> f64 {
        per_second(self.samples.logins.count(), self.phase.duration)
    }

    pub(crate) fn to_json(&self) -> Value {
        let (samples, window) = (&self.samples, self.phase.duration);
        let share = |time: Duration| time.as_secs_f64() / window.as_secs_f64();
        json!({
            "phase": self.phase.name,
            "people": self.phase.people,
            "readers": self.phase.readers,
            "logins_per_s": self.logins_per_second(),
            "login_p50_ms": samples.logins.percentile(50),
            "login_p99_ms": samples.logins.percentile(99),
            "served_p99_ms": samples.served.percentile(99),
            "refused_per_s": per_second(samples.refused.count(), window),
            "refused_share": self.refused_share(),
            "refused_p50_ms": samples.refused.percentile(50),
            "refused_p99_ms": samples.refused.percentile(99),
            "refused_max_ms": samples.refused.percentile(100),
            "jwks_per_s": per_second(samples.key_sets.count(), window),
            "jwks_p99_ms": samples.key_sets.percentile(99),
            "memory_mb": self.memory,
            "memory_after_mb": self.memory_after,
            "core_hashing": share(self.cpu.hashing),
            "core_serving": share(self.cpu.server.saturating_sub(self.cpu.hashing)),
            "core_others": share(self.cpu.core.saturating_sub(self.cpu.server)),
        })
    }

    fn refused_share(&self) -> f64 {
        let refused = per_second(self.samples.refused.count(), self.phase.duration);
        let served = per_second(self.samples.served.count(), self.phase.duration);
        if refused > 0.0 { refused / (refused + served) } else { 0.0 }
    }
}
