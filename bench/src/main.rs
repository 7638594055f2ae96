//! `bench`: starts the release binary on loopback, puts load on it, prints what it measured, and ends it.
//!
//! It sees the server as a stranger does: command line, HTTP, `/proc`. It knows none of our crates. What the figures mean
//! is in `bench/README.md`.

#![expect(clippy::disallowed_methods, reason = "a load program: clients of its own are its work")]

mod figures;
mod first_token;
mod overload;
mod person;
mod phase;
mod process;
mod server;

use std::fmt;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures a countersign binary on this machine.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// One line of JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Overload(overload::Overload),
    FirstToken(first_token::FirstToken),
}

/// How figures are printed.
#[derive(Clone, Copy, Debug)]
enum Output {
    Table,
    JsonLine,
}

/// Why nothing was measured, or why the figures are worth nothing.
#[derive(Debug)]
struct Failure(String);

impl Failure {
    fn new(what: &str, cause: impl fmt::Display) -> Self {
        Self(format!("{what}: {cause}"))
    }
}

type Result<T> = std::result::Result<T, Failure>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = if cli.json { Output::JsonLine } else { Output::Table };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map_err(|error| Failure::new("tokio", error)).and_then(|runtime| {
        runtime.block_on(async {
            match cli.command {
                Command::Overload(overload) => overload.run(output).await,
                Command::FirstToken(first_token) => first_token.run(output).await,
            }
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(reason)) => {
            eprintln!("bench: {reason}");
            ExitCode::FAILURE
        }
    }
}
