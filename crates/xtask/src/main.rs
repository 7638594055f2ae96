//! The project's tasks, started as `cargo xtask VERB`. Only the standard library is used, so that this builds in a
//! second. What a test needs from the machine is in `packages.rs`, `postgres.rs` and `clients.rs`.

#![expect(clippy::disallowed_methods, reason = "the environment is the only setting of a task")]

mod clients;
mod packages;
mod postgres;
mod run;

use std::env;
use std::process::ExitCode;

use packages::LeftOut;
use postgres::Postgres;
use run::{Failure, program};

const HELP: &str = "\
cargo xtask VERB

  test [ARGUMENTS]   everything that must hold: format, clippy, cargo deny, then all tests with a private PostgreSQL,
                     a headless Chromium, Apache, and clients in JavaScript and Python; missing Debian packages are
                     installed when root runs this. nginx is used where it is installed. ARGUMENTS go to `cargo test --workspace`.
  postgres           a private, empty PostgreSQL; prints its URL and runs until Ctrl-C
  help               this text

What is missing is left out of the tests with one line that says so; with CI=true that is a failure.
COUNTERSIGN_TEST_POSTGRES_URL, when set, is used instead of a private PostgreSQL.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((verb, rest)) if verb == "test" => test(rest),
        Some((verb, [])) if verb == "postgres" => postgres::run_until_interrupted(),
        Some((verb, [])) if verb == "help" || verb == "--help" => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(Failure::new(format!("unknown arguments: {}\n\n{HELP}", arguments.join(" ")))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn test(arguments: &[String]) -> Result<(), Failure> {
    let mut left_out = LeftOut::default();
    cargo(&["fmt", "--all", "--check"]).run()?;
    packages::install_missing()?;
    licences_and_sources(&mut left_out)?;
    cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]).run()?;

    let mut tests = cargo(&["test", "--workspace"]).arguments(arguments);
    // Stopped when it goes out of scope, whatever happens before.
    let postgres = left_out.unless_available("PostgreSQL", "the tests on PostgreSQL", Postgres::for_tests());
    if let Some(postgres) = &postgres {
        tests = tests.variable("COUNTERSIGN_TEST_POSTGRES_URL", postgres.url());
    }
    let chromium = left_out.unless_available("chromium", "the tests in a browser", packages::chromium());
    if let Some(chromium) = &chromium {
        tests = tests.variable("COUNTERSIGN_TEST_CHROMIUM", chromium);
    }
    let apache = left_out.unless_available("Apache", "the tests with its modules", packages::apache());
    if let Some(apache) = &apache {
        tests = tests.variable("COUNTERSIGN_TEST_APACHE", apache);
    }
    let javascript = clients::javascript();
    let javascript = left_out.unless_available("Node.js", "the clients in JavaScript, the browser's too", javascript);
    if let Some(node) = &javascript {
        tests = tests.variable("COUNTERSIGN_TEST_NODE", node);
    }
    let python = left_out.unless_available("Python with venv", "the clients in Python", clients::python());
    if let Some(python) = &python {
        tests = tests.variable("COUNTERSIGN_TEST_PYTHON", python);
    }
    // Its package would start a server of the machine, so nobody has to have it.
    if let Some(nginx) = packages::nginx() {
        tests = tests.variable("COUNTERSIGN_TEST_NGINX", nginx);
    }
    left_out.report()?;
    tests.run()?;
    left_out.report() // again, where it is read: below what the tests printed
}

fn licences_and_sources(left_out: &mut LeftOut) -> Result<(), Failure> {
    let deny = program("cargo-deny")
        .argument("--version")
        .succeeds()
        .then_some(())
        .ok_or_else(|| Failure::new("not installed; `cargo install --locked cargo-deny` installs it"));
    match left_out.unless_available("cargo-deny", "the check of licences, bans and sources", deny) {
        Some(()) => cargo(&["deny", "check", "bans", "licenses", "sources"]).run(),
        None => Ok(()),
    }
}

fn cargo(arguments: &[&str]) -> run::Program {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    program(cargo).arguments(arguments).directory(run::workspace())
}
