//! What `/proc` tells of a process and of a core, and the core that a process may use. Linux only.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::{Failure, Result};

/// `USER_HZ`: the unit of CPU times in `/proc`, the same on every architecture that we build for.
const TICK: Duration = Duration::from_millis(10);
pub(crate) const TASKSET_MISSING: &str = "`taskset` is missing: apt-get install util-linux";

/// CPU time used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CpuTime {
    /// By the threads that hash passwords.
    pub hashing: Duration,
    /// By all threads of the server.
    pub server: Duration,
    /// By everybody on the server's core.
    pub core: Duration,
}

impl CpuTime {
    pub(crate) fn of(pid: u32, core: usize) -> Result<Self> {
        let mut hashing = Duration::ZERO;
        for task in fs::read_dir(format!("/proc/{pid}/task")).map_err(gone)? {
            let stat = fs::read_to_string(task.map_err(gone)?.path().join("stat")).unwrap_or_default();
            if stat.contains("(argon2-") {
                hashing += used(&stat);
            }
        }
        let server = used(&fs::read_to_string(format!("/proc/{pid}/stat")).map_err(gone)?);
        Ok(Self { hashing, server, core: busy(core)? })
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            hashing: self.hashing.saturating_sub(before.hashing),
            server: self.server.saturating_sub(before.server),
            core: self.core.saturating_sub(before.core),
        }
    }
}

/// Resident memory in MB.
pub(crate) fn resident(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(gone)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.map(|kilobytes| kilobytes / 1000.0).ok_or_else(|| Failure("the server has no VmRSS line".to_owned()))
}

/// Confines this program to one core.
pub(crate) fn pin_myself(core: usize) -> Result<()> {
    let me = std::process::id().to_string();
    let done = Command::new("taskset").args(["--all-tasks", "--cpu-list", "--pid", &core.to_string(), &me]).output();
    match done {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(Failure::new("taskset", String::from_utf8_lossy(&output.stderr).trim())),
        Err(_) => Err(Failure(TASKSET_MISSING.to_owned())),
    }
}

/// `utime` and `stime` of a `stat` line; the name in brackets may contain anything.
fn used(stat: &str) -> Duration {
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u32>().ok()).unwrap_or(0);
    TICK * (ticks(11) + ticks(12))
}

/// Everything that is neither idle nor waiting on the line `cpuN` of `/proc/stat`.
fn busy(core: usize) -> Result<Duration> {
    let stat = fs::read_to_string("/proc/stat").map_err(gone)?;
    let line = stat.lines().find_map(|line| line.strip_prefix(&format!("cpu{core} ")));
    let fields: Vec<u32> = line.unwrap_or_default().split_whitespace().map(|it| it.parse().unwrap_or(0)).collect();
    let idle = [3, 4];
    let sum =
        fields.iter().take(8).enumerate().filter(|(index, _)| !idle.contains(index)).map(|(_, ticks)| ticks).sum();
    Ok(TICK.saturating_mul(sum))
}

fn gone(error: std::io::Error) -> Failure {
    Failure::new("the server is gone", error)
}
