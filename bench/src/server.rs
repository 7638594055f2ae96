//! The server under test: a child process in a directory of its own, made with its own command line.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::{Failure, Result};

pub(crate) const CLIENT_ID: &str = "bench";
pub(crate) const REDIRECT_URI: &str = "https://client.invalid/callback";
const PASSWORD: &str = "a password for measuring";
const SETTINGS: &str = "countersign.toml";
/// All the load comes from one network.
const LIMITS: &str = "\n[limits]\nfailed_logins_per_network = 100000\ninteractions_per_minute = 1000000\n";
const LONGEST_START: Duration = Duration::from_secs(10);

/// A directory with settings, people and a client, not yet served.
pub(crate) struct Installation {
    binary: PathBuf,
    directory: TempDir,
    pub(crate) issuer: String,
}

/// A process that ends with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) pid: u32,
}

impl Installation {
    /// `init`, then what a load test needs on top.
    pub(crate) fn new(binary: &Path) -> Result<Self> {
        let binary = binary.canonicalize().map_err(|error| Failure::new(&binary.display().to_string(), error))?;
        let directory = TempDir::new().map_err(|error| Failure::new("a temporary directory", error))?;
        let address = free_address()?;
        let issuer = format!("http://{address}");
        let made = Self { binary, directory, issuer };
        made.run(&["init", "--issuer", &made.issuer, "--out", "."], "")?;
        let path = made.directory.path().join(SETTINGS);
        let settings = std::fs::read_to_string(&path).map_err(|error| Failure::new("settings", error))?;
        std::fs::write(&path, settings + LIMITS).map_err(|error| Failure::new("settings", error))?;
        Ok(made)
    }

    pub(crate) fn add_client(&self) -> Result<()> {
        let arguments = ["client", "add", "--client-id", CLIENT_ID, "--client-name", "Bench", "--scope", "openid"];
        let more = ["--redirect-uri", REDIRECT_URI, "--consent-policy", "first_party"];
        let public = ["--token-endpoint-auth-method", "none", "--application-type", "native"];
        self.run(&[&arguments[..], &more, &public].concat(), "")
    }

    /// People `person-0` and so on, all with the same password.
    pub(crate) fn add_people(&self, count: usize) -> Result<Vec<Account>> {
        (0..count).map(|number| self.add_person(format!("person-{number}"))).collect()
    }

    fn add_person(&self, username: String) -> Result<Account> {
        self.run(&["user", "add", &username, "--password-stdin"], PASSWORD)?;
        Ok(Account { username, password: PASSWORD })
    }

    /// Serves on one core, or wherever the system likes. Its log goes to a file in the directory, as a service's would.
    pub(crate) async fn serve(&self, core: Option<usize>) -> Result<Server> {
        let log = std::fs::File::create(self.directory.path().join("log"));
        let log = log.map_err(|error| Failure::new("the server's log", error))?;
        let mut command = match core {
            None => Command::new(&self.binary),
            Some(core) => {
                let mut pinned = Command::new("taskset");
                pinned.args(["--cpu-list", &core.to_string()]).arg(&self.binary);
                pinned
            }
        };
        command.args(["serve", "--config", SETTINGS]).current_dir(self.directory.path()).stdout(log);
        let server = Server::start(command)?;
        self.until_ready().await?;
        Ok(server)
    }

    async fn until_ready(&self) -> Result<()> {
        let deadline = Instant::now() + LONGEST_START;
        let address = format!("{}/readyz", self.issuer);
        while Instant::now() < deadline {
            if reqwest::get(&address).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            sleep(Duration::from_millis(20)).await;
        }
        let log = std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
        Err(Failure::new("the server did not start", log))
    }

    fn run(&self, arguments: &[&str], input: &str) -> Result<()> {
        let mut command = std::process::Command::new(&self.binary);
        command.args(arguments).current_dir(self.directory.path());
        let failed = |error| Failure::new(&arguments.join(" "), error);
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = streams.spawn().map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(format!("{input}\n").as_bytes()).map_err(failed)?;
        }
        let output = child.wait_with_output().map_err(failed)?;
        match output.status.success() {
            true => Ok(()),
            false => Err(Failure::new(&arguments.join(" "), String::from_utf8_lossy(&output.stderr))),
        }
    }
}

/// A person who exists in the installation.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub username: String,
    pub password: &'static str,
}

impl Server {
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let started = command.stdin(Stdio::null()).kill_on_drop(true).spawn();
        let child = started.map_err(|error| Failure::new("the server cannot be started", error))?;
        let pid = child.id().ok_or_else(|| Failure("the server ended at once".to_owned()))?;
        Ok(Self { child, pid })
    }

    pub(crate) fn stdout(&mut self) -> Result<tokio::process::ChildStdout> {
        self.child.stdout.take().ok_or_else(|| Failure("the server's output is not read".to_owned()))
    }

    /// SIGTERM to this one process, and SIGKILL if it does not end within ten seconds.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
        match timeout(Duration::from_secs(10), self.child.wait()).await {
            Ok(_) => Ok(()),
            Err(_) => self.child.kill().await.map_err(|error| Failure::new("the server does not end", error)),
        }
    }
}

/// An address on loopback that nobody listens on.
pub(crate) fn free_address() -> Result<String> {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    address.map(|address| address.to_string()).map_err(|error| Failure::new("a free port", error))
}
