//! A private PostgreSQL for tests: its own empty cluster on a random loopback port with a random password, never the
//! machine's. It is gone when this process is gone, however it ended. It may lose data when the machine stops (fsync is
//! off): nobody would miss it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Child;

use crate::packages::is_root;
use crate::run::{Failure, Program, find, program};

const ATTEMPTS: usize = 3;

/// Waits for its input to close, then stops the server with the words that follow the first and removes the folder that
/// the first names. Signals that were meant for the process that started it (Ctrl-C) do not end it before that.
const JANITOR: &str = r#"trap '' INT TERM HUP; cat; folder=$1; shift; "$@"; rm -rf "$folder""#;

pub(crate) struct Postgres {
    url: String,
    janitor: Option<Child>,
}

impl Postgres {
    /// The one that the environment names, or a private one.
    pub(crate) fn for_tests() -> Result<Self, Failure> {
        match std::env::var("COUNTERSIGN_TEST_POSTGRES_URL") {
            Ok(url) => Ok(Self { url, janitor: None }),
            Err(_) => Self::start(),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn start() -> Result<Self, Failure> {
        let programs = programs()?;
        let (initdb, pg_ctl) = (programs.join("initdb"), programs.join("pg_ctl"));
        let folder =
            PathBuf::from(unprivileged("mktemp").arguments(["-d", "-t", "countersign-postgres-XXXXXX"]).output()?);
        let janitor = program("sh").directory("/").arguments(["-c", JANITOR, "janitor"]).argument(&folder);
        let janitor = janitor.arguments(unprivileged_words(&pg_ctl)).argument("--pgdata").argument(folder.join("data"));
        let janitor = janitor.arguments(["--mode=immediate", "--wait", "stop"]);
        let mut postgres = Self { url: String::new(), janitor: Some(janitor.start_with_pipe()?) };
        let password = random_hex()?;
        initialise(&initdb, &folder, &password)?;
        let port = start_server(&pg_ctl, &folder)?;
        postgres.url = format!("postgres://countersign:{password}@127.0.0.1:{port}/postgres");
        Ok(postgres)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(janitor) = &mut self.janitor {
            drop(janitor.stdin.take());
            // A janitor that cannot be waited for still does its work.
            let _ = janitor.wait();
        }
    }
}

/// `cargo xtask postgres`.
pub(crate) fn run_until_interrupted() -> Result<(), Failure> {
    let postgres = Postgres::start()?;
    println!("{}", postgres.url());
    eprintln!("xtask: PostgreSQL runs until Ctrl-C");
    loop {
        std::thread::park();
    }
}

/// The folder of `initdb` and `pg_ctl`. Debian keeps them out of `PATH`, one folder per version: the newest is taken.
pub(crate) fn programs() -> Result<PathBuf, Failure> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |entry: &fs::DirEntry| entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
    let newest = installed
        .filter_map(|entry| Some((version(&entry)?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .max();
    let in_path = || find("initdb").and_then(|file| fs::canonicalize(file).ok()?.parent().map(Path::to_owned));
    newest
        .map(|(_, folder)| folder)
        .or_else(in_path)
        .ok_or_else(|| Failure::new("not installed; `apt-get install postgresql` installs it"))
}

/// PostgreSQL refuses to run as root; Debian's package brings a user for it.
fn unprivileged_words(name: impl AsRef<OsStr>) -> Vec<OsString> {
    let prefix: &[&str] = if is_root() { &["runuser", "-u", "postgres", "--"] } else { &[] };
    prefix.iter().map(OsString::from).chain([name.as_ref().to_owned()]).collect()
}

fn unprivileged(name: impl AsRef<OsStr>) -> Program {
    let words = unprivileged_words(name);
    // The user may not be allowed to enter the folder we are in.
    program(&words[0]).arguments(&words[1..]).directory("/")
}

fn initialise(initdb: &Path, folder: &Path, password: &str) -> Result<(), Failure> {
    // The password comes through the environment, so that no list of processes shows it.
    let script = r#"umask 077; printf %s "$PASSWORD" > "$2/password"; exec "$1" --pgdata="$2/data" --username=countersign \
        --pwfile="$2/password" --auth=password --encoding=UTF8 --no-locale --no-sync"#;
    let shell = unprivileged("sh").arguments(["-c", script, "initialise"]).argument(initdb).argument(folder);
    shell.variable("PASSWORD", password).output().map(drop)
}

/// Somebody else may take the port between our asking for a free one and the server's listening: then another is tried.
fn start_server(pg_ctl: &Path, folder: &Path) -> Result<u16, Failure> {
    let mut outcome = Err(Failure::new("never tried"));
    for _ in 0..ATTEMPTS {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        outcome = server(pg_ctl, folder, port).output().map(|_| port);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn server(pg_ctl: &Path, folder: &Path, port: u16) -> Program {
    let settings = [
        "listen_addresses=127.0.0.1",
        &format!("port={port}"),
        "unix_socket_directories=",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "max_connections=400",
        "shared_buffers=64MB",
        "log_min_messages=fatal",
    ];
    let options: Vec<String> = settings.iter().map(|setting| format!("-c {setting}")).collect();
    let log = folder.join("log");
    unprivileged(pg_ctl)
        .argument("--pgdata")
        .argument(folder.join("data"))
        .argument("--log")
        .argument(log)
        .arguments(["--wait", "--timeout=60", "--options"])
        .argument(options.join(" "))
        .argument("start")
}

fn random_hex() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
