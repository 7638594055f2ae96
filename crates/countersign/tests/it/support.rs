//! Runs the program: to its end, or in the background until the test is over.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

/// The program in a directory of its own, without anybody's settings.
pub(crate) fn countersign(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(directory).args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// What a finished command left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}

pub(crate) fn run(directory: &Path, arguments: &[&str]) -> Ended {
    countersign(directory, arguments).output().expect("the program starts").into()
}

/// As `run`, for commands that have to succeed.
pub(crate) fn succeed(directory: &Path, arguments: &[&str]) -> Ended {
    let ended = run(directory, arguments);
    assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
    ended
}

pub(crate) fn run_with_input(directory: &Path, arguments: &[&str], input: &str) -> Ended {
    let mut command = countersign(directory, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("is piped").write_all(input.as_bytes()).expect("the program reads");
    child.wait_with_output().expect("the program ends").into()
}

/// A directory with a settings file for a loopback issuer, its extra lines, and nothing else.
pub(crate) fn installation(extra: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let settings = format!("[server]\nissuer = \"http://localhost:8080\"\n{extra}");
    std::fs::write(directory.path().join("countersign.toml"), settings).expect("the settings are written");
    directory
}

/// A program that runs until it is told to stop; killed when the test is over before.
pub(crate) struct Running {
    program: Child,
    /// Kept, so that the program never writes into a closed pipe.
    out: Option<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped());
        Self::keep_output(command)
    }

    /// As `start`; standard output goes where the command says.
    pub(crate) fn keep_output(mut command: Command) -> Self {
        let mut program = command.spawn().expect("the program starts");
        let out = program.stdout.take().map(BufReader::new);
        Self { program, out }
    }

    /// The first line of standard output.
    pub(crate) fn first_line(&mut self) -> String {
        let mut line = String::new();
        self.out.as_mut().expect("is kept").read_line(&mut line).expect("the program prints");
        line
    }

    /// Waits until somebody listens on the port.
    pub(crate) fn listening_on(mut self, port: u16) -> Self {
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < until, "nobody listens on port {port}");
            assert!(self.program.try_wait().expect("can be asked").is_none(), "the program ended");
            std::thread::sleep(Duration::from_millis(20));
        }
        self
    }

    /// What Ctrl-C does. Tells the exit code.
    pub(crate) fn interrupt(mut self) -> i32 {
        let id = i32::try_from(self.program.id()).expect("process ids are small");
        kill_process(Pid::from_raw(id).expect("is no zero"), Signal::INT).expect("the program runs");
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.program.try_wait().expect("can be asked") {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < until, "the program does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// The first of three free ports in a row.
pub(crate) fn free_ports() -> u16 {
    let bind = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    for _ in 0..200 {
        let Ok(first) = bind(0) else { continue };
        let port = first.local_addr().expect("is bound").port();
        if port < 65_000 && bind(port + 1).is_ok() && bind(port + 2).is_ok() {
            return port;
        }
    }
    panic!("no three free ports in a row");
}
